"""The connector for 17TRACK: scans of parcels from some two thousand carriers."""

from typing import Final

import msgspec

from amends.connectors.delivery import Delivery, body_digest
from amends.connectors.seventeentrack import signature, wire
from amends.connectors.seventeentrack.translate import TOPIC, translate
from amends.model.event import Event
from amends.model.instant import Instant


class SeventeenTrackConnector:
    """Pushes and answers of the Tracking API, versions 1 to 2.4."""

    vendor: Final = "17track"
    reads: Final = (wire.UPDATED, "gettrackinfo", "gettracklist", "register")
    vouches: Final = False
    signing: Final = "SHA-256 of the body, a slash and the security key, in the header sign"

    def verify(self, delivery: Delivery, secret: str, now: Instant) -> None:
        """17TRACK's scheme has no timestamp, so `now` plays no part."""
        signature.verify(delivery, secret)

    def delivery_id(self, delivery: Delivery) -> str:
        """17TRACK gives deliveries no id: the same body is the same delivery."""
        return body_digest(delivery.body)

    def translate(self, delivery: Delivery) -> list[Event]:
        return translate(delivery)

    def with_topic(self, delivery: Delivery, topic: str) -> Delivery:
        return msgspec.structs.replace(delivery, headers={**delivery.headers, TOPIC: topic})
