"""An ordinary order, from the basket to the stars it is given: what happens when nothing goes wrong.

Each step of the plan is a function of its own, because a trouble bends the course between two of them.
"""

from random import Random
from typing import Final

import msgspec

from amends.model.instant import DAY, HOUR, MINUTE, SECOND, Duration, Instant
from amends.sim.catalogue import draw_basket
from amends.sim.chance import draw_delay, draw_length, draw_token, end_of_day
from amends.sim.climate import STEADY, Climate
from amends.sim.course import (
    Buyer,
    Course,
    Declaration,
    DeskCase,
    Fact,
    Line,
    Message,
    Mirror,
    Payment,
    Refund,
    Return,
    Review,
    Thread,
)
from amends.sim.lanes import LANES, Lane, plan_parcel
from amends.sim.places import COUNTRIES, RECIPIENT_ID_COUNTRIES, draw_cpf
from amends.sim.shops import Market, Method, Shop, draw_method, draw_warehouse
from amends.sim.texts import buyer_says, review_says, shop_says

_FIRST_ORDER_ID: Final = 5_400_000_000_000
_ID_STEP: Final = 7919
_SHIPPING: Final = {"USD": 499, "EUR": 490, "BRL": 1990, "JPY": 600}
_RETURN_REASONS: Final = ("SIZE_TOO_SMALL", "SIZE_TOO_LARGE", "UNWANTED", "STYLE", "COLOR")
_WRITES_BY_PHONE: Final = 5
"""Every so many-th buyer writes by WhatsApp."""
_LEAST_ROOM: Final = {True: Duration(4 * DAY), False: Duration(8 * DAY)}
"""A parcel that starts with less time than this (at home, abroad) makes no haste any more: it will be late."""


def draft_order(
    rng: Random, number: int, shop: Shop, market: Market, buyer: Buyer, at: Instant, climate: Climate = STEADY
) -> Course:
    """The order as it is placed, with the payment its buyer has chosen but not yet made."""
    warehouse = draw_warehouse(rng, market)
    method = draw_method(rng, market)
    promise = LANES[warehouse.country, market.country].promise_days
    days = climate.promise(market.country, promise) + method.voucher_days
    course = Course(
        number=number,
        id=_FIRST_ORDER_ID + number * _ID_STEP,
        shop=shop,
        market=market,
        warehouse=warehouse,
        buyer=buyer,
        orders_before=buyer.orders,
        address=msgspec.structs.replace(buyer.address),
        language=buyer.language,
        lines=[Line(product, quantity, product.price(shop.currency)) for product, quantity in draw_basket(rng)],
        shipping=_SHIPPING[shop.currency],
        deliver_by=end_of_day(at + days * DAY, COUNTRIES[market.country].hours_from_utc),
        created=Fact(at),
        climate=climate,
        recipient_id=draw_cpf(rng) if market.country in RECIPIENT_ID_COUNTRIES else None,
    )
    add_payment(rng, course, method)
    return course


def add_payment(rng: Random, course: Course, method: Method) -> Payment:
    """A payment of the whole order that nobody has made yet."""
    payment = Payment(
        id="pi_" + draw_token(rng),
        charge="ch_" + draw_token(rng),
        method=method,
        amount=course.total,
        currency=course.currency,
    )
    course.payments.append(payment)
    return payment


def plan_payment(rng: Random, course: Course) -> None:
    """Cards and wallets are captured as the order is placed; vouchers are paid hours or days later."""
    payment = course.payment
    payment.amount = course.total
    if payment.method.voucher_days:
        payment.voucher = course.created.after(SECOND)
        payment.expires_at = Instant(payment.voucher.at + payment.method.voucher_days * DAY)
        payment.captured = payment.voucher.after(draw_delay(rng, 14, 0.8, payment.method.voucher_days * 24 - 4))
        course.paid = payment.captured.after(draw_length(rng, 0.3, 6, MINUTE))
    else:
        payment.captured = course.created.after(-draw_length(rng, 2, 12, SECOND))
        course.paid = Fact(course.created.at)


def plan_fulfilment(rng: Random, course: Course) -> None:
    """The warehouse packs, prints a label, tells the shop, and hands over to the carrier within three days."""
    assert course.paid is not None
    labelled = course.paid.after(draw_delay(rng, 13, 0.6, 38))
    handed = Instant(labelled.at + draw_delay(rng, 7, 0.5, 22))
    add_parcel(rng, course, labelled, handed)


def add_parcel(rng: Random, course: Course, labelled: Fact, handed: Instant) -> None:
    """A parcel on the order's lane that arrives within the promise, if there is still time for it."""
    lane = lane_of(course)
    # No two parcels of an order have the same number either.
    number = course.number + 50_000_000 * len(course.parcels)
    room = course.deliver_by - handed
    if room < _LEAST_ROOM[lane.origin == lane.destination]:
        room = lane.promise_days * DAY
    by = Instant(handed + room - DAY // 2)
    parcel = plan_parcel(rng, lane, course.warehouse, course.address.city, number, labelled, handed, by, course.climate)
    if lane.origin != lane.destination:
        parcel.declaration = Declaration(made=labelled.after(5 * MINUTE))
    course.parcels.append(parcel)


def lane_of(course: Course) -> Lane:
    """From the order's warehouse to its buyer."""
    return LANES[course.warehouse.country, course.market.country]


def plan_words(rng: Random, course: Course) -> None:
    """Some buyers ask where their parcel is, more of them when it is late; some leave stars once they have it."""
    delivered = course.parcel.delivered
    late = delivered is None or delivered.at > course.deliver_by
    if rng.random() < (0.35 if late else 0.04):
        asked = Instant(course.deliver_by + draw_length(rng, 2, 30)) if late else _midway(rng, course)
        ask(rng, course, Fact(asked), "where_is_it")
    if delivered is not None and rng.random() < 0.22:
        rating = rng.choices((1, 2, 3, 4), (35, 35, 20, 10))[0] if late else rng.choices((3, 4, 5), (8, 32, 60))[0]
        add_review(rng, course, delivered.after(draw_length(rng, 20, 160)), rating)
    if delivered is not None and not late and rng.random() < 0.025:
        plan_return(rng, course)


def _midway(rng: Random, course: Course) -> Instant:
    start, end = course.parcel.labelled.at, course.parcel.scans[-1].seen.at
    return Instant(start + int((end - start) * rng.uniform(0.4, 0.9)))


def ask(rng: Random, course: Course, at: Fact, intent: str, *, tone: str = "calm", says: str | None = None) -> Thread:
    """The buyer writes, and somebody of the shop answers within the hour."""
    medium = "whatsapp" if course.number % _WRITES_BY_PHONE == 0 else "email"
    thread = Thread(id=f"t-{course.number}-{len(course.threads) + 1}", medium=medium)
    text = buyer_says(rng, says or intent, course.language)
    thread.messages.append(Message(sent=at, author="buyer", text=text, intent=intent, tone=tone))
    course.threads.append(thread)
    answer(course, thread, at.after(draw_delay(rng, 14, 0.6, 48, MINUTE)))
    return thread


def answer(
    course: Course, thread: Thread, at: Fact, *, kind: str = "answer", promised_at: Instant | None = None
) -> None:
    """Somebody of the shop writes to the buyer."""
    text = shop_says(kind, course.language)
    thread.messages.append(Message(sent=at, author="agent", text=text, promised_at=promised_at))


def add_review(rng: Random, course: Course, at: Fact, rating: int) -> None:
    """Stars, and words that go with them."""
    words = review_says(rng, course.language, good=rating > 2)
    course.reviews.append(
        Review(id=f"rv-{course.number}-{len(course.reviews) + 1}", posted=at, rating=rating, text=words)
    )


def plan_return(rng: Random, course: Course) -> Return:
    """A return in which everybody keeps their time: sent in days, inspected in a day, refunded in a week."""
    delivered = course.parcel.delivered
    assert delivered is not None
    back = Return(
        id=f"rma-{course.number}",
        line=rng.choice(course.lines),
        reason=rng.choice(_RETURN_REASONS),
        requested=delivered.after(draw_length(rng, 12, 150)),
    )
    course.returns.append(back)
    back.approved = back.requested.after(draw_length(rng, 1, 20))
    back.shipped = back.approved.after(draw_delay(rng, 70, 0.5, 300))
    back.received = back.shipped.after(draw_delay(rng, 110, 0.4, 260))
    back.inspected = back.received.after(draw_length(rng, 3, 60))
    refund = refund_order(rng, course, back.inspected.after(draw_length(rng, 2, 60)), back.line.price)
    assert refund.settled is not None
    back.closed = Fact(Instant(refund.settled.at + HOUR))
    return back


def refund_order(
    rng: Random, course: Course, at: Fact, amount: int | None = None, *, payment: Payment | None = None
) -> Refund:
    """Money goes back and is confirmed within four days: `amount`, or all that is left of the payment (the first)."""
    payment = payment or course.payment
    left = payment.amount - sum(refund.amount for refund in payment.refunds if refund.failed is None)
    refund = Refund(id="re_" + draw_token(rng), amount=left if amount is None else min(amount, left), asked=at)
    refund.settled = at.after(draw_delay(rng, 30, 0.6, 100))
    payment.refunds.append(refund)
    return refund


def cancel(rng: Random, course: Course, at: Fact, reason: str) -> None:
    """The order ends here: what was paid goes back, what has not been labelled yet is not sent."""
    course.cancelled = at
    course.cancel_reason = reason
    course.parcels = [parcel for parcel in course.parcels if parcel.labelled.at < at.at]
    captured = course.payment.captured
    if captured is not None and captured.at < at.at:
        refund_order(rng, course, at.after(draw_length(rng, 1, 30, MINUTE)))


def open_desk_case(rng: Random, course: Course, at: Fact, exception: str) -> DeskCase:
    """The shop's help desk keeps a case of its own, tells the buyer in hours and again every day or so."""
    case = DeskCase(id=f"desk-{course.number}", exception=exception, opened=at)
    told = at
    told = told.after(draw_length(rng, 0.5, 12))
    for _ in range(rng.choice((1, 2))):
        case.contacts.append(Fact(told.at))
        told = told.after(draw_length(rng, 12, 40))
    case.resolved = Fact(told.at)
    course.desk_cases.append(case)
    return case


_MIRRORED: Final = 4
_COUPONS: Final = ("WELCOME10", "SPRING15")
_HAS_COUPON: Final = 9
_WHOLE_ONLY: Final = 10


def add_habits(course: Course) -> None:
    """What some orders have and troubles nobody: a coupon that pays the freight, a channel that wants one parcel."""
    if course.number % _HAS_COUPON == 0:
        course.coupon = _COUPONS[course.number // _HAS_COUPON % len(_COUPONS)]
        course.shipping = 0
    if course.number % _WHOLE_ONLY == 0:
        course.split_allowed = False


def plan_mirrors(course: Course) -> None:
    """Some orders are told by the ERP too, an hour later, as the shop has them."""
    if course.number % _MIRRORED == 0 and course.cancelled is None and not course.mirrors:
        add_mirror(course, course.created.after(HOUR))


def add_mirror(course: Course, seen: Fact) -> Mirror:
    """The ERP tells how it has the order, which is as it should be."""
    mirror = Mirror(
        id=f"erp-{course.number}-{len(course.mirrors) + 1}", system="erp", seen=seen, total=course.total,
        street=course.address.street,
    )  # fmt: skip
    course.mirrors.append(mirror)
    return mirror
