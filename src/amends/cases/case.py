"""A case: what is done about one or more findings of one order's trouble. Records only.

A case's id is a digest of what it is about and the finding that opened it, so a replay opens it again as itself.
"""

from hashlib import blake2b
from typing import Any, Final, Literal

import msgspec

from amends.cases.grade import Grade, Severity
from amends.cases.kinship import explains
from amends.cases.lifecycle import ACTIVE, State
from amends.detection.finding import Finding
from amends.model.instant import DAY, Duration, Instant

Outcome = Literal["put_right", "false_alarm", "healed", "written_off"]

REOPENS_WITHIN: Final = Duration(14 * DAY)
"""A trouble that is back sooner than this after its case was resolved reopens it; later it opens a new one."""

NOBODY: Final = "amends"
"""Who made a change that no person made."""

ChangeName = Literal[
    "opened",
    "joined",
    "cleared",
    "healed",
    "reopened",
    "linked",
    "regraded",
    "taken_up",
    "assigned",
    "noted",
    "contacted",
    "answered",
    "granted",
    "denied",
    "snoozed",
    "woke",
    "waits",
    "resolved",
    "merged",
    "took_over",
    "closed",
    "joined_incident",
    "left_incident",
]


class CaseFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding as the case holds it: with its rule's severity and trouble of that day, and when it cleared."""

    finding: Finding
    severity: Severity
    trouble: str
    cleared_at: Instant | None = None
    cleared_by: str | None = None

    @property
    def is_open(self) -> bool:
        """The trouble it tells of has not gone away."""
        return self.cleared_at is None

    @property
    def about_us(self) -> bool:
        """It tells how the case is handled (buyer not told in time ...), not of what is wrong with the order."""
        return self.finding.kind == "case"


class CaseKey(msgspec.Struct, frozen=True):
    """What a case is about: (`order`, its id) or another subject, and the trouble."""

    kind: str
    subject: str
    trouble: str


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One trouble of one order (or of one subject whose order is not known), and how far it has been put right.

    `active_since` is when it was opened or last reopened. `owner` is the person who has it. `touched`: somebody has
    done something about it. `healed_at`: every finding has cleared while somebody works on it; a person decides.
    `round` counts reopenings, `changes` the entries of its record. `contacted_at` is when the buyer was last told.
    `incident` is the one it is a member of. `wake_at` is when time alone changes something. `revision` grows with
    every save.
    """

    id: str
    order: str | None
    kind: str
    subject: str
    trouble: str
    opened_at: Instant
    active_since: Instant
    updated_at: Instant
    findings: tuple[CaseFinding, ...]
    grade: Grade
    state: State = "new"
    owner: str | None = None
    touched: bool = False
    healed_at: Instant | None = None
    outcome: Outcome | None = None
    resolved_at: Instant | None = None
    snoozed_until: Instant | None = None
    contacted_at: Instant | None = None
    contacts: int = 0
    merged_into: str | None = None
    incident: str | None = None
    round: int = 0
    changes: int = 0
    wake_at: Instant | None = None
    revision: int = 0

    @property
    def key(self) -> CaseKey:
        """What it is about."""
        return key_of(self.order, self.kind, self.subject, self.trouble)

    @property
    def is_active(self) -> bool:
        """Something is still to be done."""
        return self.state in ACTIVE

    @property
    def open_findings(self) -> tuple[CaseFinding, ...]:
        """Those that have not cleared, in the order in which they joined."""
        return tuple(held for held in self.findings if held.is_open)

    @property
    def root_findings(self) -> tuple[CaseFinding, ...]:
        """The open ones that no other open one explains; they say how grave the case is."""
        present = self.open_findings
        names = {held.finding.exception for held in present}
        return tuple(held for held in present if not any(explains(name, held.finding.exception) for name in names))

    @property
    def has_trouble(self) -> bool:
        """Something is still wrong; that we are late in handling it does not count."""
        return any(held.is_open and not held.about_us for held in self.findings)


class CaseChange(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a case's record: `who` did `what` `at`, the state it led from and to, and why.

    `number` counts from 1 within the case. `why` is a person's own words; `details` hold ids, codes and amounts
    that a page words in its language. `who` is an account's id or `amends`.
    """

    case: str
    number: int
    at: Instant
    who: str
    what: ChangeName
    before: State
    after: State
    why: str = ""
    details: dict[str, Any] = {}


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wrote on a case; `number` is that of the change it came with."""

    case: str
    number: int
    at: Instant
    who: str
    text: str


def key_of(order: str | None, kind: str, subject: str, trouble: str) -> CaseKey:
    """What a finding's case is about: its order if one is known, else its own subject."""
    return CaseKey("order", order, trouble) if order is not None else CaseKey(kind, subject, trouble)


def case_id(key: CaseKey, opening_finding: str) -> str:
    """The id of the case that `opening_finding` opens: 16 bytes in hexadecimal."""
    return digest("case", key.kind, key.subject, key.trouble, opening_finding)


def digest(*parts: str) -> str:
    """A name made of parts: the same parts give the same name; 16 bytes in hexadecimal."""
    name = blake2b(digest_size=16)
    for part in parts:
        name.update(part.encode("utf-8", "surrogatepass"))
        name.update(b"\0")
    return name.hexdigest()
