"""Why we say so: each finding with its rule's conditions and the values they were held against."""

from collections.abc import Iterable, Mapping

import msgspec
from markupsafe import Markup

from amends.cases.case import CaseFinding
from amends.cases.grade import Severity
from amends.detection.finding import RuleKind
from amends.detection.rule import Pack
from amends.model.instant import Instant
from amends.web.console.sentences import fact_of, sentence_of, title_of
from amends.web.wording import Wording


class Quiet(msgspec.Struct, frozen=True, kw_only=True):
    """The rule is kept quiet of this subject: by whom, why, until when."""

    who: str
    why: str
    until: Instant


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """A finding as a case shows it. `conditions` and `values` are pairs; `kind` is absent for a rule that is gone.

    `about` is the kind of its subject and the subject.
    """

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
    about: tuple[str, str]
    quiet: Quiet | None = None


def reasons_of(
    findings: Iterable[CaseFinding],
    head: str,
    pack: Pack,
    say: Wording,
    quiet: Mapping[tuple[str, str, str], Quiet],
) -> list[Reason]:
    """The finding that names the case first, then those still open, then those that have cleared; newest first."""
    ordered = sorted(findings, key=lambda held: (held.finding.id != head, not held.is_open, -held.finding.fired_at))
    return [_reason(held, pack, say, quiet) for held in ordered]


def _reason(held: CaseFinding, pack: Pack, say: Wording, quiet: Mapping[tuple[str, str, str], Quiet]) -> Reason:
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
        about=(finding.kind, finding.subject),
        quiet=quiet.get((finding.rule, finding.kind, finding.subject)),
    )
