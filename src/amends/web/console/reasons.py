"""Why we say so: each finding with its rule's conditions and the values they were held against."""

from collections.abc import Iterable

import msgspec
from markupsafe import Markup

from amends.cases.case import CaseFinding
from amends.cases.grade import Severity
from amends.detection.finding import RuleKind
from amends.detection.rule import Pack
from amends.model.instant import Instant
from amends.web.console.sentences import fact_of, sentence_of, title_of
from amends.web.wording import Wording


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """A finding as a case shows it. `conditions` and `values` are pairs; `kind` is absent for a rule that is gone."""

    rule: str
    version: int
    kind: RuleKind | None
    title: str
    sentence: Markup
    severity: Severity
    fired_at: Instant
    cleared_at: Instant | None
    conditions: list[tuple[str, str]]
    values: list[tuple[str, Markup]]


def reasons_of(findings: Iterable[CaseFinding], head: str, pack: Pack, say: Wording) -> list[Reason]:
    """The finding that names the case first, then those still open, then those that have cleared; newest first."""
    ordered = sorted(findings, key=lambda held: (held.finding.id != head, not held.is_open, -held.finding.fired_at))
    return [_reason(held, pack, say) for held in ordered]


def _reason(held: CaseFinding, pack: Pack, say: Wording) -> Reason:
    finding = held.finding
    rule = pack.rules.get(finding.rule)
    conditions = {} if rule is None else dict(rule.conditions)
    if rule is not None and rule.loss:
        conditions["loss"] = rule.loss
    return Reason(
        rule=finding.rule,
        version=finding.version,
        kind=None if rule is None else rule.kind,
        title=title_of(pack, finding.rule, say),
        sentence=sentence_of(pack, finding, say),
        severity=held.severity,
        fired_at=finding.fired_at,
        cleared_at=held.cleared_at,
        conditions=list(conditions.items()),
        values=[
            (name, fact_of(pack, finding, name, value, say))
            for name, value in finding.facts.items()
            if value is not None
        ],
    )
