"""What a scan says between the lines: whose fault it is, what customs wants, on which part of the way it happened.

17TRACK tells apart some thirty sub-statuses. Carriers' own words tell more; a few of them are sure enough to act on.
"""

import re
from functools import lru_cache
from typing import Final

WORDS_MAX: Final = 500
"""More of a carrier's words is not looked at."""
_REMEMBERED: Final = 4096  # carriers have few sentences, and 17TRACK repeats each with every push
_FLAGS: Final = re.IGNORECASE


def _pattern(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), _FLAGS)


_DUTY: Final = r"\b(dut(y|ies)|tax(es)?|vat|customs (fee|charge)s?)\b"
_PAPERS: Final = r"\b(documents?|documentation|invoice|paper(s|work)|information|licen[cs]e|permit|certificate)\b"
_WANTED: Final = r"\b(requir\w+|request\w*|missing|need(s|ed)?|await\w*|incomplete|insufficient)\b"

_REFUSED: Final = r"\b(refus|den(y|ied)|block|reject|prohibit|not (allowed|permitted)|seiz|confiscat)\w*"

# Customs details in Amazon SP-API's words; the first that fits.
_CUSTOMS_WORDS: Final = (
    (
        "RECIPIENT_ID_MISSING",
        _pattern(
            r"\b(recipient|consignee|importer|receiver)'?s?\b.{0,30}\b(id|identi\w+|passport|tax number)\b",
            r"\b(cpf|cnpj|pccc|personal customs|id card|identity (card|document))\b",
            "身份证",
            "税号",
        ),
    ),
    (
        "DUTIES_TAX_PENDING",
        _pattern(
            rf"{_DUTY}.{{0,60}}\b(due|await\w*|pending|owed|outstanding|unpaid|required|(not|to be|must be) paid)\b",
            rf"\b(await\w*|pending|outstanding|unpaid|requir\w+|due)\b.{{0,60}}{_DUTY}",
            "待缴|需缴|未缴|补缴|缴纳关税|缴税通知",
            r"aguardando pagamento",
        ),
    ),
    ("HS_CODE_ISSUES", _pattern(r"\b(hs|commodity|tariff)[ -]?code", "商品编码")),
    ("POWER_OF_ATTORNEY_REQUIRED", _pattern(r"power of attorney", "委托书")),
    (
        "IMPORT_BLOCKED",
        _pattern(
            rf"\b(import|entry|clearance|customs)\b.{{0,40}}{_REFUSED}",
            rf"{_REFUSED}.{{0,30}}\bcustoms\b",
            r"\bprohibited (goods|item|article)",
            "禁止进口",
            "海关退",
            "扣押",
        ),
    ),
    (
        "PGA_HOLD",
        _pattern(
            r"\b(fda|usda|epa|cpsc|other government agenc|partner government agenc|agency) ?(hold|review|inspection)",
            r"held by (the )?(fda|usda|epa)",
        ),
    ),
    (
        "IMPORT_DOCUMENTATION_REQUIRED",
        _pattern(
            rf"{_PAPERS}.{{0,60}}{_WANTED}",
            rf"{_WANTED}.{{0,60}}{_PAPERS}",
            "补充资料|需要资料|清关资料",
        ),
    ),
)
_AT_CUSTOMS: Final = _pattern(
    r"\bcustoms?\b",
    r"\bclearance\b",
    r"\b(dut(y|ies)|import)\b",
    "海关",
    "清关",
    "aduan",
    "alfândega",
    "zoll",
    "douane",
)
_HELD: Final = _pattern(r"\b(held|hold|detain|retain|inspect|examin|withheld)", "查验", "扣", "fiscaliza")
_OVER: Final = _pattern(r"\b(complet\w+|releas\w+|cleared|passed|finish\w+)\b", "完成", "放行", "liberad")
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
_NOT_ABLE: Final = r"\b(un(able|successful)|could ?n[o']t|can ?n[o']t|not (able|possible)|fail\w*)\b"
_UNREACHABLE: Final = _pattern(
    rf"{_NOT_ABLE}.{{0,20}}\b(contact|reach|call)(ed|ing)?\b",
    r"\b(recipient|consignee|customer|receiver)\b.{0,30}\b(un|not )(reachable|contactable)\b",
    r"\b(recipient|consignee|customer|receiver)\b.{0,30}\bnot (answer|respond)\w*",
    r"\b(phone|telephone|mobile)\b.{0,30}\b(wrong|invalid|off|unreachable|no answer|not answer\w*|incorrect)\b",
    "联系不上|无法联系|联系不到|电话(无人接听|关机|错误|无效|打不通)",
)
_DELAYS: Final = ((_WEATHER, "weather_delay"), (_DISASTER, "natural_disaster"), (_STRIKE, "force_majeure"))
_LAST_MILE: Final = ("AvailableForPickup", "OutForDelivery", "Delivered", "DeliveryFailure")


# What a scan without a state says in so many words; the first that fits.
_STATES: Final = (
    (
        "InfoReceived",
        _pattern(
            r"\blabel\b.*\b(created|prepared|printed)\b",
            r"\bawaiting (item|parcel|package)",
            r"\b(information|data|electronic\w*|pre-?advice|order) (sent|received|submitted|notification)\b",
            r"\bpre-?shipment\b",
            "电子信息",
            "预报",
        ),
    ),
    ("Exception_Returned", _pattern(r"\breturned to (the )?(sender|shipper|origin)\b", "已退回")),
    (
        "Exception_Returning",
        _pattern(r"\b(being returned|return(ing)? to (the )?(sender|shipper))\b", "退回中", "退件"),
    ),
    (
        "DeliveryFailure_Other",
        _pattern(
            r"\b(delivery attempt|attempted delivery|unsuccessful delivery|could not be delivered|delivery failed)\b",
            "投递失败",
            "派送失败",
        ),
    ),
    ("OutForDelivery_Other", _pattern(r"\bout for delivery\b", "正在投递", "派送中")),
    (
        "AvailableForPickup_Other",
        _pattern(r"\b(available|ready) (for|to) (pick ?up|be picked up|collect\w*)\b", "待取", "可取件"),
    ),
    (
        "Delivered_Other",
        _pattern(
            r"\bdelivered\b(?! (to|at) (the )?(carrier|airline|facility|hub|customs|local))",
            "已妥投",
            "已签收",
            "entregue ao destinat",
            "zugestellt",
        ),
    ),
    ("InTransit_PickedUp", _pattern(r"\b(picked up|accepted|acceptance|posting|collected)\b", "揽收", "收寄")),
)


@lru_cache(_REMEMBERED)
def state_in(words: str) -> str:
    """The sub-status that the words of a scan without one speak of; plainly on its way where they tell no more."""
    return next((sub_status for sub_status, pattern in _STATES if pattern.search(words)), "InTransit_Other")


@lru_cache(_REMEMBERED)
def customs_detail(sub_status: str, words: str) -> str | None:
    """What customs wants, in SP-API's words; None where customs is not what the scan is about, or wants nothing."""
    if sub_status not in _CUSTOMS_SCANS:
        return None
    needs_papers = sub_status == "InTransit_CustomsRequiringInformation"
    if not (needs_papers or sub_status == "InTransit_CustomsProcessing" or _AT_CUSTOMS.search(words)):
        return None
    if not needs_papers and _OVER.search(words):
        return None
    for detail, pattern in _CUSTOMS_WORDS:
        if pattern.search(words):
            return detail
    return "IMPORT_DOCUMENTATION_REQUIRED" if needs_papers else None


@lru_cache(_REMEMBERED)
def cause_of(sub_status: str, words: str, customs: str | None) -> str | None:
    """By whose fault, in Karrio's words; None where nothing went wrong."""
    if customs is not None:
        return _CUSTOMS_CAUSES[customs]
    if sub_status in _CUSTOMS_SCANS and _AT_CUSTOMS.search(words) and _HELD.search(words) and not _OVER.search(words):
        return "customs_inspection"
    if sub_status.startswith(("Exception_Delayed", "Exception_Other", "DeliveryFailure_Other")):
        for pattern, cause in _DELAYS:
            if pattern.search(words):
                return cause
    if sub_status.startswith(("DeliveryFailure_", "Exception_Other")) and _UNREACHABLE.search(words):
        return "consignee_not_available"
    return _CAUSES.get(sub_status)


def stage_of(
    main: str, sub_status: str, *, here: str | None, origin: str | None, destination: str | None
) -> str | None:
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
