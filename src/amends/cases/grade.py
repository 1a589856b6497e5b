"""How grave a case is, with the arithmetic that says so."""

from typing import Any, Final, Literal

import msgspec

from amends.model.instant import Instant

Severity = Literal["critical", "high", "warning", "info"]
SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "high", "critical")
"""From the least to the gravest."""

LineName = Literal[
    "stake",
    "no_stake",
    "no_rate",
    "likelihood",
    "converted",
    "floor",
    "urgency",
    "reach",
    "work",
    "score",
    "severity",
    "healed",
]


class GradeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the arithmetic; `values` are numbers and codes, worded by the page in its own language.

    stake: finding, exception, minor, currency · no_stake: exception · likelihood: exception, factor, minor, currency ·
    converted: minor, currency, rate, source, as_of · no_rate: currency, into · floor: severity, minor, currency ·
    urgency: factor, what, due_at, within (a Duration, absent if overdue or without limit) · reach: factor, cases ·
    work: minutes · score: score · severity: base, severity, why (of `due`, `large`, `many`, `slow`) · healed: nothing
    """

    name: LineName
    values: dict[str, Any] = {}


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of triage on a case.

    `exception` and `finding` are the trouble that the case is headed by. `stake` is the money of the worst open
    finding in minor units of `currency`, `stake_shop` the same in the shop's currency (absent where no rate is known).
    `due_at` is the next deadline and `due` what it is: a field such as `respond_by`, or `first_contact`, `update`.
    `score` orders the board: loss avoided a minute of work, in thousandths of a minor unit of the shop's currency.
    `until` is when time alone will change the grade.
    """

    severity: Severity
    base: Severity
    exception: str
    finding: str
    stake: int | None = None
    currency: str | None = None
    stake_shop: int | None = None
    shop_currency: str
    due_at: Instant | None = None
    due: str | None = None
    score: int = 0
    until: Instant | None = None
    lines: tuple[GradeLine, ...] = ()


def gravest(severities: tuple[Severity, ...]) -> Severity:
    """The gravest of some severities; `info` of none."""
    return max(severities, key=SEVERITIES.index, default="info")
