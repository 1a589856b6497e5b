"""Amends beside its peers: the same events, in one run, with findings that must be equal. See docs/benchmarks.md."""
