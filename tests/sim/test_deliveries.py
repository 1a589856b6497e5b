"""What the world posts is signed and shaped as vendors do it: the connectors take and read all of it."""

from collections import Counter

import pytest

from amends.connectors.delivery import Delivery, SignatureError, UnreadableDeliveryError
from amends.connectors.registry import CONNECTORS
from amends.model.event import Event, decode_event, encode_event
from amends.model.instant import HOUR, Instant
from amends.sim import feeds
from amends.sim.feeds import Feed
from amends.sim.sending import Sending
from amends.sim.signing import signed_headers
from amends.sim.world import Plan, World

_SECRETS = {
    feed: "whsec_" + "c2VjcmV0" * 6 if feed.vendor == feeds.OWN else f"secret-of-{feed.name}-" + "x" * 24
    for feed in feeds.ALL
}


@pytest.fixture(scope="module")
def sendings() -> list[Sending]:
    return list(World(Plan.of(seed=3, orders=250)).run())


def _delivery(sending: Sending, headers: dict[str, str] | None = None) -> Delivery:
    return Delivery(
        vendor=sending.feed.vendor,
        account=sending.feed.account,
        body=sending.body,
        headers=sending.headers if headers is None else headers,
        received=sending.at,
    )


def test_every_delivery_is_read_but_the_one_that_was_cut_off(sendings: list[Sending]) -> None:
    told: dict[tuple[str, str], Event] = {}
    topics: Counter[str] = Counter()
    for sending in sendings:
        connector = CONNECTORS[sending.feed.vendor]
        if sending.topic == "orders/updated":
            with pytest.raises(UnreadableDeliveryError):
                connector.translate(_delivery(sending))
            continue
        events = connector.translate(_delivery(sending))
        assert events
        for event in events:
            # The same fact told twice is the same event, word for word.
            assert told.setdefault((event.source, event.id), event) == event
            assert decode_event(encode_event(event)) == event
            assert event.time <= sending.at
        topics[sending.topic] += 1
    assert len(topics) > 25


def test_every_vendor_takes_the_signature(sendings: list[Sending]) -> None:
    for sending in sendings[::10]:
        signed = _delivery(sending, signed_headers(sending, _SECRETS[sending.feed], sending.at))
        CONNECTORS[sending.feed.vendor].verify(signed, _SECRETS[sending.feed], Instant(sending.at + 1_000_000))


@pytest.mark.parametrize("feed", feeds.ALL, ids=lambda feed: feed.name)
def test_no_vendor_takes_another_body_secret_or_time(sendings: list[Sending], feed: Feed) -> None:
    sending = next(one for one in sendings if one.feed == feed)
    connector, secret = CONNECTORS[feed.vendor], _SECRETS[feed]
    headers = signed_headers(sending, secret, sending.at)
    other_body = Delivery(vendor=feed.vendor, account=feed.account, body=sending.body + b" ", headers=headers)
    other_secret = _delivery(sending, signed_headers(sending, _SECRETS[feed][:-4] + "AAAA", sending.at))
    for forged in (other_body, other_secret):
        with pytest.raises(SignatureError):
            connector.verify(forged, secret, sending.at)
    if feed.vendor in ("stripe", feeds.OWN):
        with pytest.raises(SignatureError):
            connector.verify(_delivery(sending, headers), secret, Instant(sending.at + HOUR))


def test_deliveries_have_the_ids_their_vendors_give(sendings: list[Sending]) -> None:
    ids = [CONNECTORS[one.feed.vendor].delivery_id(_delivery(one)) for one in sendings]
    assert len(set(ids)) == len(ids)
