"""Orders cancelled. Shopify does it a little later, as a job; no money goes back by it, for that is another act.

A cancelled order cannot be cancelled again, so it does not matter who did it, and there is nothing to know it by.
Source: https://shopify.dev/docs/api/admin-graphql/latest/mutations/orderCancel.
"""

from typing import Final

from amends.connectors.shopify.admin import AdminApi, RefusedError, Told, UserError, agreed, gid
from amends.connectors.shopify.wire import act_note
from amends.resolution.intent import Intent
from amends.resolution.outbox import Reply

_ORDER: Final = "query Order($order: ID!) { order(id: $order) { id cancelledAt } }"
_ORDER_AND_JOB: Final = """query OrderAndJob($order: ID!, $job: ID!) {
  order(id: $order) { id cancelledAt }
  job(id: $job) { id done }
}"""
_CANCEL: Final = """mutation Cancel(
  $order: ID!, $reason: OrderCancelReason!, $refund: OrderCancelRefundMethodInput!, $note: String!
) {
  orderCancel(
    orderId: $order, reason: $reason, refundMethod: $refund, restock: true, notifyCustomer: false, staffNote: $note
  ) {
    job { id done }
    orderCancelUserErrors { code field message }
  }
}"""
_REASONS: Final = {"buyer_asked": "CUSTOMER", "not_paid": "DECLINED", "cannot_send": "INVENTORY"}
"""Of our reasons those that Shopify has a word for."""


class _Order(Told, frozen=True):
    cancelled_at: str | None = None


class _Job(Told, frozen=True):
    id: str
    done: bool = False


class _Asked(Told, frozen=True):
    order: _Order | None = None
    job: _Job | None = None


class _Cancelled(Told, frozen=True):
    job: _Job | None = None
    order_cancel_user_errors: list[UserError] = []


class _Changed(Told, frozen=True):
    order_cancel: _Cancelled = _Cancelled()


class Cancellation:
    """An `order` is cancelled for a `reason`; what it holds of stock goes back on sale."""

    def send(self, api: AdminApi, intent: Intent) -> Reply:
        """Have it cancelled, unless it is already."""
        order = gid("Order", intent.how["order"])
        if self._is_cancelled(api, order, intent):
            return Reply(said="confirmed")
        reason = _REASONS.get(str(intent.how.get("reason")), "OTHER")
        done = api.change(
            _CANCEL, _Changed, order=order, reason=reason, refund={"originalPaymentMethodsRefund": False},
            note=act_note(intent.id),
        ).order_cancel  # fmt: skip
        try:
            agreed(done.order_cancel_user_errors)
        except RefusedError:
            # Somebody may have been quicker, perhaps we ourselves by a request that was not answered.
            if self._is_cancelled(api, order, intent):
                return Reply(said="confirmed")
            raise
        return Reply(said="accepted", ref=None if done.job is None else done.job.id)

    def look_up(self, api: AdminApi, intent: Intent, ref: str | None) -> Reply:
        """Look whether the order is cancelled, else how far the job is."""
        order = gid("Order", intent.how["order"])
        if ref is None:
            done = self._is_cancelled(api, order, intent)
            return Reply(said="confirmed") if done else Reply(said="not_done", says="The order is not cancelled.")
        told = api.ask(_ORDER_AND_JOB, _Asked, order=order, job=ref)
        if told.order is not None and told.order.cancelled_at:
            return Reply(said="confirmed")
        if told.job is not None and told.job.done:
            return Reply(said="refused", says="Shopify has tried, and the order is not cancelled.")
        return Reply(said="accepted")

    def _is_cancelled(self, api: AdminApi, order: str, intent: Intent) -> bool:
        found = api.ask(_ORDER, _Asked, order=order).order
        if found is None:
            raise RefusedError(f"Shopify has no order {intent.how['order']} here.")
        return bool(found.cancelled_at)
