"""What a shop at Shopify holds, as its stand-in keeps it. Fields are Shopify's, written in our way."""

import json
from collections.abc import Collection
from decimal import Decimal
from typing import Any

import msgspec

from amends.model.money import exponent


def gid(kind: str, number: int | str) -> str:
    """Shopify's id of something."""
    return f"gid://shopify/{kind}/{number}"


def number(id_: str) -> str:
    """The number in such an id."""
    return id_.rpartition("/")[2]


def bag(amount: Decimal, currency: str) -> dict[str, Any]:
    """Money as Shopify tells it: a decimal text, with at least one digit behind the point."""
    money = {"amount": f"{amount:.{max(exponent(currency), 1)}f}", "currencyCode": currency}
    return {"presentmentMoney": money, "shopMoney": money}


class Transaction(msgspec.Struct, kw_only=True):
    """Money that moved; of a refund `parent_transaction` is what it was taken by."""

    id: str
    kind: str
    status: str = "SUCCESS"
    gateway: str
    amount: Decimal
    currency: str
    parent_transaction: "Transaction | None" = None
    authorization_code: str | None = None
    receipt: dict[str, Any] | None = None

    @property
    def receipt_json(self) -> str | None:
        """The gateway's words as a text."""
        return None if self.receipt is None else json.dumps(self.receipt)

    @property
    def amount_set(self) -> dict[str, Any]:
        """The amount as it is told."""
        return bag(self.amount, self.currency)


class Refund(msgspec.Struct, kw_only=True):
    """Money that went back."""

    id: str
    note: str | None
    transactions: list[Transaction]


class Hold(msgspec.Struct, kw_only=True):
    """Why a part waits, and whether the app that asks has set it."""

    id: str
    handle: str | None = None
    held_by_requesting_app: bool = False
    reason: str = "OTHER"
    reason_notes: str | None = None


class Part(msgspec.Struct, kw_only=True):
    """What one location is to send of an order; `held` counts how often it was held."""

    id: str
    status: str = "OPEN"
    fulfillment_holds: list[Hold] = msgspec.field(default_factory=list)
    held: int = 0

    def hold(self, hold: Hold) -> None:
        """One more hold."""
        self.fulfillment_holds.append(hold)
        self.status = "ON_HOLD"
        self.held += 1

    def release(self, ids: Collection[str]) -> None:
        """These holds are gone."""
        self.fulfillment_holds = [hold for hold in self.fulfillment_holds if hold.id not in ids]
        if not self.fulfillment_holds and self.status == "ON_HOLD":
            self.status = "OPEN"


class Line(msgspec.Struct, kw_only=True):
    """So many of an article."""

    id: str
    title: str
    quantity: int
    current_quantity: int
    sku: str | None = None
    variant: dict[str, str] | None = None
    requires_shipping: bool = True


class Order(msgspec.Struct, kw_only=True):
    """An order. `metafields` by namespace and key; `cancels`, `edits`, `marks` count how often that was done to it."""

    id: str
    name: str
    total: Decimal
    currency: str
    display_financial_status: str = "PAID"
    email: str | None = None
    customer: dict[str, str] | None = None
    shipping_address: dict[str, Any] | None = None
    attributes: dict[str, str] = msgspec.field(default_factory=dict)
    localized: dict[str, str] = msgspec.field(default_factory=dict)
    tags: list[str] = msgspec.field(default_factory=list)
    line_items: list[Line] = msgspec.field(default_factory=list)
    transactions: list[Transaction] = msgspec.field(default_factory=list)
    refunds: list[Refund] = msgspec.field(default_factory=list)
    fulfillment_orders: list[Part] = msgspec.field(default_factory=list)
    metafields: dict[tuple[str, str], str] = msgspec.field(default_factory=dict)
    cancelled_at: str | None = None
    cancel_reason: str | None = None
    cancels: int = 0
    edits: int = 0
    marks: int = 0

    @property
    def presentment_currency_code(self) -> str:
        """What the buyer pays in."""
        return self.currency

    @property
    def custom_attributes(self) -> list[dict[str, str]]:
        """The attributes as they are told."""
        return [{"key": key, "value": value} for key, value in self.attributes.items()]

    def cancel(self, reason: str, at: str) -> None:
        """Cancel it, unless it is already."""
        if self.cancelled_at is None:
            self.cancelled_at, self.cancel_reason = at, reason
            self.cancels += 1
            for part in self.fulfillment_orders:
                part.status = "CLOSED"


class Draft(msgspec.Struct, kw_only=True):
    """A draft of an order, as it was asked for, and the order that it became."""

    id: str
    asked: dict[str, Any]
    tags: list[str]
    currency: str
    price: Decimal
    order: Order | None = None

    @property
    def status(self) -> str:
        """Completed, once it is an order."""
        return "OPEN" if self.order is None else "COMPLETED"

    @property
    def total_price_set(self) -> dict[str, Any]:
        """What the buyer would pay."""
        return bag(self.price, self.currency)
