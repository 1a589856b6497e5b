"""Takes cases through their playbooks: what their steps want comes into the outbox, and leaves from there by `outbox`.

It works in transactions of its own, behind that of the cases: they leave word of what is new (`righted`), and until
that is seen here nothing of a case leaves. A crash keeps all of a turn or nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from amends.cases.action import Command, Contact, Resolve, perform
from amends.cases.case import Case
from amends.cases.errors import CaseError
from amends.cases.triage import Terms
from amends.messaging.daytime import next_daytime
from amends.messaging.zones import zone_of
from amends.model.audit import Deed
from amends.model.event import Event
from amends.model.instant import HOUR, Duration, Instant
from amends.model.subjects import PARENTS
from amends.pipeline.casework import keep, news_of
from amends.pipeline.offering import Offering, agreed_of
from amends.pipeline.paying import AMENDS, Paying, buyer_of
from amends.pipeline.ports import Change
from amends.pipeline.record import record
from amends.pipeline.righting_work import RightingWork
from amends.resolution.authority import Authority, Decision, approve, decide
from amends.resolution.condition import Facts
from amends.resolution.echo import echo_of
from amends.resolution.errors import ResolutionError
from amends.resolution.facts import facts_of
from amends.resolution.intent import Intent, IntentState, intent_id
from amends.resolution.outbox import OutboxEntry, answered, entered, granted, says_more, withdrawn
from amends.resolution.playbook import LATE, Playbook, Step, outcomes_of
from amends.resolution.stepping import (
    ASKING,
    BY_HAND,
    WAITING,
    Advance,
    Known,
    Standing,
    advance,
    begin,
    by_hand,
    hand_over,
    intent_of,
    next_due,
    step_id,
)
from amends.resolution.sums import sum_of

AT_ONCE: Final = 20
"""Cases in one turn: whoever else writes waits for it."""
WHO: Final = "amends"
"""Who did what playbooks did, in the record of a case."""
LEAD: Final = "lead"
"""The role that goes on where a playbook cannot."""
TOLD_WITHIN: Final = Duration(4 * HOUR)
"""So soon somebody is to tell a buyer what a letter could not."""
TELLS: Final = ("tell", "ask", "offer")
"""Acts by which a buyer hears of the trouble."""


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """Where a case stands on its way; `step_id` is by what the step is answered."""

    standing: Standing
    step: Step
    step_id: str


class _Told(msgspec.Struct):
    """What is known of one case, as it is read for a step; `changes` are what pages are to show anew."""

    events: list[Event]
    known: Known
    acts: dict[str, OutboxEntry]
    changes: list[Change]


class PuttingRight:
    """Takes cases through their playbooks. All of it within a unit of work that its caller commits."""

    def __init__(self, playbooks: Mapping[str, Playbook], authority: Authority, terms: Terms) -> None:
        self.playbooks, self.authority, self._terms = playbooks, authority, terms
        self._offering = Offering(terms.rates)
        self._paying = Paying(authority, terms)

    def turn(self, work: RightingWork, now: Instant, *, limit: int = AT_ONCE) -> list[Change]:
        """Go on with cases of which there is news, and with those that time takes further; what has changed."""
        # What time brings has half of a turn, however much news there is.
        late = work.standings.due(now, limit=limit)[: max(limit // 2, 1)]
        news = work.news.first(limit)
        due = list(dict.fromkeys([*late, *news]))[:limit]
        found = work.cases.get(due)
        # News may be no more than that an act has got further, which a page that is open shows too.
        changes = dict.fromkeys(Change(kind="case", id=case) for case in news)
        changes |= dict.fromkeys(self._look_at(work, found.values(), now))
        for gone in (case for case in due if case not in found):
            self._let_be(work, gone, now)
        return list(changes)

    def next_due(self, work: RightingWork) -> Instant | None:
        """When time alone next takes a case further; at once, if there is news of one."""
        return Instant(0) if work.news.first(1) else work.standings.next_due()

    def set_aside(self, work: RightingWork, now: Instant) -> str | None:
        """Let go of the case whose turn would be next, since it fails: people go on with it; gives its id."""
        for case in (*work.news.first(1), *work.standings.due(now, limit=1)):
            self._let_be(work, case, now)
            return case
        return None

    # ------------------------------------------------------------ what people say

    def waits_for(self, work: RightingWork, case: str) -> Open | None:
        """The step that a case is at; None if it is at none."""
        standing = work.standings.get(case)
        playbook = None if standing is None else self.playbooks.get(standing.exception)
        if standing is None or standing.step is None or playbook is None or playbook.version != standing.version:
            return None
        return Open(standing=standing, step=playbook[standing.step], step_id=step_id(standing))

    def open_at(self, work: RightingWork, case: str, step: str) -> Open | None:
        """The step of this id, if an answer to it is waited for: that which the case is at, or a letter by hand."""
        found = self.waits_for(work, case)
        if found is not None and found.step_id == step:
            return found
        standing = work.standings.get(case)
        if standing is None or not step.startswith(BY_HAND) or step in work.standings.answers(case, standing.round):
            return None
        task = next((each for each in work.standings.tasks(case, standing.round) if each.id == step), None)
        if task is None:
            return None
        return Open(
            standing=standing, step=Step(name=step, do="task", what=task.what, details=task.details), step_id=step
        )

    def answer(self, work: RightingWork, case: str, step: str, said: str, *, who: str, now: Instant) -> bool:
        """Keep what somebody answered to a step, and go on; False, with nothing changed, if it was answered before.

        Raises ResolutionError where the case is not at that step, or the step cannot come to that.
        """
        standing = work.standings.get(case)
        if standing is not None and step in work.standings.answers(case, standing.round):
            return False
        found = self.open_at(work, case, step)
        if found is None:
            raise ResolutionError("The case has gone on since, and nobody waits for this answer any more.")
        able = [outcome for outcome in outcomes_of(found.step) if outcome != LATE]
        act = intent_of(found.standing, found.step) if found.step_id == step and not step.startswith(BY_HAND) else None
        asked = next((one for one in work.outbox.of_case(case) if one.intent.id == act), None)
        if asked is not None and said in found.step.options:
            able = [*asked.intent.how.get("options", ())]
        if found.step.do not in ASKING or said not in able:
            raise ResolutionError(f"{said!r} is no answer to this: it can be {', '.join(able)}.")
        if not work.standings.answer(case, found.standing.round, step, said, who=who, now=now):
            return False
        told = {"step": step, "answer": said, "round": found.standing.round}
        work.audit.add(Deed(at=now, who=who, what="answered", kind="case", subject=case, details=told))
        if step.startswith(BY_HAND) and said == "done":
            self._say(work, case, Contact(by="phone"), now)
        if found.step.do == "task" and said == "done":
            self._record_by_hand(work, case, found)
        self.look(work, [case], now)
        return True

    def approve(self, work: RightingWork, case: str, act: str, *, who: str, role: str, now: Instant) -> None:
        """Let an act go that waits for it. `who` is an account. Raises ResolutionError where the role may not."""
        # What the bank or the shop has given meanwhile counts.
        self.look(work, [case], now)
        entry = self._waiting(work, case, act)
        if _is_empty_offer(entry.intent):
            raise ResolutionError("There is nothing left to offer: agree with the buyer on something else by hand.")
        if entry.worth is None:
            raise ResolutionError("What this is worth cannot be said in the currency of the limits: do it by hand.")
        before = self._paying.before(work, entry, who, now)
        approve(self.authority, role, entry.intent.does, entry.worth, before, asked=AMENDS, by=who)
        found = work.cases.get([case])[case]
        self._paying.reserve(work, found, entry.intent, facts_of(_events(work, found)))
        self._put(work, entry, granted(entry, who, now))
        work.audit.add(_deed("approved", entry, who, now))
        self.look(work, [case], now)

    def refuse(self, work: RightingWork, case: str, act: str, *, who: str, now: Instant) -> None:
        """Do not let an act go that waits for it. `who` is an account. Raises ResolutionError."""
        entry = self._waiting(work, case, act)
        gone = withdrawn(entry, now)
        self._put(work, entry, msgspec.structs.replace(gone, granted_by=who, granted_at=now))
        work.audit.add(_deed("refused", entry, who, now))
        self.look(work, [case], now)

    def stopped(
        self, work: RightingWork, entry: OutboxEntry, *, who: str = AMENDS, role: str = AMENDS, now: Instant
    ) -> Decision:
        """What keeps an act from being let go by somebody (a playbook, if nobody is named), and who may.

        Its worth has to be known.
        """
        before = self._paying.before(work, entry, who, now)
        return decide(self.authority, role, entry.intent.does, entry.worth or 0, before)

    def look(self, work: RightingWork, cases: Iterable[str], now: Instant) -> list[Change]:
        """Go on with these cases now."""
        return self._look_at(work, work.cases.get(cases).values(), now)

    def heard(self, work: RightingWork, before: OutboxEntry, after: OutboxEntry, now: Instant) -> None:
        """What is to be noted of an act that has got further: how far, and that the buyer was told."""
        if after.intent.state != before.intent.state:
            work.audit.add(_deed(after.intent.state, after, WHO, now))
        told = ("accepted", "confirmed")
        is_new = before.intent.state not in told and after.intent.state in told
        if is_new and after.intent.does in TELLS:
            self._say(work, after.intent.case, Contact(by=str(after.intent.how.get("medium", "email"))), now)

    def _waiting(self, work: RightingWork, case: str, act: str) -> OutboxEntry:
        entry = next((each for each in work.outbox.of_case(case) if each.intent.id == act), None)
        if entry is None or entry.intent.state != "proposed":
            raise ResolutionError("Nothing waits for an approval here any more: look at the case again.")
        return entry

    def _put(self, work: RightingWork, before: OutboxEntry, after: OutboxEntry) -> None:
        if not work.outbox.put(before, after):
            raise ResolutionError("Somebody else was quicker: look at the case again.")

    # ------------------------------------------------------------ going on

    def _look_at(self, work: RightingWork, cases: Iterable[Case], now: Instant) -> list[Change]:
        found = list(cases)
        ids = [case.id for case in found]
        work.standings.gather(ids)
        work.outbox.gather(ids)
        work.news.gather(ids)
        events = work.journal.read_subjects(map(_subject, found))
        told = [[entry.event for entry in events[_subject(case)]] for case in found]
        return [change for case, each in zip(found, told, strict=True) for change in self._go_on(work, case, each, now)]

    def _go_on(self, work: RightingWork, case: Case, events: list[Event], now: Instant) -> list[Change]:
        before = work.standings.get(case.id)
        begins = before is None or _is_behind(before, case)
        playbook = self.playbooks.get(case.grade.exception if before is None or begins else before.exception)
        # What people were at before any playbook was stays theirs, and what is over, or has healed, needs none.
        is_theirs = before is None and (case.touched or not case.has_trouble or not case.is_active)
        if playbook is None or is_theirs:
            self._let_be(work, case.id, now)
            return []
        standing = begin(playbook, case.id, case.round, now) if before is None or begins else before
        told = self._look(work, case, standing, events, now)
        found = _advanced(playbook, standing, told.known)
        self._keep(work, case, playbook, found, told, now)
        # One that was opened again goes through it again at the next look.
        due = now if _is_behind(found.standing, case) else next_due(playbook, found.standing)
        work.standings.put(found.standing, due)
        # What has left may yet come back: a letter that bounces, a refund that fails.
        waits = found.standing.step is not None or any(not act.intent.is_over for act in work.outbox.of_case(case.id))
        work.news.watch(case.id, _subjects(case, told.events) if waits else ())
        work.news.seen(case.id)
        self._reflect(work, case, playbook, before, found.standing, now, told.changes)
        return told.changes if found.standing == before else [Change(kind="case", id=case.id), *told.changes]

    def _let_be(self, work: RightingWork, case: str, now: Instant) -> None:
        """There is nothing by which the case could go on: it is people's, and what has not left does not leave."""
        standing = work.standings.get(case)
        found = work.cases.get([case]).get(case)
        for entry in work.outbox.of_case(case):
            gone = withdrawn(entry, now) if entry.intent.state in WAITING else None
            if gone is not None and work.outbox.put(entry, gone):
                work.audit.add(_deed("withdrawn", gone, WHO, now))
                if found is not None:
                    self._paying.settle(work, found, gone.intent)
        if standing is not None and standing.step is not None:
            standing = msgspec.structs.replace(standing, step=None, since=now, ending="handed", role=LEAD)
        if standing is not None:
            work.standings.put(standing, None)
        work.news.watch(case, ())
        work.news.seen(case)

    def _look(self, work: RightingWork, case: Case, standing: Standing, events: list[Event], now: Instant) -> _Told:
        acts: dict[str, OutboxEntry] = {}
        changes: list[Change] = []
        for entry in work.outbox.of_case(case.id):
            after = self._echo(work, entry, events, now)
            acts[entry.intent.id] = after
            if after.intent.is_over:
                self._paying.settle(work, case, after.intent)
            if after != entry:
                changes.append(Change(kind="case", id=case.id))
        states: dict[str, IntentState] = {act: entry.intent.state for act, entry in acts.items()}
        answers = work.standings.answers(case.id, standing.round)
        facts = facts_of(events)
        self._paying.record_taken(work, case, events, facts)
        agreed = agreed_of(_of_round(acts.values(), standing), answers)
        if agreed is not None:
            facts["agreed"] = agreed
        facts["case_open"] = case.is_active
        self._tell_by_hand(work, standing, acts, now)
        known = Known(
            now=now,
            facts=facts,
            healed=not case.is_active or not case.has_trouble,
            intents=states,
            tasks=frozenset(task.id for task in work.standings.tasks(case.id, standing.round)),
            answers=answers,
        )
        return _Told(events=events, known=known, acts=acts, changes=changes)

    def _tell_by_hand(
        self, work: RightingWork, standing: Standing, acts: Mapping[str, OutboxEntry], now: Instant
    ) -> None:
        """What a letter says that will not arrive is somebody's task: the buyer is told in any case."""
        rounds = range(standing.round + 1)
        there = {task.id for each in rounds for task in work.standings.tasks(standing.case, each)}
        lost = [
            by_hand(standing.case, act, str(entry.intent.how.get("what")), Instant(now + TOLD_WITHIN))
            for act, entry in acts.items()
            if entry.intent.does in TELLS and entry.intent.state == "refused"
        ]
        work.standings.add_tasks(standing.round, [task for task in lost if task.id not in there], now)

    def _echo(self, work: RightingWork, entry: OutboxEntry, events: list[Event], now: Instant) -> OutboxEntry:
        """An act after what the case's events say of it."""
        reply = echo_of(entry, events)
        if reply is None or not says_more(entry, reply):
            return entry
        after = answered(entry, reply, now)
        if not work.outbox.put(entry, after):
            return entry
        self.heard(work, entry, after, now)
        return after

    def _keep(
        self, work: RightingWork, case: Case, playbook: Playbook, found: Advance, told: _Told, now: Instant
    ) -> None:
        work.standings.add_tasks(found.standing.round, found.tasks, now)
        buyer = buyer_of(told.known.facts)
        for planned in found.intents:
            intent = self._offering.offered(planned, told.known.facts, self._paying.left(work, case, told.known.facts))
            intent = _with_sum(work, intent, playbook, found.standing, told)
            entry = entered(intent, worth=self._paying.worth(intent), buyer=buyer)
            if self._may_leave(work, case, entry, told.known.facts, now):
                entry = granted(entry, AMENDS, now, not_before=_morning(intent, told.known.facts, now))
            if work.outbox.add([entry]):
                work.audit.add(_deed("planned" if entry.granted_by is None else "granted", entry, WHO, now))
        for act in found.withdrawn:
            entry = told.acts[act]
            gone = withdrawn(entry, now)
            if work.outbox.put(entry, gone):
                work.audit.add(_deed("withdrawn", gone, WHO, now))
                self._paying.settle(work, case, gone.intent)

    def _may_leave(self, work: RightingWork, case: Case, entry: OutboxEntry, facts: Facts, now: Instant) -> bool:
        """Whether the act may go without anybody; an offer of nothing has to be looked at by somebody."""
        return not _is_empty_offer(entry.intent) and self._paying.let_go(work, case, entry, facts, now)

    def _record_by_hand(self, work: RightingWork, id: str, done: Open) -> None:
        """What a person has given the buyer counts like what Amends gives."""
        case = work.cases.get([id]).get(id)
        if case is None:
            return
        tasks = work.standings.tasks(id, done.standing.round)
        task = next((each for each in tasks if each.id == done.step_id), None)
        if task is not None:
            facts = facts_of(_events(work, case))
            self._paying.record_by_hand(work, case, task, f"{done.standing.round}/{done.step_id}", facts)

    # ------------------------------------------------------------ what the case shows of it

    def _reflect(
        self,
        work: RightingWork,
        case: Case,
        playbook: Playbook,
        before: Standing | None,
        after: Standing,
        now: Instant,
        changes: list[Change],
    ) -> None:
        """Let the case itself say what its playbook has come to: whose turn it is, and that it is done."""
        if after == before or not case.is_active:
            return
        came_back = after.ending == "healed" and case.has_trouble
        if after.step is None and after.outcome is not None and after.ending != "handed" and not came_back:
            changes += self._say(work, case.id, Resolve(outcome=after.outcome), now)

    def _say(self, work: RightingWork, case: str, command: Command, now: Instant) -> Sequence[Change]:
        """Do with a case what a person would; what its state does not allow is left."""
        try:
            decided = perform(work.cases.case_book(case), case, command, who=WHO, now=now, terms=self._terms)
        except CaseError:
            return ()
        news = news_of(keep(work.cases, decided, now=now, terms=self._terms))
        record(work, news.events)
        return news.changes


def _with_sum(work: RightingWork, intent: Intent, playbook: Playbook, standing: Standing, told: _Told) -> Intent:
    """A letter, with the sum that it is about. It moves none, so that is not its `amount`."""
    if intent.does not in TELLS:
        return intent
    tasks, known = work.standings.tasks(standing.case, standing.round), told.known
    acts = sorted(_of_round(told.acts.values(), standing), key=lambda entry: entry.intent.planned_at)
    found = sum_of(intent, playbook, standing, known.facts, acts, tasks, known.answers, known.now)
    return msgspec.structs.replace(intent, how={**intent.how, "sum": found}) if found else intent


def _is_empty_offer(intent: Intent) -> bool:
    return intent.does == "offer" and not intent.how.get("options")


def _is_behind(standing: Standing, case: Case) -> bool:
    """It is over, and the case was opened again since."""
    return standing.step is None and standing.round < case.round and case.is_active


def _advanced(playbook: Playbook, standing: Standing, known: Known) -> Advance:
    """As far as one can go; where the playbook has changed on the way, or leads nowhere, a person goes on."""
    if standing.step is not None and standing.version != playbook.version:
        return hand_over(standing, known, LEAD)
    try:
        return advance(playbook, standing, known)
    except ResolutionError:
        return hand_over(standing, known, LEAD)


def _of_round(acts: Iterable[OutboxEntry], standing: Standing) -> list[OutboxEntry]:
    """The acts of a round: an earlier one's were about other amounts."""

    def is_of_round(intent: Intent) -> bool:
        step = str(intent.how.get("step") or "")
        return step != "" and intent.id == intent_id(standing.case, standing.round, step, intent.does)

    return [entry for entry in acts if is_of_round(entry.intent)]


def _morning(intent: Intent, facts: Facts, now: Instant) -> Instant:
    """When an act may leave: a letter by day, unless the answer that it asks for were due before."""
    if intent.does not in TELLS:
        return now
    day = next_daytime(now, zone_of(facts.get("country")))
    until = intent.how.get("until")
    return now if until is not None and day >= until else day


def _deed(what: str, entry: OutboxEntry, who: str, now: Instant) -> Deed:
    """An entry of the record about an act: what it does and how much, and nobody's name or words."""
    intent = entry.intent
    details: dict[str, Any] = {
        name: intent.how[name] for name in ("what", "amount", "currency", "payment") if name in intent.how
    }
    details |= {"act": intent.id, "does": intent.does}
    if intent.does not in TELLS:
        # A letter's Message-ID bears its order, and the sign by which answers to it are believed.
        details["ref"] = entry.ref
    return Deed(at=now, who=who, what=what, kind="case", subject=intent.case, details=details)


def _subject(case: Case) -> tuple[str, str]:
    return ("order", case.order) if case.order is not None else (case.kind, case.subject)


def _events(work: RightingWork, case: Case) -> list[Event]:
    return [entry.event for entry in work.journal.read_subject(*_subject(case))]


def _subjects(case: Case, events: Iterable[Event]) -> list[tuple[str, str]]:
    """What a case wants to hear of: its order or subject, and the payments, parcels, returns and threads of it."""
    own = _subject(case)
    parts = {(kind, key) for event in events for kind, key in event.keys.items() if PARENTS.get(kind) == own[0]}
    return [own, *(part for part in parts if part[0] != "case")]
