"""A pipeline over a real database and the built-in rules, and streams of events with trouble in them."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amends.cases.catalogue import built_in_catalogue
from amends.cases.rates import built_in_rates
from amends.cases.triage import Terms
from amends.detection import Pack, load_pack
from amends.model.event import Event, UnreadableEventError, decode_event, encode_event
from amends.model.instant import DAY, HOUR, MINUTE, Instant
from amends.pipeline.casework import CaseWorkStage
from amends.pipeline.ports import RawDelivery, Translation
from amends.pipeline.stages import Pipeline, Round
from amends.runtime.kernels import PackKernels
from amends.store.engine import open_database
from amends.store.inbox import InboxTable, NewDelivery
from amends.store.upgrade import upgrade
from amends.store.work import SqlStore, Work

START = Instant(1_790_000_000_000_000)
PACK = load_pack()


class Lines:
    """A delivery is CloudEvents, one a line; `{}` speaks of nothing that is followed."""

    def read(self, delivery: RawDelivery) -> Translation:
        if delivery.body == b"{}":
            return Translation(irrelevant="It speaks of nothing that is followed.")
        try:
            return Translation(events=[decode_event(line) for line in delivery.body.split(b"\n")])
        except UnreadableEventError as error:
            return Translation(unreadable=f"{error}.")


class World:
    """One database and the pipeline over it; `restart` throws the pipeline's memory away, as a crash does."""

    def __init__(self, path: Path, pack: Pack = PACK) -> None:
        self.database = open_database(f"sqlite:///{path}")
        upgrade(self.database)
        self.store = SqlStore(self.database)
        self.pack = pack
        self.restart()

    def restart(self, pack: Pack | None = None) -> None:
        self.pack = pack or self.pack
        terms = Terms(currency="EUR", rates=built_in_rates(), catalogue=built_in_catalogue())
        self.pipeline: Pipeline[Work] = Pipeline(
            store=self.store,
            translator=Lines(),
            kernels=PackKernels(self.pack, self.database),
            cases=CaseWorkStage(rules=self.pack.rules, terms=terms),
        )

    def post(self, received: Instant, *events: Event, body: bytes | None = None) -> None:
        content = b"\n".join(encode_event(event) for event in events) if body is None else body
        new = NewDelivery(
            vendor="cloudevents", account="north", delivery_id="d", received=received, headers={}, body=content
        )
        with self.database.writing() as connection:
            InboxTable(connection).add([new])

    def settle(self, now: Instant) -> list[Round]:
        """Rounds until nothing waits."""
        rounds = [self.pipeline.round(now)]
        while rounds[-1].more:
            rounds.append(self.pipeline.round(now))
        return rounds

    def findings(self) -> dict[str, Any]:
        with self.store.reading() as work:
            recorded = work.findings.latest(1_000_000)
        return {
            found.finding.id: (
                found.finding.rule,
                found.finding.subject,
                found.finding.fired_at,
                found.cleared_at,
                found.finding.loss,
                found.finding.facts,
            )
            for found in recorded
        }

    def journal(self) -> list[Event]:
        with self.store.reading() as work:
            return [entry.event for entry in work.journal.read(after=0, limit=1_000_000)]

    def cases(self) -> list[tuple[Any, ...]]:
        with self.store.reading() as work:
            columns = "id, order_id, state, outcome, opened_at"
            return sorted(tuple(row) for row in work.connection.exec_driver_sql(f"SELECT {columns} FROM case_file"))


def event(
    id_: str, type_: str, time: int, keys: dict[str, str], *, source: str = "shopify/north", **data: Any
) -> Event:
    return Event(id=id_, source=source, type=type_, time=Instant(time), keys=keys, data=data)


Step = tuple[Instant, list[Event]]


def story(seed: int, orders: int = 15) -> list[Step]:
    """Orders over some weeks, many with trouble; each step is what arrives at one moment, some of it late."""
    draw = random.Random(seed)
    steps: list[Step] = []
    for number in range(orders):
        placed = START + draw.randrange(20 * DAY)
        for delay, happened in _order(draw, str(number), placed):
            steps.append((Instant(happened[0].time + delay), happened))
    return sorted(steps, key=lambda step: (step[0], step[1][0].id))


def _order(draw: random.Random, order: str, placed: int) -> list[tuple[int, list[Event]]]:
    keys = {"order": order, "buyer": f"b{draw.randrange(20)}"}
    total = 5_000 + draw.randrange(10_000)
    money: dict[str, Any] = {"currency": "EUR", "total": total}
    paid_at, paying = placed + draw.randrange(30 * MINUTE), {"payment": f"pi_{order}"}
    amount: dict[str, Any] = {"currency": "EUR", "amount": total + draw.choice((0, 0, 0, 700))}
    happened = [(0, [event(f"{order}/placed", "order.placed", placed, keys, country="BR", units=1, **money)])]
    if draw.random() < 0.2:
        failed = event(
            f"{order}/failed", "payment.failed", placed + MINUTE, {**keys, **paying}, reason="limit", **amount
        )
        happened.append((0, [failed]))
    if draw.random() < 0.9:
        captured = event(
            f"{order}/captured", "payment.captured", paid_at, {**keys, **paying}, source="stripe/north", **amount
        )
        happened.append((_delay(draw), [captured]))
    if draw.random() < 0.8:
        happened.append((_delay(draw), [event(f"{order}/paid", "order.paid", paid_at + MINUTE, keys, **money)]))
    if draw.random() < 0.2:
        happened.append((0, [event(f"{order}/cancelled", "order.cancelled", placed + DAY, keys, reason="buyer")]))
    if draw.random() < 0.8:
        happened += _parcel(draw, order, placed)
    return happened


def _delay(draw: random.Random) -> int:
    return draw.choice((0, 0, int(MINUTE), int(HOUR), 2 * DAY))


def _parcel(draw: random.Random, order: str, placed: int) -> list[tuple[int, list[Event]]]:
    parcel, at = f"T{order}", placed + draw.randrange(1, 4) * DAY
    created = event(
        f"{order}/label", "shipment.created", at, {"order": order, "shipment": parcel}, carrier="DHL", tracking=parcel
    )
    happened = [(_delay(draw), [created])]
    for number in range(draw.randrange(4)):
        at += draw.randrange(1, 5) * DAY
        scan = event(f"{order}/scan{number}", "shipment.scanned", at, {"shipment": parcel}, status="InTransit")
        happened.append((_delay(draw), [scan]))
    if draw.random() < 0.5:
        done = event(f"{order}/done", "shipment.delivered", at + DAY, {"shipment": parcel}, status="Delivered")
        happened.append((_delay(draw), [done]))
    return happened


def end_of(steps: Sequence[Step]) -> Instant:
    return Instant(steps[-1][0] + 40 * DAY)
