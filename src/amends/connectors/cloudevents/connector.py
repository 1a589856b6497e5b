"""The connector for whoever speaks our language: help desks, warehouses, systems of the shop's own."""

from typing import Final

from amends.connectors.cloudevents import signature
from amends.connectors.cloudevents.translate import translate
from amends.connectors.delivery import Delivery, body_digest
from amends.model.event import Event
from amends.model.instant import Instant


class CloudEventsConnector:
    """CloudEvents 1.0 of the vocabulary's types, single or in batches."""

    vendor: Final = "cloudevents"
    reads: Final = ("every type of the vocabulary",)
    vouches: Final = True
    signing: Final = "Standard Webhooks: HMAC-SHA256 of id, time and body, in webhook-signature; within five minutes"

    def verify(self, delivery: Delivery, secret: str, now: Instant) -> None:
        signature.verify(delivery, secret, now)

    def delivery_id(self, delivery: Delivery) -> str:
        """webhook-id: the same for each repetition of a delivery."""
        return delivery.headers.get(signature.ID) or body_digest(delivery.body)

    def translate(self, delivery: Delivery) -> list[Event]:
        return translate(delivery)

    def with_topic(self, delivery: Delivery, topic: str) -> Delivery:
        """A CloudEvent tells its own type: a topic changes nothing."""
        return delivery
