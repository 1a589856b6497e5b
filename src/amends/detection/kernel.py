"""The kernel: events in, findings and clearings out. Reads no clock, no randomness, no disk.

What it computes is said in docs/kernel.md. Any split of a stream into batches gives the same.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.batch import EventBatch, batch_of
from amends.detection.build import Machine, SurgeSource
from amends.detection.cells import python_values
from amends.detection.columns import EventColumns
from amends.detection.expression import Type
from amends.detection.finding import Clearing, Finding, Verdicts, finding_id
from amends.detection.judges import NEVER, Firings, SilenceJudge, at_touches
from amends.detection.links import CHILDREN, Links
from amends.detection.pool import Pool
from amends.detection.rows import NO_ROW
from amends.detection.rule import Pack
from amends.detection.scope import EVENT_NAMES
from amends.detection.surge import Ending, Record
from amends.detection.vector import Vector
from amends.detection.versions import TOUCHED, Before, Clockwork, Picked, RowsThen, Subset, Versions
from amends.model.errors import AmendsError
from amends.model.event import Event
from amends.model.instant import Instant

Index = NDArray[np.int64]

_BEGINNING = np.iinfo(np.int64).min
_FORMAT = 3


class StaleSnapshotError(AmendsError, ValueError):
    """The snapshot was made with another pack or an older format: replay the journal instead."""


class Kernel:
    """Detection for one shard of subjects, under one pack. Not for use by two threads at once.

    After an exception its state is undefined: restore it from a snapshot and replay.
    """

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self._pool = Pool()
        self._machine = Machine(pack, self._pool)
        self._links = Links(self._machine.rows, self._machine.concern)
        self._clock = int(_BEGINNING)
        self._stage = _Stage(self)

    @property
    def clock(self) -> Instant | None:
        """The latest moment the kernel knows of; None before the first event."""
        return None if self._clock == _BEGINNING else Instant(self._clock)

    def on_events(self, events: Sequence[Event]) -> Verdicts:
        """Fold events, in journal order, each given once; returns what they and the passing of time brought about."""
        return self.on_batch(self.columns_of(events)) if events else Verdicts()

    def columns_of(self, events: Sequence[Event]) -> EventBatch:
        """Events as the columns that this kernel reads."""
        return batch_of(events, self._machine.reading.readers, self._pool)

    def on_batch(self, batch: EventBatch) -> Verdicts:
        """The same as `on_events`, for events that are columns already."""
        if not batch.size:
            return Verdicts()
        received = np.maximum(np.maximum.accumulate(batch.received), self._clock)
        clock = Clockwork(received, int(received[-1]))
        columns = EventColumns(batch, self._machine.reading, self._pool)
        touches = self._links.touch(columns)
        versions = {
            kind: Versions(table, touches[kind], columns, clock)
            for kind, table in self._machine.tables.items()
            if len(touches[kind].row)
        }
        return self._judge(versions, clock)

    def sweep(self, now: Instant) -> Verdicts:
        """Let the clock pass to `now`; returns the silences that fell due and the surges that ended."""
        if now <= self._clock:
            return Verdicts()
        self._links.forget_new()
        return self._judge({}, Clockwork(np.zeros(0, dtype=np.int64), now))

    def next_due(self) -> Instant | None:
        """The earliest moment at which a sweep could find something; None if nothing is awaited."""
        dues = [
            judge.next_due()
            for judges in self._machine.judges.values()
            for judge in judges
            if isinstance(judge, SilenceJudge)
        ]
        dues += [due for surge in self._machine.surges if (due := surge.judge.next_due()) is not None]
        earliest = min(dues, default=int(NEVER))
        return None if earliest == NEVER else Instant(earliest)

    def row(self, kind: str, subject: str) -> dict[str, Any] | None:
        """What is known of a subject: its columns that have a value. None if there is no such subject."""
        table = self._machine.tables.get(kind)
        row = None if table is None else table.rows.index.get(subject)
        if table is None or row is None or not table.rows.arrays[TOUCHED][row]:
            return None
        frame = Before(table, np.array([row], dtype=np.int64))
        values = {
            name: python_values(frame.column(name), fold.column.type, self._pool)[0]
            for name, fold in table.folds.items()
        }
        return {name: value for name, value in values.items() if value is not None}

    def live(self) -> dict[str, int]:
        """How many subjects of each kind are held."""
        return {kind: rows.size for kind, rows in self._machine.rows.items()}

    def _judge(self, versions: dict[str, Versions], clock: Clockwork) -> Verdicts:
        self._clock = clock.end
        verdicts = self._stage.run(versions, clock)
        for version in versions.values():
            version.commit()
        return verdicts

    def snapshot(self) -> bytes:
        """The whole state, to be restored under the same pack."""
        return msgspec.msgpack.encode(
            {
                "format": _FORMAT,
                "pack": self.pack.digest,
                "clock": self._clock,
                "texts": self._pool.texts,
                "rows": {kind: rows.dump() for kind, rows in self._machine.rows.items()},
                "links": self._links.dump(),
                "judges": {j.rule.id: j.dump() for judges in self._machine.judges.values() for j in judges},
                "surges": {surge.judge.rule.id: surge.judge.dump() for surge in self._machine.surges},
                "hits": {surge.judge.rule.id: surge.found.dump() for surge in self._machine.surges if surge.found},
            }
        )

    @classmethod
    def restore(cls, pack: Pack, snapshot: bytes) -> "Kernel":
        """The kernel as it was when the snapshot was made. Raises StaleSnapshotError."""
        content = msgspec.msgpack.decode(snapshot, strict=False)
        if content.get("format") != _FORMAT or content.get("pack") != pack.digest:
            raise StaleSnapshotError("the snapshot was made with other rules; the journal has to be replayed")
        kernel = cls(pack)
        machine = kernel._machine
        if kernel._pool.texts != content["texts"][: len(kernel._pool.texts)]:
            raise StaleSnapshotError("the snapshot was made by another build; the journal has to be replayed")
        for text in content["texts"]:
            kernel._pool.code(text)
        kernel._clock = content["clock"]
        for kind, rows in content["rows"].items():
            machine.rows[kind].load(rows)
        kernel._links.load(content["links"])
        for judges in machine.judges.values():
            for judge in judges:
                judge.load(content["judges"][judge.rule.id])
        for surge in machine.surges:
            surge.judge.load(content["surges"][surge.judge.rule.id])
            if surge.found is not None:
                surge.found.load(content["hits"][surge.judge.rule.id])
        return kernel


class _Stage:
    """One run of all judges over what a batch touched, and of the surges over what they found."""

    def __init__(self, kernel: Kernel) -> None:
        self._machine, self._pool, self._links = kernel._machine, kernel._pool, kernel._links
        self._fed: dict[str, list[SurgeSource]] = {}
        for surge in self._machine.surges:
            assert surge.judge.rule.surge is not None
            for source in surge.judge.rule.surge.rules:
                self._fed.setdefault(source, []).append(surge)
        self._versions: dict[str, Versions] = {}
        self._findings: list[Finding] = []
        self._records: dict[str, list[Record]] = {}

    def run(self, versions: dict[str, Versions], clock: Clockwork) -> Verdicts:
        self._versions, self._findings, self._records = versions, [], {}
        clearings: list[Clearing] = []
        for kind, judges in self._machine.judges.items():
            for judge in judges:
                clearings.extend(judge.judge(versions.get(kind), clock, self._emit))
        for surge in self._machine.surges:
            steps = self._touches_of(surge) if surge.on_events else self._records.get(surge.judge.rule.id, [])
            found, cleared = surge.judge.judge(steps, clock.end)
            if surge.found is not None:
                surge.found.forget(surge.judge.forgotten)
            self._findings.extend(found)
            clearings.extend(cleared)
        return Verdicts(
            sorted(self._findings, key=lambda finding: (finding.fired_at, finding.rule, finding.subject)),
            sorted(clearings, key=lambda clearing: (clearing.cleared_at, clearing.finding)),
        )

    def _emit(self, firings: Firings) -> list[Finding]:
        findings, picked = self._made(firings)
        self._findings.extend(findings)
        for surge in self._fed.get(firings.rule.id, ()):
            self._count_findings(surge, picked, firings)
        return findings

    def _made(self, firings: Firings) -> tuple[list[Finding], Picked]:
        rule = firings.rule
        report = self._machine.reports[rule.id]
        orders = self._orders(firings)
        then = None
        if report.reads_order and orders is not None:
            then = RowsThen(self._machine.tables["order"], self._versions.get("order"), orders, firings.bounds)
        own = RowsThen(
            self._machine.tables[rule.table], self._versions.get(rule.table), firings.rows, firings.bounds,
            firings.places, by_events=firings.by_events,
        )  # fmt: skip
        picked = Picked(own, then)
        facts = {name: self._values(name, picked, rule.table) for name in report.facts}
        losses, currencies = self._losses(report, picked, rule.table)
        subjects, order_names = self._machine.rows[rule.table].names, self._machine.rows["order"].names
        findings = []
        for place, (row, at, cause) in enumerate(
            zip(firings.rows.tolist(), firings.at.tolist(), firings.causes, strict=True)
        ):
            order = NO_ROW if orders is None else int(orders[place])
            findings.append(
                Finding(
                    id=finding_id(rule.id, rule.table, subjects[row], cause),
                    rule=rule.id,
                    version=rule.version,
                    exception=rule.exception,
                    kind=rule.table,
                    subject=subjects[row],
                    order=None if order == NO_ROW else order_names[order],
                    fired_at=Instant(at),
                    cause=cause,
                    loss=losses[place],
                    currency=None if losses[place] is None else currencies[place],
                    facts={name: values[place] for name, values in facts.items() if values[place] is not None},
                )
            )
        return findings, picked

    def _orders(self, firings: Firings) -> Index | None:
        """The row of the order of each firing; None if such subjects have no order."""
        kind = firings.rule.table
        if kind == "order":
            return firings.rows
        return self._links.parent_at(kind, firings.rows, firings.bounds) if kind in CHILDREN else None

    def _type(self, name: str, table: str) -> Type:
        if name.startswith("event."):
            return EVENT_NAMES[name]
        if name.startswith("order."):
            table, name = "order", name.removeprefix("order.")
        return self._machine.tables[table].folds[name].column.type

    def _values(self, name: str, picked: Picked | Subset, table: str) -> list[Any]:
        return python_values(picked.column(name).spread(picked.size), self._type(name, table), self._pool)

    def _losses(self, report: Any, picked: Picked, table: str) -> tuple[list[int | None], list[str | None]]:
        nothing: list[Any] = [None] * picked.size
        if report.loss is None:
            return nothing, nothing
        loss: Vector = report.loss.over(picked)
        losses = python_values(Vector(np.maximum(loss.values, 0), loss.absent), "money", self._pool)
        if report.currency is None:
            return losses, nothing
        return losses, self._values(report.currency, picked, table)

    def _count_findings(self, surge: SurgeSource, picked: Picked, firings: Firings) -> None:
        by = surge.judge.rule.surge.by if surge.judge.rule.surge else ()
        columns = [self._values(name, picked, surge.table) for name in by]
        records = self._records.setdefault(surge.judge.rule.id, [])
        for at, *group in zip(firings.at.tolist(), *columns, strict=True):
            if None not in group:
                records.append(Record(at, tuple(group)))
        records.sort(key=lambda record: record.at)

    def _touches_of(self, surge: SurgeSource) -> list[Record | Ending]:
        """What a surge of events counts, and where the troubles of its hits end, in the order of work."""
        rule, versions = surge.judge.rule, self._versions.get(surge.table)
        if versions is None or rule.surge is None:
            return []
        subset = versions.subset(frozenset(rule.surge.on))
        columns = [self._values(name, subset, surge.table) for name in rule.surge.by]
        holds = np.ones(subset.size, dtype=bool) if surge.hits is None else surge.hits.holds(subset)
        groups = [None if None in group else tuple(group) for group in zip(*columns, strict=True)]
        told_as: dict[int, Finding] = {}
        steps: list[Record | Ending] = []
        if surge.found is not None:
            counted = np.fromiter((group is not None for group in groups), dtype=bool, count=len(groups))
            index = np.flatnonzero(counted & holds)
            hits = self._made(at_touches(rule, subset, index))[0] if len(index) else []
            told_as = dict(zip(index.tolist(), hits, strict=True))
            steps += surge.found.endings(versions, subset.places[index], hits)
        at, position, places = subset.received.tolist(), subset.position.tolist(), subset.places.tolist()
        steps += [
            Record(at[number], group, hit, (position[number], places[number]), told_as.get(number))
            for number, (group, hit) in enumerate(zip(groups, holds.tolist(), strict=True))
            if group is not None
        ]
        # Rows lie side by side in the table; steps are wanted in the order of work, an end before what it comes with.
        return sorted(steps, key=lambda step: (step.place, isinstance(step, Record)))
