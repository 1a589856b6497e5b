"""What cases need to know of a rule. `amends.detection.rule.Rule` offers it."""

from collections.abc import Mapping
from typing import Protocol

from amends.cases.errors import UnknownRuleError
from amends.cases.grade import Severity
from amends.detection.finding import Finding, RuleKind
from amends.model.instant import Duration


class SurgeInfo(Protocol):
    """What a surge counts: findings of `rules` (or events), by the columns `by`, in windows of length `window`.

    `ratio`: not how many there are, but which part of all of them.
    """

    @property
    def rules(self) -> tuple[str, ...]: ...
    @property
    def by(self) -> tuple[str, ...]: ...
    @property
    def window(self) -> Duration: ...
    @property
    def ratio(self) -> bool: ...


class RuleInfo(Protocol):
    """A rule's name, kind, severity and the trouble that it belongs to; `surge` only for a surge."""

    @property
    def id(self) -> str: ...
    @property
    def exception(self) -> str: ...
    @property
    def kind(self) -> RuleKind: ...
    @property
    def severity(self) -> Severity: ...
    @property
    def trouble(self) -> str: ...
    @property
    def surge(self) -> SurgeInfo | None: ...


Rules = Mapping[str, RuleInfo]


def rule_of(rules: Rules, id: str) -> RuleInfo:
    """The rule of this id. Raises UnknownRuleError."""
    try:
        return rules[id]
    except KeyError as error:
        raise UnknownRuleError(
            f"The pack holds no rule {id!r}: judge the journal again with the pack in use."
        ) from error


def opens_incident(finding: Finding, rule: RuleInfo) -> bool:
    """Whether it tells of a group, and not of one subject (as the hits of a surge do)."""
    return rule.surge is not None and finding.kind == "group"
