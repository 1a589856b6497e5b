"""The stage behind cases: each goes through its playbook, and what its steps want comes into the outbox.

It runs in the transaction of the cases, so a crash keeps both or neither; what leaves, leaves by `outbox` later.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

import msgspec

from amends.cases.case import Case
from amends.cases.triage import Terms
from amends.model.event import Event
from amends.model.instant import Instant
from amends.model.money import Money
from amends.pipeline.ports import Entry
from amends.resolution.authority import Authority, Granted, decide
from amends.resolution.echo import echo_of
from amends.resolution.entitlement import TAKEN, Loss, Payout, Way
from amends.resolution.errors import ResolutionError
from amends.resolution.facts import facts_of
from amends.resolution.intent import Intent, IntentState, move
from amends.resolution.outbox import OutboxEntry, answered, entered, says_more, withdrawn
from amends.resolution.playbook import Playbook
from amends.resolution.stepping import Advance, Known, Standing, Task, advance, begin, hand_over, next_due
from amends.resolution.words import built_in_words

DUE_AT_ONCE: Final = 50
AMENDS: Final = "assistant"
"""The role by whose authority playbooks act."""
LEAD: Final = "lead"
"""The role that goes on where a playbook cannot."""
PAYS: Final[Mapping[str, Way]] = {
    name: deed.pays for name, deed in built_in_words().acts.items() if deed.pays is not None and deed.pays not in TAKEN
}
"""Acts by which we make a buyer whole, and by which way."""


class Standings(Protocol):
    """Where cases stand."""

    def get(self, case: str) -> Standing | None: ...
    def put(self, stands: Standing, due_at: Instant | None) -> None: ...
    def due(self, now: Instant, *, limit: int) -> list[str]: ...
    def next_due(self) -> Instant | None: ...
    def add_tasks(self, round: int, tasks: Iterable[Task], now: Instant) -> None: ...
    def tasks(self, case: str, round: int) -> list[Task]: ...
    def answers(self, case: str, round: int) -> dict[str, str]: ...


class Acts(Protocol):
    """The outbox, as far as it is filled here."""

    def add(self, entries: Iterable[OutboxEntry]) -> int: ...
    def of_case(self, case: str) -> list[OutboxEntry]: ...
    def put(self, before: OutboxEntry, after: OutboxEntry) -> bool: ...


class Losses(Protocol):
    """What may go out for what buyers lost."""

    def open(self, found: Loss) -> Loss: ...
    def reserve(self, id: str, *, act: str, way: Way, amount: Money) -> Payout: ...
    def settle(self, id: str, act: str, *, paid: bool) -> Payout: ...
    def payouts(self, id: str) -> list[Payout]: ...


class CaseReader(Protocol):
    """Cases by id."""

    def get(self, ids: Iterable[str]) -> dict[str, Case]: ...


class JournalReader(Protocol):
    """The events of a subject."""

    def read_subject(self, kind: str, subject: str) -> list[Entry]: ...


class RightingWork(Protocol):
    """A unit of work that holds these books."""

    @property
    def standings(self) -> Standings: ...
    @property
    def outbox(self) -> Acts: ...
    @property
    def losses(self) -> Losses: ...
    @property
    def cases(self) -> CaseReader: ...
    @property
    def journal(self) -> JournalReader: ...


class _Told(msgspec.Struct):
    """What is known of one case, as it is read for a step."""

    known: Known
    acts: dict[str, OutboxEntry]


class PuttingRight:
    """Takes cases through their playbooks."""

    def __init__(self, playbooks: Mapping[str, Playbook], authority: Authority, terms: Terms) -> None:
        self._playbooks, self._authority, self._terms = playbooks, authority, terms

    def step(self, work: RightingWork, cases: Iterable[Case], now: Instant) -> list[str]:
        """Go on with cases that have changed, and with those that time takes further; returns which have moved."""
        changed = {case.id: case for case in cases}
        due = [case for case in work.standings.due(now, limit=DUE_AT_ONCE) if case not in changed]
        found = work.cases.get(due)
        for gone in (case for case in due if case not in found):
            self._let_be(work, gone)
        return [case.id for case in (*changed.values(), *found.values()) if self._go_on(work, case, now)]

    def next_due(self, work: RightingWork) -> Instant | None:
        """When time alone next takes a case further."""
        return work.standings.next_due()

    def _go_on(self, work: RightingWork, case: Case, now: Instant) -> bool:
        before = work.standings.get(case.id)
        playbook = self._playbooks.get(case.grade.exception if before is None else before.exception)
        if playbook is None or (before is None and not case.is_active):
            self._let_be(work, case.id)
            return False
        standing = begin(playbook, case.id, case.round, now) if before is None or _is_behind(before, case) else before
        told = self._look(work, case, standing, now)
        found = _advanced(playbook, standing, told.known)
        self._keep(work, case, found, told, now)
        # One that was opened again goes through it again at the next look.
        due = now if _is_behind(found.standing, case) else next_due(playbook, found.standing)
        work.standings.put(found.standing, due)
        return found.standing != before

    def _let_be(self, work: RightingWork, case: str) -> None:
        """There is nothing by which the case could go on, so it is not to be looked at for ever."""
        standing = work.standings.get(case)
        if standing is not None:
            work.standings.put(standing, None)

    def _look(self, work: RightingWork, case: Case, standing: Standing, now: Instant) -> _Told:
        events = _events(work.journal, case)
        acts = {entry.intent.id: self._heard(work, case, entry, events, now) for entry in work.outbox.of_case(case.id)}
        states: dict[str, IntentState] = {act: entry.intent.state for act, entry in acts.items()}
        known = Known(
            now=now,
            facts=facts_of(events),
            healed=not case.is_active or not case.has_trouble,
            intents=states,
            tasks=frozenset(task.id for task in work.standings.tasks(case.id, standing.round)),
            answers=work.standings.answers(case.id, standing.round),
        )
        return _Told(known=known, acts=acts)

    def _heard(
        self, work: RightingWork, case: Case, entry: OutboxEntry, events: list[Event], now: Instant
    ) -> OutboxEntry:
        """An act after what the case's events say of it; what was set aside for one that is over is paid, or free."""
        reply = echo_of(entry, events)
        if reply is not None and says_more(entry, reply):
            after = answered(entry, reply, now)
            entry = after if work.outbox.put(entry, after) else entry
        if entry.intent.is_over:
            self._settle(work, case, entry.intent)
        return entry

    def _keep(self, work: RightingWork, case: Case, found: Advance, told: _Told, now: Instant) -> None:
        work.standings.add_tasks(found.standing.round, found.tasks, now)
        granted = self._granted(told)
        for intent in found.intents:
            intent, granted = self._grant(work, case, intent, granted, told, now)
            work.outbox.add([entered(intent)])
        for act in found.withdrawn:
            entry = told.acts[act]
            gone = withdrawn(entry, now)
            if work.outbox.put(entry, gone):
                self._settle(work, case, gone.intent)

    # ------------------------------------------------------------ money

    def _granted(self, told: _Told) -> int:
        """What was granted on the case before, in the shop's currency."""
        gone = ("withdrawn", "refused", "proposed")
        return sum(self._worth(entry.intent) or 0 for entry in told.acts.values() if entry.intent.state not in gone)

    def _worth(self, intent: Intent) -> int | None:
        """What an act pays, in the shop's currency; None where that cannot be said."""
        amount, currency = intent.how.get("amount"), intent.how.get("currency")
        if amount is None:
            return 0
        if currency is None or not self._terms.rates.knows(currency):
            return None
        return self._terms.rates.convert(Money(amount, currency), self._terms.currency).minor

    def _grant(
        self, work: RightingWork, case: Case, intent: Intent, granted: int, told: _Told, now: Instant
    ) -> tuple[Intent, int]:
        """Let the act go if that is within what playbooks may do alone, and what may go out for the loss."""
        worth = self._worth(intent)
        if worth is None:
            return intent, granted
        # What other cases of the buyer, and of the day, were granted is not looked up yet: nothing runs by this before.
        before = Granted(case=granted, buyer=granted, day=granted)
        if worth and not decide(self._authority, AMENDS, intent.does, worth, before).allowed:
            return intent, granted
        try:
            self._reserve(work, case, intent, told)
        except ResolutionError:
            # More than may go out: a person has to look, and the act says so by waiting.
            return intent, granted
        return move(intent, "approve", now), granted + worth

    def _reserve(self, work: RightingWork, case: Case, intent: Intent, told: _Told) -> None:
        way, amount = PAYS.get(intent.does), intent.how.get("amount")
        if way is None or amount is None:
            return
        currency = str(intent.how.get("currency"))
        most = int(told.known.facts.get("captured") or 0)
        loss = work.losses.open(
            Loss(id=_loss_of(case), order=case.order or case.subject, about="order", most=Money(most, currency))
        )
        work.losses.reserve(loss.id, act=intent.id, way=way, amount=Money(amount, currency))

    def _settle(self, work: RightingWork, case: Case, intent: Intent) -> None:
        if intent.does not in PAYS:
            return
        for payout in work.losses.payouts(_loss_of(case)):
            belied = payout.state == "released" and intent.state == "confirmed"
            if payout.id == intent.id and (payout.state == "reserved" or belied):
                work.losses.settle(payout.loss, payout.id, paid=intent.state == "confirmed")


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


def _loss_of(case: Case) -> str:
    """An order is one loss: whatever goes wrong with it, the buyer paid for it once."""
    return f"order/{case.order}" if case.order is not None else f"{case.kind}/{case.subject}"


def _events(journal: JournalReader, case: Case) -> list[Event]:
    kind, subject = ("order", case.order) if case.order is not None else (case.kind, case.subject)
    return [entry.event for entry in journal.read_subject(kind, subject)]
