"""The numbers that the loop keeps between two calls, by their place in one array."""

from typing import Final

EVENT: Final = 0
"""Which event of the batch is at hand."""
EVENTS: Final = 1
"""How many the batch has."""
PHASE: Final = 2
TOUCH: Final = 3
TOUCHES: Final = 4
END: Final = 5
"""Where the clock will stand."""
OUT: Final = 6
RECORDS: Final = 7
ENDED: Final = 8
"""How many waits ended."""
KEPT: Final = 9
FREED: Final = 10
TIMERS: Final = 11
SEQUENCE: Final = 12
SLOTS: Final = 13
KEPT_DATA: Final = 14
ARRIVALS: Final = 15
WORK: Final = 16
WORKS: Final = 17
WAITING: Final = 18
"""How many events wait for a parent."""
OUT_ROOM: Final = 19
"""How many numbers one touch may put out."""
RECORD_ROOM: Final = 20
RECORD_WIDTH: Final = 21
LOADS: Final = 22
TYPES: Final = 23
BLOCKS: Final = 24
DUES_MAX: Final = 25
FIELDS_MAX: Final = 26
HELD: Final = 27
HELD_WIDTH: Final = 28
HELD_ROOM: Final = 29
CELL_ROOM: Final = 30
"""The most cells of the heap that one step may take."""
SIZE: Final = 32

# Phases.
COLLECT: Final = 0
"""Looking for what falls due before the clock's end."""
WORKING: Final = 1
"""Blocks of the program for rows that the caller names."""
NEXT: Final = 2
PASSING: Final = 3
"""What falls due before the event at hand."""
TOUCHING: Final = 4
LAST: Final = 5
"""What falls due after the last event."""
DONE: Final = 6

# Why the loop came back.
FINISHED: Final = 0
MORE_OUT: Final = 1
MORE_RECORDS: Final = 2
MORE_ENDED: Final = 3
MORE_TIMERS: Final = 4
MORE_KEPT: Final = 5
MORE_TOUCHES: Final = 6
MORE_GROUPS: Final = 7
MORE_KEPT_DATA: Final = 8
MORE_HELD: Final = 9
MORE_CELLS: Final = 10
