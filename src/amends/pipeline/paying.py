"""What may be paid for the loss of an order, by whom, and what was: by Amends, by people, by others."""

from collections.abc import Iterable, Mapping
from typing import Final

from amends.cases.case import Case
from amends.cases.triage import Terms
from amends.model.event import Event
from amends.model.instant import DAY, Instant
from amends.model.money import Money
from amends.pipeline.righting_work import RightingWork
from amends.resolution.authority import Authority, Granted, decide
from amends.resolution.condition import Facts
from amends.resolution.entitlement import TAKEN, Loss, Payout, Way
from amends.resolution.entitlement import left as what_is_left
from amends.resolution.errors import ResolutionError
from amends.resolution.intent import Intent
from amends.resolution.outbox import OutboxEntry
from amends.resolution.stepping import LEFT, Task
from amends.resolution.taken import Refunded, given_elsewhere, refunds_of, taken_of
from amends.resolution.words import built_in_words

AMENDS: Final = "assistant"
"""The role by whose authority playbooks act, and the name under which they grant."""
PAYS: Final[Mapping[str, Way]] = {
    name: deed.pays for name, deed in built_in_words().acts.items() if deed.pays is not None and deed.pays not in TAKEN
}
"""Acts by which we make a buyer whole, and by which way."""


class Paying:
    """Keeps what goes out within the limits of who grants it, and within what each loss may pay out."""

    def __init__(self, authority: Authority, terms: Terms) -> None:
        self._authority, self._terms = authority, terms

    def worth(self, intent: Intent) -> int | None:
        """What an act pays, in the currency of the limits; None where that cannot be said."""
        amount, currency = intent.how.get("amount"), intent.how.get("currency")
        if amount is None:
            return 0
        if currency is None or not self._terms.rates.knows(currency):
            return None
        return self._terms.rates.convert(Money(amount, currency), self._authority.currency).minor

    def before(self, work: RightingWork, entry: OutboxEntry, who: str, now: Instant) -> Granted:
        """What was granted before: on the case, to the buyer, and by this one within a day."""
        free = ("withdrawn", "refused", "proposed")
        of_case = [each for each in work.outbox.of_case(entry.intent.case) if each.intent.state not in free]
        return Granted(
            case=sum(each.worth or 0 for each in of_case),
            buyer=0 if entry.buyer is None else work.outbox.granted_to(entry.buyer),
            day=work.outbox.granted_by(who, Instant(now - DAY)),
        )

    def let_go(self, work: RightingWork, case: Case, entry: OutboxEntry, facts: Facts, now: Instant) -> bool:
        """Whether playbooks may do the act alone; then what it pays is set aside, of what may go out for the loss."""
        intent, worth = entry.intent, entry.worth
        if worth is None:
            return False
        if worth and entry.buyer is None and self._authority.of(AMENDS, intent.does).buyer is not None:
            # Nobody knows what this buyer was granted before.
            return False
        before = self.before(work, entry, AMENDS, now) if worth else Granted()
        if worth and not decide(self._authority, AMENDS, intent.does, worth, before).allowed:
            return False
        try:
            self.reserve(work, case, intent, facts)
        except ResolutionError:
            # More than may go out: a person has to look, and the act says so by waiting.
            return False
        return True

    def reserve(self, work: RightingWork, case: Case, intent: Intent, facts: Facts) -> None:
        """Set aside what an act pays. Raises ResolutionError where less may go out."""
        way, amount = PAYS.get(intent.does), intent.how.get("amount")
        if way is None or amount is None:
            return
        currency = str(intent.how.get("currency"))
        loss = work.losses.open(_loss(case, facts, currency))
        work.losses.reserve(loss.id, act=intent.id, way=way, amount=Money(amount, currency))

    def record_by_hand(self, work: RightingWork, case: Case, task: Task, name: str, facts: Facts) -> None:
        """What a person has given the buyer by doing a task counts like what Amends gives. `name` tells it apart."""
        deed, currency = built_in_words().tasks.get(task.what), facts.get("currency")
        way, amount = None if deed is None else deed.pays, task.details.get("amount")
        if way == "reship" and amount is None:
            # Goods sent again are worth what was paid for them and has not been given back.
            amount = int(facts.get("captured") or facts.get("total") or 0) - int(facts.get("refunded") or 0)
        if way is None or not isinstance(currency, str) or not isinstance(amount, int) or amount <= 0:
            return
        loss = work.losses.open(_loss(case, facts, currency))
        act = f"{loss.id}/task/{case.id}/{name}"
        work.losses.note(loss.id, act=act, way=way, amount=Money(amount, currency))

    def record_taken(self, work: RightingWork, case: Case, events: list[Event], facts: Facts) -> None:
        """What the bank, a marketplace or the shop itself has given for the loss, so that we do not give it again."""
        currency, most = facts.get("currency"), facts.get("captured")
        if not isinstance(currency, str) or not isinstance(most, int):
            return
        taken, refunds = taken_of(events, most, currency), refunds_of(events)
        if not (taken or refunds):
            return
        loss = work.losses.open(_loss(case, facts, currency))
        known = {payout.id: payout for payout in work.losses.payouts(loss.id)}
        for one in taken:
            gone = Money(0 if one.came_back else one.amount, currency)
            work.losses.note(loss.id, act=f"{loss.id}/{one.id}", way=one.way, amount=gone)
        # Another case of the order may have paid for the loss as well.
        ours = {entry.intent.id: entry for entry in work.outbox.get([act for act in known if "/" not in act])}
        sent: dict[str, int] = {}
        for entry in ours.values():
            if entry.intent.does == "refund" and entry.intent.state in LEFT:
                payment = str(entry.intent.how.get("payment"))
                sent[payment] = sent.get(payment, 0) + int(entry.intent.how.get("amount") or 0)
        refs = {entry.ref for entry in ours.values() if entry.ref is not None}
        # What a person paid back at the provider by hand is told of by the provider, too.
        by_hand = sum(one.amount.minor for one in known.values() if _is_paid_by_hand(one))
        for payment, amount in given_elsewhere(refunds, ours.keys(), refs, sent).items():
            by_hand, amount = max(by_hand - amount, 0), max(amount - by_hand, 0)
            act = f"{loss.id}/elsewhere/{payment}"
            work.losses.note(loss.id, act=act, way="elsewhere", amount=Money(amount, currency))
        self._note_failed(work, refunds, ours, known)

    def _note_failed(
        self,
        work: RightingWork,
        refunds: Iterable[Refunded],
        ours: Mapping[str, OutboxEntry],
        known: Mapping[str, Payout],
    ) -> None:
        """A refund of ours that was done and came back is not paid after all."""
        failed = {refund.act for refund in refunds if not refund.amount} | {
            act for act, entry in ours.items() for refund in refunds if not refund.amount and refund.id == entry.ref
        }
        for act in failed & known.keys():
            payout = known[str(act)]
            if payout.state == "paid":
                work.losses.note(payout.loss, act=payout.id, way=payout.way, amount=Money(0, payout.amount.currency))

    def left(self, work: RightingWork, case: Case, facts: Facts) -> int | None:
        """What may still go out for the loss, in minor units of the order's currency; None where nobody knows."""
        currency = facts.get("currency")
        if not isinstance(currency, str) or not isinstance(facts.get("captured"), int):
            return None
        return what_is_left(_loss(case, facts, currency), work.losses.payouts(_loss_of(case))).minor

    def settle(self, work: RightingWork, case: Case, intent: Intent) -> None:
        """What was set aside for an act that is over is paid, or free again."""
        if intent.does not in PAYS:
            return
        for payout in work.losses.payouts(_loss_of(case)):
            belied = payout.state == "released" and intent.state == "confirmed"
            if payout.id == intent.id and (payout.state == "reserved" or belied):
                work.losses.settle(payout.loss, payout.id, paid=intent.state == "confirmed")


def _is_paid_by_hand(payout: Payout) -> bool:
    return "/task/" in payout.id and payout.way == "refund" and payout.state == "paid"


def buyer_of(facts: Facts) -> str | None:
    """By what a buyer is known again."""
    buyer, email = facts.get("buyer"), facts.get("buyer_email")
    return str(buyer) if buyer is not None else str(email).casefold() if email else None


def _loss(case: Case, facts: Facts, currency: str) -> Loss:
    most = facts.get("captured")
    return Loss(
        id=_loss_of(case), order=case.order or case.subject, about="order",
        most=Money(most if isinstance(most, int) else 0, currency),
    )  # fmt: skip


def _loss_of(case: Case) -> str:
    """An order is one loss: whatever goes wrong with it, the buyer paid for it once."""
    return f"order/{case.order}" if case.order is not None else f"{case.kind}/{case.subject}"
