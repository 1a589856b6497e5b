"""What the loop put out, as findings and clearings."""

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amends.detection.engine import Engine
from amends.detection.finding import Clearing, Finding, finding_id
from amends.detection.heap import Subjects
from amends.detection.hits import Hit
from amends.detection.machine import codes as op
from amends.detection.machine.recorded import EVENT, HEADS, heads_of
from amends.detection.machine.row import NO_ROW
from amends.detection.pool import Pool
from amends.detection.program import Program
from amends.detection.rule import Rule
from amends.detection.types import Type
from amends.detection.vector import NO_INT
from amends.detection.written import NO_DECIMAL
from amends.model.instant import Instant

Index = NDArray[np.int64]

_ROW_BITS: Final = 48
ID_SIZE: Final = 16
"""Bytes of a finding's id."""


class Open:
    """Open findings, by rule and row; each is an entry of a dictionary and bytes, since there may be many."""

    def __init__(self) -> None:
        self._held: dict[int, bytes] = {}

    def add(self, rule: int, row: int, finding: str) -> None:
        """One more."""
        key, ids = rule << _ROW_BITS | row, bytes.fromhex(finding)
        known = self._held.setdefault(key, ids)
        if known is not ids:
            self._held[key] = known + ids

    def put(self, rule: int, row: int, ids: bytes) -> None:
        """More, by their ids in bytes."""
        key = rule << _ROW_BITS | row
        self._held[key] = self._held.get(key, b"") + ids

    def pop(self, rule: int, row: int) -> list[str]:
        """Those of a row, which are open no more."""
        ids = self._held.pop(rule << _ROW_BITS | row).hex()
        if len(ids) == 2 * ID_SIZE:
            return [ids]
        return [ids[at : at + 2 * ID_SIZE] for at in range(0, len(ids), 2 * ID_SIZE)]

    def leave(self, rows: Index) -> list[tuple[int, int, bytes]]:
        """Those of these rows, which are held here no more: rule, row, and the id of each."""
        keys = np.fromiter(self._held, dtype=np.int64, count=len(self._held))
        gone = list[tuple[int, int, bytes]]()
        for key in keys[np.isin(keys & ((1 << _ROW_BITS) - 1), rows)].tolist():
            ids = self._held.pop(key)
            rule, row = key >> _ROW_BITS, key & ((1 << _ROW_BITS) - 1)
            gone += [(rule, row, ids[at : at + ID_SIZE]) for at in range(0, len(ids), ID_SIZE)]
        return gone

    def dump(self) -> Any:
        """All of them, for a snapshot."""
        return list(self._held.items())

    def load(self, content: Any) -> None:
        """Take over dumped ones."""
        self._held = dict(content)


class Reader:
    """Reads what the program puts out."""

    def __init__(self, program: Program, engine: Engine, pool: Pool) -> None:
        self._program, self._engine = program, engine
        self._values = Values(pool)
        self._named = {kind: _Named(subjects) for kind, subjects in engine.subjects.items()}
        self._sayers = [_Sayer(rule, program, engine, self._values, self._named) for rule in program.rules]
        self._sizes: Index = np.array([sayer.size for sayer in self._sayers], dtype=np.int64)
        self._silences = np.array([sayer.is_silence for sayer in self._sayers], dtype=np.bool_)
        self.open = Open()

    def read(self, out: Index) -> tuple[list[Finding], list[Clearing]]:
        """Everything of one run, in its order."""
        findings: list[Finding] = []
        clearings: list[Clearing] = []
        room = len(out) // op.OUT_HEAD
        heads = np.empty((HEADS, room), dtype=np.int64)
        count = heads_of(out, self._sizes, self._silences, heads.reshape(-1), room)
        columns = heads[:, :count].tolist()
        self._learn_names(columns)
        sayers, open_, told = self._sayers, self.open, out.tolist()
        names = self._engine.names_of(set(columns[EVENT]) - {-1})
        for tag, rule, row, moment, cause, subject, order, at, event in zip(*columns, strict=True):
            if tag == op.FIRED:
                sayer = sayers[rule]
                why = str(cause) if event == -1 else names[event]
                finding = sayer.finding(moment, why, subject, order, told[at : at + sayer.size])
                findings.append(finding)
                if sayer.clears:
                    open_.add(rule, row, finding.id)
            else:
                when, why = Instant(moment), names[event]
                clearings += [Clearing(finding=each, cleared_at=when, cause=why) for each in open_.pop(rule, row)]
        for named in self._named.values():
            named.clear()
        return findings, clearings

    def _learn_names(self, columns: list[list[int]]) -> None:
        """Read the names of all subjects and orders of which something fired, at once."""
        wanted: dict[str, set[int]] = {kind: set() for kind in self._named}
        wanted["order"].update(columns[6])
        adders = [wanted[sayer.kind].add for sayer in self._sayers]
        for rule, subject in zip(columns[1], columns[5], strict=True):
            adders[rule](subject)
        for kind, numbers in wanted.items():
            self._named[kind].learn(numbers - {-1})

    def of_hit(self, rule: int, hit: Hit, at: Instant, facts: dict[str, Any]) -> Finding:
        """The finding of a hit, told at a moment."""
        return self._sayers[rule].of_hit(hit, at, facts)

    def values(self, types: tuple[Type, ...], stored: list[list[int]]) -> list[tuple[Any, ...]]:
        """Stored values, all of them there, as Python has them; each of a list has these types."""
        if not types:
            return [()] * len(stored)
        readers = map(self._values.of, types)
        columns = [
            column if read is _whole else map(read, column)
            for read, column in zip(readers, zip(*stored, strict=True), strict=True)
        ]
        return list(zip(*columns, strict=True))


class _Named(dict[int, str]):
    """The names of subjects of a kind, by number: for the time of one reading."""

    def __init__(self, subjects: Subjects) -> None:
        super().__init__()
        self._names = subjects.names

    def learn(self, numbers: set[int]) -> None:
        """Have the names of these at hand."""
        if numbers:
            listed = list(numbers)
            self.update(zip(listed, self._names.names(np.array(listed, dtype=np.int64)), strict=True))


class _Sayer:
    """Says what one rule found."""

    def __init__(
        self, rule: Rule, program: Program, engine: Engine, values: "Values", named: Mapping[str, Mapping[int, str]]
    ) -> None:
        report = program.reports[rule.id]
        self._rule = rule
        self._subjects, self._orders = engine.subjects[rule.table], engine.subjects["order"]
        self._named, self._named_orders = named[rule.table], named["order"]
        self._facts = tuple(report.facts)
        self._blank: dict[str, Any] = dict.fromkeys(report.facts)
        """All facts: a copy of it has room for them from the beginning."""
        self._told = [name for name, type_ in report.facts.items() if type_ == "text"]
        self._whole = [name for name, type_ in report.facts.items() if values.of(type_) is _whole]
        self._read = [(name, values.of(type_)) for name, type_ in report.facts.items() if type_ in ("flag", "decimal")]
        """Facts that are not what is stored."""
        self._texts = values.texts.at_hand
        self.is_silence, self.kind = rule.kind == "silence", rule.table
        self.size = report.size
        self.clears = rule.kind in ("conflict", "silence") or rule.until is not None

    def finding(self, at: int, cause: str, subject: int, order: int, said: list[int]) -> Finding:
        """One finding, by the numbers of its subject and order."""
        return self._say(self._named[subject], Instant(at), cause, self._named_orders.get(order), said, None)

    def of_hit(self, hit: Hit, at: Instant, facts: dict[str, Any]) -> Finding:
        """The finding of a hit, told at a moment."""
        order = None if hit.order == NO_ROW else self._orders.name(hit.order)
        return self._say(self._subjects.name(hit.row), at, hit.cause, order, hit.said, facts)

    def _say(
        self, subject: str, at: Instant, cause: str, order: str | None, said: list[int],
        more: dict[str, Any] | None,
    ) -> Finding:  # fmt: skip
        rule, loss, texts = self._rule, said[0], self._texts
        stored, facts = said[2:], self._blank.copy()
        facts.update(zip(self._facts, stored, strict=False))
        for name in self._told:
            code = facts[name]
            if code < 0:
                del facts[name]
            else:
                facts[name] = texts[code]
        for name, value_of in self._read:
            value = value_of(facts[name])
            if value is None:
                del facts[name]
            else:
                facts[name] = value
        if NO_INT in stored:
            for name in self._whole:
                if facts[name] == NO_INT:
                    del facts[name]
        has_loss = loss != NO_INT
        return Finding(
            id=finding_id(rule.id, rule.table, subject, cause), rule=rule.id, version=rule.version,
            exception=rule.exception, kind=rule.table, subject=subject, order=order, fired_at=at, cause=cause,
            loss=max(loss, 0) if has_loss else None,
            currency=texts[said[1]] if has_loss and said[1] >= 0 else None,
            facts={**facts, **more} if more else facts,
        )  # fmt: skip


class Values:
    """How stored values are read."""

    def __init__(self, pool: Pool) -> None:
        texts = self.texts = pool.texts
        self._by_type: dict[str, Callable[[int], Any]] = {
            "text": lambda code: None if code < 0 else texts[code],
            "flag": lambda flag: None if flag < 0 else flag == 1,
            "decimal": lambda bits: None if _is_gap(bits) else struct.unpack("<d", struct.pack("<q", bits))[0],
        }

    def of(self, type_: Type) -> Callable[[int], Any]:
        """What reads a stored value of a type; it gives None for an absent one."""
        return self._by_type.get(type_, _whole)


def _whole(value: int) -> int | None:
    return None if value == NO_INT else value


def _is_gap(bits: int) -> bool:
    return bits == NO_DECIMAL or (bits & 0x7FF0000000000000) == 0x7FF0000000000000 and bool(bits & 0x000FFFFFFFFFFFFF)
