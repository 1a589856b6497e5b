"""Putting right: what may be paid, by whose leave, and that it is done once."""
