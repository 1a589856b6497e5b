"""An incident: many cases with one cause, found by a surge. Records, and which finding belongs to which.

A case becomes a member when a finding of it shares the incident's group and fired since the surge's window began
(a hit that the surge told always does);
late ones join as long as the incident is open, recovered ones leave. A resolved incident takes no new members:
the next surge of the group opens another.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from amends.cases.case import Case, CaseFinding, Outcome, digest
from amends.cases.grade import Severity
from amends.cases.rule_info import RuleInfo
from amends.detection.finding import Finding
from amends.model.instant import MINUTE, Duration, Instant

IncidentState = Literal["open", "resolved"]
LeftAs = Literal["recovered", "resolved", "merged"]
IncidentChangeName = Literal["opened", "surged_again", "calmed", "healed", "assigned", "noted", "resolved"]

_POINTS_A_WINDOW: Final = 12


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """A surge of `exception` in the group where the columns `names` have the values `subject` (joined by `|`).

    `counts` are the rules whose findings make members (none: every finding of `trouble`). `ratio`: it was about a rate,
    which is cured when it is usual again. `since` is the beginning of
    the window of the surge. `calm_at`: the group is back at its own measure. `members` are the active ones, `joined`
    all there ever were, `recovered` those whose trouble went away. `at_risk` is the members' money by currency, in
    minor units. `graded_reach` is the reach its members are graded by.
    """

    id: str
    findings: tuple[str, ...]
    rule: str
    exception: str
    severity: Severity
    trouble: str
    names: tuple[str, ...]
    subject: str
    counts: tuple[str, ...]
    ratio: bool
    facts: dict[str, Any]
    since: Instant
    bucket: Duration
    opened_at: Instant
    updated_at: Instant
    state: IncidentState = "open"
    owner: str | None = None
    touched: bool = False
    calm_at: Instant | None = None
    healed_at: Instant | None = None
    outcome: Outcome | None = None
    resolved_at: Instant | None = None
    members: int = 0
    joined: int = 0
    recovered: int = 0
    at_risk: dict[str, int] = {}
    graded_reach: int = 0
    changes: int = 0
    revision: int = 0

    @property
    def is_open(self) -> bool:
        """It still takes members."""
        return self.state == "open"

    @property
    def group(self) -> dict[str, str]:
        """The group's values by name; under one name where a value itself holds a `|`."""
        values = self.subject.split("|")
        if len(values) != len(self.names):
            return {", ".join(self.names): self.subject}
        return dict(zip(self.names, values, strict=True))


class IncidentMember(msgspec.Struct, frozen=True, kw_only=True):
    """A case's part in an incident: from `joined_at` to `left_at`, with the money it put at stake there."""

    incident: str
    case: str
    joined_at: Instant
    stake: int | None = None
    currency: str | None = None
    left_at: Instant | None = None
    left_as: LeftAs | None = None


class IncidentPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The incident as it stood at the end of the bucket of time that begins `at`."""

    incident: str
    at: Instant
    members: int
    joined: int
    recovered: int
    at_risk: dict[str, int]


class IncidentChange(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of an incident's record; `why` is a person's own words, `who` an account's id or `amends`."""

    incident: str
    number: int
    at: Instant
    who: str
    what: IncidentChangeName
    why: str = ""
    details: dict[str, Any] = {}


def incident_of(finding: Finding, rule: RuleInfo) -> Incident:
    """The incident that a surge's finding opens."""
    assert rule.surge is not None, "only a surge opens an incident"
    window = rule.surge.window
    return Incident(
        id=digest("incident", finding.id),
        findings=(finding.id,),
        rule=finding.rule,
        exception=finding.exception,
        severity=rule.severity,
        trouble=rule.trouble,
        names=tuple(_plain(name) for name in rule.surge.by),
        subject=finding.subject,
        counts=rule.surge.rules,
        ratio=rule.surge.ratio,
        facts=finding.facts,
        since=window_start(finding.fired_at, window),
        bucket=Duration(max(window // _POINTS_A_WINDOW, MINUTE)),
        opened_at=finding.fired_at,
        updated_at=finding.fired_at,
    )


def window_start(at: Instant, window: Duration) -> Instant:
    """The beginning of the surge window (aligned to the epoch) that `at` lies in."""
    return Instant(at - at % window)


def concerns(incident: Incident, held: CaseFinding) -> bool:
    """Whether a finding of a case makes the case a member: counted rule or same trouble, same group, in time, open."""
    finding = held.finding
    if not held.is_open or held.about_us or finding.fired_at < incident.since:
        return False
    counted = finding.rule in incident.counts if incident.counts else held.trouble == incident.trouble
    counted = counted or finding.rule == incident.rule
    return counted and _group(finding.facts, incident.names) == incident.subject


def belongs(incident: Incident, case: Case) -> bool:
    """Whether the case is one of the incident's, as it stands."""
    return case.is_active and any(concerns(incident, held) for held in case.findings)


def point_of(incident: Incident, at: Instant) -> IncidentPoint:
    """The point of the curve that a change at `at` sets."""
    return IncidentPoint(
        incident=incident.id,
        at=Instant(at - at % incident.bucket),
        members=incident.members,
        joined=incident.joined,
        recovered=incident.recovered,
        at_risk=incident.at_risk,
    )


def with_stake(at_risk: Mapping[str, int], minor: int | None, currency: str | None, sign: int) -> dict[str, int]:
    """The sums by currency with one stake more (`sign` 1) or less (-1); a currency without money is left out."""
    if minor is None or currency is None:
        return dict(at_risk)
    sums = {**at_risk, currency: at_risk.get(currency, 0) + sign * minor}
    return {code: sums[code] for code in sorted(sums) if sums[code]}


def _group(facts: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The facts' values of the group's columns, joined as a surge joins them; None where one is unknown."""
    plain = {_plain(column): value for column, value in facts.items()}
    values = [plain.get(name) for name in names]
    return None if None in values else "|".join(str(value) for value in values)


def _plain(column: str) -> str:
    """A column's name without the subject it was read from (`event.reason`, `order.country`)."""
    return column.rpartition(".")[2]
