"""What a pack holds: tables of columns, and rules over them. Records only; `pack.py` reads and checks them."""

import re
from typing import Final, Literal

import msgspec

from amends.detection.calendars import Calendars
from amends.detection.finding import RuleKind
from amends.detection.types import Type
from amends.model.instant import Duration, Instant, UnreadableTimeError, parse_duration

Fold = Literal["first", "last", "min", "max", "sum", "count", "any"]
Severity = Literal["critical", "high", "warning", "info"]
Texts = dict[str, str]
"""By language: `en` and `zh-Hans`."""

_RATE: Final = re.compile(r"(\d+(?:\.\d+)?)\s+per\s+(.+)")


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column: the fold of `of` over events of types `on` for which `where` holds.

    `of` is a field, or `time`, `received`, or `subject`: the row's own id.
    """

    name: str
    type: Type
    fold: Fold
    of: str | None
    on: tuple[str, ...]
    where: str | None


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """The subjects of one kind, a row each."""

    kind: str
    columns: dict[str, Column]


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """Something that takes time, whose usual length is learned; see docs/kernel.md, Learned waits.

    It runs from `since` until `ends` is there (without `ends`: until `since` moves on), while neither `over` nor
    `never` holds. `by` are its groups, from the narrowest to the broadest; `reads` the columns that must be known to
    ask of it.
    """

    name: str
    table: str
    since: str
    ends: str | None
    over: str | None
    never: str | None
    by: tuple[tuple[str, ...], ...]
    half_life: Duration
    enough: float
    """So many must have ended before anything is said."""
    reads: tuple[str, ...]


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What makes accounts belong together, in a ring; see docs/kernel.md, Rings.

    `of` is the kind of account, which the table's rows belong to, `by` the columns or event fields that hold handles.
    """

    name: str
    table: str
    of: str
    on: tuple[str, ...]
    by: tuple[str, ...]
    at_most: int
    """A handle that more accounts than this have used links no more."""


class Rate(msgspec.Struct, frozen=True):
    """A stated rate of false alarms: `count` in `per`, for each group."""

    count: float
    per: Duration


def parse_rate(text: str) -> Rate | None:
    """Read a rate such as `1 per 60 days`; None of anything else."""
    match = _RATE.fullmatch(text.strip())
    try:
        return None if match is None else Rate(float(match[1]), parse_duration(match[2]))
    except UnreadableTimeError:
        return None


class Surge(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a rule that only a surge has; see docs/kernel.md for what each number does."""

    rules: tuple[str, ...]
    on: tuple[str, ...]
    hits: str | None
    by: tuple[str, ...]
    window: Duration
    at_least: int
    false_alarms: Rate
    half_life: float
    prior: float
    ratio: bool
    prior_strength: float
    wait: str | None = None
    """A learned wait: the surge is then one of what does not come (see `lull.py`)."""
    falls_to: float = 0.25
    """Of a wait: the share of the usual to which what comes has to have fallen."""
    distinct: str | None = None
    """A column, an event field, or the kind of subject that the row belongs to: its different values are counted."""

    @property
    def odds(self) -> float:
        """The probability of a false alarm in one window."""
        return self.false_alarms.count * self.window / self.false_alarms.per


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. `title` names the trouble, `says` tells it in a sentence with {facts} in braces."""

    id: str
    exception: str
    kind: RuleKind
    table: str
    version: int
    severity: Severity
    trouble: str
    title: Texts
    says: Texts
    on: tuple[str, ...] = ()
    when: str | None = None
    until: str | None = None
    since: str | None = None
    within: str | None = None
    where: str | None = None
    before: str | None = None
    loss: str | None = None
    evidence: tuple[str, ...] = ()
    surge: Surge | None = None

    @property
    def conditions(self) -> dict[str, str]:
        """What the rule asks, by the name of the part, as written."""
        parts = {
            "when": self.when,
            "since": self.since,
            "within": self.within,
            "until": self.until,
            "where": self.where,
            "before": self.before,
        }
        if self.surge is not None:
            parts["hits"] = self.surge.hits
        return {name: text for name, text in parts.items() if text is not None}


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop wants otherwise of a rule, for those whom `condition` names (None: for all).

    `off`: it is not to fire for them. `parts` are what else is otherwise, by the name of the part (`within`, `where`)
    or number (`when.2`, `at_least`), as written. It stands until `expires_at`; `place` is `file:line`.
    """

    rule: str
    condition: str | None = None
    off: bool = False
    parts: dict[str, str] = {}
    why: str = ""
    expires_at: Instant | None = None
    place: str = ""


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """Checked tables, sets, calendars, waits, links and rules. `digest` changes whenever anything in it does.

    `places` says where each rule stands, as `file:line`. `overrides` are those that the rules already hold.
    """

    digest: str
    tables: dict[str, Table]
    sets: dict[str, tuple[str, ...]]
    rules: dict[str, Rule]
    places: dict[str, str] = {}
    waits: dict[str, Wait] = {}
    links: dict[str, Link] = {}
    calendars: Calendars = Calendars()
    overrides: tuple[Override, ...] = ()
