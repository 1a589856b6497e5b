"""What the buyer reads: each journey, in each language, in the time zone of the place it goes to."""

import re
from typing import get_args

import pytest
from markupsafe import escape
from tests.cases.test_journey import PACKED, PAID, PLACED, at, event, scan, text_at

from amends.cases.journey import ArrivalState, Journey, Notice, StepName, StepState, journey_of
from amends.messaging.zones import zone_of
from amends.model.instant import DAY, Instant
from amends.web.languages import PORTAL, Language, catalogue, named
from amends.web.portal import words
from amends.web.portal.order import Page, closed_page, language_for, order_page, wording_for

REFUNDED = event("payment.refunded", 2, payment="pi_1", amount=4_990, currency="USD")
STORIES = {
    "placed": ([PLACED], 0.05),
    "packed": ([PLACED, PAID, PACKED], 1.1),
    "on time": ([PLACED, PAID, PACKED, scan(3, "InTransit_Departure", estimated_at=text_at(12))], 4),
    "later than promised": ([PLACED, PAID, PACKED, scan(3, "InTransit_Departure", estimated_at=text_at(25))], 4),
    "late": ([PLACED, PAID, PACKED, scan(18, "InTransit_Departure")], 21),
    "quiet": ([PLACED, PAID, PACKED, scan(3, "InTransit_Departure")], 12),
    "customs": ([PLACED, PAID, PACKED, scan(3, "InTransit_CustomsRequiringInformation")], 4),
    "pickup": ([PLACED, PAID, PACKED, scan(3, "AvailableForPickup_Other", expires_at=text_at(9))], 4),
    "lost": ([PLACED, PAID, PACKED, scan(3, "Exception_Lost")], 4),
    "delivered": ([PLACED, PAID, PACKED, event("shipment.delivered", 9, parcel="LX1")], 10),
    "cancelled": (
        [PLACED, PAID, event("order.cancelled", 1), REFUNDED],
        3,
    ),
}


def page_of(journey: Journey, language: Language, now: Instant) -> str:
    return order_page(Page(journey=journey), wording_for(journey, language, now))


def show(story: str, language: Language) -> str:
    events, now = STORIES[story]
    return page_of(journey_of("1001", events, at(now)), language, at(now))


@pytest.mark.parametrize("language", PORTAL, ids=lambda language: language.tag)
@pytest.mark.parametrize("story", STORIES)
def test_every_journey_is_told_in_every_language(story: str, language: Language):
    events, now = STORIES[story]
    journey = journey_of("1001", events, at(now))
    text = show(story, language)
    headline = catalogue("portal", language).gettext(words.headline_of(journey))
    assert f"<h1>{escape(headline)}</h1>" in text
    assert f'<html lang="{language.tag}">' in text
    assert "#1001" in text
    assert all(f'hreflang="{other.tag}"' in text for other in PORTAL if other != language)


def test_the_words_cover_the_whole_vocabulary():
    assert set(words.STEPS) == set(words.HEADLINES) == set(get_args(StepName))
    assert set(words.NOTICES) == set(get_args(Notice))
    assert set(words.ARRIVALS) == set(words.ARRIVAL_REMARKS) == set(get_args(ArrivalState))
    assert set(words.STATES) == set(get_args(StepState))


def test_a_late_order_admits_it():
    text = show("late", named("en", PORTAL) or PORTAL[0])
    assert "It should have been with you by" in text
    assert "It is late, and we are sorry." in text
    assert "Saturday, March 21" in text


def test_dates_are_those_of_the_place_it_goes_to():
    promised = event("order.placed", 0, number="#1001", country="JP", deliver_by="2026-03-20T16:00:00Z")
    japan = page_of(journey_of("1001", [promised], at(1)), PORTAL[0], at(1))
    assert "Saturday, March 21" in japan
    assert "Tokyo" in japan
    elsewhere = event("order.placed", 0, number="#1001", country="US", deliver_by="2026-03-20T16:00:00Z")
    assert "Friday, March 20" in page_of(journey_of("1001", [elsewhere], at(1)), PORTAL[0], at(1))


def test_what_was_paid_back_is_said():
    assert "$49.90 has been sent back to you" in show("cancelled", PORTAL[0])


def test_what_strangers_write_does_not_become_markup():
    nasty = "<script>alert(1)</script>"
    events = [
        event("order.placed", 0, number=nasty, lines=[{"title": nasty, "sku": nasty, "quantity": 1}]),
        event("shipment.scanned", 1, parcel=nasty, carrier=nasty, description=nasty, scan_city=nasty),
    ]
    text = page_of(journey_of("1001", events, at(2)), PORTAL[0], at(2))
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 5


def test_nothing_internal_is_shown():
    private = event(
        "order.placed",
        0,
        number="#1001",
        country="BR",
        risk_score=0.93,
        note="call me",
        buyer_email="a@b.example",
        street="Rua Um 1",
        phone="+55",
        recipient_id="123.456.789-09",
        shop="acme-us",
    )
    text = page_of(journey_of("1001", [private, PAID], at(1)), PORTAL[0], at(1))
    for secret in ("0.93", "call me", "a@b.example", "Rua Um", "+55", "123.456", "acme-us", "pi_1", "stripe"):
        assert secret not in text


@pytest.mark.parametrize("language", PORTAL, ids=lambda language: language.tag)
def test_a_link_that_opens_nothing_tells_nothing(language: Language):
    text = closed_page(language, at(1))
    assert re.search(r"\d{4}", re.sub(r"<link[^>]*>|<use[^>]*>", "", text)) is None


@pytest.mark.parametrize(
    ("chosen", "order", "browser", "expected"),
    [
        ("de", "pt-BR", "en", "de"),
        (None, "pt", "en", "pt-BR"),
        (None, None, "es-MX,es;q=0.9", "es"),
        ("xx", "fr", "zh-CN", "zh-Hans"),
        (None, None, "", "en"),
    ],
)
def test_the_language_is_hers(chosen: str | None, order: str | None, browser: str, expected: str):
    assert language_for(chosen, order, browser).tag == expected


def test_every_country_has_a_zone():
    assert str(zone_of("BR")) == "America/Sao_Paulo"
    assert str(zone_of("us")) == "America/New_York"
    assert str(zone_of("")) == str(zone_of("XX")) == "UTC"
    assert Instant(at(0) + DAY) == at(1)
