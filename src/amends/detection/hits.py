"""The hits of a surge as troubles of their own: kept until their group surges, followed until they are over.

See docs/kernel.md, Hits as findings. Nearly all are never told, so a finding is made of one only when it is.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.finding import Clearing, Finding
from amends.model.instant import Instant

Index = NDArray[np.int64]


class Hit(msgspec.Struct, frozen=True, array_like=True):
    """One hit: its row, when and by what it came, its order, and what the program said of it."""

    row: int
    at: int
    cause: str
    order: str | None
    said: list[int]


class Turn(msgspec.Struct, frozen=True):
    """From this touch on the troubles of a row's hits are over, or no longer."""

    row: int
    sequence: int
    position: int
    over: bool
    at: int
    cause: str


class Moment(msgspec.Struct, frozen=True):
    """A touch within the batch at hand."""

    row: int
    sequence: int
    position: int

    def includes(self, turn: Turn) -> bool:
        """Whether the turn is part of what was known after this touch."""
        if turn.row == self.row:
            return turn.sequence <= self.sequence
        return turn.position <= self.position




Tell = Callable[[Hit, Instant, dict[str, Any]], Finding]
IsOver = Callable[[int], bool]


class HitLog:
    """The hits of one surge, numbered as they came. `is_over` asks a row as it stands after the batch."""

    def __init__(self, tell: Tell, is_over: IsOver) -> None:
        self._tell, self._is_over = tell, is_over
        self._hits: dict[int, Hit] = {}
        """By number, those that were not told."""
        self._by_group: dict[int, list[int]] = {}
        self.count = 0
        self._open: dict[int, list[str]] = {}
        """Of rows, the findings that were told and are not over."""
        self._turns: dict[int, list[Turn]] = {}
        self._told: list[tuple[int, Moment, str]] = []

    def begin(self, turns: Iterable[Turn]) -> None:
        """A batch is at hand."""
        self._turns, self._told = {}, []
        for turn in turns:
            self._turns.setdefault(turn.row, []).append(turn)

    def add(self, groups: Iterable[int], hits: Iterable[Hit]) -> None:
        """Keep more of them, each with its group."""
        for group, hit in zip(groups, hits, strict=True):
            self._hits[self.count] = hit
            self._by_group.setdefault(group, []).append(self.count)
            self.count += 1

    def untold(self, group: int, since: int, before: int) -> list[int]:
        """The hits of a group from `since` on that were not told, of those numbered below `before`."""
        return [
            number
            for number in self._by_group.get(group, ())
            if number < before and number in self._hits and self._hits[number].at >= since
        ]

    def tell(self, hits: Iterable[int], at: Instant, moment: Moment, facts: dict[str, Any]) -> list[Finding]:
        """Findings of those that are not over, as their rows stood at that moment."""
        findings = []
        for number in hits:
            hit = self._hits.pop(number)
            if self._was_over(hit.row, moment):
                continue
            finding = self._tell(hit, at, facts)
            self._told.append((hit.row, moment, finding.id))
            findings.append(finding)
        return findings

    def _was_over(self, row: int, moment: Moment) -> bool:
        turns = self._turns.get(row)
        if turns is None:
            return self._is_over(row)
        known = [turn for turn in turns if moment.includes(turn)]
        return known[-1].over if known else not turns[0].over

    def end(self, oldest: int) -> list[Clearing]:
        """The batch is done: what is over of what was told. Hits from before `oldest` are forgotten."""
        for number in list(self._hits):
            if self._hits[number].at >= oldest:
                break
            del self._hits[number]
        if len(self._by_group) > 64 + 2 * len(self._hits):
            self._forget_groups()
        clearings = []
        for row, turns in self._turns.items():
            for finding in self._open.pop(row, ()):
                clearings.append(_cleared(finding, turns[0]))
        for row, moment, finding in self._told:
            later = [turn for turn in self._turns.get(row, ()) if turn.over and not moment.includes(turn)]
            if later:
                clearings.append(_cleared(finding, later[0]))
            else:
                self._open.setdefault(row, []).append(finding)
        self._turns, self._told = {}, []
        return clearings

    def _forget_groups(self) -> None:
        kept = {}
        for group, numbers in self._by_group.items():
            left = [number for number in numbers if number in self._hits]
            if left:
                kept[group] = left
        self._by_group = kept

    def dump(self) -> Any:
        """The hits and those that are followed, for a snapshot."""
        groups = {number: group for group, numbers in self._by_group.items() for number in numbers}
        hits = [(number, groups[number], hit) for number, hit in self._hits.items()]
        return {"count": self.count, "hits": hits, "open": list(self._open.items())}

    def load(self, content: Any) -> None:
        """Take over dumped hits."""
        self.count = content["count"]
        self._hits, self._by_group = {}, {}
        for number, group, hit in content["hits"]:
            self._hits[number] = msgspec.convert(hit, Hit)
            self._by_group.setdefault(group, []).append(number)
        self._open = {row: list(findings) for row, findings in content["open"]}


def _cleared(finding: str, turn: Turn) -> Clearing:
    return Clearing(finding=finding, cleared_at=Instant(turn.at), cause=turn.cause)
