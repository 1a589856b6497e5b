"""docs/kernel.md paragraph by paragraph, told to both kernels: event by event, and with all events at once."""

import pytest

# ---------------------------------------------------------------- events and the clock

CLOCK = """
tables:
  order:
    columns:
      learned_at: {fold: max, of: received, on: [order.placed, order.edited]}
      happened_at: {fold: max, of: time, on: [order.placed, order.edited]}
"""


def test_an_event_counts_as_received_when_it_happened_if_nothing_says_when(story):
    story(
        CLOCK,
        """
        learned | happened | event        | keys    | data | then
                | 00:30    | order.placed | order=1 |      | row order:1 learned_at=@00:30 happened_at=@00:30
        """,
    )


def test_the_clock_never_goes_back(story):
    story(
        CLOCK,
        """
        learned | happened | event        | keys    | data | then
        02:00   |          | order.placed | order=1 |      |
        01:00   | 00:50    | order.placed | order=2 |      | row order:2 learned_at=@02:00 happened_at=@00:50
        03:00   |          | sweep        |         |      |
        02:30   |          | order.edited | order=2 |      | row order:2 learned_at=@03:00
        01:00   |          | sweep        |         |      |
        02:45   |          | order.edited | order=1 |      | row order:1 learned_at=@03:00
        """,
    )


def test_a_sweep_moves_the_clock_before_anything_has_happened(story):
    story(
        CLOCK,
        """
        learned | happened | event        | keys    | data | then
        02:00   |          | sweep        |         |      |
        01:00   |          | order.placed | order=1 |      | row order:1 learned_at=@02:00 happened_at=@01:00
        """,
    )


# ---------------------------------------------------------------- subjects and links

COUNTS = """
tables:
  order: {columns: {events: {fold: count, on: &all [order.placed, payment.captured, payment.failed, shipment.created,
          message.received, case.opened]}, seen_at: {fold: max, of: received, on: *all}}}
  payment: {columns: {events: {fold: count, on: *all}}}
  shipment: {columns: {events: {fold: count, on: *all}}}
  buyer: {columns: {events: {fold: count, on: *all}, seen_at: {fold: max, of: received, on: *all}}}
  source: {columns: {events: {fold: count, on: *all}}}
"""


def test_an_event_touches_what_it_names_and_its_source(story):
    story(
        COUNTS,
        """
        learned | happened | event            | keys                         | data | then
        00:00   |          | order.placed     | order=1 buyer=b              |      | row order:1 events=1;
                |          |                  |                              |      | row buyer:b events=1
        00:01   |          | payment.captured | payment=p order=1 from=psp   |      | row payment:p events=1;
                |          |                  |                              |      | row order:1 events=2
        00:02   |          | payment.failed   | source=psp                   |      | row source:psp events=2;
                |          |                  |                              |      | row source:shop events=2
        00:03   |          | payment.failed   | source=shop                  |      | row source:shop events=3;
                |          |                  |                              |      | row order:2 -
        """,
    )


def test_an_event_of_a_linked_child_touches_the_parent_and_its_parent(story):
    story(
        COUNTS,
        """
        learned | happened | event            | keys              | data | then
        00:00   |          | order.placed     | order=1 buyer=b   |      |
        00:01   |          | payment.captured | payment=p order=1 |      | row order:1 events=2; row buyer:b events=2
        00:02   |          | payment.failed   | payment=p         |      | row order:1 events=3; row buyer:b events=3
        """,
    )


def test_a_waiting_event_touches_the_parent_when_the_link_comes(story):
    story(
        COUNTS,
        """
        learned | happened | event            | keys              | data | then
        00:00   |          | payment.captured | payment=p         |      | row payment:p events=1; row order:1 -
        00:10   |          | order.placed     | order=1           |      | row order:1 events=1 seen_at=@00:10
        00:20   | 00:05    | payment.failed   | payment=p order=1 |      | row order:1 events=3 seen_at=@00:20;
                |          |                  |                   |      | row payment:p events=2
        """,
    )


def test_the_first_link_stays(story):
    story(
        COUNTS,
        """
        learned | happened | event            | keys              | data | then
        00:00   |          | payment.captured | payment=p order=1 |      |
        00:01   |          | payment.captured | payment=p order=2 |      | row order:1 events=1; row order:2 events=1
        00:02   |          | payment.failed   | payment=p         |      | row order:1 events=2; row order:2 events=1
        """,
    )


def test_several_children_go_by_the_first_in_the_order_of_parents(story):
    story(
        COUNTS,
        """
        learned | happened | event            | keys                 | data | then
        00:00   |          | shipment.created | shipment=s order=2   |      |
        00:01   |          | payment.captured | payment=p shipment=s |      | row order:2 events=1;
                |          |                  |                      |      | row shipment:s events=2
        00:02   |          | payment.failed   | payment=p order=1    |      | row order:1 events=2;
                |          |                  |                      |      | row order:2 events=1
        """,
    )


def test_what_two_children_waited_with_is_released_together(story):
    story(
        COUNTS,
        """
        learned | happened | event            | keys                         | data | then
        00:00   |          | shipment.created | shipment=s                   |      |
        00:01   |          | payment.captured | payment=p                    |      |
        00:02   |          | payment.failed   | payment=p shipment=s order=1 |      | row order:1 events=3
        """,
    )


def test_links_chain_to_the_buyer(story):
    story(
        COUNTS,
        """
        learned | happened | event            | keys              | data | then
        00:00   |          | payment.captured | payment=p         |      |
        00:01   |          | payment.failed   | payment=p order=1 |      | row order:1 events=2; row buyer:b -
        00:02   |          | order.placed     | order=1 buyer=b   |      | row buyer:b events=3 seen_at=@00:02
        00:03   |          | payment.failed   | payment=p         |      | row buyer:b events=4
        """,
    )


def test_a_released_event_goes_on_to_a_buyer_who_is_known(story):
    story(
        COUNTS,
        """
        learned | happened | event            | keys                      | data | then
        00:00   |          | payment.captured | payment=p                 |      |
        00:01   |          | order.placed     | order=1 buyer=b           |      | row buyer:b events=1
        00:02   |          | payment.failed   | payment=p order=1 buyer=c |      | row buyer:b events=2;
                |          |                  |                           |      | row buyer:c events=1
        """,
    )


def test_an_event_that_names_its_buyer_goes_to_no_other_and_links_no_order_it_does_not_name(story):
    story(
        COUNTS,
        """
        learned | happened | event            | keys              | data | then
        00:00   |          | payment.captured | payment=p buyer=c |      | row buyer:c events=1
        00:01   |          | payment.failed   | payment=p order=1 |      | row order:1 events=2; row buyer:c events=1
        00:02   |          | order.placed     | order=1 buyer=b   |      | row buyer:b events=2; row buyer:c events=1
        """,
    )


def test_links_hold_for_kinds_without_a_table(story):
    story(
        """
        tables:
          buyer: {columns: {events: {fold: count, on: [case.opened, case.acted, order.placed]}}}
        """,
        """
        learned | happened | event        | keys            | data | then
        00:00   |          | case.opened  | case=k          |      |
        00:01   |          | case.acted   | case=k order=1  |      |
        00:02   |          | order.placed | order=1 buyer=b |      | row buyer:b events=3
        """,
    )


ORDER_OF_WORK = """
tables:
  order: {columns: {n: {fold: count, on: &all [order.placed, payment.captured, payment.failed, shipment.created]}}}
  buyer: {columns: {n: {fold: count, on: *all}}}
  payment: {columns: {n: {fold: count, on: *all}}}
rules:
  - {id: each, kind: fault, table: order, on: *all, when: "n > 0", evidence: [n]}
  - {id: buyers, kind: fault, table: buyer, on: *all, when: "n > 0", evidence: [n]}
"""


def test_released_events_work_before_the_linking_event_at_its_time(story):
    story(
        ORDER_OF_WORK,
        """
        learned | happened | event            | keys              | data | then
        00:00   |          | payment.captured | payment=p         |      |
        00:01   |          | payment.failed   | payment=p         |      |
        00:09   |          | order.placed     | order=1 payment=p |      | +each order:1 cause=shop/e1 at=00:09
                |          |                  |                   |      | fact.n=1;
                |          |                  |                   |      | +each order:1 cause=shop/e2 at=00:09
                |          |                  |                   |      | fact.n=2;
                |          |                  |                   |      | +each order:1 cause=shop/e3 at=00:09
                |          |                  |                   |      | fact.n=3
        """,
    )


def test_released_events_keep_the_order_of_the_journal_wherever_they_waited(story):
    story(
        ORDER_OF_WORK,
        """
        learned | happened | event            | keys              | data | then
        00:00   |          | payment.captured | payment=p         |      |
        00:01   |          | order.placed     | order=1           |      | +each order:1 cause=shop/e2 fact.n=1
        00:02   |          | payment.failed   | order=1 payment=p |      | +each order:1 cause=shop/e1 fact.n=2;
                |          |                  |                   |      | +each order:1 cause=shop/e3 fact.n=3
        00:03   |          | shipment.created | order=1 buyer=b   |      | +each order:1 cause=shop/e4 fact.n=4;
                |          |                  |                   |      | +buyers buyer:b cause=shop/e1 fact.n=1
                |          |                  |                   |      | at=00:03;
                |          |                  |                   |      | +buyers buyer:b cause=shop/e2 fact.n=2;
                |          |                  |                   |      | +buyers buyer:b cause=shop/e3 fact.n=3;
                |          |                  |                   |      | +buyers buyer:b cause=shop/e4 fact.n=4
        """,
    )


# ---------------------------------------------------------------- folds


def test_folds(story):
    story(
        """
        tables:
          order:
            columns:
              first_total: {fold: first, of: total, on: order.edited}
              last_total: {fold: last, of: total, on: order.edited}
              least: {fold: min, of: total, on: order.edited}
              most: {fold: max, of: total, on: order.edited}
              together: {fold: sum, of: total, on: order.edited}
              edits: {fold: count, on: order.edited}
              edited: {fold: any, on: order.edited}
              edited_at: {fold: last, of: time, on: order.edited}
              placed: {fold: any, on: order.placed}
        """,
        """
        learned | happened | event        | keys    | data      | then
        00:00   |          | order.placed | order=1 | total=99  | row order:1 first_total=- last_total=- least=-
                |          |              |         |           | most=- together=0 edits=0 edited=false edited_at=-
        01:00   | 00:30    | order.edited | order=1 | total=20  | row order:1 first_total=20 last_total=20 least=20
                |          |              |         |           | most=20 together=20 edits=1 edited=true
                |          |              |         |           | edited_at=@00:30
        01:01   | 00:40    | order.edited | order=1 | total=5   | row order:1 first_total=20 last_total=5 least=5
                |          |              |         |           | most=20 together=25 edits=2 edited_at=@00:40
        01:02   | 00:10    | order.edited | order=1 | total=10  | row order:1 first_total=10 last_total=5 least=5
                |          |              |         |           | most=20 together=35 edits=3 edited_at=@00:40
        01:03   | 00:05    | order.edited | order=1 |           | row order:1 first_total=10 last_total=5 least=5
                |          |              |         |           | most=20 together=35 edits=4
        01:04   | 00:50    | order.edited | order=1 | total=-   | row order:1 first_total=10 last_total=5 edits=5
                |          |              |         |           | edited_at=@00:50
        """,
    )


def test_at_equal_times_the_greatest_value_counts_for_first_and_last_alike(story):
    story(
        """
        tables:
          order:
            columns:
              first_note: {fold: first, of: reason, on: order.edited}
              last_note: {fold: last, of: reason, on: order.edited}
              last_flag: {fold: last, of: test, on: order.edited}
              least: {fold: min, of: reason, on: order.edited}
        """,
        """
        learned | happened | event        | keys    | data                | then
        00:00   | 00:00    | order.edited | order=1 | reason=b test=true  |
        00:01   | 00:00    | order.edited | order=1 | reason=é            | row order:1 first_note=é last_note=é
                |          |              |         |                     | least=b
        00:02   | 00:00    | order.edited | order=1 | reason=～ test=false | row order:1 first_note=～ last_note=～
                |          |              |         |                     | last_flag=true
        00:03   | 00:00    | order.edited | order=1 | reason=📦           | row order:1 first_note=📦 last_note=📦
        00:04   | 00:00    | order.edited | order=1 | reason=Z            | row order:1 first_note=📦 last_note=📦
                |          |              |         |                     | least=Z
        """,
    )


def test_a_fold_may_look_at_the_event(story):
    story(
        """
        tables:
          order:
            columns:
              dollars: {fold: sum, of: amount, on: [payment.captured, payment.refunded],
                 where: "event.currency = 'USD' AND event.type <> 'payment.refunded'"}
              early: {fold: count, on: [payment.captured], where: "event.ship_by - event.time > INTERVAL '1 day'"}
        """,
        """
        learned | happened | event            | keys    | data                          | then
        00:00   |          | payment.captured | order=1 | amount=10 currency=USD        | row order:1 dollars=10
                |          |                  |         |                               | early=0
        00:01   |          | payment.captured | order=1 | amount=10 currency=JPY ship_by=@24:02 | row order:1
                |          |                  |         |                                       | dollars=10 early=1
        00:02   |          | payment.captured | order=1 | amount=10 ship_by=@24:02      | row order:1 dollars=10
                |          |                  |         |                               | early=1
        00:03   |          | payment.refunded | order=1 | amount=10 currency=USD        | row order:1 dollars=10
        """,
    )


# ---------------------------------------------------------------- expressions

JUDGED = """
sets: {{eu: [DE, FR]}}
tables:
  order:
    columns:
      total: {{fold: last, of: total, on: order.placed}}
      paid: {{fold: sum, of: amount, on: order.placed}}
      currency: {{fold: last, of: currency, on: order.placed}}
      country: {{fold: last, of: country, on: order.placed}}
      units: {{fold: last, of: quantity, on: order.placed}}
      score: {{fold: last, of: risk_score, on: order.placed}}
      placed_at: {{fold: min, of: time, on: order.placed}}
      ship_by: {{fold: last, of: ship_by, on: order.placed}}
      listed: {{fold: last, of: listed, on: order.placed}}
      n: {{fold: count, on: order.placed}}
rules:
  - {{id: it, kind: conflict, table: order, when: "{expression}"}}
"""

FULL = "total=1050 amount=350 currency=USD country=DE quantity=3 risk_score=0.5 ship_by=@24:00 listed=true"
EMPTY = "number=7"


@pytest.mark.parametrize(
    ("expression", "data", "holds"),
    [
        # numbers
        ("units + 2 = 5", FULL, True),
        ("units - 1 - 1 = 1", FULL, True),
        ("2 + units * 2 = 8", FULL, True),
        ("(2 + units) * 2 = 10", FULL, True),
        ("units / 2 = 1.5", FULL, True),
        ("12 / units / 2 = 2", FULL, True),
        ("units / 0 IS NULL", FULL, True),
        ("-units = -3", FULL, True),
        ("ABS(2 - units) = 1", FULL, True),
        ("score * 2 = 1", FULL, True),
        ("GREATEST(units, 7) = 7 AND LEAST(units, 7) = 3", FULL, True),
        ("GREATEST(units, 7) = 7 AND LEAST(units, 7) = 7", EMPTY, True),
        ("GREATEST(units, units) IS NULL", EMPTY, True),
        ("COALESCE(units, 9) = 9", EMPTY, True),
        # money
        ("total > 0", FULL, True),
        ("total = MONEY(10.5)", FULL, True),
        ("total = MONEY(1050)", FULL.replace("USD", "JPY"), True),
        ("MONEY(10.5) = MONEY(11)", FULL.replace("USD", "JPY"), True),
        ("total = MONEY(1.05)", FULL.replace("USD", "KWD"), True),
        ("MONEY(10) IS NULL", EMPTY, True),
        ("total = paid * 3", FULL, True),
        ("total / paid = 3", FULL, True),
        ("total / 100 = MONEY(0.11)", FULL, True),
        ("paid * 0.15 = MONEY(0.53)", FULL, True),
        ("-paid * 0.15 = MONEY(0) - MONEY(0.52)", FULL, True),
        ("total - paid + paid = total", FULL, True),
        # instants and durations
        ("ship_by - placed_at = INTERVAL '1 day'", FULL, True),
        ("placed_at + INTERVAL '1 day' >= ship_by", FULL, True),
        ("placed_at + INTERVAL '23 hours 59 minutes' >= ship_by", FULL, False),
        # texts and flags
        ("country = 'DE'", FULL, True),
        ("country < 'DF' AND country > 'D'", FULL, True),
        ("country = 'it''s'", FULL, False),
        ("listed", FULL, True),
        ("NOT listed", FULL, False),
        ("listed = FALSE", FULL, False),
        ("country IN ('FR', 'DE')", FULL, True),
        ("country NOT IN ('FR', 'DE')", FULL, False),
        ("IN_SET(country, 'eu')", FULL, True),
        ("NOT IN_SET(country, 'eu')", FULL, False),
        ("units BETWEEN 3 AND 4", FULL, True),
        ("units NOT BETWEEN 1 AND 2", FULL, True),
        ("CASE WHEN units = 1 THEN 'a' WHEN units = 3 THEN 'b' ELSE 'c' END = 'b'", FULL, True),
        ("CASE WHEN units = 1 THEN 'a' END IS NULL", FULL, True),
        ("CASE WHEN units = 1 THEN 'a' ELSE 'c' END = 'c'", EMPTY, True),
        # binding: NOT before AND before OR
        ("TRUE OR TRUE AND FALSE", FULL, True),
        ("NOT FALSE AND FALSE", FULL, False),
        ("NOT units = 4 AND n = 1", FULL, True),
        # three-valued logic
        ("units = 3", EMPTY, False),
        ("NOT units = 3", EMPTY, False),
        ("units <> 3", EMPTY, False),
        ("units IS NULL", EMPTY, True),
        ("units IS NOT NULL", FULL, True),
        ("listed OR n = 1", EMPTY, True),
        ("listed AND n = 1", EMPTY, False),
        ("NOT (listed AND n = 2)", EMPTY, True),
        ("NOT (listed OR n = 2)", EMPTY, False),
        ("country IN ('DE')", EMPTY, False),
        ("NOT country IN ('DE')", EMPTY, False),
        ("country IN ('DE', NULL)", FULL, True),
        ("country NOT IN ('FR', NULL)", FULL, False),
        ("IN_SET(country, 'eu')", EMPTY, False),
        ("NOT IN_SET(country, 'eu')", EMPTY, False),
        ("NOT (n BETWEEN units AND 0)", EMPTY, True),
        ("NOT (n BETWEEN 0 AND units)", EMPTY, False),
    ],
)
def test_expressions(story, expression, data, holds):
    said = "+it order:1" if holds else ""
    story(
        JUDGED.format(expression=expression),
        f"""
        learned | happened | event        | keys    | data   | then
        00:00   |          | order.placed | order=1 | {data} | {said}
        """,
    )


# ---------------------------------------------------------------- faults


def test_a_fault_fires_at_each_such_event_and_clears_at_the_first_later_touch_that_puts_it_right(story):
    story(
        """
        tables:
          payment:
            columns:
              failures: {fold: count, on: payment.failed}
              captured: {fold: any, on: payment.captured}
              reviewed: {fold: any, on: payment.reviewed}
        rules:
          - {id: failed, kind: fault, table: payment, on: payment.failed,
             when: "event.reason <> 'retry' AND failures < 4", until: captured}
          - {id: stays, kind: fault, table: payment, on: [payment.failed], when: "event.reason = 'fraud'"}
        """,
        """
        learned | happened | event            | keys      | data         | then
        00:00   |          | payment.failed   | payment=p | reason=funds | +failed payment:p at=00:00 cause=shop/e1
                |          |                  |           |              | facts=captured,event.reason,failures
                |          |                  |           |              | fact.failures=1 fact.event.reason=funds
        00:01   |          | payment.failed   | payment=p | reason=retry |
        00:02   |          | payment.failed   | payment=p |              |
        00:03   | 00:01    | payment.captured | payment=p |              | -failed payment:p at=00:03 cause=shop/e4
                |          |                  |           |              | of=shop/e1
        00:04   |          | payment.captured | payment=p |              |
        00:05   |          | payment.failed   | payment=q | reason=fraud | +failed payment:q; +stays payment:q
        00:06   |          | payment.failed   | payment=q | reason=fraud | +failed payment:q;
                |          |                  |           |              | +stays payment:q cause=shop/e7
        00:07   |          | payment.captured | payment=q |              | -failed payment:q of=shop/e6;
                |          |                  |           |              | -failed payment:q of=shop/e7
        00:08   |          | payment.failed   | payment=q | reason=x     | +failed payment:q fact.captured=true
        00:09   |          | payment.reviewed | payment=q |              | -failed payment:q cause=shop/e10
        """,
    )


def test_a_fault_sees_the_row_after_the_fold(story):
    story(
        """
        tables:
          order: {columns: {n: {fold: count, on: payment.failed}}}
        rules:
          - {id: third, kind: fault, table: order, on: payment.failed, when: "n = 3"}
        """,
        """
        learned | happened | event            | keys              | data | then
        00:00   |          | payment.failed   | payment=p         |      |
        00:01   |          | payment.failed   | payment=p order=1 |      |
        00:02   |          | payment.failed   | payment=p         |      | +third order:1 order=1
        00:03   |          | payment.failed   | payment=p         |      |
        """,
    )


# ---------------------------------------------------------------- conflicts

CONFLICT = """
tables:
  order:
    columns:
      total: {fold: last, of: total, on: [order.placed, order.edited]}
      captured: {fold: sum, of: amount, on: payment.captured}
rules:
  - {id: mismatch, kind: conflict, table: order, when: "captured <> total"}
"""


def test_a_conflict_fires_as_it_becomes_true_and_clears_as_it_becomes_false(story):
    story(
        CONFLICT,
        """
        learned | happened | event            | keys              | data       | then
        00:00   |          | payment.captured | order=1           | amount=50  |
        00:01   |          | order.placed     | order=1           | total=80   | +mismatch order:1 at=00:01
                |          |                  |                   |            | cause=shop/e2 facts=captured,total
        00:02   |          | payment.captured | order=1           | amount=10  |
        00:03   |          | payment.captured | order=1           | amount=20  | -mismatch order:1 at=00:03
                |          |                  |                   |            | cause=shop/e4 of=shop/e2
        00:04   |          | order.edited     | order=1           | total=90   | +mismatch order:1 cause=shop/e5
        """,
    )


def test_each_released_event_makes_a_version_that_is_judged(story):
    story(
        CONFLICT,
        """
        learned | happened | event            | keys              | data       | then
        00:00   |          | order.placed     | order=1           | total=80   | +mismatch order:1
        00:01   |          | payment.captured | payment=p         | amount=80  |
        00:02   |          | payment.captured | payment=p         | amount=5   |
        00:03   |          | payment.reviewed | payment=p order=1 |            | -mismatch order:1 at=00:03
                |          |                  |                   |            | cause=shop/e2;
                |          |                  |                   |            | +mismatch order:1 at=00:03
                |          |                  |                   |            | cause=shop/e3
        """,
    )


# ---------------------------------------------------------------- silences

SILENCE = """
tables:
  order:
    columns:
      placed_at: {fold: last, of: time, on: order.placed}
      paid: {fold: any, on: order.paid}
      held: {fold: last, of: test, on: [order.held, order.released]}
      ship_by: {fold: last, of: ship_by, on: [order.placed, order.edited]}
      edited_at: {fold: max, of: time, on: order.edited}
rules:
  - {id: unpaid, kind: silence, table: order, since: placed_at, within: 15 minutes,
     until: paid, where: "held IS NULL OR NOT held"}
"""


def test_a_silence_fires_when_the_clock_has_passed_its_due_time(story):
    story(
        SILENCE,
        """
        learned | happened | event        | keys    | data | then
        00:00   |          | order.placed | order=1 |      |
        00:15   |          | sweep        |         |      |
        00:16   |          | sweep        |         |      | +unpaid order:1 at=00:15 cause=@00:00
                |          |              |         |      | facts=paid,placed_at fact.placed_at=@00:00
        00:20   |          | sweep        |         |      |
        00:21   |          | order.paid   | order=1 |      | -unpaid order:1 at=00:21 cause=shop/e5 of=@00:00
        """,
    )


def test_an_event_at_the_due_time_itself_is_in_time(story):
    story(
        SILENCE,
        """
        learned | happened | event        | keys    | data | then
        00:00   |          | order.placed | order=1 |      |
        00:00   |          | order.placed | order=2 |      |
        00:15   |          | order.paid   | order=1 |      |
        00:16   |          | order.paid   | order=2 |      | +unpaid order:2 at=00:15; -unpaid order:2 at=00:16
        """,
    )


def test_a_silence_learned_of_too_late_fires_when_it_is_learned(story):
    story(
        SILENCE,
        """
        learned | happened | event        | keys    | data | then
        02:00   | 01:00    | order.placed | order=1 |      | +unpaid order:1 at=02:00 cause=@01:00
        02:00   | 01:05    | order.paid   | order=1 |      | -unpaid order:1 at=02:00
        03:00   | 02:45    | order.placed | order=2 |      |
        03:00   |          | sweep        |         |      |
        03:01   |          | sweep        |         |      | +unpaid order:2 at=03:00
        """,
    )


def test_a_silence_is_armed_only_where_its_condition_holds(story):
    story(
        SILENCE,
        """
        learned | happened | event          | keys    | data       | then
        00:00   |          | order.placed   | order=1 |            |
        00:01   |          | order.held     | order=1 | test=true  |
        00:30   |          | order.released | order=1 | test=false | +unpaid order:1 at=00:30 cause=@00:00
        00:31   |          | order.held     | order=1 | test=true  | -unpaid order:1 at=00:31
        00:32   |          | order.released | order=1 | test=false |
        00:40   |          | sweep          |         |            |
        """,
    )


def test_a_silence_fires_once_for_each_since(story):
    story(
        SILENCE,
        """
        learned | happened | event        | keys    | data | then
        00:00   |          | order.placed | order=1 |      |
        01:00   |          | order.held   | order=1 |      | +unpaid order:1 at=00:15
        01:10   | 01:00    | order.placed | order=1 |      | -unpaid order:1 at=01:10 cause=shop/e3 of=@00:00
        02:00   |          | sweep        |         |      | +unpaid order:1 at=01:15 cause=@01:00
        03:00   | 02:30    | order.placed | order=1 |      | -unpaid order:1 at=03:00 of=@01:00;
                |          |              |         |      | +unpaid order:1 at=03:00 cause=@02:30
        """,
    )


def test_a_length_may_be_reckoned_from_the_row_and_be_moved_into_the_past(story):
    story(
        SILENCE.replace("since: placed_at, within: 15 minutes", 'since: placed_at, within: "ship_by - placed_at"'),
        """
        learned | happened | event        | keys    | data           | then
        00:00   |          | order.placed | order=1 |                |
        05:00   |          | order.edited | order=1 | ship_by=@10:00 |
        06:00   |          | order.edited | order=1 | ship_by=@05:30 | +unpaid order:1 at=06:00 cause=@00:00
                |          |              |         |                | facts=paid,placed_at,ship_by
        07:00   |          | order.edited | order=1 | ship_by=@20:00 |
        """,
    )


def test_since_may_be_an_expression(story):
    story(
        SILENCE.replace("since: placed_at", "since: \"COALESCE(ship_by, placed_at + INTERVAL '1 day')\""),
        """
        learned | happened | event        | keys    | data           | then
        00:00   |          | order.placed | order=1 |                |
        00:01   |          | order.placed | order=2 | ship_by=@06:00 |
        30:00   |          | sweep        |         |                | +unpaid order:1 at=24:15 cause=@24:00;
                |          |              |         |                | +unpaid order:2 at=06:15 cause=@06:00
        """,
    )


def test_silences_run_on_the_clock_of_learning(story):
    story(
        """
        tables:
          order:
            columns:
              heard_at: {fold: min, of: received, on: order.placed}
              paid: {fold: any, on: order.paid}
        rules:
          - {id: unpaid, kind: silence, table: order, since: heard_at, within: 15 minutes, until: paid}
        """,
        """
        learned | happened | event        | keys      | data | then
        05:00   | 01:00    | order.placed | order=1   |      |
        05:14   | 01:00    | order.placed | order=2   |      |
        05:15   | 09:00    | order.placed | order=3   |      |
        05:16   |          | sweep        |           |      | +unpaid order:1 at=05:15 cause=@05:00
        """,
    )


# ---------------------------------------------------------------- findings

MONEY = """
tables:
  order:
    columns:
      total: {fold: last, of: total, on: [order.placed, order.edited]}
      currency: {fold: last, of: currency, on: [order.placed]}
      placed_at: {fold: min, of: time, on: order.placed}
      paid: {fold: any, on: order.paid}
  payment:
    columns:
      amount: {fold: last, of: amount, on: [payment.captured, payment.failed]}
      currency: {fold: last, of: currency, on: [payment.captured, payment.failed]}
  return:
    columns:
      requested_at: {fold: min, of: time, on: return.requested}
      received: {fold: any, on: return.received}
rules:
  - {id: own, version: 7, kind: fault, table: payment, on: payment.failed,
     when: "amount > 0 OR amount IS NULL", loss: "amount - MONEY(1)"}
  - {id: above, kind: fault, table: payment, on: payment.failed,
     when: "TRUE", loss: "order.total * 0.5", evidence: [order.total, order.paid, amount]}
  - {id: late, kind: silence, table: return, since: requested_at, within: 1 day,
     until: received, loss: order.total, evidence: [order.total]}
"""


def test_loss_is_in_the_currency_of_the_row_it_is_read_from(story):
    story(
        MONEY,
        """
        learned | happened | event          | keys              | data                    | then
        00:00   |          | order.placed   | order=1           | total=1001 currency=JPY |
        00:01   |          | payment.failed | payment=p order=1 | amount=900 currency=USD |
                |   |  |  |  | +own payment:p order=1 loss=800 currency=USD version=7;
                |   |  |  |  | +above payment:p order=1 loss=501 currency=JPY facts=amount,order.paid,order.total
                |   |  |  |  | fact.order.total=1001 fact.order.paid=false fact.amount=900
        00:02   |          | payment.failed | payment=q         | amount=40 currency=USD  |
                |   |  |  |  | +own payment:q order=- loss=0 currency=USD;
                |   |  |  |  | +above payment:q order=- loss=- currency=- facts=amount
        00:03   |          | payment.failed | payment=r         |                         |
                |   |  |  |  | +own payment:r loss=- currency=- facts=; +above payment:r
        """,
    )


def test_the_order_is_seen_after_all_that_the_event_does(story):
    story(
        MONEY.replace("[order.placed, order.edited]", "[order.placed, order.edited, payment.failed, payment.captured]"),
        """
        learned | happened | event            | keys              | data                      | then
        00:00   |          | order.placed     | order=1           | total=10 currency=JPY     |
        00:01   |          | payment.captured | payment=p         | total=20 amount=0         |
        00:02   |          | payment.failed   | payment=p order=1 | total=30 amount=0         | +above payment:p
                |          |                  |                   |                           | order=1 loss=15
                |          |                  |                   |                           | fact.order.total=30
        00:03   | 00:01    | payment.failed   | payment=p         | total=8 amount=0          | +above payment:p
                |          |                  |                   |                           | order=1 loss=15
        """,
    )


def test_a_child_of_another_order_reads_its_own(story):
    story(
        MONEY,
        """
        learned | happened | event            | keys              | data                  | then
        00:00   |          | order.placed     | order=1           | total=10 currency=JPY |
        00:01   |          | order.placed     | order=2           | total=20 currency=JPY |
        00:02   |          | payment.captured | payment=p order=1 | amount=0              |
        00:03   |          | payment.failed   | payment=p order=2 | amount=0              | +above payment:p order=1
                |          |                  |                   |                       | loss=5
        """,
    )


def test_nothing_is_known_of_an_order_that_is_not_known(story):
    story(
        """
        tables:
          order: {columns: {paid: {fold: any, on: order.paid}}}
          payment: {columns: {amount: {fold: last, of: amount, on: payment.failed}}}
        rules:
          - {id: it, kind: fault, table: payment, on: payment.failed, when: "amount > 0",
             loss: "CASE WHEN order.paid THEN amount WHEN NOT order.paid THEN amount * 2 ELSE amount * 3 END"}
        """,
        """
        learned | happened | event          | keys              | data      | then
        00:00   |          | payment.failed | payment=p         | amount=10 | +it payment:p order=- loss=30
        00:01   |          | order.paid     | order=1           |           |
        00:02   |          | payment.failed | payment=p         | amount=10 | +it payment:p order=- loss=30
        00:03   |          | payment.failed | payment=p order=1 | amount=10 | +it payment:p order=1 loss=10
        00:04   |          | payment.failed | payment=q order=2 | amount=10 | +it payment:q order=2 loss=20
        """,
    )


def test_a_silence_reads_the_order_as_it_stood_when_it_fired(story):
    story(
        MONEY,
        """
        learned | happened | event            | keys             | data                    | then
        00:00   |          | return.requested | return=r         |                         |
        01:00   |          | order.placed     | order=1          | total=10 currency=USD   |
        24:00   |          | return.approved  | return=r order=1 | total=20 currency=USD   |
        24:00   |          | order.edited     | order=1          | total=30                |
        24:01   |          | order.edited     | order=1          | total=40                | +late return:r at=24:00
                |          |                  |                  |                         | order=1 loss=30
                |          |                  |                  |                         | currency=USD
                |          |                  |                  |                         | fact.order.total=30
        50:00   | 03:00    | return.requested | return=s order=1 |                         | +late return:s at=50:00
                |          |                  |                  |                         | order=1 loss=40
        """,
    )


def test_what_is_learned_may_take_back_a_silence_at_a_touch_that_moves_nothing(story):
    """By what was learned when it fired it was due; by what is learned since, nothing can be said any more."""
    story(
        """
        tables:
          stock:
            columns:
              known_at: {fold: last, of: received, on: stock.counted}
              risk: {fold: min, of: risk_score, on: stock.moved}
        waits: {count: {table: stock, since: known_at, enough: 1, by: [[]]}}
        rules:
          - {id: it, kind: silence, table: stock, since: known_at, until: risk > 1,
             within: "LATE_AFTER('count', known_at, 0.5)"}
        """,
        """
        learned | happened | event         | keys    | data | then
        07:10   |          | stock.counted | stock=1 |      |
        235:52  |          | stock.counted | stock=1 |      |
        536:56  |          | stock.moved   | stock=1 |      | +it stock:1; -it stock:1
        608:56  |          | stock.counted | stock=1 |      |
        """,
    )
