"""Warns three days before the promise in the Olist orders, and holds the warnings against a gradient-boosted peer.

    python scripts/olist_warnings.py TABLES [--svg FILE] [--json]

For every order that is paid and neither delivered nor cancelled three days before the end of its promised day: how
likely is it to be late? Late is what the rule `delivery_late` says: the day ends, and it is neither delivered nor
cancelled. Both sides get the same facts, known at that moment, and learn from the first 60 % of time only; what they
are asked afterwards they have not seen. See docs/learning.md.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]

sys.path.insert(0, str(Path(__file__).parent.parent))
from scripts.compare_olist import ZONE, known_orders

from amends.detection.learning import Days, End, Fact, Lanes, Stage, Tempo, Waits, late_chances
from amends.detection.learning.odds import Odds, log_odds
from amends.detection.learning.reliability import (
    Bin,
    average_precision,
    brier,
    calibration_error,
    reliability,
)
from amends.model.instant import DAY, Instant

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

AHEAD_DAYS = 3
TRAIN_SHARE = 0.6
EPOCH_DAYS = 7
NEVER = np.iinfo(np.int64).max
DRAWS = 400
"""Resamplings for the error of a difference."""


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """All paid orders as columns: instants in microseconds, NEVER for what did not happen."""

    paid: Ints
    handed: Ints
    over: Ints
    """Delivered or cancelled."""
    cancelled: Flags
    bought: Ints
    promise: Ints
    limit: Floats
    """When the seller owes the hand-over; NaN where unknown."""
    seller: Ints
    seller_state: Ints
    buyer_state: Ints
    weight: Floats
    freight: Floats
    price: Floats
    items: Floats
    boleto: Flags
    asked: Ints
    """When the question is asked: 3 days before the promise."""
    end: int
    midnights: Ints
    """The first moment of each day where the orders are sent, from day `first` on."""
    first: int

    def __len__(self) -> int:
        return len(self.paid)

    @property
    def late(self) -> Flags:
        return self.over > self.promise

    def day(self, instants: Ints) -> Ints:
        """The number of the day of each instant, from 0."""
        found: Ints = np.searchsorted(self.midnights, instants, side="right") - 1
        return found

    def questions(self) -> Ints:
        """The orders that are asked about, in the order of the asking."""
        found = np.flatnonzero((self.paid <= self.asked) & (self.over > self.asked) & (self.promise < self.end))
        return found[np.argsort(self.asked[found], kind="stable")]


# ---------------------------------------------------------------- the tables


def read_orders(tables: Path, *, arrived_only: bool) -> Orders:
    """The paid orders of the folder; `arrived_only` leaves out those without a date of delivery."""
    known = known_orders(tables).filter(pl.col("paid_at").is_not_null())
    if arrived_only:
        known = known.filter(pl.col("delivered_on").is_not_null())
    rows = known.join(_details(tables), on="order_id", how="left", maintain_order="left")
    over = pl.min_horizontal(pl.col("delivered"), pl.when(pl.col("canceled")).then(pl.col("last_known")))
    rows = rows.with_columns(over=over, called_off=pl.col("canceled") & (pl.col("delivered").is_null()))
    promise = _instants(rows, "promised")
    handed, ended = _instants(rows, "handed_over"), _instants(rows, "over")
    ends_on = rows["end"].dt.convert_time_zone(ZONE).dt.date().max()
    begins_on = rows["purchased"].dt.convert_time_zone(ZONE).dt.date().min()
    days = pl.select(pl.date_range(pl.lit(begins_on), pl.lit(ends_on))).to_series()
    # A day that summer time begins without a midnight begins an hour later.
    starts = (
        days.cast(pl.Datetime("us"))
        .dt.offset_by("1h")
        .dt.replace_time_zone(ZONE, ambiguous="earliest")
        .dt.convert_time_zone("UTC")
    )
    exact = days.cast(pl.Datetime("us")).dt.replace_time_zone(ZONE, non_existent="null", ambiguous="earliest")
    midnights = pl.select(pl.coalesce(exact.dt.convert_time_zone("UTC"), starts)).to_series()
    return Orders(
        paid=_instants(rows, "paid_at"),
        handed=np.where(handed < ended, handed, NEVER),
        over=ended,
        cancelled=rows["called_off"].to_numpy(),
        bought=_instants(rows, "purchased"),
        promise=promise,
        limit=rows["limit"].dt.epoch("us").cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        seller=_codes(rows, "seller_id"),
        seller_state=_codes(rows, "seller_state"),
        buyer_state=_codes(rows, "customer_state"),
        weight=_numbers(rows, "weight", 700.0),
        freight=_numbers(rows, "freight", 20.0),
        price=_numbers(rows, "price", 100.0),
        items=_numbers(rows, "items", 1.0),
        boleto=rows["boleto"].fill_null(value=False).to_numpy(),
        asked=promise - AHEAD_DAYS * DAY,
        end=int(rows["end"].dt.epoch("us")[0]),
        midnights=midnights.dt.epoch("us").to_numpy().astype(np.int64),
        first=int(days.cast(pl.Int32)[0]),
    )


def _details(tables: Path) -> pl.DataFrame:
    """What the other tables tell of an order when it is placed."""

    def read(name: str) -> pl.DataFrame:
        return pl.read_csv(tables / f"{name}.csv", infer_schema=False)

    weights = read("products").select("product_id", grams=pl.col("product_weight_g").cast(pl.Float64))
    items = (
        read("order_items")
        .join(weights, on="product_id", how="left", maintain_order="left")
        .join(read("sellers").select("seller_id", "seller_state"), on="seller_id", how="left", maintain_order="left")
        .sort("order_id", "order_item_id")
        .group_by("order_id", maintain_order=True)
        .agg(
            pl.col("seller_id", "seller_state").first(),
            items=pl.len(),
            weight=pl.col("grams").sum(),
            price=pl.col("price").cast(pl.Float64).sum(),
            freight=pl.col("freight_value").cast(pl.Float64).sum(),
        )
    )
    buyers = read("customers").select("customer_id", "customer_state")
    payments = read("order_payments").group_by("order_id").agg(boleto=(pl.col("payment_type") == "boleto").any())
    orders = read("orders").select("order_id", "customer_id").join(buyers, on="customer_id", how="left")
    return orders.join(items, on="order_id", how="left").join(payments, on="order_id", how="left")


def _instants(rows: pl.DataFrame, name: str) -> Ints:
    return rows[name].dt.epoch("us").fill_null(NEVER).to_numpy().astype(np.int64)


def _codes(rows: pl.DataFrame, name: str) -> Ints:
    """Numbers for texts, in their order; -1 for none."""
    texts = rows[name].to_list()
    numbers = {text: number for number, text in enumerate(sorted({text for text in texts if text}))}
    return np.array([numbers.get(text, -1) for text in texts])


def _numbers(rows: pl.DataFrame, name: str, absent: float) -> Floats:
    return rows[name].cast(pl.Float64).fill_null(absent).to_numpy()


# ---------------------------------------------------------------- our side: two stages, day by day

TRANSIT_FACTS = (
    Fact(name="weight", spread=0.3),
    Fact(name="freight", spread=0.3),
    Fact(name="same_state", spread=0.5),
    Fact(name="days_to_promise", spread=0.5),
    Fact(name="promise_passed", spread=0.5),
    Fact(name="third_last_day", spread=0.7),
    Fact(name="second_last_day", spread=0.7),
    Fact(name="last_day", spread=0.7),
    Fact(name="promise_near", spread=0.7),
    Fact(name="days_beyond_promise", spread=0.7),
)
HANDOVER_FACTS = (
    Fact(name="before_limit", spread=0.5),
    Fact(name="first_days_over_limit", spread=0.5),
    Fact(name="over_limit", spread=0.5),
    Fact(name="no_limit"),
)


class Foresight:
    """What is known of the way of an order: from payment to the carrier, from the carrier to the buyer."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        lanes = Lanes([("seller_state", "buyer_state"), ("seller_state",), ()])
        sellers = Lanes([("seller", "seller_state"), ("seller_state",), ()])
        self.lane = lanes.number(_present(orders.seller_state, orders.buyer_state))
        self.maker = sellers.number(_present(orders.seller, orders.seller_state))
        self.transit = Stage(
            waits=Waits(), tempos={"all": Tempo(half_life=10, prior=20), "buyer_state": Tempo(half_life=20, prior=20),
            "seller_state": Tempo(half_life=20, prior=20)}, facts=TRANSIT_FACTS,
        )  # fmt: skip
        self.handover = Stage(
            waits=Waits(), tempos={"all": Tempo(half_life=10, prior=20), "seller_state": Tempo(half_life=20, prior=20),
            "seller": Tempo(half_life=30, prior=5)}, facts=HANDOVER_FACTS,
        )  # fmt: skip
        self.transit.waits.grow(lanes.parents)
        self.handover.waits.grow(sellers.parents)

    def transit_days(self, rows: Ints, day: Ints, since: Ints) -> Days:
        """Orders with a carrier since a moment, at the beginning of a day."""
        orders = self.orders
        begins, ends = _bounds(orders, day)
        left = np.round((orders.promise[rows] - begins) / DAY)
        facts = [
            np.log(orders.weight[rows] + 1) - 6.5,
            np.log(orders.freight[rows] + 1) - 3,
            orders.seller_state[rows] == orders.buyer_state[rows],
            np.log(np.clip(left, 1, 60)) - 2.5,
            left <= 0,
            *(left == number for number in (3, 2, 1)),
            np.clip(left - 3, 0, 7) / 7,
            np.clip(left, -10, 0) / 10,
        ]
        states = {"buyer_state": orders.buyer_state[rows] + 1, "seller_state": orders.seller_state[rows] + 1}
        tempos = {"all": rows * 0, **states}
        return Days(groups=self.lane[rows], since=since, begins=begins, ends=ends, weekday=(orders.first + day + 3) % 7,
                    tempos=tempos, facts=np.column_stack(facts).astype(float))  # fmt: skip

    def handover_days(self, rows: Ints, day: Ints) -> Days:
        """Paid orders that no carrier has, at the beginning of a day."""
        orders = self.orders
        begins, ends = _bounds(orders, day)
        beyond = (begins - orders.limit[rows]) / DAY
        known = np.nan_to_num(beyond)
        facts = [np.clip(known, -5, 0), np.clip(known, 0, 3), np.log1p(np.maximum(known, 0)), np.isnan(beyond)]
        tempos = {"all": rows * 0, "seller_state": orders.seller_state[rows] + 1, "seller": orders.seller[rows] + 1}
        return Days(groups=self.maker[rows], since=orders.paid[rows], begins=begins, ends=ends,
                    weekday=(orders.first + day + 3) % 7, tempos=tempos,
                    facts=np.column_stack(facts).astype(float))  # fmt: skip

    def tempos(self, rows: Ints, day: Ints) -> Floats:
        """How quick things have been lately, a column for each tempo of both stages."""
        tables = (
            (self.handover, self.handover_days(rows, day)),
            (self.transit, self.transit_days(rows, day, self.orders.paid[rows])),
        )
        return np.column_stack(
            [tempo.lately(table.tempos[name]) for stage, table in tables for name, tempo in stage.tempos.items()]
        )

    def late(self, rows: Ints, day: Ints) -> Floats:
        """How likely these orders are late, asked at the beginning of a day, `AHEAD_DAYS` before the promise."""
        found = np.empty(len(rows))
        with_carrier = self.orders.handed[rows] <= self.orders.asked[rows]
        going, first = rows[with_carrier], day[with_carrier]
        stays = [1 - self.transit.chances(self.transit_days(going, first + ahead, self.orders.handed[going]))
                 for ahead in range(AHEAD_DAYS)]  # fmt: skip
        found[with_carrier] = np.prod(stays, axis=0)
        waiting, first = rows[~with_carrier], day[~with_carrier]
        leaves = np.column_stack([self.handover.chances(self.handover_days(waiting, first + ahead))
                                  for ahead in range(AHEAD_DAYS)])  # fmt: skip
        arrives = np.zeros((len(waiting), AHEAD_DAYS, AHEAD_DAYS))
        for age in range(AHEAD_DAYS):
            for ahead in range(age, AHEAD_DAYS):
                # Handed over at noon of its day.
                begins, _ = _bounds(self.orders, first + ahead)
                days = self.transit_days(waiting, first + ahead, begins - age * DAY + DAY // 2)
                arrives[:, age, ahead] = self.transit.chances(days)
        found[~with_carrier] = late_chances(leaves, arrives)
        return found


def _present(*columns: Ints) -> Iterator[tuple[int | None, ...]]:
    return zip(*([None if code < 0 else code for code in column.tolist()] for column in columns), strict=True)


def _bounds(orders: Orders, day: Ints) -> tuple[Ints, Ints]:
    days = np.minimum(day, len(orders.midnights) - 2)
    return orders.midnights[days], orders.midnights[days + 1]


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What was said to each question, the tempos it was said by, and the model as it stands at the end."""

    model: Foresight
    chances: Floats
    tempos: Floats


class Walk:
    """Through the history day by day: ask what is asked, then learn what came; weights and curves once a week."""

    def __init__(self, orders: Orders, questions: Ints) -> None:
        self.orders = orders
        self.questions = questions
        self._asked_on = orders.day(orders.asked[questions] + DAY // 2)
        moved = np.where(orders.handed < orders.over, orders.handed, orders.over)
        came = (orders.handed < NEVER) | ~orders.cancelled
        going = orders.handed < NEVER
        self._legs = (
            _Leg(orders, np.arange(len(orders)), orders.paid, moved, came),
            _Leg(orders, np.flatnonzero(going), orders.handed, orders.over, ~orders.cancelled),
        )

    def chances(self, cut: int | None) -> Answers:
        """The answers to all questions, by what was known when each was asked; nothing is learned after `cut`."""
        model = Foresight(self.orders)
        found = Answers(
            model=model, chances=np.full(len(self.questions), np.nan), tempos=np.zeros((len(self.questions), 6))
        )
        last = len(self.orders.midnights) - 2
        for first in range(0, last, EPOCH_DAYS):
            days = range(first, min(first + EPOCH_DAYS, last))
            ends = int(self.orders.midnights[days[-1] + 1])
            taught = self._week(model, days, found)
            if cut is None or ends <= cut:
                self._relearn(model, taught, Instant(ends))
        return found

    def _week(self, model: Foresight, days: range, found: Answers) -> list[list[tuple[Floats, Flags]]]:
        taught: list[list[tuple[Floats, Flags]]] = [[], []]
        for day in days:
            asked = np.flatnonzero(self._asked_on == day)
            if len(asked):
                rows, when = self.questions[asked], np.full(len(asked), day)
                found.chances[asked] = model.late(rows, when)
                found.tempos[asked] = model.tempos(rows, when)
            for number, (stage, leg) in enumerate(zip((model.handover, model.transit), self._legs, strict=True)):
                rows, came = leg.day(day)
                when = np.full(len(rows), day)
                table = model.transit_days(rows, when, leg.since[rows]) if number else model.handover_days(rows, when)
                taught[number].append((stage.rows(table), came))
                stage.pass_day(table, came)
        return taught

    def _relearn(self, model: Foresight, taught: list[list[tuple[Floats, Flags]]], now: Instant) -> None:
        for stage, leg, groups, days in zip(
            (model.handover, model.transit), self._legs, (model.maker, model.lane), taught, strict=True
        ):
            stage.learn(np.concatenate([rows for rows, _ in days]), np.concatenate([came for _, came in days]))
            leg.relearn(stage.waits, groups, now)


class _Leg:
    """The waits of one stage: rows, when each began, when and how it was over."""

    def __init__(self, orders: Orders, rows: Ints, since: Ints, until: Ints, came: Flags) -> None:
        self.since = since
        self._rows = rows[since[rows] <= until[rows]]
        self._until = until
        self._came = came
        self._first = orders.day(since)
        self._last = np.where(until == NEVER, len(orders.midnights), orders.day(until))

    def day(self, day: int) -> tuple[Ints, Flags]:
        """Who waited at some time of the day, and whose wait ended on it with what was waited for."""
        rows = self._rows[(self._first[self._rows] <= day) & (self._last[self._rows] >= day)]
        # What has waited for ten weeks teaches no more about single days; the curves still count it.
        rows = rows[day - self._first[rows] <= 70]
        return rows, (self._last[rows] == day) & self._came[rows]

    def relearn(self, waits: Waits, groups: Ints, now: Instant) -> None:
        rows, until = self._rows, self._until[self._rows]
        over = rows[(until >= waits.begun) & (until < now)]
        ends = np.where(self._came[over], End.CAME, End.LEFT).astype(np.int8)
        waits.observe(groups[over], self.since[over], self._until[over], ends)
        still = rows[(self.since[rows] < now) & (until >= now)]
        waits.relearn(now, groups[still], self.since[still])


# ---------------------------------------------------------------- the peer: boosted trees on the same facts


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of every question as columns, for the peer."""

    names: tuple[str, ...]
    table: Floats
    categories: tuple[bool, ...]

    def without(self, beginnings: tuple[str, ...]) -> "Facts":
        """These facts but for those whose names begin so."""
        kept = [number for number, name in enumerate(self.names) if not name.startswith(beginnings)]
        return Facts(
            names=tuple(self.names[number] for number in kept),
            table=self.table[:, kept],
            categories=tuple(self.categories[number] for number in kept),
        )


def peer_facts(orders: Orders, questions: Ints, model: Foresight, tempos: Floats) -> Facts:
    """What our side knows when it is asked, and what else a careful person would give to trees."""
    rows, asked = questions, orders.asked[questions]
    handed = np.where(orders.handed[rows] <= asked, orders.handed[rows].astype(float), np.nan)
    shares = {
        f"late_share_{name}": _recent_share(orders, rows, groups, days)
        for name, groups, days in (
            ("all", np.zeros(len(orders), dtype=np.int64), 14),
            ("buyer_state", orders.buyer_state, 21),
            ("lane", model.lane, 45),
            ("seller", orders.seller, 60),
        )
    }
    columns: dict[str, Any] = {
        "with_carrier": ~np.isnan(handed),
        "days_with_carrier": (asked - handed) / DAY,
        "days_since_paid": (asked - orders.paid[rows]) / DAY,
        "days_since_bought": (asked - orders.bought[rows]) / DAY,
        "days_to_pay": (orders.paid[rows] - orders.bought[rows]) / DAY,
        "days_to_hand_over": (handed - orders.paid[rows]) / DAY,
        "days_over_limit": (np.where(np.isnan(handed), asked, handed) - orders.limit[rows]) / DAY,
        "days_promised": (orders.promise[rows] - orders.bought[rows]) / DAY,
        "weekday_of_promise": (orders.first + orders.day(orders.promise[rows]) + 3) % 7,
        "day_of_year": (orders.promise[rows] / DAY) % 365.25,
        "buyer_state": orders.buyer_state[rows],
        "seller_state": orders.seller_state[rows],
        "same_state": orders.buyer_state[rows] == orders.seller_state[rows],
        **{name: getattr(orders, name)[rows] for name in ("weight", "freight", "price", "items", "boleto")},
        **shares,
        **{f"tempo_{number}": tempo for number, tempo in enumerate(tempos.T)},
    }
    names = tuple(columns)
    table = np.column_stack([np.asarray(column, dtype=np.float64) for column in columns.values()])
    categories = tuple(name in ("buyer_state", "seller_state", "weekday_of_promise") for name in names)
    table[:, [names.index("buyer_state"), names.index("seller_state")]] += 1
    return Facts(names=names, table=table, categories=categories)


def _recent_share(orders: Orders, rows: Ints, groups: Ints, half_life_days: int) -> Floats:
    """The fading share of late orders of the group among those known to be late or not when a question is asked."""
    known_at = np.minimum(orders.over, orders.promise)
    order = np.argsort(known_at, kind="stable")
    counted: dict[int, tuple[float, float, int]] = {}
    found, place, late = [], 0, orders.late

    def faded(group: int, now: int) -> tuple[float, float]:
        hits, all_, at = counted.get(group, (0.0, 0.0, now))
        fade = 0.5 ** ((now - at) / (half_life_days * DAY))
        return hits * fade, all_ * fade

    for row in rows.tolist():
        asked = int(orders.asked[row])
        while place < len(order) and known_at[order[place]] <= asked:
            one = int(order[place])
            hits, all_ = faded(int(groups[one]), int(known_at[one]))
            counted[int(groups[one])] = (hits + bool(late[one]), all_ + 1, int(known_at[one]))
            place += 1
        hits, all_ = faded(int(groups[row]), asked)
        found.append(hits / all_ if all_ else np.nan)
    return np.array(found)


OF_THE_SEASON = ("tempo", "late_share", "day_of_year")
FACT_SETS = {
    "of the order": OF_THE_SEASON,
    "and recent shares of late orders": ("tempo", "day_of_year"),
    "and tempos": ("late_share", "day_of_year"),
    "all": (),
}
"""What the peer is not given. Trees learn seasons badly from one year, so fewer facts may serve them better."""

GRID = tuple(
    {"max_iter": rounds, "learning_rate": rate, "max_leaf_nodes": leaves, "l2_regularization": 5.0}
    for rounds, rate in ((60, 0.1), (100, 0.05))
    for leaves in (4, 8, 16)
)


class Peer:
    """Histogram gradient boosting of scikit-learn, its settings chosen on the past by blocks of time."""

    def __init__(self, facts: Facts, late: Flags, settings: dict[str, Any] | None = None) -> None:
        self._facts = facts
        self._late = late
        self.settings = settings or {}

    def fit(self, rows: Ints, settings: dict[str, Any]) -> HistGradientBoostingClassifier:
        trees = HistGradientBoostingClassifier(
            categorical_features=list(self._facts.categories), random_state=0, early_stopping=False, **settings
        )
        return trees.fit(self._facts.table[rows], self._late[rows])

    def chances(self, trees: HistGradientBoostingClassifier, rows: Ints) -> Floats:
        found: Floats = trees.predict_proba(self._facts.table[rows])[:, 1]
        return found

    def tune(self, rows: Ints) -> Floats:
        """Choose the settings that rank best on later blocks of the past; give their out-of-block log odds."""
        blocks = np.array_split(rows, 5)
        best, stated = -1.0, np.zeros(0)
        for settings in GRID:
            answers = [
                self.chances(self.fit(np.concatenate(blocks[:number]), settings), blocks[number])
                for number in (2, 3, 4)
            ]
            rank = float(np.mean([average_precision(one, self._late[block])
                                  for one, block in zip(answers, blocks[2:], strict=True)]))  # fmt: skip
            if rank > best:
                best, stated, self.settings = rank, np.concatenate(answers), settings
        return log_odds(stated)

    def frozen(self, past: Ints, future: Ints) -> tuple[Floats, Floats]:
        """Answers of trees that learned from the past only, as they are and calibrated on blocks of the past."""
        stated = self.tune(past)
        sigmoid = Odds([Fact(name="always"), Fact(name="stated", mean=1.0)])
        checked = np.concatenate(np.array_split(past, 5)[2:])
        sigmoid.learn(np.column_stack([np.ones_like(stated), stated]), self._late[checked])
        raw = self.chances(self.fit(past, self.settings), future)
        return raw, sigmoid.chances(np.column_stack([np.ones_like(raw), log_odds(raw)]))

    def live(self, orders: Orders, questions: Ints, future: Ints, cut: int) -> Floats:
        """Answers of trees that are grown anew every four weeks, from all that is known by then."""
        found = np.full(len(future), np.nan)
        asked, step = orders.asked[questions], 4 * EPOCH_DAYS * DAY
        for begins in range(cut, int(asked.max()) + 1, step):
            now = (asked[future] > begins) & (asked[future] <= begins + step)
            if now.any():
                past = np.flatnonzero(orders.promise[questions] <= begins)
                found[now] = self.chances(self.fit(past, self.settings), future[now])
        return found


# ---------------------------------------------------------------- the comparison


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How one side did on the later questions."""

    average_precision: float
    brier: float
    calibration_error: float
    bins: list[Bin]

    @classmethod
    def of(cls, chances: Floats, late: Flags) -> "Score":
        bins = reliability(chances, late)
        return cls(average_precision=average_precision(chances, late), brier=brier(chances, late),
                   calibration_error=calibration_error(bins), bins=bins)  # fmt: skip


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One set of orders, cut once into past and future."""

    orders: str
    split: str
    cut: str
    learned_from: int
    asked: int
    late_share: float
    sides: dict[str, Score]
    peers: dict[str, float]
    """The peer's average precision by the facts it was given. `sides` has the best of them, as the future shows it."""
    settings: dict[str, Any]
    ahead: float
    """By how much our average precision is above the best peer's, both frozen."""
    ahead_error: float
    """The standard error of that, from resampled questions."""
    ahead_live: float

    @property
    def holds(self) -> bool:
        """What was asked for: ranks at least as well as the peer, and calibration error below 0.05."""
        ours, peer = self.sides["ours"], self.sides["peer"]
        return ours.average_precision >= peer.average_precision and ours.calibration_error < 0.05


def trials(tables: Path) -> Iterator[Trial]:
    """All orders that wait, then those alone whose delivery has a date; each cut by time and by count."""
    for name, arrived_only in (("all that wait", False), ("those that arrived", True)):
        orders = read_orders(tables, arrived_only=arrived_only)
        questions = orders.questions()
        walk = Walk(orders, questions)
        live = walk.chances(None)
        asked = orders.asked[questions]
        by_time = int(asked[0] + TRAIN_SHARE * (asked[-1] - asked[0]))
        by_count = int(asked[int(TRAIN_SHARE * len(asked))])
        for split, cut in (("by time", by_time), ("by count", by_count)):
            yield _trial(f"{name}", split, walk, live, cut)


def _trial(name: str, split: str, walk: Walk, live: Answers, cut: int) -> Trial:
    orders, questions = walk.orders, walk.questions
    late = orders.late[questions]
    past = np.flatnonzero(orders.promise[questions] <= cut)
    future = np.flatnonzero(orders.asked[questions] > cut)
    truth = late[future]
    ours = walk.chances(cut)
    frozen = peer_facts(orders, questions, ours.model, ours.tempos)
    growing = peer_facts(orders, questions, live.model, live.tempos)
    best: dict[str, Floats] = {}
    ranks, settings = {}, {}
    for facts, absent in FACT_SETS.items():
        peer = Peer(frozen.without(absent), late)
        raw, calibrated = peer.frozen(past, future)
        grown = Peer(growing.without(absent), late, peer.settings).live(orders, questions, future, cut)
        ranks[facts] = average_precision(raw, truth)
        if ranks[facts] == max(ranks.values()):
            best |= {"peer": raw, "peer, calibrated": calibrated}
            settings = peer.settings
        before = best.get("peer, learning on")
        if before is None or average_precision(grown, truth) > average_precision(before, truth):
            best["peer, learning on"] = grown
    answers = {"ours": ours.chances[future], "ours, learning on": live.chances[future], **best}
    sides = {side: Score.of(answers[side], truth) for side in sorted(answers, key=lambda side: ("on" in side, side))}
    ahead = {how: sides[f"ours{how}"].average_precision - sides[f"peer{how}"].average_precision
             for how in ("", ", learning on")}  # fmt: skip
    return Trial(
        orders=name, split=split, cut=str(np.datetime64(cut, "us").astype("datetime64[D]")), learned_from=len(past),
        asked=len(future), late_share=float(truth.mean()), sides=sides, peers=ranks, settings=settings,
        ahead=ahead[""], ahead_error=_error(answers["ours"], best["peer"], truth), ahead_live=ahead[", learning on"],
    )  # fmt: skip


def _error(ours: Floats, peer: Floats, late: Flags) -> float:
    draw = np.random.default_rng(0)
    ahead = []
    for _ in range(DRAWS):
        rows = draw.integers(0, len(late), len(late))
        ahead.append(average_precision(ours[rows], late[rows]) - average_precision(peer[rows], late[rows]))
    return float(np.std(ahead))


# ---------------------------------------------------------------- what is printed and drawn


def _lines(trial: Trial) -> Iterator[str]:
    yield f"{trial.orders}, cut {trial.split}"
    yield (
        f"    learned until {trial.cut} ({trial.learned_from:,} outcomes); then asked {trial.asked:,}, "
        f"of which late {trial.late_share:.1%}"
    )
    yield f"    {'':20} average precision   Brier   calibration error"
    for side, score in trial.sides.items():
        yield f"    {side:20} {score.average_precision:17.4f}  {score.brier:6.4f}  {score.calibration_error:18.4f}"
    named = "; ".join(f"{facts} {rank:.4f}" for facts, rank in trial.peers.items())
    yield f"    the peer by the facts it is given (the best is shown above): {named}"
    yield (
        f"    ours ahead by {trial.ahead:+.4f} (standard error {trial.ahead_error:.4f}); "
        f"with both learning on by {trial.ahead_live:+.4f}"
    )


def _reliability_lines(trial: Trial) -> Iterator[str]:
    yield f"reliability of our warnings, {trial.orders}, cut {trial.split}: ten bins of equal count"
    yield "    stated from   to     mean   came late   asked"
    for one in trial.sides["ours"].bins:
        yield f"    {one.low:11.3f}  {one.high:.3f}  {one.stated:.3f}  {one.came:10.3f}   {one.answers:5}"


def diagram(trial: Trial) -> str:
    """The reliability diagram as SVG: what was said against what came, with the range that chance alone gives."""
    size, edge = 360, 48

    def x(share: float) -> float:
        return round(edge + share * size, 1)

    def y(share: float) -> float:
        return round(16 + (1 - share) * size, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size + edge + 24} {size + 72}" '
        'font-family="system-ui, sans-serif" font-size="12" role="img" '
        'aria-label="Reliability diagram: stated chance of being late against the share that was late">',
        f'<rect width="{size + edge + 24}" height="{size + 72}" fill="#ffffff"/>',
    ]
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        parts += [
            f'<path d="M{x(tick)} {y(0)}V{y(1)}M{x(0)} {y(tick)}H{x(1)}" stroke="#e5e7eb"/>',
            f'<text x="{x(tick)}" y="{y(0) + 16}" text-anchor="middle" fill="#4b5563">{tick:.1f}</text>',
            f'<text x="{x(0) - 8}" y="{y(tick) + 4}" text-anchor="end" fill="#4b5563">{tick:.1f}</text>',
        ]
    parts.append(f'<path d="M{x(0)} {y(0)}L{x(1)} {y(1)}" stroke="#9ca3af" stroke-dasharray="4 4"/>')
    for side, colour in (("peer", "#d97706"), ("ours", "#1d4ed8")):
        bins = trial.sides[side].bins
        if side == "ours":
            for one in bins:
                chance = 1.96 * (one.came * (1 - one.came) / one.answers) ** 0.5
                low, high = max(one.came - chance, 0.0), min(one.came + chance, 1.0)
                parts.append(f'<path d="M{x(one.stated)} {y(low)}V{y(high)}" stroke="{colour}" stroke-opacity="0.4"/>')
        line = " ".join(f"{x(one.stated)},{y(one.came)}" for one in bins)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts += [f'<circle cx="{x(one.stated)}" cy="{y(one.came)}" r="3.5" fill="{colour}"/>' for one in bins]
    legend = ((28, "#1d4ed8", "Amends"), (46, "#d97706", "boosted trees"))
    for offset, colour, text in legend:
        parts.append(f'<circle cx="{x(0) + 16}" cy="{offset}" r="3.5" fill="{colour}"/>')
        parts.append(f'<text x="{x(0) + 26}" y="{offset + 4}" fill="#111827">{text}</text>')
    parts += [
        f'<text x="{x(0.5)}" y="{size + 52}" text-anchor="middle" fill="#111827">stated chance of being late</text>',
        f'<text transform="translate(12 {y(0.5)}) rotate(-90)" text-anchor="middle" fill="#111827">'
        "share that was late</text>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tables", type=Path, help="the folder of Olist's tables")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the reliability diagram of the first table")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    done = []
    for trial in trials(options.tables):
        done.append(trial)
        if not options.json:
            print("\n".join(_lines(trial)) + "\n", flush=True)
    first = done[0]
    if options.json:
        print(json.dumps(msgspec.to_builtins(done), indent=2))
    else:
        print("\n".join(_reliability_lines(first)))
        print(f"trees of the peer: {first.settings}")
    if options.svg:
        options.svg.write_text(diagram(first))
    return 0 if first.holds else 1


if __name__ == "__main__":
    sys.exit(main())
