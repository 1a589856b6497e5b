"""Disputes answered, and let stand.

Evidence that is submitted cannot be taken back or added to, so nothing is submitted but what somebody has put together.
Source: https://docs.stripe.com/api/disputes/update, https://docs.stripe.com/api/disputes/close,
https://docs.stripe.com/api/disputes/evidence_object.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from amends.connectors.measures import text_of
from amends.connectors.stripe.wire import ACT_METADATA, Dispute
from amends.model.errors import UnusableInputError
from amends.resolution.intent import Intent
from amends.resolution.outbox import Reply

DOES: Final = frozenset(("answer_dispute", "accept_dispute"))
TEXTS: Final = frozenset(
    "access_activity_log billing_address cancellation_policy_disclosure cancellation_rebuttal customer_email_address "
    "customer_name customer_purchase_ip duplicate_charge_explanation duplicate_charge_id product_description "
    "refund_policy_disclosure refund_refusal_explanation service_date shipping_address shipping_carrier shipping_date "
    "shipping_tracking_number uncategorized_text".split()
)
FILES: Final = frozenset(
    "cancellation_policy customer_communication customer_signature duplicate_charge_documentation receipt "
    "refund_policy service_documentation shipping_documentation uncategorized_file".split()
)
"""Fields of evidence: those that are texts, and those that are the id of a file which Stripe has (file_...)."""
_FIELD_MAX: Final = 20_000
_ALL_MAX: Final = 150_000
_FACTS: Final = {
    "tracking": "shipping_tracking_number", "carrier": "shipping_carrier", "buyer_email": "customer_email_address",
    "buyer_name": "customer_name",
}  # fmt: skip
"""What an act is told that belongs to the evidence, where that says nothing of it."""
_OPEN: Final = ("needs_response", "warning_needs_response")


class UnusableEvidenceError(UnusableInputError):
    """Evidence that Stripe would not take; the message says which part."""


def request_of(intent: Intent) -> tuple[str, dict[str, str]]:
    """The path and the fields by which Stripe is told. Raises UnusableEvidenceError."""
    path = f"/v1/disputes/{intent.how['dispute']}"
    if intent.does == "accept_dispute":
        return f"{path}/close", {}
    evidence = _evidence(intent.how)
    fields = {f"evidence[{name}]": text for name, text in evidence.items()}
    return path, {**fields, "submit": "true", f"metadata[{ACT_METADATA}]": intent.id}


def told_of(intent: Intent, content: bytes) -> Reply:
    """What a dispute, as Stripe tells it, says of an act. Raises msgspec.DecodeError."""
    dispute = msgspec.json.decode(content, type=Dispute)
    status = text_of(dispute.status)
    if intent.does == "accept_dispute":
        return Reply(said="confirmed") if status == "lost" else Reply(said="not_done", says=f"The dispute is {status}.")
    if status not in _OPEN:
        # There is one answer to a dispute, whoever gave it.
        return Reply(said="confirmed")
    if (dispute.metadata or {}).get(ACT_METADATA) == intent.id:
        return Reply(said="accepted")
    return Reply(said="not_done", says=f"The dispute is {status}.")


def _evidence(how: Mapping[str, Any]) -> dict[str, str]:
    given = how.get("evidence") or {}
    if not given:
        raise UnusableEvidenceError("Nobody has put the evidence together, and it can be submitted once only.")
    strange = sorted(set(given) - TEXTS - FILES)
    if strange:
        raise UnusableEvidenceError(f"Stripe knows no evidence called {', '.join(strange)}.")
    no_files = sorted(name for name in FILES & set(given) if not str(given[name]).startswith("file_"))
    if no_files:
        raise UnusableEvidenceError(f"{', '.join(no_files)} should be the id of a file that Stripe has (file_...).")
    facts = {theirs: str(how[ours]) for ours, theirs in _FACTS.items() if how.get(ours)}
    evidence = facts | {name: str(text) for name, text in given.items()}
    if max(map(len, evidence.values())) > _FIELD_MAX or sum(map(len, evidence.values())) > _ALL_MAX:
        raise UnusableEvidenceError(f"Stripe takes {_FIELD_MAX:,} characters in a field, {_ALL_MAX:,} in all.")
    return evidence
