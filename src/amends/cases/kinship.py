"""Which findings belong together. A finding goes to the first of these that there is:

1. it tells how a case is handled (its subject is a case): that case;
2. the active case of the same order and trouble, or, where no order is known, begun by the same subject and trouble;
3. a case of the same order that *explains* it (below): a symptom does not stand beside its cause;
4. the active case of the same subject and trouble from before its order was known, which takes the order on;
5. the case of the same order (or subject) and trouble that was resolved less than 14 days before: it reopens;
6. else it opens a new one.

A case that was merged stands for the one it went into.
"""

from typing import Final

_CUSTOMS: Final = frozenset(
    ("customs_hold", "customs_docs_required", "duties_unpaid", "customs_rejected", "recipient_id_missing")
)
_NOT_SHIPPING: Final = frozenset(
    ("oversold", "reservation_failed", "payment_risk_hold", "address_incomplete", "customs_rejected")
)
_NOBODY_WAITS: Final = frozenset(("order_cancelled", "cancelled_but_moving"))

EXPLAINED_BY: Final[dict[str, frozenset[str]]] = {
    "handover_late": _NOT_SHIPPING | _NOBODY_WAITS,
    "no_first_scan": _NOT_SHIPPING | _NOBODY_WAITS | {"handover_late"},
    "tracking_stalled": _CUSTOMS | _NOBODY_WAITS | {"return_to_sender", "refused"},
    "destination_dark": _CUSTOMS | _NOBODY_WAITS | {"return_to_sender", "refused"},
    "predicted_late": _CUSTOMS | _NOT_SHIPPING | _NOBODY_WAITS | {"handover_late", "no_first_scan"},
    "delivery_late": _CUSTOMS | _NOT_SHIPPING | _NOBODY_WAITS | {"handover_late", "no_first_scan"},
    "pickup_expiring": _NOBODY_WAITS,
    "return_to_sender": frozenset(("customs_rejected",)),
}
"""The first is explained by an open finding of the others on the same order: a parcel held by customs does not move,
nobody waits for the parcel of a cancelled order, and what customs refuses comes back. It joins that case, and while
the cause is there it adds nothing to its gravity."""

FOLLOWS_ITS_ORDER: Final = frozenset(
    ("reply_overdue", "update_overdue", "messaging_window_closing", "promise_unkept", "buyer_upset")
)
"""How the buyer is served belongs to what the buyer is served about: these join the order's gravest active case,
if there is one; else they make a case of their own."""


def explains(cause: str, symptom: str) -> bool:
    """Whether an open finding of exception `cause` explains one of exception `symptom` on the same order."""
    return cause in EXPLAINED_BY.get(symptom, frozenset())
