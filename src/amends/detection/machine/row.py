"""The head of a row: what every subject has, whatever is known of it."""

from typing import Final

import numpy as np

NAME: Final = 0
"""The number of the subject's name among those of its kind, and above 32 bits that of the row's block."""
NUMBER: Final = 0xFFFFFFFF
"""The bits of that number."""
PARENT: Final = 1
WAITING: Final = 2
"""The last of the events that wait here for a parent."""
MARKS: Final = 3
"""The first cell of marks; its lowest bit says whether the row was ever touched."""
NO_ROW: Final = -1
NEVER: Final = int(np.iinfo(np.int64).max)
BLOCK_ROWS: Final = 64
"""Rows come in blocks of so many of one kind."""
