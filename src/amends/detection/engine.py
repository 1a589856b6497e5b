"""Everything the loop works on: its arrays, made and grown here, and what it put out, handed over."""

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.batch import EventBatch, Laid
from amends.detection.heap import Heap, Subjects
from amends.detection.learning.scale import EDGES
from amends.detection.machine import lanes, state
from amends.detection.machine.gathering import gather_fields, gather_keys
from amends.detection.machine.loop import ENDED, KEPT, run
from amends.detection.machine.row import CHUNKS, WAITING
from amends.detection.machine.timers import earliest
from amends.detection.page import Spans
from amends.detection.pool import Pool
from amends.detection.program import Program
from amends.detection.reads import listed_fields, passed_on
from amends.detection.scope import EVENT_NAMES
from amends.detection.vector import NO_INT
from amends.model.errors import UnusableInputError
from amends.model.subjects import KINDS

Index = NDArray[np.int64]
Floats = NDArray[np.float64]

_ANEW = [
    state.PHASE, state.OUT, state.RECORDS, state.HELD, state.ENDED, state.KEPT, state.FREED, state.TIMERS,
    state.SEQUENCE, state.WORK,
]  # fmt: skip
"""What begins anew with each run."""
_NOTHING: Index = np.zeros(0, dtype=np.int64)
_NO_VALUES = Laid(_NOTHING, _NOTHING, _NOTHING, _NOTHING)


class Told(msgspec.Struct, frozen=True):
    """What a run put out: verdicts as `codes` has them; one a row, records, and hits with turns; and ended waits.

    It has to be read before the next run, which writes where this one did.
    """

    out: Index
    records: Index
    held: Index
    ended: Index


class Learned(msgspec.Struct, frozen=True):
    """What was learned of waits, for the loop; see `Experience`."""

    met: Index
    answers: Index
    answer_bases: Index
    curves: Floats
    far: Index
    curve_bases: Index


class Engine:
    """Runs a program over events and over the passing of time."""

    def __init__(self, program: Program, pool: Pool) -> None:
        self._program, self._pool = program, pool
        self.heap = Heap(program.starts, max(layout.chunks for layout in program.layouts.values()))
        self.subjects = {kind: Subjects(program.layouts[kind], self.heap) for kind in KINDS}
        self.kinds, self._due_rules = program.kind_info()
        self._passes = passed_on(program.concern, program.types)
        self._missing = program.missing_fields()
        self._reads = program.reading()
        self._fed = np.zeros(len(program.types), dtype=bool)
        self._fed[[program.types[type_] for type_ in program.concern.get("source", ())]] = True
        """By type of event, whether it concerns its feed."""
        self.listed = listed_fields(program.pack, program.reports)
        """Fields whose texts need not be known."""
        self._read = [(name, EVENT_NAMES[f"event.{name}"] == "text") for name in program.fields]
        self._shapes = program.lane_shapes()
        self._wait_cells = program.wait_cells()
        self._calendars = program.calendars()
        self._own_names: Index = np.zeros(1, dtype=np.int64)
        self._own_bases: Index = np.zeros(len(KINDS), dtype=np.int64)
        self._own_met: list[int] = []
        self._heard: Index = np.full(len(program.lulls) + 1, NO_INT, dtype=np.int64)
        self._state: Index = np.zeros(state.SIZE, dtype=np.int64)
        s = self._state
        s[state.OUT_ROOM], s[state.RECORD_ROOM] = program.out_room, program.record_room
        s[state.HELD_WIDTH], s[state.HELD_ROOM] = program.held_width, program.held_room
        s[state.CELL_ROOM] = program.cell_room
        s[state.RECORD_WIDTH], s[state.TYPES] = program.record_width, len(program.types)
        s[state.DUES_MAX] = max(len(layout.deadlines) for layout in program.layouts.values())
        s[state.FIELDS_MAX] = int(self._reads.sum(axis=0).max(initial=0))
        self._registers: Index = program.registers.copy()
        self._doubles: Floats = self._registers.view(np.float64)
        self._field_now: Index = np.zeros(len(self._missing), dtype=np.int64)
        self._field_stamp: Index = np.full(len(self._missing), np.iinfo(np.int64).max, dtype=np.int64)
        self._stack: Index = np.zeros(8, dtype=np.int64)
        self._named: Index = np.zeros(len(KINDS), dtype=np.int64)
        self._out: Index = np.zeros(program.out_room * 2 + 4096, dtype=np.int64)
        self._records: Index = np.zeros(program.record_room * 2 + 1024, dtype=np.int64)
        self._held: Index = np.zeros(program.held_room * 2 + 1024, dtype=np.int64)
        self._ended: Index = np.zeros(256 * ENDED, dtype=np.int64)
        self._timers: Index = np.zeros(3 * 1024, dtype=np.int64)
        self._touches: Index = np.zeros(3 * 64, dtype=np.int64)
        self._kept: Index = np.zeros(64 * KEPT, dtype=np.int64)
        self._kept_data: Index = np.zeros(1024, dtype=np.int64)
        self._freed: Index = np.zeros(64, dtype=np.int64)
        self.groups: Index = np.zeros(256 * lanes.GROUP, dtype=np.int64)
        self._group_table: Index = np.zeros(1024, dtype=np.int64)
        self.group_counts: Index = np.zeros(1 + max(1, len(program.waits)), dtype=np.int64)
        self._causes: dict[int, str] = {}
        """Of waiting events, by slot."""
        self._batch: EventBatch | None = None
        self._translated: dict[tuple[int, bool], tuple[Sequence[str], NDArray[np.int32]]] = {}
        """Texts that the batch brought, by identity, with their codes in the pool."""
        self._known = self._translated
        """The same of the batch before, which may have shared them."""
        self._spelled: dict[str, tuple[Sequence[str], Spans]] = {}
        """The names of the batch by kind, and the same as bytes."""
        self._here: dict[int, int] = {}
        """Of events of the batch that came to wait, by slot."""
        self._gone: list[int] = []
        self.come_back: Callable[[int, Index, int], None] | None = None
        """Told of a kind and of the numbers that its subjects were just given, and the time, to put back who left."""
        self.had_left: Callable[[int, str], bool] | None = None
        self._place: Index = np.zeros(len(self._touches), dtype=np.int64)
        nothing, none = np.zeros(1, dtype=np.int64), np.zeros(1)
        count = max(1, len(program.waits))
        self.learned = Learned(
            np.zeros(count, dtype=np.int64), nothing, np.zeros(len(program.questions) + 1, dtype=np.int64), none,
            nothing, np.zeros(2 * count, dtype=np.int64),
        )  # fmt: skip

    # ---------------------------------------------------------------- running

    def advance(self, batch: EventBatch, received: Index) -> Told:
        """Take in a batch; `received` is when each event was learned of, by a clock that never goes back."""
        s = self._state
        s[state.EVENTS], s[state.END], s[state.WORKS] = batch.size, received[-1], 0
        self._batch = batch
        self._known, self._translated = self._translated, {}
        types = self._as_own(batch.type, batch.types)
        self._check(types)
        keys = self._keys(batch)
        fields = self._fields(batch)
        self._forget_texts(batch)
        feeds = self._feeds(batch, types)
        self._name_rows()
        told = self._run(types, batch.time, received, feeds, keys, fields, _NOTHING)
        s[state.ARRIVALS] += batch.size
        return told

    def _check(self, types: NDArray[np.int32]) -> None:
        # The types of the vocabulary have the first codes.
        unknown = np.flatnonzero(types >= len(self._program.types))
        if len(unknown):
            name = self._pool.text(int(types[unknown[0]]))
            raise UnusableInputError(f"`type` {name!r} of an event is not in the vocabulary")

    def pass_to(self, now: int, work: Sequence[tuple[int, int]] | Index = ()) -> Told:
        """Let the clock pass; before, go through blocks of the program for rows: pairs of a row and a block."""
        s = self._state
        s[state.EVENTS], s[state.END] = 0, now
        wanted = np.array(work, dtype=np.int64).reshape(-1)
        s[state.WORKS] = len(wanted) // 2
        self._batch = None
        types = np.zeros(0, dtype=np.int32)
        return self._run(types, _NOTHING, _NOTHING, _NOTHING, _NO_VALUES, _NO_VALUES, wanted)

    def _run(
        self, types: NDArray[np.int32], times: Index, received: Index, feeds: Index,
        keys: Laid, fields: Laid, work: Index,
    ) -> Told:  # fmt: skip
        program, heap, s, learned = self._program, self.heap, self._state, self.learned
        s[_ANEW] = 0
        s[state.BLOCKS] = heap.blocks
        keeping = np.zeros(2 * len(times) + 2, dtype=np.int64)
        times = np.ascontiguousarray(times, dtype=np.int64)
        ahead = np.zeros(3, dtype=np.int64)
        key_begins, field_begins = (np.zeros(len(times) + 2, dtype=np.int64) for _ in range(2))
        named = np.empty(len(keys.places), dtype=np.int64)
        gather_keys(keys.places, keys.values, keys.starts, keys.ends, key_begins, named)
        numbers, values = np.empty(len(fields.places), dtype=np.int32), np.empty(len(fields.places), dtype=np.int64)
        gather_fields(
            fields.places, fields.values, fields.starts, fields.ends, types, self._reads.reshape(-1),
            len(program.types), field_begins, numbers, values,
        )  # fmt: skip
        while True:
            arrays: list[Any] = [
                s, program.code, program.constants, program.rule_info, program.entry, self.kinds, self._due_rules,
                self._passes, heap.cells, heap.halves, self._registers, self._doubles,
                heap.block_base, heap.block_kind, heap.block_due, types, times, received, feeds,
                key_begins, named, ahead, field_begins, numbers, values,
                self._missing, self._field_now, self._field_stamp,
                self._kept, self._kept_data, self._touches, self._found(), self._named, self._timers,
                self._out, self._records, self._held, self._ended, keeping, self._freed,
                self._pool.starts, self._pool.characters,
                self._shapes, self.groups, self._group_table, self.group_counts, learned.met, self._wait_cells,
                learned.answers, learned.answer_bases, learned.curves, learned.far, learned.curve_bases, EDGES,
                self._calendars, self._own_names, self._own_bases, self._heard, work, self._stack,
            ]  # fmt: skip
            why = run(*arrays)
            if why == state.FINISHED:
                break
            # The heap moves as it grows: there may be no view of it.
            arrays.clear()
            self._grow(why)
        self._settle_kept(keeping)
        width = program.record_width
        return Told(
            self._out[: s[state.OUT]],
            self._records[: s[state.RECORDS]].reshape(-1, width),
            self._held[: s[state.HELD]].reshape(-1, program.held_width),
            self._ended[: s[state.ENDED] * ENDED],
        )

    def _found(self) -> Index:
        # As many as there are touches, so that it never is too small.
        if len(self._place) < len(self._touches):
            self._place = np.zeros(len(self._touches), dtype=np.int64)
        return self._place

    def _grow(self, why: int) -> None:
        if why == state.MORE_CELLS:
            self.heap.make_room(len(self.heap.cells))
            return
        if why == state.MORE_GROUPS:
            self.groups = _doubled(self.groups)
            self._group_table = np.zeros(2 * len(self._group_table), dtype=np.int64)
            lanes.fill(self.groups, int(self.group_counts[0]), self._group_table, self._shapes)
            return
        if why == state.MORE_KEPT:
            self._kept, self._freed = _doubled(self._kept), _doubled(self._freed)
            return
        name = {
            state.MORE_OUT: "_out", state.MORE_RECORDS: "_records",
            state.MORE_HELD: "_held", state.MORE_ENDED: "_ended",
            state.MORE_TIMERS: "_timers", state.MORE_TOUCHES: "_touches", state.MORE_KEPT_DATA: "_kept_data",
        }[why]  # fmt: skip
        setattr(self, name, _doubled(getattr(self, name)))

    # ---------------------------------------------------------------- events as the loop reads them

    def _keys(self, batch: EventBatch) -> Laid:
        """The rows that events name, by kind."""
        places, rows, starts, ends = [], [], [], []
        at = 0
        for kind in KINDS:
            named = batch.keys.get(kind)
            starts.append(at)
            if named is not None and len(named.places):
                if named.codes is None:
                    found = self._rows(kind, named.names)
                else:
                    used = np.flatnonzero(np.bincount(named.codes, minlength=len(named.names)))
                    by_code = np.full(len(named.names), -1, dtype=np.int64)
                    by_code[used] = self._rows(kind, self._spans(kind, named.names).chosen(used))
                    found = by_code[named.codes]
                places.append(named.places)
                rows.append(found)
                at += len(found)
            ends.append(at)
        return Laid(
            np.concatenate(places) if places else _NOTHING,
            np.concatenate(rows) if rows else _NOTHING,
            np.array(starts, dtype=np.int64),
            np.array(ends, dtype=np.int64),
        )

    def _spans(self, kind: str, names: Sequence[str]) -> Spans:
        """Names as bytes. Parts of a batch share them."""
        known = self._spelled.get(kind)
        if known is None or known[0] is not names:
            spans = names if isinstance(names, Spans) else Spans.of(names)
            known = self._spelled[kind] = names, spans
        return known[1]

    def _rows(self, kind: str, names: Sequence[str]) -> Index:
        """The rows of subjects, new where need be, or back from where they had settled."""
        subjects = self.subjects[kind]
        rows = subjects.rows_of(*names.joined()) if isinstance(names, Spans) else subjects.rows(names)
        if self.come_back is not None and len(subjects.new):
            self.come_back(subjects.kind, subjects.new, int(self._state[state.END]))
        return rows

    def row(self, kind: str, name: str) -> int | None:
        """The row of a subject; None if it was never named."""
        subjects = self.subjects[kind]
        row = subjects.row(name)
        if row is None and self.had_left is not None and self.had_left(subjects.kind, name):
            row = int(self._rows(kind, [name])[0])
        return row

    def _fields(self, batch: EventBatch) -> Laid:
        """The fields of events."""
        if batch.laid is not None:
            return batch.laid
        places, values, starts, ends = [], [], [], []
        at = 0
        given = batch.fields
        for name, is_text in self._read:
            field = given.get(name)
            starts.append(at)
            if field is not None and len(field.places):
                stored = field.values
                if is_text:
                    stored = self._as_own(stored, field.texts, listed=name in self.listed)
                places.append(field.places)
                values.append(stored.view(np.int64) if stored.dtype == np.float64 else stored.astype(np.int64))
                at += len(field.places)
            ends.append(at)
        return Laid(
            np.concatenate(places) if places else _NOTHING,
            np.concatenate(values) if values else _NOTHING,
            np.array(starts, dtype=np.int64),
            np.array(ends, dtype=np.int64),
        )

    def _forget_texts(self, batch: EventBatch) -> None:
        """Let go of the texts of batches before, but for what this one shares, though it may not use it."""
        here = {id(batch.types), *(id(field.texts) for field in batch.fields.values())}
        self._translated |= {key: held for key, held in self._known.items() if key[0] in here}
        self._known = {}
        named = {id(keys.names) for keys in batch.keys.values()}
        self._spelled = {kind: held for kind, held in self._spelled.items() if id(held[0]) in named}

    def _feeds(self, batch: EventBatch, types: NDArray[np.int32]) -> Index:
        """The row of the feed by which each event came, where it concerns someone."""
        feeds = np.full(batch.size, -1, dtype=np.int64)
        counts = np.flatnonzero(self._fed[types])
        if len(counts):
            codes = batch.source[counts]
            used = np.flatnonzero(np.bincount(codes, minlength=len(batch.sources)))
            rows = np.full(len(batch.sources), -1, dtype=np.int64)
            rows[used] = self._rows("source", [batch.sources[code] for code in used.tolist()])
            feeds[counts] = rows[codes]
        return feeds

    def _as_own(self, codes: NDArray[Any], texts: Sequence[str], *, listed: bool = False) -> NDArray[np.int32]:
        """Codes into `texts` as those of the pool. Parts of a batch, and some batches, share their texts."""
        if texts is self._pool.texts:
            return codes
        key = id(texts), listed
        known = self._translated.get(key) or self._known.get(key)
        if known is None or known[0] is not texts or len(known[1]) != len(texts):
            known = (texts, self._pool.listed_codes(texts) if listed else self._pool.codes(texts, len(texts)))
        self._translated[key] = known
        own: NDArray[np.int32] = known[1][codes]
        return own

    def _name_rows(self) -> None:
        """Let the loop know the ids of rows as texts, of the kinds that ask for them: few subjects, such as feeds."""
        met = [self.subjects[kind].met for kind in self._program.named_kinds]
        if met == self._own_met:
            return
        self._own_met = met
        parts, at = [self._own_names[:1]], 1
        for kind in self._program.named_kinds:
            names = self.subjects[kind].names
            numbers, codes = names.all(), np.full(names.numbers_given, -1, dtype=np.int64)
            codes[numbers] = self._pool.codes([names.name(number) for number in numbers.tolist()], len(numbers))
            self._own_bases[KINDS.index(kind)] = at
            parts.append(codes)
            at += len(codes)
        self._own_names = np.concatenate(parts)

    def earliest(self) -> int:
        """The earliest moment at which a row is due; NEVER if none is."""
        heap = self.heap
        return earliest(heap.block_base, heap.block_kind, heap.block_due, heap.blocks, self.kinds, heap.cells)

    # ---------------------------------------------------------------- events that wait

    def cause(self, reference: int) -> str:
        """The identity of an event of the run that is over: of the batch, or one that waited."""
        if reference >= 0:
            assert self._batch is not None
            return self._batch.cause(reference)
        slot = -reference - 2
        here = self._here.get(slot)
        if here is not None:
            assert self._batch is not None
            return self._batch.cause(here)
        return self._causes[slot]

    def causes(self, references: Index) -> list[tuple[str, str]]:
        """The identities of events, as source and id; of those that waited all in the first."""
        return [
            (self.cause(reference), "") if reference < 0 else (source, id_)
            for reference, source, id_ in self._identities(references)
        ]

    def names_of(self, references: Index) -> dict[int, str]:
        """What findings call events."""
        return {
            reference: self.cause(reference) if reference < 0 else f"{source} {id_}"
            for reference, source, id_ in self._identities(references)
        }

    def _identities(self, references: Index) -> Iterator[tuple[int, str, str]]:
        """Events with their sources and ids; of those that waited these say nothing."""
        if self._batch is None:
            return zip(references.tolist(), repeat(""), repeat(""))
        return zip(references.tolist(), *self._batch.identities(np.maximum(references, 0)), strict=True)

    def forget_batch(self) -> None:
        """The run was read: what nobody will ask of any more may go."""
        gone = set(self._gone)
        kept = [slot for slot in self._here if slot not in gone]
        names = self.names_of(np.array([self._here[slot] for slot in kept], dtype=np.int64))
        self._causes.update((slot, names[self._here[slot]]) for slot in kept)
        for slot in gone - self._here.keys():
            del self._causes[slot]
        self._here, self._gone = {}, []
        self._batch = None
        if self._state[state.SLOTS] > 64 and 4 * len(self._causes) < self._state[state.SLOTS]:
            self._close_up()

    def _settle_kept(self, keeping: Index) -> None:
        kept = keeping[: 2 * int(self._state[state.KEPT])].tolist()
        self._here = dict(zip(kept[::2], kept[1::2], strict=True))
        self._gone = self._freed[: int(self._state[state.FREED])].tolist()

    def _close_up(self) -> None:
        """Move the events that wait together."""
        waiting = sorted(self._causes)
        new = {slot: place for place, slot in enumerate(waiting)}
        new[-1] = -1
        heads = self._kept.reshape(-1, KEPT)[waiting].copy()
        data: list[Index] = []
        at = 0
        for head in heads:
            part = self._kept_data[head[5] : head[6]].copy()
            head[0], head[5], head[6] = new[int(head[0])], at, at + len(part)
            at += len(part)
            data.append(part)
        self._kept.reshape(-1, KEPT)[: len(heads)] = heads
        if at:
            self._kept_data[:at] = np.concatenate(data)
        self._state[state.SLOTS], self._state[state.KEPT_DATA] = len(heads), at
        self._causes = {new[slot]: cause for slot, cause in self._causes.items()}
        for subjects in self.subjects.values():
            rows = subjects.all()
            first = subjects.values(rows, WAITING)
            held = np.flatnonzero(first >= 0)
            # It is the first cell that a row has.
            places = self.heap.cells[rows[held] + CHUNKS + 1]
            self.heap.cells[places] = [new[int(slot)] for slot in first[held]]

    # ---------------------------------------------------------------- snapshots

    def dump(self) -> dict[str, Any]:
        """The state beside the cells, for a snapshot. A run must have been read."""
        s = self._state
        return {
            "heap": self.heap.dump(),
            "subjects": {kind: subjects.dump() for kind, subjects in self.subjects.items()},
            "state": s.tobytes(),
            "kept": self._kept[: s[state.SLOTS] * KEPT].tobytes(),
            "kept_data": self._kept_data[: s[state.KEPT_DATA]].tobytes(),
            "causes": list(self._causes.items()),
            "groups": self.groups[: self.group_counts[0] * lanes.GROUP].tobytes(),
            "group_counts": self.group_counts.tobytes(),
        }

    def load(self, content: dict[str, Any], cells: memoryview) -> None:
        """Take over what was dumped by an engine of the same program."""
        self.heap.load(content["heap"], cells)
        for kind, subjects in content["subjects"].items():
            self.subjects[kind].load(subjects)
        self._state[:] = np.frombuffer(content["state"], dtype=np.int64)
        for name in ("kept", "kept_data", "groups"):
            held = np.frombuffer(content[name], dtype=np.int64)
            array = getattr(self, name if name == "groups" else f"_{name}")
            while len(array) < len(held) + 64 * KEPT:
                array = _doubled(array)
            array[: len(held)] = held
            setattr(self, name if name == "groups" else f"_{name}", array)
        while len(self._freed) < len(self._kept) // KEPT + 2:
            self._freed = _doubled(self._freed)
        self._causes = dict(content["causes"])
        self.group_counts[:] = np.frombuffer(content["group_counts"], dtype=np.int64)
        while len(self._group_table) < 4 * len(self.groups) // lanes.GROUP:
            self._group_table = np.zeros(2 * len(self._group_table), dtype=np.int64)
        lanes.fill(self.groups, int(self.group_counts[0]), self._group_table, self._shapes)


def _doubled(array: NDArray[Any]) -> NDArray[Any]:
    grown = np.zeros(2 * len(array), dtype=array.dtype)
    grown[: len(array)] = array
    return grown
