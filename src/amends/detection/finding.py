"""What detection says: findings, and their clearing."""

from hashlib import blake2b
from typing import Any, Literal

import msgspec

from amends.model.instant import Instant

RuleKind = Literal["fault", "conflict", "silence", "surge"]


class Finding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A rule's verdict on a subject, with the facts that made it.

    `kind` and `subject` name what it is about (for a surge: kind `group`, subject the group's values joined by `|`).
    `order` is the order concerned, if one is known. `cause` tells one firing of a rule on a subject from another.
    `loss` is the money at stake in minor units of `currency` (both absent where the rule states none).
    `facts` are the row's columns the rule looked at, as they stood when it fired; instants in microseconds.
    """

    id: str
    rule: str
    version: int
    exception: str
    kind: str
    subject: str
    order: str | None
    fired_at: Instant
    cause: str
    loss: int | None = None
    currency: str | None = None
    facts: dict[str, Any] = {}


class Clearing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The trouble of an earlier finding is over; `cause` is what ended it (an event, a new `since`, a quiet window)."""

    finding: str
    cleared_at: Instant
    cause: str


class Verdicts(msgspec.Struct, frozen=True):
    """What one batch or sweep found, in the order of time."""

    findings: list[Finding] = []
    clearings: list[Clearing] = []


def finding_id(rule: str, kind: str, subject: str, cause: str) -> str:
    """The same verdict has the same id, however often it is reached: 16 bytes in hexadecimal."""
    text = f"{rule}\0{kind}\0{subject}\0{cause}\0"
    return blake2b(text.encode(), digest_size=16).hexdigest()
