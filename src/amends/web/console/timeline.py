"""Events and verdicts on one line of time, each in plain words, each with what was really said behind it."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from markupsafe import Markup

from amends.cases.case import CaseFinding
from amends.detection.rule import Pack
from amends.model.event import Event, document_of
from amends.model.fields import FIELDS
from amends.model.instant import MINUTE, Duration, Instant, parse_instant
from amends.web.console import labels
from amends.web.console.codes import CODES
from amends.web.console.sentences import in_language, sentence_of, value_of
from amends.web.languages import catalogue
from amends.web.wording import Wording

_TELLING: Final = (
    "total amount method provider reason status sub_status carrier tracking scan_city scan_country sku quantity "
    "available counted note intent tone rating description system respond_by estimated_at outcome"
).split()
"""Fields that say what an event is about, in the order in which they are read."""

_LATE: Final = Duration(5 * MINUTE)
"""News that takes longer than this to reach us is said to have."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One point of the line. `kind`: told (an event), fired or cleared (a finding). `raw` is JSON."""

    at: Instant
    kind: str
    what: str
    said: Markup = Markup()
    late: str = ""
    source: str = ""
    raw: str = ""
    severity: str = ""


_KNOWN_OF_PARCELS: Final = frozenset(("carrier", "tracking"))
_SAY_THEIR_STATUS: Final = frozenset(("order.paid", "order.cancelled", "payment.authorized", "payment.captured"))


def timeline_of(events: Iterable[Event], findings: Sequence[CaseFinding], pack: Pack, say: Wording) -> list[Fact]:
    """Everything known, the newest first; what fired at the moment of an event stands above it."""
    told = [told_fact(event, say) for event in _once(events) if not event.type.startswith("case.")]
    judged = [fact for held in findings for fact in _judged(held, pack, say)]
    return sorted([*told, *judged], key=lambda fact: (-fact.at, fact.kind == "told"))


def _once(events: Iterable[Event]) -> list[Event]:
    """Without what snapshots of an order say again: each later one tells that it is paid, as of its own time."""
    paid: dict[tuple[str, str | None], Event] = {}
    for event in (events := list(events)):
        if event.type == "order.paid":
            about = event.source, event.keys.get("order")
            paid[about] = min(paid.get(about, event), event, key=lambda told: told.time)
    first = {event.id for event in paid.values()}
    return [event for event in events if event.type != "order.paid" or event.id in first]


def told_fact(event: Event, say: Wording) -> Fact:
    """An event in words."""
    texts = catalogue("console", say.language)
    late = ""
    if event.received is not None and event.received - event.time > _LATE:
        late = texts.gettext("we learned of it %(length)s later") % {
            "length": say.span(Duration(event.received - event.time))
        }
    return Fact(
        at=event.time,
        kind="told",
        what=texts.gettext(labels.EVENTS.get(event.type, event.type)),
        said=Markup(" · ").join(_said(event, say)),
        late=late,
        source=event.source,
        raw=raw_json(document_of(event)),
    )


def _said(event: Event, say: Wording) -> list[Markup]:
    """The telling values. A scan's status says more than the carrier's own words, and names no parcel again."""
    data = event.data
    passed_over = _KNOWN_OF_PARCELS if event.type in ("shipment.scanned", "shipment.delivered") else frozenset[str]()
    if event.type in _SAY_THEIR_STATUS:
        passed_over |= {"status"}
    if data.get("sub_status"):
        passed_over |= {"status"} | ({"description"} if data["sub_status"] in CODES else set())
    shown = []
    for name in _TELLING:
        value = data.get(name)
        if value in (None, "") or name in passed_over:
            continue
        type_ = FIELDS[name].type
        if type_ == "instant" and isinstance(value, str):
            value = parse_instant(value)
        worded = value_of(value, type_, name, say, currency=str(data.get("currency") or ""))
        shown.append(Markup("× ") + worded if name == "quantity" else worded)
    if isinstance(data.get("text"), str):
        shown.append(Markup("“{}”").format(data["text"]))
    return shown


def _judged(held: CaseFinding, pack: Pack, say: Wording) -> list[Fact]:
    texts = catalogue("console", say.language)
    rule = pack.rules.get(held.finding.rule)
    title = held.finding.rule if rule is None else in_language(rule.title, say)
    fired = Fact(
        at=held.finding.fired_at,
        kind="fired",
        what=title,
        said=sentence_of(pack, held.finding, say),
        severity=held.severity,
        raw=raw_json(msgspec.to_builtins(held.finding)),
    )
    if held.cleared_at is None:
        return [fired]
    cleared = Fact(at=held.cleared_at, kind="cleared", what=texts.gettext("Cleared: %(title)s") % {"title": title})
    return [fired, cleared]


def raw_json(document: Any) -> str:
    """JSON for people to read."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
