"""Packs: what is wrong is said with file, line, rule and what to write instead."""

from pathlib import Path

import pytest

from amends.detection import PackError, load_pack, pack_from_text

GOOD = """
tables:
  order:
    columns:
      total: {fold: last, of: total, on: order.placed}
      currency: {fold: last, of: currency, on: order.placed}
      paid_at: {fold: min, of: time, on: order.paid}
      captured_at: {fold: min, of: time, on: payment.captured}
rules:
  - id: paid_not_updated
    kind: silence
    table: order
    trouble: payment
    since: captured_at
    within: 15 minutes
    until: paid_at IS NOT NULL
    loss: total
    title: {en: Paid but unpaid, zh-Hans: 已付款未更新}
    says: {en: "Captured at {captured_at}", zh-Hans: "{captured_at} 扣款"}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(PackError) as refusal:
        pack_from_text(text, "shop.yaml")
    return refusal.value.problems


def test_a_good_pack_is_read() -> None:
    rule = pack_from_text(GOOD).rules["paid_not_updated"]
    assert (rule.exception, rule.severity, rule.version) == ("paid_not_updated", "warning", 1)
    assert rule.conditions == {"since": "captured_at", "within": "15 minutes", "until": "paid_at IS NOT NULL"}


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        (
            "of: total",
            "of: totl",
            "shop.yaml:5: column `order.total`: `of: totl` is not a field; did you mean `total`?",
        ),
        (
            "on: order.paid",
            "on: order.payd",
            "shop.yaml:7: column `order.paid_at`: `order.payd` is not an event type; did you mean `order.paid`?",
        ),
        (
            "fold: min, of: time, on: order.paid",
            "fold: mn, of: time, on: order.paid",
            "shop.yaml:7: column `order.paid_at`: fold 'mn' should be one of first, last, min, max, sum, count, any",
        ),
        (
            "fold: last, of: currency",
            "fold: sum, of: currency",
            "currency is text; whole numbers and money can be summed",
        ),
        ("kind: silence", "kind: silense", "shop.yaml:11: rule `paid_not_updated`: kind 'silense' should be one of"),
        (
            "table: order",
            "table: oder",
            "shop.yaml:12: rule `paid_not_updated`: there is no table `oder`; did you mean",
        ),
        (
            "within: 15 minutes",
            "within: 15",
            "shop.yaml:15: rule `paid_not_updated`: `within: 15` has no unit; write 15 minutes, 15 hours or 15 days",
        ),
        ("within: 15 minutes", "within: total", "`within` is money; give a length such as 15 minutes"),
        (
            "until: paid_at IS NOT NULL",
            "until: payed_at IS NOT NULL",
            "shop.yaml:16: rule `paid_not_updated`, until: there is no `payed_at` here; did you mean `paid_at`?",
        ),
        (
            "until: paid_at IS NOT NULL",
            "untill: paid_at IS NOT NULL",
            "`untill` does not belong in a silence; did you mean `until`?",
        ),
        ("    until: paid_at IS NOT NULL\n", "", "`until` is missing"),
        ("loss: total", "loss: captured_at", "`loss` is instant; it should be money"),
        ("trouble: payment", "trouble: pay", "trouble should be one of"),
        (
            "id: paid_not_updated",
            "id: paid_not_updatd",
            "`paid_not_updatd` is not in the catalogue; did you mean `paid_not_updated`?",
        ),
        ("zh-Hans: 已付款未更新", "zh: 已付款未更新", "`title` needs a text in each of en, zh-Hans"),
        (
            "Captured at {captured_at}",
            "Captured at {capturd_at}",
            "{capturd_at} is not a fact of this rule; did you mean `captured_at`?",
        ),
        (
            "title: {en: Paid but unpaid,",
            "title: {en: Paid, but unpaid,",
            "rule `paid_not_updated`: `but unpaid` is not a language of a pack; put texts with commas in quotes",
        ),
        (
            "rules:",
            "ruls:",
            "`ruls` is not part of a pack; it holds sets, calendars, calendars_by, tables, waits, links, rules and",
        ),
        ("kind: silence", "kind: silence\n    kind: fault", "`kind` is written twice"),
        ("  order:", "  ordr:", "`ordr` is not a kind of subject; did you mean `order`?"),
    ],
)
def test_a_bad_pack_is_refused(good: str, bad: str, complaint: str) -> None:
    assert good in GOOD
    assert any(complaint in problem for problem in problems(GOOD.replace(good, bad, 1)))


def test_all_problems_are_said_at_once() -> None:
    text = GOOD.replace("of: total", "of: totl").replace("within: 15 minutes", "within: soon")
    assert len(problems(text)) >= 2


def test_two_rules_may_not_share_an_id() -> None:
    rule = GOOD.split("rules:")[1]
    assert any("is taken by another rule" in problem for problem in problems(GOOD + rule))


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("rules:\n  - id: x\n    when: [a, b\n")
    with pytest.raises(PackError) as refusal:
        load_pack([file])
    assert str(refusal.value).startswith(f"{file}:")
    assert "not YAML" in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="cannot be read"):
        load_pack([tmp_path / "nowhere.yaml"])


def test_the_country_code_of_norway_is_a_text() -> None:
    pack = pack_from_text(GOOD + "sets:\n  nordic: [SE, NO]\n")
    assert pack.sets["nordic"] == ("SE", "NO")


def test_the_built_in_pack_covers_the_main_areas() -> None:
    pack = load_pack()
    assert len(pack.rules) >= 30
    assert {rule.kind for rule in pack.rules.values()} == {"fault", "conflict", "silence", "surge"}
    areas = {
        "payment",
        "refund",
        "dispute",
        "stock",
        "fulfilment",
        "delivery",
        "customs",
        "address",
        "abuse",
        "service",
    }
    assert areas <= {rule.trouble for rule in pack.rules.values()}


def test_rules_of_ones_own_use_the_built_in_columns_and_may_add_to_them(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    columns = (
        "tables:\n  order:\n    columns:\n      vip: {fold: any, on: order.placed, where: \"event.coupon = 'VIP'\"}\n"
    )
    rule = GOOD.split("rules:")[1].replace("paid_at IS NOT NULL", "paid_at IS NOT NULL OR NOT vip")
    file.write_text(columns + "rules:" + rule)
    pack = load_pack([file])
    assert set(pack.rules) == {"paid_not_updated"}
    assert {"vip", "deliver_by"} <= set(pack.tables["order"].columns)


def test_the_example_of_the_guide_is_a_good_rule(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()
    file = tmp_path / "guide.yaml"
    file.write_text(guide.split("```yaml\n")[1].split("```")[0])
    assert set(load_pack([file]).rules) == {"handover_late_cafe"}


SURGE = """
  - id: {id}
    exception: {id}
    kind: surge
    table: order
    trouble: payment
    of: {{rules: [{of}]}}
    by: [currency]
    window: 1 day
    false_alarms: 1 per 60 days
    title: {{en: Many, zh-Hans: 多}}
    says: {{en: "{{hits}} of {{currency}}", zh-Hans: "{{currency}} {{hits}}"}}
"""


@pytest.mark.parametrize(
    ("first", "second", "counted"),
    [
        ("chargeback_surge", "paid_not_updated", "counts itself"),
        ("defect_surge", "chargeback_surge", "counts `defect_surge`"),
    ],
)
def test_surges_cannot_count_each_other_in_a_circle(first: str, second: str, counted: str) -> None:
    text = GOOD + SURGE.format(id="chargeback_surge", of=first) + SURGE.format(id="defect_surge", of=second)
    line = 1 + text.splitlines().index(f"    of: {{rules: [{first}]}}")
    assert f"shop.yaml:{line}: rule `chargeback_surge`, of: {counted}, which is a surge: " in problems(text)[0]


def test_a_surge_of_no_rule_is_refused_with_its_place() -> None:
    text = GOOD + SURGE.format(id="chargeback_surge", of="paid_not_updatd")
    (problem,) = problems(text)
    assert problem.startswith("shop.yaml:")
    assert problem.endswith("of: there is no rule `paid_not_updatd`; did you mean `paid_not_updated`?")


def test_a_window_and_a_rate_want_units() -> None:
    text = GOOD + SURGE.format(id="chargeback_surge", of="paid_not_updated")
    assert pack_from_text(text).rules["chargeback_surge"].surge is not None
    assert "`window`: '24' is not a length of time" in problems(text.replace("window: 1 day", "window: 24"))[0]
    assert "`false_alarms` should state a rate" in problems(text.replace("1 per 60 days", "1 per 60"))[0]


def test_a_pack_knows_where_each_rule_stands() -> None:
    assert pack_from_text(GOOD, "shop.yaml").places == {"paid_not_updated": "shop.yaml:10"}


WAITS = """
waits:
  way: {table: order, since: paid_at, by: [[currency], []]}
rules:
"""


@pytest.mark.parametrize(
    ("within", "complaint"),
    [
        ("LEARNED('wy', 0.9, INTERVAL '1 day', INTERVAL '1 hour', INTERVAL '9 days')", "no wait `wy` over this table"),
        ("LEARNED('way', 0.9)", "write LEARNED('wait', 0.98, INTERVAL '7 days'"),
        ("LEARNED('way', 90, INTERVAL '1 day', INTERVAL '1 hour', INTERVAL '9 days')", "`90` is a number"),
        ("LEARNED('way', 1.5, INTERVAL '1 day', INTERVAL '1 hour', INTERVAL '9 days')", "a share lies between 0 and 1"),
        ("LATE_AFTER('way', total, 0.5)", "`total` is money"),
        ("LOST_AFTER('way', 0.05, INTERVAL '9 days', captured_at)", "`captured_at` is an instant"),
        ("LERNED('way')", "there is no function LERNED"),
    ],
)
def test_what_is_asked_of_a_wait_is_checked(within: str, complaint: str) -> None:
    text = GOOD.replace("rules:\n", WAITS.lstrip(), 1).replace("within: 15 minutes", f'within: "{within}"')
    assert any("shop.yaml:17" in problem and complaint in problem for problem in problems(text)), problems(text)


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ("since: paid_at", "since: total", "wait `way`: `since` is money, where an instant is needed"),
        ("since: paid_at, ", "", "wait `way`: `since` is missing"),
        ("table: order", "table: oder", "wait `way`: there is no table `oder`"),
        ("[currency], []", "[currency], [total]", "should be a part of ['currency']"),
        ("[[currency], []]", "[[colour]]", "there is no `colour` in order"),
        ("by:", "enough: 0, by:", "`enough: 0` should be a number of ended waits"),
        ("by:", "half_life: 90, by:", "`half_life`"),
        ("by:", "bye: 1, by:", "`bye` does not belong in a wait"),
    ],
)
def test_a_bad_wait_is_refused(good: str, bad: str, complaint: str) -> None:
    waits = WAITS.lstrip().replace(good, bad, 1)
    assert waits != WAITS.lstrip()
    assert any(complaint in problem for problem in problems(GOOD.replace("rules:\n", waits, 1)))


LINKED = """
tables:
  order:
    columns:
      total: {fold: last, of: total, on: order.placed}
      currency: {fold: last, of: currency, on: order.placed}
      phone: {fold: last, of: phone, on: order.placed}
      risk: {fold: last, of: risk_score, on: order.placed}
  stock:
    columns:
      sku: {fold: last, of: sku, on: stock.counted}
links:
  ring: {table: order, of: buyer, on: [order.placed], by: [phone, event.address_key], at_most: 40}
rules:
  - id: brushing_suspected
    kind: surge
    table: order
    trouble: abuse
    of: {on: [order.placed]}
    distinct: buyer
    by: [ring]
    window: 1 day
    false_alarms: 1 per 60 days
    title: {en: Many, zh-Hans: 多}
    says: {en: "{hits} of {ring}", zh-Hans: "{ring} {hits}"}
"""


def test_a_surge_may_count_buyers_by_rings() -> None:
    pack = pack_from_text(LINKED)
    assert pack.links["ring"].by == ("phone", "event.address_key")
    surge = pack.rules["brushing_suspected"].surge
    assert surge is not None
    assert (surge.by, surge.distinct) == (("ring",), "buyer")


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ("distinct: buyer", "distinct: byer", "there is no `byer` whose values could be counted; did you mean `buyer`"),
        ("distinct: buyer", "distinct: [buyer]", "there is no `['buyer']` whose values could be counted"),
        ("distinct: buyer", "distinct: payment", "there is no `payment` whose values could be counted"),
        ("distinct: buyer", "distinct: risk", "`risk` is decimal; whether two decimals are the same cannot be said"),
        ("distinct: buyer", "distinct: buyer\n    ratio: true\n    prior: 0.1", "leave `ratio` out"),
        ("of: {on: [order.placed]}", "of: {rules: [brushing_suspected]}", "it goes with `on`"),
        ("    by: [ring]", "    by: [rung]", "there is no `rung` to group by; did you mean `ring`?"),
        ("of: buyer,", "of: order,", "link `ring`: `of: order` should be buyer, to whom rows of order belong"),
        ("table: order, of: buyer", "table: stock, of: buyer", "rows of stock belong to nobody"),
        ("table: order, of", "table: ordr, of", "there is no table `ordr`; did you mean `order`?"),
        ("on: [order.placed], by", "on: [order.plced], by", "`order.plced` is not an event type"),
        ("by: [phone, event", "by: [phon, event", "there is no `phon` to link by; did you mean `phone`?"),
        ("by: [phone, event", "by: [total, event", "`total` is money; what links is a text, such as phone"),
        ("by: [phone, event", "by: [event.address_key, event", "each once and 8 at most"),
        ("at_most: 40", "at_most: 1", "`at_most: 1` should be a whole number of accounts from 2 on"),
        ("at_most: 40", "atmost: 40", "`atmost` does not belong in a link; it has table, of, on, by, at_most"),
        ("  ring: {", "  phone: {", "link `phone`: the table order has a column of this name"),
        ("rules:", "  ring2: {table: order, of: buyer, on: [order.placed], by: [phone]}\nrules:", "one link at most"),
    ],
)  # fmt: skip
def test_links_and_different_values_are_refused_in_a_sentence(good: str, bad: str, complaint: str) -> None:
    text = LINKED.replace(good, bad, 1)
    assert text != LINKED
    if "ring2" in bad:
        text = text.replace("by: [ring]", "by: [ring, ring2]")
    said = problems(text)
    assert any(complaint in problem for problem in said), said
    assert all(problem.startswith("shop.yaml:") for problem in said)
