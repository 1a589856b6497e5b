"""From a checked pack to a program: the layout of every row, and the instructions for every event and every rule."""

from collections.abc import Iterable, Set

import numpy as np
from numpy.typing import NDArray

from amends.detection.expression import compile_expression
from amends.detection.firsts import FirstTouch
from amends.detection.folding import BITS, Folding, bits_of
from amends.detection.layout import Layout, start_of
from amends.detection.machine import codes as op
from amends.detection.machine.assembly import Assembler, Label
from amends.detection.machine.hours import HEAD as CALENDAR_HEAD
from amends.detection.machine.lanes import SHAPE, VALUES
from amends.detection.machine.loop import CHILD_KINDS, KIND_COUNT, KIND_INFO, RULE_INFO
from amends.detection.machine.row import ASLEEP, CHUNK, HEAD, NEVER, UNIT
from amends.detection.pool import Pool
from amends.detection.reads import (
    Following,
    LinkSource,
    Report,
    RowNames,
    concern_of,
    currency_of,
    expressions_of,
    named_kinds,
    plain_length,
    readers_of,
    surge_sources,
)
from amends.detection.recording import Recording
from amends.detection.rule import Pack, Rule, Wait
from amends.detection.runs import join_runs
from amends.detection.scope import EVENT_NAMES, event_scope, loss_scope, row_scope
from amends.detection.switches import write_switches
from amends.detection.types import Type
from amends.detection.written import Asked, Expression, Scope, missing
from amends.model.subjects import KINDS
from amends.model.types import EVENT_TYPES

Index = NDArray[np.int64]

_CALLED = 62
"""So many blocks are called by one instruction."""


class Program:
    """The compiled pack. Nothing in it changes while it runs, except that the pool may grow."""

    def __init__(self, pack: Pack, pool: Pool) -> None:
        self.pack, self._pool = pack, pool
        self.types = {type_: pool.code(type_) for type_ in sorted(EVENT_TYPES)}
        """Codes of event types, the first of the pool."""
        self.rules: list[Rule] = list(pack.rules.values())
        self.numbers = {rule.id: number for number, rule in enumerate(self.rules)}
        self.waits = list(pack.waits.values())
        self._asked = Asked()
        self._asm = Assembler()
        self._scopes: dict[tuple[str, bool], Scope] = {}
        self._events = event_scope(pack.sets, pack.calendars)
        self.expressions_of: dict[tuple[str, int], Expression] = {}
        """By text and scope, since most are asked for more than once."""
        self._kept: list[Scope] = []
        self.starts: list[int] = []
        """What rows of all kinds begin with, in the order of their places."""
        self.layouts = {kind: self._layout(kind) for kind in KINDS}
        self._number_waits()
        self.reports = {rule.id: self._report(rule) for rule in self.rules}
        self.surges = surge_sources(pack, self.type_of)
        numbered = enumerate(pack.links.values(), start=len(self.surges))
        self.links = [LinkSource(link=link, number=number) for number, link in numbered]
        self.lulls = [rule for rule in self.rules if rule.surge is not None and rule.surge.wait is not None]
        self._recording = Recording(self._asm, self.numbers, self.type_of)
        self.readers = readers_of(pack, self.reports, lambda text: self._needed(text, self._events).names)
        self.fields = {name: number for number, name in enumerate(sorted(self.readers))}
        self._folding = Folding(self._asm, self.fields, lambda where: self._needed(where, self._events))
        self.concern = concern_of(pack)
        self.named_kinds = named_kinds(pack)
        self.rule_info = np.full(len(self.rules) * RULE_INFO, -1, dtype=np.int64)
        self.anew: dict[str, int] = {}
        """By rule whose limit is learned, the block that arms a row anew."""
        self._blocks: dict[str, tuple[int, int]] = {}
        """By rule, the block that judges it and the columns that move it, as bits."""
        self._write_rules()
        self._links = {
            source.number: self._recording.write_link(source, self._names(source.link.table)) for source in self.links
        }
        self.entry = self._write_entries()
        listed = [number for number, absent in enumerate(self.missing_fields()) if absent == -1]
        write_switches(self._asm, listed)
        join_runs(self._asm, self.starts)
        self.code, self.constants, self.registers = self._asm.code(), self._asm.pool(), self._asm.registers()
        self.questions = list(self._asked.questions)

    # ---------------------------------------------------------------- rows

    def _of_table(self, kind: str, *kinds: str) -> list[Rule]:
        return [rule for rule in self.rules if rule.table == kind and rule.kind in kinds]

    def _layout(self, kind: str) -> Layout:
        marked = [
            rule.id
            for rule in self.rules
            if rule.table == kind and (rule.kind in ("conflict", "silence") or rule.until is not None)
        ]
        silences = [rule.id for rule in self._of_table(kind, "silence")]
        waits = [wait.name for wait in self.waits if wait.table == kind]
        layout = Layout(kind, self.pack.tables.get(kind), marked, silences, waits, HEAD + len(self.starts))
        self.starts += layout.starts
        return layout

    def _number_waits(self) -> None:
        for number, wait in enumerate(self.waits):
            if len(wait.by[0]) > VALUES:
                raise ValueError(f"the wait `{wait.name}` has more than {VALUES} columns in `by`")
            self._asked.numbers[wait.name] = number
            self._asked.lanes[wait.name] = wait.by[0]
            self._asked.since[wait.name] = self._needed(wait.since, self._row_scope(wait.table)).emit

    def kind_info(self) -> tuple[Index, Index]:
        """For each kind what the loop needs of its rows; and the rules of all deadlines."""
        info, rules = np.zeros(KIND_COUNT * KIND_INFO, dtype=np.int64), list[int]()
        for place, kind in enumerate(KINDS):
            layout = self.layouts[kind]
            info[place * KIND_INFO : (place + 1) * KIND_INFO] = (
                layout.chunks, len(layout.deadlines), len(rules), layout.width, place in CHILD_KINDS,
            )  # fmt: skip
            rules += [self.numbers[rule] for rule in layout.deadlines]
        return info, np.array([*rules, 0], dtype=np.int64)

    def reading(self) -> Index:
        """By field and type of event, 1 where it is read from such events."""
        read = [[int(type_ in self.readers[name]) for type_ in self.types] for name in self.fields]
        return np.array([*read, [0] * len(self.types)], dtype=np.int64)

    def missing_fields(self) -> Index:
        """What stands for each field where an event has none."""
        return np.array([missing(EVENT_NAMES[f"event.{name}"]) for name in self.fields] or [0], dtype=np.int64)

    def lane_shapes(self) -> Index:
        """Of each wait, the columns of its lanes."""
        shapes = np.zeros(max(1, len(self.waits)) * SHAPE, dtype=np.int64)
        for number, wait in enumerate(self.waits):
            columns = wait.by[0]
            shape = shapes[number * SHAPE : (number + 1) * SHAPE]
            shape[0] = len(wait.by)
            for level, names in enumerate(wait.by):
                shape[1 + level] = sum(1 << columns.index(name) for name in names)
            shape[1 + VALUES] = len(columns)
            for place, name in enumerate(columns):
                shape[2 + VALUES + place] = missing(self.type_of(name, wait.table))
        return shapes

    @property
    def cell_room(self) -> int:
        """The most cells of the heap that one event may take, whose rows may be pressed, beside what it gives back."""
        chunks = max(layout.chunks for layout in self.layouts.values())
        return (CHUNK + UNIT) * (2 * len(KINDS) + (3 + len(KINDS)) * chunks)

    def wait_cells(self) -> Index:
        """Where each wait's state lies in a row, and whether a lull watches it."""
        watched = {rule.surge.wait for rule in self.lulls if rule.surge is not None}
        cells = [
            cell
            for wait in self.waits
            for cell in (*self.layouts[wait.table].waits[wait.name], int(wait.name in watched))
        ]
        return np.array([*cells, 0], dtype=np.int64)

    def calendars(self) -> Index:
        """All calendars that are asked, as the loop reads them: of each a head, and behind all heads their arrays."""
        asked = list(self._asked.calendars)
        heads, data = list[int](), list[Index]()
        at = len(asked) * CALENDAR_HEAD
        for calendar in asked:
            parts = (calendar.starts, calendar.worked, calendar.marks, calendar.ends)
            places = at + np.cumsum([0, *map(len, parts)])
            heads += [*places[:4].tolist(), len(calendar.starts), len(calendar.ends), calendar.known_from]
            data += parts
            at = int(places[4])
        return np.concatenate([np.array([*heads], dtype=np.int64), *data, np.zeros(1, dtype=np.int64)])

    @property
    def out_room(self) -> int:
        """The most numbers that one touch may put out."""
        by_table: dict[str, int] = {}
        for rule in self.rules:
            room = 2 * op.OUT_HEAD + self.reports[rule.id].size
            by_table[rule.table] = by_table.get(rule.table, 0) + room
        return max(by_table.values(), default=0) + 64

    @property
    def held_width(self) -> int:
        """How many numbers a hit has."""
        sizes = [self.reports[source.rule.id].size for source in self.surges if source.finds_hits]
        return op.HELD_HEAD + max(sizes, default=0)

    @property
    def held_room(self) -> int:
        """The most numbers that the hits of one touch may take."""
        return (2 * len(self.surges) + 1) * self.held_width

    @property
    def record_room(self) -> int:
        """The most numbers that the records of one touch may take."""
        return (len(self.rules) + 1) * (len(self.surges) + len(self.links) + 1) * self.record_width

    @property
    def record_width(self) -> int:
        """How many numbers a record has."""
        widths = [source.width for source in self.surges] + [1 + len(source.link.by) for source in self.links]
        return op.RECORD_HEAD + max(widths, default=0)

    # ---------------------------------------------------------------- names

    def type_of(self, name: str, table: str) -> Type:
        """The type of a column of a table, of the order's, or of a field of events."""
        if name.startswith("event."):
            return EVENT_NAMES[name]
        if name.startswith("order."):
            table, name = "order", name.removeprefix("order.")
        return self.pack.tables[table].columns[name].type

    def _row_scope(self, table: str, *, with_event: bool = False) -> Scope:
        known = self._scopes.get((table, with_event))
        if known is None:
            pack = self.pack
            known = row_scope(pack.tables[table], pack.sets, pack.calendars, with_event=with_event, waits=pack.waits)
            self._scopes[table, with_event] = known
        return known

    def _needed(self, text: str | None, scope: Scope) -> Expression:
        assert text is not None  # the pack was checked
        known = self.expressions_of.get((text, id(scope)))
        if known is None:
            known = compile_expression(text, scope, self._pool, self._asked)
            self.expressions_of[text, id(scope)] = known
            self._kept.append(scope)
        return known

    def _compile(self, text: str | None, scope: Scope) -> Expression | None:
        return None if text is None else self._needed(text, scope)

    def _names(self, table: str | None) -> RowNames:
        columns = self.layouts[table].columns if table is not None else {}
        return RowNames(columns, self.layouts["order"].columns, self.fields)

    def _bits(self, table: str, names: Iterable[str]) -> int:
        return bits_of(self.pack.tables[table].columns, names)

    # ---------------------------------------------------------------- rules

    def _report(self, rule: Rule) -> Report:
        with_event = self._row_scope(rule.table, with_event=True)
        names: set[str] = set()
        for text in expressions_of(rule):
            names |= self._needed(text, with_event).names
        pack = self.pack
        scope = loss_scope(pack.tables[rule.table], pack.tables.get("order"), pack.sets, pack.calendars)
        loss = self._compile(rule.loss, scope)
        facts = sorted(names | set(rule.evidence))
        return Report(
            facts={name: self.type_of(name, rule.table) for name in facts},
            loss=loss,
            currency=currency_of(loss, scope),
        )

    def _write_rules(self) -> None:
        for rule in self.rules:
            info = self.rule_info[self.numbers[rule.id] * RULE_INFO :][:RULE_INFO]
            info[0] = self._write_report(rule)
            layout = self.layouts[rule.table]
            if rule.id in layout.marks:
                mark = layout.marks[rule.id]
                info[1:3] = mark.cell, mark.bit
            if rule.kind == "silence":
                deadline = layout.deadlines[rule.id]
                info[3:5] = deadline.due, deadline.fired
                info[5] = self._write_passing(rule)
                self._blocks[rule.id] = self._write_silence(rule)
            elif rule.kind == "conflict":
                self._blocks[rule.id] = self._write_conflict(rule)
            elif rule.kind == "surge":
                self._blocks[rule.id] = self._write_surge(rule), 0

    def _write_report(self, rule: Rule) -> int:
        """The block that puts out what a finding of the rule says, and feeds the surges that count it."""
        asm, report = self._asm, self.reports[rule.id]
        begins = asm.begin(self._names(rule.table))
        asm.do(op.OUT, report.loss.emit(asm) if report.loss is not None else asm.constant(missing("money")))
        asm.do(op.OUT, asm.load(report.currency) if report.currency is not None else asm.constant(-1))
        for name in report.facts:
            asm.do(op.OUT, asm.load(name))
        for source in self.surges:
            if rule.id in source.surge.rules:
                self._recording.write_record(source, None)
        asm.do(op.RETURN)
        return begins

    def _write_fault(self, rule: Rule) -> None:
        """Stands where it is asked, since each is asked by few types of event."""
        asm, nothing = self._asm, Label()
        asm.begin(self._names(rule.table))
        when = self._compile(rule.when, self._row_scope(rule.table, with_event=True))
        if when is not None:
            when.test(asm, op.IF_NOT_TRUE, nothing)
        asm.do(op.FIRE, self.numbers[rule.id])
        asm.mark(nothing)

    def _write_conflict(self, rule: Rule) -> tuple[int, int]:
        asm, when = self._asm, self._needed(rule.when, self._row_scope(rule.table))
        begins = asm.begin(self._names(rule.table))
        self._write_truth(when, op.CONFLICT, self.numbers[rule.id])
        return begins, self._bits(rule.table, when.names)

    def _write_truth(self, condition: Expression, operation: int, number: int) -> None:
        """Do one thing where a condition is true, the other where it is not."""
        asm, fails = self._asm, Label()
        condition.test(asm, op.IF_NOT_TRUE, fails)
        asm.do(operation, 1, number)
        asm.mark(fails)
        asm.do(operation, 0, number)

    def _write_silence(self, rule: Rule) -> tuple[int, int]:
        asm, number = self._asm, self.numbers[rule.id]
        begins, off, unknown = asm.begin(self._names(rule.table)), Label(), Label()
        learns = self._learns(rule)
        since, due, names = self._write_due(rule, off, unknown)
        before = self._compile(rule.before, self._row_scope(rule.table))
        if before is not None:
            names |= before.names
            self._write_in_time(before.emit(asm), due, learns=learns)
        asm.do(op.ARM, since, due, number)
        asm.do(op.UNHIDE)
        asm.mark(unknown)
        if learns:
            asm.do(op.SLEEP, number, since, self._write_limit(before))
        asm.mark(off)
        asm.do(op.DISARM, number)
        if learns:
            self.anew[rule.id] = self._write_anew(rule, before)
        return begins, self._bits(rule.table, names)

    def _write_due(self, rule: Rule, off: Label, unknown: Label | None = None) -> tuple[int, int, frozenset[str]]:
        """Since when a row waits and when that is due, in registers; or on to `off` where it is not armed.

        On to `unknown` (`off`, unless given) where only `within` is absent, with since when in the register returned.
        """
        asm, scope = self._asm, self._row_scope(rule.table)
        since, until = self._needed(rule.since, scope), self._needed(rule.until, scope)
        where = self._compile(rule.where, scope)
        begun = since.emit(asm)
        asm.unless_present(op.JUMP_ABSENT_I, begun, off)
        until.test(asm, op.IF_TRUE, off)
        names = since.names | until.names
        if where is not None:
            where.test(asm, op.IF_NOT_TRUE, off)
            names |= where.names
        length = plain_length(rule.within)
        if length is not None:
            return begun, asm.let(op.ADD_I, begun, asm.constant(length)), names
        asked = self._needed(rule.within, scope)
        within = asked.emit(asm)
        asm.unless_present(op.JUMP_ABSENT_I, within, unknown or off)
        return begun, asm.let(op.ADD_I, begun, within), names | asked.names

    def _write_in_time(self, before: int, due: int, *, learns: bool) -> None:
        """Never due where it would fire only when it has nothing to say any more.

        If `learns`, it may yet be due earlier by what is learned later.
        """
        asm, fine = self._asm, Label()
        now = asm.let(op.TOUCHED_AT)
        asm.jump(op.TEST_LESS_EQUAL_I, before, asm.let(op.GREATER_I, due, now), op.IF_NOT_TRUE, fine)
        if learns:
            asm.do(op.MOVE, due, asm.constant(ASLEEP))
            asm.jump(op.TEST_LESS_I, now, before, op.IF_TRUE, fine)
        asm.do(op.MOVE, due, asm.constant(NEVER))
        asm.mark(fine)

    def _write_limit(self, before: Expression | None) -> int:
        return self._asm.constant(missing("instant")) if before is None else before.emit(self._asm)

    def _learns(self, rule: Rule) -> bool:
        return plain_length(rule.within) is None and self._needed(rule.within, self._row_scope(rule.table)).learned

    def _write_anew(self, rule: Rule, before: Expression | None) -> int:
        asm, number = self._asm, self.numbers[rule.id]
        begins, off, unknown = asm.begin(self._names(rule.table)), Label(), Label()
        since, due, _ = self._write_due(rule, off, unknown)
        asm.do(op.ARM_ANEW, since, due, self._write_limit(before), number)
        asm.mark(unknown)
        asm.do(op.ARM_ANEW, since, asm.constant(ASLEEP), self._write_limit(before), number)
        asm.mark(off)
        nothing = asm.constant(missing("instant"))
        asm.do(op.ARM_ANEW, nothing, asm.constant(ASLEEP if self.turns(rule) else NEVER), nothing, number)
        return begins

    def turns(self, rule: Rule) -> bool:
        """Whether a silence may be armed or disarmed, or be of another moment, by what is learned alone."""
        scope = self._row_scope(rule.table)
        return any(self._needed(text, scope).learned for text in (rule.since, rule.until, rule.where) if text)

    def _write_passing(self, rule: Rule) -> int:
        """What is done when the clock passes the moment at which a row was due; the first register holds it."""
        asm = self._asm
        begins = asm.begin(self._names(rule.table))
        asm.register()
        since = self._needed(rule.since, self._row_scope(rule.table)).emit(asm)
        asm.do(op.PASSED, since, self.numbers[rule.id])
        return begins

    def _write_surge(self, rule: Rule) -> int:
        """The block that counts a touch; nothing for a surge that counts findings."""
        assert rule.surge is not None
        asm = self._asm
        begins = asm.begin(self._names(rule.table))
        if rule.surge.on and rule.surge.wait is None:
            hits = self._compile(rule.surge.hits, self._row_scope(rule.table, with_event=True))
            source = next(source for source in self.surges if source.rule is rule)
            self._recording.write_record(source, None if hits is None else hits.emit(asm))
        asm.do(op.RETURN)
        return begins

    # ---------------------------------------------------------------- touches

    def _write_entries(self) -> Index:
        """For each kind and type of event where its block begins; -1 where such a touch concerns no one."""
        entry = np.full(KIND_COUNT * len(self.types), -1, dtype=np.int64)
        for kind in filter(self.pack.tables.__contains__, KINDS):
            following, first = self._following(kind), KINDS.index(kind) * len(self.types)
            for type_ in sorted(self.concern[kind]):
                entry[first + self.types[type_]] = self._write_touch(kind, type_, following)
        return entry

    def _write_touch(self, kind: str, type_: str, following: Following) -> int:
        asm, table = self._asm, self.pack.tables[kind]
        begins = asm.here
        moved = self._bits(kind, [name for name, column in table.columns.items() if type_ in column.on])
        self._folding.write(kind, table.columns, self.layouts[kind].columns, type_)
        # What is counted at a touch is counted of the ring that it makes.
        for source in self.links:
            if source.link.table == kind and type_ in source.link.on:
                asm.do(op.CALL, self._links[source.number])
        if following.marks:
            for cell, bits in following.marks.items():
                asm.do(op.CALL_IF_ANY, cell, asm.constant(bits), following.endings)
        first = self._first_touch(kind, type_)
        conflicts = (self._blocks[rule.id] for rule in self._of_table(kind, "conflict"))
        gates = [*following.waits, *following.overs, *conflicts]
        judged = set(gates[len(following.waits) :])
        for rule in self._of_table(kind, "fault", "silence", "surge"):
            if rule.kind == "silence":
                gates.append(self._blocks[rule.id])
                continue
            counts = rule.surge is not None and type_ in rule.surge.on
            if counts or rule.surge is None and type_ in rule.on:
                self._write_gates(gates, moved, first, judged)
                gates = []
            if counts:
                asm.do(op.CALL, self._blocks[rule.id][0])
            elif rule.surge is None and type_ in rule.on:
                self._write_fault(rule)
        self._write_gates(gates, moved, first, judged)
        self._write_learned_anew(kind)
        for number, lull in enumerate(self.lulls):
            if lull.table == kind and type_ in self._heard_by(lull):
                assert lull.surge is not None
                asm.do(op.HEAR, number, asm.constant(int(lull.surge.window)))
        asm.do(op.FINISH_TOUCH)
        return begins

    def _heard_by(self, lull: Rule) -> frozenset[str]:
        """The types of event by which something is heard of the wait that a lull watches."""
        assert lull.surge is not None
        assert lull.surge.wait is not None
        wait, scope = self.pack.waits[lull.surge.wait], self._row_scope(lull.table)
        names = self._needed(wait.since, scope).names
        if wait.ends is not None:
            names |= self._needed(wait.ends, scope).names
        columns = self.pack.tables[lull.table].columns
        return frozenset(type_ for name in names for type_ in columns[name].on)

    def _write_learned_anew(self, kind: str) -> None:
        """Ask those silences once more that have fired by what was learned: it may say otherwise, whatever moved."""
        asm = self._asm
        for rule in self._of_table(kind, "silence"):
            if rule.id in self.anew:
                mark, skip = self.layouts[kind].marks[rule.id], Label()
                asm.jump(op.JUMP_UNLESS_MARKED, mark.cell, mark.bit, skip)
                asm.do(op.CALL, self._blocks[rule.id][0])
                asm.mark(skip)

    def _first_touch(self, kind: str, type_: str) -> FirstTouch:
        columns, layout = self.pack.tables[kind].columns, self.layouts[kind]
        moved = [name for name, column in columns.items() if type_ in column.on]
        return FirstTouch(layout.columns, {name: start_of(column) for name, column in columns.items()}, moved)

    def _write_gates(
        self, blocks: Iterable[tuple[int, int]], moved: int, first: FirstTouch, judged: Set[tuple[int, int]]
    ) -> None:
        """Call those blocks of which a column has changed; of each is given where it begins, and its columns.

        At the first touch of a row those of the `judged` are called that may do something, whatever has changed.
        """
        gates = [gate for gate in blocks if gate[1] & moved or gate in judged]
        acting = {gate for gate in gates if first.may_act(self._asm.instructions, gate[0])}
        gates = [gate for gate in gates if gate[1] & moved or gate in acting]
        for place in range(0, len(gates), _CALLED):
            part = list(enumerate(gates[place : place + _CALLED]))
            moving = 0
            for _, (_, bits) in part:
                moving |= bits & moved
            columns = [1 << bit for bit in range(BITS) if moving >> bit & 1]
            listed = [
                moving,
                sum(1 << number for number, gate in part if gate in acting),
                sum(1 << number for number, gate in part if gate in acting and gate in judged),
                *(begins for _, (begins, _) in part),
                *(sum(1 << number for number, (_, bits) in part if bits & column) for column in columns),
            ]
            self._asm.do(op.GATES, self._asm.constants(listed), len(part))

    # ---------------------------------------------------------------- what follows a fold

    def _following(self, kind: str) -> Following:
        endings, marks = self._write_endings(kind)
        surges = [source.rule for source in self.surges if source.rule.table == kind and source.finds_hits]
        overs = [self._write_over(rule) for rule in surges]
        return Following(endings, marks, overs, [self._write_wait(wait) for wait in self.waits if wait.table == kind])

    def _write_endings(self, kind: str) -> tuple[int, dict[int, int]]:
        """The block that clears faults whose trouble is over; and the marks of those, by cell."""
        asm, marks = self._asm, dict[int, int]()
        faults = [rule for rule in self._of_table(kind, "fault") if rule.until is not None]
        begins = asm.here
        for rule in faults:
            mark = self.layouts[kind].marks[rule.id]
            marks[mark.cell] = marks.get(mark.cell, 0) | 1 << mark.bit
            asm.begin(self._names(kind))
            until = self._needed(rule.until, self._row_scope(kind))
            skip = Label()
            asm.jump(op.JUMP_UNLESS_MARKED, mark.cell, mark.bit, skip)
            until.test(asm, op.IF_NOT_TRUE, skip)
            asm.do(op.CLEAR, self.numbers[rule.id])
            asm.mark(skip)
        asm.do(op.RETURN)
        return begins, marks

    def _write_over(self, rule: Rule) -> tuple[int, int]:
        """The block that says whether the troubles of a surge's hits are over, and what moves it."""
        asm, until = self._asm, self._needed(rule.until, self._row_scope(rule.table))
        begins = asm.begin(self._names(rule.table))
        self._write_truth(until, op.OVER, self.numbers[rule.id])
        return begins, self._bits(rule.table, until.names)

    def _write_wait(self, wait: Wait) -> tuple[int, int]:
        """The block that follows a wait, and what moves it."""
        asm, scope = self._asm, self._row_scope(wait.table)
        begins = asm.begin(self._names(wait.table))
        parts = [self._compile(text, scope) for text in (wait.since, wait.ends, wait.never, wait.over)]
        first, number = asm.register(2 + len(wait.by[0])), self._asked.numbers[wait.name]
        for place, part in enumerate(parts[:2]):
            asm.move(first + place, asm.constant(missing("instant")) if part is None else part.emit(asm))
        ends = [(part, how, Label()) for part, how in zip(parts[2:], (op.NEVER_ENDS, op.IS_OVER), strict=True) if part]
        for part, _, label in ends:
            part.test(asm, op.IF_TRUE, label)
        for place, name in enumerate(wait.by[0], start=2):
            asm.move(first + place, asm.load(name))
        asm.do(op.WAIT, first, number, op.RUNS)
        for _, how, label in ends:
            asm.mark(label)
            asm.do(op.WAIT, first, number, how)
        names = [name for part in parts if part is not None for name in part.names]
        return begins, self._bits(wait.table, names)
