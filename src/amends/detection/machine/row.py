"""The head of a row: what every subject has, whatever is known of it."""

from typing import Final

import numpy as np

NAME: Final = 0
"""The number of the subject's name among those of its kind; from bit 32 on that of the row's block; from bit `AGE` on
the week of its last touch, as far as 8 bits go."""
NUMBER: Final = 0xFFFFFFFF
"""The bits of the name's number."""
BLOCK: Final = 0xFFFFFF
"""The bits of the block's number, once they are shifted down."""
AGE: Final = 56
AGES: Final = 0xFF
WEEK: Final = 7 * 86_400_000_000
PARENT: Final = 1
WAITING: Final = 2
"""The last of the events that wait here for a parent."""
MARKS: Final = 3
"""The first cell of marks; its lowest bit says whether the row was ever touched."""
NO_ROW: Final = -1
NEVER: Final = int(np.iinfo(np.int64).max)
ASLEEP: Final = NEVER - 1
"""When a silence is due that will not be, unless what is learned at the end of an epoch says otherwise."""
BLOCK_ROWS: Final = 64
"""Rows come in blocks of so many of one kind."""
