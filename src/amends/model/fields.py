"""The vocabulary of event data: what a fact is called, and what it is measured in.

Rules may use these fields and no others; whatever else a delivery says is kept in `data` for people to read.
A connector that needs a new one adds it here, with its unit and meaning.
"""

from typing import Final, Literal

import msgspec

FieldType = Literal["text", "integer", "decimal", "money", "instant", "flag"]
"""money: whole minor units of the event's `currency`; instant: RFC 3339 in the event, microseconds in a column."""


class Field(msgspec.Struct, frozen=True):
    """A field of event data: its type and, in a few words, its meaning."""

    type: FieldType
    means: str


def _fields(type_: FieldType, **meanings: str) -> dict[str, Field]:
    return {name: Field(type_, means) for name, means in meanings.items()}


FIELDS: Final[dict[str, Field]] = {
    **_fields(
        "text",
        shop="the shop the order was placed in",
        channel="the sales channel: shopify, amazon, shopee ...",
        number="what the buyer calls the order, such as #1001",
        status="the state after this event, in the words of the vocabulary",
        previous_status="the state before this event",
        currency="ISO 4217 code of every money field of this event",
        country="ISO 3166-1 alpha-2 code of the delivery address",
        region="state or province of the delivery address",
        city="city of the delivery address",
        postcode="postal code of the delivery address",
        street="first line of the delivery address",
        recipient="name on the delivery address",
        phone="telephone number of the recipient",
        recipient_id="tax or personal id that customs of the destination asks for (CPF, PCCC ...)",
        buyer_email="e-mail address of the buyer",
        address_key="digest of the normalised delivery address: equal for equal addresses",
        phone_key="digest of the recipient's telephone number in E.164: equal for equal numbers",
        device="digest of the device that the order came from, as the shop saw it on that day: equal for one device on a day",
        instrument="the provider's fingerprint of the card or account that is paid with: equal for equal ones",
        language="BCP 47 tag of the buyer's language",
        note="what the buyer wrote with the order",
        coupon="discount code used",
        incoterm="DAP, DDP ...",
        reason="why, in the vocabulary's words (decline code, dispute reason, cancel reason, return reason, hold reason)",
        method="payment method: card, paypal, boleto, bank_transfer ...",
        provider="payment service provider",
        refund="id of a refund",
        act="Amends' own id of the act that this came of",
        dispute="id of a dispute",
        stage="of a dispute: pre_dispute, dispute, pre_arbitration; of a scan: first_mile, export, linehaul, import, last_mile",
        payout="id of a payout",
        reporting_category="what a line of a payout is for, in Stripe's words: charge, refund, dispute, fee ...",
        claim="id of a claim at the marketplace",
        sku="stock keeping unit",
        location="warehouse or place",
        tier="stock tier: local, overseas, in_transit, domestic_pending",
        carrier="carrier of the parcel",
        tracking="tracking number",
        sub_status="tracking sub-status, in 17TRACK's words",
        cause="cause of a carrier's exception, by whose fault",
        customs="customs detail, in SP-API's words",
        goods="kind of goods: electrical, electronic, radio, toy, protective, machine, cosmetic, food, medical ...",
        hs_code="Harmonized System code of the goods",
        country_of_origin="ISO 3166-1 alpha-2 code of where the goods were made",
        material="what the goods are made of",
        purpose="what the goods are used for",
        tax_id="the seller's tax registration that the destination asks for (IOSS, VAT, EORI, GST ...)",
        un_number="UN number of dangerous goods, such as UN3481 for lithium batteries in equipment",
        transport="mode of transport: air, sea, rail, road",
        code="the carrier's raw code",
        description="the sender's own words",
        origin="ISO 3166-1 alpha-2 code of where the parcel started",
        destination="ISO 3166-1 alpha-2 code of where the parcel goes",
        scan_country="ISO 3166-1 alpha-2 code of where the parcel was scanned",
        scan_city="city where the parcel was scanned",
        author="who wrote: buyer, agent, bot, system",
        medium="channel of a message: email, chat, whatsapp, marketplace ...",
        intent="what the buyer wants, as tagged by the help desk or the classifier: where_is_it, not_received, damaged, wrong_item, not_as_described, cancel, refund ...",
        tone="calm, upset",
        system="the system that failed to take a change, or tells how it has the order: oms, erp, wms, crm ...",
        exception="id of an exception of the catalogue",
        severity="critical, high, warning, info",
        outcome="put_right, false_alarm, healed, written_off",
        vendor="connector that could not read a delivery",
    ),
    **_fields(
        "money",
        total="what the buyer owes for the order",
        amount="money moved, held or claimed by this event",
        fee="kept by the provider",
        net="amount less the provider's fee, as it is paid out",
        declared_value="value on the customs declaration",
    ),
    **_fields(
        "integer",
        quantity="units in this event",
        available="units that can be promised, after this event",
        counted="units counted by hand in the warehouse",
        units="units of the whole order that are to be sent",
        orders_before="orders of this buyer before this one",
        lead_days="days from ordering the SKU from its supplier until it can be sold",
        rating="stars of a review, 1 to 5",
        position="the sender's own sequence number",
    ),
    **_fields("decimal", risk_score="provider's fraud score, 0 to 1"),
    **_fields(
        "instant",
        ship_by="limit for the hand-over to a carrier",
        deliver_by="promised arrival, to the end of the promised day",
        estimated_at="the carrier's present estimate of arrival",
        expires_at="when a voucher, hold or pickup ends",
        respond_by="limit for an answer to a dispute",
        promised_at="when what was promised in a message is due",
    ),
    **_fields(
        "flag",
        listed="the SKU is on sale",
        split_allowed="the order may be sent in several parcels",
        phone_possible="the telephone number can be one of its country",
        blocked="the shop has the buyer on its block list",
        hs_code_possible="the HS code has the form of one",
        ce="the goods bear the CE mark (European Union)",
        ukca="the goods bear the UKCA mark (Great Britain)",
        fcc="the goods are authorized by the FCC (United States)",
        pse="the goods bear the PSE mark (Japan)",
        anatel="the goods are approved by Anatel (Brazil)",
        test="the sender marked it as a test",
        first_contact="the message tells the buyer of the trouble",
    ),
}
