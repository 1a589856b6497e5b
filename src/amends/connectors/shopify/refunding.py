"""Refunds of payments that Shopify holds.

The act's id is the key of the request, which guards against one that is still at work, and stands in the refund's note,
by which it is found again. Source: https://shopify.dev/docs/api/admin-graphql/latest/mutations/refundCreate,
https://shopify.dev/docs/api/usage/implementing-idempotency.
"""

from typing import Any, Final
from uuid import UUID

import msgspec

from amends.connectors.measures import id_of
from amends.connectors.shopify.admin import AdminApi, RefusedError, Told, UserError, agreed, gid
from amends.connectors.shopify.payments import provider_ids, provider_refund_ids
from amends.connectors.shopify.wire import act_note
from amends.model.money import Money, parse_amount
from amends.resolution.intent import Intent
from amends.resolution.outbox import Reply, Said

_MOST: Final = 100
"""More at once would cost more than Shopify lets one query cost."""
_STATE: Final = "id kind status authorizationCode receiptJson"
_BACK: Final = f"id note transactions(first: 5) {{ nodes {{ {_STATE} }} }}"
_PAYMENTS: Final = f"""query Payments($order: ID!, $most: Int!) {{
  order(id: $order) {{
    id presentmentCurrencyCode
    transactions(first: $most) {{
      {_STATE} gateway parentTransaction {{ id }} amountSet {{ presentmentMoney {{ amount currencyCode }} }}
    }}
  }}
}}"""
_REFUNDS: Final = (
    f"query Refunds($order: ID!, $most: Int!) {{ order(id: $order) {{ id refunds(first: $most) {{ {_BACK} }} }} }}"
)
_REFUND: Final = f"""mutation Refund($input: RefundInput!, $key: String!) {{
  refundCreate(input: $input) @idempotent(key: $key) {{
    refund {{ {_BACK} }}
    userErrors {{ field message }}
  }}
}}"""
_TAKES: Final = ("SALE", "CAPTURE")
_STATES: Final[dict[str, Said]] = {"SUCCESS": "confirmed", "FAILURE": "refused", "ERROR": "refused"}


class _Amount(Told, frozen=True):
    amount: str
    currency_code: str


class _Amounts(Told, frozen=True):
    presentment_money: _Amount


class _Parent(Told, frozen=True):
    id: str


class _Transaction(Told, frozen=True):
    id: str
    kind: str
    status: str
    gateway: str | None = None
    authorization_code: str | None = None
    receipt_json: Any = None
    parent_transaction: _Parent | None = None
    amount_set: _Amounts | None = None

    @property
    def minor(self) -> int:
        """In minor units of the currency that the buyer paid in."""
        money = self.amount_set.presentment_money if self.amount_set else None
        return 0 if money is None else parse_amount(money.amount, money.currency_code)


class _Nodes(Told, frozen=True):
    nodes: list[_Transaction] = []


class _Refund(Told, frozen=True):
    id: str
    note: str | None = None
    transactions: _Nodes = _Nodes()


class _Order(Told, frozen=True):
    presentment_currency_code: str = ""
    transactions: list[_Transaction] = []
    refunds: list[_Refund] = []


class _Asked(Told, frozen=True):
    order: _Order | None = None


class _Created(Told, frozen=True):
    refund: _Refund | None = None
    user_errors: list[UserError] = []


class _Changed(Told, frozen=True):
    refund_create: _Created = _Created()


class Refunding:
    """An `amount` (minor units of `currency`) of a `payment` of an `order` goes back to where it came from."""

    def send(self, api: AdminApi, intent: Intent) -> Reply:
        """Refund it, from the transaction by which it was taken."""
        how = intent.how
        order = _found(api.ask(_PAYMENTS, _Asked, order=gid("Order", how["order"]), most=_MOST), how)
        if how["currency"] != order.presentment_currency_code or how["amount"] <= 0:
            raise RefusedError(
                f"Shopify cannot refund {how['amount']} minor units of {how['currency']}: the order was paid in "
                f"{order.presentment_currency_code}."
            )
        taken = _taken(order, str(how["payment"]), how["amount"])
        amount = f"{Money(how['amount'], how['currency']).amount:f}"
        back = {
            "orderId": gid("Order", how["order"]), "parentId": taken.id, "gateway": taken.gateway, "kind": "REFUND",
            "amount": amount,
        }  # fmt: skip
        asked = {
            "orderId": gid("Order", how["order"]), "currency": how["currency"], "notify": False,
            "note": act_note(intent.id), "transactions": [back],
        }  # fmt: skip
        done = api.change(_REFUND, _Changed, input=asked, key=str(UUID(intent.id))).refund_create
        agreed(done.user_errors)
        return Reply(said="unclear", says="Shopify names no refund.") if done.refund is None else _told(done.refund)

    def look_up(self, api: AdminApi, intent: Intent, ref: str | None) -> Reply:
        """Look among the order's refunds for the one with the act in its note."""
        order = _found(api.ask(_REFUNDS, _Asked, order=gid("Order", intent.how["order"]), most=_MOST), intent.how)
        found = next((refund for refund in order.refunds if act_note(intent.id) in (refund.note or "")), None)
        if found is not None:
            return _told(found)
        if len(order.refunds) >= _MOST:
            return Reply(said="unclear", says="There are more refunds of this order than Shopify tells.")
        return Reply(said="not_done", says="Shopify has no such refund.")


def _found(asked: _Asked, how: dict[str, Any]) -> _Order:
    if asked.order is None:
        raise RefusedError(f"Shopify has no order {how['order']} here.")
    return asked.order


def _taken(order: _Order, payment: str, amount: int) -> _Transaction:
    """The transaction by which a payment was taken, of several the first that has so much left."""
    ours = [
        each for each in order.transactions
        if each.kind in _TAKES and each.status == "SUCCESS" and each.gateway and payment in _names(each)
    ]  # fmt: skip
    if not ours:
        raise RefusedError(f"Shopify has no payment {payment} of this order that could be refunded.")
    return next((each for each in ours if each.minor - _gone(order, each) >= amount), ours[0])


def _names(transaction: _Transaction) -> set[str | None]:
    """What a payment is called in our events: see `payments`."""
    parent = transaction.parent_transaction
    told = provider_ids(transaction.authorization_code, _receipt(transaction))
    return {id_of(transaction.id), None if parent is None else id_of(parent.id), *told}


def _gone(order: _Order, taken: _Transaction) -> int:
    return sum(
        each.minor for each in order.transactions
        if each.kind == "REFUND" and each.parent_transaction is not None and each.parent_transaction.id == taken.id
        and each.status not in ("FAILURE", "ERROR")
    )  # fmt: skip


def _told(refund: _Refund) -> Reply:
    """What a refund has come to; its reference is what the webhook of its transaction calls it."""
    back = next((each for each in refund.transactions.nodes if each.kind == "REFUND"), None)
    if back is None:
        return Reply(said="accepted", ref=id_of(refund.id))
    told = sorted(provider_refund_ids(back.authorization_code, _receipt(back)))
    said = _STATES.get(back.status, "accepted")
    says = f"Shopify: the refund is {back.status}" if said == "refused" else ""
    return Reply(said=said, ref=told[0] if told else id_of(back.id), says=says)


def _receipt(transaction: _Transaction) -> Any:
    """The gateway's own words, which come as a JSON document in a text."""
    told = transaction.receipt_json
    if not isinstance(told, str):
        return told
    try:
        return msgspec.json.decode(told)
    except msgspec.DecodeError:
        return None
