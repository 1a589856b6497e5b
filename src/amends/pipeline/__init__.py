"""The order of stages and their hand-over: from a raw delivery to a case, committed with the position it has read."""
