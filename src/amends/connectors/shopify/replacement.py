"""The goods of an order sent once more at no charge: a draft of an order with all of its price taken off, completed.

A draft becomes an order once, however often that is asked. Which draft it is stands in a metafield of the order that is
replaced, written only where there is none, before the draft is completed: so whatever breaks off on the way, whoever
goes on completes the same one. Drafts that were made and not noted stay drafts. Source:
https://shopify.dev/docs/api/admin-graphql/latest/mutations/draftOrderCreate,
https://shopify.dev/docs/api/admin-graphql/latest/mutations/draftOrderComplete,
https://shopify.dev/docs/api/admin-graphql/latest/mutations/metafieldsSet (compareDigest).
"""

from decimal import Decimal
from typing import Any, Final

from amends.connectors.measures import id_of
from amends.connectors.shopify.admin import AdminApi, RefusedError, Told, UserError, agreed, gid
from amends.connectors.shopify.wire import act_note
from amends.resolution.intent import Intent
from amends.resolution.outbox import Reply

_MOST: Final = 100
_NAMESPACE: Final = "$app:amends"
"""Metafields in it are this app's alone."""
_TAG: Final = "amends"
_NOTED: Final = "metafield(namespace: $namespace, key: $key) { value }"
_NOTE: Final = f"""query Noted($order: ID!, $namespace: String!, $key: String!) {{
  order(id: $order) {{ id {_NOTED} }}
}}"""
_ORDER: Final = f"""query Order($order: ID!, $namespace: String!, $key: String!, $most: Int!) {{
  order(id: $order) {{
    id name email presentmentCurrencyCode customer {{ id }} {_NOTED}
    shippingAddress {{ firstName lastName company address1 address2 city provinceCode countryCodeV2 zip phone }}
    lineItems(first: $most) {{
      nodes {{ title sku currentQuantity requiresShipping variant {{ id }} }}
      pageInfo {{ hasNextPage }}
    }}
  }}
}}"""
_DRAFT: Final = """query Draft($draft: ID!) {
  draftOrder(id: $draft) { id status order { id } totalPriceSet { presentmentMoney { amount } } }
}"""
_CREATE: Final = """mutation Draft($input: DraftOrderInput!) {
  draftOrderCreate(input: $input) {
    draftOrder { id status totalPriceSet { presentmentMoney { amount } } }
    userErrors { field message }
  }
}"""
_WRITE: Final = """mutation Note($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) { metafields { key } userErrors { code field message } }
}"""
_COMPLETE: Final = """mutation Complete($draft: ID!) {
  draftOrderComplete(id: $draft) { draftOrder { id status order { id } } userErrors { field message } }
}"""


class _Id(Told, frozen=True):
    id: str


class _Value(Told, frozen=True):
    value: str


class _Line(Told, frozen=True):
    title: str
    sku: str | None = None
    current_quantity: int = 0
    requires_shipping: bool = True
    variant: _Id | None = None


class _Page(Told, frozen=True):
    has_next_page: bool = False


class _Lines(Told, frozen=True):
    nodes: list[_Line] = []
    page_info: _Page = _Page()


class _Order(Told, frozen=True):
    id: str
    name: str = ""
    email: str | None = None
    presentment_currency_code: str = ""
    customer: _Id | None = None
    metafield: _Value | None = None
    shipping_address: dict[str, str | None] | None = None
    line_items: _Lines = _Lines()


class _Amount(Told, frozen=True):
    amount: Decimal


class _Amounts(Told, frozen=True):
    presentment_money: _Amount


class _Draft(Told, frozen=True):
    id: str
    status: str
    order: _Id | None = None
    total_price_set: _Amounts | None = None


class _Asked(Told, frozen=True):
    order: _Order | None = None
    draft_order: _Draft | None = None


class _Made(Told, frozen=True):
    draft_order: _Draft | None = None
    user_errors: list[UserError] = []


class _Changed(Told, frozen=True):
    draft_order_create: _Made = _Made()
    draft_order_complete: _Made = _Made()
    metafields_set: _Made = _Made()


class Replacement:
    """The goods of an `order` are sent once more, from wherever Shopify takes them."""

    def send(self, api: AdminApi, intent: Intent) -> Reply:
        """Make the draft, note it, complete it: whatever of that is not done."""
        if intent.how.get("from") == "local":
            raise RefusedError("Shopify chooses by its own rules from which stock an order goes.")
        order = _found(api.ask(_ORDER, _Asked, **_where(intent), most=_MOST), intent)
        draft = order.metafield.value if order.metafield else self._noted(api, intent, order)
        done = api.change(_COMPLETE, _Changed, draft=draft).draft_order_complete
        if done.draft_order is not None and done.draft_order.order is not None:
            return _sent(done.draft_order.order)
        found = api.ask(_DRAFT, _Asked, draft=draft).draft_order
        if found is not None and found.order is not None:
            return _sent(found.order)
        agreed(done.user_errors)
        return Reply(said="unclear", says="Shopify names no order that the draft became.")

    def look_up(self, api: AdminApi, intent: Intent, ref: str | None) -> Reply:
        """Look whether the draft that was noted has become an order."""
        order = _found(api.ask(_NOTE, _Asked, **_where(intent)), intent)
        if order.metafield is None:
            return Reply(said="not_done", says="No replacement of the order was begun.")
        draft = api.ask(_DRAFT, _Asked, draft=order.metafield.value).draft_order
        if draft is not None and draft.order is not None:
            return _sent(draft.order)
        return Reply(said="not_done", says="The replacement is still a draft.")

    def _noted(self, api: AdminApi, intent: Intent, order: _Order) -> str:
        """The draft that is to be completed: a new one, unless another was noted meanwhile."""
        made = api.change(_CREATE, _Changed, input=_input(order, intent)).draft_order_create
        agreed(made.user_errors)
        draft = made.draft_order
        if draft is None or draft.total_price_set is None or draft.total_price_set.presentment_money.amount != 0:
            raise RefusedError("Shopify would charge for the replacement.")
        note = {
            "ownerId": order.id, "namespace": _NAMESPACE, "key": _key(intent), "type": "single_line_text_field",
            "value": draft.id, "compareDigest": None,
        }  # fmt: skip
        errors = api.change(_WRITE, _Changed, metafields=[note]).metafields_set.user_errors
        noted = _found(api.ask(_NOTE, _Asked, **_where(intent)), intent).metafield
        if noted is None:
            agreed(errors)
            raise RefusedError("Shopify has not kept which draft the replacement is.")
        return noted.value


def _where(intent: Intent) -> dict[str, Any]:
    return {"order": gid("Order", intent.how["order"]), "namespace": _NAMESPACE, "key": _key(intent)}


def _key(intent: Intent) -> str:
    return f"act_{intent.id}"


def _found(asked: _Asked, intent: Intent) -> _Order:
    if asked.order is None:
        raise RefusedError(f"Shopify has no order {intent.how['order']} here.")
    return asked.order


def _sent(order: _Id) -> Reply:
    return Reply(said="confirmed", ref=id_of(order.id))


def _input(order: _Order, intent: Intent) -> dict[str, Any]:
    lines = [
        _line(line, order.presentment_currency_code)
        for line in order.line_items.nodes
        if line.requires_shipping and line.current_quantity > 0
    ]
    if not lines or order.line_items.page_info.has_next_page:
        raise RefusedError("The order has nothing to be sent again." if not lines else "The order has too many lines.")
    if order.shipping_address is None:
        raise RefusedError("The order has no address to send to.")
    address = {
        ("countryCode" if name == "countryCodeV2" else name): part for name, part in order.shipping_address.items()
    }
    told: dict[str, Any] = {
        "lineItems": lines,
        "shippingAddress": address,
        "email": order.email,
        "presentmentCurrencyCode": order.presentment_currency_code,
        "appliedDiscount": {"title": "Replacement", "valueType": "PERCENTAGE", "value": 100.0},
        "taxExempt": True,
        "note": f"Replaces {order.name}. {act_note(intent.id)}",
        "tags": [_TAG, f"{_TAG}-{intent.id}"],
        "customAttributes": [{"key": "replaces", "value": id_of(order.id)}, {"key": "amends_act", "value": intent.id}],
    }
    if order.customer is not None:
        told["purchasingEntity"] = {"customerId": order.customer.id}
    return told


def _line(line: _Line, currency: str) -> dict[str, Any]:
    if line.variant is not None:
        return {"variantId": line.variant.id, "quantity": line.current_quantity}
    # What is not in the catalogue is told by its name; its price is taken off anyway.
    free = {"amount": "0", "currencyCode": currency}
    named = {"title": line.title, "quantity": line.current_quantity, "requiresShipping": True}
    return {**named, "originalUnitPriceWithCurrency": free, **({} if line.sku is None else {"sku": line.sku})}
