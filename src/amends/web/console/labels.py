"""What the console calls the words of the vocabulary. English is the source; the catalogues hold the rest.

Every table is complete: a test holds them against the vocabulary.
"""

from typing import Final

from amends.cases.case import ChangeName, Outcome
from amends.cases.grade import Severity
from amends.cases.incident import IncidentChangeName
from amends.cases.lifecycle import State
from amends.detection.finding import RuleKind
from amends.pipeline.ports import DeliveryState
from amends.store.users import Role
from amends.web.languages import mark

SEVERITIES: Final[dict[Severity, str]] = {
    "critical": mark("Critical"),
    "high": mark("High"),
    "warning": mark("Warning"),
    "info": mark("Info"),
}
SEVERITY_ICONS: Final[dict[Severity, str]] = {
    "critical": "alert-octagon",
    "high": "alert-triangle",
    "warning": "alert-circle",
    "info": "info-circle",
}
"""Shape says it too, not colour alone."""

STATES: Final[dict[State, str]] = {
    "new": mark("New"),
    "open": mark("Open"),
    "waiting_buyer": mark("Waiting for the buyer"),
    "waiting_third_party": mark("Waiting for a third party"),
    "waiting_approval": mark("Waiting for approval"),
    "resolved": mark("Resolved"),
    "closed": mark("Closed"),
    "merged": mark("Merged"),
}

OUTCOMES: Final[dict[Outcome, str]] = {
    "put_right": mark("Put right"),
    "false_alarm": mark("False alarm"),
    "healed": mark("Healed by itself"),
    "written_off": mark("Written off"),
}
OUTCOME_HINTS: Final[dict[Outcome, str]] = {
    "put_right": mark("The buyer has what she was promised, or her money."),
    "false_alarm": mark("Nothing was wrong. The rule learns from this."),
    "healed": mark("What was missing came after all, without us."),
    "written_off": mark("Nothing more can be done; the loss stands."),
}

TROUBLES: Final[dict[str, str]] = {
    "payment": mark("Payment"),
    "refund": mark("Refund"),
    "dispute": mark("Dispute"),
    "stock": mark("Stock"),
    "fulfilment": mark("Fulfilment"),
    "delivery": mark("Logistics"),
    "customs": mark("Customs"),
    "address": mark("Address"),
    "quality": mark("Quality"),
    "abuse": mark("Abuse"),
    "service": mark("Service"),
    "return": mark("Return"),
    "system": mark("System"),
}

KINDS: Final[dict[RuleKind, str]] = {
    "fault": mark("Fault"),
    "conflict": mark("Conflict"),
    "silence": mark("Silence"),
    "surge": mark("Surge"),
}
KIND_HINTS: Final[dict[RuleKind, str]] = {
    "fault": mark("One event says that something went wrong."),
    "conflict": mark("Two facts do not agree."),
    "silence": mark("What should have come has not, by its time."),
    "surge": mark("More of them than usual in one group."),
}
LULL_HINT: Final = mark("Fewer come than usual in one group.")

CONDITIONS: Final[dict[str, str]] = {
    "when": mark("when"),
    "since": mark("since"),
    "within": mark("within"),
    "until": mark("until"),
    "where": mark("where"),
    "before": mark("only before"),
    "hits": mark("counts"),
    "loss": mark("at stake"),
}

SURGE_NUMBERS: Final[dict[str, str]] = {
    "at_least": mark("at least"),
    "false_alarms": mark("false alarms at most"),
    "window": mark("in windows of"),
    "half_life": mark("history halves in"),
    "prior": mark("usual before anything is known"),
    "prior_strength": mark("weight of what is usual"),
    "falls_to": mark("falls to a share of"),
}
"""The numbers of a surge."""
"""The parts of a rule, as `Rule.conditions` names them."""

ROLES: Final[dict[Role, str]] = {
    "viewer": mark("Viewer"),
    "agent": mark("Agent"),
    "lead": mark("Lead"),
    "admin": mark("Administrator"),
}

DELIVERY_STATES: Final[dict[DeliveryState, str]] = {
    "pending": mark("Waiting"),
    "taken": mark("Taken in"),
    "quarantined": mark("Could not be read"),
    "refused": mark("Not followed"),
    "conflict": mark("Contradicts an earlier one"),
}

DUES: Final[dict[str, str]] = {
    "respond_by": mark("answer to the dispute"),
    "expires_at": mark("expiry"),
    "ship_by": mark("hand-over to the carrier"),
    "deliver_by": mark("promised arrival"),
    "promised_at": mark("promise in a message"),
    "first_contact": mark("first word to the buyer"),
    "update": mark("next word to the buyer"),
}
"""What a deadline is for; see `amends.cases.deadline`."""

CHANGES: Final[dict[ChangeName, str]] = {
    "opened": mark("Opened"),
    "joined": mark("Another finding joined"),
    "cleared": mark("A finding cleared"),
    "healed": mark("Everything has cleared"),
    "reopened": mark("Reopened"),
    "linked": mark("The order became known"),
    "regraded": mark("Graded anew"),
    "taken_up": mark("Taken up"),
    "assigned": mark("Assigned"),
    "noted": mark("Note"),
    "contacted": mark("The buyer was told"),
    "answered": mark("Answered"),
    "granted": mark("Approved"),
    "denied": mark("Refused"),
    "snoozed": mark("Put aside"),
    "woke": mark("Back on the board"),
    "waits": mark("Waits"),
    "resolved": mark("Resolved"),
    "merged": mark("Merged into another case"),
    "took_over": mark("Took over another case"),
    "closed": mark("Closed"),
    "joined_incident": mark("Became part of an incident"),
    "left_incident": mark("Left the incident"),
}

INCIDENT_CHANGES: Final[dict[IncidentChangeName, str]] = {
    "opened": mark("Opened"),
    "surged_again": mark("Surged again"),
    "calmed": mark("Back to the usual measure"),
    "healed": mark("Everything has cleared"),
    "assigned": mark("Assigned"),
    "noted": mark("Note"),
    "resolved": mark("Resolved"),
}

REASONS_RAISED: Final[dict[str, str]] = {
    "due": mark("a deadline is near"),
    "large": mark("much money is at stake"),
    "many": mark("many orders share the cause"),
    "slow": mark("we are late in handling it"),
}
"""Why a grade is above its rule's; see `amends.cases.triage`."""

SUBJECTS: Final[dict[str, str]] = {
    "order": mark("Order"),
    "payment": mark("Payment"),
    "shipment": mark("Parcel"),
    "stock": mark("Stock item"),
    "buyer": mark("Buyer"),
    "case": mark("Case"),
    "thread": mark("Conversation"),
    "payout": mark("Payout"),
    "return": mark("Return"),
    "source": mark("Feed"),
    "group": mark("Group"),
}

EVENTS: Final[dict[str, str]] = {
    "order.placed": mark("Order placed"),
    "order.paid": mark("Order marked paid"),
    "order.edited": mark("Order edited"),
    "order.held": mark("Order held"),
    "order.released": mark("Order released"),
    "order.cancelled": mark("Order cancelled"),
    "order.closed": mark("Order closed"),
    "order.mirrored": mark("Order as another system has it"),
    "payment.attempted": mark("Payment attempted"),
    "payment.failed": mark("Payment declined"),
    "payment.authorized": mark("Payment authorized"),
    "payment.captured": mark("Payment captured"),
    "payment.reviewed": mark("Payment under review"),
    "payment.refunded": mark("Refund"),
    "payment.refund_failed": mark("Refund failed"),
    "payout.paid": mark("Payout"),
    "payout.itemized": mark("Line of a payout"),
    "dispute.opened": mark("Dispute opened"),
    "dispute.updated": mark("Dispute updated"),
    "dispute.closed": mark("Dispute closed"),
    "claim.opened": mark("Claim at the marketplace"),
    "claim.updated": mark("Claim at the marketplace updated"),
    "claim.closed": mark("Claim at the marketplace closed"),
    "stock.counted": mark("Stock counted"),
    "stock.moved": mark("Stock moved"),
    "stock.reserved": mark("Stock reserved"),
    "stock.reservation_failed": mark("Stock could not be reserved"),
    "stock.released": mark("Stock released"),
    "shipment.created": mark("Parcel announced"),
    "shipment.declared": mark("Goods declared to customs"),
    "shipment.scanned": mark("Parcel scanned"),
    "shipment.delivered": mark("Parcel delivered"),
    "shipment.claimed": mark("Claim at the carrier"),
    "return.requested": mark("Return requested"),
    "return.approved": mark("Return approved"),
    "return.shipped": mark("Return on its way"),
    "return.received": mark("Return received"),
    "return.inspected": mark("Return inspected"),
    "return.closed": mark("Return closed"),
    "message.received": mark("The buyer wrote"),
    "message.sent": mark("Message to the buyer"),
    "message.failed": mark("Message did not arrive"),
    "review.posted": mark("Review posted"),
    "case.opened": mark("Case opened"),
    "case.contacted": mark("The buyer was told"),
    "case.proposed": mark("Remedy proposed"),
    "case.approved": mark("Remedy approved"),
    "case.acted": mark("Remedy carried out"),
    "case.resolved": mark("Case resolved"),
    "case.reopened": mark("Case reopened"),
    "sync.failed": mark("A system refused a change"),
    "delivery.undecodable": mark("A delivery could not be read"),
}

STEPS: Final[dict[str, str]] = {
    "placed": mark("Placed"),
    "paid": mark("Paid"),
    "packed": mark("Packed"),
    "shipped": mark("Shipped"),
    "arrived": mark("In the buyer's country"),
    "out_for_delivery": mark("Out for delivery"),
    "delivered": mark("Delivered"),
}

ARRIVALS: Final[dict[str, str]] = {
    "delivered": mark("Delivered"),
    "estimated": mark("Expected"),
    "estimated_late": mark("Expected, after the promise"),
    "promised": mark("Promised"),
    "late": mark("Promise passed, no new date"),
    "estimate_passed": mark("Estimate passed, no new date"),
    "unknown": mark("No date known"),
    "none": mark("Will not arrive"),
}
