"""The connector for e-mail: what buyers answer, what did not arrive, and the copies of our own letters."""

from typing import Final

from amends.connectors.delivery import Delivery, DeliveryError, body_digest
from amends.connectors.mail.seal import Seal
from amends.connectors.mail.translate import translate
from amends.connectors.mail.wire import read_mail
from amends.connectors.signing import hmac_sha256, require_header, require_match, require_secret
from amends.model.event import Event
from amends.model.instant import Instant

SIGNATURE: Final = "amends-signature"


class MailConnector:
    """Raw mails (RFC 5322), as Amends reads them in its mailbox, or as a mail server posts them.

    `secret` is the installation's own, with which the letters were signed; without it no mail belongs to an order.
    """

    vendor: Final = "mail"
    reads: Final = ("answers to our letters, and other mail", "delivery reports", "copies of our own letters")
    vouches: Final = False
    signing: Final = f"HMAC-SHA256 of the mail in hexadecimal, in {SIGNATURE}, where a mail server posts it"

    def __init__(self, secret: bytes | None = None) -> None:
        self._seal = None if secret is None else Seal(secret)

    def verify(self, delivery: Delivery, secret: str, now: Instant) -> None:
        """A replay is accepted and changes nothing: what a mail tells has the same ids again."""
        key = require_secret(secret)
        given = require_header(delivery, SIGNATURE)
        require_match(hmac_sha256(key, delivery.body).hex(), [given], SIGNATURE)

    def delivery_id(self, delivery: Delivery) -> str:
        """The Message-ID, else a digest of the mail."""
        try:
            found = read_mail(delivery.body).raw("message-id").strip()
        except DeliveryError:
            found = ""
        return found or body_digest(delivery.body)

    def translate(self, delivery: Delivery) -> list[Event]:
        return translate(delivery, self._seal)

    def with_topic(self, delivery: Delivery, topic: str) -> Delivery:
        """A mail tells by itself what it is: a topic changes nothing."""
        return delivery
