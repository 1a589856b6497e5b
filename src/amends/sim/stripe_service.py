"""A stand-in for Stripe's API over HTTP: refunds and disputes, with the keys, errors and silences of the real one.

What goes wrong is said beforehand, request by request. Source: https://docs.stripe.com/api/refunds,
https://docs.stripe.com/api/idempotent_requests, https://docs.stripe.com/api/errors.
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

import msgspec

from amends.sim.service import Answer, Fault, Service

_EVIDENCE: Final = frozenset(
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal "
    "customer_communication customer_email_address customer_name customer_purchase_ip customer_signature "
    "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt "
    "refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number "
    "uncategorized_file uncategorized_text".split()
)


class Payment(msgspec.Struct, kw_only=True):
    """A payment that was captured, in Stripe's units, and how much of it was refunded."""

    amount: int
    currency: str
    refunded: int = 0


class Dispute(msgspec.Struct, kw_only=True):
    """A dispute; `submissions` and `closings` count how often it was answered, and let stand."""

    status: str = "needs_response"
    evidence: dict[str, str] = msgspec.field(default_factory=dict)
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    submissions: int = 0
    closings: int = 0


class StripeService(Service):
    """Stripe for one account, at `address` while it is open.

    `faults` befall the requests in their order; afterwards all goes well. With `slow`, refunds stay pending until
    `settle` is called.
    """

    def __init__(
        self,
        key: str,
        payments: Mapping[str, Payment],
        *,
        faults: Iterable[Fault] = (),
        slow: bool = False,
        disputes: Mapping[str, Dispute] | None = None,
    ) -> None:
        super().__init__(faults=faults)
        self.payments = dict(payments)
        self.disputes = dict(disputes or {})
        self.refunds: list[dict[str, Any]] = []
        self.slow = slow
        self._key = key
        self._answers: dict[str, tuple[str, Answer]] = {}

    def forget(self, payments: Mapping[str, Payment]) -> None:
        """Let there be these payments, and nothing that was done before."""
        with self._lock:
            self.payments = dict(payments)
            self.refunds.clear()
            self.requests.clear()
            self._answers.clear()
            self._faults.clear()

    def settle(self) -> list[dict[str, Any]]:
        """The bank has done what is pending; returns those refunds."""
        with self._lock:
            done = [refund for refund in self.refunds if refund["status"] == "pending"]
            for refund in done:
                refund["status"] = "succeeded"
            return done

    # ------------------------------------------------------------ requests

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes, fault: Fault) -> Answer:
        """What Stripe answers."""
        url = urlsplit(target)
        if fault == "throttle":
            return 429, _error("invalid_request_error", "Too many requests", "rate_limit"), {}
        if headers.get("authorization") != _basic(self._key):
            return 401, _error("invalid_request_error", "Invalid API Key provided"), {}
        if method == "GET":
            return self._look(url.path, {name: values[0] for name, values in parse_qs(url.query).items()})
        if fault == "repeat":
            self._post(url.path, headers, body, "")
        return self._post(url.path, headers, body, fault)

    def _post(self, path: str, headers: Mapping[str, str], body: bytes, fault: Fault) -> Answer:
        key, said = headers.get("idempotency-key", ""), body.decode()
        if fault == "conflict":
            return 409, _error("idempotency_error", "Another request with this key is being worked on"), {}
        if key in self._answers:
            before, answer = self._answers[key]
            if before != said:
                return 400, _error("idempotency_error", "Keys can only be used with the same parameters"), {}
            return answer[0], answer[1], {"Idempotent-Replayed": "true"}
        if fault == "fail":
            answer = 500, _error("api_error", "An error occurred"), {}
        else:
            answer = self._do(path, dict(parse_qsl(said, keep_blank_values=True)))
        if fault == "fail_after":
            answer = 500, _error("api_error", "An error occurred"), {}
        if key and answer[0] != 400:
            self._answers[key] = said, answer
        return answer

    def _do(self, path: str, fields: dict[str, str]) -> Answer:
        if path == "/v1/refunds":
            return self._refund(fields)
        id_, _, verb = path.removeprefix("/v1/disputes/").partition("/")
        dispute = self.disputes.get(id_)
        if not path.startswith("/v1/disputes/") or dispute is None or verb not in ("", "close"):
            return _unknown(path)
        strange = [name for name in fields if name != "submit" and not name.startswith(("evidence[", "metadata["))]
        strange += [name for name in _parts(fields, "evidence") if name not in _EVIDENCE]
        if strange:
            return 400, _error("invalid_request_error", f"Received unknown parameter: {strange[0]}"), {}
        if dispute.status not in ("needs_response", "warning_needs_response"):
            return 400, _error("invalid_request_error", "This dispute is already closed"), {}
        if verb == "close":
            dispute.status, dispute.closings = "lost", dispute.closings + 1
            return 200, _told(id_, dispute), {}
        dispute.evidence |= _parts(fields, "evidence")
        dispute.metadata |= _parts(fields, "metadata")
        if fields.get("submit", "true") == "true":
            dispute.status, dispute.submissions = "under_review", dispute.submissions + 1
        return 200, _told(id_, dispute), {}

    def _refund(self, fields: dict[str, str]) -> Answer:
        name = "payment_intent" if "payment_intent" in fields else "charge"
        payment = self.payments.get(fields.get(name, ""))
        if payment is None:
            return 404, _error("invalid_request_error", f"No such {name}", "resource_missing"), {}
        amount, left = int(fields.get("amount", payment.amount)), payment.amount - payment.refunded
        if left == 0:
            return 400, _error("invalid_request_error", "Already refunded", "charge_already_refunded"), {}
        if amount > left:
            return 400, _error("invalid_request_error", "Refund amount is greater than unrefunded amount"), {}
        payment.refunded += amount
        metadata = _parts(fields, "metadata")
        refund = {
            "id": f"re_{len(self.refunds) + 1:06}", "object": "refund", "amount": amount, "currency": payment.currency,
            name: fields[name], "metadata": metadata, "reason": fields.get("reason"),
            "status": "pending" if self.slow else "succeeded",
        }  # fmt: skip
        self.refunds.append(refund)
        return 200, dict(refund), {}

    def _look(self, path: str, asked: dict[str, str]) -> Answer:
        if path.startswith("/v1/refunds/"):
            found = next((each for each in self.refunds if each["id"] == path[12:]), None)
            return _unknown(path) if found is None else (200, dict(found), {})
        if path.startswith("/v1/disputes/"):
            dispute = self.disputes.get(path[13:])
            return _unknown(path) if dispute is None else (200, _told(path[13:], dispute), {})
        if path != "/v1/refunds":
            return _unknown(path)
        names = ("payment_intent", "charge")
        listed = [each for each in reversed(self.refunds) if all(each.get(n) == asked[n] for n in names if n in asked)]
        if "starting_after" in asked:
            ids = [each["id"] for each in listed]
            listed = listed[ids.index(asked["starting_after"]) + 1 :]
        limit = int(asked.get("limit", 10))
        return 200, {"object": "list", "data": listed[:limit], "has_more": len(listed) > limit}, {}


def _parts(fields: Mapping[str, str], name: str) -> dict[str, str]:
    """What is told under a name: name[part]=value."""
    start = len(name) + 1
    return {part[start:-1]: value for part, value in fields.items() if part.startswith(f"{name}[")}


def _told(id_: str, dispute: Dispute) -> dict[str, Any]:
    details = {"submission_count": dispute.submissions, "has_evidence": bool(dispute.evidence)}
    return {
        "id": id_, "object": "dispute", "status": dispute.status, "evidence": dispute.evidence,
        "metadata": dispute.metadata, "evidence_details": details,
    }  # fmt: skip


def _error(type_: str, message: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"type": type_, "message": message, **({} if code is None else {"code": code})}}


def _unknown(path: str) -> Answer:
    return 404, _error("invalid_request_error", f"Unrecognized request URL ({path})", "resource_missing"), {}


def _basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()
