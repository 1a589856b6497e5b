"""The last windows of a lull, by when what came in them came; see docs/kernel.md, A surge of a wait.

What comes is told later, so a window is known bit by bit. A slot is a window in which something was heard, and `slots`
holds how many there have been and, in a ring, their windows. Of each group `due` and `met` hold for each slot who was
expected and who came; `shares` holds what share of those who came is told by so many slots later, and `older` the
evidence from the slots that have left the ring, with what came and was expected since it began.
"""

from math import log

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, called

Index = NDArray[np.int64]
Floats = NDArray[np.float64]


@called
def open_slot(
    slots: Index, window: Whole, falls_to: float, due: Floats, met: Floats, older: Floats, shares: Floats
) -> None:
    """Begin the slot of a window; the one that it takes the place of is added to what is older."""
    groups, room = due.shape
    place = slots[0] % room
    for group in range(groups):
        expected, came = due[group, place] * shares[group, room - 1], met[group, place]
        older[0, group] += expected * (1 - falls_to) + came * log(falls_to)
        older[1, group] += came
        older[2, group] += expected
        if older[0, group] <= 0:
            older[0, group], older[1, group], older[2, group] = 0.0, 0.0, 0.0
        due[group, place], met[group, place] = 0.0, 0.0
    slots[1 + place] = window
    slots[0] += 1


@called
def age_of(slots: Index, window: Whole) -> Whole:
    """How many slots before the last one lies that of what came in a window; the room, if it is no more in the ring."""
    room = len(slots) - 1
    held = min(slots[0], room)
    age = 0
    while age + 1 < held and slots[1 + (slots[0] - 2 - age) % room] >= window:
        age += 1
    oldest = age + 1 == held and held == room
    return room if oldest and slots[1 + (slots[0] - 1 - age) % room] > window else age


@called
def weigh(
    slots: Index, group: Whole, falls_to: float, due: Floats, met: Floats, older: Floats, shares: Floats,
    weighed: Floats,
) -> None:  # fmt: skip
    """The greatest evidence that the group fell to that share in one of its slots and stayed there.

    Writes into `weighed`: the evidence, what came and was expected since then, and the window.
    """
    room = due.shape[1]
    evidence, came, expected = 0.0, 0.0, 0.0
    weighed[0], weighed[1], weighed[2], weighed[3] = 0.0, 0.0, 0.0, 0.0
    held = min(slots[0], room)
    for age in range(held):
        place = (slots[0] - 1 - age) % room
        told = due[group, place] * shares[group, age]
        evidence += told * (1 - falls_to) + met[group, place] * log(falls_to)
        came += met[group, place]
        expected += told
        before = older[0, group] if age + 1 == held else 0.0
        if evidence + before > weighed[0]:
            weighed[0], weighed[1], weighed[2] = evidence + before, came, expected
            weighed[3] = slots[1 + place]
            if before > 0:
                weighed[1] += older[1, group]
                weighed[2] += older[2, group]


@called
def forget(group: Whole, due: Floats, met: Floats, older: Floats) -> None:
    """Begin anew with a group."""
    for place in range(due.shape[1]):
        due[group, place], met[group, place] = 0.0, 0.0
    older[0, group], older[1, group], older[2, group] = 0.0, 0.0, 0.0
