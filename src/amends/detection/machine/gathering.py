"""What events name and say, laid side by side for each event: a batch holds it for each kind and for each field."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled, inlined

Index = NDArray[np.int64]
Half = NDArray[np.int32]

KIND_BITS = 4
"""So many bits of a gathered key are the kind's; the row's come above."""


@compiled
def gather_keys(places: Index, rows: Index, starts: Index, ends: Index, begins: Index, keys: Index) -> None:
    """The keys of all events, in the order of their kinds; those of event `i` lie from `begins[i]` on."""
    _count(places, starts, ends, begins)
    for kind in range(len(starts)):
        for at in range(starts[kind], ends[kind]):
            place = places[at]
            keys[begins[place]] = rows[at] << KIND_BITS | kind
            begins[place] += 1
    _shift(begins)


@compiled
def gather_fields(
    places: Index, values: Index, starts: Index, ends: Index, types: Half, reads: Index, type_count: Whole,
    begins: Index, numbers: Half, gathered: Index,
) -> None:  # fmt: skip
    """The same of fields, those that `reads` has, by field and type of event."""
    _count(places, starts, ends, begins)
    for field in range(len(starts)):
        for at in range(starts[field], ends[field]):
            place = places[at]
            into = begins[place]
            numbers[into] = field if reads[field * type_count + types[place]] != 0 else -1
            gathered[into] = values[at]
            begins[place] += 1
    _shift(begins)


@inlined
def _count(places: Index, starts: Index, ends: Index, begins: Index) -> None:
    """Where those of each event begin."""
    for part in range(len(starts)):
        for at in range(starts[part], ends[part]):
            begins[places[at] + 1] += 1
    for place in range(1, len(begins)):
        begins[place] += begins[place - 1]


@inlined
def _shift(begins: Index) -> None:
    """They were moved to where those of the next event begin."""
    for place in range(len(begins) - 1, 0, -1):
        begins[place] = begins[place - 1]
    begins[0] = 0
