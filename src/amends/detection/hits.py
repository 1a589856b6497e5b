"""The hits of a surge as troubles of their own: kept until their group surges, followed until they are over.

See docs/kernel.md, Hits as findings. Nearly all are never told, so a finding is made of one only when it is.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.expression import Expression
from amends.detection.finding import Clearing, Finding, finding_id
from amends.detection.judges import Troubles, clearing
from amends.detection.rule import Rule
from amends.detection.versions import RowsThen, Table, Versions
from amends.model.instant import Instant

Index = NDArray[np.int64]


class Hits(msgspec.Struct, frozen=True):
    """Some hits, in order: of which group, row and order each is, when and by what, and what it will say."""

    group: list[int]
    row: list[int]
    at: list[int]
    order: list[str | None]
    causes: list[str]
    facts: dict[str, list[Any]]
    losses: list[int | None]
    currencies: list[str | None]
    told: set[int] = set()

    def finding(self, rule: Rule, place: int, subject: str, at: Instant, facts: dict[str, Any]) -> Finding:
        """What is told of one of them."""
        own = {name: values[place] for name, values in self.facts.items() if values[place] is not None}
        loss = self.losses[place]
        return Finding(
            id=finding_id(rule.id, rule.table, subject, self.causes[place]),
            rule=rule.id,
            version=rule.version,
            exception=rule.exception,
            kind=rule.table,
            subject=subject,
            order=self.order[place],
            fired_at=at,
            cause=self.causes[place],
            loss=loss,
            currency=None if loss is None else self.currencies[place],
            facts={**own, **facts},
        )


class HitLog:
    """The hits of one surge, numbered as they came."""

    def __init__(self, rule: Rule, table: Table, until: Expression) -> None:
        self._rule, self._table, self._until = rule, table, until
        self._troubles = Troubles(rule, table, until)
        self._blocks: list[Hits] = []
        self._begins: list[int] = []
        """The number of each block's first hit."""
        self.count = 0
        self._versions: Versions | None = None
        self._told: list[tuple[int, int, str]] = []
        """Of the batch at hand: row, the touch it was told after (-1: all come later), finding."""

    def begin(self, versions: Versions | None) -> None:
        """A batch is at hand."""
        self._versions, self._told = versions, []

    def add(self, hits: Hits) -> None:
        """Keep more of them."""
        if hits.row:
            self._begins.append(self.count)
            self._blocks.append(hits)
            self.count += len(hits.row)

    def untold(self, group: int, since: int, before: int) -> list[int]:
        """The hits of a group from `since` on that were not told, of those numbered below `before`."""
        found = []
        for first, block in zip(self._begins, self._blocks, strict=True):
            places = np.flatnonzero(np.array(block.group) == group).tolist()
            found += [
                first + place
                for place in places
                if block.at[place] >= since and place not in block.told and first + place < before
            ]
        return found

    def tell(self, hits: Iterable[int], at: Instant, place: int, facts: dict[str, Any]) -> list[Finding]:
        """Findings of those that are not over, as their rows stand after the touch at `place`."""
        assert self._versions is not None, "only a touch makes hits known"
        findings = []
        for hit in hits:
            number = bisect_right(self._begins, hit) - 1
            block, offset = self._blocks[number], hit - self._begins[number]
            row = np.array([block.row[offset]])
            block.told.add(offset)
            after = self._stood(self._versions, row, place)
            if self._until.holds(RowsThen(self._table, self._versions, row, row, after))[0]:
                continue
            finding = block.finding(self._rule, offset, self._table.rows.names[row[0]], at, facts)
            self._told.append((int(row[0]), int(after[0]), finding.id))
            findings.append(finding)
        return findings

    def _stood(self, versions: Versions, row: Index, place: int) -> Index:
        """The row's last touch by then."""
        if versions.touches.row[place] == row[0]:
            return np.array([place])
        return versions.as_of(row, versions.touches.position[[place]])

    def end(self, oldest: int) -> list[Clearing]:
        """The batch is done: what is over of what was told. Hits from before `oldest` are forgotten."""
        while self._blocks and self._blocks[0].at[-1] < oldest:
            del self._blocks[0], self._begins[0]
        told, versions = self._told, self._versions
        self._versions, self._told = None, []
        if versions is None:
            return []
        rows = np.array([row for row, _, _ in told], dtype=np.int64)
        places = np.array([after for _, after, _ in told], dtype=np.int64)
        endings = self._troubles.endings(versions, rows, places, [finding for _, _, finding in told])
        return [clearing(*ending) for ending in endings]

    def dump(self) -> Any:
        """The hits and those that are followed, for a snapshot."""
        blocks = list(zip(self._begins, self._blocks, strict=True))
        return {"count": self.count, "blocks": blocks, "open": self._troubles.open.dump()}

    def load(self, content: Any) -> None:
        """Take over dumped hits."""
        self.count = content["count"]
        self._begins = [first for first, _ in content["blocks"]]
        self._blocks = [msgspec.convert(block, Hits) for _, block in content["blocks"]]
        self._troubles.open.load(content["open"])
