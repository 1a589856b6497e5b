"""Which incidents were truly big enough to be noticed as one, and from when on."""

from typing import Final

from amends.model.instant import DAY, HOUR, Duration, Instant
from amends.sim.incidents import BrushingRing, CouponRing, Incident, Incidents, LaneDisruption
from amends.sim.truth import Truth


def group_truths(incidents: Incidents, rows: list[Truth]) -> list[Truth]:
    """A row for each incident whose orders' troubles came close enough together.

    A lane is disrupted, for all to see, once ten parcels are missing that would have arrived, or six of its parcels
    are silent within a day; chargebacks are a batch from the sixth in a
    day; a way to pay has dropped with its eighth decline in an hour; a ring shows itself with its sixth order in a day,
    and each of its orders is suspect then; a coupon's ring with its fourth order in a week, and then those of its
    orders that have not left; an article with its sixth complaint in a week.
    """
    by_order: dict[str, list[Truth]] = {}
    for row in rows:
        by_order.setdefault(row.order, []).append(row)
    found = []
    for lane in incidents.lanes:
        subject = f"{lane.carrier}|{lane.origin}|{lane.destination}"
        silent = _moments(lane, by_order, "tracking_stalled", "destination_dark")
        crowded = _crowded(_kept_silent(lane, by_order), 6, DAY)
        seen = [moment for moment in (_missed(lane), crowded) if moment is not None]
        # It is over when the last of its parcels has fallen silent, which may be after the lane is open again.
        found += _row("lane_disruption", subject, min(seen, default=None), max([lane.end, *silent]))
    for batch in incidents.batches:
        opened = _moments(batch, by_order, "chargeback_opened")
        found += _row("chargeback_surge", batch.shop.account, _crowded(opened, 6, DAY), batch.end)
    for drop in incidents.drops:
        declined = [fact.told for fact in drop.declined]
        found += _row("payment_success_drop", f"stripe|{drop.method}", _crowded(declined, 8, HOUR), drop.end)
    for ring in incidents.rings:
        placed = _crowded(ring.placed, 6, DAY)
        found += _row("brushing_suspected", f"{ring.shop.account}|{ring.address.street}", placed, ring.end)
        if placed is not None:
            found += _members("brushing_suspected", ring)
    for coupon in incidents.coupons:
        at = coupon.address.street
        found += _noticed("promo_abuse", f"{coupon.coupon}|{at}", coupon, 4, Duration(7 * DAY))
        # Where the shop's feed was down, a ring that takes its time shows itself all the same.
        found += _noticed("brushing_suspected", at, coupon, 5, DAY)
    for defect in incidents.defects:
        weeks = _windows([fact.told for fact in defect.told], Duration(7 * DAY))
        sixth = min((week[5] for week in weeks.values() if len(week) > 5), default=None)
        found += _row("defect_surge", defect.sku, sixth, defect.end)
    return found


_MISSED: Final = 10
"""Were ten parcels to be expected, that none comes by chance is once in e^10 half hours, which is more than a year:
nobody who allows for one false alarm a year can know it sooner, not even who knows the lane by heart."""


def _missed(lane: LaneDisruption) -> Instant | None:
    """When the closing of a lane could first be seen in what did not arrive."""
    missed = sorted(lane.missed)
    return missed[_MISSED - 1] if len(missed) >= _MISSED else None


def _kept_silent(lane: LaneDisruption, by_order: dict[str, list[Truth]]) -> list[Instant]:
    """When parcels stalled that the closed lane kept; a slow one may stall before it would have arrived."""
    return sorted(
        row.at
        for order, missed in zip(lane.orders, lane.missed, strict=True)
        for row in by_order.get(order, ())
        if row.exception in ("tracking_stalled", "destination_dark") and row.at >= missed
    )


def _noticed(exception: str, subject: str, ring: CouponRing, many: int, window: Duration) -> list[Truth]:
    """The ring shows itself with so many orders told in a day or a week (they begin on Thursdays), until one goes by
    without; what has not left by then can be held."""
    windows = _windows(ring.placed, window)
    full = {index for index, moments in windows.items() if len(moments) >= many}
    rows = []
    for first in sorted(index for index in full if index - 1 not in full):
        seen, over = windows[first][many - 1], first
        while over in full:
            over += 1
        end = Instant((over + 1) * window)
        rows += _row(exception, subject, seen, end)
        for order, placed, left in zip(ring.orders, ring.placed, ring.shipped, strict=True):
            known = max(placed, seen)
            if seen - window <= placed < end and (left is None or left > known):
                rows.append(Truth(exception=exception, subject=order, order=order, at=known, healed_at=end))
    return rows


def _members(exception: str, ring: BrushingRing) -> list[Truth]:
    """A row for each order of a ring that was big enough to be noticed."""
    return [
        Truth(exception=exception, subject=order, order=order, at=placed, healed_at=max(ring.end, placed))
        for order, placed in zip(ring.orders, ring.placed, strict=True)
    ]


def _moments(incident: Incident, by_order: dict[str, list[Truth]], *exceptions: str) -> list[Instant]:
    return sorted(row.at for order in incident.orders for row in by_order.get(order, ()) if row.exception in exceptions)


def _windows(moments: list[Instant], window: Duration) -> dict[int, list[Instant]]:
    windows: dict[int, list[Instant]] = {}
    for moment in sorted(moments):
        windows.setdefault(moment // window, []).append(moment)
    return windows


def _crowded(moments: list[Instant], many: int, within: Duration) -> Instant | None:
    """The first moment at which so many lie in the time before it."""
    moments = sorted(moments)
    for index in range(many - 1, len(moments)):
        if moments[index] - moments[index - many + 1] <= within:
            return moments[index]
    return None


def _row(exception: str, subject: str, at: Instant | None, end: Instant) -> list[Truth]:
    if at is None:
        return []
    return [Truth(exception=exception, subject=subject, order="", at=at, healed_at=max(end, at))]
