"""Configuration, clock and wiring: the only room that reads the environment or the time."""
