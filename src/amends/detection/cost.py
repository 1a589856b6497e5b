"""What a rule costs, estimated from the pack: at which events it is looked at, how much work that is, what it keeps."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import numpy as np
from sqlglot import exp

from amends.detection.cells import DTYPES
from amends.detection.expression import compile_expression
from amends.detection.pool import Pool
from amends.detection.reading import length_of
from amends.detection.reads import counted_by, links_of
from amends.detection.rule import Column, Pack, Rule
from amends.detection.scope import loss_scope, row_scope
from amends.detection.trees import tree_of

_KEPT: Final = {"fault": 0, "conflict": 1, "silence": 17, "surge": 0}
"""Bytes a row beside its columns. A conflict remembers whether it held; a silence when it is due, for which moment it
fired last, and whether that is open. What surges keep, they keep for each group."""
_OPEN: Final = 1
"""Bytes a row of a rule that `until` ends: whether something is open."""
_MOMENT: Final = 8
"""Bytes that `first` and `last` keep beside their value: of when it is."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule costs. Estimates to compare rules by, not measurements.

    `events`: the types of event at which it is looked at. `operations`: how many names, values and operations it goes
    through each time. `alone`: the columns that nothing else reads. `bytes_a_row`: what is kept of each subject for
    this rule, those columns included.
    """

    events: tuple[str, ...]
    by_clock: bool
    operations: int
    alone: tuple[str, ...]
    bytes_a_row: int


def costs_of(pack: Pack) -> dict[str, Cost]:
    """What each rule of a pack costs."""
    reads = {rule.id: _reads(pack, rule) for rule in pack.rules.values()}
    readers = Counter(name for names in reads.values() for name in names)
    readers.update(name for wait in pack.waits for name in _reads_of_wait(pack, wait))
    return {rule.id: _cost(pack, rule, reads[rule.id], readers) for rule in pack.rules.values()}


def _cost(pack: Pack, rule: Rule, reads: set[str], readers: Counter[str]) -> Cost:
    alone = sorted(name for name in reads if readers[name] == 1)
    kept = _KEPT[rule.kind] + (_OPEN if rule.kind in ("fault", "surge") and rule.until is not None else 0)
    return Cost(
        events=tuple(sorted(_events(pack, rule))),
        by_clock=rule.kind == "silence",
        operations=sum(_operations(text) for text in _expressions(rule)),
        alone=tuple(name.partition(".")[2] for name in alone),
        bytes_a_row=kept + sum(_bytes(_column(pack, name)) for name in alone),
    )


def _events(pack: Pack, rule: Rule) -> set[str]:
    """At which events there is something to look at."""
    if rule.surge is None:
        own, texts = set(rule.on), _expressions(rule)
    else:
        own = {type_ for link in links_of(pack, rule) for type_ in link.on} | set(rule.surge.on)
        texts = [rule.until] if rule.until is not None else []
        for source in rule.surge.rules:
            own |= _events(pack, pack.rules[source])
        if rule.surge.wait is not None:
            wait = pack.waits[rule.surge.wait]
            texts = [text for text in (wait.since, wait.ends) if text is not None]
    if rule.kind == "fault":
        texts = [rule.until] if rule.until is not None else []
    columns = pack.tables[rule.table].columns
    return own | {type_ for name in _names(pack, rule, texts) if name in columns for type_ in columns[name].on}


def _reads(pack: Pack, rule: Rule) -> set[str]:
    """The columns that a rule reads, as `table.column`."""
    table, order = pack.tables[rule.table], pack.tables.get("order")
    names = {*_names(pack, rule, _expressions(rule)), *rule.evidence, *counted_by(pack, rule)}
    if rule.loss is not None:
        of_loss = loss_scope(table, order, pack.sets, pack.calendars)
        names |= {"currency", *compile_expression(rule.loss, of_loss, Pool()).names}
        if any(name.startswith("order.") for name in names):
            names.add("order.currency")
    own = {f"{rule.table}.{name}" for name in names if name in table.columns}
    return own | {
        name for name in names if name.startswith("order.") and order is not None and name[6:] in order.columns
    }


def _reads_of_wait(pack: Pack, name: str) -> set[str]:
    wait = pack.waits[name]
    scope = row_scope(pack.tables[wait.table], pack.sets, pack.calendars)
    texts = [text for text in (wait.since, wait.ends, wait.over, wait.never) if text is not None]
    names = {name for text in texts for name in compile_expression(text, scope, Pool()).names}
    return {f"{wait.table}.{name}" for name in names | set(wait.by[0])}


def _names(pack: Pack, rule: Rule, texts: Iterable[str]) -> Iterator[str]:
    scope = row_scope(pack.tables[rule.table], pack.sets, pack.calendars, with_event=True, waits=pack.waits)
    for text in texts:
        yield from compile_expression(text, scope, Pool()).names


def _expressions(rule: Rule) -> list[str]:
    return [text for part, text in rule.conditions.items() if part != "within" or length_of(text) is None]


def _operations(text: str) -> int:
    tree = tree_of(text)
    assert tree is not None
    return sum(not isinstance(node, exp.Identifier | exp.Var | exp.Paren) for node in tree.walk())


def _column(pack: Pack, name: str) -> Column:
    table, _, column = name.partition(".")
    return pack.tables[table].columns[column]


def _bytes(column: Column) -> int:
    return np.dtype(DTYPES[column.type]).itemsize + (_MOMENT if column.fold in ("first", "last") else 0)
