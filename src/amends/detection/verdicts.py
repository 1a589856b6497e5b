"""What the loop put out, as findings and clearings."""

import struct
from collections.abc import Callable
from typing import Any

from amends.detection.engine import Engine
from amends.detection.finding import Clearing, Finding, finding_id
from amends.detection.hits import Hit
from amends.detection.machine import codes as op
from amends.detection.machine.row import NO_ROW
from amends.detection.pool import Pool
from amends.detection.program import Program
from amends.detection.rule import Rule
from amends.detection.types import Type
from amends.detection.vector import NO_INT
from amends.detection.written import NO_DECIMAL
from amends.model.instant import Instant

Open = dict[tuple[int, int], list[str]]
"""Open findings, by rule and row."""


class Reader:
    """Reads what the program puts out."""

    def __init__(self, program: Program, engine: Engine, pool: Pool) -> None:
        self._program, self._engine = program, engine
        self._values = Values(pool)
        self._sayers = [_Sayer(rule, program, engine, self._values) for rule in program.rules]
        self.open: Open = {}

    def read(self, out: list[int]) -> tuple[list[Finding], list[Clearing]]:
        """Everything of one run, in its order."""
        findings: list[Finding] = []
        clearings: list[Clearing] = []
        engine = self._engine
        at, end = 0, len(out)
        while at < end:
            tag, rule, row, moment, cause, subject, order = out[at : at + op.OUT_HEAD]
            at += op.OUT_HEAD
            if tag == op.FIRED:
                sayer = self._sayers[rule]
                finding = sayer.finding(moment, cause, subject, order, out[at : at + sayer.size])
                at += sayer.size
                findings.append(finding)
                if sayer.clears:
                    self.open.setdefault((rule, row), []).append(finding.id)
            else:
                named = engine.cause(cause)
                for open_ in self.open.pop((rule, row)):
                    clearings.append(Clearing(finding=open_, cleared_at=Instant(moment), cause=named))
        return findings, clearings

    def of_hit(self, rule: int, hit: Hit, at: Instant, facts: dict[str, Any]) -> Finding:
        """The finding of a hit, told at a moment."""
        return self._sayers[rule].of_hit(hit, at, facts)

    def values(self, types: tuple[Type, ...], stored: list[int]) -> tuple[Any, ...]:
        """Stored values as Python has them."""
        return tuple(self._values.of(type_)(value) for type_, value in zip(types, stored, strict=True))

    def dump(self) -> Any:
        """The open findings, for a snapshot."""
        return [(rule, row, findings) for (rule, row), findings in self.open.items()]

    def load(self, content: Any) -> None:
        """Take over dumped open findings."""
        self.open = {(rule, row): list(findings) for rule, row, findings in content}


class _Sayer:
    """Says what one rule found."""

    def __init__(self, rule: Rule, program: Program, engine: Engine, values: "Values") -> None:
        report = program.reports[rule.id]
        self._rule, self._engine = rule, engine
        self._subjects, self._orders = engine.subjects[rule.table], engine.subjects["order"]
        self._facts = [(name, type_ == "text", values.of(type_)) for name, type_ in report.facts.items()]
        self._texts = values.texts
        self._silence, self._of_order = rule.kind == "silence", rule.table == "order"
        self.size = report.size
        self.clears = rule.kind in ("conflict", "silence") or rule.until is not None

    def finding(self, at: int, cause: int, subject: int, order: int, said: list[int]) -> Finding:
        """One finding, by the numbers of its subject and order."""
        named = str(cause) if self._silence else self._engine.cause(cause)
        name = self._subjects.named(subject)
        if self._of_order:
            return self._say(name, Instant(at), named, name, said, {})
        return self._say(name, Instant(at), named, None if order < 0 else self._orders.named(order), said, {})

    def of_hit(self, hit: Hit, at: Instant, facts: dict[str, Any]) -> Finding:
        """The finding of a hit, told at a moment."""
        order = None if hit.order == NO_ROW else self._orders.name(hit.order)
        return self._say(self._subjects.name(hit.row), at, hit.cause, order, hit.said, facts)

    def _say(
        self, subject: str, at: Instant, cause: str, order: str | None, said: list[int], more: dict[str, Any]
    ) -> Finding:
        rule, loss, texts = self._rule, said[0], self._texts
        facts: dict[str, Any] = {}
        place = 2
        for name, is_text, value_of in self._facts:
            stored = said[place]
            place += 1
            # Nearly all facts are texts and whole numbers.
            if is_text:
                if stored >= 0:
                    facts[name] = texts[stored]
            elif value_of is _whole:
                if stored != NO_INT:
                    facts[name] = stored
            elif (value := value_of(stored)) is not None:
                facts[name] = value
        has_loss = loss != NO_INT
        return Finding(
            id=finding_id(rule.id, rule.table, subject, cause),
            rule=rule.id,
            version=rule.version,
            exception=rule.exception,
            kind=rule.table,
            subject=subject,
            order=order,
            fired_at=at,
            cause=cause,
            loss=max(loss, 0) if has_loss else None,
            currency=texts[said[1]] if has_loss and said[1] >= 0 else None,
            facts={**facts, **more} if more else facts,
        )


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
