"""CloudEvents, in our own words already."""
