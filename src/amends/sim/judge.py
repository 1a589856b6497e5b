"""The judge: reads the course of an order and writes down everything that is truly wrong with it.

It knows the catalogue's definitions and the world's facts, and nothing of rules, events or the kernel. What one
trouble drags along (a stalled parcel that also comes late) is found here like any other truth. All is judged by the
time it was *told*: nobody can notice before.
"""

from collections.abc import Callable, Iterator
from typing import Final

from amends.model.instant import DAY, HOUR, MINUTE, Duration, Instant
from amends.sim.catalogue import MARKS
from amends.sim.course import Course, Fact, Parcel, Payment, Scan
from amends.sim.lanes import stall_limit
from amends.sim.places import RECIPIENT_ID_COUNTRIES
from amends.sim.truth import Truth

PAID_NOT_UPDATED: Final = Duration(15 * MINUTE)
PARTS_FOLLOW: Final = Duration(10 * MINUTE)
"""The parts of one payment come moments apart: a difference counts once it has stood for so long."""
CAPTURED_WITHOUT_ORDER: Final = Duration(10 * MINUTE)
REFUND_STUCK: Final = Duration(5 * DAY)
RESPOND_AHEAD: Final = Duration(72 * HOUR)
HANDOVER: Final = Duration(72 * HOUR)
FIRST_SCAN: Final = Duration(72 * HOUR)
GIVEN_UP: Final = Duration(20 * DAY)
"""In this world nothing that was silent for so long has ever come."""
DARK: Final = Duration(6 * DAY)
PICKUP_AHEAD: Final = Duration(48 * HOUR)
REPLY: Final = Duration(1 * HOUR)
FIRST_CONTACT: Final = Duration(24 * HOUR)
UPDATE: Final = Duration(48 * HOUR)
RETURN_SENT: Final = Duration(14 * DAY)
RETURN_INSPECTED: Final = Duration(3 * DAY)
RETURN_REFUNDED: Final = Duration(7 * DAY)
ABNORMAL_UNITS: Final = 20
WINDOW_ENDS: Final = Duration(20 * HOUR)
SYSTEMS_FOLLOW: Final = Duration(15 * MINUTE)
"""Another system may need so long to follow a change."""

_BY_SCAN: Final = {
    "Exception_Lost": "lost",
    "Exception_NoBody": "recipient_unreachable",
    "Exception_Damage": "damaged",
    "Exception_Returning": "return_to_sender",
    "DeliveryFailure_NoBody": "attempt_failed",
    "DeliveryFailure_InvalidAddress": "attempt_failed",
    "DeliveryFailure_Other": "attempt_failed",
    "DeliveryFailure_Rejected": "refused",
}
_BY_CUSTOMS: Final = {
    "inspection": "customs_hold",
    "documents": "customs_docs_required",
    "duties": "duties_unpaid",
    "refused": "customs_rejected",
}
_BY_INTENT: Final = {"damaged": "damaged", "not_as_described": "not_as_described", "wrong_item": "pick_error",
                     "missing_item": "pick_error"}  # fmt: skip
_BY_CODE: Final = {
    "currency_not_supported": "currency_conversion_failed",
    "payment_method_currency_mismatch": "currency_conversion_failed",
    "withdrawal_count_limit_exceeded": "fx_limit_exceeded",
    "card_velocity_exceeded": "fx_limit_exceeded",
}
_AT_REST: Final = ("Delivered_Other", "Exception_Lost", "Exception_Returned", "Exception_Destroyed")


def judge(course: Course) -> list[Truth]:
    """All that is truly wrong with the order, in the order of time. The course must have been told."""
    rows = [row for law in _LAWS for row in law(course)]
    rows.sort(key=lambda row: (row.at, row.exception, row.subject))
    return rows


Verdict = tuple[Instant, Instant | None] | None


def silence(since: Instant, armed: Instant, within: Duration, ended: Fact | None) -> Verdict:
    """When a limit was passed and when what was awaited came; None if it came in time.

    `armed` is when it was first known that something is awaited.
    """
    due = Instant(max(since + within, armed))
    if ended is not None and ended.told <= due:
        return None
    return due, _told(ended)


def _told(fact: Fact | None) -> Instant | None:
    return None if fact is None else fact.told


def _first(*facts: Fact | None) -> Fact | None:
    return min((fact for fact in facts if fact is not None), key=lambda fact: fact.told, default=None)


def _row(exception: str, course: Course, subject: str, at: Instant, healed_at: Instant | None = None) -> Truth:
    return Truth(exception=exception, subject=subject, order=course.key, at=at, healed_at=healed_at)


def _silent(exception: str, course: Course, subject: str, verdict: Verdict) -> Iterator[Truth]:
    if verdict is not None:
        yield _row(exception, course, subject, *verdict)


# ---------------------------------------------------------------- money


def _payments(course: Course) -> Iterator[Truth]:
    for payment in course.payments:
        if payment.attempts:
            yield _row("payment_failed", course, payment.id, payment.attempts[0].declined.told, _told(payment.captured))
        declined = {_BY_CODE[one.code]: one.declined for one in reversed(payment.attempts) if one.code in _BY_CODE}
        for exception, first in declined.items():
            yield _row(exception, course, payment.id, first.told, _told(payment.captured))
        if payment.hold is not None:
            closed = payment.hold.closed
            yield _row("payment_risk_hold", course, payment.id, payment.hold.opened.told, _told(closed))
        if payment.voucher is not None and payment.expires_at is not None:
            ended = _first(payment.captured, course.paid, course.cancelled)
            verdict = silence(payment.expires_at, payment.voucher.told, Duration(0), ended)
            yield from _silent("payment_pending_expired", course, payment.id, verdict)
        yield from _refunds(course, payment)
        yield from _disputes(course, payment)


def _refunds(course: Course, payment: Payment) -> Iterator[Truth]:
    for refund in payment.refunds:
        if refund.failed is not None:
            yield _row("refund_failed", course, payment.id, refund.failed.told)
        verdict = silence(refund.asked.at, refund.asked.told, REFUND_STUCK, _first(refund.settled, refund.failed))
        yield from _silent("refund_stuck", course, payment.id, verdict)


def _disputes(course: Course, payment: Payment) -> Iterator[Truth]:
    for dispute in payment.disputes:
        closed = dispute.closed
        yield _row("chargeback_opened", course, payment.id, dispute.opened.told, _told(closed))
        limit = Instant(dispute.respond_by - RESPOND_AHEAD)
        verdict = silence(limit, dispute.opened.told, Duration(0), _first(dispute.answered, closed))
        yield from _silent("chargeback_deadline_near", course, payment.id, verdict)


def _capture_and_order(course: Course) -> Iterator[Truth]:
    captured = _first(*(payment.captured for payment in course.payments))
    if captured is None:
        return
    order = None if course.unknown_to_shop else course.created
    verdict = silence(captured.at, captured.told, CAPTURED_WITHOUT_ORDER, order)
    yield from _silent("captured_without_order", course, course.key, verdict)
    if order is not None:
        armed = max(captured.told, order.told)
        since = max(captured.at, order.told)
        verdict = silence(since, armed, PAID_NOT_UPDATED, _first(course.paid, course.cancelled))
        yield from _silent("paid_not_updated", course, course.key, verdict)


def _amounts(course: Course) -> Iterator[Truth]:
    captures = sorted(
        ((payment.captured, payment) for payment in course.payments if payment.captured is not None),
        key=lambda capture: capture[0].told,
    )
    if not captures or course.unknown_to_shop:
        return
    first, payment = captures[0]
    known = max(course.created.told, first.told)
    if len(captures) == 1:
        if payment.amount != course.total:
            at = Instant(max(known, first.at + PARTS_FOLLOW))
            yield _row("amount_mismatch", course, course.key, at)
        return
    back = _first(*(refund.settled for refund in captures[1][1].refunds))
    yield _row("duplicate_payment", course, course.key, max(known, captures[1][0].told), _told(back))


def _twice(course: Course) -> Iterator[Truth]:
    """More goes out for an order than ever came in, part of it by somebody else's hand; or it goes out in kind too."""
    captured = [payment for payment in course.payments if payment.captured is not None]
    if not captured or course.unknown_to_shop:
        return
    paid = sum(payment.amount for payment in captured)
    settled = [(refund.settled, refund.amount) for payment in captured for refund in payment.refunds if refund.settled]
    lost = [(dispute.opened, dispute) for payment in captured for dispute in payment.disputes]
    granted = [(asked.closed, asked.amount) for asked in course.claims if asked.closed and asked.status == "granted"]
    moments = sorted(fact.told for fact in [fact for fact, _ in (*settled, *lost, *granted)])
    for at in moments:
        back = sum(amount for fact, amount in settled if fact.told <= at)
        disputed = max((one.amount for fact, one in lost if fact.told <= at), default=0)
        by_market = sum(amount for fact, amount in granted if fact.told <= at)
        if back and disputed + by_market and back + disputed + by_market > paid:
            won = _first(*(one.closed for _, one in lost if one.status == "won"))
            yield _row("linked_loss_claimed_twice", course, course.key, at, None if by_market else _told(won))
            break
    last = max((fact for fact, _ in settled), key=lambda fact: fact.at, default=None)
    if last is None or course.cancelled is not None or sum(amount for _, amount in settled) < paid:
        return
    sent = _first(*(parcel.labelled for parcel in course.parcels if parcel.labelled.at > last.at))
    if sent is not None:
        yield _row("linked_loss_claimed_twice", course, course.key, max(sent.told, last.told))


# ---------------------------------------------------------------- the order and what it holds


def _order(course: Course) -> Iterator[Truth]:
    if course.cancelled is not None:
        yield _row("order_cancelled", course, course.key, course.cancelled.told)
    if course.unknown_to_shop:
        return
    address, known = course.address, course.created.told
    if not (address.street and address.city and address.postcode):
        yield _row("address_incomplete", course, course.key, known)
    if course.market.country in RECIPIENT_ID_COUNTRIES and not course.recipient_id and course.parcels:
        # Only the label says that the order is sent from abroad.
        yield _row("recipient_id_missing", course, course.key, max(known, course.parcel.labelled.told))
    if course.note:
        yield _row("note_unread", course, course.key, known)
    if max(line.quantity for line in course.lines) >= ABNORMAL_UNITS:
        yield _row("quantity_abnormal", course, course.key, known)
    if len(course.address.phone) < _SHORTEST_NUMBER:
        yield _row("phone_invalid", course, course.key, known)
    if course.blocked:
        yield _row("blocklisted_buyer", course, course.key, known)
    for line in course.lines:
        if line.gone:
            yield _row("delisted_but_ordered", course, course.key, known)
    for shortfall in course.shortfalls:
        yield _row("reservation_failed", course, shortfall.line.product.sku, shortfall.failed.told)
    for failure in course.sync_failures:
        yield _row("order_sync_failed", course, course.key, failure.failed.told)


_SHORTEST_NUMBER: Final = 9


def _parts(course: Course) -> Iterator[Truth]:
    if course.split_allowed is not False or course.unknown_to_shop:
        return
    part = _first(*(parcel.labelled for parcel in course.parcels if parcel.part is not None))
    if part is not None:
        yield _row("partial_shipment_forbidden", course, course.key, max(part.told, course.created.told))


def _mirrors(course: Course) -> Iterator[Truth]:
    """What another system says of the order, once it has had time to follow."""
    if course.unknown_to_shop:
        return
    changed = course.created if course.cancelled is None else course.cancelled
    wrong = None
    for mirror in sorted(course.mirrors, key=lambda mirror: mirror.seen.at):
        told = max(mirror.seen.told, course.created.told)
        differs = (mirror.total, mirror.street) != (course.total, course.address.street) or mirror.status == "cancelled"
        if differs and wrong is None and mirror.seen.at >= changed.at + SYSTEMS_FOLLOW:
            wrong = told
        elif wrong is not None and not differs:
            yield _row("systems_disagree", course, course.key, wrong, told)
            wrong = None
    if wrong is not None:
        yield _row("systems_disagree", course, course.key, wrong)


def _declarations(course: Course) -> Iterator[Truth]:
    for parcel in course.parcels:
        declaration = parcel.declaration
        if declaration is None:
            continue
        wrong = {
            "declaration_incomplete": declaration.lacks is not None,
            "certificate_missing": declaration.unmarked
            and (parcel.destination, course.lines[0].product.goods) in MARKS,
            "restricted_goods": declaration.un_number is not None,
        }
        for exception, is_so in wrong.items():
            if is_so:
                yield _row(exception, course, parcel.tracking, declaration.made.told, _told(declaration.mended))


def _claims(course: Course) -> Iterator[Truth]:
    for asked in course.claims:
        yield _row("platform_claim_opened", course, course.key, asked.opened.told, _told(asked.closed))


def _garbled(course: Course) -> Iterator[Truth]:
    if course.garbled is not None:
        yield Truth(
            exception="undecodable_delivery", subject=f"shopify/{course.shop.account}", order="", at=course.garbled.told
        )


# ---------------------------------------------------------------- the parcel


def _handover(course: Course) -> Iterator[Truth]:
    """The warehouse's three days begin with the money, whoever tells of it first."""
    if course.unknown_to_shop:
        return
    captured = course.payments[0].captured
    scanned = _first(*(parcel.scans[0].seen for parcel in course.parcels if parcel.scans))
    if captured is not None:
        armed = max(captured.told, course.created.told)
        verdict = silence(captured.at, armed, HANDOVER, _first(course.paid, scanned, course.cancelled))
        yield from _silent("handover_late", course, course.key, verdict)
    if course.paid is not None:
        armed = max(course.paid.told, course.created.told)
        verdict = silence(course.paid.at, armed, HANDOVER, _first(scanned, course.cancelled))
        yield from _silent("handover_late", course, course.key, verdict)


def _lateness(course: Course) -> Iterator[Truth]:
    if course.unknown_to_shop:
        return
    delivered = _first(*(parcel.delivered for parcel in course.parcels))
    verdict = silence(course.deliver_by, course.created.told, Duration(0), _first(delivered, course.cancelled))
    yield from _silent("delivery_late", course, course.key, verdict)


def _parcels(course: Course) -> Iterator[Truth]:
    for parcel in course.parcels:
        first = parcel.scans[0].seen if parcel.scans else None
        verdict = silence(parcel.labelled.at, parcel.labelled.told, FIRST_SCAN, first)
        yield from _silent("no_first_scan", course, parcel.tracking, verdict)
        yield from _stalls(course, parcel)
        yield from _darkness(course, parcel)
        yield from _pickup(course, parcel)
        yield from _wrong_country(course, parcel)
        for scan in parcel.scans:
            for exception in _said(scan):
                yield _row(exception, course, parcel.tracking, scan.seen.told)


def _said(scan: Scan) -> Iterator[str]:
    exception = _BY_SCAN.get(scan.sub_status)
    if exception is not None:
        yield exception
    if scan.customs is not None:
        yield _BY_CUSTOMS[scan.customs]


def _stalls(course: Course, parcel: Parcel) -> Iterator[Truth]:
    for scan, following in zip(parcel.scans, [*parcel.scans[1:], None], strict=False):
        if scan.sub_status in _AT_REST:
            return
        if scan.sub_status == "AvailableForPickup_Other":
            continue
        ended = None if following is None else following.seen
        for exception, limit in (("tracking_stalled", stall_limit(parcel)), ("lost", GIVEN_UP)):
            verdict = silence(scan.seen.at, scan.seen.told, limit, ended)
            yield from _silent(exception, course, parcel.tracking, verdict)


def _darkness(course: Course, parcel: Parcel) -> Iterator[Truth]:
    left = parcel.index("linehaul")
    if left is None:
        return
    # A parcel that is sent back is not awaited over there any more.
    arrived = _first(
        *(
            scan.seen
            for scan in parcel.scans
            if scan.leg in ("import", "last_mile") or scan.sub_status in (*_AT_REST, "Exception_Returning")
        )
    )
    since = parcel.scans[left].seen
    yield from _silent("destination_dark", course, parcel.tracking, silence(since.at, since.told, DARK, arrived))


def _pickup(course: Course, parcel: Parcel) -> Iterator[Truth]:
    if parcel.pickup_until is None:
        return
    index = next(i for i, scan in enumerate(parcel.scans) if scan.sub_status == "AvailableForPickup_Other")
    ended = parcel.scans[index + 1].seen if index + 1 < len(parcel.scans) else None
    ready = parcel.scans[index].seen
    verdict = silence(Instant(parcel.pickup_until - PICKUP_AHEAD), ready.told, Duration(0), ended)
    yield from _silent("pickup_expiring", course, parcel.tracking, verdict)


def _wrong_country(course: Course, parcel: Parcel) -> Iterator[Truth]:
    wrong = None
    for scan in parcel.scans:
        if scan.leg == "last_mile" and scan.country != parcel.destination:
            wrong = wrong or scan.seen
        elif wrong is not None and scan.leg == "last_mile":
            yield _row("misrouted", course, parcel.tracking, wrong.told, scan.seen.told)
            return
    if wrong is not None:
        yield _row("misrouted", course, parcel.tracking, wrong.told)


def _moving(course: Course) -> Iterator[Truth]:
    if course.cancelled is None:
        return
    for parcel in course.parcels:
        for scan in parcel.scans:
            if scan.seen.at > course.cancelled.at and not scan.sub_status.startswith("Exception_"):
                yield _row("cancelled_but_moving", course, course.key, max(scan.seen.told, course.cancelled.told))
                return


# ---------------------------------------------------------------- people


def _words(course: Course) -> Iterator[Truth]:
    delivered = _first(*(parcel.delivered for parcel in course.parcels))
    for thread in course.threads:
        for message in thread.messages:
            exception = _BY_INTENT.get(message.intent or "")
            if exception is not None:
                yield _row(exception, course, thread.id, message.sent.told)
            if message.tone == "upset":
                yield _row("buyer_upset", course, thread.id, message.sent.told)
            if message.intent == "not_received" and delivered is not None:
                yield _row("delivered_not_received", course, course.key, max(message.sent.told, delivered.told))
            if message.promised_at is not None:
                verdict = silence(message.promised_at, message.sent.told, Duration(0), _kept(course, message.sent))
                yield from _silent("promise_unkept", course, course.key, verdict)
            if message.author == "buyer":
                asked = message.sent
                answers = (
                    other.sent for other in thread.messages if other.author == "agent" and other.sent.at > asked.at
                )
                answered = _first(*answers)
                yield from _silent("reply_overdue", course, thread.id, silence(asked.at, asked.told, REPLY, answered))
                if thread.medium == "whatsapp":
                    verdict = silence(asked.at, asked.told, WINDOW_ENDS, answered)
                    yield from _silent("messaging_window_closing", course, thread.id, verdict)
    for review in course.reviews:
        if review.rating <= 2:
            yield _row("negative_review", course, course.key, review.posted.told)


def _kept(course: Course, said: Fact) -> Fact | None:
    refunds = (refund.asked for payment in course.payments for refund in payment.refunds)
    return _first(*(asked for asked in refunds if asked.at > said.at))


def _desk(course: Course) -> Iterator[Truth]:
    for case in course.desk_cases:
        contacts = sorted(case.contacts, key=lambda fact: fact.at)
        first = contacts[0] if contacts else None
        verdict = silence(case.opened.at, case.opened.told, FIRST_CONTACT, _first(first, case.resolved))
        yield from _silent("first_contact_overdue", course, case.id, verdict)
        for contact, following in zip(contacts, [*contacts[1:], None], strict=False):
            verdict = silence(contact.at, contact.told, UPDATE, _first(following, case.resolved))
            yield from _silent("update_overdue", course, case.id, verdict)


def _returns(course: Course) -> Iterator[Truth]:
    refunds = [refund.asked for payment in course.payments for refund in payment.refunds]
    for back in course.returns:
        if back.approved is not None:
            verdict = silence(back.approved.at, back.approved.told, RETURN_SENT, back.shipped)
            yield from _silent("return_not_sent", course, back.id, verdict)
        if back.received is not None:
            verdict = silence(back.received.at, back.received.told, RETURN_INSPECTED, back.inspected)
            yield from _silent("return_not_inspected", course, back.id, verdict)
        if back.inspected is not None:
            since = back.inspected
            refunded = _first(*(asked for asked in refunds if asked.at >= since.at))
            verdict = silence(since.at, since.told, RETURN_REFUNDED, _first(refunded, back.closed))
            yield from _silent("return_refund_overdue", course, back.id, verdict)


_LAWS: Final[tuple[Callable[[Course], Iterator[Truth]], ...]] = (
    _payments, _capture_and_order, _amounts, _twice, _order, _parts, _mirrors, _declarations, _claims, _garbled,
    _handover, _lateness, _parcels, _moving, _words, _desk, _returns,
)  # fmt: skip
