"""What docs/kernel.md says of surges, told to both kernels."""

SURGE = """
tables:
  payment:
    columns:
      provider: {fold: last, of: provider, on: [payment.failed, payment.captured]}
      tries: {fold: count, on: [payment.failed, payment.captured]}
rules:
  - {id: failed, kind: fault, table: payment, on: payment.failed, when: "event.reason IS NOT NULL"}
  - {id: many, kind: surge, table: payment, of: {rules: [failed]}, by: [provider, event.method], window: 1 hour,
     at_least: 3, false_alarms: 1 per 10 days, half_life: 24, prior: 0.1}
"""


def test_a_surge_fires_at_the_record_that_reaches_the_threshold(story):
    # Nothing is known of the group: a = 1, b = 10; P(X >= 2) = 1/121 is more than 1 hour per 10 days, P(X >= 3) less.
    story(
        SURGE,
        """
        learned | happened | event          | keys      | data                           | then
        10:00   |          | payment.failed | payment=1 | provider=p method=m reason=x   | +failed payment:1
        10:05   |          | payment.failed | payment=2 | provider=p method=m reason=x   | +failed payment:2
        10:06   |          | payment.failed | payment=3 | provider=p method=n reason=x   | +failed payment:3
        10:07   |          | payment.failed | payment=4 | provider=p method=m            |
        10:08   |          | payment.failed | payment=5 | provider=p reason=x            | +failed payment:5
        10:59   | 08:00    | payment.failed | payment=6 | provider=p method=m reason=x   | +failed payment:6;
                |          |                |           |                                | +many group:p/m at=10:59
                |          |                |           |                                | cause=@10:00
                |          |                |           |                                | fact.provider=p
                |          |                |           |                                | fact.event.method=m
                |          |                |           |                                | fact.hits=3 fact.records=3
                |          |                |           |                                | fact.expected=0.1 order=-
                |          |                |           |                                | loss=- currency=-
        10:59   |          | payment.failed | payment=7 | provider=p method=m reason=x   | +failed payment:7
        11:59   |          | sweep          |           |                                |
        12:00   |          | sweep          |           |                                | -many group:p/m at=12:00
                |          |                |           |                                | cause=@11:00 of=@10:00
        """,
    )


def test_a_surge_goes_on_while_the_threshold_is_reached_and_stays_out_of_the_history(story):
    one = "provider=p method=m reason=x"
    story(
        SURGE,
        f"""
        learned | happened | event          | keys      | data  | then
        10:00   |          | payment.failed | payment=1 | {one} | +failed payment:1
        10:00   |          | payment.failed | payment=2 | {one} | +failed payment:2
        10:00   |          | payment.failed | payment=3 | {one} | +failed payment:3; +many group:p/m
        11:10   |          | payment.failed | payment=4 | {one} | +failed payment:4
        11:20   |          | payment.failed | payment=5 | {one} | +failed payment:5
        11:30   |          | payment.failed | payment=6 | {one} | +failed payment:6
        12:30   |          | payment.failed | payment=7 | {one} | +failed payment:7
        13:00   |          | payment.failed | payment=8 | {one} | -many group:p/m at=13:00 cause=@12:00;
                |          |                |           |       | +failed payment:8
        13:01   |          | payment.failed | payment=9 | {one} | +failed payment:9
        13:02   |          | payment.failed | payment=a | {one} | +failed payment:a;
                |          |                |           |       | +many group:p/m at=13:02 cause=@13:00
                |          |                |           |       | fact.expected=0.1
        """,
    )


def test_a_surge_knows_what_is_usual_for_the_group(story):
    # The hours before, empty ones included, raise or lower what is expected: with two failures in the hour before,
    # a = 1 + 2 w, b = 10 + w, where w = 0.5 ** (1 / 24).
    one = "provider=p method=m reason=x"
    story(
        SURGE,
        f"""
        learned | happened | event          | keys      | data  | then
        10:00   |          | payment.failed | payment=1 | {one} | +failed payment:1
        10:01   |          | payment.failed | payment=2 | {one} | +failed payment:2
        11:00   |          | payment.failed | payment=3 | {one} | +failed payment:3
        11:01   |          | payment.failed | payment=4 | {one} | +failed payment:4
        11:02   |          | payment.failed | payment=5 | {one} | +failed payment:5
        11:03   |          | payment.failed | payment=6 | {one} | +failed payment:6;
                |          |                |           |       | +many group:p/m at=11:03 fact.hits=4
                |          |                |           |       | fact.expected=0.27
        """,
    )


def test_windows_without_records_count_as_quiet(story):
    one = "provider=p method=m reason=x"
    story(
        SURGE,
        f"""
        learned | happened | event          | keys      | data  | then
        10:00   |          | payment.failed | payment=1 | {one} | +failed payment:1
        10:01   |          | payment.failed | payment=2 | {one} | +failed payment:2
        110:00  |          | payment.failed | payment=3 | {one} | +failed payment:3
        110:01  |          | payment.failed | payment=4 | {one} | +failed payment:4
        110:02  |          | payment.failed | payment=5 | {one} | +failed payment:5;
                |          |                |           |       | +many group:p/m at=110:02 fact.expected=0.03
        """,
    )


def test_a_surge_may_count_events(story):
    story(
        """
        tables:
          stock: {columns: {location: {fold: last, of: location, on: [stock.moved]},
             n: {fold: count, on: [stock.moved]}}}
        rules:
          - {id: moves, kind: surge, table: stock, of: {on: [stock.moved], hits: "event.quantity > 1 AND n > 1"},
             by: [location, n],
             window: 1 day, at_least: 1, false_alarms: 1 per 10 days, half_life: 5, prior: 0.01}
        """,
        """
        learned | happened | event       | keys    | data                  | then
        00:00   |          | stock.moved | stock=a | location=x quantity=5 |
        00:01   |          | stock.moved | stock=a | quantity=1            |
        00:02   |          | stock.moved | stock=b | location=x quantity=1 |
        00:03   |          | stock.moved | stock=b | quantity=5            | +moves group:x/2 at=00:03 cause=@00:00
                |          |             |         |                       | fact.location=x fact.n=2 fact.hits=1
                |          |             |         |                       | fact.records=2
        """,
    )


RING = """
tables:
  order:
    columns:
      address: {fold: last, of: address_key, on: [order.placed]}
      total: {fold: last, of: total, on: [order.placed]}
      currency: {fold: last, of: currency, on: [order.placed]}
      cancelled_at: {fold: first, of: time, on: [order.cancelled]}
rules:
  - {id: ring, kind: surge, table: order, of: {on: [order.placed]}, by: [address], until: cancelled_at IS NOT NULL,
     window: 1 day, at_least: 4, false_alarms: 1 per 100 days, half_life: 5, prior: 0.01, loss: total}
"""


def test_the_hits_of_a_surge_are_findings_once_it_fires(story):
    one = "address_key=x total=500 currency=EUR"
    story(
        RING,
        f"""
        learned | happened | event           | keys    | data          | then
        20:00   |          | order.placed    | order=0 | {one}         |
        23:00   |          | order.placed    | order=1 | {one}         |
        23:30   |          | order.placed    | order=2 | {one}         |
        23:40   |          | order.cancelled | order=2 |               |
        24:10   |          | order.placed    | order=3 | {one}         |
        24:20   |          | order.placed    | order=4 | address_key=y |
        44:05   |          | order.placed    | order=5 | {one}         |
        44:06   |          | order.placed    | order=9 | {one}         |
        44:10   |          | order.placed    | order=6 | {one}         | +ring group:x at=44:10 order=- loss=-;
                |          |                 |         |               | +ring order:1 at=44:10 cause=shop/e2
                |          |                 |         |               | order=1 loss=500 currency=EUR
                |          |                 |         |               | fact.address=x fact.hits=4;
                |          |                 |         |               | +ring order:3 at=44:10; +ring order:5;
                |          |                 |         |               | +ring order:6 cause=shop/e9; +ring order:9
        45:00   |          | order.cancelled | order=1 |               | -ring order:1 at=45:00 cause=shop/e10
        49:00   |          | order.placed    | order=7 | {one}         | +ring order:7 at=49:00 fact.hits=4
        72:00   |          | sweep           |         |               | -ring group:x at=72:00
        72:10   |          | order.placed    | order=8 | {one}         |
        73:00   |          | order.cancelled | order=3 |               | -ring order:3
        """,
    )


def test_hits_of_a_window_that_never_surges_are_not_told(story):
    one = "address_key=x"
    story(
        RING,
        f"""
        learned | happened | event           | keys    | data  | then
        00:10   |          | order.placed    | order=1 | {one} |
        00:20   |          | order.placed    | order=2 | {one} |
        48:10   |          | order.placed    | order=3 | {one} |
        48:20   |          | order.cancelled | order=3 |       |
        48:30   |          | order.cancelled | order=1 |       |
        96:00   |          | sweep           |         |       |
        """,
    )


def test_a_ratio_compares_hits_with_records(story):
    # z = 2.64 for 1 hour per 10 days; with a = 2, n0 = 20 the share expected is 0.1.
    story(
        """
        tables:
          payment: {columns: {provider: {fold: last, of: provider, on: [payment.failed, payment.captured]}}}
        rules:
          - {id: drop, kind: surge, table: payment,
             of: {on: [payment.failed, payment.captured], hits: "event.type = 'payment.failed'"},
             by: [provider], window: 1 hour, at_least: 2, false_alarms: 1 per 10 days,
                half_life: 24, prior: 0.1, ratio: true, prior_strength: 20}
        """,
        """
        learned | happened | event            | keys      | data       | then
        10:00   |          | payment.captured | payment=1 | provider=p |
        10:01   |          | payment.captured | payment=2 | provider=p |
        10:02   |          | payment.captured | payment=3 | provider=p |
        10:03   |          | payment.failed   | payment=4 | provider=p |
        10:04   |          | payment.failed   | payment=5 | provider=p |
        10:05   |          | payment.failed   | payment=6 | provider=p | +drop group:p at=10:05 cause=@10:00
                |          |                  |           |            | fact.hits=3 fact.records=6 fact.expected=0.6
        10:06   |          | payment.failed   | payment=7 | provider=p |
        11:10   |          | payment.failed   | payment=8 | provider=p |
        12:00   |          | payment.failed   | payment=9 | provider=p | -drop group:p at=12:00 cause=@11:00
        12:01   |          | payment.failed   | payment=a | provider=p | +drop group:p fact.hits=2 fact.expected=0.2
        """,
    )


def test_silences_enter_a_surge_at_the_time_they_fire(story):
    story(
        """
        tables:
          shipment:
            columns:
              carrier: {fold: last, of: carrier, on: shipment.created}
              made_at: {fold: min, of: time, on: shipment.created}
              scanned: {fold: any, on: shipment.scanned}
        rules:
          - {id: unscanned, kind: silence, table: shipment, since: made_at, within: 1 hour, until: scanned}
          - {id: dark, kind: surge, table: shipment, of: {rules: [unscanned]},
             by: [carrier], window: 1 hour, at_least: 2,
             false_alarms: 1 per 2 days, half_life: 5, prior: 0.1}
        """,
        """
        learned | happened | event            | keys       | data      | then
        10:30   |          | shipment.created | shipment=1 | carrier=c |
        10:40   |          | shipment.created | shipment=2 | carrier=c |
        11:10   |          | shipment.created | shipment=3 | carrier=c |
        11:20   |          | shipment.created | shipment=4 | carrier=d |
        20:00   |          | sweep            |            |           | +unscanned shipment:1 at=11:30;
                |          |                  |            |           | +unscanned shipment:2 at=11:40;
                |          |                  |            |           | +dark group:c at=11:40 cause=@11:00;
                |          |                  |            |           | +unscanned shipment:3 at=12:10;
                |          |                  |            |           | +unscanned shipment:4 at=12:20;
                |          |                  |            |           | -dark group:c at=13:00 cause=@12:00
        """,
    )


def test_a_surge_ends_in_the_midst_of_what_one_advance_of_the_clock_brings(story):
    made = "carrier=c"
    story(
        """
        tables:
          shipment:
            columns:
              carrier: {fold: last, of: carrier, on: shipment.created}
              made_at: {fold: min, of: time, on: shipment.created}
              scanned: {fold: any, on: shipment.scanned}
        rules:
          - {id: unscanned, kind: silence, table: shipment, since: made_at, within: 10 hours, until: scanned}
          - {id: dark, kind: surge, table: shipment, of: {rules: [unscanned]}, by: [carrier], window: 1 hour,
             at_least: 2, false_alarms: 1 per 2 days, half_life: 5, prior: 0.1}
        """,
        f"""
        learned | happened | event            | keys       | data   | then
        01:00   |          | shipment.created | shipment=1 | {made} |
        01:10   |          | shipment.created | shipment=2 | {made} |
        03:00   |          | shipment.created | shipment=3 | {made} |
        03:10   |          | shipment.created | shipment=4 | {made} |
        40:00   |          | sweep            |            |        | +unscanned shipment:1 at=11:00;
                |          |                  |            |        | +unscanned shipment:2 at=11:10;
                |          |                  |            |        | +dark group:c at=11:10 cause=@11:00;
                |          |                  |            |        | -dark group:c at=13:00 cause=@12:00;
                |          |                  |            |        | +unscanned shipment:3 at=13:00;
                |          |                  |            |        | +unscanned shipment:4 at=13:10;
                |          |                  |            |        | +dark group:c at=13:10 cause=@13:00;
                |          |                  |            |        | -dark group:c at=15:00 cause=@14:00
        """,
    )


def test_zero_is_one_group_whatever_its_sign(story):
    # An hour lies between, so that records of a window must not be counted after those of a later one.
    story(
        SURGE.replace("[provider, event.method]", "[event.risk_score]"),
        """
        learned | happened | event          | keys      | data                     | then
        10:00   |          | payment.failed | payment=1 | risk_score=0.0 reason=x  | +failed payment:1
        10:01   |          | payment.failed | payment=2 | risk_score=-0.0 reason=x | +failed payment:2
        11:00   |          | payment.failed | payment=3 | risk_score=0.0 reason=x  | +failed payment:3
        11:01   |          | payment.failed | payment=4 | risk_score=-0.0 reason=x | +failed payment:4
        11:02   |          | payment.failed | payment=5 | risk_score=0.0 reason=x  | +failed payment:5
        11:03   |          | payment.failed | payment=6 | risk_score=0.0 reason=x  | +failed payment:6;
                |          |                |           |                          | +many group:0.0 at=11:03
                |          |                |           |                          | fact.hits=4
        """,
    )


def test_of_two_sources_that_one_event_touches_the_named_one_comes_first(story):
    story(
        """
        tables:
          source: {columns: {name: {fold: first, of: subject, on: [stock.counted]}}}
        rules:
          - {id: named, kind: surge, table: source, of: {on: [stock.counted], hits: "name = 'zz'"},
             by: [event.location], window: 1 hour, at_least: 1,
             false_alarms: 1 per 10 days, half_life: 5, prior: 0.001}
        """,
        """
        learned | happened | event         | keys      | data       | then
        10:00   |          | stock.counted | source=zz | location=x | +named group:x fact.hits=1 fact.records=1
        """,
    )
