"""The six rules as the state of one key: what stream processors run, each with its own timers."""

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.peers.loop import PAID_WITHIN, STALLED_AFTER, TOLERANCE

Found = tuple[str, str, int]
Fact = tuple[Any, ...]
Touch = tuple[str, Fact, int]
"""The key, the event, and when it reached the key."""


class OrderLife:
    """An order, and when each of its silences is due."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.total: int | None = None
        self.known_at = self.captured_at = self.ship_by = self.deliver_by = 0
        self.captures = self.captured = self.refunded = 0
        self.paid = self.cancelled = self.shipped = self.delivered = self.mismatched = self.doubled = False
        self.due: dict[str, tuple[int, int]] = {}
        self.fired: dict[str, int] = {}

    def pass_to(self, now: int) -> list[Found]:
        """What is due before `now`."""
        if not self.due:
            return []
        found = []
        for rule, (due, since) in list(self.due.items()):
            if due < now:
                del self.due[rule]
                self.fired[rule] = since
                found.append((rule, self.id, due))
        return found

    def next_due(self) -> int | None:
        """The earliest of what is due."""
        return min((due for due, _ in self.due.values()), default=None)

    def touch(self, fact: Fact, received: int) -> list[Found]:
        """What is due before the event, and what the event brings about."""
        found = self.pass_to(received)
        type_, time, _, _, _, _, status, _, amount, total, ship_by, deliver_by = fact
        if type_ == "shipment.scanned":
            if self.shipped or status == "InfoReceived":
                return found
            self.shipped = True
        elif type_ == "shipment.delivered":
            self.shipped = self.delivered = True
        elif type_ == "order.placed":
            self.total, self.known_at = total, received
            self.ship_by, self.deliver_by = ship_by or 0, deliver_by or 0
        elif type_ == "payment.captured":
            self.captures += 1
            self.captured += amount or 0
            self.captured_at = min(self.captured_at or time, time)
        elif type_ == "order.paid":
            self.paid = True
        elif type_ == "payment.refunded":
            self.refunded += amount or 0
        elif type_ == "order.cancelled":
            self.cancelled = True
        else:
            return found
        self._judge(received, found)
        return found

    def _judge(self, received: int, found: list[Found]) -> None:
        open_, paid = not self.cancelled, self.paid or self.captured_at
        since = max(self.captured_at, self.known_at)
        waits = open_ and not self.paid and self.known_at and self.captured_at
        self._wait("paid_not_updated", since if waits else 0, PAID_WITHIN, received, found)
        waits = open_ and not self.shipped and paid
        self._wait("handover_late", self.ship_by if waits else 0, 0, received, found)
        waits = open_ and not self.delivered
        self._wait("delivery_late", self.deliver_by if waits else 0, 0, received, found)
        if self.total is None:
            return
        mismatched = self.captures == 1 and abs(self.captured - self.total) > TOLERANCE
        if mismatched and not self.mismatched:
            found.append(("amount_mismatch", self.id, received))
        doubled = self.captures >= 2 and self.captured - self.refunded > self.total + TOLERANCE
        if doubled and not self.doubled:
            found.append(("duplicate_payment", self.id, received))
        self.mismatched, self.doubled = mismatched, doubled

    def _wait(self, rule: str, since: int, within: int, received: int, found: list[Found]) -> None:
        if not since or self.fired.get(rule) == since:
            self.due.pop(rule, None)
        elif since + within < received:
            self.due.pop(rule, None)
            self.fired[rule] = since
            found.append((rule, self.id, received))
        else:
            self.due[rule] = (since + within, since)


class ParcelLife:
    """A parcel, and when it has been silent for too long."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.last_scan_at = self.due = self.fired = 0
        self.ended = False

    def pass_to(self, now: int) -> list[Found]:
        """What is due before `now`."""
        if not self.due or self.due >= now:
            return []
        due, self.due, self.fired = self.due, 0, self.last_scan_at
        return [("tracking_stalled", self.id, due)]

    def next_due(self) -> int | None:
        """When the silence is due, if it is awaited."""
        return self.due or None

    def touch(self, fact: Fact, received: int) -> list[Found]:
        """What is due before the event, and what the event brings about."""
        found = self.pass_to(received)
        if fact[6] != "InfoReceived":
            self.last_scan_at = max(self.last_scan_at, fact[1])
        self.ended |= fact[0] == "shipment.delivered" or fact[7] == "Exception_Returned"
        since = self.last_scan_at
        self.due = 0
        if self.ended or not since or since == self.fired:
            return found
        if since + STALLED_AFTER < received:
            self.fired = since
            found.append(("tracking_stalled", self.id, received))
        else:
            self.due = since + STALLED_AFTER
        return found


Life = OrderLife | ParcelLife


def life_of(key: str) -> Life:
    """A new state for a key such as `order 5000000001`."""
    kind, _, id_ = key.partition(" ")
    made: Callable[[str], Life] = OrderLife if kind == "order" else ParcelLife
    return made(id_)


class Links:
    """Which order a payment or parcel belongs to, and the events that wait to learn it."""

    def __init__(self) -> None:
        self._order_of: dict[str, str] = {}
        self._waiting: dict[str, list[Fact]] = {}

    def touches(self, fact: Fact) -> Iterator[Touch]:
        """The keys that an event reaches."""
        type_, _, received, order, payment, shipment, *_ = fact
        child = payment or shipment
        if order is None and child is not None:
            order = self._order_of.get(child)
            if order is None:
                self._waiting.setdefault(child, []).append(fact)
        elif child is not None and child not in self._order_of:
            self._order_of[child] = order
            for earlier in self._waiting.pop(child, ()):
                yield f"order {order}", earlier, received
        if order is not None:
            yield f"order {order}", fact, received
        if type_ in ("shipment.scanned", "shipment.delivered"):
            yield f"shipment {shipment}", fact, received
