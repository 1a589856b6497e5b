"""Orders held and released: what is still to be sent of them does not leave the warehouse.

A hold has a handle of the case, so the case holds a part of an order once, whoever else holds it, and releases its own
hold alone. The last part that is held has the act in its notes: when the webhook tells of that one, all are held.
Source: https://shopify.dev/docs/api/admin-graphql/latest/mutations/fulfillmentOrderHold,
https://shopify.dev/docs/api/admin-graphql/latest/mutations/fulfillmentOrderReleaseHold.
"""

from hashlib import blake2b
from typing import Any, Final

from amends.connectors.shopify.admin import AdminApi, RefusedError, Told, UserError, agreed, gid
from amends.connectors.shopify.wire import act_note
from amends.resolution.intent import Intent
from amends.resolution.outbox import Reply

_MOST: Final = 100
_PARTS: Final = """query Parts($order: ID!, $most: Int!) {
  order(id: $order) {
    id
    fulfillmentOrders(first: $most) {
      nodes { id status fulfillmentHolds { id handle heldByRequestingApp reasonNotes } }
      pageInfo { hasNextPage }
    }
  }
}"""
_HOLD: Final = """mutation Hold($part: ID!, $hold: FulfillmentOrderHoldInput!) {
  fulfillmentOrderHold(id: $part, fulfillmentHold: $hold) {
    fulfillmentHold { id }
    userErrors { code field message }
  }
}"""
_RELEASE: Final = """mutation Release($part: ID!, $holds: [ID!]!) {
  fulfillmentOrderReleaseHold(id: $part, holdIds: $holds) {
    fulfillmentOrder { id status }
    userErrors { code field message }
  }
}"""
_TO_BE_SENT: Final = ("OPEN", "SCHEDULED", "ON_HOLD")
_LEAVING: Final = ("IN_PROGRESS", "INCOMPLETE")
_REASONS: Final = frozenset(
    "AWAITING_PAYMENT AWAITING_RETURN_ITEMS HIGH_RISK_OF_FRAUD INCORRECT_ADDRESS INVENTORY_OUT_OF_STOCK "
    "UNKNOWN_DELIVERY_DATE OTHER".split()
)
_HELD_ALREADY: Final = "DUPLICATE_FULFILLMENT_HOLD_HANDLE"


class _Hold(Told, frozen=True):
    id: str
    handle: str | None = None
    held_by_requesting_app: bool = False


class _Part(Told, frozen=True):
    id: str
    status: str
    fulfillment_holds: list[_Hold] = []


class _Page(Told, frozen=True):
    has_next_page: bool = False


class _Parts(Told, frozen=True):
    nodes: list[_Part] = []
    page_info: _Page = _Page()


class _Order(Told, frozen=True):
    fulfillment_orders: _Parts = _Parts()


class _Asked(Told, frozen=True):
    order: _Order | None = None


class _Done(Told, frozen=True):
    user_errors: list[UserError] = []


class _Held(Told, frozen=True):
    fulfillment_order_hold: _Done = _Done()


class _Released(Told, frozen=True):
    fulfillment_order_release_hold: _Done = _Done()


class Hold:
    """What is still to be sent of an `order` is held, for a `reason` in Shopify's words."""

    def send(self, api: AdminApi, intent: Intent) -> Reply:
        """Hold each part that the case does not hold yet."""
        parts = _parts(api, intent)
        if any(part.status in _LEAVING for part in parts):
            raise RefusedError("Part of the order is being packed, which Shopify cannot hold.")
        parts = [part for part in parts if part.status in _TO_BE_SENT]
        if not parts:
            raise RefusedError("Nothing of the order is still to be sent, so there is nothing to hold.")
        open_ = [part for part in parts if not _ours(part, intent)]
        for part in open_:
            hold = self._hold(intent, notes=act_note(intent.id) if part is open_[-1] else "Amends")
            errors = api.change(_HOLD, _Held, part=part.id, hold=hold).fulfillment_order_hold.user_errors
            agreed([error for error in errors if error.code != _HELD_ALREADY])
        return Reply(said="confirmed")

    def look_up(self, api: AdminApi, intent: Intent, ref: str | None) -> Reply:
        """Look whether the case holds all that is to be sent."""
        parts = [part for part in _parts(api, intent) if part.status in _TO_BE_SENT]
        if parts and all(_ours(part, intent) for part in parts):
            return Reply(said="confirmed")
        return Reply(said="not_done", says="The order is not held by this case, or not all of it.")

    def _hold(self, intent: Intent, notes: str) -> dict[str, Any]:
        reason = str(intent.how.get("reason", "")).upper()
        return {
            "reason": reason if reason in _REASONS else "OTHER", "reasonNotes": notes, "notifyMerchant": False,
            "handle": _handle(intent),
        }  # fmt: skip


class Release:
    """What this case holds of an `order` may go; what others hold stays held."""

    def send(self, api: AdminApi, intent: Intent) -> Reply:
        """Release the case's holds."""
        for part in _parts(api, intent):
            holds = _ours(part, intent)
            if holds:
                done = api.change(_RELEASE, _Released, part=part.id, holds=[hold.id for hold in holds])
                self._agree(api, intent, done.fulfillment_order_release_hold.user_errors)
        return Reply(said="confirmed")

    def _agree(self, api: AdminApi, intent: Intent, errors: list[UserError]) -> None:
        # Somebody may have released it meanwhile.
        if errors and any(_ours(part, intent) for part in _parts(api, intent)):
            agreed(errors)

    def look_up(self, api: AdminApi, intent: Intent, ref: str | None) -> Reply:
        """Look whether the case holds anything yet."""
        if any(_ours(part, intent) for part in _parts(api, intent)):
            return Reply(said="not_done", says="The order is still held by this case.")
        return Reply(said="confirmed")


def _parts(api: AdminApi, intent: Intent) -> list[_Part]:
    order = api.ask(_PARTS, _Asked, order=gid("Order", intent.how["order"]), most=_MOST).order
    if order is None:
        raise RefusedError(f"Shopify has no order {intent.how['order']} here.")
    if order.fulfillment_orders.page_info.has_next_page:
        raise RefusedError(f"The order has more than {_MOST} parts.")
    return order.fulfillment_orders.nodes


def _ours(part: _Part, intent: Intent) -> list[_Hold]:
    handle = _handle(intent)
    return [hold for hold in part.fulfillment_holds if hold.handle == handle and hold.held_by_requesting_app]


def _handle(intent: Intent) -> str:
    return f"amends-{blake2b(intent.case.encode(), digest_size=16).hexdigest()}"
