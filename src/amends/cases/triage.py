"""Which case first: a grade from expected loss, time left and reach, with its arithmetic.

    expected loss = money at stake of the worst open finding x how likely it is lost if nobody acts, in the shop's
                    currency; never less than what a trouble of that severity costs anyhow
    score         = expected loss x urgency x reach / minutes of work

Severity is the gravest of the rules', raised by one step if a limit from outside is near, much money is expected to
be lost, or many orders share the cause. That we are slow ourselves lifts a warning and nothing more, or on a busy day
everything would be critical; `info` is never raised. The numbers stand in `TriagePolicy`, as data.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import msgspec

from amends.cases.case import Case, CaseFinding
from amends.cases.catalogue import Catalogue
from amends.cases.deadline import Deadline, next_deadline
from amends.cases.grade import SEVERITIES, Grade, GradeLine, LineName, Severity, gravest
from amends.cases.rates import RateTable
from amends.model.instant import HOUR, Duration, Instant
from amends.model.money import Money


class Band(msgspec.Struct, frozen=True):
    """From `limit` on (time left: or less; orders: or more) the score is multiplied by `factor`."""

    limit: int
    factor: Decimal


_FLOORS: Final[dict[Severity, Money]] = {
    "critical": Money(100_00, "EUR"),
    "high": Money(30_00, "EUR"),
    "warning": Money(10_00, "EUR"),
    "info": Money(0, "EUR"),
}


class TriagePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of triage: starting points that a shop may change.

    `urgency` by time left to the next deadline, the shortest first (0: overdue); `reach` by cases with the same
    cause, the most first. `floors` is what a trouble costs without any money stated, `large` an expected loss that
    raises the severity, both in the currency they name.
    """

    urgency: tuple[Band, ...] = (
        Band(0, Decimal(3)),
        Band(HOUR, Decimal(3)),
        Band(4 * HOUR, Decimal(2)),
        Band(24 * HOUR, Decimal("1.5")),
        Band(72 * HOUR, Decimal("1.2")),
    )
    reach: tuple[Band, ...] = (Band(100, Decimal(2)), Band(10, Decimal("1.5")))
    raised_within: Duration = HOUR
    raised_from: int = 10
    large: Money = Money(500_00, "EUR")
    floors: dict[Severity, Money] = msgspec.field(default_factory=lambda: dict(_FLOORS))


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What cases are graded by: the shop's currency, the rates, the catalogue and the policy."""

    currency: str
    rates: RateTable
    catalogue: Catalogue
    policy: TriagePolicy = TriagePolicy()


class _Stake(msgspec.Struct, frozen=True, kw_only=True):
    """What one finding puts at stake; `minor` and `shop` are absent where no money or no rate is known."""

    held: CaseFinding
    minor: int | None
    currency: str | None
    shop: int | None
    expected: Decimal


class _Sum(msgspec.Struct):
    """An arithmetic being written down."""

    lines: list[GradeLine] = []

    def write(self, name: LineName, **values: Any) -> None:
        self.lines.append(GradeLine(name=name, values=values))


def grade(case: Case, now: Instant, terms: Terms, *, reach: int = 1) -> Grade:
    """Grade a case; `reach` is how many cases share its cause, itself included.

    Raises NoRateError where the shop's own currency has no rate.
    """
    worst = worst_stake(case, terms)
    if worst is None:
        return _healed(case, terms)
    head = _head(case, terms)
    base = gravest(tuple(held.severity for held in case.root_findings if not held.about_us))
    sum_ = _Sum()
    expected = _expected(sum_, worst, base, terms)
    deadline = next_deadline(case, now)
    urgency, until = _urgency(sum_, deadline, now, terms.policy)
    spread = _reach(sum_, reach, terms.policy)
    minutes = terms.catalogue[head.finding.exception].minutes
    sum_.write("work", minutes=minutes)
    score = int((expected * urgency * spread / minutes * 1000).to_integral_value(ROUND_HALF_UP))
    sum_.write("score", score=score)
    severity = _severity(sum_, case, base, deadline, now, expected, reach, terms)
    return Grade(
        severity=severity,
        base=base,
        exception=head.finding.exception,
        finding=head.finding.id,
        stake=worst.minor,
        currency=worst.currency,
        stake_shop=worst.shop,
        shop_currency=terms.currency,
        due_at=None if deadline is None else deadline.at,
        due=None if deadline is None else deadline.what,
        score=score,
        until=until,
        lines=tuple(sum_.lines),
    )


def worst_stake(case: Case, terms: Terms) -> _Stake | None:
    """The stake of the worst open finding; overlapping ones are one loss, so they are not added up.

    None where nothing is wrong with the order any more.
    """
    stakes = [_stake(held, terms) for held in case.root_findings if not held.about_us]
    return max(stakes, key=lambda stake: (stake.expected, stake.minor or 0, stake.held.finding.id), default=None)


def reach_factor(count: int, policy: TriagePolicy) -> Decimal:
    """What the score is multiplied by when `count` cases share a cause."""
    return next((band.factor for band in policy.reach if count >= band.limit), Decimal(1))


def reach_band(count: int, policy: TriagePolicy) -> int:
    """A number that changes whenever a change of `count` changes a grade."""
    steps = {band.limit for band in policy.reach} | {policy.raised_from}
    return sum(count >= step for step in steps)


def _stake(held: CaseFinding, terms: Terms) -> _Stake:
    finding = held.finding
    if finding.loss is None or finding.currency is None:
        return _Stake(held=held, minor=None, currency=None, shop=None, expected=Decimal(0))
    shop = None
    if terms.rates.knows(finding.currency):
        shop = terms.rates.convert(Money(finding.loss, finding.currency), terms.currency).minor
    expected = Decimal(shop or 0) * terms.catalogue[finding.exception].likelihood
    return _Stake(held=held, minor=finding.loss, currency=finding.currency, shop=shop, expected=expected)


def _head(case: Case, terms: Terms) -> CaseFinding:
    """The finding that names the case: the gravest, then the dearest, then the newest; about the order, if any is."""

    def weight(held: CaseFinding) -> tuple[bool, int, Decimal, Instant, str]:
        expected = _stake(held, terms).expected
        gravity = SEVERITIES.index(held.severity)
        return not held.about_us, gravity, expected, held.finding.fired_at, held.finding.id

    return max(case.root_findings or case.findings, key=weight)


def _expected(sum_: _Sum, worst: _Stake, base: Severity, terms: Terms) -> Decimal:
    finding = worst.held.finding
    if worst.minor is None:
        sum_.write("no_stake", exception=finding.exception)
    else:
        sum_.write("stake", finding=finding.id, exception=finding.exception, minor=worst.minor, currency=worst.currency)
        if worst.shop is None:
            sum_.write("no_rate", currency=worst.currency, into=terms.currency)
        else:
            _convert(sum_, worst, terms)
            sum_.write(
                "likelihood",
                exception=finding.exception,
                factor=str(terms.catalogue[finding.exception].likelihood),
                minor=_whole(worst.expected),
                currency=terms.currency,
            )
    floor = Decimal(terms.rates.convert(terms.policy.floors[base], terms.currency).minor)
    if floor > worst.expected:
        sum_.write("floor", severity=base, minor=int(floor), currency=terms.currency)
    return max(floor, worst.expected)


def _convert(sum_: _Sum, worst: _Stake, terms: Terms) -> None:
    if worst.currency is None or worst.currency == terms.currency:
        return
    sum_.write(
        "converted",
        minor=worst.shop,
        currency=terms.currency,
        rate=str(terms.rates.rate(worst.currency, terms.currency).quantize(Decimal("0.000001"))),
        source=terms.rates.source,
        as_of=terms.rates.as_of,
    )


def _urgency(
    sum_: _Sum, deadline: Deadline | None, now: Instant, policy: TriagePolicy
) -> tuple[Decimal, Instant | None]:
    """The factor, and when time alone will change it."""
    if deadline is None:
        sum_.write("urgency", factor="1")
        return Decimal(1), None
    left = deadline.at - now
    band = next((band for band in policy.urgency if left <= band.limit), None)
    factor = Decimal(1) if band is None else band.factor
    values: dict[str, Any] = {"factor": str(factor), "what": deadline.what, "due_at": deadline.at}
    if band is not None:
        values["within"] = band.limit
    sum_.write("urgency", **values)
    return factor, _next_band(deadline, left, policy.urgency)


def _next_band(deadline: Deadline, left: int, bands: Sequence[Band]) -> Instant | None:
    limits = [band.limit for band in bands if band.limit < left]
    return Instant(deadline.at - max(limits)) if limits else None


def _reach(sum_: _Sum, reach: int, policy: TriagePolicy) -> Decimal:
    factor = reach_factor(reach, policy)
    if reach > 1:
        band = next((band.limit for band in policy.reach if reach >= band.limit), 2)
        sum_.write("reach", factor=str(factor), cases=band)
    return factor


def _severity(
    sum_: _Sum,
    case: Case,
    base: Severity,
    deadline: Deadline | None,
    now: Instant,
    expected: Decimal,
    reach: int,
    terms: Terms,
) -> Severity:
    policy = terms.policy
    why = []
    if deadline is not None and deadline.finding is not None and deadline.at - now <= policy.raised_within:
        why.append("due")
    if expected >= terms.rates.convert(policy.large, terms.currency).minor:
        why.append("large")
    if reach >= policy.raised_from:
        why.append("many")
    if base == "warning" and any(held.about_us for held in case.open_findings):
        why.append("slow")
    severity = base
    if why and base not in ("info", "critical"):
        severity = SEVERITIES[SEVERITIES.index(base) + 1]
    sum_.write("severity", base=base, severity=severity, why=why if severity != base else [])
    return severity


def _healed(case: Case, terms: Terms) -> Grade:
    """Nothing is wrong any more: the case keeps its head, and weighs nothing."""
    head = _head(case, terms)
    return Grade(
        severity="info",
        base="info",
        exception=head.finding.exception,
        finding=head.finding.id,
        shop_currency=terms.currency,
        lines=(GradeLine(name="healed"),),
    )


def _whole(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_HALF_UP))
