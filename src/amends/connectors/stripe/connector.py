"""The connector for Stripe: payments, refunds, disputes, payouts."""

from typing import Final

import msgspec

from amends.connectors.delivery import Delivery, DeliveryError, body_digest
from amends.connectors.document import read_object
from amends.connectors.stripe import signature
from amends.connectors.stripe.translate import FOLLOWED, TOPIC, translate
from amends.model.event import Event
from amends.model.instant import Instant


class StripeConnector:
    """Webhook events, and objects as the API answers with them."""

    vendor: Final = "stripe"
    reads: Final = FOLLOWED
    vouches: Final = False
    signing: Final = "HMAC-SHA256 of time and body with the endpoint's secret, in Stripe-Signature; within five minutes"

    def verify(self, delivery: Delivery, secret: str, now: Instant) -> None:
        signature.verify(delivery, secret, now)

    def delivery_id(self, delivery: Delivery) -> str:
        """The event's id (evt_...): the same for each repetition of a delivery."""
        try:
            found = read_object(delivery.body).get("id")
        except DeliveryError:
            found = None
        return found if isinstance(found, str) and found else body_digest(delivery.body)

    def translate(self, delivery: Delivery) -> list[Event]:
        return translate(delivery)

    def with_topic(self, delivery: Delivery, topic: str) -> Delivery:
        return msgspec.structs.replace(delivery, headers={**delivery.headers, TOPIC: topic})
