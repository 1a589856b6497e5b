"""A vendor's words become our words. Each package below knows one vendor; nothing else knows its field names."""

from amends.connectors.delivery import (
    Connector,
    Delivery,
    DeliveryError,
    IrrelevantDeliveryError,
    SignatureError,
    UnreadableDeliveryError,
)
from amends.connectors.registry import CONNECTORS, UnknownVendorError, connector_of

__all__ = [
    "CONNECTORS",
    "Connector",
    "Delivery",
    "DeliveryError",
    "IrrelevantDeliveryError",
    "SignatureError",
    "UnknownVendorError",
    "UnreadableDeliveryError",
    "connector_of",
]
