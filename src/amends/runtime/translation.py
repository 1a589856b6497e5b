"""The pipeline's translator, made of the connectors."""

from collections.abc import Mapping

from amends.connectors.delivery import Connector, Delivery, IrrelevantDeliveryError, UnreadableDeliveryError
from amends.pipeline.ports import RawDelivery, Translation


class ConnectorTranslator:
    """Reads each delivery with the connector of its vendor."""

    def __init__(self, connectors: Mapping[str, Connector]) -> None:
        self._connectors = connectors

    def read(self, delivery: RawDelivery) -> Translation:
        """Never raises: a delivery that a connector trips over is kept until the connector has been mended."""
        connector = self._connectors.get(delivery.vendor)
        if connector is None:
            return Translation(unreadable=f"This release has no connector for {delivery.vendor}.")
        try:
            return Translation(events=connector.translate(_delivery(delivery)), checked=connector.vouches)
        except UnreadableDeliveryError as error:
            return Translation(events=error.events, unreadable=str(error), checked=connector.vouches)
        except IrrelevantDeliveryError as error:
            return Translation(events=error.events, irrelevant=str(error), checked=connector.vouches)
        except Exception as error:
            return Translation(
                unreadable=f"The {delivery.vendor} connector tripped over it ({type(error).__name__}: {error}); "
                "report this as a bug, and have it read again after the fix."
            )


def _delivery(raw: RawDelivery) -> Delivery:
    return Delivery(vendor=raw.vendor, account=raw.account, body=raw.body, headers=raw.headers, received=raw.received)
