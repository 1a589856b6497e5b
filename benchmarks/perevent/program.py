"""A pack as Python functions: for each kind of row and type of event one that folds the event and judges the row.

A function holds only the columns which that type of event moves, and only the rules that read one of these.
"""

import math
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from amends.detection.rule import Column, Pack, Rule, Surge, Table
from amends.detection.scope import EVENT_NAMES
from amends.model.instant import UnreadableTimeError, parse_duration
from amends.model.money import exponent
from benchmarks.perevent.translation import Translation, UnreadableRuleError, names_in

SUBJECT, OPEN_FAULTS = 0, 1
"""Places in every row: its id, and its open faults by rule."""

_RULE_FIELDS: Final = frozenset(
    "id exception kind table version severity trouble title says on when until since within where loss evidence "
    "surge".split()
)
_SURGE_FIELDS: Final = frozenset(
    "rules on hits by window at_least false_alarms half_life prior ratio prior_strength".split()
)
_COLUMN_FIELDS: Final = frozenset("name type fold of on where".split())
_ORDERED: Final = {"min": "<", "max": ">"}


class Layout:
    """Where the parts of a row of one kind lie in its list."""

    def __init__(self, table: Table, rules: list[Rule]) -> None:
        self.table, self.rules = table, rules
        self.blank: list[Any] = ["", None]
        self.column = {
            name: self._place({"sum": 0, "count": 0, "any": False}.get(column.fold))
            for name, column in table.columns.items()
        }
        self.time = {
            name: self._place(None) for name, column in table.columns.items() if column.fold in ("first", "last")
        }
        self.due = {rule.id: self._place(None) for rule in rules}
        self.queued = {rule.id: self._place(None) for rule in rules}
        self.fired = {rule.id: self._place(None) for rule in rules}
        self.open = {rule.id: self._place(None) for rule in rules}

    def _place(self, initial: Any) -> int:
        self.blank.append(initial)
        return len(self.blank) - 1


class Program:
    """The functions of a pack. What this engine cannot read is left out, and said in `left_out`."""

    def __init__(self, pack: Pack, judge: Any) -> None:
        """`judge` is what the functions call: `fire`, `clear`, `wait` and `count`."""
        self.left_out = dict(_unreadable(pack))
        rules = [rule for rule in pack.rules.values() if rule.id not in self.left_out]
        self.rules = {rule.id: rule for rule in rules}
        self.layouts = {
            kind: Layout(table, [rule for rule in rules if rule.table == kind and rule.kind != "surge"])
            for kind, table in pack.tables.items()
            if kind != "buyer"
        }
        self.surges = [rule for rule in rules if rule.surge is not None]
        self._names = {
            "judge": judge, "money": _money, "greatest": _greatest, "least": _least, "floor": math.floor,
            "sets": {name: frozenset(members) for name, members in pack.sets.items()}, "rules": self.rules,
        }  # fmt: skip

    def touch(self, kind: str, type_: str, *, fresh: bool) -> Any:
        """The function for a touch, or None if it has nothing to do: f(row, event, time, received, data)."""
        layout = self.layouts[kind]
        writer = _Writer(layout)
        moved = {name for name, column in layout.table.columns.items() if type_ in column.on}
        body: list[str] = []
        for name in sorted(moved):
            body += writer.fold(layout.table.columns[name])
        for rule in layout.rules:
            if rule.kind == "fault":
                body += writer.fault(rule) if type_ in rule.on else []
            elif fresh or moved & _read_by(rule):
                body += writer.conflict(rule) if rule.kind == "conflict" else writer.silence(rule)
        for rule in self.surges:
            assert rule.surge is not None
            if rule.table == kind and type_ in rule.surge.on:
                body += writer.surge(rule, rule.surge)
        return self._compiled(f"{kind} {type_}", writer.fields, body) if body else None

    def fault_ends(self, rule: Rule) -> Any:
        """Whether an open fault is over: f(row, event, time, received, data)."""
        writer = _Writer(self.layouts[rule.table])
        body = [f"return {writer.row.condition(rule.until)}"] if rule.until else ["return False"]
        return self._compiled(f"{rule.id} until", writer.fields, body)

    def since(self, rule: Rule) -> Any:
        """The moment from which a silence counts: f(row, event, time, received, data)."""
        assert rule.since is not None
        writer = _Writer(self.layouts[rule.table])
        return self._compiled(f"{rule.id} since", writer.fields, [f"return {writer.row.expression(rule.since)}"])

    def report(self, rule: Rule) -> Any:
        """Loss, currency and facts: f(row, event, time, received, data, order)."""
        order = self.layouts.get("order")
        writer = _Writer(self.layouts[rule.table], order)
        names = set(rule.evidence).union(*(names_in(text) for text in _conditions(rule)))
        loss = writer.row.expression(rule.loss) if rule.loss else "None"
        of_order = rule.loss is not None and any(name.startswith("order.") for name in names_in(rule.loss))
        currency = writer.place("order.currency" if of_order else "currency") if rule.loss else "None"
        body = [
            f"loss = {loss}",
            "if loss is not None and loss < 0: loss = 0",
            "facts = {}",
            *(f"if (v := {writer.place(name)}) is not None: facts[{name!r}] = v" for name in sorted(names)),
            f"return loss, None if loss is None else {currency}, facts",
        ]
        return self._compiled(f"{rule.id} report", writer.fields, body, more=", o")

    def surge_group(self, rule: Rule) -> Any:
        """The group that a finding of another rule belongs to: f(row, event, time, received, data)."""
        assert rule.surge is not None
        writer = _Writer(self.layouts[rule.table])
        body = [f"return ({', '.join(writer.place(name) for name in rule.surge.by)},)"]
        return self._compiled(f"{rule.id} by", writer.fields, body)

    def _compiled(self, name: str, fields: set[str], body: list[str], more: str = "") -> Any:
        heads = [f"{_local(field)} = d.get({field!r})" for field in sorted(fields)]
        lines = [f"def touch(r, e, time, received, d{more}):", *(f"    {line}" for line in [*heads, *body])]
        scope = dict(self._names)
        exec(compile("\n".join(lines), f"<{name}>", "exec"), scope)
        return scope["touch"]


class _Writer:
    """Writes the lines of one function, and remembers which fields of the event they read."""

    def __init__(self, layout: Layout, order: Layout | None = None) -> None:
        self.layout, self.order = layout, order
        self.fields: set[str] = set()
        types = {name: column.type for name, column in layout.table.columns.items()} | dict(EVENT_NAMES)
        if order is not None:
            types |= {f"order.{name}": column.type for name, column in order.table.columns.items()}
        self.row = Translation(self.place, types)

    def place(self, name: str) -> str:
        if name.startswith("event."):
            name = name.removeprefix("event.")
            if name in ("time", "received"):
                return f"({name} if e is not None else None)"
            if name == "type":
                return "(e.type if e is not None else None)"
            self.fields.add(name)
            return _local(name)
        if name.startswith("order."):
            if self.order is None:
                raise UnreadableRuleError(f"`{name}`")
            place = self.order.column.get(name.removeprefix("order."))
            return "None" if place is None else f"(o[{place}] if o is not None else None)"
        found = self.layout.column.get(name)
        if found is None:
            return "None"
        return f"r[{found}]"

    def fold(self, column: Column) -> Iterator[str]:
        indent = ""
        if column.where is not None:
            yield f"if {self.row.condition(column.where)}:"
            indent = "    "
        here = f"r[{self.layout.column[column.name]}]"
        if column.fold == "count":
            yield f"{indent}{here} += 1"
            return
        if column.fold == "any":
            yield f"{indent}{here} = True"
            return
        value = column.of if column.of in ("time", "received") else self.place(f"event.{column.of}")
        if value not in ("time", "received"):
            yield f"{indent}if {value} is not None:"
            indent += "    "
        if column.fold == "sum":
            yield f"{indent}{here} += {value}"
        elif column.fold in _ORDERED:
            yield f"{indent}if {here} is None or {value} {_ORDERED[column.fold]} {here}: {here} = {value}"
        else:
            then, sign = f"r[{self.layout.time[column.name]}]", "<" if column.fold == "first" else ">"
            yield f"{indent}if {then} is None or time {sign} {then} or time == {then} and {value} > {here}:"
            yield f"{indent}    {here}, {then} = {value}, time"

    def fault(self, rule: Rule) -> Iterator[str]:
        call = f"judge.fault(rules[{rule.id!r}], r, e, received, d)"
        yield call if rule.when is None else f"if {self.row.condition(rule.when)}: {call}"

    def conflict(self, rule: Rule) -> Iterator[str]:
        assert rule.when is not None
        here = f"r[{self.layout.open[rule.id]}]"
        yield f"if {self.row.condition(rule.when)}:"
        yield f"    if {here} is None: {here} = judge.fire(rules[{rule.id!r}], r, received, judge.cause(e), e, d)"
        yield f"elif {here} is not None:"
        yield f"    judge.clear({here}, received)"
        yield f"    {here} = None"

    def silence(self, rule: Rule) -> Iterator[str]:
        assert rule.since is not None
        assert rule.within is not None
        places = self.layout
        due, queued = f"r[{places.due[rule.id]}]", f"r[{places.queued[rule.id]}]"
        fired, open_ = f"r[{places.fired[rule.id]}]", f"r[{places.open[rule.id]}]"
        armed = [f"(s := {self.row.expression(rule.since)}) is not None"]
        if rule.where is not None:
            armed.append(self.row.condition(rule.where))
        if rule.until is not None:
            armed.append(f"not {self.row.condition(rule.until)}")
        within = _length(rule.within)
        if within is None:
            armed.append(f"(w := {self.row.expression(rule.within)}) is not None")
        yield f"if {' and '.join(armed)}:"
        yield f"    if s == {fired}: {due} = None"
        yield "    else:"
        yield f"        if {open_} is not None: judge.clear({open_}, received); {open_} = None"
        yield f"        q = s + {'w' if within is None else within}"
        yield "        if q < received:"
        yield f"            {due}, {fired} = None, s"
        yield f"            {open_} = judge.fire(rules[{rule.id!r}], r, received, str(s), e, None)"
        yield f"        elif q != {due}:"
        yield f"            {due} = q"
        yield f"            if {queued} is None or q < {queued}: {queued} = q; judge.wait(q, r, rules[{rule.id!r}])"
        yield "else:"
        yield f"    {due} = None"
        yield f"    if {open_} is not None: judge.clear({open_}, received); {open_} = None"

    def surge(self, rule: Rule, surge: Surge) -> Iterator[str]:
        by = ", ".join(self.place(name) for name in surge.by)
        hit = "True" if surge.hits is None else self.row.condition(surge.hits)
        yield f"judge.count(rules[{rule.id!r}], received, ({by},), {hit})"


def _local(field: str) -> str:
    return f"e_{field}"


def _length(within: str) -> int | None:
    try:
        return int(parse_duration(within))
    except UnreadableTimeError:
        return None


def _conditions(rule: Rule) -> list[str]:
    texts = [rule.when, rule.since, rule.until, rule.where]
    if rule.within is not None and _length(rule.within) is None:
        texts.append(rule.within)
    return [text for text in texts if text is not None]


def _read_by(rule: Rule) -> set[str]:
    return set().union(*(names_in(text) for text in _conditions(rule)))


def _unreadable(pack: Pack) -> Iterator[tuple[str, str]]:
    """The rules with something that this engine has not learned, and what."""
    for rule in pack.rules.values():
        table = pack.tables[rule.table]
        strange = _strange(rule, _RULE_FIELDS) or (_strange(rule.surge, _SURGE_FIELDS) if rule.surge else None)
        for name in () if strange else _read_by(rule) & table.columns.keys():
            strange = strange or _strange(table.columns[name], _COLUMN_FIELDS) or _strange_fold(table.columns[name])
        if rule.table == "buyer":
            strange = "rules over buyers"
        if strange is None:
            strange = _untranslatable(rule, pack)
        if strange is not None:
            yield rule.id, strange


def _untranslatable(rule: Rule, pack: Pack) -> str | None:
    layout = Layout(pack.tables[rule.table], [rule])
    writer = _Writer(layout, Layout(pack.tables["order"], []) if "order" in pack.tables else None)
    try:
        for text in [*_conditions(rule), *([rule.loss] if rule.loss else [])]:
            compile(writer.row.expression(text), rule.id, "eval")
        for name in _read_by(rule) & layout.table.columns.keys():
            if where := layout.table.columns[name].where:
                writer.row.condition(where)
    except UnreadableRuleError as error:
        return str(error)
    return None


def _strange(record: Any, known: frozenset[str]) -> str | None:
    """A part of a record that came to the language after this engine was written, if it is used."""
    for field in msgspec.structs.fields(type(record)):
        value = getattr(record, field.name)
        if field.name not in known and value and value != field.default:
            return f"`{field.name}`"
    return None


def _strange_fold(column: Column) -> str | None:
    return None if column.fold in ("first", "last", "min", "max", "sum", "count", "any") else f"fold `{column.fold}`"


def _money(major: float | None, currency: str | None) -> int | None:
    return None if major is None or currency is None else math.floor(major * 10 ** exponent(currency) + 0.5)


def _greatest(*values: Any) -> Any:
    found = None
    for value in values:
        if value is not None and (found is None or value > found):
            found = value
    return found


def _least(*values: Any) -> Any:
    found = None
    for value in values:
        if value is not None and (found is None or value < found):
            found = value
    return found
