"""The windows of a lull, judged one after the other; see docs/kernel.md, A surge of a wait."""

from math import expm1, log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled
from amends.detection.machine.lanes import hazard
from amends.detection.machine.slots import age_of, forget, open_slot, weigh
from amends.model.instant import HOUR

Index = NDArray[np.int64]
Floats = NDArray[np.float64]

BEGAN, OVER, CAME = 1, -1, -2
"""What happened to a wait."""
HOURS: Final = 168
WINDOW, LAST, ENTRY, HEARD, TOLD = 0, 1, 2, 3, 4
"""Where things stand: the window at hand and the first that is not over, and how many entries, windows in which
something was heard, and verdicts there are before it."""
VERDICT = 6
"""Numbers of a verdict: the group, the window, whether it is one that fires, and what came, who waited, and how many
were expected."""
_BELIEVED: Final = 20.0
"""As many expected arrivals have come as expected before any are seen, in all other groups."""
_PRIOR: Final = 30.0
"""As many expected arrivals an hour of the week begins with, that came as expected."""
_FEWEST: Final = 10.0
"""So many at least are taken to come in the time in which one false alarm is allowed."""
_MOST: Final = log(5)
"""A wait counts until 4 of 5 have come: a few that never come would else be missed again in every window."""


@compiled
def draw_chances(chances: Floats, reach: Index, groups: Index, curves: Floats, length: Whole, edges: Index) -> None:
    """P(comes within a window) of each group's waits by their age in windows, up to the age that `reach` says.

    Where a wait begins within its window is not kept: half a window is taken for it.
    """
    for place in range(len(groups)):
        group = groups[place]
        younger = hazard(curves[place], length // 2, edges)
        age = 1
        while age < chances.shape[1]:
            older = hazard(curves[place], (2 * age + 1) * length // 2, edges)
            if older > _MOST:
                break
            chances[group, age] = -expm1(younger - older)
            younger = older
            age += 1
        reach[group] = age
        while age < chances.shape[1]:
            chances[group, age] = 0.0
            age += 1


@compiled
def close(
    at: Index, length: Whole, at_least: float, falls_to: float, odds: float, fades: Floats,
    learned: Index, group_of: Index, bin_of: Index, seen: Index, what: Index, ended: Index, heard: Index,
    running: NDArray[np.int32], waiting: Index, is_open: NDArray[np.int8], chances: Floats, reach: Index,
    slots: Index, due: Floats, met: Floats, older: Floats, shares: Floats, delays: Floats,
    evidence: Floats, since: Index, hours: Floats, lately: Floats, room: Floats, told: Floats,
) -> bool:  # fmt: skip
    """Judge windows until the last; returns whether it is reached, or `told` has no more room.

    The entries, which are sorted by the windows in which they were learned, are what `Entries` says, and the other
    arrays are those of `LullJudge`; there is room in `told` for two verdicts of each group.
    """
    bins, groups, entries = running.shape[1], len(waiting), len(learned)
    came, expected, after, weighed = room[0], room[1], room[2], room[3]
    everyone, opens = 0, 0
    for group in range(groups):
        everyone += waiting[group]
        opens += is_open[group]
    while at[WINDOW] < at[LAST]:
        if everyone == 0 and opens == 0:
            # Nobody waits: nothing is to be said until somebody does.
            until = learned[at[ENTRY]] if at[ENTRY] < entries else at[LAST]
            at[WINDOW] = min(max(at[WINDOW], until), at[LAST])
            if at[WINDOW] == at[LAST]:
                break
        if at[TOLD] + 2 * groups > len(told):
            return False
        window = at[WINDOW]
        for group in range(groups):
            gone = running[group, window % bins]
            running[group, window % bins] = 0
            waiting[group] -= gone
            everyone -= gone
        while at[HEARD] < len(heard) and heard[at[HEARD]] < window:
            at[HEARD] += 1
        stop = at[ENTRY]
        while stop < entries and learned[stop] <= window:
            stop += 1
        if at[HEARD] < len(heard) and heard[at[HEARD]] == window:
            open_slot(slots, window, falls_to, due, met, older, shares)

            # -------------------------------------------------------- who came
            for group in range(groups):
                came[group], after[group] = 0.0, 0.0
            for entry in range(at[ENTRY], stop):
                if what[entry] != CAME:
                    continue
                group = group_of[entry]
                late = age_of(slots, ended[entry])
                delays[group, late] += 1
                age = window - bin_of[entry]
                if seen[entry] < window and age < bins and chances[group, age] > 0:
                    came[group] += 1.0
                    if ended[entry] >= since[group]:
                        after[group] += 1.0
                if late < due.shape[1]:
                    place = (slots[0] - 1 - late) % due.shape[1]
                    age = slots[1 + place] - bin_of[entry]
                    if seen[entry] < slots[1 + place] and age < bins and chances[group, age] > 0:
                        met[group, place] += 1.0

            # -------------------------------------------------------- who is expected
            newest = (slots[0] - 1) % due.shape[1]
            hour = window * length // HOUR % HOURS
            factor = (hours[0, hour] + _PRIOR) / (hours[1, hour] + _PRIOR)
            all_came, all_expected = 0.0, 0.0
            for group in range(groups):
                if is_open[group] == 0:
                    all_came += lately[0, group]
                    all_expected += lately[1, group]
            calm_came, calm_plain = 0.0, 0.0
            for group in range(groups):
                plain = 0.0
                if waiting[group] > 0:
                    slot = window % bins
                    for age in range(1, reach[group]):
                        slot = slot - 1 if slot > 0 else bins - 1
                        plain += running[group, slot] * chances[group, age]
                # How much slower it went lately in all other groups, or for days in the group itself. In a peak, or a
                # storm, all are slow; and a group that has been slow for days is not closed.
                others_came, others_expected = all_came + _BELIEVED, all_expected + _BELIEVED
                if is_open[group] == 0:
                    others_came -= lately[0, group]
                    others_expected -= lately[1, group]
                tempo = min(others_came / others_expected, 1.0)
                tempo = min(tempo, (lately[2, group] + _BELIEVED) / (lately[3, group] + _BELIEVED))
                expected[group] = plain * factor * tempo
                due[group, newest] = expected[group]
                for part in range(2):
                    lately[2 * part, group] = lately[2 * part, group] * fades[part] + came[group]
                    lately[2 * part + 1, group] = lately[2 * part + 1, group] * fades[part] + plain * factor
                # A group that surges says nothing of the hour.
                if expected[group] > 0 and is_open[group] == 0:
                    calm_came += came[group]
                    calm_plain += plain
            hours[2, hour] += calm_came
            hours[3, hour] += calm_plain

            # -------------------------------------------------------- what is missing
            for group in range(groups):
                # Each that comes may begin a run of bad luck, so there are as many chances of a false alarm as come.
                usual = max(lately[3, group] * (1 - fades[1]), expected[group])
                bound = log(min(max(usual, _FEWEST * odds), 1.0) / odds)
                if expected[group] == 0:
                    # Where nobody waits any more, nothing is missing.
                    forget(group, due, met, older)
                if is_open[group] == 0:
                    if expected[group] == 0:
                        continue
                    weigh(slots, group, falls_to, due, met, older, shares, weighed)
                    if weighed[0] >= bound and weighed[2] - weighed[1] >= at_least:
                        is_open[group] = 1
                        opens += 1
                        evidence[group], since[group] = bound, np.int64(weighed[3])
                        verdict = told[at[TOLD]]
                        at[TOLD] += 1
                        verdict[0], verdict[1], verdict[2] = group, window, 1
                        verdict[3], verdict[4], verdict[5] = weighed[1], waiting[group], weighed[2]
                    continue
                evidence[group] += expected[group] * (1 - falls_to) + after[group] * log(falls_to)
                evidence[group] = min(evidence[group], bound)
                if evidence[group] < bound / 2 or expected[group] == 0:
                    is_open[group] = 0
                    opens -= 1
                    forget(group, due, met, older)
                    verdict = told[at[TOLD]]
                    at[TOLD] += 1
                    verdict[0], verdict[1], verdict[2] = group, window, 0

        for entry in range(at[ENTRY], stop):
            if bin_of[entry] > window - bins:
                step = 1 if what[entry] == BEGAN else -1
                running[group_of[entry], bin_of[entry] % bins] += step
                waiting[group_of[entry]] += step
                everyone += step
        at[ENTRY] = stop
        at[WINDOW] = window + 1
    return True
