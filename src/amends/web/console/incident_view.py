"""An incident as its page shows it: how big, one cause, what for all of them. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from markupsafe import Markup, escape

from amends.cases.errors import NoRateError
from amends.cases.incident import Incident, IncidentChange, IncidentPoint
from amends.cases.triage import Terms
from amends.model.instant import Instant
from amends.model.money import Money
from amends.web.console.case_view import exception_name
from amends.web.console.chart import Curve, curve_of
from amends.web.console.record import Entry, Names, incident_record
from amends.web.console.render import translated
from amends.web.console.sentences import fact_type, filled_in, in_language, value_of
from amends.web.house import House
from amends.web.languages import mark
from amends.web.visit import Visitor

_WORTH_SHOWING: Final = 2
_DIGITS: Final = 6

ADDRESS: Final = "address_key"
COLUMNS: Final = {
    "carrier": mark("Carrier"),
    "origin": mark("From"),
    "destination": mark("To"),
    "country": mark("Country"),
    "shop": mark("Shop"),
    "channel": mark("Channel"),
    "provider": mark("Payment provider"),
    "method": mark("Payment method"),
    "sku": mark("Article"),
    "location": mark("Place"),
    ADDRESS: mark("Address"),
    "coupon": mark("Coupon"),
    "buyer": mark("Buyer"),
    "ring": mark("Linked buyers"),
}
"""Columns that orders are grouped by, as people call them."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """So many of the members are `words`; `percent` from 0 to 100."""

    words: str
    count: int
    percent: int


class IncidentView(msgspec.Struct, frozen=True, kw_only=True):
    """What the templates ask for."""

    name: str
    title: Markup
    sentence: Markup
    owner: str
    at_risk: str
    group: list[tuple[str, Markup]]
    countries: list[Share]
    first_move: str
    size: Curve
    money: Curve
    money_top: str
    since: Instant
    record: list[Entry]
    may_act: bool


def incident_sentence(incident: Incident, house: House, visitor: Visitor) -> Markup:
    """What the surge's rule says of it; the exception's name where the rule is gone or a fact is missing."""
    rule = house.pack.rules.get(incident.rule)
    if rule is None:
        return escape(exception_name(house, incident.exception, visitor))
    worded = {
        name: value_of(value, *fact_type(house.pack, rule, name), visitor.say)
        for name, value in {**incident.facts, **incident.group}.items()
    }
    told = filled_in(in_language(rule.says, visitor.say), worded)
    return escape(exception_name(house, incident.exception, visitor)) if "{" in told else told


def incident_title(incident: Incident, house: House, visitor: Visitor, address: str = "") -> Markup:
    """What it is called, and where. `address` is the one its orders share, if that is what they share."""
    name = exception_name(house, incident.exception, visitor)
    where = Markup(" · ").join(value for _, value in group_of(incident, house, visitor, address))
    return Markup(translated(visitor, mark("%(trouble)s: %(where)s"))) % {"trouble": name, "where": where}  # noqa: S704


def view_of(
    incident: Incident,
    points: Sequence[IncidentPoint],
    changes: Sequence[IncidentChange],
    countries: Sequence[str],
    people: Mapping[str, str],
    house: House,
    visitor: Visitor,
    address: str = "",
) -> IncidentView:
    """The page's contents; `countries` are those of its members, `address` the one they share, if they share one."""
    say, terms = visitor.say, house.terms
    until = incident.resolved_at or say.now
    money = curve_of([(point.at, in_shop_currency(point.at_risk, terms).minor) for point in points], until=until)
    return IncidentView(
        name=exception_name(house, incident.exception, visitor),
        title=incident_title(incident, house, visitor, address),
        sentence=incident_sentence(incident, house, visitor),
        owner=people.get(incident.owner or "", ""),
        at_risk=say.money_brief(in_shop_currency(incident.at_risk, terms)),
        group=group_of(incident, house, visitor, address),
        countries=shares(countries, visitor),
        first_move=_first_move(incident, house, visitor),
        size=curve_of([(point.at, point.members) for point in points], until=until),
        money=money,
        money_top=say.money_brief(Money(money.top, terms.currency)),
        since=points[0].at if points else incident.opened_at,
        record=incident_record(changes, Names(people), visitor),
        may_act=visitor.user.may("agent") and incident.is_open,
    )


def group_of(incident: Incident, house: House, visitor: Visitor, address: str = "") -> list[tuple[str, Markup]]:
    """What the members share: names and values of the group."""
    rule = house.pack.rules.get(incident.rule)
    worded = {
        name: value_of(value, *fact_type(house.pack, rule, name), visitor.say) for name, value in incident.group.items()
    }
    if ADDRESS in worded:
        # Orders are grouped by a digest of it, which says nothing to people.
        worded[ADDRESS] = escape(address or translated(visitor, mark("one address")))
    for name in worded.keys() & house.pack.links.keys():
        # Of a digest, as much as tells two rings apart.
        worded[name] = escape(incident.group[name][:_DIGITS])
    return [(translated(visitor, COLUMNS.get(name, name)), value) for name, value in worded.items()]


def in_shop_currency(at_risk: Mapping[str, int], terms: Terms) -> Money:
    """Sums of several currencies as one, in the shop's; what has no rate is left out."""
    total = Money(0, terms.currency)
    for currency, minor in at_risk.items():
        try:
            total += terms.rates.convert(Money(minor, currency), terms.currency)
        except NoRateError:
            continue
    return total


def shares(countries: Sequence[str], visitor: Visitor) -> list[Share]:
    """How the members spread over countries, the most first."""
    counts = Counter(country for country in countries if country)
    if len(counts) < _WORTH_SHOWING:
        return []
    return [
        Share(words=visitor.say.country(code), count=count, percent=round(100 * count / len(countries)))
        for code, count in counts.most_common(6)
    ]


def _first_move(incident: Incident, house: House, visitor: Visitor) -> str:
    texts = {str(tag): text for tag, text in house.catalogue[incident.exception].first_move.items()}
    return in_language(texts, visitor.say)
