"""A number of a rule at another value: found by name, read with its unit, and tried alone as in the whole pack."""

import re
from pathlib import Path

import pytest

from amends.cli.simulated import Reader, raw_delivery
from amends.detection import Kernel, Pack, load_pack, pack_from_text
from amends.detection.backtest import (
    Backtest,
    Label,
    Tolerance,
    UnusableThresholdError,
    main_threshold,
    parse_value,
    swept,
    threshold_of,
    thresholds_of,
    values_around,
    variant,
)
from amends.model.event import Event, decode_event
from amends.model.instant import DAY, HOUR, Duration
from amends.sim.world import Plan, World

PACKS = Path(__file__).parents[2] / "src" / "amends" / "detection" / "packs"


@pytest.fixture(scope="module")
def built_in() -> Pack:
    return load_pack()


@pytest.fixture(scope="module")
def world() -> tuple[list[Event], list[Label]]:
    made, reader = World(Plan.of(seed=8, orders=300)), Reader()
    deliveries = [raw_delivery(sending, position) for position, sending in enumerate(made.run(), 1)]
    events = [decode_event(line) for _, line in reader.read(deliveries).events]
    labels = [
        Label(exception=one.exception, subject=one.subject, order=one.order, at=one.at, healed_at=one.healed_at)
        for one in made.truths()
    ]
    return events, labels


def test_the_numbers_of_rules_have_names(built_in: Pack) -> None:
    def named(rule: str) -> dict[str, str]:
        return {one.part: one.text for one in thresholds_of(built_in.rules[rule])}

    assert named("destination_dark") == {"within": "6 days"}
    # Of a learned limit the fixed one that would stand in its place, and each number in it.
    learned = {"within": "3 days", "within.1": "0.5", "within.2": "18 hours", "within.3": "12 hours"}
    assert named("no_first_scan") == learned | {"within.4": "60 hours", "within.5": "4"}
    assert named("lost_unheard")["within"] == "30 days"
    assert named("handover_late") == {"within": "0 minutes", "since": "3"}
    assert named("quantity_abnormal") == {"when": "20"}
    assert named("serial_refunder") == {"when.1": "3", "when.2": "2"}
    surge = named("lane_disruption")
    assert (surge["at_least"], surge["false_alarms"], surge["window"]) == ("12", "1 per 365 days", "1 day")
    assert named("order_cancelled") == {}


def test_every_value_worth_trying_can_be_tried(built_in: Pack) -> None:
    for rule in built_in.rules.values():
        main = main_threshold(rule)
        if main is not None:
            for value in values_around(main):
                Kernel(variant(built_in, main, value))


def test_what_is_asked_of_learned_waits_is_a_share(built_in: Pack) -> None:
    share = threshold_of(built_in, "predicted_late.within")
    assert (share.kind, share.text) == ("chance", "0.85")
    assert [value.text for value in values_around(share)] == ["0.55", "0.7", "0.77", "0.85", "0.89", "0.93", "0.96"]
    with pytest.raises(UnusableThresholdError, match="a share between 0 and 1"):
        parse_value(share, "1.2")


def test_a_number_of_working_days_is_a_count(built_in: Pack) -> None:
    days = threshold_of(built_in, "handover_late.since")
    assert (days.kind, days.text) == ("count", "3")
    with pytest.raises(UnusableThresholdError, match="a whole number from 1 on"):
        parse_value(days, "36h")


def test_what_stands_in_quotation_marks_or_names_is_no_number() -> None:

    pack = load_pack()
    # `IN_SET(country, 'ce_countries')`, `event.intent IN ('wrong_item', ...)`
    for rule in ("certificate_missing", "pick_error"):
        assert all(one.text.replace(".", "").isdigit() or " " in one.text for one in thresholds_of(pack.rules[rule]))


@pytest.mark.parametrize(
    ("name", "text", "size"),
    [
        ("no_first_scan.within", "48h", 48 * HOUR),
        ("no_first_scan.within", "1d", DAY),
        ("no_first_scan.within", "1 day 12 hours", 36 * HOUR),
        ("no_first_scan.within", "0m", 0),
        ("quantity_abnormal.when", "10", 10),
        ("lane_disruption.at_least", "8", 8),
        ("lane_disruption.false_alarms", "1 per 10 days", 0.1),
    ],
)
def test_values_are_read_with_their_units(built_in: Pack, name: str, text: str, size: float) -> None:
    assert parse_value(threshold_of(built_in, name), text).size == pytest.approx(size)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("no_first_scan.within", "48", "`48` cannot be `no_first_scan.within`: give a length such as 48h"),
        ("no_first_scan.within", "soon", "give a length"),
        ("quantity_abnormal.when", "20 OR TRUE", "give a number such as"),
        ("lane_disruption.at_least", "0", "give a whole number from 1 on"),
        ("lane_disruption.at_least", "2.5", "give a whole number from 1 on"),
        ("lane_disruption.false_alarms", "0 per 10 days", "give a rate such as"),
        ("lane_disruption.window", "0h", "give a length"),
        ("lane_disruption.prior", "0", "give a number"),
        ("no_frist_scan.within", "1h", "There is no rule `no_frist_scan`; did you mean `no_first_scan`?"),
        ("no_first_scan.when", "1h", "has no number `when`; its numbers are `within` (3 days)"),
        ("no_first_scan", "1h", "has no number ``; its numbers are"),
        ("order_cancelled.when", "1h", "has no number that could be another"),
    ],
)
def test_what_cannot_be_is_a_sentence(built_in: Pack, name: str, text: str, complaint: str) -> None:
    with pytest.raises(UnusableThresholdError) as refusal:
        parse_value(threshold_of(built_in, name), text)
    assert complaint in str(refusal.value)


def test_each_rule_tried_alone_at_its_own_value_finds_what_the_whole_pack_does(
    built_in: Pack, world: tuple[list[Event], list[Label]]
) -> None:
    # A fixed limit in the place of a learned one is another limit.
    asks = ("LEARNED", "LATE_AFTER", "LOST_AFTER")
    rules = built_in.rules.values()
    learned = {f"{rule.id}.within" for rule in rules if any(each in (rule.within or "") for each in asks)}
    thresholds = [
        next(one for one in known if one.name not in learned or one.kind == "chance")
        for rule in built_in.rules.values()
        if (known := thresholds_of(rule))
    ]
    assert len(thresholds) > 40
    variants = [variant(built_in, one, parse_value(one, one.text)) for one in thresholds]
    backtest = Backtest(built_in, *variants)
    for start in range(0, len(world[0]), 3_000):
        backtest.feed(world[0][start : start + 3_000])
    whole, *alone = backtest.reports()
    assert [
        one.name
        for one, report in zip(thresholds, alone, strict=True)
        if report.of_rule(one.rule) != whole.of_rule(one.rule)
    ] == []
    assert sum(bool(whole.of_rule(one.rule)) for one in thresholds) > 20


def test_another_value_finds_what_the_rewritten_pack_does(world: tuple[list[Event], list[Label]]) -> None:
    text = (PACKS / "tables.yaml").read_text() + (PACKS / "fulfilment.yaml").read_text()
    pack = pack_from_text(text)
    within, since = threshold_of(pack, "no_first_scan.within"), threshold_of(pack, "handover_late.since")
    changed = [
        (within, "12h", re.sub(r"within: LEARNED\('first_scan'.*", "within: 12 hours", text)),
        (since, "1", text.replace("captured_at), 3, CALENDAR", "captured_at), 1, CALENDAR")),
    ]
    packs = [pack]
    for threshold, value, rewritten in changed:
        packs += [variant(pack, threshold, parse_value(threshold, value)), pack_from_text(rewritten)]
    backtest = Backtest(*packs)
    backtest.feed(world[0])
    now, *reports = backtest.reports()
    for place, (threshold, value, _) in enumerate(changed):
        tried, rewritten_report = reports[2 * place : 2 * place + 2]
        assert tried.of_rule(threshold.rule) == rewritten_report.of_rule(threshold.rule)
        (point,) = swept(threshold, now, [(parse_value(threshold, value), tried)]).points
        before, after = now.of_rule(threshold.rule), tried.of_rule(threshold.rule)
        assert point.change.both + point.change.only_old == len(before)
        assert point.change.both + point.change.only_new == len(after)
    assert len(reports[0].of_rule("no_first_scan")) > len(now.of_rule("no_first_scan"))


def test_a_shorter_wait_is_earlier_and_less_precise(built_in: Pack, world: tuple[list[Event], list[Label]]) -> None:
    events, labels = world
    threshold = threshold_of(built_in, "no_first_scan.within")
    values = [parse_value(threshold, text) for text in ("72h", "12h", "48h", "24h")]
    backtest = Backtest(built_in, *(variant(built_in, threshold, value) for value in values))
    backtest.feed(events)
    now, *tried = backtest.reports()
    sweep = swept(threshold, now, zip(values, tried, strict=True), labels, Tolerance(early=Duration(3 * DAY)))
    assert [point.value.text for point in sweep.points] == ["12 hours", "24 hours", "48 hours", "72 hours"]
    assert sweep.now == 72 * HOUR
    scores = [point.score for point in sweep.points if point.score is not None]
    assert len(scores) == 4
    assert all(one.recall == 1 for one in scores)
    precision = [one.precision or 0 for one in scores]
    assert precision == sorted(precision)
    assert precision[-1] == 1
    assert precision[0] < 0.5
    hours = [round((one.ahead_median or 0) / HOUR, 3) for one in scores]
    assert hours == [60, 48, 24, 0]
    # What is learned is earlier than any of them that is right.
    assert sweep.points[-1].change.later > 0
    assert sweep.points[-1].change.earlier == 0
