"""Shopify told to do things: one shop's orders and the payments that it holds.

Shopify knows an act again only where it has a place for its id, and each act is written into one: see the module of
each. Source: https://shopify.dev/docs/api/admin-graphql.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

import httpx

from amends.connectors.shopify.admin import AdminApi, AnswerError, NotNowError, RefusedError, UnclearError
from amends.connectors.shopify.cancellation import Cancellation
from amends.connectors.shopify.correction import Correction
from amends.connectors.shopify.holds import Hold, Release
from amends.connectors.shopify.paid_mark import PaidMark
from amends.connectors.shopify.refunding import Refunding
from amends.connectors.shopify.replacement import Replacement
from amends.resolution.intent import Intent
from amends.resolution.outbox import Reply


class Deed(Protocol):
    """How one kind of act is done, and found again.

    Both raise what `admin` raises. `send` may be called again for an act of which a part was done: it does the rest.
    """

    def send(self, api: AdminApi, intent: Intent) -> Reply: ...
    def look_up(self, api: AdminApi, intent: Intent, ref: str | None) -> Reply: ...


_DEEDS: Final[Mapping[str, Deed]] = MappingProxyType(
    {
        "refund": Refunding(),
        "cancel_order": Cancellation(),
        "hold_order": Hold(),
        "release_order": Release(),
        "edit_recipient": Correction(),
        "replace_order": Replacement(),
        "mark_paid": PaidMark(),
    }
)


class ShopifyActor:
    """One shop. `source` is what its events have as source (shopify/acme-us); it acts on what that account told of.

    `key` is an access token, or CLIENT_ID:CLIENT_SECRET.
    """

    does: Final = frozenset(_DEEDS)

    def __init__(self, key: str, *, address: str, source: str, timeout: httpx.Timeout | None = None) -> None:
        if not key:
            raise ValueError("Shopify wants a key")
        self._source = source
        self._api = AdminApi(key, address=address, **({} if timeout is None else {"timeout": timeout}))

    def close(self) -> None:
        """Close its connections."""
        self._api.close()

    def takes(self, intent: Intent) -> bool:
        """Whether the order is this shop's; a refund is, where this shop told of the payment.

        What a provider of one's own tells of, its own actor refunds. Acts on more than one order are nobody's here.
        """
        if intent.does not in _DEEDS or "order" not in intent.how or "of" in intent.how:
            return False
        told_by = intent.how.get("payment_source" if intent.does == "refund" else "order_source")
        return bool(told_by == self._source)

    def send(self, intent: Intent) -> Reply:
        """Do it, or what is left of it to do."""
        try:
            return _DEEDS[intent.does].send(self._api, intent)
        except NotNowError as error:
            return Reply(said="not_done", says=str(error))
        except UnclearError as error:
            return Reply(said="unclear", says=str(error))
        except RefusedError as error:
            return Reply(said="refused", says=str(error))

    def look_up(self, intent: Intent, ref: str | None) -> Reply:
        """Look for what the act would have left behind."""
        try:
            return _DEEDS[intent.does].look_up(self._api, intent, ref)
        except AnswerError as error:
            return Reply(said="unclear", says=str(error))
