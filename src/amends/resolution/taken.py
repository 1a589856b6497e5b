"""What others took or gave for a loss, as its order's events tell: the bank, the marketplace, the shop itself. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import TypeGuard

import msgspec

from amends.model.event import Event
from amends.resolution.entitlement import Way

_WON = ("won", "warning_closed", "prevented")
_SENT = (None, "succeeded", "pending")


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What went out for a loss without our doing; `amount` in minor units of the loss's currency.

    `came_back`: what was taken has been given back, as a dispute that was won.
    """

    id: str
    way: Way
    amount: int
    came_back: bool = False


class Refunded(msgspec.Struct, frozen=True, kw_only=True):
    """A refund as its payment's events last told of it: by whom, how much (0: it failed), and of which act it came."""

    payment: str
    source: str
    id: str
    amount: int
    act: str | None = None


def taken_of(events: Iterable[Event], most: int, currency: str) -> list[Taken]:
    """Chargebacks, and claims that were granted. What was taken in another currency counts as all that there is.

    An inquiry takes nothing yet: a refund is what ends it.
    """
    found: dict[str, Taken] = {}
    for event in sorted(events, key=lambda each: (each.time, each.source, each.id)):
        amount, status = event.data.get("amount"), str(event.data.get("status") or "")
        if event.data.get("currency", currency) != currency:
            amount = most
        about = event.data.get("dispute") or event.keys.get("payment") or event.id
        id_ = f"dispute/{event.source}/{about}"
        match event.type:
            case "dispute.opened" | "dispute.updated" if _is_sum(amount) and not status.startswith("warning"):
                found.setdefault(id_, Taken(id=id_, way="chargeback", amount=amount))
            case "dispute.closed" if status in _WON and id_ in found:
                found[id_] = msgspec.structs.replace(found[id_], came_back=True)
            case "claim.closed" if status == "granted" and _is_sum(amount):
                id_ = f"claim/{event.source}/{event.data.get('claim') or event.id}"
                found[id_] = Taken(id=id_, way="claim", amount=amount)
            case _:
                pass
    return list(found.values())


def refunds_of(events: Iterable[Event]) -> list[Refunded]:
    """Each refund once, as it was last told of; of one without an id, each telling is one."""
    found: dict[tuple[str, str, str], Refunded] = {}
    for event in sorted(events, key=lambda each: (each.time, each.source, each.id)):
        payment, amount = event.keys.get("payment"), event.data.get("amount")
        if event.type not in ("payment.refunded", "payment.refund_failed") or payment is None:
            continue
        id_ = str(event.data.get("refund") or event.id)
        before = found.get((payment, event.source, id_))
        goes = event.type == "payment.refunded" and event.data.get("status") in _SENT
        act = event.data.get("act") or (before.act if before is not None else None)
        found[payment, event.source, id_] = Refunded(
            payment=payment, source=event.source, id=id_, amount=amount if goes and _is_sum(amount) else 0, act=act
        )
    return list(found.values())


def given_elsewhere(
    refunds: Iterable[Refunded], acts: Collection[str], refs: Collection[str], sent: Mapping[str, int]
) -> dict[str, int]:
    """What was refunded of each payment beyond our own acts, in minor units.

    Ours are those that bear one of our `acts`, or one of the vendors' ids (`refs`) of them. A party that knows neither
    tells of ours among the rest: of its sum, what we have `sent` of the payment is taken away. Of a payment whose
    refunds several parties tell of, the most that one of them tells.
    """
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    knows: set[tuple[str, str]] = set()
    for refund in refunds:
        if refund.act in acts or refund.id in refs:
            knows.add((refund.payment, refund.source))
            sums[refund.payment][refund.source] += 0
        else:
            sums[refund.payment][refund.source] += refund.amount
    found = {}
    for payment, parts in sums.items():
        beyond = [
            told if (payment, source) in knows else max(told - sent.get(payment, 0), 0)
            for source, told in parts.items()
        ]
        found[payment] = max(beyond)
    return found


def _is_sum(amount: object) -> TypeGuard[int]:
    return isinstance(amount, int) and amount > 0
