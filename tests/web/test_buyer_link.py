"""A signed link opens one order, until it expires; any other opens nothing."""

import base64
import random
import string

import pytest

from amends.model.instant import DAY, SECOND, Instant, parse_instant
from amends.runtime.links import LASTS, InvalidLinkError, order_of, order_token

SECRET = b"a secret of more than twenty-four bytes"
NOW = parse_instant("2026-03-01T08:00:00Z")
TOKEN = order_token(SECRET, "1001", Instant(NOW + LASTS))


@pytest.mark.parametrize("order", ["1001", "#1001", "订单/7", "a b&c=d", "gid://shopify/Order/450789469"])
def test_a_link_opens_its_order(order: str):
    token = order_token(SECRET, order, Instant(NOW + DAY))
    assert order_of(SECRET, token, NOW) == order
    assert set(token) <= set(string.ascii_letters + string.digits + "-_.")


def test_a_link_expires():
    assert order_of(SECRET, TOKEN, Instant(NOW + LASTS - SECOND)) == "1001"
    with pytest.raises(InvalidLinkError):
        order_of(SECRET, TOKEN, Instant(NOW + LASTS))


def test_a_link_of_another_house_opens_nothing():
    with pytest.raises(InvalidLinkError):
        order_of(b"another secret of more than twenty-four bytes", TOKEN, NOW)


def test_no_change_of_a_link_opens_anything():
    chance = random.Random(7)
    letters = string.ascii_letters + string.digits + "-_."
    for _ in range(3_000):
        place = chance.randrange(len(TOKEN))
        kind = chance.choice(("swap", "cut", "add"))
        other = chance.choice(letters)
        changed = {
            "swap": TOKEN[:place] + other + TOKEN[place + 1 :],
            "cut": TOKEN[:place],
            "add": TOKEN[:place] + other + TOKEN[place:],
        }[kind]
        if changed == TOKEN:
            continue
        try:
            opened = order_of(SECRET, changed, NOW)
        except InvalidLinkError:
            continue
        # The last letter of a signature has spare bits; nothing else may be read from it than what was signed.
        assert (opened, kind, place) == ("1001", "swap", len(TOKEN) - 1)


@pytest.mark.parametrize(
    "payload", [b'["1002",99999999999]', b'"1002"', b"[]", b"{}", b"[1,2,3]", b'["1002",null]', b"\xff"]
)
def test_what_is_not_signed_is_not_read(payload: bytes):
    forged = base64.urlsafe_b64encode(payload).rstrip(b"=").decode() + "." + TOKEN.rpartition(".")[2]
    with pytest.raises(InvalidLinkError):
        order_of(SECRET, forged, NOW)


def test_an_endless_link_is_not_looked_at():
    with pytest.raises(InvalidLinkError):
        order_of(SECRET, "a" * 100_000, NOW)
