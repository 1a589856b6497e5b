"""From what the loop put out to verdicts: findings of rules, then of the surges that count them."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amends.detection.engine import Engine, Told
from amends.detection.finding import Clearing, Finding, Verdicts
from amends.detection.hits import Hit, HitLog, Hits, Moment
from amends.detection.identities import Identities
from amends.detection.lull import LullJudge
from amends.detection.machine import codes as op
from amends.detection.machine.recorded import EMPTY, alike, by_number
from amends.detection.pool import Pool
from amends.detection.program import Program
from amends.detection.reads import LinkSource, SurgeSource
from amends.detection.rings import Followed, Rings
from amends.detection.surge import Records, SurgeJudge, Union
from amends.detection.verdicts import Reader
from amends.model.instant import Instant

Index = NDArray[np.int64]

_KNOWN_MAX: Final = 1024


class SurgeStage:
    """One surge with its groups, and the log of its hits if they are findings too."""

    def __init__(
        self, source: SurgeSource, program: Program, engine: Engine, reader: Reader, rings: Rings | None,
        identities: Identities | None,
    ) -> None:  # fmt: skip
        self.source, self._reader, self._engine, self._identities = source, reader, engine, identities
        self.judge = SurgeJudge(source.rule, source.ring_at, rings.name if rings is not None else str)
        self._known: dict[tuple[int, ...], int] = {}
        """Groups by their values, as they are stored: some that were met of late."""
        self.log: HitLog | None = None
        self._number = program.numbers[source.rule.id]
        if source.finds_hits:
            mark, cells = program.layouts[source.rule.table].marks[source.rule.id], engine.heap

            def tell(hit: Hit, at: Instant, facts: dict[str, object]) -> Finding:
                return reader.of_hit(self._number, hit, at, facts)

            self.log = HitLog(tell, lambda row: bool(int(cells.cells[row + mark.cell]) >> mark.bit & 1), engine.cause)

    def judge_records(
        self, told: Told, chosen: Index, followed: Followed | None, end: int
    ) -> tuple[list[Finding], list[Clearing]]:
        """Count the records that are `chosen`, and let the clock pass; `followed` are the rings it goes by."""
        log, hits = self.log, told.held
        if log is not None:
            hits = self._begin(log, told.held)
        if followed is not None and len(chosen):
            in_ring = followed.rings[chosen] >= 0
            if log is not None:
                hits = hits[in_ring[told.records[chosen, 2] == 1]]
            chosen = chosen[in_ring]
        logged = log.count if log is not None else 0
        counted = self._counted(told.records, chosen, hits, followed) if len(chosen) else None
        unions = _unions(followed, told.records, chosen, logged) if followed is not None and followed.unions else ()
        found, cleared = self.judge.judge(counted, end, log, unions)
        if log is not None:
            window = self.source.surge.window
            cleared = cleared + log.end((end // window - 1) * window)
        return found, cleared

    def _begin(self, log: HitLog, held: Index) -> Index:
        """Let the log know what is over; returns the hits."""
        if len(held):
            held = held[held[:, 1] == self._number]
        is_hit = held[:, 0] == op.HIT
        log.begin(held[~is_hit])
        hits: Index = held[is_hit]
        return hits

    def _counted(self, told: Index, chosen: Index, hits: Index, followed: Followed | None) -> Records:
        records, source = told[chosen], self.source
        if followed is not None and source.ring_at is not None:
            records[:, op.RECORD_HEAD + source.ring_at] = followed.rings[chosen]
        count, width = records.shape
        number, first = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
        table = np.full(2 << count.bit_length(), EMPTY, dtype=np.int32)
        values = len(source.types)
        known = alike(records.reshape(-1), width, op.RECORD_HEAD, values, table, number, first)
        groups = self._groups(records[first[:known], op.RECORD_HEAD : op.RECORD_HEAD + values].tolist())
        if len(set(groups.tolist())) < known:
            # What is stored differs for 0.0 and -0.0, which are one group.
            groups, again = np.unique(groups, return_inverse=True)
            number = again[number]
        hit = records[:, 2] == 1
        before = number
        if self.log is not None:
            before = self.log.count + np.cumsum(hit)
            self.log.add(Hits(groups[number[hit]], hits, self._engine.causes(hits[:, 4]), set()))
        value: Index | None = None
        if source.surge.distinct is not None:
            value = records[:, op.RECORD_HEAD + source.value_at]
            if self._identities is not None:
                value = self._identities.of(value)
        return Records(records, number, groups, hit, before, value)

    def _groups(self, stored: list[list[int]]) -> Index:
        """The groups of these values, as they are stored."""
        types = self.source.types
        if self.source.ring_at is not None:
            # Nearly all of them are met once.
            return self.judge.groups(self._reader.values(types, stored))
        keys = [tuple(one) for one in stored]
        found = list(map(self._known.get, keys))
        if None in found:
            groups = self.judge.groups(self._reader.values(types, stored))
            if len(self._known) + len(keys) > _KNOWN_MAX:
                self._known.clear()
            self._known.update(zip(keys[:_KNOWN_MAX], groups.tolist(), strict=False))
            return groups
        return np.array(found, dtype=np.int64)


def _unions(followed: Followed, told: Index, chosen: Index, logged: int) -> list[Union]:
    """What rings became one, among the records that were `chosen`; `logged` hits were so before them."""
    hits = np.append(0, np.cumsum(told[chosen, 2] == 1))
    found = []
    for union in followed.unions:
        before = int(np.searchsorted(chosen, union.record))
        _, at, _, sequence, position, row, *_ = told[union.record].tolist()
        moment = Moment(row, sequence, position)
        found.append(Union(before, union.kept, union.gone, at, moment, logged + int(hits[before])))
    return found


class Stage:
    """Runs what comes behind the loop."""

    def __init__(self, program: Program, engine: Engine, pool: Pool, lulls: Sequence[LullJudge]) -> None:
        self._engine, self._lulls = engine, lulls
        self.reader = Reader(program, engine, pool)
        kinds = {source.link.of for source in program.links}
        kinds |= {source.distinct_kind for source in program.surges if source.distinct_kind is not None}
        self.identities = {kind: Identities(engine.subjects[kind], engine.heap) for kind in sorted(kinds)}
        self.rings = {
            source.link.name: Rings(source, self.identities[source.link.of], pool) for source in program.links
        }
        self._numbers = len(program.surges) + len(program.links)
        self._members = {name: self._members_by(rings.source, program) for name, rings in self.rings.items()}
        self.surges = [
            SurgeStage(
                source, program, engine, self.reader, None if source.link is None else self.rings[source.link.name],
                None if source.distinct_kind is None else self.identities[source.distinct_kind],
            )
            for source in program.surges
        ]  # fmt: skip

    def _members_by(self, source: LinkSource, program: Program) -> Index:
        """By number of records, where in one the members stand by which rings are found or linked; -1 for none."""
        firsts = np.full(self._numbers, EMPTY, dtype=np.int64)
        firsts[source.number] = op.RECORD_HEAD
        for surge in program.surges:
            if surge.link is not None and surge.link.name == source.link.name:
                firsts[surge.number] = op.RECORD_HEAD + len(surge.types)
        return firsts

    @property
    def rings_size(self) -> int:
        """How many bytes of memory rings take, and the names of those who are in them."""
        known = sum(identities.size for identities in self.identities.values())
        return known + sum(rings.size for rings in self.rings.values())

    def rows(self) -> Iterator[int]:
        """The rows that hits refer to, told ones and those that may yet be told."""
        for surge in self.surges:
            if surge.log is not None:
                yield from surge.log.rows()

    def verdicts(self, told: Told, end: int) -> Verdicts:
        """What was found in a run that ended with the clock at `end`."""
        findings, clearings = self.reader.read(told.out)
        records = told.records
        begins, order = np.zeros(self._numbers + 2, dtype=np.int64), np.empty(len(records), dtype=np.int64)
        by_number(records.reshape(-1), records.shape[1], begins, order)
        bounds = begins.tolist()
        followed = {name: rings.follow(records, self._members[name]) for name, rings in self.rings.items()}
        for surge in self.surges:
            link, number = surge.source.link, surge.source.number
            chosen = order[bounds[number] : bounds[number + 1]]
            found, cleared = surge.judge_records(told, chosen, None if link is None else followed[link.name], end)
            findings += found
            clearings += cleared
        for lull in self._lulls:
            found, cleared = lull.judge(end)
            findings += found
            clearings += cleared
        self._engine.forget_batch()
        return Verdicts(
            sorted(findings, key=attrgetter("fired_at", "rule", "subject")),
            sorted(clearings, key=attrgetter("cleared_at", "finding")),
        )
