"""The kernel's machine: a pack becomes a program, and one compiled loop runs it over events, one after the other."""
