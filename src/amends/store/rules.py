"""What people change about rules, each with who, when and why: versions, drafts, overrides."""

from typing import Any, Literal, TypeVar

import msgspec
from sqlalchemy import Connection, Row, func, insert, or_, select, update

from amends.detection.edition import Edition, OverrideText
from amends.model.errors import UnusableInputError
from amends.model.instant import Instant
from amends.store.rule_schema import rule_draft, rule_override, rule_version

VersionOrigin = Literal["files", "edited", "restored", "promoted"]
"""files: as the rule files have it, whatever they hold tomorrow; restored: an earlier version brought back."""
DraftOutcome = Literal["promoted", "discarded", "replaced"]

_Record = TypeVar("_Record", "RuleVersion", "RuleDraft", "RuleOverride")


class UnknownVersionError(UnusableInputError):
    """The rule has no such version, draft or override."""


class ExpiredAlreadyError(UnusableInputError):
    """An end that lies in the past."""


class RuleVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a rule. It stands until the next one, or until `expires_at`, when the one before stands again."""

    rule: str
    number: int
    text: str
    made_at: Instant
    made_by: str
    why: str
    origin: VersionOrigin
    restores: int | None = None
    expires_at: Instant | None = None

    @property
    def edition(self) -> Edition:
        """What the pack is put together from."""
        return Edition(rule=self.rule, number=self.number, text=None if self.origin == "files" else self.text)


class RuleDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A version that is not live yet: it runs in the shadow."""

    id: int
    rule: str
    text: str
    made_at: Instant
    made_by: str
    why: str
    ended_at: Instant | None = None
    ended_by: str | None = None
    outcome: DraftOutcome | None = None


class RuleOverride(msgspec.Struct, frozen=True, kw_only=True):
    """What is otherwise of a rule for some, until `expires_at` or until somebody ended it."""

    id: int
    rule: str
    text: str
    made_at: Instant
    made_by: str
    why: str
    expires_at: Instant | None = None
    ended_at: Instant | None = None
    ended_by: str | None = None

    @property
    def as_text(self) -> OverrideText:
        """What the pack is put together from."""
        return OverrideText(id=self.id, rule=self.rule, text=self.text, why=self.why, expires_at=self.expires_at)


class RuleTable:
    """Versions, drafts and overrides within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # ------------------------------------------------------------ versions

    def versions(self, rule: str) -> list[RuleVersion]:
        """Every version of a rule, the newest first; none where it was never changed here."""
        query = select(rule_version).where(rule_version.c.rule == rule).order_by(rule_version.c.number.desc())
        return [_version(row) for row in self._connection.execute(query)]

    def version(self, rule: str, number: int) -> RuleVersion:
        """Raises UnknownVersionError."""
        where = (rule_version.c.rule == rule) & (rule_version.c.number == number)
        row = self._connection.execute(select(rule_version).where(where)).first()
        if row is None:
            raise UnknownVersionError(
                f"Rule `{rule}` has no version {number}: `amends rules versions {rule}` lists them."
            )
        return _version(row)

    def standing(self, now: Instant) -> list[RuleVersion]:
        """Of each rule that was changed here the version that is live at a moment."""
        columns = rule_version.c
        valid = or_(columns.expires_at.is_(None), columns.expires_at > now)
        newest = select(columns.rule, func.max(columns.number).label("number")).where(valid).group_by(columns.rule)
        latest = newest.subquery()
        joined = (columns.rule == latest.c.rule) & (columns.number == latest.c.number)
        query = select(rule_version).join(latest, joined).order_by(columns.rule)
        return [_version(row) for row in self._connection.execute(query)]

    def changed_rules(self) -> dict[str, int]:
        """How many versions there are of each rule that was changed here."""
        query = select(rule_version.c.rule, func.count()).group_by(rule_version.c.rule)
        return {rule: int(count) for rule, count in self._connection.execute(query)}

    def add_version(
        self,
        rule: str,
        text: str,
        *,
        now: Instant,
        who: str,
        why: str,
        before: RuleVersion | None,
        origin: VersionOrigin = "edited",
        restores: int | None = None,
        expires_at: Instant | None = None,
    ) -> RuleVersion:
        """Make a version live from now on; `before` is the files' own, to be kept as the first where there is none.

        Raises ExpiredAlreadyError.
        """
        _check_expiry(expires_at, now)
        newest = self._connection.scalar(select(func.max(rule_version.c.number)).where(rule_version.c.rule == rule))
        if newest is None and before is not None:
            self._connection.execute(insert(rule_version), [msgspec.structs.asdict(before)])
            newest = before.number
        version = RuleVersion(
            rule=rule, number=(newest or 0) + 1, text=text, made_at=now, made_by=who, why=why, origin=origin,
            restores=restores, expires_at=expires_at,
        )  # fmt: skip
        self._connection.execute(insert(rule_version), [msgspec.structs.asdict(version)])
        return version

    def restore(self, rule: str, number: int, *, now: Instant, who: str, why: str) -> RuleVersion:
        """Bring an earlier version back, which makes a new one of it. Raises UnknownVersionError."""
        old = self.version(rule, number)
        origin: VersionOrigin = "files" if old.origin == "files" else "restored"
        return self.add_version(
            rule, old.text, now=now, who=who, why=why, before=None, origin=origin, restores=old.number
        )

    # ------------------------------------------------------------ drafts

    def drafts(self, rule: str | None = None) -> list[RuleDraft]:
        """The drafts that run, or all that a rule ever had, the newest first."""
        where = rule_draft.c.ended_at.is_(None) if rule is None else rule_draft.c.rule == rule
        query = select(rule_draft).where(where).order_by(rule_draft.c.id.desc())
        return [_of(RuleDraft, row) for row in self._connection.execute(query)]

    def draft(self, rule: str) -> RuleDraft:
        """The draft of a rule that runs. Raises UnknownVersionError."""
        running = [one for one in self.drafts(rule) if one.ended_at is None]
        if not running:
            raise UnknownVersionError(f"Rule `{rule}` has no draft: `amends rules draft FILE` begins one.")
        return running[0]

    def add_draft(self, rule: str, text: str, *, now: Instant, who: str, why: str) -> RuleDraft:
        """Let a draft run in the shadow; it takes the place of an earlier one of the rule."""
        for earlier in self.drafts(rule):
            if earlier.ended_at is None:
                self.end_draft(earlier.id, now=now, who=who, outcome="replaced")
        values = {"rule": rule, "text": text, "made_at": now, "made_by": who, "why": why}
        made = self._connection.execute(insert(rule_draft).values(**values))
        return RuleDraft(id=_key_of(made), rule=rule, text=text, made_at=now, made_by=who, why=why)

    def end_draft(self, id: int, *, now: Instant, who: str, outcome: DraftOutcome) -> None:
        """Let it run no more. What it found is kept."""
        values = {"ended_at": now, "ended_by": who, "outcome": outcome}
        self._connection.execute(update(rule_draft).where(rule_draft.c.id == id).values(**values))

    # ------------------------------------------------------------ overrides

    def overrides(self, rule: str | None = None, *, now: Instant | None = None) -> list[RuleOverride]:
        """The overrides of a rule (or of all), in the order in which they were made; with `now`, those in force."""
        query = select(rule_override).order_by(rule_override.c.id)
        columns = rule_override.c
        if rule is not None:
            query = query.where(columns.rule == rule)
        if now is not None:
            query = query.where(columns.ended_at.is_(None), or_(columns.expires_at.is_(None), columns.expires_at > now))
        return [_of(RuleOverride, row) for row in self._connection.execute(query)]

    def add_override(
        self, rule: str, text: str, *, now: Instant, who: str, why: str, expires_at: Instant | None = None
    ) -> RuleOverride:
        """Put an override in force. Raises ExpiredAlreadyError."""
        _check_expiry(expires_at, now)
        values = {"rule": rule, "text": text, "made_at": now, "made_by": who, "why": why, "expires_at": expires_at}
        made = self._connection.execute(insert(rule_override).values(**values))
        return RuleOverride(
            id=_key_of(made), rule=rule, text=text, made_at=now, made_by=who, why=why, expires_at=expires_at
        )

    def end_override(self, rule: str, id: int, *, now: Instant, who: str) -> None:
        """Put an override out of force. Raises UnknownVersionError where none of that number is in force."""
        columns = rule_override.c
        where = (columns.id == id) & (columns.rule == rule) & columns.ended_at.is_(None)
        done = self._connection.execute(update(rule_override).where(where).values(ended_at=now, ended_by=who))
        if done.rowcount == 0:
            raise UnknownVersionError(
                f"Rule `{rule}` has no override {id} in force: look at `amends rules show {rule}`."
            )


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """All that is in force at a moment beside the rule files."""

    editions: tuple[Edition, ...] = ()
    overrides: tuple[OverrideText, ...] = ()
    drafts: tuple[RuleDraft, ...] = ()


def standing_at(table: RuleTable, now: Instant) -> Standing:
    """What is in force now."""
    return Standing(
        editions=tuple(version.edition for version in table.standing(now)),
        overrides=tuple(override.as_text for override in table.overrides(now=now)),
        drafts=tuple(sorted(table.drafts(), key=lambda draft: draft.id)),
    )


def _check_expiry(expires_at: Instant | None, now: Instant) -> None:
    if expires_at is not None and expires_at <= now:
        raise ExpiredAlreadyError("It would end in the past: give a moment that is still to come.")


def _key_of(made: Any) -> int:
    (key,) = made.inserted_primary_key
    return int(key)


def _version(row: Row[Any]) -> RuleVersion:
    return _of(RuleVersion, row)


def _of(record: type[_Record], row: Row[Any]) -> _Record:
    return record(**row._asdict())
