"""The six rules by hand in Python, one event at a time: dictionaries of subjects, and a heap of timers.

This is the program a capable developer writes first, with nothing in it that the six rules do not need.
"""

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any

from benchmarks.forms import batch_of, facts_in, facts_of, portions
from benchmarks.peers.contest import Outcome, Stopwatch, Task, Told
from benchmarks.stream import Stream

MINUTE = 60_000_000
STALLED_AFTER = 7 * 24 * 60 * MINUTE
PAID_WITHIN = 15 * MINUTE
TOLERANCE = 5
"""Minor units; every currency of the stream has hundredths."""


class Order:
    """What is known of an order, when each of its silences is due, and for which moment it has last fired."""

    __slots__ = (
        "cancelled", "captured", "captured_at", "captures", "deliver_by", "delivered", "delivery_due",
        "delivery_fired", "doubled", "handover_due", "handover_fired", "id", "known_at", "mismatched", "paid",
        "paid_due", "paid_fired", "refunded", "ship_by", "shipped", "total",
    )  # fmt: skip

    def __init__(self, id: str) -> None:
        self.id = id
        self.total: int | None = None
        self.known_at = self.captured_at = self.ship_by = self.deliver_by = 0
        self.captures = self.captured = self.refunded = 0
        self.paid = self.cancelled = self.shipped = self.delivered = self.mismatched = self.doubled = False
        self.paid_due = self.handover_due = self.delivery_due = 0
        self.paid_fired = self.handover_fired = self.delivery_fired = 0


class Shipment:
    """The same of a parcel."""

    __slots__ = ("due", "ended", "fired", "id", "last_scan_at")

    def __init__(self, id: str) -> None:
        self.id = id
        self.last_scan_at = self.due = self.fired = 0
        self.ended = False


class Loop:
    """Takes facts in, keeps what it has found."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str, int]] = []
        self._orders: dict[str, Order] = {}
        self._shipments: dict[str, Shipment] = {}
        self._order_of: dict[str, str] = {}
        self._waiting: dict[str, list[tuple[Any, ...]]] = {}
        self._timers: list[tuple[int, int, int, Any]] = []
        self._number = 0

    def take(self, facts: Iterable[tuple[Any, ...]]) -> None:
        """Judge facts one after the other."""
        timers, shipments, order_of, waiting = self._timers, self._shipments, self._order_of, self._waiting
        for fact in facts:
            type_, time, received, order, payment, shipment, status, sub_status, *_ = fact
            if timers and timers[0][0] < received:
                self.pass_to(received)
            if order is not None:
                child = payment or shipment
                if child is not None and child not in order_of:
                    order_of[child] = order
                    for earlier in waiting.pop(child, ()):
                        self._touch(order, earlier, received)
                self._touch(order, fact, received)
            else:
                child = payment or shipment
                known = order_of.get(child)
                if known is not None:
                    self._touch(known, fact, received)
                elif child is not None:
                    waiting.setdefault(child, []).append(fact)
            if type_ == "shipment.scanned" or type_ == "shipment.delivered":
                parcel = shipments.get(shipment)
                if parcel is None:
                    parcel = shipments[shipment] = Shipment(shipment)
                if status != "InfoReceived" and time > parcel.last_scan_at:
                    parcel.last_scan_at = time
                if type_ == "shipment.delivered" or sub_status == "Exception_Returned":
                    parcel.ended = True
                self._judge_shipment(parcel, received)

    def pass_to(self, now: int) -> None:
        """The clock passes: what is due before `now` fires, unless it has been put off or settled."""
        timers = self._timers
        while timers and timers[0][0] < now:
            due, _, rule, subject = heappop(timers)
            if rule == 0 and subject.paid_due == due:
                subject.paid_due, subject.paid_fired = 0, max(subject.captured_at, subject.known_at)
                self.found.append(("paid_not_updated", subject.id, due))
            elif rule == 1 and subject.handover_due == due:
                subject.handover_due, subject.handover_fired = 0, subject.ship_by
                self.found.append(("handover_late", subject.id, due))
            elif rule == 2 and subject.delivery_due == due:
                subject.delivery_due, subject.delivery_fired = 0, subject.deliver_by
                self.found.append(("delivery_late", subject.id, due))
            elif rule == 3 and subject.due == due:
                subject.due, subject.fired = 0, subject.last_scan_at
                self.found.append(("tracking_stalled", subject.id, due))

    def _await(self, due: int, rule: int, subject: Any) -> None:
        self._number += 1
        heappush(self._timers, (due, self._number, rule, subject))

    def _touch(self, id: str, fact: tuple[Any, ...], received: int) -> None:
        order = self._orders.get(id)
        if order is None:
            order = self._orders[id] = Order(id)
        type_, time, _, _, _, _, status, _, amount, total, ship_by, deliver_by = fact
        if type_ == "shipment.scanned":
            if order.shipped or status == "InfoReceived":
                return
            order.shipped = True
            order.handover_due = 0
        elif type_ == "shipment.delivered":
            order.shipped = order.delivered = True
            order.handover_due = order.delivery_due = 0
        elif type_ == "order.placed":
            order.total, order.known_at = total, received
            order.ship_by, order.deliver_by = ship_by or 0, deliver_by or 0
            self._judge_paid(order, received)
            self._judge_handover(order, received)
            self._judge_delivery(order, received)
            self._judge_money(order, received)
        elif type_ == "payment.captured":
            order.captures += 1
            order.captured += amount or 0
            if not order.captured_at or time < order.captured_at:
                order.captured_at = time
            self._judge_paid(order, received)
            self._judge_handover(order, received)
            self._judge_money(order, received)
        elif type_ == "order.paid":
            order.paid = True
            order.paid_due = 0
            self._judge_handover(order, received)
        elif type_ == "payment.refunded":
            order.refunded += amount or 0
            self._judge_money(order, received)
        elif type_ == "order.cancelled":
            order.cancelled = True
            order.paid_due = order.handover_due = order.delivery_due = 0

    def _judge_paid(self, order: Order, received: int) -> None:
        since = max(order.captured_at, order.known_at)
        if order.paid or order.cancelled or not order.known_at or not order.captured_at or since == order.paid_fired:
            order.paid_due = 0
            return
        due = since + PAID_WITHIN
        if due < received:
            order.paid_due, order.paid_fired = 0, since
            self.found.append(("paid_not_updated", order.id, received))
        elif due != order.paid_due:
            order.paid_due = due
            self._await(due, 0, order)

    def _judge_handover(self, order: Order, received: int) -> None:
        due = order.ship_by
        paid = order.paid or order.captured_at
        if order.shipped or order.cancelled or not due or not paid or due == order.handover_fired:
            order.handover_due = 0
        elif due < received:
            order.handover_due, order.handover_fired = 0, due
            self.found.append(("handover_late", order.id, received))
        elif due != order.handover_due:
            order.handover_due = due
            self._await(due, 1, order)

    def _judge_delivery(self, order: Order, received: int) -> None:
        due = order.deliver_by
        if order.delivered or order.cancelled or not due or due == order.delivery_fired:
            order.delivery_due = 0
        elif due < received:
            order.delivery_due, order.delivery_fired = 0, due
            self.found.append(("delivery_late", order.id, received))
        elif due != order.delivery_due:
            order.delivery_due = due
            self._await(due, 2, order)

    def _judge_money(self, order: Order, received: int) -> None:
        if order.total is None:
            return
        mismatched = order.captures == 1 and abs(order.captured - order.total) > TOLERANCE
        if mismatched and not order.mismatched:
            self.found.append(("amount_mismatch", order.id, received))
        order.mismatched = mismatched
        doubled = order.captures >= 2 and order.captured - order.refunded > order.total + TOLERANCE
        if doubled and not order.doubled:
            self.found.append(("duplicate_payment", order.id, received))
        order.doubled = doubled

    def _judge_shipment(self, parcel: Shipment, received: int) -> None:
        since = parcel.last_scan_at
        if parcel.ended or not since or since == parcel.fired:
            parcel.due = 0
            return
        due = since + STALLED_AFTER
        if due < received:
            parcel.due, parcel.fired = 0, since
            self.found.append(("tracking_stalled", parcel.id, received))
        elif due != parcel.due:
            parcel.due = due
            self._await(due, 3, parcel)


def run(stream: Stream, task: Task) -> Outcome:
    """The six rules over decoded columns, which Amends is given too."""
    loop, watch = Loop(), Stopwatch()
    for start, part in portions(stream, task.batch):
        batch = batch_of(part, start)
        with watch.running():
            loop.take(facts_in(batch))
    return _ended(loop, watch, stream)


def run_ready(stream: Stream, task: Task) -> Outcome:
    """The six rules over facts that were laid ready, one tuple an event, before the clock ran."""
    loop, watch = Loop(), Stopwatch()
    for _, part in portions(stream, task.batch):
        facts = list(facts_of(part))
        with watch.running():
            loop.take(facts)
    return _ended(loop, watch, stream)


def _ended(loop: Loop, watch: Stopwatch, stream: Stream) -> Outcome:
    with watch.running():
        loop.pass_to(stream.end)
    return watch.outcome(stream, [Told(*found) for found in loop.found])
