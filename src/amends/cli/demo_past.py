"""The demo world's past: what was posted before anybody looked, and what the staff did about it."""

from collections.abc import Iterator, Sequence
from itertools import chain
from random import Random
from typing import Final

from amends.cases.action import AddNote, Assign, Command, Contact, Resolve, Wait, perform
from amends.cases.case import Case
from amends.cases.errors import CaseError
from amends.cases.lifecycle import ACTIVE
from amends.connectors.delivery import Delivery
from amends.model.instant import DAY, HOUR, Duration, Instant
from amends.pipeline.casework import keep, news_of
from amends.pipeline.record import record
from amends.runtime.wiring import Installation
from amends.sim import feeds
from amends.sim.sending import Sending
from amends.store.board import BoardQuery
from amends.store.inbox import NewDelivery

_SHIFT: Final = Duration(8 * HOUR)
_CASES_MAX: Final = 500


class Past:
    """Takes in what was posted before `until`, as if it had come over the wire when it was posted.

    `staff` are accounts who work on the cases at the end of each shift. `order` is one whose parcel was heard of last.
    """

    def __init__(self, installation: Installation, sendings: Iterator[Sending], staff: Sequence[str]) -> None:
        self._installation = installation
        self._sendings = sendings
        self._staff = staff
        self._rng = Random("staff")
        self.order: str | None = None

    def load(self, start: Instant, until: Instant) -> Iterator[Sending]:
        """Go through the shifts; returns what is still to come."""
        shift_ends = start
        while shift_ends < until:
            shift_ends = Instant(min(shift_ends + _SHIFT, until))
            self._take_in(shift_ends)
            if shift_ends < until - _SHIFT:
                self._work(shift_ends)
        return self._sendings

    def _take_in(self, until: Instant) -> None:
        arrived = []
        for sending in self._sendings:
            if sending.at >= until:
                self._sendings = chain([sending], self._sendings)
                break
            arrived.append(sending)
            if sending.feed == feeds.TRACKING:
                self.order = sending.order
        with self._installation.store.writing() as work:
            work.inbox.add([self._received(sending) for sending in arrived])
        while self._goes_on(until):
            pass

    def _received(self, sending: Sending) -> NewDelivery:
        delivery = delivery_of(sending)
        return NewDelivery(
            vendor=delivery.vendor,
            account=delivery.account,
            delivery_id=self._installation.connectors[delivery.vendor].delivery_id(delivery),
            received=sending.at,
            headers=sending.headers,
            body=sending.body,
        )

    def _goes_on(self, now: Instant) -> bool:
        done = self._installation.pipeline.round(now)
        return done.more or done.deliveries > 0 or bool(done.verdicts.findings or done.verdicts.clearings)

    def _work(self, now: Instant) -> None:
        with self._installation.store.reading() as work:
            ids = work.board.ids(BoardQuery(), limit=_CASES_MAX)
            cases = [work.cases.case(id_) for id_ in ids]
        for case in cases:
            for who, command in self._decide(case, now):
                self._do(case.id, command, who, now)

    def _decide(self, case: Case, now: Instant) -> list[tuple[str, Command]]:
        """What somebody does with the case this shift, if they get to it."""
        who = self._rng.choice(self._staff)
        lot = self._rng.random()
        if case.state in ("new", "open"):
            return self._begin(who, lot)
        if lot < (0.6 if now - case.opened_at > 2 * DAY else 0.3):
            return [(who, Resolve(outcome="put_right"))]
        return []

    def _begin(self, who: str, lot: float) -> list[tuple[str, Command]]:
        if lot < 0.1:
            return [(who, Resolve(outcome="false_alarm", why="Looked at it with the warehouse: all in order."))]
        if lot < 0.4:
            return [(who, Assign(to=who)), (who, Contact(by="email")), (who, Wait(on="buyer"))]
        if lot < 0.7:
            note = AddNote(text="Asked the carrier; they answer within two days.")
            return [(who, note), (who, Contact(by="email")), (who, Wait(on="third_party"))]
        return []

    def _do(self, case: str, command: Command, who: str, now: Instant) -> None:
        installation = self._installation
        with installation.store.writing() as work:
            if work.cases.case(case).state not in ACTIVE:
                return
            book = work.cases.case_book(case)
            try:
                decided = perform(book, case, command, who=who, now=now, terms=installation.terms)
            except CaseError:
                # What they wanted to do no longer fits the case; they would turn to the next one.
                return
            record(work, news_of(keep(work.cases, decided, now=now, terms=installation.terms)).events)


def delivery_of(sending: Sending) -> Delivery:
    """What a receiver has of it, as a connector reads it."""
    vendor, account = sending.feed.vendor, sending.feed.account
    return Delivery(vendor=vendor, account=account, body=sending.body, headers=sending.headers)
