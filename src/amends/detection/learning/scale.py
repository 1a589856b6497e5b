"""The scale on which waits are counted: fixed buckets, each about a tenth longer than the one before.

A place on the scale is a whole number, `STEPS` to a bucket, so that what is counted adds up exactly, in any order.
"""

import numpy as np
from numpy.typing import NDArray

from amends.model.instant import DAY, MINUTE

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

STEPS = 1024
"""Places in a bucket."""

BUCKETS = 128
HORIZON = 120 * DAY
"""What has not come by then counts as never coming."""

EDGES: Ints = np.concatenate(
    [[0], np.round(MINUTE * (HORIZON / MINUTE) ** (np.arange(BUCKETS) / (BUCKETS - 1))).astype(np.int64)]
)
"""Bucket `b` holds the durations from `EDGES[b]` up to, and without, `EDGES[b + 1]`, in microseconds."""

END = BUCKETS * STEPS
"""The place of the horizon."""

WIDTHS: Ints = np.diff(EDGES)
