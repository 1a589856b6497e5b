"""What others took or gave for a loss, as its order's events tell: the bank, the marketplace, the shop itself. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from amends.model.event import Event
from amends.resolution.entitlement import Payout, Way
from amends.resolution.intent import Intent, IntentState

_WON = ("won", "warning_closed", "prevented")
_SENT = (None, "succeeded", "pending")
_OURS: tuple[IntentState, ...] = ("sending", "unknown", "accepted", "confirmed")


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What went out for a loss without our doing; `amount` in minor units of the loss's currency.

    `came_back`: what was taken has been given back, as a dispute that was won.
    """

    id: str
    way: Way
    amount: int
    came_back: bool = False


def taken_of(events: Iterable[Event], most: int, currency: str) -> list[Taken]:
    """Chargebacks, and claims that were granted. What was taken in another currency counts as all that there is."""
    found: dict[str, Taken] = {}
    for event in sorted(events, key=lambda each: (each.time, each.source, each.id)):
        amount, status = event.data.get("amount"), event.data.get("status")
        if event.data.get("currency", currency) != currency:
            amount = most
        match event.type:
            case "dispute.opened" if amount:
                id_ = f"dispute/{event.data.get('dispute') or event.keys.get('payment') or event.id}"
                found.setdefault(id_, Taken(id=id_, way="chargeback", amount=amount))
            case "dispute.closed" if status in _WON:
                id_ = f"dispute/{event.data.get('dispute') or event.keys.get('payment') or event.id}"
                if id_ in found:
                    found[id_] = msgspec.structs.replace(found[id_], came_back=True)
            case "claim.closed" if status == "granted" and amount:
                id_ = f"claim/{event.data.get('claim') or event.id}"
                found[id_] = Taken(id=id_, way="claim", amount=amount)
            case _:
                pass
    return list(found.values())


def given_elsewhere(events: Iterable[Event], ours: Iterable[Intent]) -> Mapping[str, int]:
    """What was refunded of each payment beyond our own acts, in minor units.

    Of a payment whose refunds several parties tell of, the most that one of them tells.
    """
    told: dict[str, dict[tuple[str, bool], int]] = defaultdict(lambda: defaultdict(int))
    for event in events:
        amount, payment = event.data.get("amount"), event.keys.get("payment")
        if event.type == "payment.refunded" and event.data.get("status") in _SENT and amount and payment:
            told[payment][event.source, event.data.get("refund") is not None] += amount
    sent: dict[str, int] = defaultdict(int)
    for intent in ours:
        if intent.does == "refund" and intent.state in _OURS:
            sent[str(intent.how.get("payment"))] += int(intent.how.get("amount") or 0)
    beyond = {payment: max(parts.values()) - sent[payment] for payment, parts in told.items()}
    return {payment: amount for payment, amount in beyond.items() if amount > 0}


def recorded_elsewhere(payouts: Iterable[Payout], payment: str) -> int:
    """What is recorded of refunds of a payment that were not ours, in minor units."""
    return sum(each.amount.minor for each in payouts if each.id.startswith(f"elsewhere/{payment}/"))
