"""17TRACK: scans of parcels."""
