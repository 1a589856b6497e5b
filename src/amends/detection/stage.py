"""From what the loop put out to verdicts: findings of rules, then of the surges that count them."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from amends.detection.engine import Engine, Told
from amends.detection.finding import Clearing, Finding, Verdicts
from amends.detection.grouping import alike
from amends.detection.hits import Hit, HitLog, Hits
from amends.detection.lull import LullJudge
from amends.detection.machine import codes as op
from amends.detection.pool import Pool
from amends.detection.program import Program
from amends.detection.reads import SurgeSource
from amends.detection.surge import Records, SurgeJudge
from amends.detection.verdicts import Reader
from amends.model.instant import Instant

Index = NDArray[np.int64]


class SurgeStage:
    """One surge with its groups, and the log of its hits if they are findings too."""

    def __init__(self, source: SurgeSource, program: Program, engine: Engine, reader: Reader) -> None:
        self.source, self._reader, self._engine = source, reader, engine
        self.judge = SurgeJudge(source.rule)
        self.log: HitLog | None = None
        self._number = program.numbers[source.rule.id]
        if source.finds_hits:
            mark, cells = program.layouts[source.rule.table].marks[source.rule.id], engine.heap

            def tell(hit: Hit, at: Instant, facts: dict[str, object]) -> Finding:
                return reader.of_hit(self._number, hit, at, facts)

            self.log = HitLog(tell, lambda row: bool(int(cells.cells[row + mark.cell]) >> mark.bit & 1), engine.cause)

    def judge_records(self, told: Told, end: int) -> tuple[list[Finding], list[Clearing]]:
        """Count what the loop recorded for this surge, and let the clock pass."""
        log = self.log
        if log is None and not len(told.records):
            return self.judge.judge(None, end)
        records = _of(told.records, 0, self.source.number)
        held = _of(told.held, 1, self._number) if log is not None else told.held
        if log is not None:
            log.begin(held[held[:, 0] == op.OVER])
        counted = self._counted(records, held) if len(records) else None
        found, cleared = self.judge.judge(counted, end, log)
        if log is not None:
            window = self.source.surge.window
            cleared = cleared + log.end((end // window - 1) * window)
        return found, cleared

    def _counted(self, records: Index, held: Index) -> Records:
        values = records[:, op.RECORD_HEAD : op.RECORD_HEAD + len(self.source.types)]
        number, first = alike(list(values.T), len(values))
        names = [self._reader.values(self.source.types, stored) for stored in values[first].tolist()]
        groups = self.judge.groups(names)[number]
        hit = records[:, 2] == 1
        before = np.zeros(len(records), dtype=np.int64)
        if self.log is not None:
            before = self.log.count + np.cumsum(hit)
            own = held[held[:, 0] == op.HIT]
            self.log.add(Hits(groups[hit], own, self._engine.causes(own[:, 4].tolist()), set()))
        return Records(
            group=groups, at=records[:, 1], hit=hit, hit_before=before,
            row=records[:, 5], sequence=records[:, 3], position=records[:, 4],
        )  # fmt: skip


def _of(rows: Index, column: int, number: int) -> Index:
    found: Index = rows[rows[:, column] == number]
    return found


class Stage:
    """Runs what comes behind the loop."""

    def __init__(self, program: Program, engine: Engine, pool: Pool, lulls: Sequence[LullJudge]) -> None:
        self._engine, self._lulls = engine, lulls
        self.reader = Reader(program, engine, pool)
        self.surges = [SurgeStage(source, program, engine, self.reader) for source in program.surges]

    def rows(self) -> Iterator[int]:
        """The rows that hits refer to, told ones and those that may yet be told."""
        for surge in self.surges:
            if surge.log is not None:
                yield from surge.log.rows()

    def verdicts(self, told: Told, end: int) -> Verdicts:
        """What was found in a run that ended with the clock at `end`."""
        findings, clearings = self.reader.read(told.out)
        for surge in self.surges:
            found, cleared = surge.judge_records(told, end)
            findings += found
            clearings += cleared
        for lull in self._lulls:
            found, cleared = lull.judge(end)
            findings += found
            clearings += cleared
        self._engine.forget_batch()
        return Verdicts(
            sorted(findings, key=lambda finding: (finding.fired_at, finding.rule, finding.subject)),
            sorted(clearings, key=lambda clearing: (clearing.cleared_at, clearing.finding)),
        )
