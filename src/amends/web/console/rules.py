"""The rules: what each asks, how often it has fired, and on what."""

from typing import Final

import msgspec
from fastapi import APIRouter, HTTPException, Request
from markupsafe import Markup
from starlette.responses import Response

from amends.cases.face import OrderFace
from amends.cases.incident import incident_of
from amends.detection.finding import Finding, RuleKind
from amends.detection.rule import Rule, Severity
from amends.model.instant import DAY, Duration, Instant
from amends.store.findings import RecordedFinding
from amends.web.console.chart import Bars, bars_of
from amends.web.console.incident_view import group_of
from amends.web.console.labels import TROUBLES
from amends.web.console.render import render, translated
from amends.web.console.rule_life import life_of, making_of
from amends.web.console.sentences import in_language, sentence_of
from amends.web.console.trial_view import trial_of
from amends.web.house import House, house_of
from amends.web.languages import mark
from amends.web.visit import Viewer, Visitor, is_partial

router = APIRouter(include_in_schema=False)

_SHOWN_DAYS: Final = 30
_RECENT: Final = 20


class RuleRow(msgspec.Struct, frozen=True, kw_only=True):
    """A rule in the list."""

    id: str
    title: str
    kind: RuleKind
    severity: Severity
    fired: int
    open: int
    marks: list[str]


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of the rule."""

    id: str
    order: str | None
    number: str
    subject: Markup
    kind: str
    sentence: Markup
    fired_at: Instant
    cleared_at: Instant | None
    is_quiet: bool


@router.get("/rules")
def list_rules(request: Request, visitor: Viewer) -> Response:
    """Every rule by trouble, with how often it has fired."""
    house = house_of(request)
    with house.store.reading() as work:
        counts = work.findings.counts()
    standing = house.rulebook.standing
    edited = {one.rule for one in standing.editions if one.text is not None}
    overridden = {one.rule for one in house.pack.overrides}
    drafted = {one.rule for one in standing.drafts}
    marked = (
        (edited, translated(visitor, mark("edited"))),
        (overridden, translated(visitor, mark("otherwise for some"))),
        (drafted, translated(visitor, mark("draft"))),
    )
    groups: dict[str, list[RuleRow]] = {trouble: [] for trouble in TROUBLES}
    for rule in house.pack.rules.values():
        fired, open_ = counts.get(rule.id, (0, 0))
        groups.setdefault(rule.trouble, []).append(
            RuleRow(
                id=rule.id,
                title=in_language(rule.title, visitor.say),
                kind=rule.kind,
                severity=rule.severity,
                fired=fired,
                open=open_,
                marks=[words for rules, words in marked if rule.id in rules],
            )
        )
    shown = {trouble: rows for trouble, rows in groups.items() if rows}
    return render(
        request,
        visitor,
        "rules.html",
        place="rules",
        groups=shown,
        count=len(house.pack.rules),
        making=making_of(house, visitor),
        was_making=False,
        left_out=house.rulebook.left_out,
    )


@router.get("/rules/{rule_id}/trial")
def show_trial(request: Request, visitor: Viewer, rule_id: str, part: str = "", value: str = "") -> Response:
    """What a rule would have done over all that came in, and with another value of one of its numbers."""
    if not is_partial(request):
        return show_rule(request, visitor, rule_id, part, value)
    house = house_of(request)
    rule = _rule(house, rule_id)
    trial = trial_of(house, rule, visitor.say, part=part, value=value)
    return render(request, visitor, "trial.html", rule=rule, trial=trial)


@router.get("/rules/{rule_id}")
def show_rule(request: Request, visitor: Viewer, rule_id: str, part: str = "", value: str = "") -> Response:
    """What a rule asks, when it fired in the last days, its last findings, and what it would have done."""
    house = house_of(request)
    rule = _rule(house, rule_id)
    now = house.clock.now()
    since = Instant(now - _SHOWN_DAYS * DAY)
    with house.store.reading() as work:
        times = work.findings.fired_times(rule.id, since)
        recent = work.findings.of_rule(rule.id, _RECENT)
        fired, open_ = work.findings.counts().get(rule.id, (0, 0))
        faces = work.faces.get(one.finding.order for one in recent if one.finding.order is not None)
        life = life_of(work, house, rule.id, visitor)
    return render(
        request,
        visitor,
        "rule.html",
        place="rules",
        rule=rule,
        life=life,
        making=making_of(house, visitor),
        was_making=False,
        title=in_language(rule.title, visitor.say),
        says=in_language(rule.says, visitor.say),
        conditions=_conditions(rule),
        first_move=_first_move(house, rule, visitor),
        bars=_bars(times, since, now),
        since=since,
        fired=fired,
        open=open_,
        trial=trial_of(house, rule, visitor.say, part=part, value=value),
        hits=[_hit(house, recorded, faces.get(recorded.finding.order or ""), visitor) for recorded in recent],
    )


def _rule(house: House, rule_id: str) -> Rule:
    rule = house.pack.rules.get(rule_id)
    if rule is None:
        raise HTTPException(404)
    return rule


def _conditions(rule: Rule) -> list[tuple[str, str]]:
    parts = {**rule.conditions, **({"loss": rule.loss} if rule.loss else {})}
    return list(parts.items())


def _first_move(house: House, rule: Rule, visitor: Visitor) -> str:
    texts = {str(tag): text for tag, text in house.catalogue[rule.exception].first_move.items()}
    return texts.get(visitor.say.language.tag) or texts["en"]


def _bars(times: list[Instant], since: Instant, now: Instant) -> Bars:
    return bars_of(times, since=since, until=now, width=Duration(DAY))


def _hit(house: House, recorded: RecordedFinding, face: OrderFace | None, visitor: Visitor) -> Hit:
    finding = recorded.finding
    return Hit(
        id=finding.id,
        order=finding.order,
        number=(face.number if face else None) or finding.order or "",
        subject=_subject(house, finding, visitor),
        kind=finding.kind,
        sentence=sentence_of(house.pack, finding, visitor.say),
        fired_at=finding.fired_at,
        cleared_at=recorded.cleared_at,
        is_quiet=recorded.snooze is not None,
    )


def _subject(house: House, finding: Finding, visitor: Visitor) -> Markup:
    """What it is about, where that is no order: a group by its values, as an incident is called."""
    rule = house.pack.rules.get(finding.rule)
    if finding.kind != "group" or rule is None or rule.surge is None:
        return Markup('<span class="code">{}</span>').format(finding.subject)
    incident = incident_of(finding, rule)
    return Markup(" · ").join(value for _, value in group_of(incident, house, visitor))
