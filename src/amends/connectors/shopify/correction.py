"""Where an order goes, corrected. Setting it twice sets it once; whether it is set is seen by reading it.

Source: https://shopify.dev/docs/api/admin-graphql/latest/mutations/orderUpdate,
https://shopify.dev/docs/api/admin-graphql/latest/input-objects/MailingAddressInput.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from amends.connectors.shopify.admin import AdminApi, RefusedError, Told, UserError, agreed, gid
from amends.resolution.intent import Intent
from amends.resolution.outbox import Reply

_FIELDS: Final = "firstName lastName company address1 address2 city province provinceCode countryCodeV2 zip phone"
_ORDER: Final = f"""query Recipient($order: ID!) {{
  order(id: $order) {{
    id cancelledAt shippingAddress {{ {_FIELDS} }} customAttributes {{ key value }}
  }}
}}"""
_UPDATE: Final = """mutation Correct($input: OrderInput!) {
  orderUpdate(input: $input) { order { id } userErrors { field message } }
}"""
_PARTS: Final = {"street": "address1", "street2": "address2", "city": "city", "postcode": "zip", "phone": "phone"}
"""The parts of an address that have a name of their own at Shopify, of each ours and theirs."""
_CODE: Final = re.compile(r"[A-Z0-9]{1,3}")
RECIPIENT_ID: Final = "recipient_id"
"""The order's attribute that holds the number which customs ask for; the connector reads it by this name too."""
_CREDENTIALS: Final = frozenset("BR CL CN CO CR EC ES GT ID KR MX MY PE".split())
"""Countries for which Shopify has a field of that number (LocalizedFieldKey), which goes onto declarations."""


class _Address(Told, frozen=True):
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    province: str | None = None
    province_code: str | None = None
    country_code_v2: str | None = None
    zip: str | None = None
    phone: str | None = None

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part)


class _Attribute(Told, frozen=True):
    key: str
    value: str | None = None


class _Order(Told, frozen=True):
    cancelled_at: str | None = None
    shipping_address: _Address | None = None
    custom_attributes: list[_Attribute] = []


class _Asked(Told, frozen=True):
    order: _Order | None = None


class _Updated(Told, frozen=True):
    user_errors: list[UserError] = []


class _Changed(Told, frozen=True):
    order_update: _Updated = _Updated()


class Correction:
    """The recipient of an `order` becomes what `address` says, and `recipient_id`; what they do not say stays.

    `address` has the parts that events have: recipient, street, street2, city, region, postcode, country, phone.
    """

    def send(self, api: AdminApi, intent: Intent) -> Reply:
        """Correct it."""
        wanted, number = _wanted(intent)
        order = _order(api, intent)
        if order.cancelled_at:
            raise RefusedError("The order is cancelled.")
        changes: dict[str, Any] = {"id": gid("Order", intent.how["order"])}
        if wanted:
            changes["shippingAddress"] = _input(order.shipping_address or _Address(), wanted)
        if number is not None:
            # Attributes are set all at once, so the others are told again.
            kept = [
                {"key": each.key, "value": each.value} for each in order.custom_attributes if each.key != RECIPIENT_ID
            ]
            changes["customAttributes"] = [*kept, {"key": RECIPIENT_ID, "value": number}]
            country = wanted.get("country") or (order.shipping_address or _Address()).country_code_v2 or ""
            if country.upper() in _CREDENTIALS:
                changes["localizedFields"] = [{"key": f"SHIPPING_CREDENTIAL_{country.upper()}", "value": number}]
        agreed(api.change(_UPDATE, _Changed, input=changes).order_update.user_errors)
        return Reply(said="confirmed")

    def look_up(self, api: AdminApi, intent: Intent, ref: str | None) -> Reply:
        """Read whether it is as it was wanted."""
        wanted, number = _wanted(intent)
        order = _order(api, intent)
        stands = _input(order.shipping_address or _Address(), {})
        is_set = all(_same(stands.get(name), value) for name, value in _input(_Address(), wanted).items())
        numbers = [each.value for each in order.custom_attributes if each.key == RECIPIENT_ID]
        if is_set and (number is None or numbers == [number]):
            return Reply(said="confirmed")
        return Reply(said="not_done", says="The recipient still reads as before.")


def _wanted(intent: Intent) -> tuple[Mapping[str, str], str | None]:
    wanted, number = intent.how.get("address") or {}, intent.how.get("recipient_id")
    if not wanted and not number:
        raise RefusedError("Nothing says how the recipient should read.")
    return wanted, number or None


def _order(api: AdminApi, intent: Intent) -> _Order:
    order = api.ask(_ORDER, _Asked, order=gid("Order", intent.how["order"])).order
    if order is None:
        raise RefusedError(f"Shopify has no order {intent.how['order']} here.")
    return order


def _input(stands: _Address, wanted: Mapping[str, str]) -> dict[str, str]:
    """An address as Shopify is told it: the one that stands, with what is wanted in its place."""
    told = {
        "firstName": stands.first_name, "lastName": stands.last_name, "company": stands.company,
        "address1": stands.address1, "address2": stands.address2, "city": stands.city, "zip": stands.zip,
        "phone": stands.phone, "provinceCode": stands.province_code, "countryCode": stands.country_code_v2,
    }  # fmt: skip
    told |= {theirs: wanted[ours] for ours, theirs in _PARTS.items() if ours in wanted}
    if "recipient" in wanted:
        first, _, last = wanted["recipient"].strip().rpartition(" ")
        told |= {"firstName": first, "lastName": last}
    if "country" in wanted:
        # A region of the country that it was before is none of this one's.
        told |= {"countryCode": wanted["country"].upper(), "provinceCode": None}
    if "region" in wanted:
        region = wanted["region"].strip()
        if _CODE.fullmatch(region):
            told["provinceCode"] = region
        elif region != stands.province:
            told |= {"provinceCode": None, "province": region}
    return {name: value for name, value in told.items() if value is not None}


def _same(stands: str | None, wanted: str) -> bool:
    return _plain(stands or "") == _plain(wanted)


def _plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
