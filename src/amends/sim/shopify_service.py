"""A stand-in for Shopify's GraphQL Admin API over HTTP: one shop, with its orders, drafts, holds and refunds.

Requests are held to the schema in `shopify.graphql`: a field, an argument or a value that is not there is refused.
Source: https://shopify.dev/docs/api/admin-graphql, https://shopify.dev/docs/api/usage/response-codes.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import graphql
from graphql import GraphQLError, GraphQLResolveInfo, GraphQLSchema

from amends.model.money import exponent
from amends.sim.service import Answer, Fault, Service
from amends.sim.shop_state import Draft, Hold, Order, Part, Refund, Transaction, gid, number

API_PATH: Final = "/admin/api/2026-10/graphql.json"
SCOPES: Final = frozenset(
    "read_orders write_orders write_draft_orders read_merchant_managed_fulfillment_orders "
    "write_merchant_managed_fulfillment_orders".split()
)
_NEEDS: Final = {
    "order": "read_orders", "job": "read_orders", "draftOrder": "write_draft_orders", "refundCreate": "write_orders",
    "orderCancel": "write_orders", "orderMarkAsPaid": "write_orders", "orderUpdate": "write_orders",
    "metafieldsSet": "write_orders", "draftOrderCreate": "write_draft_orders",
    "draftOrderComplete": "write_draft_orders", "fulfillmentOrderHold": "write_merchant_managed_fulfillment_orders",
    "fulfillmentOrderReleaseHold": "write_merchant_managed_fulfillment_orders",
}  # fmt: skip
_HOLDS_MAX: Final = 10
_HANDLE_MAX: Final = 64
_TAG_MAX: Final = 40
_ALL_OF_IT: Final = 100.0
_NOW: Final = "2026-03-01T12:00:00Z"
Info = GraphQLResolveInfo[Any]
_Input = dict[str, Any]
_Payload = dict[str, Any]


class ShopifyService(Service):
    """One shop. `key` is an access token; with `client` (id, secret) tokens are granted for those.

    With `slow`, cancellations wait and refunds stay pending until `settle` is called.
    """

    def __init__(
        self,
        key: str,
        orders: Iterable[Order] = (),
        *,
        client: tuple[str, str] | None = None,
        scopes: frozenset[str] = SCOPES,
        faults: Iterable[Fault] = (),
        slow: bool = False,
    ) -> None:
        super().__init__(faults=faults)
        self.tokens, self.client, self.scopes, self.slow = {key}, client, scopes, slow
        self.forget(orders)

    def forget(self, orders: Iterable[Order]) -> None:
        """Let there be these orders, and nothing that was done before."""
        with self._lock:
            self.orders = {order.id: order for order in orders}
            self.drafts: dict[str, Draft] = {}
            self.jobs: dict[str, Callable[[], None] | None] = {}
            self._keys: dict[str, tuple[str, _Payload]] = {}
            self._faults.clear()
            self.requests.clear()
            self._last = 9_000

    def settle(self) -> None:
        """What waits is done."""
        with self._lock:
            self.work()
            for each in (each for order in self.orders.values() for each in order.transactions):
                each.status = "SUCCESS" if each.status == "PENDING" else each.status

    def work(self) -> None:
        """Do the jobs that wait."""
        for job, run in self.jobs.items():
            if run is not None:
                run()
                self.jobs[job] = None

    # ------------------------------------------------------------ requests

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes, fault: Fault) -> Answer:
        """What Shopify answers."""
        path = urlsplit(target).path
        if fault == "throttle":
            return 200, _errors("Throttled", "THROTTLED"), {}
        if fault in ("fail", "conflict"):
            return 503, {"errors": "Service Unavailable"}, {}
        if path == "/admin/oauth/access_token":
            return self._grant(body)
        if path != API_PATH or method != "POST":
            return 404, {"errors": "Not Found"}, {}
        if headers.get("x-shopify-access-token") not in self.tokens:
            return 401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}, {}
        said = json.loads(body)
        answer = self._execute(said)
        if fault == "repeat":
            answer = self._execute(said)
        return (502, {"errors": "Bad Gateway"}, {}) if fault == "fail_after" else answer

    def _grant(self, body: bytes) -> Answer:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form.get("grant_type") != "client_credentials" or self.client is None:
            return 400, {"error": "unsupported_grant_type"}, {}
        if (form.get("client_id"), form.get("client_secret")) != self.client:
            return 401, {"error": "invalid_client"}, {}
        token = f"shpat_granted{len(self.tokens)}"
        self.tokens.add(token)
        return 200, {"access_token": token, "scope": ",".join(sorted(self.scopes)), "expires_in": 86_399}, {}

    def _execute(self, said: dict[str, Any]) -> Answer:
        done = graphql.graphql_sync(
            _schema(), said["query"], root_value=_Root(self), variable_values=said.get("variables") or {},
            field_resolver=self._field,
        )  # fmt: skip
        content = done.formatted
        for error in content.get("errors", []):
            error.setdefault("extensions", {}).setdefault("code", "undefinedField")
        return 200, content, {}

    def _field(self, source: Any, info: Info, **arguments: Any) -> Any:
        if isinstance(source, _Root) and _NEEDS[info.field_name] not in self.scopes:
            raise GraphQLError(f"Access denied for {info.field_name} field.", extensions={"code": "ACCESS_DENIED"})
        return _resolve(source, info, **arguments)

    def new_id(self, kind: str) -> str:
        """An id that no other has."""
        self._last += 1
        return gid(kind, self._last)

    def once(self, info: Info, asked: Any, do: Callable[[], _Payload]) -> _Payload:
        """Do what has an idempotency key once; without one it is not done at all."""
        directive = info.schema.get_directive("idempotent")
        assert directive is not None
        told = graphql.get_directive_values(directive, info.field_nodes[0], info.variable_values)
        if told is None:
            raise GraphQLError("The @idempotent directive is required.", extensions={"code": "BAD_REQUEST"})
        key, said = str(told["key"]), json.dumps(asked, sort_keys=True, default=str)
        if key in self._keys:
            before, payload = self._keys[key]
            if before != said:
                code = {"code": "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"}
                raise GraphQLError("The key was used with other parameters.", extensions=code)
            return payload
        payload = do()
        self._keys[key] = said, payload
        return payload


class _Root:
    """The fields of Query and Mutation."""

    def __init__(self, shop: ShopifyService) -> None:
        self._shop = shop

    def order(self, _: Info, id: str) -> Order | None:
        return self._shop.orders.get(id)

    def job(self, _: Info, id: str) -> dict[str, Any] | None:
        jobs = self._shop.jobs
        return {"id": id, "done": jobs[id] is None} if id in jobs else None

    def draft_order(self, _: Info, id: str) -> Draft | None:
        return self._shop.drafts.get(id)

    # ------------------------------------------------------------ money

    def refund_create(self, info: Info, input: _Input) -> _Payload:
        return self._shop.once(info, input, lambda: self._refund(input))

    def _refund(self, asked: _Input) -> _Payload:
        order = self._shop.orders.get(asked["orderId"])
        if order is None:
            return _wrong("Order does not exist")
        if asked.get("currency", order.currency) != order.currency:
            return _wrong("Currency must be the presentment currency of the order")
        back = []
        for each in asked.get("transactions") or []:
            taken = next((one for one in order.transactions if one.id == each.get("parentId")), None)
            problem = _problem_with(order, taken, each)
            if taken is None or problem:
                return _wrong(problem)
            back.append((taken, Decimal(each["amount"])))
        given = [self._give_back(order, taken, amount) for taken, amount in back]
        refund = Refund(id=self._shop.new_id("Refund"), note=asked.get("note"), transactions=given)
        order.refunds.append(refund)
        return {"order": order, "refund": refund, "userErrors": []}

    def _give_back(self, order: Order, taken: Transaction, amount: Decimal) -> Transaction:
        id_ = self._shop.new_id("OrderTransaction")
        receipt = {"id": f"re_{number(id_)}0000", "object": "refund"} if taken.gateway == "shopify_payments" else None
        given = Transaction(
            id=id_, kind="REFUND", status="PENDING" if self._shop.slow else "SUCCESS", gateway=taken.gateway,
            amount=amount, currency=order.currency, parent_transaction=taken, receipt=receipt,
        )  # fmt: skip
        order.transactions.append(given)
        return given

    def order_mark_as_paid(self, _: Info, input: _Input) -> _Payload:
        order = self._shop.orders.get(input["id"])
        if order is None or order.display_financial_status != "PENDING" or order.cancelled_at is not None:
            return _wrong("Order cannot be marked as paid.")
        id_ = self._shop.new_id("OrderTransaction")
        order.transactions.append(
            Transaction(id=id_, kind="SALE", gateway="manual", amount=order.total, currency=order.currency)
        )
        order.display_financial_status = "PAID"
        order.marks += 1
        return {"order": order, "userErrors": []}

    # ------------------------------------------------------------ orders

    def order_cancel(self, _: Info, order_id: str, reason: str, **how: Any) -> _Payload:
        order = self._shop.orders.get(order_id)
        problem = _hinders(order)
        if order is None or problem:
            return {"job": None, "orderCancelUserErrors": [{"message": problem, "code": "INVALID"}]}
        if (how.get("refund_method") or {}).get("originalPaymentMethodsRefund") is not False:
            return {
                "job": None,
                "orderCancelUserErrors": [{"message": "Refunds are not stood in for", "code": "INVALID"}],
            }
        job = self._shop.new_id("Job")
        self._shop.jobs[job] = lambda: order.cancel(reason, _NOW)
        if not self._shop.slow:
            self._shop.work()
        return {"job": self.job(_, job), "orderCancelUserErrors": []}

    def order_update(self, _: Info, input: _Input) -> _Payload:
        order, address = self._shop.orders.get(input["id"]), input.get("shippingAddress")
        if order is None:
            return _wrong("Order does not exist")
        if address is not None and not (address.get("address1") and address.get("countryCode")):
            return _wrong("Shipping address is incomplete")
        if address is not None:
            kept = {name: part for name, part in address.items() if name != "countryCode"}
            order.shipping_address = {**kept, "countryCodeV2": address["countryCode"]}
        if "customAttributes" in input:
            order.attributes = {each["key"]: each["value"] for each in input["customAttributes"]}
        order.localized |= {each["key"]: each["value"] for each in input.get("localizedFields") or []}
        order.edits += 1
        return {"order": order, "userErrors": []}

    def metafields_set(self, _: Info, metafields: list[_Input]) -> _Payload:
        done = []
        for each in metafields:
            order, at = self._shop.orders.get(each["ownerId"]), (each.get("namespace", "$app"), each["key"])
            if order is None:
                return _wrong("Owner does not exist", code="INVALID")
            stands = order.metafields.get(at)
            if "compareDigest" in each and each["compareDigest"] != (None if stands is None else digest_of(stands)):
                return _wrong("The resource has been updated since it was loaded.", code="STALE_OBJECT")
            done.append((order, at, each["value"]))
        for order, at, value in done:
            order.metafields[at] = value
        return {"metafields": [_metafield(at, value) for _, at, value in done], "userErrors": []}

    # ------------------------------------------------------------ parcels

    def fulfillment_order_hold(self, _: Info, id: str, fulfillment_hold: _Input) -> _Payload:
        part, handle = self._part(id), fulfillment_hold.get("handle") or ""
        if part is None:
            return _wrong("Fulfillment order does not exist.", code="FULFILLMENT_ORDER_NOT_FOUND")
        if part.status not in ("OPEN", "SCHEDULED", "ON_HOLD") or len(handle) > _HANDLE_MAX:
            return _wrong("Fulfillment order cannot be put on hold.", code="INVALID")
        mine = [hold.handle for hold in part.fulfillment_holds if hold.held_by_requesting_app]
        if handle in mine:
            code = "DUPLICATE_FULFILLMENT_HOLD_HANDLE"
            return _wrong("The handle provided for the fulfillment hold is already in use.", code=code)
        if len(mine) >= _HOLDS_MAX:
            return _wrong("Too many holds.", code="FULFILLMENT_ORDER_HOLD_LIMIT_REACHED")
        hold = Hold(
            id=self._shop.new_id("FulfillmentHold"), handle=handle, held_by_requesting_app=True,
            reason=fulfillment_hold["reason"], reason_notes=fulfillment_hold.get("reasonNotes"),
        )  # fmt: skip
        part.hold(hold)
        return {"fulfillmentHold": hold, "fulfillmentOrder": part, "userErrors": []}

    def fulfillment_order_release_hold(
        self, _: Info, id: str, hold_ids: list[str] | None = None, external_id: str | None = None
    ) -> _Payload:
        part = self._part(id)
        if part is None:
            return _wrong("Fulfillment order does not exist.", code="FULFILLMENT_ORDER_NOT_FOUND")
        there = {hold.id for hold in part.fulfillment_holds}
        if hold_ids is not None and not set(hold_ids) <= there:
            return _wrong("The hold does not exist.", code="INVALID_ACCESS")
        part.release(there if hold_ids is None else hold_ids)
        return {"fulfillmentOrder": part, "userErrors": []}

    def _part(self, id_: str) -> Part | None:
        parts = (part for order in self._shop.orders.values() for part in order.fulfillment_orders)
        return next((part for part in parts if part.id == id_), None)

    # ------------------------------------------------------------ drafts

    def draft_order_create(self, _: Info, input: _Input) -> _Payload:
        lines, tags = input.get("lineItems") or [], input.get("tags") or []
        if not lines or any(line["quantity"] < 1 for line in lines):
            return _wrong("Add at least 1 product")
        if any(len(tag) > _TAG_MAX for tag in tags):
            return _wrong("Tags are too long")
        discount = input.get("appliedDiscount") or {"valueType": "PERCENTAGE", "value": 0.0}
        is_free = discount["valueType"] == "PERCENTAGE" and discount["value"] == _ALL_OF_IT
        units = sum(line["quantity"] for line in lines)
        draft = Draft(
            id=self._shop.new_id("DraftOrder"), asked=input, tags=tags, currency=input["presentmentCurrencyCode"],
            price=Decimal(0) if is_free else Decimal(units),
        )  # fmt: skip
        self._shop.drafts[draft.id] = draft
        return {"draftOrder": draft, "userErrors": []}

    def draft_order_complete(self, _: Info, id: str, **__: Any) -> _Payload:
        draft = self._shop.drafts.get(id)
        if draft is None or draft.order is not None:
            return _wrong("Draft order does not exist" if draft is None else "This order has been paid")
        new, attributes = self._shop.new_id("Order"), draft.asked.get("customAttributes") or []
        draft.order = self._shop.orders[new] = Order(
            id=new, name=f"#{number(new)}", total=draft.price, currency=draft.currency, tags=draft.tags,
            attributes={each["key"]: each["value"] for each in attributes},
        )  # fmt: skip
        return {"draftOrder": draft, "userErrors": []}


def _problem_with(order: Order, taken: Transaction | None, back: _Input) -> str:
    """What Shopify would have against a transaction of a refund; nothing, if it is right."""
    if back["kind"] != "REFUND" or taken is None or taken.kind not in ("SALE", "CAPTURE"):
        return "Transactions parent_id is invalid"
    if taken.gateway != back["gateway"] or back["orderId"] != order.id:
        return "Transactions gateway is invalid"
    amount = Decimal(back["amount"])
    if amount <= 0 or amount != amount.quantize(Decimal(1).scaleb(-exponent(order.currency))):
        return "Amount is invalid"
    gone = sum(one.amount for one in order.transactions if one.kind == "REFUND" and one.parent_transaction is taken)
    return "Refund amount exceeds the amount that can be refunded" if amount + gone > taken.amount else ""


def _hinders(order: Order | None) -> str:
    """Why an order cannot be cancelled; nothing, if it can."""
    if order is None:
        return "Order does not exist"
    if order.cancelled_at is not None:
        return "Order has already been cancelled"
    if any(part.status in ("IN_PROGRESS", "CLOSED") for part in order.fulfillment_orders):
        return "Cannot cancel an order that has been fulfilled"
    return ""


def digest_of(value: str) -> str:
    """The digest by which a metafield's value is compared."""
    return hashlib.sha256(value.encode()).hexdigest()


@cache
def _schema() -> GraphQLSchema:
    return graphql.build_schema(files("amends.sim").joinpath("shopify.graphql").read_text(encoding="utf-8"))


def _resolve(source: Any, info: Info, **arguments: Any) -> Any:
    """The value of a field: of the root what it does, of an order and the like what it holds."""
    name = _snake(info.field_name)
    if isinstance(source, dict):
        return source.get(info.field_name)
    if isinstance(source, _Root):
        return getattr(source, name)(info, **{_snake(each): value for each, value in arguments.items()})
    if name == "metafield":
        at = (arguments.get("namespace", "$app"), arguments["key"])
        return _metafield(at, source.metafields[at]) if at in source.metafields else None
    value = getattr(source, name)
    if not isinstance(value, list):
        return value
    first = arguments.get("first")
    shown = value if first is None else value[:first]
    if str(info.return_type).rstrip("!").endswith("Connection"):
        if first is None:
            raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
        return {"nodes": shown, "pageInfo": {"hasNextPage": len(value) > len(shown), "endCursor": None}}
    return shown


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: "_" + found.group().lower(), name)


def _metafield(at: tuple[str, str], value: str) -> _Payload:
    return {
        "namespace": at[0], "key": at[1], "value": value, "type": "single_line_text_field",
        "compareDigest": digest_of(value),
    }  # fmt: skip


def _wrong(message: str, **code: str) -> _Payload:
    return {"userErrors": [{"field": None, "message": message, **code}]}


def _errors(message: str, code: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}
