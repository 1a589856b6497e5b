"""What the built-in rules are worth in a world with seasons, peaks and closed lanes: surges, stall limits, chances.

    python scripts/season_figures.py [--seed N] [--orders N] [--days N] [--svg FILE] [--json]

Makes a seeded world from September to December (docs/simulator.md), runs the built-in rules over it and prints three
tables: how soon surges are found and how many were none; what learned stall limits give beside fixed ones; and whether
the chances of being late, and of ever coming, mean what they say. See docs/learning.md.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec

from amends.cli.sim import labels_of
from amends.cli.simulated import read_elsewhere
from amends.detection import Kernel, Pack, load_pack, pack_from_documents
from amends.detection.backtest import Backtest
from amends.detection.backtest.labels import GROUPS, Label
from amends.detection.backtest.outcome import Outcome, middle
from amends.detection.backtest.threshold import parse_value, threshold_of, variant
from amends.detection.document import read_document
from amends.model.event import Event, decode_event
from amends.model.instant import DAY, HOUR, Duration, Instant, parse_instant
from amends.sim.climate import Climate
from amends.sim.world import Plan, World

START: Final = parse_instant("2026-09-07T00:00:00Z")
SOON: Final = Duration(2 * HOUR)
FIXED_DAYS: Final = (5, 7, 9, 12, 14, 16)
CHANCES: Final = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
AHEAD: Final = Duration(3 * DAY)
"""So long before the promise it is asked whether an order will be late."""
AGES: Final = (3, 5, 8, 12, 16)
"""After so many days of silence it is asked whether a parcel will ever be seen again."""
LATEST: Final = Duration(25 * DAY)
"""Whether anything comes is known after so long."""
YOUNG: Final = Duration(42 * DAY)
"""How much longer than the longest wait so far one may take is not in the data: so long nothing is asked of it."""
_BY_DIGEST: Final = ("brushing_suspected", "promo_abuse")
_PORTION: Final = 20_000


class SurgeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of surge: those there were, those found, and how long after they could first be seen."""

    exception: str
    there: int
    found: int
    soon: int
    hours_median: float | None
    hours_worst: float | None
    false: int


class StallRow(msgspec.Struct, frozen=True, kw_only=True):
    """One way to limit the silence of a parcel."""

    limit: str
    stalls: int
    found: int
    false: int
    days_median: float | None
    """From the last scan to the finding of a stalled parcel."""


class ChanceRow(msgspec.Struct, frozen=True, kw_only=True):
    """Answers between two stated chances, and the share of them in which it came so."""

    low: float
    high: float
    answers: int
    came: float

    @property
    def stated(self) -> float:
        """The middle of what was stated."""
        return (self.low + self.high) / 2


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All that is printed."""

    orders: int
    events: int
    weeks: float
    surges: list[SurgeRow]
    closed_hours_median: float | None
    """From the closing of a lane, which nobody sees, to the finding."""
    stalls: list[StallRow]
    late: list[ChanceRow]
    ever: list[ChanceRow]


def figures(plan: Plan) -> Figures:
    """Make the world, and measure."""
    world, seen = World(plan), Seen()
    built_in = load_pack()
    limit = threshold_of(built_in, "tracking_stalled.within")
    fixed = [variant(built_in, limit, parse_value(limit, f"{days} days")) for days in FIXED_DAYS]
    backtest, chances = Backtest(built_in, *fixed), Kernel(chances_pack())
    count = 0
    for events in _portions(world):
        count += len(events)
        backtest.feed(events)
        seen.take(events, chances.on_events(events).findings)
    backtest.sweep(world.clock)
    seen.take([], chances.sweep(world.clock).findings)
    labels = labels_of(world.truths())
    now, *others = backtest.reports()
    weeks = (world.clock - plan.start) / (7 * DAY)
    groups = [one for one in now.outcomes if one.kind == "group"]
    stalled = [one for one in labels if one.exception == "tracking_stalled"]
    scans = seen.scans
    rows = [stall_row("learned", now.of_rule("tracking_stalled"), stalled, scans)]
    rows += [
        stall_row(f"{days} days", report.of_rule("tracking_stalled"), stalled, scans)
        for days, report in zip(FIXED_DAYS, others, strict=True)
    ]
    return Figures(
        orders=len(seen.orders),
        events=count,
        weeks=weeks,
        surges=surge_rows(groups, labels),
        closed_hours_median=_closed(world, groups),
        stalls=rows,
        late=late_rows(seen, chances, world.clock),
        ever=ever_rows(seen, world.clock),
    )


class Seen:
    """What was told of orders and parcels, and what was said of their chances."""

    def __init__(self) -> None:
        self.orders: set[str] = set()
        self.scans: dict[str, list[tuple[Instant, str | None]]] = defaultdict(list)
        self.said: dict[tuple[str, str], list[tuple[float, Instant, str]]] = defaultdict(list)
        """By kind of chance and subject: the chance, when it was reached, and the wait it was said of."""

    def take(self, events: Iterable[Event], findings: Iterable[Any]) -> None:
        """The next events, and what was found in them."""
        for event in events:
            if event.type == "order.placed":
                self.orders.add(event.keys["order"])
            elif event.type in ("shipment.scanned", "shipment.delivered"):
                status = event.data.get("status")
                if status not in ("Pending", "InfoReceived"):
                    self.scans[event.keys["shipment"]].append((event.time, status))
        for one in findings:
            name, _, chance = one.rule.rpartition("_")
            self.said[name, one.subject].append((int(chance) / 100, one.fired_at, one.cause))


def chances_pack() -> Pack:
    """Rules that fire as a chance passes each of CHANCES, by the built-in waits."""
    tables = read_document(Path(__file__).parent.parent / "src/amends/detection/packs/tables.yaml").content
    rules = []
    for chance in CHANCES:
        said = {"en": "A chance", "zh-Hans": "概率"}
        common = {"kind": "silence", "trouble": "delivery", "title": said, "says": said}
        late = {"id": f"late_{round(chance * 100)}", "exception": "predicted_late", "table": "order"}
        late |= {"since": "shipped_at", "within": f"LATE_AFTER('transit', deliver_by, {chance})"}
        ever = {"id": f"ever_{round(chance * 100)}", "exception": "lost", "table": "shipment"}
        ever |= {"since": "last_scan_at"}
        ever |= {"within": f"LOST_AFTER('scan', {chance}, INTERVAL '120 days', INTERVAL '1 hour')"}
        over = "delivered_at IS NOT NULL OR returned_at IS NOT NULL OR lost_at IS NOT NULL"
        rules.append({**common, **late, "until": "delivered_at IS NOT NULL OR cancelled_at IS NOT NULL"})
        rules.append({**common, **ever, "until": over, "where": "status <> 'AvailableForPickup' OR status IS NULL"})
    return pack_from_documents([tables, {"rules": rules}])


# ---------------------------------------------------------------- surges


def surge_rows(groups: list[Outcome], labels: list[Label]) -> list[SurgeRow]:
    """Each kind of surge, by name."""
    rows = []
    for exception in sorted(GROUPS):
        true = [one for one in labels if one.exception == exception and not one.order]
        found = [one for one in groups if one.exception == exception]
        late = []
        for label in true:
            first = min((one.fired_at for one in found if _is_about(one, label)), default=None)
            if first is not None and label.at is not None:
                late.append(max(0.0, (first - label.at) / HOUR))
        false = [one for one in found if not any(_is_about(one, label) for label in true)]
        rows.append(
            SurgeRow(
                exception=exception,
                there=len(true),
                found=len(late),
                soon=sum(hours <= SOON / HOUR for hours in late),
                hours_median=_middle(late),
                hours_worst=max(late, default=None),
                false=len(false),
            )
        )
    return rows


def _is_about(one: Outcome, label: Label) -> bool:
    assert label.at is not None
    same = label.exception in _BY_DIGEST or one.subject == label.subject
    return same and label.at - 2 * DAY <= one.fired_at <= (label.healed_at or one.fired_at)


def _closed(world: World, groups: list[Outcome]) -> float | None:
    hours = []
    for lane in world.incidents.lanes:
        subject = f"{lane.carrier}|{lane.origin}|{lane.destination}"
        moments = (one.fired_at for one in groups if one.exception == "lane_disruption" and one.subject == subject)
        first = min((at for at in moments if lane.covers(at)), default=None)
        if first is not None:
            hours.append((first - lane.start) / HOUR)
    return _middle(hours)


# ---------------------------------------------------------------- stalls


def stall_row(
    limit: str, found: list[Outcome], stalled: list[Label], scans: dict[str, list[tuple[Instant, str | None]]]
) -> StallRow:
    """A finding is right if the parcel was truly stalled then, however long it had been."""
    true: dict[str, list[Label]] = defaultdict(list)
    for label in stalled:
        true[label.subject].append(label)
    hit: set[tuple[str, Instant | None]] = set()
    false, days = 0, []
    for one in found:
        last = max((at for at, _ in scans[one.subject] if at <= one.fired_at), default=one.fired_at)
        about = [label for label in true.get(one.subject, ()) if _is_on(label, last, one.fired_at)]
        hit |= {(label.subject, label.at) for label in about}
        if about:
            days.append((one.fired_at - last) / DAY)
        false += not about
    return StallRow(limit=limit, stalls=len(stalled), found=len(hit), false=false, days_median=_middle(days))


def _is_on(label: Label, last_scan: Instant, at: Instant) -> bool:
    assert label.at is not None
    return last_scan <= label.at and at <= (label.healed_at or at)


# ---------------------------------------------------------------- chances


def late_rows(seen: Seen, kernel: Kernel, end: Instant) -> list[ChanceRow]:
    """Of orders under way three days before their promise: how likely they were said to be late, and how many were."""
    answers = []
    for order in sorted(seen.orders):
        row = kernel.row("order", order) or {}
        shipped, promise = row.get("shipped_at"), row.get("deliver_by")
        if shipped is None or promise is None or promise > end:
            continue
        asked = Instant(promise - AHEAD)
        delivered, cancelled = row.get("delivered_at"), row.get("cancelled_at")
        if shipped > asked or (delivered or end) <= asked or (cancelled or end) <= asked:
            continue
        passed = [chance for chance, at, _ in seen.said["late", order] if at <= asked]
        # Where too little is known nothing is said.
        if passed:
            answers.append((max(passed), delivered is None or delivered > promise))
    return _rows(answers, upward=True)


def ever_rows(seen: Seen, end: Instant) -> list[ChanceRow]:
    """Of parcels that have been silent for some days: how likely they were said to be seen again, and how many were."""
    answers, learned_by = [], START + YOUNG
    for shipment, scans in seen.scans.items():
        moments = sorted(set(scans))
        for (at, status), following in pairwise([*moments, (Instant(2**62), None)]):
            if status in ("Delivered", "AvailableForPickup") or at + LATEST > end:
                continue
            said = [(chance, when) for chance, when, cause in seen.said["ever", shipment] if cause == str(int(at))]
            for age in AGES:
                asked = at + age * DAY
                passed = [chance for chance, when in said if when <= asked]
                if asked >= learned_by and following[0] > asked and passed:
                    answers.append((min(passed), following[0] < end))
    return _rows(answers, upward=False)


def _rows(answers: list[tuple[float, bool]], *, upward: bool) -> list[ChanceRow]:
    """By the last chance that was passed: on the way up it is the least that holds, on the way down the greatest."""
    edges = [0.0, *CHANCES, 1.0]
    rows = []
    for chance in CHANCES:
        came = [outcome for stated, outcome in answers if stated == chance]
        if came:
            place = edges.index(chance)
            low, high = (chance, edges[place + 1]) if upward else (edges[place - 1], chance)
            rows.append(ChanceRow(low=low, high=high, answers=len(came), came=sum(came) / len(came)))
    return rows


def calibration_error(rows: list[ChanceRow]) -> float:
    """The mean distance of what came from what was stated, which is a range."""
    total = sum(row.answers for row in rows)
    return sum(row.answers * max(row.low - row.came, row.came - row.high, 0) for row in rows) / max(total, 1)


def diagram(parts: dict[str, list[ChanceRow]]) -> str:
    """The reliability diagrams as SVG, side by side: what was said against what came."""
    size, edge = 300, 48
    drawn = []
    for number, (title, rows) in enumerate(parts.items()):
        left = edge + number * (size + edge + 24)
        most = max((row.answers for row in rows), default=1)
        drawn.append(f'<g transform="translate({left},32)">')
        drawn.append(f'<rect width="{size}" height="{size}" fill="none" stroke="#adb5bd"/>')
        drawn.append(f'<path d="M0 {size}L{size} 0" stroke="#adb5bd" stroke-dasharray="4 4"/>')
        drawn.append(f'<text x="0" y="-12">{title}</text>')
        for row in rows:
            x, y = row.stated * size, size - row.came * size
            radius = 3 + 7 * (row.answers / most) ** 0.5
            drawn.append(f'<path d="M{row.low * size:.1f} {y:.1f}H{row.high * size:.1f}" stroke="#1971c2"/>')
            drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#1971c2" fill-opacity="0.6"/>')
        for tick in (0, 0.25, 0.5, 0.75, 1):
            drawn.append(f'<text x="{tick * size:.0f}" y="{size + 16}" text-anchor="middle">{tick:.0%}</text>')
            drawn.append(f'<text x="-6" y="{size - tick * size + 4:.0f}" text-anchor="end">{tick:.0%}</text>')
        drawn.append(f'<text x="{size / 2}" y="{size + 36}" text-anchor="middle">stated</text></g>')
    width = edge + len(parts) * (size + edge + 24)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {size + 84}" font-family="sans-serif" '
        'font-size="12" fill="#212529"><rect width="100%" height="100%" fill="#fff"/>'
    )
    return "\n".join([head, *drawn, "</svg>", ""])


# ---------------------------------------------------------------- all of it


def _portions(world: World) -> Iterator[list[Event]]:
    waiting: list[Event] = []
    for portion in read_elsewhere(world.run(), lambda _: None):
        waiting += [decode_event(line) for _, line in portion.events]
        if len(waiting) >= _PORTION:
            yield waiting
            waiting = []
    yield waiting


def _middle(values: list[float]) -> float | None:
    found = middle([round(value * 1000) for value in values])
    return None if found is None else found / 1000


def _told(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _print(shown: Figures) -> None:
    print(f"{shown.orders:,} orders, {shown.events:,} events in {shown.weeks:.1f} weeks.\n")
    print("| surge | there | found | within 2 h | median h | worst h | false |")
    print("|---|---|---|---|---|---|---|")
    for row in shown.surges:
        told = f"{_told(row.hours_median)} | {_told(row.hours_worst)}"
        print(f"| `{row.exception}` | {row.there} | {row.found} | {row.soon} | {told} | {row.false} |")
    false = sum(row.false for row in shown.surges)
    print(f"\nFalse incidents: {false}, {false / shown.weeks:.2f} a week.")
    print(f"A closed lane is found {_told(shown.closed_hours_median)} h after it was closed (median).\n")
    print("| limit of silence | stalls | found | recall | false alarms | told after (days) |")
    print("|---|---|---|---|---|---|")
    for stall in shown.stalls:
        recall = stall.found / max(stall.stalls, 1)
        print(
            f"| {stall.limit} | {stall.stalls} | {stall.found} | {recall:.2%} | {stall.false:,} | "
            f"{_told(stall.days_median)} |"
        )
    for title, rows in (("late", shown.late), ("ever seen again", shown.ever)):
        print(f"\n| stated: {title} | came | answers |\n|---|---|---|")
        for chance in rows:
            print(f"| {chance.low:.2f} to {chance.high:.2f} | {chance.came:.3f} | {chance.answers:,} |")
        print(f"\nCalibration error: {calibration_error(rows):.3f}.")


def main() -> int:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--orders", type=int, default=30_000)
    parser.add_argument("--days", type=float, default=98)
    parser.add_argument("--closures-every", type=float, default=9, help="days from one closed lane to the next")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the reliability diagrams")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    climate = Climate(seasons=True, peaks=True)
    plan = Plan.of(
        seed=options.seed, orders=options.orders, days=options.days, start=START, climate=climate,
        closures_every=options.closures_every,
    )  # fmt: skip
    shown = figures(plan)
    if options.json:
        print(json.dumps(msgspec.to_builtins(shown)))
    else:
        _print(shown)
    if options.svg:
        parts = {
            "Late, three days before the promise": shown.late,
            "Ever seen again, after days of silence": shown.ever,
        }
        options.svg.write_text(diagram(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
