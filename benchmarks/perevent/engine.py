"""Judges a pack one event at a time: rows in dictionaries, timers in a heap, rules as compiled Python.

What it gives is what docs/kernel.md says. It is written to be quick as such engines go: an event runs one compiled
function for each row it touches, which looks at the rules it can move and at no others.
"""

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any

from amends.detection.finding import Clearing, Finding, finding_id
from amends.detection.rule import Pack, Rule
from amends.model.event import Event
from amends.model.instant import Instant
from amends.model.subjects import PARENTS
from benchmarks.perevent.program import OPEN_FAULTS, SUBJECT, Program
from benchmarks.perevent.surges import Surges

_CHILDREN = [child for child, parent in PARENTS.items() if parent == "order"]
Row = list[Any]


class Engine:
    """One shard of subjects under one pack. Events must have instants in `data` as microseconds."""

    def __init__(self, pack: Pack) -> None:
        self.findings: list[Finding] = []
        self.clearings: list[Clearing] = []
        self.program = program = Program(pack, self)
        self._rows: dict[str, dict[str, Row]] = {kind: {} for kind in program.layouts}
        self._links: dict[str, dict[str, str]] = {kind: {} for kind in _CHILDREN}
        self._waiting: dict[str, dict[str, list[tuple[int, Event]]]] = {kind: {} for kind in _CHILDREN}
        self._clock = self._number = self._place = 0
        self._timers: list[tuple[int, int, Row, Rule]] = []
        self._functions: dict[tuple[str, str, bool], Any] = {}
        self._reports = {rule.id: program.report(rule) for rule in program.rules.values() if rule.surge is None}
        self._ends = {rule.id: program.fault_ends(rule) for rule in program.rules.values() if rule.kind == "fault"}
        self._surges = {rule.id: Surges(rule.surge) for rule in program.surges if rule.surge is not None}
        self._fed: dict[str, list[tuple[Rule, Any]]] = {}
        for rule in program.surges:
            for source in rule.surge.rules if rule.surge else ():
                self._fed.setdefault(source, []).append((rule, program.surge_group(rule)))

    # ------------------------------------------------------------ what happens

    def take(self, events: Iterable[Event]) -> None:
        """Judge events one after the other."""
        for event in events:
            received: int = event.time if event.received is None else event.received
            received = max(received, self._clock)
            if self._timers and self._timers[0][0] < received:
                self.pass_to(received)
            self._clock = received
            self._place += 1
            keys = event.keys
            order = keys.get("order")
            if order is None:
                self._reach_order(event, received)
            else:
                released: list[tuple[int, Event]] = []
                for kind, key in keys.items():
                    if kind in self._links and key not in self._links[kind]:
                        self._links[kind][key] = order
                        released += self._waiting[kind].pop(key, ())
                for _, earlier in sorted(released, key=lambda each: each[0]):
                    self._touch("order", order, earlier, received)
                self._touch("order", order, event, received)
            for kind, key in keys.items():
                if kind != "order" and kind in self._rows:
                    self._touch(kind, key, event, received)
            if "source" in self._rows and keys.get("source") != event.source:
                self._touch("source", event.source, event, received)

    def pass_to(self, now: int) -> None:
        """The clock passes: what is due before `now` fires."""
        timers = self._timers
        while timers and timers[0][0] < now:
            at, _, row, rule = heappop(timers)
            layout = self.program.layouts[rule.table]
            if row[layout.queued[rule.id]] != at:
                continue
            row[layout.queued[rule.id]] = None
            due = row[layout.due[rule.id]]
            if due == at:
                row[layout.due[rule.id]] = None
                since = self._since(rule, row)
                row[layout.fired[rule.id]] = since
                row[layout.open[rule.id]] = self.fire(rule, row, at, str(since), None, None)
            elif due is not None:
                row[layout.queued[rule.id]] = due
                self.wait(due, row, rule)

    def end(self, now: int) -> None:
        """The clock passes to the end, and surges with it."""
        self.pass_to(now)
        for surges in self._surges.values():
            surges.pass_to(now)
            for finding, at in surges.ended:
                self.clear(finding, at)

    def _reach_order(self, event: Event, received: int) -> None:
        for kind in _CHILDREN:
            key = event.keys.get(kind)
            if key is not None:
                order = self._links[kind].get(key)
                if order is None:
                    self._waiting[kind].setdefault(key, []).append((self._place, event))
                else:
                    self._touch("order", order, event, received)
                return

    def _touch(self, kind: str, key: str, event: Event, received: int) -> None:
        rows = self._rows[kind]
        row = rows.get(key)
        fresh = row is None
        if row is None:
            row = rows[key] = self.program.layouts[kind].blank.copy()
            row[SUBJECT] = key
        name = (kind, event.type, fresh)
        try:
            function = self._functions[name]
        except KeyError:
            function = self._functions[name] = self.program.touch(kind, event.type, fresh=fresh)
        open_faults = row[OPEN_FAULTS]
        if open_faults is not None:
            # What is open is held against the row as the event leaves it; what the event itself fires is not.
            row[OPEN_FAULTS] = None
        if function is not None:
            function(row, event, event.time, received, event.data)
        if open_faults is not None:
            self._end_faults(row, open_faults, event, received)

    def _end_faults(self, row: Row, open_faults: list[tuple[Rule, str]], event: Event, received: int) -> None:
        left = []
        for rule, finding in open_faults:
            if self._ends[rule.id](row, event, event.time, received, event.data):
                self.clear(finding, received)
            else:
                left.append((rule, finding))
        row[OPEN_FAULTS] = (left + (row[OPEN_FAULTS] or [])) or None

    def _since(self, rule: Rule, row: Row) -> Any:
        try:
            function = self._functions[rule.id, "since", False]
        except KeyError:
            function = self._functions[rule.id, "since", False] = self.program.since(rule)
        return function(row, None, None, None, {})

    # ------------------------------------------------------------ what the compiled functions call

    def cause(self, event: Event) -> str:
        """An event, as the cause of a finding."""
        return f"{event.source} {event.id}"

    def wait(self, due: int, row: Row, rule: Rule) -> None:
        """Set a timer."""
        self._number += 1
        heappush(self._timers, (due, self._number, row, rule))

    def clear(self, finding: str, at: int) -> None:
        """A finding is over."""
        self.clearings.append(Clearing(finding=finding, cleared_at=Instant(at), cause=""))

    def fault(self, rule: Rule, row: Row, event: Event, received: int, data: dict[str, Any]) -> None:
        """A fault fires, and is open if it can end."""
        finding = self.fire(rule, row, received, self.cause(event), event, data)
        if rule.until is not None:
            row[OPEN_FAULTS] = [*(row[OPEN_FAULTS] or []), (rule, finding)]

    def fire(self, rule: Rule, row: Row, at: int, cause: str, event: Event | None, data: dict[str, Any] | None) -> str:
        """A finding; gives its id."""
        subject = row[SUBJECT]
        order = subject if rule.table == "order" else self._links.get(rule.table, {}).get(subject)
        above = None if order is None or rule.table == "order" else self._rows["order"].get(order)
        said = {} if data is None else data
        if data is None:
            event = None
        time, received = (None, None) if event is None else (event.time, at)
        loss, currency, facts = self._reports[rule.id](row, event, time, received, said, above)
        finding = Finding(
            id=finding_id(rule.id, rule.table, subject, cause), rule=rule.id, version=rule.version,
            exception=rule.exception, kind=rule.table, subject=subject, order=order, fired_at=Instant(at), cause=cause,
            loss=loss, currency=currency, facts=facts,
        )  # fmt: skip
        self.findings.append(finding)
        for surge, group in self._fed.get(rule.id, ()):
            self.count(surge, at, group(row, event, time, received, said), True)
        return finding.id

    def count(self, rule: Rule, at: int, by: tuple[Any, ...], hit: bool) -> None:  # noqa: FBT001
        """A record of a surge."""
        if None in by:
            return
        surges = self._surges[rule.id]
        group = surges.count(at, by, hit=hit)
        if group is None:
            return
        subject = "|".join(str(value).lower() if isinstance(value, bool) else str(value) for value in by)
        cause = str(group.window * surges.surge.window)
        group.open = finding_id(rule.id, "group", subject, cause)
        self.findings.append(
            Finding(
                id=group.open, rule=rule.id, version=rule.version, exception=rule.exception, kind="group",
                subject=subject, order=None, fired_at=Instant(at), cause=cause,
                facts={"hits": group.hits, "records": group.records},
            )
        )  # fmt: skip
