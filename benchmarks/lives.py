"""The lives of orders as columns: placed, paid, packed, scanned, delivered, written about, and now and then wrong.

Nothing here knows the rules. Shares of what goes wrong are of the size a shop sees; webhooks come late and out of
order, so that a parcel may be scanned before its label is known and money captured before the order is.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.stream import ABSENT, Column, Stream

Numbers = NDArray[np.int64]

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
START: Final = 1_767_225_600 * SECOND
"""2026-01-01T00:00:00Z."""
ORDERS_A_DAY: Final = 600
_EVENTS_AN_ORDER: Final = 12.4
"""A little fewer than there are, so that enough are drawn."""

_COUNTRIES: Final = ("DE", "FR", "GB", "US", "ES", "IT", "PL", "NL")
_CURRENCIES: Final = ("EUR", "EUR", "GBP", "USD", "EUR", "EUR", "EUR", "EUR")
_CITIES: Final = ("Bremen", "Lyon", "Leeds", "Dayton", "Murcia", "Parma", "Radom", "Breda")
_CARRIERS: Final = ("yunexpress", "4px", "cainiao")
_SOURCES: Final = {"order": "shopify/bench", "stock": "shopify/bench", "payment": "stripe/bench"} | {
    "dispute": "stripe/bench", "shipment": "17track/bench", "message": "desk/bench", "return": "desk/bench",
    "review": "desk/bench",
}  # fmt: skip
_OWN: Final = frozenset({"order", "payment", "shipment", "thread", "return"})
"""Subjects that are numbered as their orders are."""
_DELAY_S: Final = {"17track/bench": 1_200.0}
"""How long after the fact we learn of it, on average; 4 seconds where nothing else stands here."""


def draw_stream(events: int, seed: int = 1) -> Stream:
    """So many events of a shop with 600 orders a day, in the order of arrival; the same for the same seed."""
    return draw_lives(int(events / _EVENTS_AN_ORDER) + 40, seed).head(events)


def draw_lives(orders: int, seed: int = 1) -> Stream:
    """The whole lives of so many orders, in the order of arrival."""
    lives = Lives(np.random.default_rng(seed), orders, lasting=max(orders / ORDERS_A_DAY, 0.2) * DAY)
    lives.draw()
    return lives.stream()


class Lives:
    """Every order's life, one stage after the other for all orders at once.

    They are placed in the microseconds from `start` for `lasting`, and are orders number `first` and on `of` so many.
    `parts` are their events, some of one type each. Texts get codes in `texts`.
    """

    def __init__(
        self,
        random: np.random.Generator,
        orders: int,
        *,
        lasting: float,
        start: int = START,
        first: int = 0,
        of: int | None = None,
        texts: dict[str, int] | None = None,
    ) -> None:
        self.random, self.orders = random, orders
        self.texts: dict[str, int] = {} if texts is None else texts
        self.parts: list[dict[str, Column]] = []
        self.all: Numbers = np.arange(orders)
        self.first = first
        self.of = self.payments = orders if of is None else of
        self.placed = start + np.sort(self.between(0, lasting, orders))
        self.place = random.integers(0, len(_COUNTRIES), orders)
        self.carrier = random.integers(0, len(_CARRIERS), orders)
        self.total = random.integers(900, 30_000, orders)
        self.ship_by = self.placed + 48 * HOUR
        promised = self.placed + self.between(10 * DAY, 15 * DAY, orders)
        self.deliver_by = promised // DAY * DAY + DAY - SECOND
        self.captured = self.placed
        self.delivered = np.full(orders, ABSENT)
        self.cancelled = self.some(0.015)

    # ------------------------------------------------------------ drawing

    def between(self, low: float, high: float, count: int) -> Numbers:
        return self.random.integers(int(low), int(high), count)

    def some(self, share: float) -> NDArray[np.bool_]:
        return self.random.random(self.orders) < share

    def text(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))

    def each(self, texts: tuple[str, ...], which: Numbers) -> Numbers:
        return np.array([self.text(text) for text in texts])[which]

    def add(self, type_: str, who: Numbers, time: Numbers, **columns: Any) -> None:
        """Events of one type; what is not an array is the same for all of them."""
        if not len(who):
            return
        source = _SOURCES[type_.partition(".")[0]]
        delay = self.random.exponential(_DELAY_S.get(source, 4.0) * SECOND, len(who))
        late, very_late = self.random.random(len(who)) < 0.015, self.random.random(len(who)) < 0.001
        delay += late * self.random.random(len(who)) * 6 * HOUR + very_late * self.random.random(len(who)) * 3 * DAY
        columns |= {kind: columns[kind] + self.first for kind in _OWN & columns.keys()}
        columns |= {"type": type_, "source": source, "time": time, "received": time + delay.astype(np.int64)}
        self.parts.append({name: self._column(value, len(who)) for name, value in columns.items()})

    def _column(self, value: Any, count: int) -> Column:
        if isinstance(value, str):
            value = self.text(value)
        return np.broadcast_to(np.asarray(value, dtype=np.int64), (count,))

    # ------------------------------------------------------------ stages

    def draw(self) -> None:
        """Draw every stage."""
        self._order()
        self._stock()
        self._payment()
        self._wrong_money()
        self._cancellation()
        self._parcel()
        self._messages()
        self._returns()
        self._disputes()

    def _order(self) -> None:
        buyer = self.random.integers(0, max(1, self.of * 4 // 5), self.orders)
        self.add(
            "order.placed", self.all, self.placed, order=self.all, buyer=buyer, shop="bench", channel="shopify",
            total=self.total, currency=self.each(_CURRENCIES, self.place), country=self.each(_COUNTRIES, self.place),
            city=self.each(_CITIES, self.place), postcode="10115", street="1 Long Street", recipient="A. Buyer",
            origin="CN", ship_by=self.ship_by, deliver_by=self.deliver_by,
        )  # fmt: skip

    def _stock(self) -> None:
        for share in (1.0, 0.3):
            who = np.flatnonzero(self.some(share))
            item = self.random.integers(0, 400, len(who))
            skus = tuple(f"SKU-{number:04d}" for number in range(400))
            self.add(
                "stock.reserved", who, self.placed[who] + SECOND, order=who, stock=item, sku=self.each(skus, item),
                quantity=self.random.integers(1, 4, len(who)),
            )  # fmt: skip

    def _money(self, who: Numbers) -> dict[str, Any]:
        methods = self.each(("card", "card", "paypal"), self.carrier[who])
        return {"currency": self.each(_CURRENCIES, self.place[who]), "method": methods, "provider": "stripe"}

    def _payment(self) -> None:
        who = np.flatnonzero(self.some(0.03))
        self.add(
            "payment.failed", who, self.placed[who] + 3 * SECOND, order=who, payment=who, amount=self.total[who],
            reason="insufficient_funds", **self._money(who),
        )  # fmt: skip
        authorized = self.placed + self.between(5 * SECOND, 2 * MINUTE, self.orders)
        self.add(
            "payment.authorized", self.all, authorized, order=self.all, payment=self.all, amount=self.total,
            **self._money(self.all),
        )  # fmt: skip
        by_hand = self.some(0.05)
        wait = np.where(
            by_hand, self.between(HOUR, 20 * HOUR, self.orders), self.between(SECOND, 30 * SECOND, self.orders)
        )
        self.captured = authorized + wait
        never, late = self.some(0.007), self.some(0.008)
        wait = self.between(SECOND, 30 * SECOND, self.orders) + late * self.between(
            20 * MINUTE, 90 * MINUTE, self.orders
        )
        told = np.flatnonzero(~never)
        self.add(
            "order.paid", told, (self.captured + wait)[told], order=told, total=self.total[told],
            currency=self.each(_CURRENCIES, self.place[told]),
        )  # fmt: skip

    def _wrong_money(self) -> None:
        """The captures: of the whole, in two parts, of something else, and once too often."""
        halves, other = self.some(0.01), self.some(0.008)
        amount = np.where(other, self.total - self.between(100, 800, self.orders), self.total)
        first = np.where(halves, amount // 2, amount)
        self._capture(self.all, self.all, self.captured, first)
        who = np.flatnonzero(halves)
        self._capture(who, who, self.captured[who] + self.between(MINUTE, 8 * MINUTE, len(who)), (amount - first)[who])
        who = np.flatnonzero(self.some(0.009) & ~halves)
        payment = self.payments + np.arange(len(who))
        again = self.captured[who] + self.between(MINUTE, 30 * MINUTE, len(who))
        self.add(
            "payment.authorized", who, again - 5 * SECOND, order=who, payment=payment, amount=self.total[who],
            **self._money(who),
        )  # fmt: skip
        self._capture(who, payment, again, self.total[who])
        back = self.random.random(len(who)) < 0.5
        who, payment = who[back], payment[back]
        self._refund(who, payment, again[back] + self.between(DAY, 3 * DAY, len(who)))

    def _capture(self, who: Numbers, payment: Numbers, time: Numbers, amount: Numbers) -> None:
        self.add("payment.captured", who, time, payment=payment, amount=amount, **self._money(who))

    def _refund(self, who: Numbers, payment: Numbers, time: Numbers) -> None:
        self.add(
            "payment.refunded", who, time, payment=payment, amount=self.total[who], status="succeeded",
            **self._money(who),
        )  # fmt: skip

    def _cancellation(self) -> None:
        who = np.flatnonzero(self.cancelled)
        at = self.captured[who] + self.between(HOUR, 20 * HOUR, len(who))
        self.add("order.cancelled", who, at, order=who, reason="customer")
        self._refund(who, who, at + MINUTE)

    def _parcel(self) -> None:
        who = np.flatnonzero(~self.cancelled)
        created = self.captured[who] + self.between(2 * HOUR, 12 * HOUR, len(who))
        lane = {
            "shipment": who, "carrier": self.each(_CARRIERS, self.carrier[who]), "origin": "CN",
            "destination": self.each(_COUNTRIES, self.place[who]),
        }  # fmt: skip
        self.add("shipment.created", who, created, **lane, order=who)
        self.add("shipment.scanned", who, created + MINUTE, **lane, status="InfoReceived")
        handed = created + self.between(2 * HOUR, 16 * HOUR, len(who))
        handed += (self.random.random(len(who)) < 0.025) * self.between(55 * HOUR, 100 * HOUR, len(who))
        self._journey(who, lane, handed)

    def _journey(self, who: Numbers, lane: dict[str, Any], at: Numbers) -> None:
        slow, stalls = self.random.random(len(who)) < 0.04, self.random.random(len(who)) < 0.02
        lost = stalls & (self.random.random(len(who)) < 0.4)
        stall_at = self.random.integers(1, 5, len(who))
        stages = ("first_mile", "export", "linehaul", "linehaul", "import", "last_mile")
        here = np.ones(len(who), dtype=bool)
        for step, stage in enumerate(stages):
            here &= ~(lost & (stall_at == step))
            seen = here if stage == "linehaul" else here & (self.random.random(len(who)) < 0.85)
            self._scans(who, lane, at, seen, stage)
            gap = self.between(8 * HOUR, 34 * HOUR, len(who)) + slow * self.between(DAY, 3 * DAY, len(who))
            at = at + gap + (stalls & (stall_at == step)) * self.between(7.2 * DAY, 11 * DAY, len(who))
        back = here & (self.random.random(len(who)) < 0.006)
        for wait, sub_status in ((0, "Exception_Returning"), (4 * DAY, "Exception_Returned")):
            self._some_scans(who, lane, at + wait, back, status="Exception", sub_status=sub_status, stage="last_mile")
        tried = here & ~back & (self.random.random(len(who)) < 0.02)
        self._some_scans(
            who, lane, at, tried, status="AttemptFail", sub_status="DeliveryFailure_NoBody", stage="last_mile"
        )
        there = here & ~back
        at = at + tried * DAY + HOUR
        self.delivered[who[there]] = at[there]
        some = {name: value[there] if isinstance(value, np.ndarray) else value for name, value in lane.items()}
        self.add(
            "shipment.delivered", who[there], at[there], **some, status="Delivered", stage="last_mile",
            scan_country=some["destination"],
        )  # fmt: skip

    def _scans(self, who: Numbers, lane: dict[str, Any], at: Numbers, seen: NDArray[np.bool_], stage: str) -> None:
        abroad = stage in ("import", "last_mile")
        country = lane["destination"] if abroad else self.text("CN")
        held = seen & (self.random.random(len(who)) < (0.008 if stage == "import" else 0))
        self._some_scans(
            who, lane, at, held, status="Exception", cause="customs_inspection", stage=stage, scan_country=country,
            description="Held for inspection",
        )  # fmt: skip
        status = "OutForDelivery" if stage == "last_mile" else "InTransit"
        self._some_scans(who, lane, at, seen & ~held, status=status, stage=stage, scan_country=country)

    def _some_scans(
        self, who: Numbers, lane: dict[str, Any], at: Numbers, which: NDArray[np.bool_], **columns: Any
    ) -> None:
        columns = {
            name: value[which] if isinstance(value, np.ndarray) else value for name, value in (lane | columns).items()
        }
        self.add("shipment.scanned", who[which], at[which], **columns)

    def _messages(self) -> None:
        arrived = self.delivered != ABSENT
        for share, intent, wait in (
            (0.12, "where_is_it", -3 * DAY),
            (0.006, "not_received", DAY),
            (0.005, "damaged", DAY),
        ):
            who = np.flatnonzero(self.some(share) & arrived)
            at = self.delivered[who] + wait + self.between(0, DAY, len(who))
            upset = self.each(("calm", "calm", "calm", "upset"), self.random.integers(0, 4, len(who)))
            talk = {"order": who, "thread": who, "medium": "email"}
            self.add("message.received", who, at, **talk, author="buyer", intent=intent, tone=upset)
            answer = at + self.between(5 * MINUTE, 75 * MINUTE, len(who))
            self.add("message.sent", who, answer, **talk, author="agent")
        who = np.flatnonzero(self.some(0.04) & arrived)
        rating = self.random.choice([1, 4, 5, 5], len(who))
        self.add("review.posted", who, self.delivered[who] + 2 * DAY, order=who, rating=rating)

    def _returns(self) -> None:
        who = np.flatnonzero(self.some(0.02) & (self.delivered != ABSENT))
        at = self.delivered[who] + self.between(DAY, 6 * DAY, len(who))
        for step in ("requested", "approved", "shipped", "received", "inspected", "closed"):
            self.add(
                f"return.{step}", who, at, **{"order": who, "return": who}, reason="too_small", amount=self.total[who],
                currency=self.each(_CURRENCIES, self.place[who]),
            )  # fmt: skip
            on = self.random.random(len(who)) < 0.93
            who, at = who[on], at[on] + self.between(6 * HOUR, 4 * DAY, int(on.sum()))

    def _disputes(self) -> None:
        who = np.flatnonzero(self.some(0.004) & (self.delivered != ABSENT))
        at = self.delivered[who] + self.between(3 * DAY, 12 * DAY, len(who))
        claim = {
            "payment": who,
            "amount": self.total[who],
            "reason": "product_not_received",
            "respond_by": at + 10 * DAY,
        }
        claim |= self._money(who)
        self.add("dispute.opened", who, at, **claim, status="needs_response")
        some = self.random.random(len(who)) < 0.7
        answered = {name: value[some] if isinstance(value, np.ndarray) else value for name, value in claim.items()}
        self.add("dispute.updated", who[some], at[some] + 5 * DAY, **answered, status="under_review")

    # ------------------------------------------------------------ together

    def stream(self) -> Stream:
        """All of them, in the order of arrival."""
        return together(self.parts, self.texts)


def together(parts: Sequence[dict[str, Column]], texts: Iterable[str]) -> Stream:
    """Parts as one stream, in the order of arrival."""
    order = np.argsort(np.concatenate([part["received"] for part in parts]), kind="stable")
    names = {name for part in parts for name in part}
    columns = {
        name: np.concatenate([part[name] if name in part else np.full(len(part["time"]), ABSENT) for part in parts])[
            order
        ]
        for name in sorted(names)
    }
    return Stream(columns, list(texts))
