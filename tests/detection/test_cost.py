"""What a rule costs, told from its text."""

from amends.detection import load_pack, pack_from_text
from amends.detection.cost import costs_of
from amends.detection.explain import cost_in_words

TEXT = """
tables:
  order:
    columns:
      total: {fold: last, of: total, on: [order.placed, order.edited]}
      currency: {fold: first, of: currency, on: order.placed}
      shop: {fold: first, of: shop, on: order.placed}
      paid_at: {fold: min, of: time, on: order.paid}
      captured_at: {fold: min, of: time, on: payment.captured}
      moved_at: {fold: max, of: time, on: shipment.scanned}
waits:
  way: {table: order, since: moved_at}
rules:
  - &rule
    id: silent
    exception: paid_not_updated
    kind: silence
    table: order
    trouble: payment
    since: captured_at
    within: 15 minutes
    until: paid_at IS NOT NULL OR moved_at IS NOT NULL
    loss: total
    title: {en: A, zh-Hans: A}
    says: {en: A, zh-Hans: A}
  - id: cheap
    exception: order_cancelled
    kind: fault
    table: order
    trouble: payment
    on: order.cancelled
    when: total > 0
    until: paid_at IS NOT NULL
    title: {en: A, zh-Hans: A}
    says: {en: A, zh-Hans: A}
  - id: many
    exception: defect_surge
    kind: surge
    table: order
    trouble: payment
    of: {rules: [silent]}
    by: shop
    window: 1 day
    false_alarms: 1 per 60 days
    title: {en: A, zh-Hans: A}
    says: {en: A, zh-Hans: A}
"""


def test_events_operations_and_bytes_are_those_of_the_text() -> None:
    costs = costs_of(pack_from_text(TEXT.replace("- &rule\n    id", "- id")))
    silent, cheap, many = costs["silent"], costs["cheap"], costs["many"]
    # `total` is the loss alone: a change of it moves nothing.
    assert silent.events == ("order.paid", "payment.captured", "shipment.scanned")
    assert (silent.by_clock, cheap.by_clock, many.by_clock) == (True, False, False)
    # since: a name; until: OR over two of NOT, IS, name, NULL.
    assert silent.operations == 1 + 1 + 2 * 4
    # The wait reads moved_at too, the fault paid_at and total; the loss is in the currency, a text of 4 bytes.
    assert silent.alone == ("captured_at", "currency")
    assert silent.bytes_a_row == 17 + 8 + (4 + 8)
    assert cheap.events == ("order.cancelled", "order.paid")
    assert cheap.operations == 3 + 4
    assert (cheap.alone, cheap.bytes_a_row) == ((), 1)
    assert many.events == silent.events
    assert (many.operations, many.alone, many.bytes_a_row) == (0, ("shop",), 12)


def test_every_built_in_rule_has_a_cost_in_words() -> None:
    pack = load_pack()
    costs = costs_of(pack)
    assert costs.keys() == pack.rules.keys()
    for rule in pack.rules.values():
        cost = costs[rule.id]
        assert cost.events
        assert 0 <= cost.bytes_a_row < 200
        english, chinese = (cost_in_words(cost, rule, language) for language in ("en", "zh-Hans"))
        assert len(english) == len(chinese) >= 2
        assert english[0].startswith("Looked at by each `")
