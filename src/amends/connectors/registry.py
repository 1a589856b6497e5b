"""Every connector there is, by its vendor."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from amends.connectors.cloudevents.connector import CloudEventsConnector
from amends.connectors.delivery import Connector
from amends.connectors.mail.connector import MailConnector
from amends.connectors.seventeentrack.connector import SeventeenTrackConnector
from amends.connectors.shopify.connector import ShopifyConnector
from amends.connectors.stripe.connector import StripeConnector
from amends.model.errors import UnusableInputError

_ALL: Final[tuple[Connector, ...]] = (
    ShopifyConnector(),
    StripeConnector(),
    SeventeenTrackConnector(),
    CloudEventsConnector(),
    MailConnector(),
)

CONNECTORS: Final[Mapping[str, Connector]] = MappingProxyType({connector.vendor: connector for connector in _ALL})


def connectors_with(secret: bytes) -> Mapping[str, Connector]:
    """Every connector, of an installation by whose secret its letters to buyers, and answers to them, are known."""
    return MappingProxyType({**CONNECTORS, MailConnector.vendor: MailConnector(secret)})


class UnknownVendorError(UnusableInputError):
    """There is no connector of that name; the message lists those there are."""


def connector_of(vendor: str) -> Connector:
    """The vendor's connector; raises UnknownVendorError."""
    try:
        return CONNECTORS[vendor]
    except KeyError:
        raise UnknownVendorError(f"There is no connector {vendor!r}; there are {', '.join(CONNECTORS)}.") from None
