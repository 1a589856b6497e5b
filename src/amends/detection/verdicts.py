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
from amends.detection.machine.recorded import EVENT, GAP, HEADS, heads_of
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
_FORMS: Final[Mapping[Type, int]] = {"text": op.TEXT, "flag": op.FLAG, "decimal": op.DECIMAL}
"""How types are stored that are not whole numbers."""
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
        self._engine = engine
        self._values = Values(pool)
        self._named = {kind: _Named(subjects) for kind, subjects in engine.subjects.items()}
        self._sayers = [_Sayer(rule, program, engine, self._values, self._named) for rule in program.rules]
        forms = [[_FORMS.get(type_, op.WHOLE) for type_ in sayer.types] for sayer in self._sayers]
        self._forms = np.array([form for each in forms for form in each], dtype=np.int32)
        self._begins: Index = np.cumsum([0, *map(len, forms)], dtype=np.int64)
        self._silences = np.array([sayer.is_silence for sayer in self._sayers], dtype=np.bool_)
        kinds = list(self._named)
        self._kinds = np.array([kinds.index(sayer.kind) for sayer in self._sayers], dtype=np.int64)
        self.open = Open()

    def read(self, out: Index) -> tuple[list[Finding], list[Clearing]]:
        """Everything of one run, in its order."""
        findings: list[Finding] = []
        clearings: list[Clearing] = []
        room = len(out) // op.OUT_HEAD
        heads, forms = np.empty((HEADS, room), dtype=np.int64), np.empty(len(out), dtype=np.uint8)
        count = heads_of(out, self._forms, self._begins, self._silences, heads.reshape(-1), room, forms)
        heads = heads[:, :count]
        self._learn_names(heads)
        sayers, open_, told = self._sayers, self.open, self._values.all(out, forms)
        names = self._engine.names_of(np.unique(heads[EVENT][heads[EVENT] != -1]))
        for tag, rule, row, moment, cause, subject, order, at, event, gaps in zip(*heads.tolist(), strict=True):
            if tag == op.FIRED:
                sayer = sayers[rule]
                why = str(cause) if event == -1 else names[event]
                loss, currency, said = told[at], told[at + 1], told[at + 2 : at + sayer.size]
                finding = sayer.finding(moment, why, subject, order, loss, currency, said, gaps)
                findings.append(finding)
                if sayer.clears:
                    open_.add(rule, row, finding.id)
            else:
                when, why = Instant(moment), names[event]
                clearings += [Clearing(finding=each, cleared_at=when, cause=why) for each in open_.pop(rule, row)]
        for named in self._named.values():
            named.clear()
        return findings, clearings

    def _learn_names(self, heads: Index) -> None:
        """Read the names of all subjects and orders of which something fired, at once."""
        fired = heads[0] == op.FIRED
        kinds, subjects, orders = self._kinds[heads[1]], heads[5], heads[6]
        for place, (kind, named) in enumerate(self._named.items()):
            numbers = subjects[fired & (kinds == place)]
            if kind == "order":
                numbers = np.concatenate((numbers, orders[orders != -1]))
            named.learn(np.unique(numbers))

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

    def learn(self, numbers: Index) -> None:
        """Have the names of these at hand."""
        if len(numbers):
            self.update(zip(numbers.tolist(), self._names.names(numbers), strict=True))


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
        self.types: tuple[Type, ...] = ("money", "text", *report.facts.values())
        """Of all that it says: what is at stake, in which currency, and the facts."""
        self._read = [values.of(type_) for type_ in self.types]
        self.is_silence, self.kind = rule.kind == "silence", rule.table
        self.size = report.size
        self.clears = rule.kind in ("conflict", "silence") or rule.until is not None

    def finding(
        self, at: int, cause: str, subject: int, order: int, loss: int | None, currency: str | None, said: list[Any],
        gaps: int,
    ) -> Finding:  # fmt: skip
        """One finding, by the numbers of its subject and order; `gaps` is how much of what is said is None."""
        told = zip(self._facts, said, strict=True)
        facts = {name: value for name, value in told if value is not None} if gaps else dict(told)
        return self._say(self._named[subject], at, cause, self._named_orders.get(order), loss, currency, facts)

    def of_hit(self, hit: Hit, at: Instant, more: dict[str, Any]) -> Finding:
        """The finding of a hit, told at a moment."""
        order = None if hit.order == NO_ROW else self._orders.name(hit.order)
        loss, currency, *values = (read(stored) for read, stored in zip(self._read, hit.said, strict=False))
        facts = {name: value for name, value in zip(self._facts, values, strict=True) if value is not None}
        return self._say(self._subjects.name(hit.row), at, hit.cause, order, loss, currency, facts | more)

    def _say(
        self, subject: str, at: int, cause: str, order: str | None, loss: int | None, currency: str | None,
        facts: dict[str, Any],
    ) -> Finding:  # fmt: skip
        rule = self._rule
        if loss is None:
            currency = None
        elif loss < 0:
            loss = 0
        return Finding(
            id=finding_id(rule.id, rule.table, subject, cause), rule=rule.id, version=rule.version,
            exception=rule.exception, kind=rule.table, subject=subject, order=order, fired_at=Instant(at),
            cause=cause, loss=loss, currency=currency, facts=facts,
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

    def all(self, out: Index, forms: NDArray[np.uint8]) -> list[Any]:
        """What was put out, as Python has it; None for what is not there."""
        told, texts = out.astype(object), self.texts.at_hand
        places = np.flatnonzero(forms == op.TEXT)
        told[places] = [texts[code] for code in out[places].tolist()]
        places = np.flatnonzero(forms == op.FLAG)
        told[places] = out[places] == 1
        places = np.flatnonzero(forms == op.DECIMAL)
        told[places] = out[places].view(np.float64)
        told[forms == GAP] = None
        said: list[Any] = told.tolist()
        return said

    def of(self, type_: Type) -> Callable[[int], Any]:
        """What reads a stored value of a type; it gives None for an absent one."""
        return self._by_type.get(type_, _whole)


def _whole(value: int) -> int | None:
    return None if value == NO_INT else value


def _is_gap(bits: int) -> bool:
    return bits == NO_DECIMAL or (bits & 0x7FF0000000000000) == 0x7FF0000000000000 and bool(bits & 0x000FFFFFFFFFFFFF)
