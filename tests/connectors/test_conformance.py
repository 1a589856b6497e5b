"""What every connector must keep to, run over each in the registry. A new one brings a kit and gets no exception."""

import base64
import re

import msgspec
import pytest
from tests.connectors.samples import KITS, NOW, Kit

from amends.connectors import (
    CONNECTORS,
    Connector,
    Delivery,
    IrrelevantDeliveryError,
    SignatureError,
    UnknownVendorError,
    UnreadableDeliveryError,
    connector_of,
)
from amends.model import document_of, event_from
from amends.model.instant import MINUTE, Instant

VENDORS = sorted(CONNECTORS)

GARBAGE = [
    b"",
    b"   ",
    b"null",
    b"true",
    b"12",
    b'"text"',
    b"[1, 2]",
    b"[[]]",
    b"{",
    b"{}}",
    b'{"a": }',
    b'{"a": 1e999}',
    b'{"a": NaN}',
    b"\xff\xfe{}",
    b'{"a": "\\ud800"}',
    b"<xml/>",
    b"a=b&c=d",
    b'{"nothing": "known"}',
]


def replaced(delivery: Delivery, **parts: object) -> Delivery:
    return msgspec.structs.replace(delivery, **parts)


@pytest.fixture(params=VENDORS)
def connector(request: pytest.FixtureRequest) -> Connector:
    return connector_of(request.param)


@pytest.fixture
def kit(connector: Connector) -> Kit:
    assert connector.vendor in KITS, f"write a kit for {connector.vendor} in samples.py"
    return KITS[connector.vendor]


def test_is_registered_under_its_own_name_and_says_what_it_does(connector: Connector) -> None:
    assert CONNECTORS[connector.vendor] is connector
    assert connector.reads
    assert connector.signing


def test_unknown_vendor_is_told_those_there_are() -> None:
    with pytest.raises(UnknownVendorError, match=", ".join(CONNECTORS)):
        connector_of("nobody")


def test_events_are_in_the_vocabulary(connector: Connector, kit: Kit) -> None:
    for delivery in kit.good:
        events = connector.translate(delivery)
        assert events
        for event in events:
            assert event_from(document_of(event)) == event
            assert event.received is None
            assert None not in event.data.values()


def test_the_same_delivery_gives_the_same_events(connector: Connector, kit: Kit) -> None:
    for delivery in kit.good:
        later = replaced(delivery, received=Instant((delivery.received or 0) + MINUTE))
        assert connector.translate(delivery) == connector.translate(delivery) == connector.translate(later)


def test_no_id_is_given_twice(connector: Connector, kit: Kit) -> None:
    for delivery in kit.good:
        ids = [(event.source, event.id) for event in connector.translate(delivery)]
        assert len(ids) == len(set(ids))


def test_another_account_is_another_source(connector: Connector, kit: Kit) -> None:
    if connector.vendor == "cloudevents":
        return
    for delivery in kit.good:
        here = connector.translate(delivery)
        there = connector.translate(replaced(delivery, account="other"))
        assert {event.source for event in here} == {f"{connector.vendor}/acme"}
        assert {event.source for event in there} == {f"{connector.vendor}/other"}


def test_what_is_not_followed_is_refused_with_a_reason(connector: Connector, kit: Kit) -> None:
    with pytest.raises(IrrelevantDeliveryError) as refusal:
        connector.translate(kit.irrelevant)
    assert is_sentence(str(refusal.value))


@pytest.mark.parametrize("body", GARBAGE, ids=repr)
def test_garbage_is_unreadable_or_irrelevant_and_nothing_else(connector: Connector, kit: Kit, body: bytes) -> None:
    with pytest.raises((UnreadableDeliveryError, IrrelevantDeliveryError)) as refusal:
        connector.translate(replaced(kit.good[0], body=body, headers={}))
    assert is_sentence(str(refusal.value))


def test_size_and_depth_are_capped_before_parsing(connector: Connector, kit: Kit) -> None:
    large = b'{"a": "' + b"x" * (5 * 1024 * 1024) + b'"}'
    for body, why in ((large, "bytes"), *((deep, "deep") for deep in kit.deep)):
        with pytest.raises(UnreadableDeliveryError, match=why):
            connector.translate(replaced(kit.good[0], body=body))


def test_delivery_ids_are_the_vendors_own_or_the_bodys_digest(connector: Connector, kit: Kit) -> None:
    delivery = kit.good[0]
    if kit.delivery_id is not None:
        assert connector.delivery_id(delivery) == kit.delivery_id
    bare = replaced(delivery, headers={}, body=b"not JSON")
    other = replaced(bare, body=b"not JSON either")
    assert connector.delivery_id(bare) == connector.delivery_id(bare) != connector.delivery_id(other)


def test_a_good_signature_is_accepted(connector: Connector, kit: Kit) -> None:
    for delivery in kit.good:
        connector.verify(kit.sign(delivery), kit.secret, NOW)


@pytest.mark.inv22
def test_forged_truncated_missing_and_foreign_signatures_are_refused(connector: Connector, kit: Kit) -> None:
    signed = kit.sign(kit.good[0])
    signature = signed.headers[kit.header]
    other = kit.sign(kit.good[0], base64.b64encode(b"f" * 32).decode())
    forgeries = {
        "another secret": other,
        "another body": replaced(signed, body=signed.body + b" "),
        "an empty body": replaced(signed, body=b""),
        "no signature": replaced(signed, headers={k: v for k, v in signed.headers.items() if k != kit.header}),
        "an empty signature": with_header(signed, kit.header, ""),
        "a blank signature": with_header(signed, kit.header, "  "),
        "one character less": with_header(signed, kit.header, signature[: len(signature) // 2]),
        "letters in another case": with_header(signed, kit.header, signature.swapcase()),
        "a letter that is not ASCII": with_header(signed, kit.header, "é" + signature[1:]),
        "the word null": with_header(signed, kit.header, "null"),
    }
    for name, forged in forgeries.items():
        with pytest.raises(SignatureError) as refusal:
            connector.verify(forged, kit.secret, NOW)
        assert is_sentence(str(refusal.value)), name


@pytest.mark.inv22
@pytest.mark.parametrize("secret", ["", " ", "\n"], ids=repr)
def test_an_empty_secret_signs_nothing(connector: Connector, kit: Kit, secret: str) -> None:
    for signer in (kit.secret, ""):
        with pytest.raises(SignatureError):
            connector.verify(kit.sign(kit.good[0], signer), secret, NOW)


@pytest.mark.inv22
def test_an_old_signature_is_refused_where_the_scheme_tells_time(connector: Connector, kit: Kit) -> None:
    if not kit.stamped:
        return
    signed = kit.sign(kit.good[0])
    for distance in (-5, 0, 5):
        connector.verify(signed, kit.secret, Instant(NOW + distance * MINUTE))
    for distance in (-6, 6, 60 * 24):
        with pytest.raises(SignatureError, match="away from ours"):
            connector.verify(signed, kit.secret, Instant(NOW + distance * MINUTE))


def test_the_secret_is_in_no_error(connector: Connector, kit: Kit) -> None:
    with pytest.raises(SignatureError) as refusal:
        connector.verify(replaced(kit.sign(kit.good[0]), body=b"{}"), kit.secret, NOW)
    assert kit.secret not in str(refusal.value)


def with_header(delivery: Delivery, name: str, value: str) -> Delivery:
    return replaced(delivery, headers={**delivery.headers, name: value})


def is_sentence(text: str) -> bool:
    return re.fullmatch(r"\S.*\.", text, re.DOTALL) is not None and len(text) < 600
