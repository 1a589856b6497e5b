"""What follows from an event's fields: checked against numbers that are known to be right."""

import json
from pathlib import Path
from typing import Any

import pytest

from amends.connectors.address import Address, address_key
from amends.connectors.cloudevents.translate import translate
from amends.connectors.delivery import Delivery
from amends.connectors.derivation import derived, hs_code_possible, phone_key, phone_possible
from amends.connectors.device import device_key
from amends.model.instant import HOUR, Instant


def test_numbers_that_are_right_are_possible(realdata: Path) -> None:
    rows: list[dict[str, Any]] = json.loads((realdata / "addresses" / "phone_numbers.json").read_text())["items"]
    right = [row for row in rows if row["valid"]]
    assert len(right) > 200
    for form in ("national", "international", "e164"):
        assert [row for row in right if not phone_possible(row[form], row["region"])] == []


@pytest.mark.parametrize(
    ("phone", "country", "possible"),
    [
        ("+49 30 23125123", "DE", True),
        ("+49 30 23125123", "BR", True),  # of another country, and says so
        ("030 23125123", "DE", True),
        ("(303) 555-0123", "US", True),
        ("+1303", "US", False),
        ("555-0123456789012", "US", False),
        ("none", "US", False),
        ("030 23125123", None, None),
        ("030 23125123", "XX", None),
        ("+99", None, False),
    ],
)
def test_telephone_numbers(phone: str, country: str | None, possible: bool | None) -> None:
    assert phone_possible(phone, country) is possible


def test_a_telephone_number_has_the_same_key_however_it_is_written() -> None:
    keys = {phone_key(phone, "DE") for phone in ("+49 30 23125123", "030 23125123", "0049-30/23125-123")}
    assert len(keys) == 1
    assert "23125" not in str(keys)
    assert phone_key("+49 30 23125124", "DE") not in keys
    assert [phone_key(phone, None) for phone in ("none", "+1303", "030 23125123")] == [None] * 3
    assert derived({"phone": "030 23125123", "country": "DE"})["phone_key"] in keys


def test_a_device_has_the_same_key_for_a_day() -> None:
    noon = Instant(1_772_366_400_000_000)
    key = device_key(noon, "203.0.113.7", "Firefox", "de")
    assert device_key(Instant(noon + 11 * HOUR), " 203.0.113.7", "Firefox ", "de") == key
    assert device_key(Instant(noon + 12 * HOUR), "203.0.113.7", "Firefox", "de") != key
    assert device_key(noon, "203.0.113.8", "Firefox", "de") != key
    assert device_key(noon, "203.0.113.7", "Firefox", "fr") != key
    assert device_key(noon, "::ffff:203.0.113.7", "Firefox", "de") == key
    # A home has one network of its own, in which its devices change their addresses.
    assert device_key(noon, "2001:db8::1:2", "Firefox") == device_key(noon, "2001:db8::9", "Firefox")
    assert device_key(noon, "2001:db8:0:1::9", "Firefox") != device_key(noon, "2001:db8::9", "Firefox")
    assert device_key(noon, "nowhere", "Firefox") is None
    assert device_key(noon, "203.0.113.7", "", " ") is None


@pytest.mark.parametrize(
    ("code", "possible"),
    [("950300", True), ("9503.00", True), ("9503 00 41", True), ("9503004100", True), ("00", False), ("990300", False),
     ("000000", False), ("9503", False), ("95030", False), ("toys", False)],
)  # fmt: skip
def test_hs_codes(code: str, possible: bool) -> None:
    assert hs_code_possible(code) is possible


def test_marks_come_from_the_list_of_certificates() -> None:
    assert derived({"certificates": ["CE", "fcc"]}) == {
        "ce": True, "ukca": False, "fcc": True, "pse": False, "anatel": False,
    }  # fmt: skip
    assert derived({"certificates": ["CE"], "ce": False})["ukca"] is False
    assert "ce" not in derived({"certificates": ["CE"], "ce": False})
    assert derived({"amount": 5}) == {}


def test_an_address_has_the_same_key_whoever_tells_it() -> None:
    data = {"street": "Lindenstraße 4", "city": "Köln", "postcode": "50674", "country": "DE"}
    assert derived(data)["address_key"] == address_key(Address(**{**data, "city": "KÖLN "}))
    # Without a street a whole town would be one address.
    assert "address_key" not in derived({"city": "Köln", "postcode": "50674", "country": "DE", "phone": "1"})


def test_a_cloudevent_says_what_follows_from_it() -> None:
    event = {
        "specversion": "1.0", "id": "1", "source": "oms", "type": "order.placed", "time": "2026-03-01T12:00:00Z",
        "keys": {"order": "1"}, "data": {"phone": "+1303", "country": "US"},
    }  # fmt: skip
    [told] = translate(Delivery(vendor="cloudevents", account="oms", body=json.dumps(event).encode(), headers={}))
    assert told.data == {"phone": "+1303", "country": "US", "phone_possible": False}
