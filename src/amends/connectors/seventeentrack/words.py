"""What a scan says between the lines: whose fault it is, what customs wants, on which part of the way it happened.

17TRACK tells apart some thirty sub-statuses. Carriers' own words tell more; a few of them are sure enough to act on.
"""

import re
from typing import Final

_FLAGS: Final = re.IGNORECASE


def _pattern(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), _FLAGS)


# Customs details in Amazon SP-API's words; the first that fits.
_CUSTOMS_WORDS: Final = (
    (
        "RECIPIENT_ID_MISSING",
        _pattern(
            r"\b(recipient|consignee|importer|receiver)'?s?\b.{0,30}\b(id|identification|identity|passport|tax (id|number))\b",
            r"\b(cpf|cnpj|pccc|personal customs|id card|identity (card|document))\b",
            "身份证",
            "税号",
        ),
    ),
    (
        "DUTIES_TAX_PENDING",
        _pattern(
            r"\b(dut(y|ies)|tax(es)?|vat|customs (fee|charge)s?)\b.{0,60}\b(pa(y|id|yment)|due|await|pending|owed|outstanding|required)",
            r"\b(pay(ment)?|await\w*|pending|outstanding|unpaid)\b.{0,60}\b(dut(y|ies)|tax(es)?|vat|customs (fee|charge)s?)\b",
            "缴税",
            "关税",
            "税款",
            r"aguardando pagamento",
        ),
    ),
    ("HS_CODE_ISSUES", _pattern(r"\b(hs|commodity|tariff)[ -]?code", "商品编码")),
    ("POWER_OF_ATTORNEY_REQUIRED", _pattern(r"power of attorney", "委托书")),
    (
        "IMPORT_BLOCKED",
        _pattern(
            r"\b(import|entry|clearance|customs)\b.{0,40}\b(refus|den(y|ied)|block|reject|prohibit|not (allowed|permitted)|seiz|confiscat)",
            r"\b(refus|den(y|ied)|block|reject|seiz|confiscat)\w*\b.{0,30}\bcustoms\b",
            r"\bprohibited (goods|item|article)",
            "禁止进口",
            "海关退",
            "扣押",
        ),
    ),
    ("PGA_HOLD", _pattern(r"\b(fda|usda|epa|cpsc|other government agenc|partner government agenc|agency) ?(hold|review|inspection)", r"held by (the )?(fda|usda|epa)")),
    (
        "IMPORT_DOCUMENTATION_REQUIRED",
        _pattern(
            r"\bcustoms\b.{0,60}\b(document|invoice|paper|information|licen[cs]e|permit|certificate)",
            r"\b(document|commercial invoice|paperwork|licen[cs]e|permit)\w*\b.{0,60}\b(required|missing|needed|request|customs)",
            "补充资料",
            "清关资料",
        ),
    ),
)
_AT_CUSTOMS: Final = _pattern(r"\bcustoms?\b", r"\bclearance\b", r"\b(dut(y|ies)|import)\b", "海关", "清关", "aduan", "alfândega", "zoll", "douane")
_HELD: Final = _pattern(r"\b(held|hold|detain|retain|inspect|examin|withheld)", "查验", "扣", "fiscaliza")
_WEATHER: Final = _pattern(r"\b(weather|storm|snow|typhoon|hurricane|flood|ice|fog)\b", "天气", "台风")
_DISASTER: Final = _pattern(r"\b(earthquake|natural disaster|wildfire|volcan)", "地震", "自然灾害")
_STRIKE: Final = _pattern(r"\b(strike|industrial action|riot|war|force majeure)\b", "罢工", "不可抗力")

_CUSTOMS_SCANS: Final = (
    "InTransit_CustomsProcessing",
    "InTransit_CustomsRequiringInformation",
    "DeliveryFailure_Security",
    "Exception_Security",
    "Exception_Returning",
    "Exception_Returned",
    "Exception_Destroyed",
    "Exception_Other",
)
_CUSTOMS_CAUSES: Final = {
    "RECIPIENT_ID_MISSING": "customs_documentation",
    "DUTIES_TAX_PENDING": "customs_duties_unpaid",
    "HS_CODE_ISSUES": "customs_documentation",
    "POWER_OF_ATTORNEY_REQUIRED": "customs_documentation",
    "IMPORT_BLOCKED": "customs_prohibited",
    "PGA_HOLD": "customs_inspection",
    "IMPORT_DOCUMENTATION_REQUIRED": "customs_documentation",
}
_CAUSES: Final = {
    "DeliveryFailure_NoBody": "consignee_not_home",
    "DeliveryFailure_Security": "security_issue",
    "DeliveryFailure_Rejected": "consignee_refused",
    "DeliveryFailure_InvalidAddress": "consignee_incorrect_address",
    "DeliveryFailure_Other": "unknown",
    "Exception_NoBody": "consignee_not_available",
    "Exception_Security": "security_issue",
    "Exception_Damage": "carrier_damaged_parcel",
    "Exception_Destroyed": "carrier_damaged_parcel",
    "Exception_Rejected": "consignee_refused",
    "Exception_Lost": "carrier_parcel_lost",
    "Exception_Cancel": "retailer_cancelled",
    "Exception_Other": "unknown",
}
_DELAYS: Final = ((_WEATHER, "weather_delay"), (_DISASTER, "natural_disaster"), (_STRIKE, "force_majeure"))
_LAST_MILE: Final = ("AvailableForPickup", "OutForDelivery", "Delivered", "DeliveryFailure")


def customs_detail(sub_status: str, words: str) -> str | None:
    """What customs wants, in SP-API's words; None where customs is not what the scan is about, or wants nothing."""
    if sub_status not in _CUSTOMS_SCANS:
        return None
    needs_papers = sub_status == "InTransit_CustomsRequiringInformation"
    if not (needs_papers or sub_status == "InTransit_CustomsProcessing" or _AT_CUSTOMS.search(words)):
        return None
    for detail, pattern in _CUSTOMS_WORDS:
        if pattern.search(words):
            return detail
    return "IMPORT_DOCUMENTATION_REQUIRED" if needs_papers else None


def cause_of(sub_status: str, words: str, customs: str | None) -> str | None:
    """By whose fault, in Karrio's words; None where nothing went wrong."""
    if customs is not None:
        return _CUSTOMS_CAUSES[customs]
    if sub_status in _CUSTOMS_SCANS and _AT_CUSTOMS.search(words) and _HELD.search(words):
        return "customs_inspection"
    if sub_status.startswith(("Exception_Delayed", "Exception_Other", "DeliveryFailure_Other")):
        for pattern, cause in _DELAYS:
            if pattern.search(words):
                return cause
    return _CAUSES.get(sub_status)


def stage_of(main: str, sub_status: str, *, here: str | None, origin: str | None, destination: str | None) -> str | None:
    """The part of the lane a scan was made on; None where it could be more than one.

    Within one country a parcel never leaves for another: there is a first mile and a last one, and between them none
    that could be waited for.
    """
    if main in _LAST_MILE:
        return "last_mile"
    match sub_status:
        case "InfoReceived" | "InTransit_PickedUp":
            return "first_mile"
        case "InTransit_Departure":
            return "linehaul"
        case "InTransit_Arrival":
            return "import"
        case "InTransit_CustomsProcessing" | "InTransit_CustomsReleased" | "InTransit_CustomsRequiringInformation":
            return "export" if here is not None and here == origin and here != destination else "import"
        case "InTransit_Other" if here is not None and origin != destination:
            return "first_mile" if here == origin else "last_mile" if here == destination else None
    return None
