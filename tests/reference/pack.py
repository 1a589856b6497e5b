"""A pack as the reference reads it: from the plain document, without the kernel's loader."""

import re
from collections.abc import Mapping, Sequence, Set
from functools import partial
from typing import Any, NamedTuple

from tests.reference.calendars import Calendars
from tests.reference.expression import Expression, Types, Value, read
from tests.reference.rings import Link
from tests.reference.waits import Wait

from amends.model.fields import FIELDS
from amends.model.instant import parse_duration
from amends.model.subjects import PARENTS

Document = Mapping[str, Any]


class Column(NamedTuple):
    """One fold of a table."""

    name: str
    type: str
    fold: str
    of: str | None
    on: frozenset[str]
    where: Expression | None


class Rule(NamedTuple):
    """One rule; what its kind does not use is absent."""

    id: str
    exception: str
    kind: str
    table: str
    version: int
    on: frozenset[str]
    when: Expression | None
    until: Expression | None
    where: Expression | None
    since: Expression | None
    before: Expression | None
    within: Expression | None
    loss: Expression | None
    facts: frozenset[str]
    surge: "Surge | None"
    learned: bool
    """Its limit is learned."""


class Surge(NamedTuple):
    """The second half of a surge rule."""

    rules: frozenset[str]
    on: frozenset[str]
    hits: Expression | None
    by: Sequence[tuple[str, Expression | None]]
    """The link that it goes by has no expression."""
    link: str | None
    distinct: str | None
    value: Expression | None
    """What is counted different values of; none for the kind of subject that the row belongs to."""
    window: int
    at_least: int
    chance: float
    half_life: float
    prior: float
    ratio: bool
    prior_strength: float


class Pack(NamedTuple):
    """Tables by kind of subject, and the rules."""

    tables: Mapping[str, Sequence[Column]]
    rules: Sequence[Rule]
    waits: Sequence[Wait]
    links: Sequence[Link]

    @property
    def concern(self) -> Mapping[str, frozenset[str]]:
        """The types of event that touch the rows of each table."""
        return {
            kind: frozenset().union(
                *(column.on for column in columns),
                *(link.on for link in self.links if link.table == kind),
                *(
                    rule.on | (rule.surge.on if rule.surge else frozenset())
                    for rule in self.rules
                    if rule.table == kind
                ),
            )
            for kind, columns in self.tables.items()
        }


def read_pack(document: Document) -> Pack:
    """The whole document; it is taken to be sound."""
    sets = {name: frozenset(members) for name, members in document.get("sets", {}).items()}
    calendars = Calendars(document)
    tables = {
        kind: [_column(name, column, sets, calendars) for name, column in table["columns"].items()]
        for kind, table in document["tables"].items()
    }
    types = {kind: {column.name: column.type for column in columns} for kind, columns in tables.items()}
    waits = {
        name: Wait(entry, partial(read, types=Types(types[entry["table"]], {}, sets, {}, calendars)))
        for name, entry in document.get("waits", {}).items()
    }
    seen = {kind: Types(types[kind], types.get("order", {}), sets, waits, calendars) for kind in types}
    links = [_link(name, link, seen[link["table"]]) for name, link in document.get("links", {}).items()]
    rules = [
        _rule(rule, seen[rule["table"]], {link.name for link in links if link.table == rule["table"]})
        for rule in document.get("rules", [])
    ]
    return Pack(tables, rules, [*waits.values()], links)


def _link(name: str, link: Document, types: Types) -> Link:
    by = [(handle, read(handle, types)) for handle in _each(link["by"])]
    return Link(name, link["table"], link["of"], _listed(link["on"]), by, link.get("at_most", 40))


def _column(name: str, column: Document, sets: Mapping[str, frozenset[Value]], calendars: Calendars) -> Column:
    of = column.get("of")
    where = column.get("where")
    return Column(
        name=name,
        type=_type_of_fold(column["fold"], of),
        fold=column["fold"],
        of=of,
        on=_listed(column["on"]),
        where=None if where is None else read(where, Types(sets=sets, calendars=calendars)),
    )


def _type_of_fold(fold: str, of: str | None) -> str:
    if fold in ("count", "any"):
        return {"count": "integer", "any": "flag"}[fold]
    assert of is not None
    if of == "subject":
        return "text"
    return "instant" if of in ("time", "received") else FIELDS[of].type


def _rule(rule: Document, types: Types, links: Set[str]) -> Rule:
    conditions = {
        part: read(rule[part], types) for part in ("when", "until", "where", "since", "before") if part in rule
    }
    if rule["kind"] == "silence":
        conditions["within"] = _length(rule["within"], types)
    surge = _surge(rule, types, links) if rule["kind"] == "surge" else None
    said = [*conditions.values(), *([surge.hits] if surge is not None and surge.hits is not None else [])]
    names = {name for condition in said for name in condition.names}
    return Rule(
        id=rule["id"],
        exception=rule["exception"],
        kind=rule["kind"],
        table=rule["table"],
        version=rule.get("version", 1),
        on=_listed(rule.get("on", [])),
        when=conditions.get("when"),
        until=conditions.get("until"),
        where=conditions.get("where"),
        since=conditions.get("since"),
        before=conditions.get("before"),
        within=conditions.get("within"),
        loss=read(rule["loss"], types) if "loss" in rule else None,
        facts=frozenset(names | set(rule.get("evidence", []))),
        surge=surge,
        learned=any(word in str(rule.get("within")) for word in ("LEARNED", "LATE_AFTER", "LOST_AFTER")),
    )


def _length(within: Any, types: Types) -> Expression:
    if isinstance(within, Mapping):
        return read(within["column"], types)
    if re.match(r"\s*\d", within):
        length = parse_duration(within)
        return Expression("duration", frozenset(), lambda scope: length)
    return read(within, types)


def _surge(rule: Document, types: Types, links: Set[str]) -> Surge:
    of = rule["of"]
    window = parse_duration(rule["window"])
    alarms, per, time = rule["false_alarms"].partition(" per ")
    assert per, "a rate is written as `1 per 60 days`"
    return Surge(
        rules=frozenset(of.get("rules", [])),
        on=_listed(of.get("on", [])),
        hits=read(of["hits"], types) if "hits" in of else None,
        by=[(name, None if name in links else read(name, types)) for name in _each(rule["by"])],
        link=next((name for name in _each(rule["by"]) if name in links), None),
        distinct=rule.get("distinct"),
        value=read(rule["distinct"], types) if _is_value(rule.get("distinct")) else None,
        window=window,
        at_least=rule["at_least"],
        chance=window * float(alarms) / parse_duration(time),
        half_life=rule["half_life"],
        prior=rule["prior"],
        ratio=rule.get("ratio", False),
        prior_strength=rule.get("prior_strength", 0.0),
    )


def _is_value(distinct: str | None) -> bool:
    return distinct is not None and distinct not in PARENTS.values()


def _each(names: str | Sequence[str]) -> Sequence[str]:
    return [names] if isinstance(names, str) else names


def _listed(on: str | Sequence[str]) -> frozenset[str]:
    return frozenset([on] if isinstance(on, str) else on)
