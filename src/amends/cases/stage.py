"""The stage of cases: what detection says in, cases changed and events to journal out. Pure.

Verdicts are taken one after another in the order of time, so it makes no difference into how many batches they come,
with one exception on purpose: a finding that fires and clears within one batch was never there for anybody, and
opens no case. If the trouble comes back later, the case begins with that first finding all the same.
"""

from collections.abc import Iterator, Sequence
from operator import itemgetter

from amends.cases.book import CaseBook, CaseWork, LooseFinding
from amends.cases.case import REOPENS_WITHIN
from amends.cases.desk import Desk
from amends.cases.gathering import take_surge
from amends.cases.intake import clear, take, take_back
from amends.cases.rule_info import Rules, opens_incident, rule_of
from amends.cases.triage import Terms
from amends.detection.finding import Clearing, Finding, Verdicts
from amends.model.instant import Instant

_FINDING, _SURGE, _CLEARING = range(3)

Verdict = tuple[Instant, int, str, bool, Finding | Clearing]
"""When, which sort first at equal times, the finding's id, whether of the past, and what."""


def apply(
    book: CaseBook, verdicts: Verdicts, *, now: Instant, rules: Rules, terms: Terms, back: Sequence[Finding] = ()
) -> CaseWork:
    """Let new findings and clearings open, join, heal and reopen cases and incidents; grade what has changed.

    `book` holds what `touch_of(verdicts, rules)` names. Verdicts that were applied before change nothing.
    `back` are findings that were said to have cleared, and have not; the book holds them as open.
    Raises UnknownRuleError for a finding whose rule is not in the pack.
    """
    desk = Desk(book, terms, now)
    known = {loose.finding.id for loose in book.loose}
    stream = [*_new(verdicts, rules, known), *_past(book, rules)]
    for _, _, _, past, verdict in sorted(stream, key=itemgetter(0, 1, 2)):
        if isinstance(verdict, Clearing):
            clear(desk, verdict, past=past)
            continue
        rule = rule_of(rules, verdict.rule)
        if opens_incident(verdict, rule):
            take_surge(desk, verdict, rule)
        else:
            take(desk, verdict, rule, past=past)
    for finding in back:
        rule = rule_of(rules, finding.rule)
        if opens_incident(finding, rule):
            take_surge(desk, finding, rule)
        else:
            take_back(desk, finding, rule)
    return desk.work()


def wake(book: CaseBook, *, now: Instant, terms: Terms) -> CaseWork:
    """Do what only time brings: end snoozes, close what was resolved 14 days ago, grade anew what is due.

    `book` holds cases whose `wake_at` has come, with their incidents and memberships.
    """
    desk = Desk(book, terms, now)
    for case in book.cases:
        if case.snoozed_until is not None and case.snoozed_until <= now:
            until = case.snoozed_until
            case = desk.change(case, "woke", at=until, action="wake", snoozed_until=None)
        if case.state == "resolved" and case.resolved_at is not None and case.resolved_at + REOPENS_WITHIN <= now:
            case = desk.change(case, "closed", at=Instant(case.resolved_at + REOPENS_WITHIN), action="close")
        desk.look_again(case)
    return desk.work()


def _new(verdicts: Verdicts, rules: Rules, known: set[str]) -> Iterator[Verdict]:
    for finding in verdicts.findings:
        if finding.id not in known:
            sort = _SURGE if opens_incident(finding, rule_of(rules, finding.rule)) else _FINDING
            yield finding.fired_at, sort, finding.id, False, finding
    for clearing in verdicts.clearings:
        yield clearing.cleared_at, _CLEARING, clearing.finding, False, clearing


def _past(book: CaseBook, rules: Rules) -> Iterator[Verdict]:
    """Findings that came and went unseen: gone through again, in case the same trouble is back now."""
    for loose in book.loose:
        if loose.finding.rule in rules:
            yield from _as_verdicts(loose)


def _as_verdicts(loose: LooseFinding) -> Iterator[Verdict]:
    clearing = Clearing(finding=loose.finding.id, cleared_at=loose.cleared_at, cause=loose.cleared_by)
    yield loose.finding.fired_at, _FINDING, loose.finding.id, True, loose.finding
    yield loose.cleared_at, _CLEARING, loose.finding.id, True, clearing
