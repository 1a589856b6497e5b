"""Words of the vocabulary that stand in the facts, as people say them."""

import re
from typing import Final

from amends.web.languages import catalogue, mark
from amends.web.wording import Wording

CODES: Final[dict[str, str]] = {
    # payment methods
    "card": mark("card"),
    "paypal": "PayPal",
    "boleto": "Boleto",
    "pix": "Pix",
    "oxxo": "OXXO",
    "konbini": "Konbini",
    "klarna": "Klarna",
    "ideal": "iDEAL",
    "sofort": "Sofort",
    "alipay": mark("Alipay"),
    "wechat_pay": mark("WeChat Pay"),
    "apple_pay": "Apple Pay",
    "google_pay": "Google Pay",
    "bank_transfer": mark("bank transfer"),
    "voucher": mark("voucher"),
    # why a payment was declined
    "insufficient_funds": mark("insufficient funds"),
    "card_declined": mark("card declined"),
    "generic_decline": mark("declined without a reason"),
    "do_not_honor": mark("declined by the bank"),
    "card_velocity_exceeded": mark("card limit reached"),
    "expired_card": mark("card expired"),
    "incorrect_cvc": mark("wrong security code"),
    "authentication_required": mark("authentication needed"),
    "authentication_failed": mark("authentication failed"),
    "processing_error": mark("error at the provider"),
    "limit_exceeded": mark("limit exceeded"),
    "lost_card": mark("card reported lost"),
    "stolen_card": mark("card reported stolen"),
    "network": mark("network error"),
    # why a payment is disputed (Stripe)
    "fraudulent": mark("fraudulent"),
    "duplicate": mark("duplicate"),
    "product_not_received": mark("product not received"),
    "product_unacceptable": mark("product unacceptable"),
    "credit_not_processed": mark("credit not processed"),
    "subscription_canceled": mark("subscription cancelled"),
    "unrecognized": mark("not recognised"),
    "general": mark("general"),
    # why an order was cancelled
    "customer": mark("the buyer asked for it"),
    "inventory": mark("out of stock"),
    "declined": mark("payment declined"),
    "fraud": mark("suspected fraud"),
    "staff": mark("staff error"),
    "other": mark("other"),
    "requested_by_customer": mark("the buyer asked for it"),
    # what the carrier says is in the way, and by whose fault
    "carrier_damaged_parcel": mark("damaged by the carrier"),
    "carrier_sorting_error": mark("sorted wrongly by the carrier"),
    "carrier_address_not_found": mark("address not found by the carrier"),
    "carrier_parcel_lost": mark("lost by the carrier"),
    "carrier_not_enough_time": mark("courier out of time"),
    "carrier_vehicle_issue": mark("trouble with the vehicle"),
    "carrier_capacity_exceeded": mark("carrier out of capacity"),
    "carrier_mechanical_delay": mark("mechanical delay"),
    "retailer_not_ready": mark("not ready at the shop"),
    "retailer_incorrect_data": mark("wrong data from the shop"),
    "consignee_refused": mark("refused by the recipient"),
    "consignee_business_closed": mark("business closed"),
    "consignee_not_available": mark("recipient not available"),
    "consignee_not_home": mark("nobody at home"),
    "consignee_incorrect_address": mark("wrong address"),
    "consignee_access_restricted": mark("no access to the door"),
    "customs_delay": mark("delayed by customs"),
    "customs_inspection": mark("inspected by customs"),
    "customs_documentation": mark("papers missing at customs"),
    "customs_duties_unpaid": mark("duties unpaid"),
    "customs_prohibited": mark("prohibited by customs"),
    "weather_delay": mark("delayed by weather"),
    "natural_disaster": mark("natural disaster"),
    "security_issue": mark("security"),
    "regulatory_hold": mark("held by the authorities"),
    # customs in detail (SP-API)
    "HS_CODE_ISSUES": mark("customs code in question"),
    "DUTIES_TAX_PENDING": mark("duties or tax pending"),
    "IMPORT_DOCUMENTATION_REQUIRED": mark("import papers required"),
    "IMPORT_BLOCKED": mark("import blocked"),
    "INCOTERMS_ISSUE": mark("delivery terms in question"),
    "POWER_OF_ATTORNEY_REQUIRED": mark("power of attorney required"),
    "RECIPIENT_ID_MISSING": mark("recipient's tax number missing"),
    "PGA_HOLD": mark("held by another authority"),
    # media
    "email": mark("e-mail"),
    "chat": mark("chat"),
    "whatsapp": "WhatsApp",
    "marketplace": mark("marketplace message"),
    "sms": mark("text message"),
    "phone": mark("telephone"),
    # feeds
    "shopify": "Shopify",
    "stripe": "Stripe",
    "17track": "17TRACK",
    "cloudevents": "CloudEvents",
    "mail": mark("e-mail"),
    # systems
    "oms": "OMS",
    "erp": "ERP",
    "wms": "WMS",
    "crm": "CRM",
    # stages of a lane
    "first_mile": mark("first mile"),
    "export": mark("export"),
    "linehaul": mark("line haul"),
    "import": mark("import"),
    "last_mile": mark("last mile"),
    # tracking (AfterShip's statuses)
    "Pending": mark("no news yet"),
    "InfoReceived": mark("announced to the carrier"),
    "InTransit": mark("in transit"),
    "OutForDelivery": mark("out for delivery"),
    "AttemptFail": mark("delivery attempt failed"),
    "AvailableForPickup": mark("waiting at the pickup point"),
    "Delivered": mark("delivered"),
    "Exception": mark("in trouble"),
    "Expired": mark("no news for long"),
    # 17TRACK's sub-statuses that say more
    "InTransit_PickedUp": mark("picked up by the carrier"),
    "InTransit_Departure": mark("departed"),
    "InTransit_Arrival": mark("arrived"),
    "InTransit_CustomsProcessing": mark("with customs"),
    "InTransit_CustomsReleased": mark("released by customs"),
    "InTransit_CustomsRequiringInformation": mark("customs asks for information"),
    "DeliveryFailure_Rejected": mark("refused by the recipient"),
    "DeliveryFailure_InvalidAddress": mark("address not found"),
    "DeliveryFailure_NoBody": mark("nobody at home"),
    "DeliveryFailure_Security": mark("stopped for security"),
    "Exception_Returning": mark("going back to the sender"),
    "Exception_Returned": mark("back at the sender"),
    "Exception_NoBody": mark("nobody at home"),
    "Exception_Damage": mark("damaged"),
    "Exception_Rejected": mark("refused"),
    "Exception_Delayed": mark("delayed"),
    "Exception_Lost": mark("lost"),
    "Exception_Destroyed": mark("destroyed"),
    "Exception_Cancel": mark("cancelled at the carrier"),
    # states of payments, refunds and disputes
    "succeeded": mark("succeeded"),
    "pending": mark("pending"),
    "failed": mark("failed"),
    "requires_action": mark("needs an action"),
    "needs_response": mark("needs an answer"),
    "warning_needs_response": mark("inquiry, needs an answer"),
    "under_review": mark("under review"),
    "warning_under_review": mark("inquiry under review"),
    "warning_closed": mark("inquiry closed"),
    "won": mark("won"),
    "lost": mark("lost"),
    "opened": mark("opened"),
    "closed": mark("closed"),
    "cancelled": mark("cancelled"),
    "canceled": mark("cancelled"),
    "captured": mark("captured"),
    "paid": mark("paid"),
    "shipped": mark("shipped"),
    "early_fraud_warning": mark("early warning of fraud"),
    # what a buyer wants
    "where_is_it": mark("where is it"),
    "not_received": mark("not received"),
    "wrong_item": mark("wrong item"),
    "missing_item": mark("missing item"),
    "not_as_described": mark("not as described"),
    "cancel": mark("cancel"),
    "refund": mark("refund"),
    "calm": mark("calm"),
    "upset": mark("upset"),
    "buyer": mark("the buyer"),
    "agent": mark("an agent"),
    "bot": mark("a bot"),
    "system": mark("a system"),
}


def code_words(code: str, say: Wording) -> str:
    """A word of a vocabulary as people say it; an unknown one without its underscores."""
    texts = catalogue("console", say.language)
    known = CODES.get(code) or CODES.get(code.lower())
    if known is None and code[:1].isupper():
        # A tracking sub-status that says no more than its status, such as InTransit_Other.
        known = CODES.get(code.partition("_")[0])
    if known is not None:
        return texts.gettext(known)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", code).replace("_", " ").lower()


YES_NO: Final = (mark("yes"), mark("no"))
