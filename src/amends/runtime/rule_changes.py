"""Changing rules: checked first, then kept with who, when and why. The keeper brings it live."""

from typing import Final

from amends.detection.edition import Edition, OverrideText, text_of
from amends.detection.pack import PackError
from amends.detection.rule import Pack
from amends.model.audit import Deed
from amends.model.instant import Instant
from amends.runtime.rulebook import Rulebook
from amends.store.rules import RuleDraft, RuleOverride, RuleVersion, VersionOrigin
from amends.store.work import Work

FILES: Final = "files"
"""Who made the first version of a rule: the rule files."""


def change_rule(
    work: Work,
    rulebook: Rulebook,
    rule: str,
    text: str,
    *,
    now: Instant,
    who: str,
    why: str,
    expires_at: Instant | None = None,
    origin: VersionOrigin = "edited",
) -> RuleVersion:
    """Make a text the newest version of a rule.

    Raises PackError with sentences that point at its lines, ExpiredAlreadyError.
    """
    check_rule(rulebook, rule, text, now)
    _note(work, f"rule_{origin}", rule, who, now)
    return work.rules.add_version(
        rule, text, now=now, who=who, why=why, before=_of_files(rulebook, rule, now), origin=origin,
        expires_at=expires_at,
    )  # fmt: skip


def restore_version(
    work: Work, rulebook: Rulebook, rule: str, number: int, *, now: Instant, who: str, why: str
) -> RuleVersion:
    """Bring an earlier version back, as a new one. Raises UnknownVersionError, PackError."""
    old = work.rules.version(rule, number)
    rulebook.check(Edition(rule=rule, number=number, text=old.edition.text), now)
    _note(work, "rule_restored", rule, who, now, number=number)
    return work.rules.restore(rule, number, now=now, who=who, why=why)


def draft_rule(work: Work, rulebook: Rulebook, rule: str, text: str, *, now: Instant, who: str, why: str) -> RuleDraft:
    """Let a text run in the shadow of its rule. Raises PackError."""
    check_rule(rulebook, rule, text, now)
    _note(work, "rule_drafted", rule, who, now)
    return work.rules.add_draft(rule, text, now=now, who=who, why=why)


def promote_draft(work: Work, rulebook: Rulebook, rule: str, *, now: Instant, who: str, why: str = "") -> RuleVersion:
    """Make the draft of a rule its newest version. Raises UnknownVersionError, PackError."""
    draft = work.rules.draft(rule)
    version = change_rule(work, rulebook, rule, draft.text, now=now, who=who, why=why or draft.why, origin="promoted")
    work.rules.end_draft(draft.id, now=now, who=who, outcome="promoted")
    return version


def discard_draft(work: Work, rule: str, *, now: Instant, who: str) -> None:
    """Let the draft of a rule run no more. Raises UnknownVersionError."""
    work.rules.end_draft(work.rules.draft(rule).id, now=now, who=who, outcome="discarded")
    _note(work, "rule_draft_discarded", rule, who, now)


def add_override(
    work: Work,
    rulebook: Rulebook,
    rule: str,
    text: str,
    *,
    now: Instant,
    who: str,
    why: str,
    expires_at: Instant | None = None,
) -> RuleOverride:
    """Put an override in force. Raises PackError with sentences that point at its lines, ExpiredAlreadyError."""
    rulebook.check_override(OverrideText(id=0, rule=rule, text=text, why=why, expires_at=None), now)
    _note(work, "rule_overridden", rule, who, now)
    return work.rules.add_override(rule, text, now=now, who=who, why=why, expires_at=expires_at)


def check_rule(rulebook: Rulebook, rule: str, text: str, now: Instant) -> Pack:
    """The pack with this text as the rule. Raises PackError with sentences that point at its lines."""
    if not text.strip():
        raise PackError([f"{rule}.yaml: there is nothing here; a rule begins with `id: {rule}`"])
    return rulebook.check(Edition(rule=rule, number=rulebook.next_number(rule), text=text), now)


def _note(work: Work, what: str, rule: str, who: str, now: Instant, **details: int) -> None:
    work.audit.add(Deed(at=now, who=who, what=what, kind="rule", subject=rule, details={**details}))


def _of_files(rulebook: Rulebook, rule: str, now: Instant) -> RuleVersion | None:
    """The rule as the files have it, which is kept as its first version; None where they have none."""
    text = text_of(rulebook.files, rule)
    if text is None:
        return None
    known = rulebook.pack.rules.get(rule)
    number = known.version if known is not None else 1
    return RuleVersion(rule=rule, number=number, text=text, made_at=now, made_by=FILES, why="", origin="files")
