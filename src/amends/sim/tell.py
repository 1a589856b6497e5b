"""How a course becomes known: which feed tells of each of its facts, and in which webhook."""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Final

import msgspec

from amends.model.instant import Instant
from amends.sim.course import Course, Fact, Parcel
from amends.sim.feeds import (
    CLAIMS,
    DESK,
    RETURNS,
    REVIEWS,
    SHOPIFY,
    STOCK,
    STRIPE,
    SYSTEMS,
    TRACKING,
    Feed,
    Network,
    polled,
)
from amends.sim.sending import Sending
from amends.sim.wire import cloudevents, seventeentrack, shopify, stripe

_SAID_TWICE: Final = 3
"""Of an order that is paid as it is placed, every so many-th is told as paid by a webhook of its own too."""


class Telling(msgspec.Struct, frozen=True):
    """A fact, the feed that tells it, what makes the webhook, and how many facts a listener hears in it."""

    fact: Fact
    feed: Feed
    make: Callable[[], Sending]
    heard: int = 0
    also: tuple[Fact, ...] = ()
    """Earlier facts that are told with it."""
    polled: Instant | None = None
    """When the feed found out, where it has to ask."""


def tell(rng: Random, course: Course, network: Network) -> list[Telling]:
    """Settle when each fact is told, a feed keeping the order of what happens; returns all there is to tell."""
    tellings = sorted(_tellings(course), key=lambda telling: telling.fact.at)
    latest: dict[Feed, int] = {}
    for telling in tellings:
        fact = telling.fact
        if not fact.told:
            known = telling.polled or fact.at
            fact.told = network.tells(rng, telling.feed, Instant(max(known, latest.get(telling.feed, 0))))
        for earlier in telling.also:
            earlier.told = fact.told
        latest[telling.feed] = fact.told
    return tellings


def _tellings(course: Course) -> Iterator[Telling]:
    yield from _by_shop(course)
    yield from _by_provider(course)
    for parcel in course.parcels:
        yield from _by_tracker(course, parcel)
        yield from _by_forwarder(course, parcel)
    yield from _by_staff(course)


def _by_shop(course: Course) -> Iterator[Telling]:
    if course.unknown_to_shop:
        return
    feed = SHOPIFY[course.shop.account]
    paid = course.paid
    created = partial(shopify.order_created, course)
    if paid is None:
        yield Telling(course.created, feed, created, 1)
    elif paid.at > course.created.at:
        yield Telling(course.created, feed, created, 1)
        yield Telling(paid, feed, partial(shopify.order_paid, course, paid), 1)
    else:
        yield Telling(course.created, feed, created, 2, (paid,))
        if course.number % _SAID_TWICE == 0:
            again = Fact(paid.at)
            yield Telling(again, feed, partial(shopify.order_paid, course, again))
    if course.cancelled is not None:
        yield Telling(course.cancelled, feed, partial(shopify.order_cancelled, course))
    if course.garbled is not None:
        yield Telling(course.garbled, feed, partial(shopify.order_garbled, course))
    for parcel in course.parcels:
        yield Telling(parcel.labelled, feed, partial(shopify.fulfilled, course, parcel))
    refunds = [(payment, refund) for payment in course.payments for refund in payment.refunds]
    for index, (payment, refund) in enumerate(refunds):
        asked = Fact(refund.asked.at)
        yield Telling(asked, feed, partial(shopify.refunded, course, payment, refund, asked, index))


def _by_provider(course: Course) -> Iterator[Telling]:
    for payment in course.payments:
        if payment.voucher is not None:
            yield Telling(payment.voucher, STRIPE, partial(stripe.voucher_made, course, payment))
        for index, attempt in enumerate(payment.attempts):
            yield Telling(attempt.declined, STRIPE, partial(stripe.attempt_failed, course, payment, attempt, index), 1)
        if payment.captured is not None:
            yield Telling(payment.captured, STRIPE, partial(stripe.intent_captured, course, payment), 1)
            yield Telling(payment.captured, STRIPE, partial(stripe.charge_captured, course, payment))
        if payment.hold is not None:
            yield Telling(payment.hold.opened, STRIPE, partial(stripe.review_opened, course, payment))
            if payment.hold.closed is not None:
                yield Telling(payment.hold.closed, STRIPE, partial(stripe.review_closed, course, payment))
        for refund in payment.refunds:
            yield Telling(refund.asked, STRIPE, partial(stripe.refund_made, course, payment, refund))
            if refund.settled is not None:
                yield Telling(refund.settled, STRIPE, partial(stripe.refund_settled, course, payment, refund))
            if refund.failed is not None:
                yield Telling(refund.failed, STRIPE, partial(stripe.refund_failed, course, payment, refund))
        for dispute in payment.disputes:
            yield Telling(dispute.opened, STRIPE, partial(stripe.dispute_opened, course, payment, dispute))
            if dispute.answered is not None:
                yield Telling(dispute.answered, STRIPE, partial(stripe.dispute_answered, course, payment, dispute))
            if dispute.closed is not None:
                yield Telling(dispute.closed, STRIPE, partial(stripe.dispute_closed, course, payment, dispute))


def _by_tracker(course: Course, parcel: Parcel) -> Iterator[Telling]:
    """The tracking service asks the carriers every few hours, and pushes where something is new."""
    polls = [polled(parcel.tracking, scan.seen.at) for scan in parcel.scans]
    waiting: list[Fact] = []
    for index, (scan, poll, following) in enumerate(zip(parcel.scans, polls, [*polls[1:], None], strict=False)):
        if following == poll:
            waiting.append(scan.seen)
            continue
        push = partial(seventeentrack.pushed, course, parcel, index)
        yield Telling(scan.seen, TRACKING, push, len(waiting) + 1, tuple(waiting), poll)
        waiting = []


def _by_forwarder(course: Course, parcel: Parcel) -> Iterator[Telling]:
    declaration = parcel.declaration
    if declaration is None:
        return
    yield Telling(declaration.made, SYSTEMS, partial(cloudevents.declared, course, parcel, declaration, mended=False))
    if declaration.mended is not None:
        mend = partial(cloudevents.declared, course, parcel, declaration, mended=True)
        yield Telling(declaration.mended, SYSTEMS, mend)


def _by_staff(course: Course) -> Iterator[Telling]:
    for thread in course.threads:
        for index, message in enumerate(thread.messages):
            yield Telling(message.sent, DESK, partial(cloudevents.message, course, thread, index))
    for review in course.reviews:
        yield Telling(review.posted, REVIEWS, partial(cloudevents.review, course, review))
    for back in course.returns:
        for step in ("requested", "approved", "shipped", "received", "inspected", "closed"):
            fact = getattr(back, step)
            if fact is not None:
                yield Telling(fact, RETURNS, partial(cloudevents.returned, course, back, step))
    for case in course.desk_cases:
        yield Telling(case.opened, DESK, partial(cloudevents.desk_case, course, case, "opened"))
        for index, contact in enumerate(case.contacts):
            yield Telling(contact, DESK, partial(cloudevents.desk_case, course, case, "contacted", index))
        if case.resolved is not None:
            yield Telling(case.resolved, DESK, partial(cloudevents.desk_case, course, case, "resolved"))
    for asked in course.claims:
        yield Telling(asked.opened, CLAIMS, partial(cloudevents.claim, course, asked, "opened"))
        if asked.closed is not None:
            yield Telling(asked.closed, CLAIMS, partial(cloudevents.claim, course, asked, "closed"))
    for mirror in course.mirrors:
        yield Telling(mirror.seen, SYSTEMS, partial(cloudevents.mirrored, course, mirror))
    for failure in course.sync_failures:
        yield Telling(failure.failed, SYSTEMS, partial(cloudevents.sync_failed, course, failure))
    for shortfall in course.shortfalls:
        yield Telling(shortfall.failed, STOCK, partial(cloudevents.not_reserved, course, shortfall))
