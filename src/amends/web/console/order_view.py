"""Of an order what its journey does not word: who bought, where it goes, how it was paid. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from amends.cases.journey import Journey, Payment
from amends.model.money import Money
from amends.web.console.codes import code_words
from amends.web.console.render import translated
from amends.web.languages import mark
from amends.web.visit import Visitor


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """Texts, empty where the channel has not told. `payments` are pairs: how, and what became of the money."""

    number: str = ""
    shop: str = ""
    buyer: str = ""
    email: str = ""
    country: str = ""
    address: str = ""
    note: str = ""
    payments: list[tuple[str, str]] = []


def order_view(journey: Journey, visitor: Visitor) -> OrderView:
    """The order's side facts in the visitor's language."""
    told = journey.facts
    return OrderView(
        number=journey.number,
        shop=" / ".join(code_words(str(told[name]), visitor.say) for name in ("channel", "shop") if told.get(name)),
        buyer=str(told.get("buyer_name") or told.get("recipient") or ""),
        email=str(told.get("buyer_email") or ""),
        country=str(told.get("country") or ""),
        address=address_words(told, visitor),
        note=str(told.get("note") or ""),
        payments=[_payment(payment, visitor) for payment in journey.payments],
    )


def address_words(told: Mapping[str, Any], visitor: Visitor) -> str:
    """Where an order goes, in one line, from what the channel told."""
    parts = [str(told[name]) for name in ("street", "postcode", "city") if told.get(name)]
    if told.get("country"):
        parts.append(visitor.say.country(str(told["country"])))
    return ", ".join(parts)


def _payment(payment: Payment, visitor: Visitor) -> tuple[str, str]:
    """How it was paid, and what became of the money."""
    say = visitor.say
    how = " · ".join(code_words(word, say) for word in (payment.provider, payment.method) if word)
    states = []
    if payment.currency and payment.captured:
        amount = say.money(Money(payment.captured, payment.currency))
        states.append(translated(visitor, mark("captured %(amount)s")) % {"amount": amount})
    if payment.currency and payment.refunded:
        amount = say.money(Money(payment.refunded, payment.currency))
        states.append(translated(visitor, mark("refunded %(amount)s")) % {"amount": amount})
    if not payment.captured and payment.failed_at is not None:
        states.append(translated(visitor, mark("declined")))
    if payment.disputed:
        states.append(translated(visitor, mark("disputed")))
    return how or payment.id, ", ".join(states)
