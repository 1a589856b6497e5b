"""The provider's payouts: every night it sends what came in the day before, less what went back and its fees."""

from collections.abc import Iterator
from random import Random
from typing import Final

from amends.model.instant import DAY, HOUR, MINUTE, Duration, Instant
from amends.sim.chance import draw_length, draw_token
from amends.sim.course import Course, Fact
from amends.sim.feeds import STRIPE, Network
from amends.sim.sending import Sending
from amends.sim.truth import Truth
from amends.sim.wire import stripe
from amends.sim.wire.stripe import Entry

MISMATCH: Final = Duration(HOUR)
"""A payout and its lines are told apart; so long after the last of them they should agree."""
_WRONG: Final = 0.06
_NIGHT: Final = Duration(3 * HOUR)
_DISPUTE_FEE: Final = {"USD": 1500, "EUR": 1400, "BRL": 8000, "JPY": 1500}


class Payouts:
    """Keeps the provider's books by currency and day, and knows which payout does not add up."""

    def __init__(self, rng: Random, network: Network, start: Instant, *, has_errors: bool) -> None:
        self._rng = rng
        self._network = network
        self._wrong = _WRONG if has_errors else 0
        self._next = Instant(start - start % DAY + DAY)
        self._books: dict[tuple[int, str], list[Entry]] = {}
        self.truths: list[Truth] = []

    def enter(self, course: Course) -> None:
        """Write down what an order's payments will do to the balance."""
        for payment in course.payments:
            if payment.captured is None:
                continue
            fee = payment.amount * 29 // 1000
            self._enter(payment.currency, "charge", payment.charge, payment.amount, fee, payment.captured)
            for refund in payment.refunds:
                self._enter(payment.currency, "refund", refund.id, -refund.amount, 0, refund.asked)
                if refund.failed is not None:
                    self._enter(payment.currency, "refund_failure", refund.id, refund.amount, 0, refund.failed)
            for dispute in payment.disputes:
                charge = _DISPUTE_FEE[payment.currency]
                self._enter(payment.currency, "dispute", dispute.id, -dispute.amount, charge, dispute.opened)
                if dispute.status == "won" and dispute.closed is not None:
                    self._enter(
                        payment.currency, "dispute_reversal", dispute.id, dispute.amount, 0, dispute.closed
                    )  # fmt: skip

    def rounds(self, until: Instant) -> Iterator[Sending]:
        """What the provider tells of the payouts that fall due before `until`."""
        while self._next + _NIGHT < until:
            day = self._next // DAY - 1
            for currency in _DISPUTE_FEE:
                entries = self._books.pop((day, currency), [])
                if entries:
                    yield from self._pay(currency, sorted(entries, key=lambda entry: (entry.at, entry.id)))
            self._next = Instant(self._next + DAY)

    def _enter(self, currency: str, category: str, source: str, amount: int, fee: int, fact: Fact) -> None:
        id_ = f"txn_{category}_{source}"
        entry = Entry(id=id_, category=category, source=source, amount=amount, fee=fee, at=fact.at)
        self._books.setdefault((fact.at // DAY, currency), []).append(entry)

    def _pay(self, currency: str, entries: list[Entry]) -> Iterator[Sending]:
        id_ = "po_" + draw_token(self._rng)
        at = Fact(Instant(self._next + _NIGHT))
        lines = at.after(draw_length(self._rng, 1, 20, MINUTE))
        for fact in (at, lines):
            fact.told = self._network.tells(self._rng, STRIPE, fact.at)
        amount = sum(entry.net for entry in entries)
        missing = self._rng.randint(100, 5000) if self._rng.random() < self._wrong else 0
        yield stripe.payout_paid(id_, currency, amount - missing, at)
        yield stripe.payout_lines(id_, currency, amount - missing, entries, lines)
        if missing:
            yield from self._explain(id_, currency, amount, missing, max(at.told, lines.told), lines)

    def _explain(
        self, id: str, currency: str, amount: int, missing: int, known: Instant, lines: Fact
    ) -> Iterator[Sending]:
        """Mostly the provider finds the line that it had left out."""
        mended = None
        if self._rng.random() < 0.6:
            mended = lines.after(draw_length(self._rng, 4, 40))
            mended.told = self._network.tells(self._rng, STRIPE, mended.at)
            entry = Entry(
                id=f"txn_adjustment_{id}", category="adjustment", source=id, amount=-missing, fee=0, at=lines.at
            )
            yield stripe.payout_lines(id, currency, amount - missing, [entry], mended)
        healed_at = None if mended is None else mended.told
        self.truths.append(
            Truth(
                exception="payout_mismatch", subject=id, order="", at=Instant(known + MISMATCH), healed_at=healed_at
            )
        )  # fmt: skip
