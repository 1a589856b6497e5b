"""The life of a rule as its page shows it: versions, overrides, who is kept quiet, and a draft in the shadow."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from amends.cases.face import OrderFace
from amends.detection.backtest import Outcome
from amends.detection.backtest.comparison import Change, compare_rule
from amends.detection.backtest.outcome import outcome_of
from amends.model.instant import DAY, HOUR, Duration, Instant
from amends.runtime.keeper import SHADOW_PAST
from amends.runtime.rule_changes import FILES
from amends.runtime.rulebook import Making
from amends.store.findings import RecordedFinding
from amends.store.rules import DraftOutcome, RuleDraft, RuleVersion, VersionOrigin
from amends.store.snoozes import RuleSnooze
from amends.store.work import Work
from amends.web.console.render import translated
from amends.web.console.rows import people_of
from amends.web.house import House
from amends.web.languages import mark
from amends.web.visit import Guest, Visitor

ORIGINS: Final[dict[VersionOrigin, str]] = {
    "files": mark("as the rule files have it"),
    "edited": mark("edited"),
    "restored": mark("brought back"),
    "promoted": mark("promoted from a draft"),
}
OUTCOMES: Final[dict[DraftOutcome, str]] = {
    "promoted": mark("went live"),
    "discarded": mark("was discarded"),
    "replaced": mark("was replaced by another draft"),
}
LENGTHS: Final[dict[str, tuple[Duration | None, str]]] = {
    "": (None, mark("Until somebody changes it")),
    "1d": (DAY, mark("For a day")),
    "7d": (Duration(7 * DAY), mark("For a week")),
    "14d": (Duration(14 * DAY), mark("For two weeks")),
    "30d": (Duration(30 * DAY), mark("For 30 days")),
    "90d": (Duration(90 * DAY), mark("For 90 days")),
}
"""How long a version or an override may stand."""
QUIET_LENGTHS: Final[dict[str, tuple[Duration, str]]] = {
    "4h": (Duration(4 * HOUR), mark("For four hours")),
    "1d": (DAY, mark("For a day")),
    "3d": (Duration(3 * DAY), mark("For three days")),
    "7d": (Duration(7 * DAY), mark("For a week")),
    "30d": (Duration(30 * DAY), mark("For 30 days")),
}
_SHOWN: Final = 6
_SNOOZES: Final = 20


class VersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A version in the list; `before` is the one that it is set beside."""

    number: int
    who: str
    at: Instant
    why: str
    origin: str
    restores: int | None
    expires_at: Instant | None
    is_live: bool
    is_coming: bool
    before: int | None


class OverrideRow(msgspec.Struct, frozen=True, kw_only=True):
    """An override in force; `number` is absent where a file holds it."""

    number: int | None
    text: str
    who: str
    at: Instant | None
    why: str
    expires_at: Instant | None
    place: str


class QuietRow(msgspec.Struct, frozen=True, kw_only=True):
    """A snooze in force."""

    number: int
    kind: str
    subject: str
    label: str
    order: str | None
    who: str
    why: str
    until: Instant


class OnlyOne(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that only one of draft and live version has."""

    label: str
    order: str | None
    at: Instant


class ShadowView(msgspec.Struct, frozen=True, kw_only=True):
    """A draft beside its live version, since a moment."""

    who: str
    at: Instant
    why: str
    since: Instant
    is_ready: bool
    problem: str
    change: Change | None
    earlier: str
    later: str
    only_draft: list[OnlyOne]
    only_live: list[OnlyOne]


class PastDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A draft that is over."""

    who: str
    at: Instant
    outcome: str
    ended_by: str
    ended_at: Instant


class LifeView(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    versions: list[VersionRow]
    overrides: list[OverrideRow]
    quiet: list[QuietRow]
    shadow: ShadowView | None
    past_drafts: list[PastDraft]
    may_manage: bool
    may_quiet: bool


class MakingView(msgspec.Struct, frozen=True, kw_only=True):
    """A change on its way to be live."""

    rules: list[tuple[str, str]]
    more: int
    percent: int
    has_failed: bool


class DiffLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of two versions: in both, only in the new one, only in the old one; or a gap between shown places."""

    kind: Literal["same", "new", "old", "gap"]
    text: str


def life_of(work: Work, house: House, rule: str, visitor: Visitor) -> LifeView:
    """What is known of a rule's life."""
    return _Teller(work, house, rule, visitor).view()


def making_of(house: House, visitor: Visitor) -> MakingView | None:
    """A change that is being made ready; None where the live rules are the wanted ones."""
    making = house.rulebook.making
    return None if making is None else _making(making, house, visitor)


def difference(old: str, new: str) -> list[DiffLine]:
    """Two texts as lines, with three of what they share around each change."""
    lines: list[DiffLine] = []
    for line in list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3))[2:]:
        if line.startswith("@@"):
            if lines:
                lines.append(DiffLine(kind="gap", text=""))
            continue
        kinds: dict[str, Literal["same", "new", "old"]] = {"+": "new", "-": "old", " ": "same"}
        lines.append(DiffLine(kind=kinds[line[0]], text=line[1:]))
    return lines


def named(people: Mapping[str, str], who: str, guest: Guest) -> str:
    """Who did something: a person's name, or what stands for none."""
    return translated(guest, mark("the rule files")) if who == FILES else people.get(who, who)


def _making(making: Making, house: House, visitor: Visitor) -> MakingView:
    titles = {name: rule.title for name, rule in house.pack.rules.items()}
    shown = [(name, (titles.get(name) or {}).get(visitor.say.language.tag, name)) for name in making.rules[:_SHOWN]]
    return MakingView(
        rules=shown,
        more=max(0, len(making.rules) - _SHOWN),
        percent=round(100 * making.share),
        has_failed=making.has_failed,
    )


class _Teller:
    def __init__(self, work: Work, house: House, rule: str, visitor: Visitor) -> None:
        self._work, self._house, self._rule, self._visitor = work, house, rule, visitor
        self._people = people_of(work)
        self._now = house.clock.now()

    def view(self) -> LifeView:
        drafts = self._work.rules.drafts(self._rule)
        running = next((draft for draft in drafts if draft.ended_at is None), None)
        return LifeView(
            versions=self._versions(),
            overrides=self._overrides(),
            quiet=self._quiet(),
            shadow=None if running is None else self._shadow(running),
            past_drafts=[self._past(draft) for draft in drafts if draft.ended_at is not None][:_SHOWN],
            may_manage=self._visitor.user.may("lead"),
            may_quiet=self._visitor.user.may("agent"),
        )

    def _versions(self) -> list[VersionRow]:
        versions = self._work.rules.versions(self._rule)
        standing = next((v.number for v in versions if v.expires_at is None or v.expires_at > self._now), None)
        live = self._house.pack.rules.get(self._rule)
        olders: Sequence[RuleVersion | None] = [*versions[1:], None][: len(versions)]
        return [
            VersionRow(
                number=one.number,
                who=self._named(one.made_by),
                at=one.made_at,
                why=one.why,
                origin=self._(ORIGINS[one.origin]),
                restores=one.restores,
                expires_at=one.expires_at,
                is_live=live is not None and one.number == live.version and one.number == standing,
                is_coming=one.number == standing and (live is None or one.number != live.version),
                before=None if older is None else older.number,
            )
            for one, older in zip(versions, olders, strict=True)
        ]

    def _overrides(self) -> list[OverrideRow]:
        kept = [
            OverrideRow(
                number=one.id,
                text=one.text.strip(),
                who=self._named(one.made_by),
                at=one.made_at,
                why=one.why,
                expires_at=one.expires_at,
                place="",
            )
            for one in self._work.rules.overrides(self._rule, now=self._now)
        ]
        filed = [
            OverrideRow(
                number=None,
                text="\n".join(
                    [
                        *([f"for: {one.condition}"] if one.condition else []),
                        *(["off: true"] if one.off else [f"{name}: {text}" for name, text in one.parts.items()]),
                    ]
                ),
                who=self._(mark("the rule files")),
                at=None,
                why=one.why,
                expires_at=one.expires_at,
                place=one.place.rpartition("/")[2],
            )
            for one in self._house.pack.overrides
            if one.rule == self._rule and not one.place.startswith("override-")
        ]
        return [*filed, *kept]

    def _quiet(self) -> list[QuietRow]:
        standing = [
            one
            for one in self._work.snoozes.of_rule(self._rule, _SNOOZES)
            if one.ended_at is None and one.until > self._now
        ]
        faces = self._work.faces.get(one.subject for one in standing if one.kind == "order")
        return [self._quiet_row(one, faces.get(one.subject)) for one in standing]

    def _quiet_row(self, one: RuleSnooze, face: OrderFace | None) -> QuietRow:
        return QuietRow(
            number=one.id,
            kind=one.kind,
            subject=one.subject,
            label=(face.number if face is not None else None) or one.subject.replace("|", " · "),
            order=one.subject if one.kind == "order" else None,
            who=self._named(one.made_by),
            why=one.why,
            until=one.until,
        )

    # ------------------------------------------------------------ the draft

    def _shadow(self, draft: RuleDraft) -> ShadowView:
        since = Instant(draft.made_at - SHADOW_PAST)
        is_ready = draft.id in self._house.rulebook.shadows_ready
        live = [_outcome(one) for one in self._work.findings.fired_since(self._rule, since)]
        shadow = [_outcome(one) for one in self._work.shadow.found(draft.id, since)]
        change = compare_rule(self._rule, live, shadow) if is_ready else None
        found, found_live = {_place(one) for one in shadow}, {_place(one) for one in live}
        say = self._visitor.say
        return ShadowView(
            who=self._named(draft.made_by),
            at=draft.made_at,
            why=draft.why,
            since=since,
            is_ready=is_ready,
            problem=self._house.rulebook.shadow_problems.get(draft.id, ""),
            change=change,
            earlier=say.length(change.earlier_median) if change and change.earlier_median else "",
            later=say.length(change.later_median) if change and change.later_median else "",
            only_draft=self._only([one for one in shadow if _place(one) not in found_live]) if is_ready else [],
            only_live=self._only([one for one in live if _place(one) not in found]) if is_ready else [],
        )

    def _only(self, outcomes: list[Outcome]) -> list[OnlyOne]:
        newest = sorted(outcomes, key=lambda one: -one.fired_at)[:_SHOWN]
        faces = self._work.faces.get(one.order for one in newest if one.order is not None)
        return [self._only_one(one, faces.get(one.order or "")) for one in newest]

    def _only_one(self, one: Outcome, face: OrderFace | None) -> OnlyOne:
        label = (face.number if face is not None else None) or one.order or one.subject.replace("|", " · ")
        return OnlyOne(label=label, order=one.order, at=one.fired_at)

    def _past(self, draft: RuleDraft) -> PastDraft:
        assert draft.ended_at is not None
        assert draft.outcome is not None
        return PastDraft(
            who=self._named(draft.made_by),
            at=draft.made_at,
            outcome=self._(OUTCOMES[draft.outcome]),
            ended_by=self._named(draft.ended_by or ""),
            ended_at=draft.ended_at,
        )

    def _named(self, who: str) -> str:
        return named(self._people, who, self._visitor)

    def _(self, text: str) -> str:
        return translated(self._visitor, text)


def _outcome(recorded: RecordedFinding) -> Outcome:
    outcome = outcome_of(recorded.finding)
    outcome.cleared_at = recorded.cleared_at
    return outcome


def _place(one: Outcome) -> tuple[str, str]:
    return one.kind, one.subject
