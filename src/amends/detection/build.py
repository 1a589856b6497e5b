"""From a checked pack to tables, folds and judges: everything compiled against one pool of texts."""

from collections.abc import Mapping

import msgspec

from amends.detection.columns import Reading
from amends.detection.expression import Expression, Scope, compile_expression
from amends.detection.folding import ColumnFold
from amends.detection.hits import HitLog
from amends.detection.judges import ConflictJudge, FaultJudge, Judge, SilenceJudge
from amends.detection.links import CHILDREN
from amends.detection.lull import LullJudge
from amends.detection.pool import Pool
from amends.detection.rows import Rows
from amends.detection.rule import Pack, Rule, Surge, Wait
from amends.detection.scope import event_scope, loss_scope, row_scope
from amends.detection.surge import SurgeJudge
from amends.detection.versions import Table
from amends.detection.waiting import Experience, WaitingRows
from amends.model.instant import Instant, UnreadableTimeError, parse_duration
from amends.model.subjects import KINDS
from amends.model.types import EVENT_TYPES


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a finding of a rule says beside its verdict: its facts by name, and its loss."""

    facts: tuple[str, ...]
    loss: Expression | None
    currency: str | None
    reads_order: bool


class SurgeSource(msgspec.Struct, frozen=True, kw_only=True):
    """A surge with what feeds it."""

    judge: SurgeJudge
    table: str
    hits: Expression | None
    log: HitLog | None
    """Its hits, if they are findings too."""

    @property
    def surge(self) -> Surge:
        """What it counts, and how."""
        assert self.judge.rule.surge is not None
        return self.judge.rule.surge


class Machine:
    """The compiled pack: the kernel's moving parts."""

    def __init__(self, pack: Pack, pool: Pool) -> None:
        self._pack, self._pool = pack, pool
        self.experience = Experience()
        self.rows = {kind: Rows() for kind in KINDS}
        self.tables = {kind: self._table(kind) for kind in pack.tables}
        self.judges: dict[str, list[Judge]] = {kind: [] for kind in pack.tables}
        self.surges: list[SurgeSource] = []
        self.lulls: list[LullJudge] = []
        self.reports: dict[str, Report] = {}
        for wait in pack.waits.values():
            self.experience.waits[wait.name] = self._waiting(wait)
        for rule in pack.rules.values():
            self._add_rule(rule)
        self.reading = Reading(_readers(pack, self.reports), pool)
        self.concern = _concern(pack)

    def relearn(self, now: Instant) -> None:
        """An epoch is over: learn what is usual anew, and be due by that."""
        for wait in self.experience.waits.values():
            wait.relearn(now)
        for judges in self.judges.values():
            for judge in judges:
                if isinstance(judge, SilenceJudge) and judge.learns:
                    judge.arm_anew(now)

    def _table(self, kind: str) -> Table:
        rows = self.rows[kind]
        folds = {}
        for name, column in self._pack.tables[kind].columns.items():
            where = self._compile(column.where, event_scope(self._pack.sets))
            folds[name] = ColumnFold(column, where, rows, self._pool)
        return Table(kind, rows, folds)

    def _compile(self, text: str | None, scope: Scope) -> Expression | None:
        return None if text is None else compile_expression(text, scope, self._pool, self.experience)

    def _needed(self, text: str | None, scope: Scope) -> Expression:
        assert text is not None  # the pack was checked
        return compile_expression(text, scope, self._pool, self.experience)

    def _waiting(self, wait: Wait) -> WaitingRows:
        table = self.tables[wait.table]
        scope = row_scope(self._pack.tables[wait.table], self._pack.sets)
        texts = {"since": wait.since, "ends": wait.ends, "over": wait.over, "never": wait.never}
        conditions = {part: self._needed(text, scope) for part, text in texts.items() if text is not None}
        names = {name for condition in conditions.values() for name in condition.names} | set(wait.by[0])
        columns = self._pack.tables[wait.table].columns
        moved_by = frozenset(type_ for name in names for type_ in columns[name].on)
        return WaitingRows(wait, table, conditions, moved_by, self._pool)

    def _add_rule(self, rule: Rule) -> None:
        table, sets = self.tables[rule.table], self._pack.sets
        waits = self._pack.waits
        scope = row_scope(self._pack.tables[rule.table], sets, waits=waits)
        with_event = row_scope(self._pack.tables[rule.table], sets, with_event=True, waits=waits)
        self.reports[rule.id] = self._report(rule, with_event)
        if rule.surge is not None and rule.surge.wait is not None:
            self.lulls.append(self.experience.waits[rule.surge.wait].watch(rule))
            return
        if rule.surge is not None:
            hits, until = self._compile(rule.surge.hits, with_event), self._compile(rule.until, scope)
            log = None if until is None else HitLog(rule, table, until)
            self.surges.append(SurgeSource(judge=SurgeJudge(rule), table=rule.table, hits=hits, log=log))
            return
        judge: Judge
        until = self._compile(rule.until, scope)
        if rule.kind == "fault":
            judge = FaultJudge(rule, table, self._compile(rule.when, with_event), until)
        elif rule.kind == "conflict":
            judge = ConflictJudge(rule, table, self._needed(rule.when, scope), self._moved_by(rule, scope))
        else:
            assert until is not None
            judge = SilenceJudge(
                rule, table, self._needed(rule.since, scope), self._within(rule, scope), until,
                self._compile(rule.where, scope), self._compile(rule.before, scope), self._moved_by(rule, scope),
            )  # fmt: skip
        self.judges[rule.table].append(judge)

    def _moved_by(self, rule: Rule, scope: Scope) -> frozenset[str]:
        """The types of event that can change what the rule's conditions read of its row."""
        columns = self._pack.tables[rule.table].columns
        names = (name for text in _expressions(rule) for name in compile_expression(text, scope, self._pool).names)
        return frozenset(type_ for name in names for type_ in columns[name].on)

    def _within(self, rule: Rule, scope: Scope) -> Expression | int:
        assert rule.within is not None
        try:
            return parse_duration(rule.within)
        except UnreadableTimeError:
            return self._needed(rule.within, scope)

    def _report(self, rule: Rule, with_event: Scope) -> Report:
        names: set[str] = set()
        for text in _expressions(rule):
            names |= compile_expression(text, with_event, self._pool).names
        scope = loss_scope(self._pack.tables[rule.table], self._pack.tables.get("order"), self._pack.sets)
        loss = self._compile(rule.loss, scope)
        facts = tuple(sorted(names | set(rule.evidence)))
        read = (loss.names if loss else frozenset()) | set(facts)
        return Report(
            facts=facts,
            loss=loss,
            currency=_currency(loss, scope, rule),
            reads_order=rule.table in CHILDREN and any(name.startswith("order.") for name in read),
        )


def _currency(loss: Expression | None, scope: Scope, rule: Rule) -> str | None:
    """The column that names the currency of the loss."""
    if loss is None:
        return None
    of_order = any(name.startswith("order.") for name in loss.names)
    name = "order.currency" if of_order else "currency"
    return name if name in scope.names else None


def _expressions(rule: Rule) -> list[str]:
    """The rule's conditions that are written as expressions."""
    return [text for part, text in rule.conditions.items() if part != "within" or not _is_length(text)]


def _is_length(text: str) -> bool:
    try:
        parse_duration(text)
    except UnreadableTimeError:
        return False
    return True


def _readers(pack: Pack, reports: Mapping[str, Report]) -> dict[str, frozenset[str]]:
    """For each field of events, the types of event it is read from."""
    readers: dict[str, set[str]] = {}
    pool = Pool()
    for table in pack.tables.values():
        for column in table.columns.values():
            names = {column.of} if column.of not in (None, "time", "received", "subject") else set()
            if column.where is not None:
                names |= {
                    name.removeprefix("event.")
                    for name in compile_expression(column.where, event_scope(pack.sets), pool).names
                }
            for name in names:
                readers.setdefault(str(name), set()).update(column.on)
    for rule in pack.rules.values():
        on = rule.surge.on if rule.surge is not None else rule.on
        if rule.surge is not None and rule.surge.rules:
            on = tuple(EVENT_TYPES)  # any event may make a conflict
        names = {name for name in reports[rule.id].facts if name.startswith("event.")}
        if rule.surge is not None:
            names |= {name for name in rule.surge.by if name.startswith("event.")}
        for name in names:
            readers.setdefault(name.removeprefix("event."), set()).update(on)
    return {name: frozenset(types) for name, types in readers.items()}


def _concern(pack: Pack) -> dict[str, frozenset[str]]:
    """For each table, the types of event that touch its rows: those that a column or a rule of it names."""
    types: dict[str, set[str]] = {kind: set() for kind in pack.tables}
    for kind, table in pack.tables.items():
        types[kind].update(type_ for column in table.columns.values() for type_ in column.on)
    for rule in pack.rules.values():
        types[rule.table].update(rule.on if rule.surge is None else rule.surge.on)
    return {kind: frozenset(names) for kind, names in types.items()}
