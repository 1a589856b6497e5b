"""Orders marked as paid: Shopify books what is open as received. One that is paid cannot be marked again.

Source: https://shopify.dev/docs/api/admin-graphql/latest/mutations/orderMarkAsPaid.
"""

from typing import Final

from amends.connectors.shopify.admin import AdminApi, RefusedError, Told, UserError, agreed, gid
from amends.resolution.intent import Intent
from amends.resolution.outbox import Reply

_ORDER: Final = "query Order($order: ID!) { order(id: $order) { id displayFinancialStatus } }"
_MARK: Final = """mutation MarkPaid($input: OrderMarkAsPaidInput!) {
  orderMarkAsPaid(input: $input) { order { id displayFinancialStatus } userErrors { field message } }
}"""
_PAID: Final = ("PAID", "PARTIALLY_REFUNDED", "REFUNDED")


class _Order(Told, frozen=True):
    display_financial_status: str | None = None


class _Asked(Told, frozen=True):
    order: _Order | None = None


class _Marked(Told, frozen=True):
    order: _Order | None = None
    user_errors: list[UserError] = []


class _Changed(Told, frozen=True):
    order_mark_as_paid: _Marked = _Marked()


class PaidMark:
    """An `order` is called paid."""

    def send(self, api: AdminApi, intent: Intent) -> Reply:
        """Mark it, unless it is paid already."""
        if self._is_paid(api, intent):
            return Reply(said="confirmed")
        done = api.change(_MARK, _Changed, input={"id": gid("Order", intent.how["order"])}).order_mark_as_paid
        try:
            agreed(done.user_errors)
        except RefusedError:
            # Somebody may have been quicker.
            if self._is_paid(api, intent):
                return Reply(said="confirmed")
            raise
        return Reply(said="confirmed" if _is_paid(done.order) else "accepted")

    def look_up(self, api: AdminApi, intent: Intent, ref: str | None) -> Reply:
        """Look whether it is called paid."""
        if self._is_paid(api, intent):
            return Reply(said="confirmed")
        return Reply(said="not_done", says="Shopify does not call the order paid.")

    def _is_paid(self, api: AdminApi, intent: Intent) -> bool:
        order = api.ask(_ORDER, _Asked, order=gid("Order", intent.how["order"])).order
        if order is None:
            raise RefusedError(f"Shopify has no order {intent.how['order']} here.")
        return _is_paid(order)


def _is_paid(order: _Order | None) -> bool:
    return order is not None and order.display_financial_status in _PAID
