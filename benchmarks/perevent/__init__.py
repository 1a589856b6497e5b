"""An engine that judges a whole pack one event at a time: what the same rules cost without columns."""
