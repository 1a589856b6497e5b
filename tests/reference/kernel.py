"""The naive reference: docs/kernel.md, one event at a time, in the plainest way there is.

It is slow, keeps everything for ever, and shares no code with the kernel but the records of the model.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tests.reference.expression import Scope, Value
from tests.reference.folds import Touch, folded, touched
from tests.reference.pack import Column, Document, Rule, read_pack
from tests.reference.rings import Member, Rings, name_of
from tests.reference.surge import Group, Reached
from tests.reference.waits import EPOCH

from amends.detection.finding import Clearing, Finding, Verdicts, finding_id
from amends.model.event import Event
from amends.model.instant import Instant
from amends.model.subjects import PARENTS

Subject = tuple[str, str]
Place = tuple[str, tuple[Any, ...]]
"""A group of a surge: the rule's id and the group's values, of a ring its earliest member."""


class Row:
    """One subject of a table: what touched it, the values of its columns, and how its rules stand."""

    def __init__(self, subject: Subject, columns: Sequence[Column]) -> None:
        self.subject = subject
        self.columns = columns
        self.touches: list[Touch] = []
        self.values: dict[str, Value] = {column.name: folded(column, []) for column in columns}
        self.open: dict[str, list[str]] = {}  # by rule, the ids of its open findings
        self.held: set[str] = set()  # conflicts that held after the latest touch
        self.fired: dict[str, Value] = {}  # by silence, the last `since` that fired

    def fold(self, touch: Touch) -> None:
        self.touches.append(touch)
        self.values = {column.name: folded(column, self.touches) for column in self.columns}


class Waiting(NamedTuple):
    """An event that waits at a subject for its parent; `place` is its place in the journal."""

    place: int
    event: Event


class Verdict(NamedTuple):
    """A finding in the making: its order is looked at when the event has done all its work."""

    rule: Rule
    row: Row
    values: Mapping[str, Value]
    fields: Mapping[str, Value]
    fired_at: int
    cause: str


class Hit:
    """A hit of a surge that finds its hits: a finding in the making, told or not."""

    def __init__(self, verdict: Verdict, place: "Place") -> None:
        self.verdict = verdict
        self.place = place
        self.told: tuple[int, Mapping[str, Any]] | None = None  # when, with what of the surge
        self.said = False
        self.id = finding_id(verdict.rule.id, *verdict.row.subject, verdict.cause)
        self.loss: tuple[int | None, str | None] = (None, None)
        self.order: str | None = None
        self.facts: Mapping[str, Any] = {}


class ReferenceKernel:
    """Judges events against a pack. Same calls as the kernel, without snapshots."""

    def __init__(self, document: Document) -> None:
        self.pack = read_pack(document)
        self.clock: int | None = None
        self.place = 0
        self.relearned = -(2**63)
        self.rows: dict[Subject, Row] = {}
        self.parents: dict[Subject, str] = {}
        self.waiting: dict[Subject, list[Waiting]] = {}
        self.groups: dict[Place, tuple[Group, str | None]] = {}
        self.surging: dict[Place, Mapping[str, Any]] = {}
        self.rings = {link.name: Rings(link) for link in self.pack.links}
        self.hits: list[Hit] = []
        self.unsettled: list[Hit] = []
        self.verdicts: list[Verdict] = []
        self.findings: list[Finding] = []
        self.clearings: list[Clearing] = []

    # ------------------------------------------------------------ the three calls

    def on_events(self, events: Iterable[Event]) -> Verdicts:
        """Take events in, in the order of the journal."""
        for event in events:
            self._on_event(event)
        return self._said()

    def sweep(self, now: int) -> Verdicts:
        """The clock advances and touches nothing."""
        self._advance(now)
        return self._said()

    def row(self, kind: str, key: str) -> dict[str, Value] | None:
        """The present columns of a subject."""
        row = self.rows.get((kind, key))
        return None if row is None else {name: value for name, value in row.values.items() if value is not None}

    def _said(self) -> Verdicts:
        said = Verdicts(self.findings, self.clearings)
        self.findings, self.clearings = [], []
        return said

    # ------------------------------------------------------------ one event

    def _on_event(self, event: Event) -> None:
        self._advance(event.time if event.received is None else event.received)
        self.place += 1
        now = Waiting(self.place, event)
        for subject, touching in self._touches(now):
            self._touch(subject, touching)
        self._settle()

    def _touches(self, now: Waiting) -> Iterator[tuple[Subject, Event]]:
        """Which rows are touched by what, in the order of work; links are made on the way."""
        keys = now.event.keys
        at_orders = [*self._reaching("order", now), *self._itself("order", now)]
        at_buyers = self._reaching("buyer", now)
        for order, each in at_orders:
            if "buyer" not in each.event.keys:
                at_buyers += self._onward(("order", order), each)
        at_buyers = sorted(at_buyers, key=lambda reached: reached[1].place) + self._itself("buyer", now)
        for kind, reached in (("order", at_orders), ("buyer", at_buyers)):
            for key, each in reached:
                yield (kind, key), each.event
        others = sorted((kind, key) for kind, key in keys.items() if kind not in ("order", "buyer"))
        # The source that it names, then its own, unless that is the same.
        for subject in dict.fromkeys([*others, ("source", now.event.source)]):
            yield subject, now.event

    def _itself(self, kind: str, now: Waiting) -> list[tuple[str, Waiting]]:
        """The event at the row it names."""
        return [(now.event.keys[kind], now)] if kind in now.event.keys else []

    def _reaching(self, parent: str, now: Waiting) -> list[tuple[str, Waiting]]:
        """What reaches a parent through its children: the released if the event links them, or the event itself."""
        keys = now.event.keys
        children = [(kind, keys[kind]) for kind, above in PARENTS.items() if above == parent and kind in keys]
        if parent in keys:
            released: list[Waiting] = []
            for child in children:
                if child not in self.parents:
                    self.parents[child] = keys[parent]
                    released += self.waiting.pop(child, [])
            return [(keys[parent], each) for each in sorted(released)]
        if parent == "order" and children:
            return self._onward(children[0], now)
        return []  # to the buyer it goes by the order, once it is there

    def _onward(self, child: Subject, each: Waiting) -> list[tuple[str, Waiting]]:
        """To the parent of a child if it is linked; else the event waits there."""
        if child in self.parents:
            return [(self.parents[child], each)]
        self.waiting.setdefault(child, []).append(each)
        return []

    def _touch(self, subject: Subject, event: Event) -> None:
        kind, _ = subject
        if kind not in self.pack.tables or event.type not in self.pack.concern[kind]:
            return
        assert self.clock is not None
        row = self.rows.get(subject)
        if row is None:
            row = self.rows[subject] = Row(subject, self.pack.tables[kind])
        touch = touched(event, self.clock, subject[1])
        row.fold(touch)
        for link in self.pack.links:
            if link.table == kind and event.type in link.on:
                self._link(self.rings[link.name], row, touch)
        for rule in self.pack.rules:
            if rule.table == kind:
                self._judge(rule, row, touch)
        for wait in self.pack.waits:
            if wait.table == kind:
                wait.touch(subject, Scope(row.values), touch.received)

    # ------------------------------------------------------------ judging a touched row

    def _judge(self, rule: Rule, row: Row, touch: Touch) -> None:
        cause = f"{touch.event.source} {touch.event.id}"
        scope = Scope(row.values, touch.fields)
        match rule.kind:
            case "fault":
                if rule.until is not None and rule.until.holds(scope):
                    self._clear(rule, row, cause)
                if touch.event.type in rule.on and rule.when is not None and rule.when.holds(scope):
                    self._fire(rule, row, touch.fields, touch.received, cause)
            case "conflict":
                assert rule.when is not None
                holds = rule.when.holds(scope)
                if holds and rule.id not in row.held:
                    row.held.add(rule.id)
                    self._fire(rule, row, touch.fields, touch.received, cause)
                if not holds and rule.id in row.held:
                    row.held.remove(rule.id)
                    self._clear(rule, row, cause)
            case "silence":
                armed = self._armed(rule, row)
                if armed is None or armed[0] != row.fired.get(rule.id):
                    self._clear(rule, row, cause)
                if armed is not None and armed[1] < touch.received and armed[0] != row.fired.get(rule.id):
                    self._break_silence(rule, row, armed[0], touch.received)
            case "surge":
                assert rule.surge is not None
                if rule.until is not None and rule.until.holds(scope):
                    self._end_hits(rule, row, cause)
                if touch.event.type in rule.surge.on:
                    hit = rule.surge.hits is None or rule.surge.hits.holds(scope)
                    place = self._record(rule, row, scope, touch.received, hit=hit)
                    if hit and place is not None and rule.until is not None:
                        self._hold(place, Verdict(rule, row, row.values, touch.fields, touch.received, cause))

    def _armed(self, rule: Rule, row: Row) -> tuple[int, int] | None:
        """(since, due) if the silence is armed."""
        assert rule.since is not None
        assert rule.within is not None
        scope = Scope(row.values)
        since, within = rule.since.value(scope), rule.within.value(scope)
        if since is None or within is None:
            return None
        if rule.until is not None and rule.until.holds(scope):
            return None
        if rule.where is not None and not rule.where.holds(scope):
            return None
        # A limit learned anew makes nothing overdue before it was learned.
        return since, max(since + within, self.relearned) if rule.learned else since + within

    def _in_time(self, rule: Rule, row: Row, at: int) -> bool:
        before = None if rule.before is None else rule.before.value(Scope(row.values))
        return before is None or at < before

    def _break_silence(self, rule: Rule, row: Row, since: int, fired_at: int) -> None:
        if not self._in_time(rule, row, fired_at):
            return
        row.fired[rule.id] = since
        self._fire(rule, row, {}, fired_at, str(since))

    # ------------------------------------------------------------ the clock

    def _advance(self, to: int) -> None:
        """Silences due before `to` and surges that end by then, in the order of their times."""
        if self.clock is not None and to <= self.clock:
            return
        if self.clock is not None:
            epoch = (self.clock // EPOCH + 1) * EPOCH
            if epoch < to:
                self._advance(epoch)
                self._advance(to)
                return
        self._pass_to(to)
        if to % EPOCH == 0:
            self.relearned = to
            for wait in self.pack.waits:
                wait.relearn(to)

    def _pass_to(self, to: int) -> None:
        self.clock = to
        due = [
            (armed[1], rule, row, armed[0])
            for row in self.rows.values()
            for rule in self.pack.rules
            if rule.kind == "silence" and rule.table == row.subject[0]
            if (armed := self._armed(rule, row)) is not None and armed[1] < to and armed[0] != row.fired.get(rule.id)
            # One that was too late already when it was armed stays unsaid.
            if self._in_time(rule, row, max(armed[1], row.touches[-1].received))
        ]
        for at, rule, row, since in sorted(due, key=lambda each: each[0]):
            self._end_surges(at)
            self._break_silence(rule, row, since, at)
        self._end_surges(to)
        self._settle()

    # ------------------------------------------------------------ surges

    def _link(self, rings: Rings, row: Row, touch: Touch) -> None:
        """Who uses the same belongs together; what was counted of rings that become one is counted of the one."""
        uses = rings.uses(Scope(row.values, touch.fields), self.parents.get(row.subject))
        if not uses.handles:
            return
        kept, gone = rings.join(uses)
        united: dict[Place, None] = {}
        for member in gone:
            for rule in self.pack.rules:
                if rule.surge is None or rule.surge.link != rings.link.name:
                    continue
                at = [name for name, _ in rule.surge.by].index(rings.link.name)
                for place in [each for each in self.groups if each[0] == rule.id and each[1][at] == member]:
                    united[self._absorb(rule, place, at, kept, touch.received)] = None
        for place in united:
            rule = next(rule for rule in self.pack.rules if rule.id == place[0])
            group, _ = self.groups[place]
            reached = group.judge(touch.received // group.surge.window)
            if reached is not None:
                self._open_surge(rule, place, reached, touch.received)
            if place in self.surging:
                self._tell_earlier(place, touch.received)

    def _absorb(self, rule: Rule, place: Place, at: int, kept: Member, now: int) -> Place:
        """A group becomes part of the one of an elder ring; its place."""
        into = (rule.id, (*place[1][:at], kept, *place[1][at + 1 :]))
        assert rule.surge is not None
        group, finding = self.groups.setdefault(into, (Group(rule.surge), None))
        other, others = self.groups.pop(place)
        window = now // rule.surge.window
        group.absorb(other, window)
        surging = self.surging.pop(place, None)
        if others is not None and finding is not None:
            cause = str(window * rule.surge.window)
            self.clearings.append(Clearing(finding=others, cleared_at=Instant(now), cause=cause))
        elif others is not None:
            assert surging is not None
            self.groups[into], self.surging[into] = (group, others), surging
        for hit in self.hits:
            if hit.place == place:
                hit.place = into
        return into

    def _record(self, rule: Rule, row: Row, scope: Scope, at: int, *, hit: bool) -> Place | None:
        assert rule.surge is not None
        surge, parent = rule.surge, self.parents.get(row.subject)
        by: list[Any] = []
        for _, expression in surge.by:
            if expression is not None:
                by.append(expression.value(scope))
            else:
                rings = self.rings[str(surge.link)]
                by.append(rings.ring(rings.uses(scope, parent)))
        value = parent if surge.value is None else surge.value.value(scope)
        if None in by or (surge.distinct is not None and value is None):
            return None
        place = (rule.id, tuple(by))
        group, _ = self.groups.setdefault(place, (Group(surge), None))
        reached = group.record(at, hit, value)
        if reached is not None:
            self._open_surge(rule, place, reached, at)
            self._tell_earlier(place, at)
        return place

    def _open_surge(self, rule: Rule, place: Place, reached: Reached, at: int) -> None:
        assert rule.surge is not None
        surge, (group, _) = rule.surge, self.groups[place]
        by = {
            name: name_of(value) if name == surge.link else value
            for (name, _), value in zip(surge.by, place[1], strict=True)
        }
        subject = "|".join(_written(value) for value in by.values())
        cause = str(reached.window * surge.window)
        facts = {"hits": reached.hits, "records": reached.records, "expected": round(reached.expected, 2)}
        finding = self._finding(rule, ("group", subject), None, at, cause, (None, None), by | facts)
        self.groups[place] = (group, finding.id)
        self.surging[place] = by | facts

    def _tell_earlier(self, place: Place, at: int) -> None:
        """Tell the hits of an open group that were not, from a window's length back on."""
        for earlier in list(self.hits):
            assert earlier.verdict.rule.surge is not None
            recent = at - earlier.verdict.fired_at <= earlier.verdict.rule.surge.window
            if earlier.place == place and recent and earlier.told is None:
                self._tell(earlier, at)

    def _hold(self, place: Place, verdict: Verdict) -> None:
        """A hit that is a trouble of its own, once its group surges."""
        hit = Hit(verdict, place)
        self.hits.append(hit)
        self.unsettled.append(hit)
        if place in self.surging:
            self._tell(hit, verdict.fired_at)

    def _tell(self, hit: Hit, at: int) -> None:
        until, scope = hit.verdict.rule.until, Scope(hit.verdict.row.values)
        if until is not None and until.holds(scope):
            self.hits.remove(hit)
            return
        hit.told = (at, self.surging[hit.place])
        if hit not in self.unsettled:
            self.unsettled.append(hit)

    def _end_hits(self, rule: Rule, row: Row, cause: str) -> None:
        assert self.clock is not None
        for hit in [hit for hit in self.hits if hit.verdict.rule is rule and hit.verdict.row is row]:
            if hit.told is not None:
                self.hits.remove(hit)
                self.clearings.append(Clearing(finding=hit.id, cleared_at=Instant(self.clock), cause=cause))

    def _end_surges(self, by: int) -> None:
        for place, (group, finding) in self.groups.items():
            end = group.end()
            if end is not None and end <= by:
                assert finding is not None
                quiet = group.close() * group.surge.window
                self.clearings.append(Clearing(finding=finding, cleared_at=Instant(end), cause=str(quiet)))
                self.groups[place] = (group, None)
                del self.surging[place]

    # ------------------------------------------------------------ findings

    def _fire(self, rule: Rule, row: Row, fields: Mapping[str, Value], fired_at: int, cause: str) -> None:
        row.open.setdefault(rule.id, []).append(finding_id(rule.id, *row.subject, cause))
        self.verdicts.append(Verdict(rule, row, row.values, fields, fired_at, cause))
        for surge in self.pack.rules:
            if surge.surge is not None and rule.id in surge.surge.rules:
                self._record(surge, row, Scope(row.values, fields), fired_at, hit=True)

    def _clear(self, rule: Rule, row: Row, cause: str) -> None:
        assert self.clock is not None
        for finding in row.open.pop(rule.id, []):
            self.clearings.append(Clearing(finding=finding, cleared_at=Instant(self.clock), cause=cause))

    def _settle(self) -> None:
        """The event has done its work: what fired by it can be said, with the order's row as it now stands."""
        for verdict in self.verdicts:
            rule, row = verdict.rule, verdict.row
            order = self._order_of(row.subject)
            scope = Scope(verdict.values, verdict.fields, self._order_values(order))
            self._finding(
                rule, row.subject, order, verdict.fired_at, verdict.cause, _loss(rule, scope), _facts(rule, scope)
            )
        self.verdicts = []
        for hit in self.unsettled:
            self._settle_hit(hit)
        self.unsettled = []

    def _settle_hit(self, hit: Hit) -> None:
        """What is said of a hit is what was known after its own event, whenever it is told."""
        rule, row = hit.verdict.rule, hit.verdict.row
        if not hit.said:
            hit.said = True
            hit.order = self._order_of(row.subject)
            scope = Scope(hit.verdict.values, hit.verdict.fields, self._order_values(hit.order))
            hit.loss, hit.facts = _loss(rule, scope), _facts(rule, scope)
        if hit.told is not None:
            at, surge = hit.told
            self._finding(rule, row.subject, hit.order, at, hit.verdict.cause, hit.loss, {**hit.facts, **surge})

    def _order_values(self, order: str | None) -> Mapping[str, Value]:
        """How the order stands; as one begins, if nothing has touched it yet."""
        if order is None or "order" not in self.pack.tables:
            return {}
        known = self.rows.get(("order", order))
        return (known or Row(("order", order), self.pack.tables["order"])).values

    def _order_of(self, subject: Subject) -> str | None:
        kind, key = subject
        if kind == "order":
            return key
        return self.parents.get(subject) if PARENTS.get(kind) == "order" else None

    def _finding(
        self,
        rule: Rule,
        subject: Subject,
        order: str | None,
        fired_at: int,
        cause: str,
        loss: tuple[int | None, str | None],
        facts: dict[str, Any],
    ) -> Finding:
        finding = Finding(
            id=finding_id(rule.id, *subject, cause),
            rule=rule.id,
            version=rule.version,
            exception=rule.exception,
            kind=subject[0],
            subject=subject[1],
            order=order,
            fired_at=Instant(fired_at),
            cause=cause,
            loss=loss[0],
            currency=loss[1],
            facts=facts,
        )
        self.findings.append(finding)
        return finding


def _loss(rule: Rule, scope: Scope) -> tuple[int | None, str | None]:
    value = None if rule.loss is None else rule.loss.value(scope)
    if rule.loss is None or value is None:
        return None, None
    of_order = any(name.startswith("order.") for name in rule.loss.names)
    currency = (scope.order if of_order else scope.row).get("currency")
    return max(0, value), currency


def _facts(rule: Rule, scope: Scope) -> dict[str, Any]:
    places = {"event": scope.event, "order": scope.order, "": scope.row}
    facts = {}
    for name in sorted(rule.facts):
        place, _, column = name.rpartition(".")
        value = places[place].get(column)
        if value is not None:
            facts[name] = value
    return facts


def _written(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
