"""The histories of a surge's groups, window by window; see docs/kernel.md, surge."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import compiled
from amends.detection.vector import NO_INT

Index = NDArray[np.int64]
Small = NDArray[np.int32]
Floats = NDArray[np.float64]


@compiled
def add_up(
    groups: Index, windows: Index, hits: Index, records: Index, plain: NDArray[np.bool_],
    window: Index, window_hits: Small, window_records: Small,
    past_hits: Floats, past_records: Floats, past_windows: Floats, powers: Floats,
) -> None:  # fmt: skip
    """Count what came in these windows of groups, of those that are plain; windows before enter the history.

    The windows of a group follow one another in time. The arrays from `window` on are those of the groups; `powers` say
    what a history is worth so many windows later.
    """
    decay = powers[1]
    for run in range(len(groups)):
        if not plain[run]:
            continue
        group, current = groups[run], window[groups[run]]
        if current == NO_INT:
            window[group] = windows[run]
        elif current < windows[run]:
            empty = windows[run] - current - 1
            power = powers[empty] if empty < len(powers) else decay ** float(empty)
            # In the order of `SurgeJudge._close`, so that both come to the same to the last bit.
            spread = decay * (1 - power) / (1 - decay)
            past_hits[group] = (past_hits[group] + window_hits[group]) * decay * power
            past_records[group] = (past_records[group] + window_records[group]) * decay * power
            past_windows[group] = (past_windows[group] + 1) * decay * power + spread
            window[group], window_hits[group], window_records[group] = windows[run], 0, 0
        window_hits[group] += hits[run]
        window_records[group] += records[run]
