"""Amends: notices when a cross-border order goes wrong, and carries it until the buyer is put right."""

__version__ = "0.1.0"
