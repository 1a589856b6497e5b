"""The kernel: events in, findings and clearings out. Reads no clock, no randomness, no disk.

What it computes is said in docs/kernel.md. Any split of a stream into batches gives the same.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.batch import EventBatch, batch_of
from amends.detection.engine import Engine
from amends.detection.finding import Verdicts
from amends.detection.heap import Subjects
from amends.detection.layout import Cell
from amends.detection.learning.scale import HORIZON
from amends.detection.machine.codes import DECIMAL, FLAG, TEXT
from amends.detection.machine.row import MARKS, NEVER
from amends.detection.page import Page
from amends.detection.page_reader import PageReader
from amends.detection.pool import Pool
from amends.detection.program import Program
from amends.detection.rule import Pack
from amends.detection.settled import MissingError, Reopen, Settled
from amends.detection.settling import Settling
from amends.detection.stage import Stage
from amends.detection.vector import NO_INT
from amends.detection.waiting import EPOCH, Experience
from amends.model.errors import AmendsError
from amends.model.event import Event
from amends.model.instant import DAY, Instant

Index = NDArray[np.int64]

_BEGINNING = int(np.iinfo(np.int64).min)
_FORMAT = 13


class StaleSnapshotError(AmendsError, ValueError):
    """The snapshot was made with another pack or an older format: replay the journal instead."""


class _Head(msgspec.Struct, frozen=True):
    """What says whether a snapshot is of any use."""

    format: int = 0
    pack: str = ""


class _Saved(_Head, frozen=True, kw_only=True):
    """A snapshot. The cells are most of it, and are not copied on the way."""

    clock: int
    epoch_ends: int
    texts: dict[str, Any]
    cells: memoryview
    engine: dict[str, Any]
    waits: Any
    open: Any
    surges: dict[str, Any]
    hits: dict[str, Any]
    rings: dict[str, Any]
    identities: dict[str, Any]
    settled: dict[str, Any] | None


class Kernel:
    """Detection for one shard of subjects, under one pack. Not for use by two threads at once.

    After an exception its state is undefined: restore it from a snapshot and replay.

    With `settled`, which no other kernel may have, subjects of which nothing is awaited leave memory at the ends of
    epochs, and come back if they are named again; what is found is the same. Without it all stay.
    """

    def __init__(self, pack: Pack, settled: Settled | None = None) -> None:
        self.pack = pack
        self._pool = Pool()
        self._program = Program(pack, self._pool)
        self._engine = Engine(self._program, self._pool)
        self._pages = PageReader(self._program.readers, self._pool, self._engine.listed)
        self._experience = Experience(self._program, self._engine, self._pool)
        self._stage = Stage(self._program, self._engine, self._pool, self._experience.lulls)
        self._settling: Settling | None = None
        if settled is not None:
            self._settling = Settling(self._program, self._engine, self._stage.reader, settled)
            self._engine.come_back, self._engine.had_left = self._settling.come_back, self._settling.had_left
        self._clock = _BEGINNING
        self._epoch_ends = 0
        """When what is usual is learned anew, and what has settled leaves; 0 before the clock has begun."""
        self._pressed = 0
        """The day on which rows were last pressed; that makes no difference to anyone."""

    @property
    def clock(self) -> Instant | None:
        """The latest moment the kernel knows of; None before the first event."""
        return None if self._clock == _BEGINNING else Instant(self._clock)

    @property
    def readers(self) -> Mapping[str, frozenset[str]]:
        """The fields of events that the rules read, each with the types of event it is read from."""
        return self._program.readers

    def on_events(self, events: Sequence[Event]) -> Verdicts:
        """Fold events, in journal order, each given once; returns what they and the passing of time brought about."""
        return self.on_batch(self.columns_of(events)) if events else Verdicts()

    def columns_of(self, events: Sequence[Event]) -> EventBatch:
        """Events as the columns that this kernel reads."""
        return batch_of(events, self.readers, self._pool, self._engine.listed)

    def on_page(self, page: Page) -> Verdicts:
        """The same as `on_events`, for events that are lines of the journal."""
        return self.on_batch(self._pages.batch(page)) if page.size else Verdicts()

    def on_batch(self, batch: EventBatch) -> Verdicts:
        """The same as `on_events`, for events that are columns already."""
        if not batch.size:
            return Verdicts()
        received = np.maximum(np.maximum.accumulate(batch.received), self._clock)
        if not self._has_epochs:
            return self._on_part(batch, received)
        said: list[Verdicts] = []
        start = 0
        while start < batch.size:
            said += self._end_epochs(int(received[start]))
            stop = int(np.searchsorted(received, self._epoch_ends, side="left"))
            whole = start == 0 and stop == batch.size
            said.append(self._on_part(batch if whole else batch.part(start, stop), received[start:stop]))
            start = stop
        return _joined(said)

    @property
    def _has_epochs(self) -> bool:
        return bool(self._experience) or self._settling is not None

    def _on_part(self, batch: EventBatch, received: Index) -> Verdicts:
        self._clock = int(received[-1])
        told = self._engine.advance(batch, received)
        self._experience.take(told.ended)
        verdicts = self._stage.verdicts(told, self._clock)
        if self._clock // DAY != self._pressed:
            self._pressed = self._clock // DAY
            self.press()
        return verdicts

    def _end_epochs(self, now: int) -> list[Verdicts]:
        """Let the clock pass the ends of epochs up to `now`, and learn at each what is usual."""
        if not self._epoch_ends:
            # A snapshot of a kernel that had no epochs may have been taken over.
            begun = now if self._clock == _BEGINNING else self._clock
            self._epoch_ends = (begun // EPOCH + 1) * EPOCH
        said = []
        while self._epoch_ends <= now:
            said.append(self._pass_to(self._epoch_ends))
            if self._experience:
                self._experience.relearn(Instant(self._epoch_ends))
                self._arm_anew()
            self.settle()
            self._epoch_ends += EPOCH
        return said

    def press(self) -> None:
        """Let rows that nothing has befallen since this was last done take less memory. This happens every day too."""
        self._engine.heap.press(self._engine.kinds)

    def settle(self) -> None:
        """Let what has settled leave memory. This happens at the end of every epoch too; without `settled`, never."""
        if self._settling is not None and self._clock != _BEGINNING:
            begun = self._experience.begun
            self._settling.leave(self._clock, self._stage.rows(), passed=begun - HORIZON, begun=begun)

    def _arm_anew(self) -> None:
        """What is usual has been learned anew: every row is due by that, but not before now."""
        program = self._program
        for name, block in program.anew.items():
            rule = program.pack.rules[name]
            subjects = self._engine.subjects[rule.table]
            # Who has no such moment gets none by what is learned, unless its very condition asks for that.
            rows = subjects.all() if program.turns(rule) else subjects.awaiting(name)
            work = np.stack([rows, np.full(len(rows), block)], axis=1)
            self._engine.pass_to(self._clock, work)
            self._engine.forget_batch()

    def sweep(self, now: Instant) -> Verdicts:
        """Let the clock pass to `now`; returns the silences that fell due and the surges that ended."""
        if now <= self._clock:
            return Verdicts()
        if not self._has_epochs:
            return self._pass_to(now)
        said = self._end_epochs(now)
        return _joined([*said, self._pass_to(now)])

    def _pass_to(self, now: int) -> Verdicts:
        self._clock = now
        told = self._engine.pass_to(now)
        self._experience.take(told.ended)
        return self._stage.verdicts(told, now)

    def next_due(self) -> Instant | None:
        """The earliest moment at which a sweep could find something; None if nothing is awaited."""
        dues = [due for surge in self._stage.surges if (due := surge.judge.next_due()) is not None]
        dues += [due for lull in self._experience.lulls if (due := lull.next_due()) is not None]
        if any(len(self._engine.subjects[self.pack.rules[rule].table]) for rule in self._program.anew):
            # What is learned there may make something due at once.
            dues.append(self._epoch_ends)
        earliest = min(dues, default=NEVER)
        earliest = min(earliest, self._engine.earliest())
        return None if earliest == NEVER else Instant(earliest)

    def row(self, kind: str, subject: str) -> dict[str, Any] | None:
        """What is known of a subject: its columns that have a value. None if there is no such subject."""
        subjects = self._engine.subjects.get(kind)
        row = None if subjects is None else self._engine.row(kind, subject)
        if subjects is None or row is None or not self._engine.heap.cells[row + MARKS] & 1:
            return None
        values = {
            name: self._value(subjects, row, cell, self._program.type_of(name, kind) == "flag")
            for name, cell in subjects.layout.columns.items()
        }
        return {name: value for name, value in values.items() if value is not None}

    def _value(self, subjects: Subjects, row: int, cell: Cell, is_flag: bool) -> Any:  # noqa: FBT001
        if cell.form in (TEXT, FLAG):
            half = int(np.array([subjects.value(row, cell.at >> 1)]).view(np.int32)[cell.at & 1])
            if half < 0:
                return None
            return half == 1 if is_flag else self._pool.text(half)
        whole = subjects.value(row, cell.at)
        if cell.form == DECIMAL:
            double = struct.unpack("<d", struct.pack("<q", whole))[0]
            return None if double != double else double
        return None if whole == NO_INT else whole

    def live(self) -> dict[str, int]:
        """How many subjects of each kind are held in memory."""
        return {kind: len(subjects) for kind, subjects in self._engine.subjects.items()}

    def sizes(self) -> dict[str, int]:
        """Bytes of memory, by what they are for; without open findings, hits, and what is learned of waits."""
        subjects = self._engine.subjects
        rows = {f"rows of {kind}s": held.size for kind, held in subjects.items() if len(held)}
        return rows | {
            "rows that were": self._engine.heap.size - sum(rows.values()),
            "names": sum(held.names.size for held in subjects.values()),
            "texts": self._pool.size,
            "groups of surges": sum(surge.judge.size for surge in self._stage.surges),
            "rings": self._stage.rings_size,
        }

    def snapshot(self) -> bytes:
        """The whole state, to be restored under the same pack.

        What has settled is in it, or kept in its store if that lasts; else UnsavedError is raised.
        """
        engine = self._engine.dump()
        saved = _Saved(
            format=_FORMAT,
            pack=self.pack.digest,
            clock=self._clock,
            epoch_ends=self._epoch_ends,
            texts=self._pool.dump(),
            cells=self._engine.heap.content,
            engine=engine,
            waits=self._experience.dump(),
            open=self._stage.reader.open.dump(),
            surges={surge.judge.rule.id: surge.judge.dump() for surge in self._stage.surges},
            hits={surge.judge.rule.id: surge.log.dump() for surge in self._stage.surges if surge.log},
            rings={name: rings.dump() for name, rings in self._stage.rings.items()},
            identities={kind: known.dump() for kind, known in self._stage.identities.items()},
            settled=None if self._settling is None else self._settling.settled.dump(),
        )
        return msgspec.msgpack.encode(saved)

    @classmethod
    def restore(cls, pack: Pack, snapshot: bytes, reopen: Reopen | None = None) -> "Kernel":
        """The kernel as it was when the snapshot was made. Raises StaleSnapshotError.

        `reopen` is asked for the store of what has settled, if it does not lie in the snapshot.
        """
        head = msgspec.msgpack.decode(snapshot, type=_Head)
        if head.format != _FORMAT or head.pack != pack.digest:
            raise StaleSnapshotError("the snapshot was made with other rules; the journal has to be replayed")
        content = msgspec.msgpack.decode(snapshot, type=_Saved, strict=False)
        try:
            settled = None if content.settled is None else Settled.load(content.settled, reopen)
        except MissingError as error:
            raise StaleSnapshotError(str(error)) from error
        kernel = cls(pack, settled)
        known = list(kernel._pool.texts)
        kernel._pool.load(content.texts)
        if kernel._pool.texts[: len(known)] != known:
            raise StaleSnapshotError("the snapshot was made by another build; the journal has to be replayed")
        kernel._clock, kernel._epoch_ends = content.clock, content.epoch_ends
        kernel._engine.load(content.engine, content.cells)
        kernel._experience.load(content.waits)
        kernel._stage.reader.open.load(content.open)
        for name, rings in kernel._stage.rings.items():
            rings.load(content.rings[name])
        for kind, identities in kernel._stage.identities.items():
            identities.load(content.identities[kind])
        for surge in kernel._stage.surges:
            surge.judge.load(content.surges[surge.judge.rule.id])
            if surge.log is not None:
                surge.log.load(content.hits[surge.judge.rule.id])
        return kernel


def _joined(said: list[Verdicts]) -> Verdicts:
    """Verdicts one after the other in time, as one."""
    return Verdicts(
        [finding for each in said for finding in each.findings],
        [clearing for each in said for clearing in each.clearings],
    )
