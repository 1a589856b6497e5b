"""One run of all judges over what a batch touched, and of the surges over what they found."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.build import Machine, SurgeSource
from amends.detection.finding import Clearing, Finding, Verdicts
from amends.detection.grouping import Chosen, alike
from amends.detection.hits import Hits
from amends.detection.judges import Firings, at_touches
from amends.detection.links import Links
from amends.detection.pool import Pool
from amends.detection.reporting import Reporter
from amends.detection.surge import NO_GROUP, Records
from amends.detection.vector import Frame
from amends.detection.versions import Clockwork, Versions

Index = NDArray[np.int64]

_NO_RECORDS: Index = np.zeros(0, dtype=np.int64)


class Stage:
    """Runs the judges of a machine."""

    def __init__(self, machine: Machine, links: Links, pool: Pool) -> None:
        self._machine = machine
        self._reporter = Reporter(machine, links, pool)
        self._fed: dict[str, list[SurgeSource]] = {}
        for surge in machine.surges:
            for source in surge.surge.rules:
                self._fed.setdefault(source, []).append(surge)
        self._versions: dict[str, Versions] = {}
        self._findings: list[Finding] = []
        self._clearings: list[Clearing] = []
        self._records: dict[str, list[tuple[Index, Index]]] = {}

    def run(self, versions: dict[str, Versions], clock: Clockwork) -> Verdicts:
        """What the rules find in a batch, and in the passing of time."""
        self._versions, self._findings, self._clearings, self._records = versions, [], [], {}
        for kind, judges in self._machine.judges.items():
            for judge in judges:
                self._clearings.extend(judge.judge(versions.get(kind), clock, self._emit))
        for wait in self._machine.experience.waits.values():
            wait.follow(versions.get(wait.wait.table))
        for surge in self._machine.surges:
            self._judge_surge(surge, clock)
        for lull in self._machine.lulls:
            found, cleared = lull.judge(clock.end)
            self._findings.extend(found)
            self._clearings.extend(cleared)
        return Verdicts(
            sorted(self._findings, key=lambda finding: (finding.fired_at, finding.rule, finding.subject)),
            sorted(self._clearings, key=lambda clearing: (clearing.cleared_at, clearing.finding)),
        )

    def _emit(self, firings: Firings) -> list[Finding]:
        reported = self._reporter.report(firings, self._versions)
        findings = self._reporter.findings(firings, reported)
        self._findings.extend(findings)
        for surge in self._fed.get(firings.rule.id, ()):
            groups = self._groups(surge, reported.picked)
            counted = groups != NO_GROUP
            self._records.setdefault(surge.judge.rule.id, []).append((groups[counted], firings.at[counted]))
        return findings

    def _judge_surge(self, surge: SurgeSource, clock: Clockwork) -> None:
        if surge.log is not None:
            surge.log.begin(self._versions.get(surge.table))
        records = self._touches_of(surge) if surge.surge.on else self._findings_of(surge)
        found, cleared = surge.judge.judge(records, clock.end, surge.log)
        self._findings.extend(found)
        self._clearings.extend(cleared)
        if surge.log is not None:
            window = surge.surge.window
            self._clearings.extend(surge.log.end((clock.end // window - 1) * window))

    def _findings_of(self, surge: SurgeSource) -> Records | None:
        """What a surge of findings counts."""
        parts = self._records.get(surge.judge.rule.id)
        if not parts:
            return None
        groups, at = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(at, kind="stable")
        hits = np.ones(len(at), dtype=bool)
        return Records(groups[order], at[order], hits, _NO_RECORDS, _NO_RECORDS)

    def _touches_of(self, surge: SurgeSource) -> Records | None:
        """What a surge of events counts, in the order of work; its hits go into the log."""
        versions = self._versions.get(surge.table)
        if versions is None:
            return None
        subset = versions.subset(frozenset(surge.surge.on))
        if not subset.size:
            return None
        groups = self._groups(surge, subset)
        hits = np.ones(subset.size, dtype=bool) if surge.hits is None else surge.hits.holds(subset)
        # Rows lie side by side in the table; records are wanted in the order of work.
        order = np.argsort(subset.position, kind="stable")
        order = order[groups[order] != NO_GROUP]
        at, hit = subset.received[order], hits[order]
        numbers = _NO_RECORDS
        if surge.log is not None:
            numbers = surge.log.count + np.cumsum(hit)
            index = order[hit]
            if len(index):
                firings = at_touches(surge.judge.rule, subset, index)
                reported = self._reporter.report(firings, self._versions)
                surge.log.add(
                    Hits(
                        groups[index].tolist(), firings.rows.tolist(), firings.at.tolist(), reported.orders,
                        firings.causes, reported.facts, reported.losses, reported.currencies,
                    )
                )  # fmt: skip
        return Records(groups[order], at, hit, numbers, subset.places[order])

    def _groups(self, surge: SurgeSource, frame: Frame) -> Index:
        """The group of each element of a frame, as a row of the surge's; NO_GROUP where a value of it is absent."""
        vectors = [frame.column(name).spread(frame.size) for name in surge.surge.by]
        present = np.ones(frame.size, dtype=bool)
        for vector in vectors:
            present &= vector.present(frame.size)
        index = np.flatnonzero(present)
        groups = np.full(frame.size, NO_GROUP, dtype=np.int64)
        if len(index):
            number, first = alike([vector.values[index] for vector in vectors], [None] * len(vectors), len(index))
            picked = Chosen(frame, index[first])
            columns = [self._reporter.values(name, picked, surge.table) for name in surge.surge.by]
            groups[index] = surge.judge.groups(list(zip(*columns, strict=True)))[number]
        return groups
