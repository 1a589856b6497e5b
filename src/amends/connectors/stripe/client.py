"""Stripe told to do things: refunds, and what is done about disputes.

Each request bears the act's id as its idempotency key and in the metadata of refund or dispute, by which it is found
again.
Source: https://docs.stripe.com/api/refunds, https://docs.stripe.com/api/idempotent_requests, https://docs.stripe.com/api/errors.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import msgspec

from amends.connectors.stripe import disputing
from amends.connectors.stripe.telling import units_of
from amends.connectors.stripe.wire import ACT_METADATA, Refund
from amends.resolution.intent import Intent
from amends.resolution.outbox import Reply, Said

API: Final = "https://api.stripe.com"
_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_PAGE: Final = 100
_PAGES_MAX: Final = 20
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_NOT_NOW: Final = (401, 403, 429)
"""Too much at once, or a key of ours that does not serve: when that is mended, it goes on."""
_UNSAID: Final = (408, 409, 424, 425)
"""Answers that say nothing of whether it was done, or that it is being worked on."""
_PAYMENTS: Final = ("pi_", "ch_", "py_")
_STATES: Final[dict[str, Said]] = {
    "succeeded": "confirmed", "pending": "accepted", "requires_action": "accepted", "failed": "refused",
    "canceled": "refused",
}  # fmt: skip


class _Problem(msgspec.Struct, frozen=True):
    type: str | None = None
    code: str | None = None
    message: str | None = None


class _Refusal(msgspec.Struct, frozen=True):
    error: _Problem = _Problem()


class _Page(msgspec.Struct, frozen=True):
    data: list[Refund] = []
    has_more: bool = False


class StripeActor:
    """One Stripe account. `key` is its secret or restricted key, which may write refunds and disputes.

    With `source`, as its events have it (stripe/acme-us), it acts only on what that account told of. `transport` is
    another way to the account than over the network.
    """

    does: Final = frozenset(("refund", *disputing.DOES))

    def __init__(
        self,
        key: str,
        *,
        address: str = API,
        source: str | None = None,
        timeout: httpx.Timeout = _TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not key:
            raise ValueError("Stripe wants a key")
        self._source = source
        self._client = httpx.Client(base_url=address, auth=(key, ""), timeout=timeout, transport=transport)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def takes(self, intent: Intent) -> bool:
        """Whether the payment, or the dispute, is this account's, which is so of those it told of.

        An id alone says little: those of Shopify Payments have Stripe's form, and are of an account of Shopify's own.
        """
        about, forms = ("dispute", ("du_", "dp_")) if intent.does in disputing.DOES else ("payment", _PAYMENTS)
        if not str(intent.how.get(about, "")).startswith(forms):
            return False
        told_by = intent.how.get(f"{about}_source")
        if self._source is not None and told_by is not None and told_by.startswith(("stripe/", "shopify/")):
            return bool(told_by == self._source)
        return intent.how.get("provider") in (None, "stripe")

    def send(self, intent: Intent) -> Reply:
        """Refund an amount (`amount` in minor units of `currency`) of a `payment`: an intent's id, or a charge's.

        Or submit the `evidence` in a `dispute`, by Stripe's names of its fields; or let the dispute stand.
        """
        if intent.does in disputing.DOES:
            try:
                path, fields = disputing.request_of(intent)
            except disputing.UnusableEvidenceError as error:
                return Reply(said="refused", says=str(error))
            return self._post(path, fields, intent, lambda content: disputing.told_of(intent, content))
        units = units_of(intent.how["amount"], intent.how["currency"])
        if units is None or units <= 0:
            return Reply(said="refused", says=f"Stripe cannot refund {intent.how['amount']} {intent.how['currency']}.")
        fields = {
            _named(intent): intent.how["payment"],
            "amount": str(units),
            "reason": "requested_by_customer",
            f"metadata[{ACT_METADATA}]": intent.id,
        }
        return self._post("/v1/refunds", fields, intent, _told)

    def _post(self, path: str, fields: Mapping[str, str], intent: Intent, told: Callable[[bytes], Reply]) -> Reply:
        try:
            answer = self._client.post(path, data=dict(fields), headers={"Idempotency-Key": intent.id})
        except _NEVER_SENT as error:
            return Reply(said="not_done", says=f"Stripe could not be reached: {error}")
        except httpx.TransportError as error:
            return Reply(said="unclear", says=f"Stripe gave no answer: {error}")
        return _reply(answer, told)

    def look_up(self, intent: Intent, ref: str | None) -> Reply:
        """Look for the refund, by its id or among those of the payment; or read the dispute."""
        try:
            if intent.does in disputing.DOES:
                return self._of_dispute(intent)
            return self._by_ref(ref) if ref else self._by_payment(intent)
        except httpx.TransportError as error:
            return Reply(said="unclear", says=f"Stripe gave no answer: {error}")
        except msgspec.DecodeError as error:
            return Reply(said="unclear", says=f"Stripe's answer cannot be read: {error}")

    def _of_dispute(self, intent: Intent) -> Reply:
        answer = self._client.get(f"/v1/disputes/{intent.how['dispute']}")
        if not answer.is_success:
            return Reply(said="unclear", says=_words(answer))
        return disputing.told_of(intent, answer.content)

    def _by_ref(self, ref: str) -> Reply:
        answer = self._client.get(f"/v1/refunds/{ref}")
        return _told(answer.content) if answer.is_success else Reply(said="unclear", says=_words(answer))

    def _by_payment(self, intent: Intent) -> Reply:
        asked: dict[str, Any] = {_named(intent): intent.how["payment"], "limit": _PAGE}
        for _ in range(_PAGES_MAX):
            answer = self._client.get("/v1/refunds", params=asked)
            if not answer.is_success:
                return Reply(said="unclear", says=_words(answer))
            page = msgspec.json.decode(answer.content, type=_Page)
            for refund in page.data:
                if (refund.metadata or {}).get(ACT_METADATA) == intent.id:
                    return _told_of(refund)
            if not page.has_more:
                return Reply(said="not_done", says="Stripe has no such refund.")
            asked["starting_after"] = page.data[-1].id
        return Reply(said="unclear", says="There are more refunds of this payment than were looked through.")


def _named(intent: Intent) -> str:
    return "payment_intent" if intent.how["payment"].startswith("pi_") else "charge"


def _reply(answer: httpx.Response, told: Callable[[bytes], Reply]) -> Reply:
    """What an answer to a request comes to; `told` reads one that tells of success."""
    if answer.is_success:
        try:
            reply = told(answer.content)
            # It has taken the request, whatever the state that it tells.
            return Reply(said="unclear", says=reply.says) if reply.said == "not_done" else reply
        except msgspec.DecodeError as error:
            return Reply(said="unclear", says=f"Stripe's answer cannot be read: {error}")
    words = _words(answer)
    if answer.status_code in _NOT_NOW:
        return Reply(said="not_done", says=words)
    is_refusal = answer.is_client_error and answer.status_code not in _UNSAID
    if not is_refusal or _problem(answer).type == "idempotency_error":
        # The request may be at work yet, or has been: a failure that Stripe keeps under the key says no more than that.
        return Reply(said="unclear", says=words)
    return Reply(said="refused", says=words)


def _told(content: bytes) -> Reply:
    return _told_of(msgspec.json.decode(content, type=Refund))


def _told_of(refund: Refund) -> Reply:
    said = _STATES.get(str(refund.status), "accepted")
    says = f"{refund.failure_reason or refund.status}" if said == "refused" else ""
    return Reply(said=said, ref=None if refund.id is None else str(refund.id), says=says)


def _problem(answer: httpx.Response) -> _Problem:
    try:
        return msgspec.json.decode(answer.content, type=_Refusal).error
    except msgspec.DecodeError:
        return _Problem()


def _words(answer: httpx.Response) -> str:
    problem = _problem(answer)
    parts = [f"HTTP {answer.status_code}", problem.code or problem.type, problem.message]
    return "Stripe: " + ", ".join(part for part in parts if part)
