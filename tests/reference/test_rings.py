"""Rings as stories: who belongs together by what they use, and what surges count of them."""

# ruff: noqa: E501 - a row a step

from hashlib import blake2b


def ring_of(member: str) -> str:
    """What a ring is called by its earliest member, such as `buyer a`."""
    return blake2b(member.encode(), digest_size=8).hexdigest()


A, G = ring_of("buyer a"), ring_of("buyer g")

RINGS = """
tables:
  order:
    columns:
      phone: {fold: last, of: phone, on: [order.placed]}
      card: {fold: last, of: instrument, on: [payment.captured]}
      cancelled_at: {fold: first, of: time, on: [order.cancelled]}
links:
  ring: {table: order, of: buyer, on: [order.placed, payment.captured], by: [event.address_key, phone, card], at_most: 3}
rules:
  - {id: many, kind: surge, table: order, of: {on: [order.placed]}, distinct: buyer, by: [ring],
     until: cancelled_at IS NOT NULL, window: 1 day, at_least: 3, false_alarms: 1 per 100 days, half_life: 5, prior: 0.01}
"""


def test_buyers_are_one_ring_by_way_of_one_another(story):
    story(
        RINGS,
        f"""
        learned | happened | event        | keys            | data                    | then
        10:00   |          | order.placed | order=1 buyer=a | address_key=x phone=1   |
        11:00   |          | order.placed | order=2 buyer=b | address_key=y phone=1   |
        12:00   |          | order.placed | order=3 buyer=s | address_key=s phone=7   |
        13:00   |          | order.placed | order=4 buyer=c | address_key=y phone=2   | +many group:{A} at=13:00 fact.ring={A} fact.hits=3 fact.records=3;
                |          |              |                 |                         | +many order:1; +many order:2; +many order:4 fact.ring={A}
        14:00   |          | order.placed | order=5 buyer=d | phone=2                 | +many order:5 at=14:00
        48:00   |          | sweep        |                 |                         | -many group:{A} at=48:00
        """,
    )


def test_one_buyer_is_no_ring_however_much_she_orders(story):
    one = "address_key=x phone=1"
    story(
        RINGS,
        f"""
        learned | happened | event        | keys            | data  | then
        10:00   |          | order.placed | order=1 buyer=a | {one} |
        10:01   |          | order.placed | order=2 buyer=a | {one} |
        10:02   |          | order.placed | order=3 buyer=a | {one} |
        10:03   |          | order.placed | order=4 buyer=a | {one} |
        10:04   |          | order.placed | order=5 buyer=b | {one} |
        10:05   |          | order.placed | order=6 buyer=c | {one} | +many group:{A} at=10:05 fact.hits=3 fact.records=6;
                |          |              |                 |       | +many order:1; +many order:2; +many order:3; +many order:4;
                |          |              |                 |       | +many order:5; +many order:6
        """,
    )


def test_where_there_is_no_handle_or_no_buyer_nothing_is_counted(story):
    story(
        RINGS,
        """
        learned | happened | event        | keys            | data    | then
        10:00   |          | order.placed | order=1 buyer=a |         |
        10:01   |          | order.placed | order=2 buyer=b |         |
        10:02   |          | order.placed | order=3 buyer=c |         |
        10:03   |          | order.placed | order=4         | phone=1 |
        10:04   |          | order.placed | order=5         | phone=1 |
        10:05   |          | order.placed | order=6         | phone=1 |
        """,
    )


def test_a_handle_of_too_many_links_no_more(story):
    # The fourth to use it is not linked by it; those before stay together.
    story(
        RINGS,
        f"""
        learned | happened | event        | keys            | data                  | then
        10:00   |          | order.placed | order=1 buyer=a | address_key=x         |
        34:01   |          | order.placed | order=2 buyer=b | address_key=x         |
        58:02   |          | order.placed | order=3 buyer=c | address_key=x         |
        82:03   |          | order.placed | order=4 buyer=d | address_key=x         |
        82:04   |          | order.placed | order=5 buyer=e | address_key=x         |
        82:05   |          | order.placed | order=6 buyer=f | address_key=x         |
        83:00   |          | order.placed | order=7 buyer=a | address_key=x         |
        83:01   |          | order.placed | order=8 buyer=b | address_key=x         |
        83:02   |          | order.placed | order=9 buyer=c | address_key=x phone=9 | +many group:{A} at=83:02 fact.hits=3;
                |          |              |                 |                       | +many order:7; +many order:8; +many order:9
        """,
    )


def test_what_was_counted_of_rings_that_become_one_is_added_up_and_judged(story):
    # A card tells, once it is paid with, that two and two are four.
    story(
        RINGS,
        f"""
        learned | happened | event            | keys              | data         | then
        10:00   |          | order.placed     | order=1 buyer=a   | phone=1      |
        10:01   |          | order.placed     | order=2 buyer=b   | phone=1      |
        10:02   |          | order.placed     | order=3 buyer=g   | phone=2      |
        10:03   |          | order.placed     | order=4 buyer=h   | phone=2      |
        10:10   |          | payment.captured | payment=p order=1 | instrument=v |
        10:20   |          | payment.captured | payment=q order=4 | instrument=v | +many group:{A} at=10:20 fact.hits=4 fact.records=4;
                |          |                  |                   |              | +many order:1 at=10:20; +many order:2; +many order:3; +many order:4
        10:30   |          | order.placed     | order=5 buyer=k   | phone=2      | +many order:5
        10:40   |          | order.cancelled  | order=3           |              | -many order:3
        72:00   |          | sweep            |                   |              | -many group:{A} at=48:00
        """,
    )


def test_of_two_open_findings_that_of_the_elder_ring_stays(story):
    story(
        RINGS,
        f"""
        learned | happened | event            | keys              | data         | then
        10:00   |          | order.placed     | order=1 buyer=a   | phone=1      |
        10:01   |          | order.placed     | order=2 buyer=b   | phone=1      |
        10:02   |          | order.placed     | order=3 buyer=g   | phone=2      |
        10:03   |          | order.placed     | order=4 buyer=h   | phone=2      |
        10:04   |          | order.placed     | order=5 buyer=c   | phone=1      | +many group:{A}; +many order:1; +many order:2; +many order:5
        10:05   |          | order.placed     | order=6 buyer=i   | phone=2      | +many group:{G}; +many order:3; +many order:4; +many order:6
        10:10   |          | payment.captured | payment=p order=1 | instrument=v |
        10:20   |          | payment.captured | payment=q order=4 | instrument=v | -many group:{G} at=10:20 cause=@00:00
        72:00   |          | sweep            |                   |              | -many group:{A} at=48:00
        """,
    )


def test_the_younger_ring_brings_its_open_finding_along_and_the_elder_its_hits(story):
    story(
        RINGS,
        f"""
        learned | happened | event            | keys              | data         | then
        10:00   |          | order.placed     | order=1 buyer=a   | phone=1      |
        10:02   |          | order.placed     | order=3 buyer=g   | phone=2      |
        10:03   |          | order.placed     | order=4 buyer=h   | phone=2      |
        10:05   |          | order.placed     | order=6 buyer=i   | phone=2      | +many group:{G}; +many order:3; +many order:4; +many order:6
        10:10   |          | payment.captured | payment=p order=1 | instrument=v |
        10:20   |          | payment.captured | payment=q order=4 | instrument=v | +many order:1 at=10:20 fact.ring={G}
        10:30   |          | order.placed     | order=7 buyer=a   | phone=1      | +many order:7 at=10:30
        72:00   |          | sweep            |                   |              | -many group:{G} at=48:00
        """,
    )


def test_a_history_is_that_of_both(story):
    # Two a day of each ring are four a day of both: eight are not too many for what both did before.
    days = "".join(
        f"""
        {24 * day + 1}:00   |          | order.placed     | order={day}1 buyer=a   | phone=1      |
        {24 * day + 1}:01   |          | order.placed     | order={day}2 buyer=b   | phone=1      |
        {24 * day + 1}:02   |          | order.placed     | order={day}3 buyer=g   | phone=2      |
        {24 * day + 1}:03   |          | order.placed     | order={day}4 buyer=h   | phone=2      |"""
        for day in range(12)
    )
    story(
        RINGS.replace("prior: 0.01", "prior: 2").replace("at_most: 3", "at_most: 9"),
        f"""
        learned | happened | event            | keys              | data         | then{days}
        300:00  |          | payment.captured | payment=p order=01| instrument=v |
        300:01  |          | payment.captured | payment=q order=03| instrument=v |
        300:02  |          | order.placed     | order=x1 buyer=a  | phone=1      |
        300:03  |          | order.placed     | order=x2 buyer=b  | phone=1      |
        300:04  |          | order.placed     | order=x3 buyer=g  | phone=2      |
        300:05  |          | order.placed     | order=x4 buyer=h  | phone=2      |
        300:06  |          | order.placed     | order=x5 buyer=i  | phone=2      |
        300:07  |          | order.placed     | order=x6 buyer=j  | phone=2      |
        300:08  |          | order.placed     | order=x7 buyer=k  | phone=2      |
        300:09  |          | order.placed     | order=x8 buyer=l  | phone=2      |
        """,
    )


def test_different_values_are_counted_anew_in_each_window(story):
    story(
        """
        tables:
          payment: {columns: {provider: {fold: last, of: provider, on: [payment.failed]}}}
        rules:
          - {id: codes, kind: surge, table: payment, of: {on: [payment.failed]}, distinct: event.reason,
             by: [provider], window: 1 hour, at_least: 2, false_alarms: 1 per 10 days, half_life: 24, prior: 0.01}
        """,
        """
        learned | happened | event          | keys      | data                | then
        10:00   |          | payment.failed | payment=1 | provider=p reason=a |
        10:10   |          | payment.failed | payment=2 | provider=p reason=a |
        10:20   |          | payment.failed | payment=3 | provider=p          |
        11:00   |          | payment.failed | payment=4 | provider=p reason=b |
        11:10   |          | payment.failed | payment=5 | provider=p reason=a | +codes group:p at=11:10 fact.hits=2 fact.records=2
        """,
    )
