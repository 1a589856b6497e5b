"""Learned waits, one row at a time. The arithmetic of curves is the product's own; it has tests of its own."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from tests.reference.expression import Expression, Scope, Value

from amends.detection.learning import End, Lanes, Waits
from amends.model.instant import DAY, Duration, Instant

EPOCH = 7 * DAY
Waiting = tuple[int, int, int]
"""Since when, known since when, in which group."""


class Wait:
    """One wait of a pack, with everything learned of it."""

    def __init__(self, entry: Mapping[str, Any], read: Any) -> None:
        self.table: str = entry["table"]
        self.parts: dict[str, Expression] = {
            part: read(entry[part]) for part in ("since", "ends", "over", "never") if part in entry
        }
        self.lanes = Lanes(entry["by"])
        self.waits = Waits(half_life=Duration(entry.get("days", 90) * DAY), enough=entry.get("enough", 30))
        self.waiting: dict[tuple[str, str], Waiting] = {}
        self.names = frozenset(entry["by"][0]) | self.parts["since"].names

    def touch(self, subject: tuple[str, str], scope: Scope, received: int) -> None:
        """A row has changed: does it wait, and did it wait before?"""
        since, ends = self._value("since", scope), self._value("ends", scope)
        over, never = self._value("over", scope) is True, self._value("never", scope) is True
        runs = since is not None and not over and not never and (ends is None or ends < since)
        now = since if runs else None
        before = self.waiting.get(subject)
        if before is not None and now != before[0]:
            del self.waiting[subject]
            if since is not None and since > before[0]:
                self._over(before, since, End.CAME)
            elif ends is not None:
                self._over(before, ends, End.CAME)
            else:
                self._over(before, received, End.NEVER if never else End.LEFT)
        if now is not None and subject not in self.waiting:
            self.waiting[subject] = (now, received, self._group(scope))

    def relearn(self, now: int) -> None:
        """An epoch is over."""
        waiting = [each for each in self.waiting.values() if each[2] >= 0]
        since, seen, groups = (np.array([each[part] for each in waiting], dtype=np.int64) for part in range(3))
        self.waits.relearn(Instant(now), groups, since, seen=seen, order=self.lanes.order())

    def limit(self, scope: Scope, quantile: float, default: int, low: int, high: int) -> Value:
        """LEARNED."""
        group = self._group(scope)
        if group < 0:
            return default
        bounds = {"default": Duration(default), "low": Duration(low), "high": Duration(high)}
        return int(self.waits.limits(np.array([group]), quantile, **bounds)[0])

    def late_after(self, scope: Scope, promise: Value, chance: float) -> Value:
        """LATE_AFTER."""
        group, since = self._group(scope), self._value("since", scope)
        if group < 0 or since is None or promise is None:
            return None
        if not self.waits.reaches(np.array([group]), np.array([promise - since]))[0]:
            return None
        return int(self.waits.late_at(np.array([group]), np.array([since]), np.array([promise]), chance)[0]) - since

    def lost_after(self, scope: Scope, chance: float, default: int, low: int) -> Value:
        """LOST_AFTER."""
        group = self._group(scope)
        if group < 0:
            return default
        bounds = {"default": Duration(default), "low": Duration(low)}
        return int(self.waits.lost_at(np.array([group]), np.array([0]), chance, **bounds)[0])

    def _value(self, part: str, scope: Scope) -> Value:
        return self.parts[part].value(scope) if part in self.parts else None

    def _group(self, scope: Scope) -> int:
        group = int(self.lanes.number([tuple(scope.row.get(name) for name in self.lanes.columns)])[0])
        self.waits.grow(self.lanes.parents)
        return group

    def _over(self, before: Waiting, at: int, how: End) -> None:
        since, seen, group = before
        if group >= 0:
            one = {name: np.array([value], dtype=np.int64) for name, value in (("at", at), ("seen", seen))}
            ends = np.array([how], dtype=np.int8)
            self.waits.observe(np.array([group]), np.array([since]), one["at"], ends, seen=one["seen"])
