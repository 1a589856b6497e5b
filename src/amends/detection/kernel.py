"""The kernel: events in, findings and clearings out. Reads no clock, no randomness, no disk.

What it computes is said in docs/kernel.md. Any split of a stream into batches gives the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.batch import EventBatch, batch_of
from amends.detection.build import Machine
from amends.detection.cells import python_values
from amends.detection.columns import EventColumns
from amends.detection.finding import Verdicts
from amends.detection.judges import NEVER, SilenceJudge
from amends.detection.links import Links
from amends.detection.pool import Pool
from amends.detection.rule import Pack
from amends.detection.stage import Stage
from amends.detection.versions import TOUCHED, Before, Clockwork, Versions
from amends.detection.waiting import EPOCH
from amends.model.errors import AmendsError
from amends.model.event import Event
from amends.model.instant import Instant

Index = NDArray[np.int64]

_BEGINNING = np.iinfo(np.int64).min
_FORMAT = 6


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
        self._epoch_ends = 0
        """When what is usual is learned anew; of no meaning before the clock has begun."""
        self._stage = Stage(self._machine, self._links, self._pool)

    @property
    def clock(self) -> Instant | None:
        """The latest moment the kernel knows of; None before the first event."""
        return None if self._clock == _BEGINNING else Instant(self._clock)

    @property
    def readers(self) -> Mapping[str, frozenset[str]]:
        """The fields of events that the rules read, each with the types of event it is read from."""
        return self._machine.reading.readers

    def on_events(self, events: Sequence[Event]) -> Verdicts:
        """Fold events, in journal order, each given once; returns what they and the passing of time brought about."""
        return self.on_batch(self.columns_of(events)) if events else Verdicts()

    def columns_of(self, events: Sequence[Event]) -> EventBatch:
        """Events as the columns that this kernel reads."""
        return batch_of(events, self.readers, self._pool)

    def on_batch(self, batch: EventBatch) -> Verdicts:
        """The same as `on_events`, for events that are columns already."""
        if not batch.size:
            return Verdicts()
        received = np.maximum(np.maximum.accumulate(batch.received), self._clock)
        if not self._machine.experience.waits:
            return self._on_part(batch, received)
        said: list[Verdicts] = []
        start = 0
        while start < batch.size:
            said += self._end_epochs(int(received[start]))
            stop = int(np.searchsorted(received, self._epoch_ends, side="left"))
            said.append(self._on_part(batch.part(start, stop), received[start:stop]))
            start = stop
        return _joined(said)

    def _on_part(self, batch: EventBatch, received: NDArray[np.int64]) -> Verdicts:
        clock = Clockwork(received, int(received[-1]))
        columns = EventColumns(batch, self._machine.reading, self._pool)
        touches = self._links.touch(columns)
        versions = {
            kind: Versions(table, touches[kind], columns, clock)
            for kind, table in self._machine.tables.items()
            if len(touches[kind].row)
        }
        return self._judge(versions, clock)

    def _end_epochs(self, now: int) -> list[Verdicts]:
        """Let the clock pass the ends of epochs up to `now`, and learn at each what is usual."""
        if self._clock == _BEGINNING:
            self._epoch_ends = (now // EPOCH + 1) * EPOCH
        said = []
        while self._epoch_ends <= now:
            said.append(self._pass_to(self._epoch_ends))
            self._machine.relearn(Instant(self._epoch_ends))
            self._epoch_ends += EPOCH
        return said

    def sweep(self, now: Instant) -> Verdicts:
        """Let the clock pass to `now`; returns the silences that fell due and the surges that ended."""
        if now <= self._clock:
            return Verdicts()
        if not self._machine.experience.waits:
            return self._pass_to(now)
        said = self._end_epochs(now)
        return _joined([*said, self._pass_to(now)])

    def _pass_to(self, now: int) -> Verdicts:
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
        dues += [due for lull in self._machine.lulls if (due := lull.next_due()) is not None]
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
                "epoch_ends": self._epoch_ends,
                "waits": {name: wait.dump() for name, wait in self._machine.experience.waits.items()},
                "texts": self._pool.texts,
                "rows": {kind: rows.dump() for kind, rows in self._machine.rows.items()},
                "links": self._links.dump(),
                "judges": {j.rule.id: j.dump() for judges in self._machine.judges.values() for j in judges},
                "surges": {surge.judge.rule.id: surge.judge.dump() for surge in self._machine.surges},
                "lulls": {lull.rule.id: lull.dump() for lull in self._machine.lulls},
                "hits": {surge.judge.rule.id: surge.log.dump() for surge in self._machine.surges if surge.log},
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
        kernel._clock, kernel._epoch_ends = content["clock"], content["epoch_ends"]
        for name, wait in machine.experience.waits.items():
            wait.load(content["waits"][name])
        for kind, rows in content["rows"].items():
            machine.rows[kind].load(rows)
        kernel._links.load(content["links"])
        for judges in machine.judges.values():
            for judge in judges:
                judge.load(content["judges"][judge.rule.id])
        for surge in machine.surges:
            surge.judge.load(content["surges"][surge.judge.rule.id])
            if surge.log is not None:
                surge.log.load(content["hits"][surge.judge.rule.id])
        for lull in machine.lulls:
            lull.load(content["lulls"][lull.rule.id])
        return kernel


def _joined(said: list[Verdicts]) -> Verdicts:
    """Verdicts one after the other in time, as one."""
    return Verdicts(
        [finding for each in said for finding in each.findings],
        [clearing for each in said for clearing in each.clearings],
    )
