"""The hits of a surge as troubles of their own: kept until their group surges, followed until they are over.

See docs/kernel.md, Hits as findings. Nearly all are never told, so a finding is made of one only when it is.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.finding import Clearing, Finding
from amends.model.instant import Instant

Index = NDArray[np.int64]


class Hit(msgspec.Struct, frozen=True):
    """One hit: its row, when and by what it came, the row of its order, and what the program said of it."""

    row: int
    at: int
    cause: str
    order: int
    said: list[int]


class Hits(msgspec.Struct, frozen=True):
    """The hits of a batch, in order: the group of each, what was put out of it, and its event's source and id."""

    group: Index
    held: Index
    causes: list[tuple[str, str]]
    told: set[int]

    def at(self, place: int) -> int:
        """When it came."""
        return int(self.held[place, 3])

    def hit(self, place: int) -> Hit:
        """One of them."""
        _, _, row, at, _, order, _, _, *said = self.held[place].tolist()
        return Hit(row, at, " ".join(filter(None, self.causes[place])), order, said)


class Turn(msgspec.Struct, frozen=True):
    """From this touch on the troubles of a row's hits are over, or no longer."""

    row: int
    sequence: int
    position: int
    over: bool
    at: int
    cause: int


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
Cause = Callable[[int], str]


class HitLog:
    """The hits of one surge, numbered as they came. `is_over` asks a row as it stands after the batch."""

    def __init__(self, tell: Tell, is_over: IsOver, cause: Cause) -> None:
        self._tell, self._is_over, self._cause = tell, is_over, cause
        self._blocks: list[Hits] = []
        self._begins: list[int] = []
        """The number of each block's first hit."""
        self.count = 0
        self._open: dict[int, list[str]] = {}
        """Of rows, the findings that were told and are not over."""
        self._turned: Index = np.zeros((0, 8), dtype=np.int64)
        self._turns: dict[int, list[Turn]] | None = None
        self._told: list[tuple[int, Moment, str]] = []

    def begin(self, turned: Index) -> None:
        """A batch is at hand, in which troubles came to be over, or no longer are."""
        self._turned, self._turns, self._told = turned, None, []

    def add(self, hits: Hits) -> None:
        """Keep more of them."""
        if len(hits.group):
            self._begins.append(self.count)
            self._blocks.append(hits)
            self.count += len(hits.group)

    def untold(self, groups: Sequence[int], since: int, before: int) -> list[int]:
        """The hits of these groups from `since` on that were not told, of those numbered below `before`."""
        found = []
        for first, block in zip(self._begins, self._blocks, strict=True):
            for place in np.flatnonzero(np.isin(block.group, groups)).tolist():
                if block.at(place) >= since and place not in block.told and first + place < before:
                    found.append(first + place)
        return found

    def tell(self, hits: Iterable[int], at: Instant, moment: Moment, facts: dict[str, Any]) -> list[Finding]:
        """Findings of those that are not over, as their rows stood at that moment."""
        findings = []
        for number in hits:
            block = bisect_right(self._begins, number) - 1
            place = number - self._begins[block]
            self._blocks[block].told.add(place)
            hit = self._blocks[block].hit(place)
            if self._was_over(hit.row, moment):
                continue
            finding = self._tell(hit, at, facts)
            self._told.append((hit.row, moment, finding.id))
            findings.append(finding)
        return findings

    def _turns_of(self, row: int) -> list[Turn]:
        """The turns of a row in the batch at hand."""
        if self._turns is None:
            self._turns = {}
            for _, _, of, at, cause, over, sequence, position, *_ in self._turned.tolist():
                turn = Turn(of, sequence, position, over == 1, at, cause)
                self._turns.setdefault(of, []).append(turn)
        return self._turns.get(row, [])

    def _was_over(self, row: int, moment: Moment) -> bool:
        turns = self._turns_of(row)
        if not turns:
            return self._is_over(row)
        known = [turn for turn in turns if moment.includes(turn)]
        return known[-1].over if known else not turns[0].over

    def end(self, oldest: int) -> list[Clearing]:
        """The batch is done: what is over of what was told. Hits from before `oldest` are forgotten."""
        while self._blocks and self._blocks[0].at(-1) < oldest:
            del self._blocks[0], self._begins[0]
        clearings = []
        if self._open and len(self._turned):
            for row in dict.fromkeys(self._turned[:, 2].tolist()):
                for finding in self._open.pop(row, ()):
                    clearings.append(self._cleared(finding, self._turns_of(row)[0]))
        for row, moment, finding in self._told:
            later = [turn for turn in self._turns_of(row) if turn.over and not moment.includes(turn)]
            if later:
                clearings.append(self._cleared(finding, later[0]))
            else:
                self._open.setdefault(row, []).append(finding)
        self._turned, self._turns, self._told = self._turned[:0], None, []
        return clearings

    def rows(self) -> Iterator[int]:
        """The rows that are referred to, those of orders included."""
        yield from self._open
        for block in self._blocks:
            yield from block.held[:, 2].tolist()
            yield from (order for order in block.held[:, 5].tolist() if order >= 0)

    def _cleared(self, finding: str, turn: Turn) -> Clearing:
        return Clearing(finding=finding, cleared_at=Instant(turn.at), cause=self._cause(turn.cause))

    def dump(self) -> Any:
        """The hits and those that are followed, for a snapshot."""
        blocks = [
            (first, block.group.tolist(), block.held.tolist(), block.causes, sorted(block.told))
            for first, block in zip(self._begins, self._blocks, strict=True)
        ]
        return {"count": self.count, "blocks": blocks, "open": list(self._open.items())}

    def load(self, content: Any) -> None:
        """Take over dumped hits."""
        self.count = content["count"]
        self._begins = [first for first, *_ in content["blocks"]]
        self._blocks = [
            Hits(
                np.array(group, dtype=np.int64), np.array(held, dtype=np.int64), [(a, b) for a, b in causes], set(told)
            )
            for _, group, held, causes, told in content["blocks"]
        ]
        self._open = {row: list(findings) for row, findings in content["open"]}
