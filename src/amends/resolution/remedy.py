"""What can be done for a buyer, what each would cost, and which is the cheapest that keeps them. Pure.

    expected cost = cost x P(accepted) + (1 - P(accepted)) x what a buyer costs who does not accept
    a buyer who does not accept = P(dispute) x (what may go out + the dispute's fee) + what they would have bought yet

The remedies are data (`remedies.yaml`); a shop changes what they cost, and how likely they are accepted.
"""

from collections.abc import Collection, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from amends.detection.document import DocumentError, parse_document
from amends.resolution.condition import Facts, check_expression, holds, value_of
from amends.resolution.errors import ResolutionError, UnreadableRemediesError

ASKED: Final = (
    "paid", "left", "goods", "freight_local", "freight_overseas", "freight_back", "duty", "fee", "resale", "part",
    "repaired", "stock_local", "stock_overseas", "stage",
)  # fmt: skip
"""What remedies ask for: see `remedies.yaml`."""


KEEPS: Final = Decimal("0.6")
"""A remedy that a buyer is so likely to accept keeps them; a cheaper one that does not is proposed behind those."""


class Remedy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to put a buyer right. `needs`, `gives` and each line of `cost` are expressions."""

    needs: str
    gives: str
    cost: dict[str, str]
    accepted: Decimal
    days: int


class Stakes(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer costs who is not kept: the chance of a dispute, its fee, and what they would have bought yet.

    Money in minor units of the order's currency; what they would have bought is the shop's margin on it.
    """

    dispute_odds: Decimal
    dispute_fee: int
    worth: int


class CostLine(msgspec.Struct, frozen=True):
    """One line of what a remedy costs, in minor units; negative where something comes back."""

    name: str
    minor: int


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A remedy that can be done now. All sums in minor units.

    `gives` counts against what may go out for the loss. `cost` is what it costs if the buyer accepts, `expected` with
    the chance that they do not, and `worst` if they do not and the bank takes everything that may go out.
    """

    remedy: str
    gives: int
    lines: tuple[CostLine, ...]
    cost: int
    accepted: Decimal
    expected: int
    worst: int
    days: int


@cache
def built_in_remedies() -> dict[str, Remedy]:
    """The remedies that come with Amends."""
    text = files("amends.resolution").joinpath("remedies.yaml").read_text(encoding="utf-8")
    return read_remedies(text, "remedies.yaml")


def read_remedies(text: str, name: str) -> dict[str, Remedy]:
    """The remedies in a YAML text called `name`. Raises UnreadableRemediesError, with a place and a sentence."""
    try:
        document = parse_document(text, name)
    except DocumentError as error:
        raise UnreadableRemediesError(str(error)) from error
    found = {}
    for remedy, part in document.content.items():
        place = document.place((remedy,))
        try:
            found[remedy] = _remedy(part)
        except (msgspec.ValidationError, ResolutionError) as error:
            raise UnreadableRemediesError(f"{place}: {remedy}: {error}") from error
    return found


def _remedy(part: Any) -> Remedy:
    remedy = msgspec.convert(part, Remedy, strict=False)
    for expression in (remedy.needs, remedy.gives, *remedy.cost.values()):
        check_expression(expression, ASKED)
    if not 0 <= remedy.accepted <= 1 or remedy.days < 0:
        raise UnreadableRemediesError("`accepted` is from 0 to 1, and `days` is not negative")
    return remedy


def propose(
    remedies: Mapping[str, Remedy], facts: Facts, stakes: Stakes, *, among: Collection[str] | None = None
) -> list[Proposal]:
    """What can be done, the cheapest that keeps the buyer first; only what is `among` the remedies that are named.

    What asks for something that is not known cannot be reckoned, and is not proposed.
    """
    found = []
    for name, remedy in remedies.items():
        if (among is None or name in among) and holds(remedy.needs, facts):
            proposal = _proposal(name, remedy, facts, stakes)
            found += [] if proposal is None else [proposal]
    return sorted(found, key=lambda each: (each.accepted < KEEPS, each.expected, each.days, each.remedy))


def _proposal(name: str, remedy: Remedy, facts: Facts, stakes: Stakes) -> Proposal | None:
    sums = {line: value_of(text, facts) for line, text in remedy.cost.items()}
    gives, left = value_of(remedy.gives, facts), facts.get("left")
    if gives is None or left is None or None in sums.values():
        return None
    lines = tuple(CostLine(line, _whole(minor)) for line, minor in sums.items())
    cost = sum(line.minor for line in lines)
    # Who does not accept a remedy has not got it: nothing of it is spent.
    gone = stakes.dispute_odds * (left + stakes.dispute_fee) + stakes.worth
    return Proposal(
        remedy=name,
        gives=_whole(gives),
        lines=lines,
        cost=cost,
        accepted=remedy.accepted,
        expected=_whole(remedy.accepted * cost + (1 - remedy.accepted) * gone),
        worst=max(cost, left + stakes.dispute_fee + stakes.worth),
        days=remedy.days,
    )


def _whole(minor: int | Decimal) -> int:
    return int(Decimal(minor).to_integral_value(ROUND_HALF_UP))
