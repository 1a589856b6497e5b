"""Stripe's shapes, as far as we read them: the objects of its API, which its webhook events carry in `data.object`.

Source: https://docs.stripe.com/api and https://docs.stripe.com/api/events/types. Amounts are whole numbers in Stripe's
smallest unit of the currency, times Unix seconds. Older API versions embed lists (a charge's refunds, an intent's
charges) where newer ones give ids; either may come.
"""

from typing import Any, Final

from amends.connectors.document import Id, Number, Shape, Word


class EventData(Shape, frozen=True, kw_only=True):
    """What an event is about, and how the changed parts were before."""

    object: dict[str, Any] | None = None
    previous_attributes: dict[str, Any] | None = None


class WebhookEvent(Shape, frozen=True, kw_only=True):
    """The envelope of a webhook."""

    id: Id = None
    type: Word = None
    created: Number = None
    livemode: bool | None = None
    api_version: Word = None
    data: EventData | None = None


class Outcome(Shape, frozen=True, kw_only=True):
    """What Stripe's risk rules and the bank thought of a charge."""

    type: Word = None
    reason: Word = None
    risk_level: Word = None
    risk_score: Number = None
    seller_message: Word = None


class Instrument(Shape, frozen=True, kw_only=True):
    """A card, an account or a wallet: what is the same each time that it is used."""

    fingerprint: Word = None
    payer_id: Word = None


class Instruments(Shape, frozen=True, kw_only=True):
    """What is paid with, under the name of its type."""

    type: Word = None
    card: Instrument | None = None
    paypal: Instrument | None = None
    sepa_debit: Instrument | None = None
    us_bank_account: Instrument | None = None
    bacs_debit: Instrument | None = None
    acss_debit: Instrument | None = None
    au_becs_debit: Instrument | None = None

    @property
    def used(self) -> Instrument:
        """The one that is told; one of which nothing is known where none is."""
        kinds = (self.card, self.paypal, self.sepa_debit, self.us_bank_account, self.bacs_debit, self.acss_debit)
        return next((kind for kind in (*kinds, self.au_becs_debit) if kind is not None), Instrument())


class MethodDetails(Instruments, frozen=True, kw_only=True):
    """How a charge was paid."""


class BillingAddress(Shape, frozen=True, kw_only=True):
    """An address as Stripe has it."""

    country: Word = None


class BillingDetails(Shape, frozen=True, kw_only=True):
    """Who pays."""

    email: Word = None
    name: Word = None
    address: BillingAddress | None = None


class Refund(Shape, frozen=True, kw_only=True):
    """A refund."""

    id: Id = None
    object: Word = None
    amount: Number = None
    currency: Word = None
    status: Word = None
    charge: Any = None
    payment_intent: Any = None
    created: Number = None
    reason: Word = None
    failure_reason: Word = None
    metadata: dict[str, Any] | None = None


class Refunds(Shape, frozen=True, kw_only=True):
    """A list of refunds; before 2014 a plain array stood in its place, of refunds without ids."""

    data: list[Refund | None] | None = None


class Charge(Shape, frozen=True, kw_only=True):
    """One try to take money."""

    id: Id = None
    object: Word = None
    amount: Number = None
    amount_captured: Number = None
    amount_refunded: Number = None
    currency: Word = None
    status: Word = None
    paid: bool | None = None
    captured: bool | None = None
    refunded: bool | None = None
    created: Number = None
    livemode: bool | None = None
    payment_intent: Any = None
    failure_code: Word = None
    failure_message: Word = None
    outcome: Outcome | None = None
    payment_method_details: MethodDetails | None = None
    billing_details: BillingDetails | None = None
    receipt_email: Word = None
    refunds: Refunds | list[Refund | None] | None = None
    metadata: dict[str, Any] | None = None
    transfer_group: Word = None


class Charges(Shape, frozen=True, kw_only=True):
    """A list of charges."""

    data: list[Charge | None] | None = None


class PaymentMethod(Instruments, frozen=True, kw_only=True):
    """What a buyer pays with."""


class PaymentError(Shape, frozen=True, kw_only=True):
    """Why a payment did not work out."""

    payment_method: PaymentMethod | None = None
    charge: Id = None
    code: Word = None
    decline_code: Word = None
    message: Word = None
    type: Word = None


class PaymentIntent(Shape, frozen=True, kw_only=True):
    """A payment that a buyer means to make, over all its tries."""

    id: Id = None
    object: Word = None
    amount: Number = None
    amount_received: Number = None
    amount_capturable: Number = None
    currency: Word = None
    status: Word = None
    created: Number = None
    canceled_at: Number = None
    cancellation_reason: Word = None
    livemode: bool | None = None
    latest_charge: Any = None
    charges: Charges | list[Charge | None] | None = None
    last_payment_error: PaymentError | None = None
    next_action: dict[str, Any] | None = None
    payment_method_types: list[Word] | None = None
    receipt_email: Word = None
    metadata: dict[str, Any] | None = None
    transfer_group: Word = None


class EvidenceDetails(Shape, frozen=True, kw_only=True):
    """By when a dispute is to be answered."""

    due_by: Number = None
    has_evidence: bool | None = None
    submission_count: Number = None


class DisputedCard(Shape, frozen=True, kw_only=True):
    """What the card scheme says of a dispute."""

    case_type: Word = None
    network_reason_code: Word = None


class DisputeDetails(Shape, frozen=True, kw_only=True):
    """The payment method behind a dispute."""

    type: Word = None
    card: DisputedCard | None = None


class Dispute(Shape, frozen=True, kw_only=True):
    """A chargeback or inquiry. Old API versions leave its id out and say `evidence_due_by`."""

    id: Id = None
    object: Word = None
    amount: Number = None
    currency: Word = None
    status: Word = None
    reason: Word = None
    network_reason_code: Word = None
    charge: Any = None
    payment_intent: Any = None
    created: Number = None
    livemode: bool | None = None
    evidence_details: EvidenceDetails | None = None
    evidence_due_by: Number = None
    payment_method_details: DisputeDetails | None = None
    metadata: dict[str, Any] | None = None


class CustomerDetails(Shape, frozen=True, kw_only=True):
    """Who checks out."""

    email: Word = None
    name: Word = None


class CheckoutSession(Shape, frozen=True, kw_only=True):
    """A visit to Stripe's checkout page."""

    id: Id = None
    object: Word = None
    mode: Word = None
    status: Word = None
    payment_status: Word = None
    amount_total: Number = None
    currency: Word = None
    created: Number = None
    expires_at: Number = None
    livemode: bool | None = None
    payment_intent: Any = None
    client_reference_id: Word = None
    customer_details: CustomerDetails | None = None
    payment_method_types: list[Word] | None = None
    metadata: dict[str, Any] | None = None


class Review(Shape, frozen=True, kw_only=True):
    """A person is asked to look at a payment."""

    id: Id = None
    object: Word = None
    open: bool | None = None
    reason: Word = None
    opened_reason: Word = None
    closed_reason: Word = None
    charge: Any = None
    payment_intent: Any = None
    created: Number = None
    livemode: bool | None = None


class EarlyFraudWarning(Shape, frozen=True, kw_only=True):
    """A bank suspects fraud; a dispute may follow."""

    id: Id = None
    object: Word = None
    actionable: bool | None = None
    fraud_type: Word = None
    charge: Any = None
    payment_intent: Any = None
    created: Number = None
    livemode: bool | None = None


class Payout(Shape, frozen=True, kw_only=True):
    """Money sent to the seller's bank."""

    id: Id = None
    object: Word = None
    amount: Number = None
    currency: Word = None
    status: Word = None
    arrival_date: Number = None
    created: Number = None
    livemode: bool | None = None


class BalanceTransaction(Shape, frozen=True, kw_only=True):
    """A line of the ledger. A list of those of one payout holds the payout's own line too, of type payout."""

    id: Id = None
    object: Word = None
    type: Word = None
    reporting_category: Word = None
    source: str | dict[str, Any] | None = None
    amount: Number = None
    fee: Number = None
    net: Number = None
    currency: Word = None
    created: Number = None


class Source(Shape, frozen=True, kw_only=True):
    """An older way to pay: a voucher, a bank transfer, a wallet."""

    id: Id = None
    object: Word = None
    amount: Number = None
    currency: Word = None
    status: Word = None
    type: Word = None
    created: Number = None
    livemode: bool | None = None
    metadata: dict[str, Any] | None = None


# What a metadata key is called by those who write the order into it.
ACT_METADATA: Final = "amends_act"
"""In the metadata of what Amends had done: its own id of it."""
ORDER_METADATA: Final = (
    "order_id",
    "order",
    "shopify_order_id",
    "orderId",
    "orderid",
    "order-id",
    "order_reference",
    "channel_order_id",
)

NOT_FOLLOWED: Final = {
    "account_link": "a Stripe account's own affairs tell nothing of an order",
    "account_session": "a Stripe account's own affairs tell nothing of an order",
    "apps": "an application's secrets tell nothing of an order",
    "confirmation_token": "a confirmation token is not a payment yet",
    "country_spec": "what Stripe offers in a country tells nothing of an order",
    "customer_session": "a customer's session is not a payment",
    "exchange_rate": "an exchange rate names no payment",
    "forwarding": "a forwarded request is told by nobody as a payment",
    "login_link": "a Stripe account's own affairs tell nothing of an order",
    "payment_method_domain": "a setting tells nothing of an order",
    "setup_attempt": "an attempt to save a payment method is not a payment",
    "source_transaction": "what moved within a source is told by its charge",
    "tax_code": "a tax code tells nothing of an order",
    "usage_record": "usage of subscriptions is not followed",
    "usage_record_summary": "usage of subscriptions is not followed",
    "account": "a Stripe account's own affairs tell nothing of an order",
    "application": "an application's rights tell nothing of an order",
    "application_fee": "a platform's fee is between Stripe and the platform",
    "balance": "a balance names no payment",
    "balance_transaction": "a balance transaction is a line of the ledger; only the list of a payout's lines, with the "
    "payout's own among them, tells which payout they make up",
    "balance_settings": "settings tell nothing of an order",
    "bank_account": "a bank account is not a payment",
    "billing": "billing of subscriptions is not followed",
    "billing_portal": "a billing portal is not a payment",
    "capability": "what an account may do tells nothing of an order",
    "card": "a card on file is not a payment",
    "cash_balance": "a cash balance names no payment",
    "climate": "a climate order is not one of a buyer",
    "coupon": "a coupon is not something Amends follows",
    "credit_note": "a credit note is paper; the refund behind it is told by itself",
    "customer": "a customer's record tells nothing of an order",
    "customer_balance_transaction": "a customer's balance tells nothing of an order",
    "customer_cash_balance_transaction": "a customer's balance tells nothing of an order",
    "discount": "a discount tells nothing of an order that used it",
    "entitlements": "entitlements of subscriptions are not followed",
    "ephemeral_key": "a key tells nothing of an order",
    "file": "a file tells nothing of an order",
    "file_link": "a file tells nothing of an order",
    "financial_connections": "a bank connection is not a payment",
    "identity": "a check of identity tells nothing of an order",
    "invoice": "an invoice bills a subscription or a business; the payment that settles it is told by its charge",
    "invoice_payment": "the payment that settles an invoice is told by its charge",
    "invoiceitem": "an invoice item is not a payment",
    "invoice_item": "an invoice item is not a payment",
    "issuing": "issued cards are the shop's own spending, not a buyer's payment",
    "issuing_authorization": "issued cards are the shop's own spending, not a buyer's payment",
    "line_item": "a line of an invoice is not a payment",
    "mandate": "a mandate is not a payment",
    "payment_link": "a payment link is an offer",
    "payment_method": "a payment method on file is not a payment",
    "payment_method_configuration": "a setting tells nothing of an order",
    "person": "a person of a Stripe account tells nothing of an order",
    "plan": "a plan is a price of subscriptions",
    "price": "a price is not a payment",
    "product": "a product in Stripe's catalogue tells nothing of stock",
    "promotion_code": "a promotion code is not something Amends follows",
    "quote": "a quote is an offer",
    "radar": "a list of Radar's is a setting",
    "recipient": "a recipient of payouts tells nothing of an order",
    "reporting": "a report names no order",
    "setup_intent": "a set-up intent saves a payment method; nothing is paid by it",
    "shipping_rate": "a shipping rate is an offer",
    "sigma": "a report names no order",
    "sku": "an article in Stripe's catalogue tells nothing of stock",
    "subscription": "a subscription is not an order; each of its payments is told by its charge",
    "subscription_item": "a subscription is not an order; each of its payments is told by its charge",
    "subscription_schedule": "a subscription is not an order; each of its payments is told by its charge",
    "tax": "tax settings tell nothing of an order",
    "tax_id": "a tax id on file tells nothing of an order",
    "tax_rate": "a tax rate is not something Amends follows",
    "terminal": "a card reader tells nothing of an order",
    "test_helpers": "a test clock tells nothing of an order",
    "token": "a token is not a payment",
    "topup": "a top-up is the shop's own money",
    "transfer": "a transfer moves the seller's own money, and no buyer's payment changes by it",
    "transfer_reversal": "a transfer moves the seller's own money, and no buyer's payment changes by it",
    "treasury": "treasury is the shop's own money",
    "webhook_endpoint": "a webhook endpoint is a setting",
    "fee_refund": "a platform's fee is between Stripe and the platform",
    "bitcoin": "bitcoin receivers are no longer a way to pay",
    "order": "Stripe's own orders are no longer in use; the payment behind one is told by its charge",
    "order_return": "Stripe's own orders are no longer in use; the refund behind a return is told by itself",
    "ping": "a ping only tries the endpoint",
}
"""Objects, and families of event types up to their first dots, from which nothing follows, and why."""


def refunds_in(charge: Charge) -> list[Refund]:
    """The refunds that a charge lists, by whichever version of the API; those without an id cannot be told apart."""
    listed = charge.refunds.data if isinstance(charge.refunds, Refunds) else charge.refunds
    return [refund for refund in listed or () if refund is not None and refund.id is not None]


def charges_in(intent: PaymentIntent) -> list[Charge]:
    """The charges that an intent lists, newest first; versions since 2022-11-15 list none."""
    listed = intent.charges.data if isinstance(intent.charges, Charges) else intent.charges
    return [charge for charge in listed or () if charge is not None]


def id_in(value: Any) -> str | None:
    """The id of what is referred to, given as an id or as the expanded object."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) and value else None
