"""Which vendors can be told to do things, with what key, and where that key may be sent."""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import msgspec

from amends.connectors.seventeentrack import client as seventeentrack
from amends.connectors.seventeentrack.client import SeventeenTrackActor
from amends.connectors.shopify.client import ShopifyActor
from amends.connectors.stripe import client as stripe
from amends.connectors.stripe.client import StripeActor
from amends.model.errors import UnusableInputError
from amends.pipeline.outbox import Actor

KEY_LENGTH_MIN: Final = 16
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")
_KIND: Final = re.compile(r"(?:[a-z]{2,6}_){1,2}")


class UnusableKeyError(UnusableInputError):
    """A key that the vendor cannot have given; the message says what it should be, and never repeats it."""


class UnusableAddressError(UnusableInputError):
    """An address to which a key must not be sent; the message says which may be."""


class NotActingError(UnusableInputError):
    """A vendor that can only be listened to."""


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """Where we act: at an account, named by the source of its events (stripe/acme-us), with a key that is sent to an
    address."""

    source: str
    key: str
    address: str

    def __repr__(self) -> str:
        return f"Seat(source={self.source!r}, address={self.address!r})"


class Acting(msgspec.Struct, frozen=True, kw_only=True):
    """How a vendor is told to do things.

    `does` names the acts. `key` says in words what key that wants, `pattern` how it looks; `address` is where requests
    go, None where each account has its own; `domain` is the vendor's own, under which all addresses are.
    """

    does: frozenset[str]
    key: str
    pattern: re.Pattern[str]
    address: str | None
    domain: str
    make: Callable[[Seat], Actor]


ACTING: Final[Mapping[str, Acting]] = MappingProxyType(
    {
        "shopify": Acting(
            does=ShopifyActor.does,
            key="an access token (shpat_...), or CLIENT_ID:CLIENT_SECRET of an app of the shop's own organization",
            pattern=re.compile(r"shp[a-z]{2}_\w+|\w+:\w+"),
            address=None,
            domain="myshopify.com",
            make=lambda seat: ShopifyActor(seat.key, address=seat.address, source=seat.source),
        ),
        "stripe": Acting(
            does=StripeActor.does,
            key="a secret or restricted key (sk_... or rk_...) that may write refunds and disputes",
            pattern=re.compile(r"[sr]k_\w+"),
            address=stripe.API,
            domain="stripe.com",
            make=lambda seat: StripeActor(seat.key, address=seat.address, source=seat.source),
        ),
        "17track": Acting(
            does=SeventeenTrackActor.does,
            key="the account's security key, which signs its pushes too",
            pattern=re.compile(r"[0-9A-Za-z]{32}"),
            address=seventeentrack.API,
            domain="17track.net",
            make=lambda seat: SeventeenTrackActor(seat.key, address=seat.address),
        ),
    }
)
"""Each vendor at which we can act."""


def does(vendor: str) -> frozenset[str]:
    """The acts that a vendor can be told to do; none where it is only listened to."""
    return ACTING[vendor].does if vendor in ACTING else frozenset()


def seat_of(vendor: str, account: str, key: str, address: str | None = None) -> Seat:
    """Where we act, once key and address are seen to be what they should be; without `address` the vendor's own.

    Raises NotActingError, UnusableKeyError, UnusableAddressError.
    """
    if vendor not in ACTING:
        raise NotActingError(f"{vendor} cannot be told to do anything; {', '.join(ACTING)} can.")
    acting = ACTING[vendor]
    if len(key) < KEY_LENGTH_MIN or not _PRINTABLE.fullmatch(key) or not acting.pattern.fullmatch(key):
        raise UnusableKeyError(f"That is no key to act with at {vendor}: it wants {acting.key}.")
    return Seat(source=f"{vendor}/{account}", key=key, address=_address(vendor, acting, address))


def actor_of(seat: Seat) -> Actor:
    """The actor of one account."""
    return ACTING[seat.source.partition("/")[0]].make(seat)


def masked(key: str) -> str:
    """A key as it may be shown: what kind it is of, and its last four characters."""
    kind = _KIND.match(key)
    return f"{kind.group() if kind else ''}…{key[-4:]}"


def _address(vendor: str, acting: Acting, told: str | None) -> str:
    address = (told or acting.address or "").rstrip("/")
    if not address:
        raise UnusableAddressError(f"Say where {vendor} is: --address https://NAME.{acting.domain}")
    problem = f"{address!r} is not where a key for {vendor} may be sent: use https://"
    try:
        url = urlsplit(address)
        host, _ = url.hostname or "", url.port
    except ValueError:
        raise UnusableAddressError(f"{problem}...{acting.domain}") from None
    is_bare = not (url.path or url.query or url.fragment or url.username or url.password) and _PRINTABLE.fullmatch(
        address
    )
    is_theirs = url.scheme == "https" and (host == acting.domain or host.endswith(f".{acting.domain}"))
    # What listens on this very machine is a stand-in for trying things out.
    is_here = url.scheme in ("http", "https") and _is_loopback(host)
    if not is_bare or not (is_theirs or is_here):
        raise UnusableAddressError(
            f"{problem}...{acting.domain}, or a stand-in on this machine, such as http://127.0.0.1:8090."
        )
    return address


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
