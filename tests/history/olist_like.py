"""Tables of the shape of Olist's, drawn from a seed, with everything that is odd in the real ones and more of it."""

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

ORDERS = (
    "order_id customer_id order_status order_purchase_timestamp order_approved_at order_delivered_carrier_date "
    "order_delivered_customer_date order_estimated_delivery_date"
).split()
ITEMS = "order_id order_item_id product_id seller_id shipping_limit_date price freight_value".split()
PAYMENTS = "order_id payment_sequential payment_type payment_installments payment_value".split()
REVIEWS = (
    "review_id order_id review_score review_comment_title review_comment_message review_creation_date "
    "review_answer_timestamp"
).split()
CUSTOMERS = "customer_id customer_unique_id customer_zip_code_prefix customer_city customer_state".split()
LABELS = "order_id order_status late handover_after_limit payment_mismatch min_review_score".split()

STATUSES = "delivered delivered delivered shipped canceled unavailable invoiced processing approved created".split()
# Brazil put its clocks forward in the night to 2017-10-15 and back in the night to 2018-02-18.
BEGINNINGS = tuple(map(datetime.fromisoformat, ("2017-10-09", "2018-02-12", "2018-05-01")))
SKIPPED_HOUR = datetime.fromisoformat("2017-10-15")

Row = dict[str, Any]


def write_tables(folder: Path, seed: int, orders: int) -> None:
    """Orders, their items, payments and reviews, and the labels that the real folder derives from them."""
    random = Random(seed)
    tables: dict[str, list[Row]] = {name: [] for name in ("orders", "order_items", "order_payments", "order_reviews")}
    tables["customers"], labels = [], []
    for number in range(orders):
        order = _order(random, f"o{number:05}")
        items = _items(random, order)
        payments = _payments(random, order, items)
        reviews = _reviews(random, order)
        tables["orders"].append(order)
        tables["order_items"] += items
        tables["order_payments"] += payments
        tables["order_reviews"] += reviews
        if random.random() < 0.9:
            place = {"customer_zip_code_prefix": "01234", "customer_city": "sao paulo", "customer_state": "SP"}
            tables["customers"].append(
                {"customer_id": order["customer_id"], "customer_unique_id": f"b{number}", **place}
            )
        labels.append(_label(order, items, payments, reviews))
    columns = {
        "orders": ORDERS, "order_items": ITEMS, "order_payments": PAYMENTS, "order_reviews": REVIEWS,
        "customers": CUSTOMERS,
    }  # fmt: skip
    for name, rows in tables.items():
        random.shuffle(rows)
        _write(folder / f"{name}.csv", columns[name], rows)
    _write(folder / "labels_derived.csv", LABELS, labels)


def _order(random: Random, order: str) -> Row:
    bought = _later(random, random.choice(BEGINNINGS), days=6)
    status = random.choice(STATUSES)
    approved = _later(random, bought, days=2) if random.random() < 0.9 else None
    carrier = _later(random, random.choice((bought, approved or bought)), days=5) if random.random() < 0.7 else None
    delivered = _later(random, random.choice((bought, carrier or bought)), days=8) if random.random() < 0.6 else None
    if status not in ("delivered", "canceled"):
        delivered = None
    if status in ("unavailable", "invoiced", "processing", "approved", "created"):
        carrier = None
    promised = (bought + timedelta(days=random.randrange(0, 14))).replace(hour=0, minute=0, second=0)
    times = (bought, approved, carrier, delivered, promised)
    return {
        "order_id": order,
        "customer_id": f"c{order}",
        "order_status": status,
        **dict(zip(ORDERS[3:], times, strict=True)),
    }


def _later(random: Random, moment: datetime, *, days: int) -> datetime:
    """Some time later, often on the hour, so that moments meet; sometimes not later at all."""
    later = moment
    if random.random() > 0.1:
        later = moment + timedelta(hours=random.randrange(0, 24 * days))
        if random.random() < 0.5:
            later += timedelta(seconds=random.randrange(0, 3600))
        else:
            later = later.replace(minute=0, second=0)
    later = max(later, moment)
    # No clock in Brazil showed this hour.
    return later + timedelta(hours=1) if SKIPPED_HOUR <= later < SKIPPED_HOUR + timedelta(hours=1) else later


def _items(random: Random, order: Row) -> list[Row]:
    if random.random() < 0.15:
        return []
    bought = order["order_purchase_timestamp"]
    return [
        {
            "order_id": order["order_id"],
            "order_item_id": number,
            "product_id": f"p{random.randrange(3)}",
            "seller_id": f"s{random.randrange(2)}",
            "shipping_limit_date": _later(random, bought, days=6),
            "price": f"{random.randrange(100, 9_999) / 100:.2f}".removesuffix("0"),
            "freight_value": f"{random.randrange(0, 2_000) / 100:.2f}",
        }
        for number in range(1, random.choice((1, 1, 1, 2, 3)) + 1)
    ]


def _payments(random: Random, order: Row, items: Sequence[Row]) -> list[Row]:
    if random.random() < 0.03:
        return []
    owed = _owed(items) or 5_000
    amounts = random.choice((
        [owed], [owed], [owed], [owed + random.randrange(-8, 9)], [owed, owed], [owed, 0],
        [owed // 2, owed - owed // 2], [owed // 2, owed], [max(0, owed - 600), 590], [owed + 1_200],
    ))  # fmt: skip
    return [
        {
            "order_id": order["order_id"],
            "payment_sequential": number,
            "payment_type": random.choice(("credit_card", "boleto", "voucher", "debit_card", "not_defined")),
            "payment_installments": random.randrange(1, 10),
            "payment_value": f"{amount / 100:.2f}",
        }
        for number, amount in enumerate(amounts, 1)
    ]


def _reviews(random: Random, order: Row) -> list[Row]:
    written = _later(random, order["order_purchase_timestamp"] + timedelta(days=3), days=20)
    return [
        {
            "review_id": f"r{random.randrange(10**9)}",
            "order_id": order["order_id"],
            "review_score": random.randrange(1, 6),
            "review_comment_message": random.choice(("", 'Não "chegou",\nainda.', "Ótimo")),
            "review_creation_date": written.replace(hour=0, minute=0, second=0),
            "review_answer_timestamp": written,
        }
        for _ in range(random.choice((0, 0, 1, 1, 2)))
    ]


# ---------------------------------------------------------------- labels, by the formulas of the real folder


def _label(order: Row, items: Sequence[Row], payments: Sequence[Row], reviews: Sequence[Row]) -> Row:
    delivered, promised = order["order_delivered_customer_date"], order["order_estimated_delivery_date"]
    carrier = order["order_delivered_carrier_date"]
    limit = max((item["shipping_limit_date"] for item in items), default=None)
    paid = sum(_cents(payment["payment_value"]) for payment in payments)
    return {
        "order_id": order["order_id"],
        "order_status": order["order_status"],
        "late": int(delivered is not None and delivered.date() > promised.date()),
        "handover_after_limit": int(carrier is not None and limit is not None and carrier > limit),
        "payment_mismatch": int(bool(items) and bool(payments) and abs(paid - _owed(items)) > 5),
        "min_review_score": min((review["review_score"] for review in reviews), default=None),
    }


def _owed(items: Iterable[Row]) -> int:
    return sum(_cents(item["price"]) + _cents(item["freight_value"]) for item in items)


def _cents(amount: str) -> int:
    return round(float(amount) * 100)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        lines.writeheader()
        lines.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
