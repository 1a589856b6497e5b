# ruff: noqa: E501 - a sentence a line
"""Rules in words: complete for every built-in rule in both languages, and true to each part of the rule."""

import re
from importlib.resources import files

import pytest
import yaml

from amends.detection import load_pack, pack_from_text
from amends.detection.condition import TERMS, condition, inline, outline, value
from amends.detection.explain import LANGUAGES, Explanation, explain
from amends.detection.rule import Rule
from amends.detection.types import Type
from amends.model.fields import FIELDS

PACK = load_pack()
TYPES: dict[str, Type] = {
    "a": "instant", "b": "instant", "n": "integer", "m": "money", "t": "text", "f": "flag", "event.reason": "text",
    "order.total": "money",
}  # fmt: skip


def told(rule: str, language: str = "en") -> Explanation:
    return explain(PACK, PACK.rules[rule], language)  # type: ignore[arg-type]


def text_of(one: Explanation) -> str:
    return "\n".join(
        [one.title, one.summary, *(fact.means for fact in one.facts), *one.fires, *one.clears, one.loss, one.says]
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", PACK.rules.values(), ids=lambda rule: rule.id)
def test_every_rule_is_explained(rule: Rule, language: str) -> None:
    one = told(rule.id, language)
    said = text_of(one)
    assert one.facts or one.evidence
    assert all(one.fires)
    assert all(one.clears)
    # No SQL is left, no placeholder unfilled, nothing said in the other language.
    assert not re.search(r"\b(AND|OR|NOT|NULL|INTERVAL|COALESCE|IN_SET|MONEY|CASE|None)\b", said)
    assert not re.search(r"\{\w*\}", "\n".join([one.summary, *one.fires, *one.clears, one.loss]))
    chinese = re.compile(r"[\u4e00-\u9fff]")
    lines = [one.summary, *one.fires, *one.clears, one.loss, *(fact.means for fact in one.facts)]
    if language == "en":
        assert not chinese.search("\n".join(lines))
    else:
        assert [line for line in lines if not chinese.search(re.sub(r"`[^`]*`|“[^”]*”", "", line))] == []


@pytest.mark.parametrize("rule", PACK.rules.values(), ids=lambda rule: rule.id)
def test_every_column_a_condition_names_is_among_the_facts(rule: Rule) -> None:
    facts = {fact.name for fact in told(rule.id).facts}
    for text in (*rule.conditions.values(), rule.loss or ""):
        bare = re.sub(r"'[^']*'", "", text)
        assert set(re.findall(r"\bevent\.\w+|\b[a-z_]+_at\b", bare)) <= facts


OWN_TEXT = """
tables:
  order:
    columns:
      taken_at: {fold: min, of: time, on: [payment.captured]}
      paid_at: {fold: min, of: time, on: [order.paid]}
      placed_at: {fold: min, of: time, on: [order.placed, order.edited]}
      taken: {fold: sum, of: amount, on: [payment.captured], where: "event.status = 'done'"}
      total: {fold: last, of: total, on: [order.placed]}
      shop: {fold: first, of: shop, on: [order.placed]}
rules:
  - id: waiting
    exception: paid_not_updated
    kind: silence
    table: order
    severity: high
    trouble: payment
    since: taken_at
    within: 15 minutes
    until: paid_at IS NOT NULL OR taken < total
    where: placed_at IS NOT NULL
    loss: taken
    title: {en: Waiting, zh-Hans: 等待}
    says: {en: Waiting, zh-Hans: 等待}
  - id: reviewed
    exception: negative_review
    kind: fault
    table: order
    severity: warning
    trouble: service
    on: [review.posted, message.received]
    when: event.rating <= 2
    until: paid_at IS NOT NULL
    title: {en: Reviewed, zh-Hans: 评价}
    says: {en: Reviewed, zh-Hans: 评价}
  - id: short
    exception: amount_mismatch
    kind: conflict
    table: order
    severity: info
    trouble: payment
    when: taken < total
    title: {en: Short, zh-Hans: 不足}
    says: {en: Short, zh-Hans: 不足}
  - id: many
    exception: chargeback_surge
    kind: surge
    table: order
    severity: critical
    trouble: dispute
    of: {rules: [reviewed, short]}
    by: [shop]
    window: 1 day
    at_least: 6
    false_alarms: 1 per 60 days
    title: {en: Many, zh-Hans: 很多}
    says: {en: Many, zh-Hans: 很多}
"""
OWN = pack_from_text(OWN_TEXT)


def test_a_silence_says_from_when_how_long_and_until_what() -> None:
    one = explain(OWN, OWN.rules["waiting"], "en")
    assert one.summary == "A silence, judged for each order. Severity: high. Trouble: payment."
    assert one.fires == [
        "Waits 15 minutes from `taken_at`.",
        "Only while `placed_at` is known.",
        "Fires when that time has passed, unless `paid_at` is known or `taken` is less than `total`.",
        "Fires once for each such moment; when it moves, the wait begins anew.",
    ]
    assert one.clears == [
        "Clears as soon as `paid_at` is known or `taken` is less than `total`.",
        "Clears also when the moment from which it waits moves, or when it has no more reason to wait.",
    ]
    assert one.loss == "The money at stake is `taken`."
    assert {fact.name: fact.means for fact in one.facts} == {
        "taken_at": "when the first `payment.captured` happened",
        "paid_at": "when the first `order.paid` happened",
        "taken": "the sum of `amount` over all `payment.captured`: money moved, held or claimed by this event, "
        "counting only where the event's `status` is “done”",
        "total": "`total` of the latest `order.placed`: what the buyer owes for the order",
        "placed_at": "when the first `order.placed` or `order.edited` happened",
    }
    chinese = explain(OWN, OWN.rules["waiting"], "zh-Hans")
    assert chinese.fires[0] == "从 `taken_at` 起等待 15 分钟。"
    assert chinese.fires[2] == "到时触发，除非已满足：`paid_at` 已知，或 `taken` 小于 `total`。"


def test_a_fault_a_conflict_and_a_surge_say_what_they_look_for() -> None:
    fault, conflict, surge = (explain(OWN, OWN.rules[rule], "en") for rule in ("reviewed", "short", "many"))
    assert fault.fires == [
        "Fires at each `review.posted` or `message.received` for which the event's `rating` is at most 2."
    ]
    assert fault.clears == ["Clears as soon as `paid_at` is known."]
    assert fault.loss == "It states no loss."
    assert conflict.fires == ["Fires as soon as `taken` is less than `total`."]
    assert conflict.clears == ["Clears as soon as that is no longer so."]
    assert (
        surge.fires[0] == "Counts the findings of `reviewed` and `short`, for each `shop` apart, in windows of 1 day."
    )
    assert "at least 6, and more than chance would bring to the group more often than 1 per 60 days." in surge.fires[1]
    assert surge.clears == ["Clears at the end of the first window of 1 day in which that is not reached."]


@pytest.mark.parametrize(
    ("expression", "english", "chinese"),
    [
        ("a IS NOT NULL AND n > 1", "`a` is known and `n` is more than 1", "`a` 已知，且 `n` 大于 1"),
        ("a > b OR a <= b", "`a` is later than `b` or `a` is not later than `b`", "`a` 晚于 `b`，或 `a` 不晚于 `b`"),
        ("NOT (a IS NULL)", "`a` is known", "`a` 已知"),
        ("NOT (n = 1 AND f)", "not (`n` is 1 and `f` is so)", "并非（`n` 是 1，且 `f` 为真）"),
        ("NOT f", "`f` is not so", "`f` 为假"),
        ("f IS TRUE", "`f` is so", "`f` 为真"),
        ("t IN ('x', 'y')", "`t` is one of “x”, “y”", "`t` 是 “x”、“y” 之一"),
        ("t NOT IN ('x')", "`t` is not “x”", "`t` 不是 “x”"),
        ("IN_SET(t, 's')", "`t` is in the set `s`", "`t` 在集合 `s` 中"),
        ("NOT IN_SET(t, 's')", "`t` is not in the set `s`", "`t` 不在集合 `s` 中"),
        ("n BETWEEN 1 AND 3", "`n` is from 1 to 3", "`n` 在 1 到 3 之间"),
        ("event.reason = 'x'", "the event's `reason` is “x”", "事件的 `reason` 是 “x”"),
        ("f AND (a IS NULL OR n < 2)", "`f` is so and (`a` is not known or `n` is less than 2)", "`f` 为真，且 (`a` 尚无，或 `n` 小于 2)"),
        ("ABS(m - order.total) > MONEY(0.05)", "the difference between `m` and the order's `total` is more than 0.05 in the currency of the order", "`m` 与 订单的 `total` 之差 大于 0.05（按订单币种）"),
    ],
)  # fmt: skip
def test_conditions_in_words(expression: str, english: str, chinese: str) -> None:
    assert inline(condition(expression, TYPES, "en"), "en") == english
    assert inline(condition(expression, TYPES, "zh-Hans"), "zh-Hans") == chinese


@pytest.mark.parametrize(
    ("expression", "english"),
    [
        ("a - INTERVAL '72 hours'", "72 hours before `a`"),
        ("COALESCE(a, b + INTERVAL '3 days')", "`a` (where that is not known: 3 days after `b`)"),
        ("a - b", "the time from `b` to `a`"),
        ("m - order.total", "`m` less the order's `total`"),
        ("GREATEST(a, b)", "the greatest of `a`, `b`"),
        ("CASE WHEN f THEN m ELSE 2 * m END", "`m` if `f` is so, otherwise 2 times `m`"),
        ("-n / 2", "minus `n` divided by 2"),
    ],
)
def test_values_in_words(expression: str, english: str) -> None:
    assert value(expression, TYPES, "en") == english


@pytest.mark.parametrize(
    ("expression", "english", "chinese"),
    [
        ("a + WORKING_DAYS(a, 2, 'w')", "2 working days by the calendar `w` after `a`", "`a` 之后 2 个工作日（按日历 `w`）"),
        ("a + WORKING_DAYS(b, 1, CALENDAR(t))", "1 working day by the calendar for `t`, counted from `b` after `a`", "`a` 之后 自 `b` 起计 1 个工作日（按 `t` 对应的日历）"),
        ("WORKING(a, INTERVAL '16 hours', 'w')", "16 hours of working time by the calendar `w`, counted from `a`", "自 `a` 起计 16 小时 工作时间（按日历 `w`）"),
        ("WORKED(a, b, 'w')", "the working time from `a` to `b` by the calendar `w`", "从 `a` 到 `b` 的工作时间（按日历 `w`）"),
    ],
)  # fmt: skip
def test_working_time_in_words(expression: str, english: str, chinese: str) -> None:
    assert value(expression, TYPES, "en") == english
    assert value(expression, TYPES, "zh-Hans") == chinese


def test_the_calendars_a_rule_counts_by_are_among_its_facts() -> None:
    facts = {fact.name: fact.means for fact in told("handover_late").facts}
    assert facts["warehouse"] == "a working calendar that is open at all times: its working day is 24 hours"
    assert (
        told("reply_overdue").fires[0]
        == "Waits from `asked_at` for 1 hour of working time by the calendar for `medium`."
    )
    hours = "{zone: Asia/Shanghai, hours: {mon-fri: 09:00-18:00, sat: [09:00-12:00, 22:00-02:00]}, holidays: [CN, HK], closed: [2027-01-01]}"
    text = OWN_TEXT.replace("rules:", f"calendars:\n  w: {hours}\nrules:", 1).replace(
        "within: 15 minutes", "within: WORKING(taken_at, INTERVAL '15 minutes', 'w')"
    )
    pack = pack_from_text(text)
    assert explain(pack, pack.rules["waiting"], "en").facts[-1].means == (
        "a working calendar: mon-fri 09:00-18:00; sat 09:00-12:00, 22:00-02:00 in Asia/Shanghai, without the public "
        "holidays of `CN` and `HK`, and with days of its own that are closed or open"
    )


def test_a_long_condition_becomes_an_outline() -> None:
    clause = condition("f AND n > 1 AND (a IS NULL OR b IS NULL AND t = 'x' OR m > 0 AND f)", TYPES, "en")
    assert outline(clause, "en") == [
        "all of these hold:",
        "  - `f` is so",
        "  - `n` is more than 1",
        "  - one of these holds:",
        "      - `a` is not known",
        "      - `b` is not known and `t` is “x”",
        "      - `m` is more than 0 and `f` is so",
    ]


def test_every_field_has_a_meaning_in_chinese() -> None:
    translated = yaml.safe_load((files("amends.detection") / "explain.yaml").read_text(encoding="utf-8"))
    assert FIELDS.keys() - translated["zh-Hans"]["fields"].keys() == set()
    assert translated["en"].keys() == translated["zh-Hans"].keys()
    for part in translated["en"].keys() - {"fields"}:
        assert translated["en"][part].keys() == translated["zh-Hans"][part].keys(), part
    assert TERMS["en"].keys() == TERMS["zh-Hans"].keys()
