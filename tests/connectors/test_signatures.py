"""Each vendor's scheme in its particulars, and many small forgeries of all of them."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from random import Random

import msgspec
import pytest
from tests.connectors.samples import KITS, NOW, OWN_SECRET, STRIPE_SECRET, Kit, delivery, sign_own, sign_stripe

from amends.connectors import CONNECTORS, Delivery, SignatureError, connector_of
from amends.model.instant import SECOND

STAMP = str(NOW // SECOND)


def with_headers(one: Delivery, **headers: str) -> Delivery:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return msgspec.structs.replace(one, headers={**one.headers, **named})


class TestShopify:
    def test_the_documented_scheme(self) -> None:
        # Worked out by hand with openssl dgst -sha256 -hmac ... -binary | base64
        body = b'{"id":1}'
        digest = hmac.new(b"secret", body, hashlib.sha256).digest()
        one = with_headers(delivery("shopify", body), x_shopify_hmac_sha256=base64.b64encode(digest).decode())
        connector_of("shopify").verify(one, "secret", NOW)

    def test_hexadecimal_is_not_what_shopify_sends(self) -> None:
        body = b'{"id":1}'
        digest = hmac.new(b"secret", body, hashlib.sha256).hexdigest()
        one = with_headers(delivery("shopify", body), x_shopify_hmac_sha256=digest)
        with pytest.raises(SignatureError):
            connector_of("shopify").verify(one, "secret", NOW)


class TestStripe:
    stripe = connector_of("stripe")

    def header(self, *parts: str) -> Delivery:
        return with_headers(delivery("stripe", b"{}"), stripe_signature=",".join(parts))

    def v1(self, secret: str = STRIPE_SECRET, stamp: str = STAMP) -> str:
        return "v1=" + hmac.new(secret.encode(), f"{stamp}.{{}}".encode(), hashlib.sha256).hexdigest()

    def test_any_of_several_v1_while_a_secret_is_rolled(self) -> None:
        self.stripe.verify(self.header(f"t={STAMP}", self.v1("old"), self.v1()), STRIPE_SECRET, NOW)
        self.stripe.verify(self.header(f"t={STAMP}", self.v1(), self.v1("old")), STRIPE_SECRET, NOW)
        self.stripe.verify(self.header(f" t={STAMP}", f" {self.v1()}"), STRIPE_SECRET, NOW)

    @pytest.mark.parametrize(
        "parts",
        [
            (f"t={STAMP}",),
            (f"t={STAMP}", "v1="),
            (f"t={STAMP}", "v0=00"),
            (f"t={STAMP}", "", "v1=00"),
            ("v1=00",),
            ("t=", "v1=00"),
            ("t=soon", "v1=00"),
            ("t=-1", "v1=00"),
            (f"t={STAMP}.0", "v1=00"),
            ("t=9" * 40, "v1=00"),
        ],
        ids=repr,
    )
    def test_headers_that_prove_nothing(self, parts: tuple[str, ...]) -> None:
        with pytest.raises(SignatureError):
            self.stripe.verify(self.header(*parts), STRIPE_SECRET, NOW)

    def test_two_times_leave_open_which_was_signed(self) -> None:
        with pytest.raises(SignatureError, match="one time"):
            self.stripe.verify(self.header("t=1", f"t={STAMP}", self.v1()), STRIPE_SECRET, NOW)

    def test_v0_alone_does_not_count_even_if_it_fits(self) -> None:
        fits = "v0=" + self.v1().removeprefix("v1=")
        with pytest.raises(SignatureError):
            self.stripe.verify(self.header(f"t={STAMP}", fits), STRIPE_SECRET, NOW)

    def test_the_time_is_signed_too(self) -> None:
        later = str(NOW // SECOND + 1)
        with pytest.raises(SignatureError):
            self.stripe.verify(self.header(f"t={later}", self.v1()), STRIPE_SECRET, NOW)


class TestStandardWebhooks:
    own = connector_of("cloudevents")

    def test_the_vector_of_the_specification(self) -> None:
        # Source: the test vector of the Standard Webhooks libraries.
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        body = b'{"test": 2432232314}'
        one = with_headers(
            delivery("cloudevents", body),
            webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
            webhook_timestamp="1614265330",
            webhook_signature="v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        )
        self.own.verify(one, secret, type(NOW)(1614265330 * SECOND))

    def test_any_of_several_signatures_while_a_secret_is_rolled(self) -> None:
        signed = sign_own(delivery("cloudevents", b"{}"))
        old = sign_own(delivery("cloudevents", b"{}"), "whsec_" + base64.b64encode(b"o" * 32).decode())
        both = f"{old.headers['webhook-signature']} v1a,ignored {signed.headers['webhook-signature']}"
        self.own.verify(with_headers(signed, webhook_signature=both), OWN_SECRET, NOW)

    @pytest.mark.parametrize("name", ["webhook_id", "webhook_timestamp"])
    def test_id_and_time_are_signed_too(self, name: str) -> None:
        signed = sign_own(delivery("cloudevents", b"{}"))
        changed = {"webhook_id": "msg_2", "webhook_timestamp": str(NOW // SECOND + 1)}[name]
        with pytest.raises(SignatureError):
            self.own.verify(with_headers(signed, **{name: changed}), OWN_SECRET, NOW)
        with pytest.raises(SignatureError):
            self.own.verify(with_headers(signed, **{name: ""}), OWN_SECRET, NOW)

    def test_a_short_secret_is_refused_though_it_fits(self) -> None:
        short = "whsec_" + base64.b64encode(b"k" * 23).decode()
        with pytest.raises(SignatureError, match="at least 24"):
            self.own.verify(sign_own(delivery("cloudevents", b"{}"), short), short, NOW)

    def test_a_secret_that_is_not_base64_is_refused(self) -> None:
        with pytest.raises(SignatureError, match="base64"):
            self.own.verify(sign_own(delivery("cloudevents", b"{}")), "whsec_!!!", NOW)


@pytest.mark.inv22
def test_no_change_of_body_or_signature_is_accepted(trials: Callable[[int], int]) -> None:
    """A byte of the body, or a character of a signed header, changed, added or taken away."""
    rng = Random(22)
    kits = [(CONNECTORS[vendor], kit, kit.sign(kit.good[0])) for vendor, kit in KITS.items()]
    for _ in range(trials(1_000_000) // 5):
        connector, kit, signed = kits[rng.randrange(len(kits))]
        forged = _forge(rng, signed, kit)
        with pytest.raises(SignatureError):
            connector.verify(forged, kit.secret, NOW)


def test_stripe_signs_what_it_says_it_signs() -> None:
    signed = sign_stripe(delivery("stripe", b"{}"))
    connector_of("stripe").verify(signed, STRIPE_SECRET, NOW)


def _forge(rng: Random, signed: Delivery, kit: Kit) -> Delivery:
    if rng.random() < 0.5:
        return msgspec.structs.replace(signed, body=_changed_bytes(rng, signed.body))
    value = signed.headers[kit.header]
    # Only the part that proves something: other versions beside it may say what they like.
    start, end = 0, len(value)
    if kit.header == "stripe-signature":
        end = value.index(",v0=")
    changed = value
    while changed == value or changed.strip() == value:
        changed = value[:start] + _changed_text(rng, value[start:end]) + value[end:]
    return msgspec.structs.replace(signed, headers={**signed.headers, kit.header: changed})


def _changed_bytes(rng: Random, body: bytes) -> bytes:
    at = rng.randrange(len(body))
    match rng.randrange(3):
        case 0:
            return body[:at] + bytes([body[at] ^ (1 << rng.randrange(8))]) + body[at + 1 :]
        case 1:
            return body[:at] + body[at + 1 :]
        case _:
            return body[:at] + bytes([rng.randrange(256)]) + body[at:]


def _changed_text(rng: Random, text: str) -> str:
    at = rng.randrange(len(text))
    letter = chr(rng.randrange(0x21, 0x7F))
    return rng.choice((text[:at] + letter + text[at + 1 :], text[:at] + text[at + 1 :], text[:at] + letter + text[at:]))
