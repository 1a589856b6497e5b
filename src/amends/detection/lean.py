"""A pack without what nobody reads: a column of which no rule asks anything need not be kept of every order."""

from collections.abc import Iterable

import msgspec

from amends.detection.expression import compile_expression
from amends.detection.pool import Pool
from amends.detection.reads import counted_by, expressions_of
from amends.detection.rule import Pack, Rule, Table, Wait
from amends.detection.scope import loss_scope, row_scope


def lean(pack: Pack) -> Pack:
    """The same pack, of which all is found that the whole one finds; rows hold only the columns that are read."""
    read = read_by(pack, pack.rules.values(), pack.waits.values())
    tables = {kind: read.get(kind, Table(kind=kind, columns={})) for kind in pack.tables}
    for link in pack.links.values():
        own = tables[link.table].columns
        handles = {name: pack.tables[link.table].columns[name] for name in link.by if not name.startswith("event.")}
        tables[link.table] = Table(kind=link.table, columns=own | handles)
    # A conflict that asks what was learned may hold at a touch by which nothing else has changed.
    for rule in pack.rules.values():
        if rule.kind == "conflict" and _asks(pack, rule):
            tables[rule.table] = pack.tables[rule.table]
    return msgspec.structs.replace(pack, tables=tables)


def read_by(pack: Pack, rules: Iterable[Rule], waits: Iterable[Wait]) -> dict[str, Table]:
    """The tables of some rules and waits, with the columns that they read."""
    pool = Pool()
    wanted: dict[str, set[str]] = {}
    for rule in rules:
        table = pack.tables[rule.table]
        scope = row_scope(table, pack.sets, pack.calendars, with_event=True, waits=pack.waits)
        names = {*counted_by(pack, rule), *rule.evidence}
        for text in expressions_of(rule):
            names |= compile_expression(text, scope, pool).names
        if rule.loss is not None:
            of_loss = loss_scope(table, pack.tables.get("order"), pack.sets, pack.calendars)
            names |= compile_expression(rule.loss, of_loss, pool).names
        wanted.setdefault(rule.table, set()).update({"currency"}, names)
        of_order = {name.removeprefix("order.") for name in names if name.startswith("order.")}
        if of_order:
            wanted.setdefault("order", set()).update({"currency"}, of_order)
    for wait in waits:
        scope = row_scope(pack.tables[wait.table], pack.sets, pack.calendars)
        names = set(wait.by[0])
        for condition in (wait.since, wait.ends, wait.over, wait.never):
            if condition is not None:
                names |= compile_expression(condition, scope, pool).names
        wanted.setdefault(wait.table, set()).update(names)
    return {
        kind: Table(kind=kind, columns={name: one for name, one in pack.tables[kind].columns.items() if name in names})
        for kind, names in wanted.items()
    }


def _asks(pack: Pack, rule: Rule) -> bool:
    """Whether it asks what was learned."""
    scope = row_scope(pack.tables[rule.table], pack.sets, pack.calendars, with_event=True, waits=pack.waits)
    return any(compile_expression(text, scope, Pool()).learned for text in expressions_of(rule))
