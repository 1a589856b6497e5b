"""Holds what `amends backtest` found in the Olist orders against the labels derived from the same tables.

    amends history load TABLES --mapping examples/olist.yaml --db sqlite:///olist.sqlite
    amends backtest --db sqlite:///olist.sqlite --findings findings.csv
    python scripts/compare_olist.py TABLES findings.csv

Where a rule means something else than a label, the difference is a set of orders with a reason, computed here from the
raw columns alone. Exit code 1 if any finding or label is neither equal nor explained. See docs/olist.md.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec
import polars as pl

ZONE = "America/Sao_Paulo"
HANDOVER_DEFAULT = pl.duration(hours=72)
SETTLING = pl.duration(minutes=10)
TOLERANCE_MINOR = 5


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Orders on which a rule and a label disagree, and why."""

    why: str
    orders: frozenset[str]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """One label beside the exceptions that answer it."""

    label: str
    exceptions: tuple[str, ...]
    labelled: frozenset[str]
    found: frozenset[str]
    beyond: tuple[Difference, ...] = ()
    """Found, not labelled."""
    short: tuple[Difference, ...] = ()
    """Labelled, not found."""

    @property
    def expected(self) -> frozenset[str]:
        """What should be found: the labels, with what the definitions add, without what they leave out."""
        return (self.labelled | _union(self.beyond)) - _union(self.short)

    @property
    def unexplained(self) -> frozenset[str]:
        return self.found ^ self.expected


def _union(differences: Iterable[Difference]) -> frozenset[str]:
    return frozenset().union(*(difference.orders for difference in differences))


def compare(tables: Path, findings: Path) -> list[Comparison]:
    """Every label of the folder's `labels_derived.csv` that a rule answers."""
    orders = known_orders(tables)
    found = pl.read_csv(findings, infer_schema=False)
    labels = pl.read_csv(tables / "labels_derived.csv")

    def found_as(*exceptions: str) -> frozenset[str]:
        return frozenset(found.filter(pl.col("exception").is_in(exceptions))["order"].drop_nulls())

    def labelled(condition: pl.Expr) -> frozenset[str]:
        return frozenset(labels.filter(condition)["order_id"])

    late, handed, mismatch = _late(orders), _handed_over_late(orders), _mismatch(orders)
    return [
        _comparison("late = 1", ("delivery_late",), labelled(pl.col("late") == 1), found_as("delivery_late"), late),
        _comparison(
            "handover_after_limit = 1", ("handover_late",), labelled(pl.col("handover_after_limit") == 1),
            found_as("handover_late"), handed,
        ),
        _comparison(
            "payment_mismatch = 1", ("amount_mismatch", "duplicate_payment"), labelled(pl.col("payment_mismatch") == 1),
            found_as("amount_mismatch", "duplicate_payment"), mismatch,
        ),
        _comparison(
            "order_status = canceled", ("order_cancelled",), labelled(pl.col("order_status") == "canceled"),
            found_as("order_cancelled"), ((), ()),
        ),
        _comparison(
            "order_status = unavailable", ("reservation_failed",), labelled(pl.col("order_status") == "unavailable"),
            found_as("reservation_failed"), ((), ()),
        ),
        _comparison(
            "min_review_score <= 2", ("negative_review",), labelled(pl.col("min_review_score") <= 2),
            found_as("negative_review"), ((), ()),
        ),
    ]  # fmt: skip


Differences = tuple[tuple[Difference, ...], tuple[Difference, ...]]


def _comparison(
    label: str, exceptions: tuple[str, ...], labelled: frozenset[str], found: frozenset[str], differences: Differences
) -> Comparison:
    beyond, short = differences
    return Comparison(label=label, exceptions=exceptions, labelled=labelled, found=found, beyond=beyond, short=short)


# ---------------------------------------------------------------- what the raw columns tell of an order


def known_orders(tables: Path) -> pl.DataFrame:
    """A row an order: its times in UTC, what it owes and what was paid in cents, and the end of the whole history."""
    orders = pl.read_csv(tables / "orders.csv", infer_schema=False).select(
        "order_id",
        "order_status",
        purchased=_time("order_purchase_timestamp"),
        approved=_time("order_approved_at"),
        handed_over=_time("order_delivered_carrier_date"),
        delivered_on=_time("order_delivered_customer_date"),
        promised=_last_moment("order_estimated_delivery_date"),
    )
    items = pl.read_csv(tables / "order_items.csv", infer_schema=False).group_by("order_id").agg(
        limit=_time("shipping_limit_date").max(), owed=(_cents("price") + _cents("freight_value")).sum()
    )  # fmt: skip
    payments = pl.read_csv(tables / "order_payments.csv", infer_schema=False).group_by("order_id").agg(
        paid=_cents("payment_value").sum(), biggest=_cents("payment_value").max(), payments=pl.len()
    )  # fmt: skip
    reviews = pl.read_csv(tables / "order_reviews.csv", infer_schema=False).select(
        _time("review_answer_timestamp").max()
    )
    last_known = pl.max_horizontal("purchased", "approved", "handed_over", "delivered_on")
    known = (
        orders.join(items, on="order_id", how="left")
        .join(payments, on="order_id", how="left")
        .with_columns(last_known=last_known, canceled=pl.col("order_status") == "canceled")
        .with_columns(
            # As the mapping has it: handed over without an approval counts as paid at purchase, and a delivered
            # order without a date of delivery as delivered at the last moment known.
            paid_at=pl.coalesce("approved", pl.when(pl.col("handed_over").is_not_null()).then("purchased")),
            delivered=pl.coalesce("delivered_on", pl.when(pl.col("order_status") == "delivered").then("last_known")),
        )
    )
    end = max(known["last_known"].max(), reviews.item())
    return known.with_columns(
        end=pl.lit(end),
        due=pl.coalesce("limit", pl.col("paid_at") + HANDOVER_DEFAULT),
        out=pl.min_horizontal("handed_over", "delivered"),
    )


def _time(column: str) -> pl.Expr:
    return _instant(pl.col(column).str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us"))


def _last_moment(column: str) -> pl.Expr:
    day = pl.col(column).str.slice(0, 10).str.to_date("%Y-%m-%d").cast(pl.Datetime("us"))
    return _instant(day.dt.offset_by("1d")) - pl.duration(microseconds=1)


def _instant(local: pl.Expr) -> pl.Expr:
    # A time in the hour that summer time skips is meant by the clock that had not been put forward.
    hour = pl.duration(hours=1)
    return pl.coalesce(_in_zone(local), _in_zone(local - hour) + hour)


def _in_zone(local: pl.Expr) -> pl.Expr:
    zoned = local.dt.replace_time_zone(ZONE, ambiguous="earliest", non_existent="null")
    return zoned.dt.convert_time_zone("UTC")


def _cents(column: str) -> pl.Expr:
    return (pl.col(column).cast(pl.Float64) * 100).round().cast(pl.Int64)


def _orders(orders: pl.DataFrame, why: str, condition: pl.Expr) -> Difference:
    return Difference(why=why, orders=frozenset(orders.filter(condition)["order_id"]))


# ---------------------------------------------------------------- where a rule means something else than a label

CANCELED = pl.col("canceled")
LATE_LABEL = pl.col("delivered_on") > pl.col("promised")
HANDOVER_LABEL = pl.col("handed_over") > pl.col("limit")


def _late(orders: pl.DataFrame) -> Differences:
    never = _orders(
        orders,
        "never delivered, not cancelled, and the promise passed before the history ends (the label asks for a date of "
        "delivery)",
        pl.col("delivered").is_null() & ~CANCELED & (pl.col("promised") < pl.col("end")),
    )
    ended_late = _orders(
        orders,
        "cancelled, or delivered without a date: the last moment known of the order, from which that counts, is after "
        "the promise",
        pl.col("delivered_on").is_null()
        & (CANCELED | pl.col("delivered").is_not_null())
        & (pl.col("last_known") > pl.col("promised")),
    )
    return (never, ended_late), ()


def _handed_over_late(orders: pl.DataFrame) -> Differences:
    paid, due, out = pl.col("paid_at").is_not_null(), pl.col("due"), pl.col("out")
    never = _orders(
        orders,
        "paid, not cancelled, never handed over, and the limit passed before the history ends (the label asks for a "
        "date of hand-over)",
        paid & out.is_null() & ~CANCELED & (due < pl.col("end")),
    )
    no_limit = _orders(
        orders,
        "without item rows the limit is unknown: handed over later than the rule's default of 72 hours after payment",
        pl.col("limit").is_null() & pl.col("handed_over").is_not_null() & (out > due) & (out >= pl.col("paid_at")),
    )
    undated = _orders(
        orders,
        "delivered after the limit without a date of hand-over",
        pl.col("handed_over").is_null() & (out > due) & (out >= pl.col("paid_at")),
    )
    cancelled = _orders(
        orders,
        "cancelled and never handed over: paid only after the limit, so late from the moment of payment",
        paid & CANCELED & out.is_null() & (pl.col("last_known") > due),
    )
    delivered_first = _orders(
        orders,
        "delivered by the limit, although its hand-over is dated after it: what has arrived was handed over",
        HANDOVER_LABEL & (out <= due),
    )
    paid_after = _orders(
        orders,
        "paid only after the hand-over: what is not paid is not due to be handed over",
        HANDOVER_LABEL & (out > due) & (out < pl.col("paid_at")),
    )
    return (never, no_limit, undated, cancelled), (delivered_first, paid_after)


def _mismatch(orders: pl.DataFrame) -> Differences:
    differs = (pl.col("paid") - pl.col("owed")).abs() > TOLERANCE_MINOR
    twice = (pl.col("payments") >= 2) & (pl.col("biggest") >= pl.col("owed")) & (pl.col("paid") > pl.col("owed"))
    unapproved = _orders(
        orders, "never approved and never handed over: nothing was captured", differs & pl.col("paid_at").is_null()
    )
    unsettled = _orders(
        orders,
        "paid in the last ten minutes of the history: its parts may still come",
        differs & ~twice & (pl.col("paid_at") + SETTLING >= pl.col("end")),
    )
    return (), (unapproved, unsettled)


# ---------------------------------------------------------------- what is printed


def _lines(comparison: Comparison) -> list[str]:
    equal = len(comparison.found & comparison.labelled)
    lines = [
        f"{' + '.join(comparison.exceptions)}  against  {comparison.label}",
        f"    labelled {len(comparison.labelled):,}, found {len(comparison.found):,}, both {equal:,}, "
        f"unexplained {len(comparison.unexplained)}",
    ]
    lines += [f"    + {len(one.orders):,} found and not labelled: {one.why}" for one in comparison.beyond if one.orders]
    lines += [f"    - {len(one.orders):,} labelled and not found: {one.why}" for one in comparison.short if one.orders]
    return lines


def _document(comparison: Comparison) -> dict[str, object]:
    return {
        "label": comparison.label,
        "exceptions": comparison.exceptions,
        "labelled": len(comparison.labelled),
        "found": len(comparison.found),
        "both": len(comparison.found & comparison.labelled),
        "found_only": {one.why: len(one.orders) for one in comparison.beyond},
        "labelled_only": {one.why: len(one.orders) for one in comparison.short},
        "unexplained": sorted(comparison.unexplained),
    }


def write_labels(file: Path, comparisons: Iterable[Comparison]) -> None:
    """The labels that one exception alone answers, as `amends backtest --labels` reads them; none has a moment."""
    with file.open("w", newline="", encoding="utf-8") as lines:
        rows = csv.writer(lines, lineterminator="\n")
        rows.writerow(("exception", "order"))
        for one in comparisons:
            if len(one.exceptions) == 1:
                rows.writerows((*one.exceptions, order) for order in sorted(one.labelled))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tables", type=Path, help="the folder of Olist's tables, with labels_derived.csv")
    parser.add_argument("findings", type=Path, help="what `amends backtest --findings` wrote")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="write the labels for `amends backtest --labels`")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    comparisons = compare(options.tables, options.findings)
    if options.labels:
        write_labels(options.labels, comparisons)
    if options.json:
        print(json.dumps([_document(one) for one in comparisons], indent=2))
    else:
        print("\n\n".join("\n".join(_lines(one)) for one in comparisons))
    return 1 if any(one.unexplained for one in comparisons) else 0


if __name__ == "__main__":
    sys.exit(main())
