"""Money that goes back: refunds and disputes."""

from typing import Any, Final

from amends.connectors.delivery import IrrelevantDeliveryError
from amends.connectors.measures import count_of, id_of, text_of, unix_moment_of
from amends.connectors.stripe import wire
from amends.connectors.stripe.telling import Telling, money, needed, order_in

_REFUNDS: Final = {
    "pending": ("payment.refunded", "pending"),
    "requires_action": ("payment.refunded", "pending"),
    "succeeded": ("payment.refunded", "succeeded"),
    "failed": ("payment.refund_failed", "failed"),
    "canceled": ("payment.refund_failed", "canceled"),
}
_CHANGES: Final = ("refund.updated", "charge.refund.updated")
_DISPUTED: Final = {
    "charge.dispute.created": "dispute.opened",
    "charge.dispute.updated": "dispute.updated",
    "charge.dispute.funds_withdrawn": "dispute.updated",
    "charge.dispute.funds_reinstated": "dispute.updated",
    "charge.dispute.closed": "dispute.closed",
}
_OPEN: Final = ("needs_response", "warning_needs_response")
_ANSWERED: Final = ("under_review", "warning_under_review")


def tell_refund(refund: wire.Refund, to: Telling, *, charge: wire.Charge | None = None) -> None:
    """A refund under way, done, or failed."""
    id_ = needed(refund.id, "the refund")
    if to.type in _CHANGES and to.changed and "status" not in to.changed:
        raise IrrelevantDeliveryError(
            f"Only {', '.join(sorted(to.changed))[:80]} of refund {id_} changed; its state is the same as before."
        )
    told = text_of(refund.status)
    # Very old refunds have no status: they were done at once.
    type_, status = _REFUNDS.get(told or "succeeded", ("payment.refunded", told or "succeeded"))
    # A change of state happened when it was told; a state from the beginning, when the refund was made.
    turned = type_ == "payment.refund_failed" or bool(to.changed and "status" in to.changed and charge is None)
    made = unix_moment_of(refund.created, "created")
    told_at = to.when(f"refund {id_} was {status}", refund.created)
    time, assumed = (made, {}) if made is not None and not turned else told_at
    data = {
        **money(refund.amount, refund.currency),
        "refund": id_,
        "status": status,
        "provider": "stripe",
        "reason": text_of(refund.failure_reason) or text_of(refund.reason),
        "charge": wire.id_in(refund.charge),
        "act": text_of((refund.metadata or {}).get(wire.ACT_METADATA)),
        "test": to.is_test(charge.livemode if charge else None),
        **assumed,
    }
    intent = wire.id_in(refund.payment_intent) or (wire.id_in(charge.payment_intent) if charge else None)
    keys = {"payment": intent or wire.id_in(refund.charge) or id_, "order": order_in(refund.metadata)}
    to.draft.say(type_, id=f"refund/{id_}/{status}", time=time, keys=keys, data=data)


def tell_refunds_of(charge: wire.Charge, to: Telling) -> None:
    """The refunds that a charge lists; where it lists none, how much of it went back since it was told before."""
    listed = wire.refunds_in(charge)
    for refund in listed:
        tell_refund(refund, to, charge=charge)
    back = count_of(charge.amount_refunded, "amount_refunded") or 0
    if listed or not back:
        return
    id_ = needed(charge.id, "the charge")
    before = (to.changed or {}).get("amount_refunded")
    now = back - (before if isinstance(before, int) and 0 <= before <= back else 0)
    time, assumed = to.when(f"charge {id_} was refunded", charge.created)
    data = {
        **money(now, charge.currency),
        "status": "succeeded",
        "provider": "stripe",
        "charge": id_,
        "test": to.is_test(charge.livemode),
        **assumed,
    }
    keys = {
        "payment": wire.id_in(charge.payment_intent) or id_,
        "order": order_in(charge.metadata, charge.transfer_group),
    }
    to.draft.say("payment.refunded", id=f"charge/{id_}/refunded/{back}", time=time, keys=keys, data=data, as_seen=True)


def tell_dispute(dispute: wire.Dispute, to: Telling) -> None:
    """A buyer has asked her bank for the money back; or that has been answered, or decided."""
    charge = wire.id_in(dispute.charge)
    id_ = id_of(dispute.id) or (f"of-{charge}" if charge else needed(None, "the dispute"))
    status = text_of(dispute.status)
    type_ = _DISPUTED.get(to.type or "") or _type_of(status)
    time, assumed = to.when(f"dispute {id_} was told", dispute.created)
    card = (dispute.payment_method_details.card if dispute.payment_method_details else None) or wire.DisputedCard()
    data = {
        **money(dispute.amount, dispute.currency),
        **assumed,
        "dispute": id_,
        "status": status,
        "reason": text_of(dispute.reason),
        "stage": _stage(status, text_of(card.case_type)),
        "code": text_of(dispute.network_reason_code) or text_of(card.network_reason_code),
        "respond_by": _due(dispute),
        "provider": "stripe",
        "charge": charge,
        "funds": (to.type or "").partition("funds_")[2] or None,
        "test": to.is_test(dispute.livemode),
    }
    keys = {
        "payment": wire.id_in(dispute.payment_intent) or charge or f"dispute-{id_}",
        "order": order_in(dispute.metadata),
    }
    name = f"dispute/{id_}/{type_.partition('.')[2]}"
    to.draft.say(type_, id=name, time=time, keys=keys, data=data, as_seen=True)


def _type_of(status: str | None) -> str:
    if status in _OPEN or status is None:
        return "dispute.opened"
    return "dispute.updated" if status in _ANSWERED else "dispute.closed"


def _stage(status: str | None, case: str | None) -> str:
    if case == "inquiry" or (status or "").startswith("warning_"):
        return "pre_dispute"
    return "pre_arbitration" if case == "pre_arbitration" else "dispute"


def _due(dispute: wire.Dispute) -> Any:
    due = dispute.evidence_details.due_by if dispute.evidence_details else None
    # Nought stands for "no answer is possible".
    return unix_moment_of(due or dispute.evidence_due_by or None, "due_by")
