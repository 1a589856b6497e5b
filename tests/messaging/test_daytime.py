"""Letters come by day."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.messaging.daytime import BEGINS, ENDS, next_daytime
from amends.messaging.zones import zone_of
from amends.model.instant import DAY, Instant, format_instant, parse_instant


@pytest.mark.parametrize(
    ("country", "now", "then"),
    [
        ("DE", "2026-11-28T09:00:00Z", "2026-11-28T09:00:00Z"),
        ("DE", "2026-11-28T03:00:00Z", "2026-11-28T07:00:00Z"),
        ("DE", "2026-11-28T20:00:00Z", "2026-11-29T07:00:00Z"),
        ("JP", "2026-11-28T13:30:00Z", "2026-11-28T23:00:00Z"),
        ("BR", "2026-11-28T02:00:00Z", "2026-11-28T11:00:00Z"),
        # The night in which clocks are put forward.
        ("DE", "2026-03-28T22:00:00Z", "2026-03-29T06:00:00Z"),
        (None, "2026-11-28T23:00:00Z", "2026-11-29T08:00:00Z"),
    ],
)
def test_a_letter_waits_for_the_buyers_morning(country: str | None, now: str, then: str) -> None:
    assert format_instant(next_daytime(parse_instant(now), zone_of(country))) == then


@given(
    now=st.integers(min_value=1_500_000_000_000_000, max_value=1_900_000_000_000_000),
    zone=st.sampled_from(["America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Chatham", "Europe/London", "Asia/Shanghai"]),
)
def test_it_is_day_there_and_never_more_than_a_night_later(now: int, zone: str) -> None:
    found = next_daytime(Instant(now), ZoneInfo(zone))
    assert now <= found < now + DAY
    assert next_daytime(found, ZoneInfo(zone)) == found
    assert BEGINS < ENDS
