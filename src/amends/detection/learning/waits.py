"""How long things take, learned from those that ended and from those that still wait.

A wait runs from a row's `since` to the fact that ends it. Waits are counted by group (see `Lanes`) on a fixed scale of
durations. What is counted is a life table of the recent past: for each bucket, how many waits passed through it lately
and how many of them ended in it. A wait that is still running has passed through the buckets up to its age and counts
in them, so a lane on which nothing arrives any more does not look quick. See docs/learning.md.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from amends.detection.learning.counting import count_over, count_running
from amends.detection.learning.scale import BUCKETS, EDGES, HORIZON, STEPS, WIDTHS, Floats, Ints
from amends.model.instant import DAY, Duration, Instant

PRIOR = 5.0
"""With how many waits, that went as in the broader group, each bucket of a group begins."""

ENOUGH = 30.0
"""How many ended waits, faded, the broadest group needs before anything is said."""

_SURE = 1 - 1e-9
"""No hazard is quite 1: a curve that reached 0 could not be divided by."""


class Waits:
    """The waits of one kind, over all groups.

    Groups are numbers from 0; `parents[g]` is the broader group of `g`, below 0 for none. Curves change in `relearn`
    only; between two calls of it, what `observe` is given may come in any order and in any batches.

    Memory: four numbers of 8 bytes and one of 4 for each group and bucket, 4.6 KB a group.
    """

    def __init__(
        self, *, half_life: Duration = Duration(90 * DAY), prior: float = PRIOR, enough: float = ENOUGH
    ) -> None:
        self.half_life = half_life
        self.prior = prior
        self.enough = enough
        self.begun = Instant(0)
        """When the present epoch began: the last time of relearning."""
        self._parents: Ints = np.empty(0, dtype=np.int64)
        self._ended = np.zeros((0, BUCKETS), dtype=np.int32)
        self._passed = np.zeros((0, BUCKETS), dtype=np.int64)
        self._past_ended: Floats = np.zeros((0, BUCKETS))
        self._past_passed: Floats = np.zeros((0, BUCKETS))
        self._curves: Floats = np.zeros((0, BUCKETS + 1))
        self._known: Floats = np.zeros(0)
        self._far: Ints = np.zeros(0, dtype=np.int64)
        """How long the longest waits were of which a group itself had enough."""

    def __len__(self) -> int:
        return len(self._parents)

    def grow(self, parents: Ints) -> None:
        """Take in new groups: `parents` of all groups, old and new. A new one has its parent's curve."""
        old, room = len(self), len(self._ended)
        if len(parents) > room:
            # Twice the room, so that lanes met one by one do not each move all the others.
            more = max(len(parents) - room, room)
            for name in _TABLES:
                table = getattr(self, name)
                setattr(self, name, np.concatenate([table, np.zeros((more, *table.shape[1:]), dtype=table.dtype)]))
        born = np.asarray(parents[old:], dtype=np.int64)
        self._parents = np.concatenate([self._parents, born])
        for group, parent in enumerate(born.tolist(), start=old):
            if parent >= 0:
                self._curves[group] = self._curves[parent]
                self._known[group] = self._known[parent]

    # ---------------------------------------------------------------- learning

    def observe(
        self, groups: Ints, since: Ints, at: Ints, ends: NDArray[np.integer], *, seen: Ints | None = None
    ) -> None:
        """Count waits that are over: begun at `since`, over at `at` (when it happened), each in its way (`End`).

        `seen` is when the wait was learned of, where that is later than `since`: one that the last relearning could
        not know of counts in full now.
        """
        count_over(
            _plain(groups), _plain(since), _plain(at), _plain(ends), _plain(since if seen is None else seen),
            self.begun, self._ended, self._passed, EDGES,
        )  # fmt: skip

    def relearn(
        self, now: Instant, groups: Ints, since: Ints, *, seen: Ints | None = None, order: Ints | None = None
    ) -> None:
        """End the epoch: count how far those still waiting have come, let the past fade, and draw all curves anew.

        `order` lists all groups in an order of its own, so that sums do not depend on which group was met first.
        """
        known = _plain(since if seen is None else seen)
        count_running(_plain(groups), _plain(since), known, self.begun, now, self._passed, EDGES)
        fade = 0.5 ** ((now - self.begun) / self.half_life)
        self._past_ended *= fade
        self._past_ended += self._ended
        self._past_passed *= fade
        # From the end of a row back: see `counting`.
        self._past_passed += np.cumsum(self._passed[:, ::-1], axis=1)[:, ::-1] / STEPS
        self._ended[:] = 0
        self._passed[:] = 0
        self.begun = now
        self._draw(np.arange(len(self)) if order is None else order)

    # ---------------------------------------------------------------- curves

    def _draw(self, order: Ints) -> None:
        ended, passed = self._past_ended[: len(self)].copy(), self._past_passed[: len(self)].copy()
        levels = self._levels(order)
        for members in reversed(levels[1:]):
            np.add.at(ended, self._parents[members], ended[members])
            np.add.at(passed, self._parents[members], passed[members])
        totals = ended.sum(axis=1)
        seen = (passed >= self.enough)[:, ::-1]
        self._far[: len(self)] = EDGES[np.where(seen.any(axis=1), BUCKETS - np.argmax(seen, axis=1), 0)]
        for depth, members in enumerate(levels):
            d, n = ended[members], np.maximum(passed[members], ended[members])
            if depth:
                above = -np.expm1(-np.diff(self._curves[self._parents[members]], axis=1))
                d = d + self.prior * above
                n = n + self.prior
                self._known[members] = self._known[self._parents[members]]
            else:
                self._known[members] = totals[members]
            hazards = np.divide(d, n, out=np.zeros_like(d), where=n > 0)
            self._curves[members, 1:] = np.cumsum(-np.log1p(-np.minimum(hazards, _SURE)), axis=1)

    def _levels(self, order: Ints) -> list[Ints]:
        """The groups by their depth, in this order: those without a parent first."""
        depths = np.zeros(len(self), dtype=np.int64)
        above = self._parents.copy()
        while (above >= 0).any():
            depths += above >= 0
            above = np.where(above >= 0, self._parents[above], -1)
        return [order[depths[order] == depth] for depth in range(int(depths.max(initial=0)) + 1)]

    # ---------------------------------------------------------------- questions

    def curves(self, groups: Ints) -> Floats:
        """The whole hazard of groups at each edge of the scale."""
        found: Floats = self._curves[groups]
        return found

    def far(self, groups: Ints) -> Ints:
        """How long the longest waits were of which groups themselves had enough."""
        found: Ints = self._far[groups]
        return found

    def known(self, groups: Ints) -> NDArray[np.bool_]:
        """Whether enough has been seen to speak of these groups at all."""
        found: NDArray[np.bool_] = self._known[groups] >= self.enough
        return found

    def reaches(self, groups: Ints, durations: Any) -> NDArray[np.bool_]:
        """Whether enough of a group's own waits have been as long as `durations`.

        Beyond, a curve only looks as if nothing ever came; and how late a slow lane is cannot be told by quick ones.
        """
        found: NDArray[np.bool_] = self.known(groups) & (np.asarray(durations) <= self._far[groups])
        return found

    def hazard(self, groups: Ints, durations: Any) -> Floats:
        """The whole hazard up to `durations`: minus the logarithm of the share of waits that are longer."""
        at = np.clip(np.asarray(durations, dtype=np.int64), 0, HORIZON)
        buckets = np.minimum(np.searchsorted(EDGES, at, side="right") - 1, BUCKETS - 1)
        low = self._curves[groups, buckets]
        share = (at - EDGES[buckets]) / WIDTHS[buckets]
        found: Floats = low + (self._curves[groups, buckets + 1] - low) * share
        return found

    def longer(self, groups: Ints, durations: Any) -> Floats:
        """The share of waits that are longer than `durations`."""
        return np.exp(-self.hazard(groups, durations))

    def limits(self, groups: Ints, quantile: float, *, default: Duration, low: Duration, high: Duration) -> Ints:
        """The wait that only `1 - quantile` of those that end at all exceed, within `low` and `high`.

        `default` (not bounded) where too little is known.
        """
        never = np.exp(-self._curves[groups, -1])
        reached = self._when(groups, -np.log1p(-quantile * (1 - never)))
        return np.where(self.known(groups), np.clip(reached, low, high), default)

    def chance_late(self, groups: Ints, since: Ints, promise: Ints, now: Any) -> Floats:
        """P(ends after `promise` | begun at `since`, not ended by `now`); NaN where too little is known."""
        gone = np.asarray(now, dtype=np.int64)
        left = self.hazard(groups, np.maximum(promise, gone) - since) - self.hazard(groups, gone - since)
        return np.where(self.known(groups), np.exp(-left), np.nan)

    def late_at(self, groups: Ints, since: Ints, promise: Ints, chance: float) -> Ints:
        """The first moment from `since` on at which a wait that has not ended is late with at least this chance.

        Never after `promise`, and `promise` itself where too little is known.
        """
        target = self.hazard(groups, promise - since) + np.log(chance)
        return np.where(self.known(groups), np.minimum(since + self._when(groups, target), promise), promise)

    def chance_ever(self, groups: Ints, since: Ints, now: Any) -> Floats:
        """P(ends at all | not ended by `now`); NaN where too little is known."""
        left = self._curves[groups, -1] - self.hazard(groups, np.asarray(now, dtype=np.int64) - since)
        return np.where(self.known(groups), -np.expm1(-left), np.nan)

    def lost_at(self, groups: Ints, since: Ints, chance: float, *, low: Duration, default: Duration) -> Ints:
        """The first moment at which a wait that has not ended will ever end with at most this chance.

        `low` is the least wait that may be called lost: how much longer than the longest wait so far one may take is
        not in the data. `default` where too little is known.
        """
        reached = self._when(groups, self._curves[groups, -1] + np.log1p(-chance))
        found: Ints = since + np.where(self.known(groups), np.maximum(reached, low), default)
        return found

    def _when(self, groups: Ints, hazards: Floats) -> Ints:
        """The least durations by which the whole hazard reaches `hazards`; the horizon where it never does."""
        below = np.zeros(len(groups), dtype=np.int64)
        above = np.full(len(groups), BUCKETS, dtype=np.int64)
        while (above - below > 1).any():
            middle = (below + above) // 2
            short = self._curves[groups, middle] < hazards
            below, above = np.where(short, middle, below), np.where(short, above, middle)
        low, top = self._curves[groups, below], self._curves[groups, above]
        rise = top - low
        share = np.divide(hazards - low, rise, out=np.ones_like(rise), where=rise > 0)
        reached = EDGES[below] + np.ceil(np.clip(share, 0, 1) * WIDTHS[below]).astype(np.int64)
        return np.where(hazards <= 0, 0, np.where(top < hazards, HORIZON, reached))

    # ---------------------------------------------------------------- snapshots

    def dump(self) -> dict[str, Any]:
        """All that was learned, of values that a snapshot can hold."""
        tables = {name: getattr(self, name)[: len(self)].tobytes() for name in (*_TABLES, "_parents")}
        settings = {"half_life": self.half_life, "prior": self.prior, "enough": self.enough}
        return {"begun": self.begun, "tables": tables, **settings}

    @classmethod
    def load(cls, content: dict[str, Any]) -> "Waits":
        """What `dump` gave."""
        waits = cls(half_life=content["half_life"], prior=content["prior"], enough=content["enough"])
        waits.begun = content["begun"]
        waits._parents = np.frombuffer(content["tables"]["_parents"], dtype="<i8").astype(np.int64)
        for name, kind in _TABLES.items():
            table = getattr(waits, name)
            flat = np.frombuffer(content["tables"][name], dtype=kind).copy()
            setattr(waits, name, flat.reshape(-1, table.shape[1]) if table.ndim > 1 else flat)
        return waits


def _plain(column: NDArray[Any]) -> Ints:
    """As compiled functions know it: of one form, so that they are compiled once."""
    return np.ascontiguousarray(column, dtype=np.int64)


_TABLES: dict[str, Any] = {
    "_ended": np.dtype("<i4"),
    "_passed": np.dtype("<i8"),
    "_past_ended": np.dtype("<f8"),
    "_past_passed": np.dtype("<f8"),
    "_curves": np.dtype("<f8"),
    "_known": np.dtype("<f8"),
    "_far": np.dtype("<i8"),
}
