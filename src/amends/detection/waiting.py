"""Learned waits at work: which rows wait, what ended, and what is usual; see docs/kernel.md, Learned waits."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amends.detection.cells import python_values
from amends.detection.expression import Expression
from amends.detection.grouping import Chosen, alike
from amends.detection.learning import End, Lanes, Waits
from amends.detection.lull import LullJudge
from amends.detection.pool import Pool
from amends.detection.rule import Rule, Wait
from amends.detection.vector import NO_INT, Frame, Vector
from amends.detection.versions import Subset, Table, Versions
from amends.model.instant import DAY, Duration, Instant

Index = NDArray[np.int64]

EPOCH: Final = Duration(7 * DAY)
"""How often what is usual is learned anew: at whole multiples of this since 1970."""

_NO_GROUP = -1


class WaitingRows:
    """One wait over its table."""

    def __init__(
        self,
        wait: Wait,
        table: Table,
        conditions: Mapping[str, Expression],
        moved_by: frozenset[str],
        pool: Pool,
    ) -> None:
        self.wait, self._table, self._conditions, self._moved_by, self._pool = wait, table, conditions, moved_by, pool
        self._lanes = Lanes(wait.by)
        self._waits = Waits(half_life=wait.half_life, enough=wait.enough)
        self._since, self._seen, self._group = (f"wait_{part}:{wait.name}" for part in ("since", "seen", "group"))
        self._heard_by = frozenset(
            type_
            for part in ("since", "ends")
            if part in conditions
            for name in conditions[part].names
            for type_ in table.folds[name].column.on
        )
        self._lulls: list[LullJudge] = []
        table.rows.add_array(self._since, np.int64, NO_INT)
        table.rows.add_array(self._seen, np.int64, NO_INT)
        table.rows.add_array(self._group, np.int64, _NO_GROUP)

    def watch(self, rule: Rule) -> LullJudge:
        """A judge of what does not come though it is waited for."""
        lull = LullJudge(rule, self._lanes, self._waits, self.wait.half_life)
        self._lulls.append(lull)
        return lull

    # ---------------------------------------------------------------- what happens

    def follow(self, versions: Versions | None) -> None:
        """Take in what a batch began and ended."""
        if versions is None:
            return
        subset = versions.subset(self._moved_by)
        if not subset.size:
            return
        rows, starts = subset.row, subset.segments.starts
        since, ends, over, never = self._read(subset)
        runs = (since != NO_INT) & ~over & ~never & ((ends == NO_INT) | (ends < since))
        arrays = self._table.rows.arrays
        since_now = np.where(runs, since, NO_INT)
        before = _before(since_now, starts, arrays[self._since][rows[starts]])
        begins = runs & (since_now != before)
        begun_at = _latest(begins, starts, subset.size)
        groups = np.where(begun_at < 0, arrays[self._group][rows], self._groups(subset, begun_at))
        seen = np.where(begun_at < 0, arrays[self._seen][rows], subset.received[np.maximum(begun_at, 0)])
        done = np.flatnonzero((before != NO_INT) & (since_now != before))
        if len(done):
            group_before = _before(groups, starts, arrays[self._group][rows[starts]])[done]
            seen_before = _before(seen, starts, arrays[self._seen][rows[starts]])[done]
            at, how = self._ended(before[done], since[done], ends[done], never[done], subset.received[done])
            known = group_before >= 0
            self._waits.observe(
                group_before[known], before[done][known], at[known], how[known], seen=seen_before[known]
            )
            for lull in self._lulls:
                lull.end(
                    group_before[known], before[done][known], seen_before[known], subset.received[done][known],
                    how[known] == End.CAME,
                )  # fmt: skip
        if self._lulls:
            new = np.flatnonzero(begins & (groups >= 0))
            heard = versions.subset(self._heard_by).received
            for lull in self._lulls:
                lull.begin(groups[new], since_now[new], subset.received[new])
                lull.hear(heard)
        # Of several versions of a row the last assigned stays.
        arrays[self._since][rows] = since_now
        arrays[self._group][rows] = groups
        arrays[self._seen][rows] = seen

    def _read(self, subset: Subset) -> tuple[Index, Index, NDArray[np.bool_], NDArray[np.bool_]]:
        nothing = np.full(subset.size, NO_INT)
        no = np.zeros(subset.size, dtype=bool)
        since = _instants(self._conditions["since"], subset)
        ends = _instants(self._conditions["ends"], subset) if "ends" in self._conditions else nothing
        over = self._conditions["over"].holds(subset) if "over" in self._conditions else no
        never = self._conditions["never"].holds(subset) if "never" in self._conditions else no
        return since, ends, over, never

    @staticmethod
    def _ended(
        before: Index, since: Index, ends: Index, never: NDArray[np.bool_], received: Index
    ) -> tuple[Index, NDArray[np.int8]]:
        """When, and how, waits that began at `before` were over."""
        moved = (since != NO_INT) & (since > before)
        came = ends != NO_INT
        at = np.where(moved, since, np.where(came, ends, received))
        how = np.where(moved | came, End.CAME, np.where(never, End.NEVER, End.LEFT)).astype(np.int8)
        return at, how

    def _groups(self, frame: Frame, begun_at: Index | None = None) -> Index:
        """The group of each element of a frame; with `begun_at`, as it was at another element (-1: not asked)."""
        asked = np.arange(frame.size) if begun_at is None else np.unique(begun_at[begun_at >= 0])
        found = np.full(frame.size, _NO_GROUP, dtype=np.int64)
        if len(asked):
            vectors = [frame.column(name).spread(frame.size).take(asked) for name in self._lanes.columns]
            number, first = alike(
                [vector.values for vector in vectors], [vector.absent for vector in vectors], len(asked)
            )
            picked = Chosen(frame, asked[first])
            types = {name: self._table.folds[name].column.type for name in self._lanes.columns}
            values = [python_values(picked.column(name), types[name], self._pool) for name in self._lanes.columns]
            lanes = self._lanes.number(list(zip(*values, strict=True)) if values else [()] * len(first))
            found[asked] = lanes[number]
            self._waits.grow(self._lanes.parents)
        return found if begun_at is None else np.where(begun_at < 0, _NO_GROUP, found[np.maximum(begun_at, 0)])

    def relearn(self, now: Instant) -> None:
        """An epoch is over."""
        rows = self._table.rows
        since, group, seen = rows.live(self._since), rows.live(self._group), rows.live(self._seen)
        waiting = (since != NO_INT) & (group >= 0)
        self._waits.relearn(now, group[waiting], since[waiting], seen=seen[waiting], order=self._lanes.order())
        for lull in self._lulls:
            lull.relearn(EPOCH)

    # ---------------------------------------------------------------- what is usual

    def limits(self, frame: Frame, quantile: float, default: int, low: int, high: int) -> Vector:
        """How long is longer than usual."""
        groups = self._groups(frame)
        known = groups >= 0
        found = np.full(frame.size, default, dtype=np.int64)
        found[known] = self._waits.limits(
            groups[known], quantile, default=Duration(default), low=Duration(low), high=Duration(high)
        )
        return Vector(found)

    def late_after(self, frame: Frame, promise: Vector, chance: float) -> Vector:
        """How long it takes until it is likely to be late."""
        groups, since = self._groups(frame), self._conditions["since"].over(frame)
        by = promise.spread(frame.size)
        absent = ~(since.present(frame.size) & by.present(frame.size) & (groups >= 0))
        promised = by.values - since.values
        absent[~absent] = ~self._waits.reaches(groups[~absent], promised[~absent])
        there = ~absent
        found = np.zeros(frame.size, dtype=np.int64)
        at = self._waits.late_at(groups[there], since.values[there], by.values[there], chance)
        found[there] = at - since.values[there]
        return Vector(found, absent)

    def lost_after(self, frame: Frame, chance: float, default: int, low: int) -> Vector:
        """How long it takes until it is unlikely ever to come."""
        groups = self._groups(frame)
        known = groups >= 0
        found = np.full(frame.size, default, dtype=np.int64)
        none = np.zeros(int(known.sum()), dtype=np.int64)
        found[known] = self._waits.lost_at(groups[known], none, chance, low=Duration(low), default=Duration(default))
        return Vector(found)

    def dump(self) -> Any:
        """What was learned, for a snapshot; who waits lies in the table."""
        return {"lanes": self._lanes.dump(), "waits": self._waits.dump()}

    def load(self, content: Any) -> None:
        """Take over what was dumped."""
        self._lanes = Lanes.load(content["lanes"])
        self._waits = Waits.load(content["waits"])
        for lull in self._lulls:
            lull.follow(self._lanes, self._waits)


class Experience:
    """All learned waits of a pack: what expressions ask of them."""

    def __init__(self) -> None:
        self.waits: dict[str, WaitingRows] = {}

    def limits(self, wait: str, frame: Frame, quantile: float, default: int, low: int, high: int) -> Vector:
        """How long is longer than usual."""
        return self.waits[wait].limits(frame, quantile, default, low, high)

    def late_after(self, wait: str, frame: Frame, promise: Vector, chance: float) -> Vector:
        """How long it takes until it is likely to be late; absent where too little is known."""
        return self.waits[wait].late_after(frame, promise, chance)

    def lost_after(self, wait: str, frame: Frame, chance: float, default: int, low: int) -> Vector:
        """How long it takes until it is unlikely ever to come."""
        return self.waits[wait].lost_after(frame, chance, default, low)


def _instants(expression: Expression, subset: Subset) -> Index:
    """The values of an instant, NO_INT where it is absent."""
    vector = expression.over(subset)
    return np.where(vector.present(subset.size), vector.values, NO_INT)


def _before(values: Index, starts: Index, first: Index) -> Index:
    """Each version's predecessor; that of a row's first version is given."""
    before = np.empty_like(values)
    before[1:] = values[:-1]
    before[starts] = first
    return before


def _latest(marks: NDArray[np.bool_], starts: Index, size: int) -> Index:
    """For each element the latest marked one of its row up to it; -1 where there is none."""
    places = np.where(marks, np.arange(size), -1)
    latest = np.maximum.accumulate(places)
    begins = np.zeros(size, dtype=np.int64)
    begins[starts] = starts
    begins = np.maximum.accumulate(begins)
    return np.where(latest >= begins, latest, -1)
