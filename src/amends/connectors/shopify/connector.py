"""The connector for Shopify: shops' orders, payments, parcels, stock and returns."""

from typing import Final

import msgspec

from amends.connectors.delivery import Delivery, body_digest
from amends.connectors.shopify import signature, topics, wire
from amends.connectors.shopify.translate import translate
from amends.model.event import Event
from amends.model.instant import Instant


class ShopifyConnector:
    """Webhooks of the Admin API, and its REST answers."""

    vendor: Final = "shopify"
    reads: Final = (*topics.TOPICS, topics.FULFILLMENT_ORDER_TOPICS + "*")
    vouches: Final = False
    signing: Final = "base64 HMAC-SHA256 of the body with the app's client secret, in X-Shopify-Hmac-Sha256"

    def verify(self, delivery: Delivery, secret: str, now: Instant) -> None:
        """Shopify's scheme has no timestamp, so `now` plays no part."""
        signature.verify(delivery, secret)

    def delivery_id(self, delivery: Delivery) -> str:
        """X-Shopify-Webhook-Id: the same for each repetition of a delivery."""
        return delivery.headers.get(wire.WEBHOOK_ID) or body_digest(delivery.body)

    def translate(self, delivery: Delivery) -> list[Event]:
        return translate(delivery)

    def with_topic(self, delivery: Delivery, topic: str) -> Delivery:
        return msgspec.structs.replace(delivery, headers={**delivery.headers, wire.TOPIC: topic})
