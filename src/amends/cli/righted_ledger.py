"""Where the money of a world went that was put right: what came in, went out and is left, from books of several kinds.

What came in, and what the shop gave back, is in the journal; what Amends gave is in its own books; what is left is in
the provider's. They are kept apart from one another, so that they come to nothing together only if all are right.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from sqlalchemy import select

from amends.model.event import Event
from amends.resolution.entitlement import TAKEN
from amends.sim.stripe_service import Payment
from amends.store.resolution_schema import loss, outbox, payout
from amends.store.work import Work

_WON: Final = ("won", "warning_closed", "prevented")
_LEFT: Final = ("sending", "unknown", "accepted", "confirmed")
_PORTION: Final = 10_000


class Account(msgspec.Struct, kw_only=True):
    """The sums of one currency, in minor units; `rest` is what they do not come to, and should be nothing.

    captured - refunded - under_way - by_shop - at_provider = rest. What banks and marketplaces took they took from
    the shop, and not from the payment; nor does the provider know of what was `sent_elsewhere`, to an account that the
    buyer named.
    """

    captured: int = 0
    refunded: int = 0
    under_way: int = 0
    by_shop: int = 0
    at_provider: int = 0
    charged_back: int = 0
    claimed: int = 0
    reshipped: int = 0
    coupons: int = 0
    sent_elsewhere: int = 0
    set_aside: int = 0

    @property
    def rest(self) -> int:
        """What is left over of all of it."""
        return self.captured - self.refunded - self.under_way - self.by_shop - self.at_provider


class Given(msgspec.Struct, kw_only=True):
    """What a buyer paid for an order and got back: from Amends by its books, else by the journal."""

    currency: str
    paid: int = 0
    ours: int = 0
    others: int = 0


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts by currency, what was given for each order, and in a sentence each whatever does not agree."""

    accounts: Mapping[str, Account]
    given: Mapping[str, Given]
    disagreements: list[str]


class _Refund(msgspec.Struct):
    """What the journal says of a refund at the provider."""

    payment: str
    order: str | None
    currency: str
    amount: int
    act: str | None = None
    arrived: bool = False
    failed: bool = False


class Heard(msgspec.Struct):
    """What the journal says of money."""

    captured: dict[str, tuple[str, int]] = {}
    refunds: dict[str, _Refund] = {}
    disputes: dict[str, tuple[str | None, str, int]] = {}
    claims: dict[str, tuple[str | None, str, int]] = {}
    orders: dict[str, str] = {}

    def note(self, event: Event) -> None:
        """Take in one more event."""
        data, payment, order = event.data, event.keys.get("payment"), event.keys.get("order")
        amount, currency = data.get("amount"), str(data.get("currency"))
        if payment and order:
            self.orders.setdefault(payment, order)
        by_provider = event.source.startswith("stripe/")
        match event.type:
            case "payment.captured" if by_provider and payment and amount is not None:
                self.captured[payment] = currency, amount
            case "payment.refunded" | "payment.refund_failed" if by_provider and payment and data.get("refund"):
                known = _Refund(payment=payment, order=order, currency=currency, amount=amount or 0)
                refund = self.refunds.setdefault(data["refund"], known)
                refund.act = data.get("act") or refund.act
                refund.arrived |= event.type == "payment.refunded" and data.get("status") in (None, "succeeded")
                refund.failed |= event.type == "payment.refund_failed"
            case "dispute.opened" if amount:
                self.disputes[str(data.get("dispute") or payment)] = order, currency, amount
            case "dispute.closed" if data.get("status") in _WON:
                self.disputes.pop(str(data.get("dispute") or payment), None)
            case "claim.closed" if data.get("status") == "granted" and amount:
                self.claims[str(data.get("claim") or event.id)] = order, currency, amount
            case _:
                pass


def read_ledger(work: Work, at_provider: Mapping[str, Payment]) -> Ledger:
    """Hold the books against one another."""
    heard = Heard()
    for event in _events(work):
        heard.note(event)
    accounts: defaultdict[str, Account] = defaultdict(Account)
    given: dict[str, Given] = {}
    problems: list[str] = []
    for payment, (currency, amount) in heard.captured.items():
        accounts[currency].captured += amount
        if payment in heard.orders:
            _given(given, heard.orders[payment], currency).paid += amount
    for held in at_provider.values():
        accounts[held.currency.upper()].at_provider += held.amount - held.refunded
    _note_ours(work, heard, accounts, given, problems)
    _note_others(heard, accounts, given)
    problems += _payments_apart(heard, at_provider)
    for currency, account in sorted(accounts.items()):
        if account.rest:
            problems.append(f"{currency}: the books differ by {account.rest:,} minor units.")
    return Ledger(accounts=dict(sorted(accounts.items())), given=given, disagreements=problems)


def _events(work: Work) -> Iterable[Event]:
    after = 0
    while entries := work.journal.read(after=after, limit=_PORTION):
        yield from (entry.event for entry in entries)
        after = entries[-1].position


def _given(given: dict[str, Given], order: str, currency: str) -> Given:
    return given.setdefault(order, Given(currency=currency))


def _note_ours(
    work: Work, heard: Heard, accounts: Mapping[str, Account], given: dict[str, Given], problems: list[str]
) -> None:
    """What Amends has given by its books, each beside what became of the act and what the provider says."""
    said = {refund.act: refund for refund in heard.refunds.values() if refund.act is not None}
    acts = {row.id: row for row in work.connection.execute(select(outbox.c.id, outbox.c.state, outbox.c.does))}
    rows = select(payout, loss.c.currency, loss.c.order_id).join(loss, loss.c.id == payout.c.loss)
    booked = set()
    for row in work.connection.execute(rows.order_by(payout.c.id)):
        if row.way in TAKEN or "/task/" in row.id:
            # What others gave is noted by what they say of it, and what people gave by hand by what they did.
            continue
        booked.add(row.id)
        account, told, act = accounts[row.currency], said.get(row.id), acts.get(row.id)
        state, does = (None, None) if act is None else (act.state, act.does)
        if row.state != "released":
            _given(given, row.order_id, row.currency).ours += row.amount
        if does == "send_money":
            account.sent_elsewhere += row.amount if row.state == "paid" else 0
        elif row.way == "refund" and row.state == "paid":
            account.refunded += row.amount
            if told is None or not told.arrived:
                problems.append(f"Refund {row.id} of order {row.order_id} is booked as paid, and no event says so.")
            elif told.amount != row.amount:
                problems.append(f"Refund {row.id} is booked with {row.amount}, and the provider says {told.amount}.")
        elif row.way == "refund" and row.state == "reserved" and state in _LEFT:
            account.under_way += row.amount
        elif row.way == "refund" and told is not None and not told.failed:
            problems.append(f"Refund {row.id} of order {row.order_id} went out, and is booked as {row.state}.")
        elif row.way == "reship" and row.state == "paid":
            account.reshipped += row.amount
        elif row.way == "coupon" and row.state == "paid":
            account.coupons += row.amount
        if row.state == "reserved":
            account.set_aside += row.amount
            if state not in ("approved", *_LEFT):
                problems.append(f"Act {row.id} of order {row.order_id} is {state}, and its sum is still set aside.")
        elif row.state == "paid" and state != "confirmed":
            problems.append(f"Act {row.id} of order {row.order_id} is {state}, and its sum is booked as paid.")
    for id_ in sorted(set(said) - booked):
        problems.append(f"Refund {id_} went out, and nothing was booked for it.")


def _note_others(heard: Heard, accounts: Mapping[str, Account], given: dict[str, Given]) -> None:
    for refund in heard.refunds.values():
        if refund.act is None and not refund.failed:
            accounts[refund.currency].by_shop += refund.amount
            order = refund.order or heard.orders.get(refund.payment)
            if order is not None:
                _given(given, order, refund.currency).others += refund.amount
    for order, currency, amount in heard.disputes.values():
        accounts[currency].charged_back += amount
        if order is not None:
            _given(given, order, currency).others += amount
    for order, currency, amount in heard.claims.values():
        accounts[currency].claimed += amount
        if order is not None:
            _given(given, order, currency).others += amount


def _payments_apart(heard: Heard, at_provider: Mapping[str, Payment]) -> list[str]:
    """Payments of which journal and provider say different things."""
    back: defaultdict[str, int] = defaultdict(int)
    for refund in heard.refunds.values():
        if not refund.failed:
            back[refund.payment] += refund.amount
    problems = []
    for id_, payment in sorted(at_provider.items()):
        _, captured = heard.captured.get(id_, ("", 0))
        if (captured, back[id_]) != (payment.amount, payment.refunded):
            problems.append(
                f"Payment {id_}: the journal has {captured:,} in and {back[id_]:,} out, the provider "
                f"{payment.amount:,} and {payment.refunded:,}."
            )
    return problems
