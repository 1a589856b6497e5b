"""Who may grant what alone, and who has to be asked for more. Pure.

Limits are in the shop's currency, by role and remedy: for one act, for one case, for one buyer, and for one person's
day. A sum that is split into small acts meets the limit of the case, and one that is split over cases that of the buyer
or of the day. Above a limit a second person decides whose own limits allow it. The assistant is a role like any other.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

import msgspec

from amends.detection.document import Document, DocumentError, parse_document
from amends.model.money import exponent
from amends.model.suggestion import suggestion
from amends.resolution.errors import ResolutionError, UnreadableAuthorityError
from amends.resolution.words import built_in_words

Span = Literal["act", "case", "buyer", "day"]
ANY = "*"
"""Limits of a remedy that has none of its own."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The most that a role grants alone, in minor units of the shop's currency; None where there is no limit."""

    act: int | None = 0
    case: int | None = 0
    buyer: int | None = 0
    day: int | None = 0


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """`limits` by role and remedy; what a role has no limits for, it may not grant. `roles` from the least up."""

    currency: str
    roles: tuple[str, ...]
    limits: dict[str, dict[str, Limits]]

    def of(self, role: str, remedy: str) -> Limits:
        """The limits of a role for a remedy. Raises ResolutionError for a role that is not known."""
        if role not in self.roles:
            raise ResolutionError(f"There is no role {role!r}; there are {', '.join(self.roles)}.")
        own = self.limits.get(role, {})
        return own.get(remedy, own.get(ANY, Limits()))


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """What was granted before: on this case and to this buyer by anybody, and by this person today."""

    case: int = 0
    buyer: int = 0
    day: int = 0


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the role may grant it alone; if not, which limits stop it, and which roles may approve."""

    allowed: bool
    stopped_by: dict[Span, int] = {}
    """By span, the limit that would be passed."""
    approvers: tuple[str, ...] = ()


def decide(authority: Authority, role: str, remedy: str, amount: int, granted: Granted) -> Decision:
    """May this role grant the amount (minor units of the shop's currency), after what was granted before?"""
    if amount < 0:
        raise ResolutionError("Less than nothing cannot be granted.")
    stopped = _stopped(authority.of(role, remedy), amount, granted)
    if not stopped:
        return Decision(allowed=True)
    # The day is that of who approves, which is not known yet: it is looked at when they do.
    before = Granted(case=granted.case, buyer=granted.buyer)
    able = [one for one in authority.roles if not _stopped(authority.of(one, remedy), amount, before)]
    return Decision(allowed=False, stopped_by=stopped, approvers=tuple(one for one in able if one != role))


def approve(
    authority: Authority, role: str, remedy: str, amount: int, granted: Granted, *, asked: str, by: str
) -> None:
    """Let a second person grant it. Raises ResolutionError where they may not.

    `asked` and `by` are accounts: nobody approves what they asked for themselves.
    """
    if asked == by:
        raise ResolutionError("Whoever asks for an approval cannot give it: let somebody else decide.")
    stopped = _stopped(authority.of(role, remedy), amount, granted)
    if stopped:
        spans = ", ".join(f"{span} {limit}" for span, limit in stopped.items())
        raise ResolutionError(f"This is above what a {role} may grant ({spans} {authority.currency}): ask further up.")


def _stopped(limits: Limits, amount: int, granted: Granted) -> dict[Span, int]:
    sums: Mapping[Span, tuple[int | None, int]] = {
        "act": (limits.act, amount),
        "case": (limits.case, granted.case + amount),
        "buyer": (limits.buyer, granted.buyer + amount),
        "day": (limits.day, granted.day + amount),
    }
    return {span: limit for span, (limit, total) in sums.items() if limit is not None and total > limit}


# ------------------------------------------------------------ as data

_PARTS = ("currency", "roles", "limits")


@cache
def built_in_authority() -> Authority:
    """The limits that come with Amends."""
    text = files("amends.resolution").joinpath("authority.yaml").read_text(encoding="utf-8")
    return read_authority(text, "authority.yaml")


def read_authority(text: str, name: str) -> Authority:
    """The limits in a YAML text called `name`. Raises UnreadableAuthorityError, with a place and a sentence."""
    try:
        document = parse_document(text, name)
    except DocumentError as error:
        raise UnreadableAuthorityError(str(error)) from error
    content = document.content
    if not isinstance(content, dict) or set(content) != set(_PARTS):
        raise UnreadableAuthorityError(f"{name}: it should have {', '.join(_PARTS)}, and nothing else")
    currency, roles = content["currency"], content["roles"]
    if not isinstance(currency, str) or re.fullmatch("[A-Z]{3}", currency) is None:
        raise _at(document, ("currency",), "it should be an ISO 4217 code such as USD")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise _at(document, ("roles",), "it should be a list of names, from the least up")
    limits = {role: _limits_of(document, role, roles, exponent(currency)) for role in content["limits"] or {}}
    return Authority(currency=currency, roles=tuple(roles), limits=limits)


def _limits_of(document: Document, role: str, roles: list[str], digits: int) -> dict[str, Limits]:
    if role not in roles:
        raise _at(document, ("limits", role), f"there is no role `{role}`{suggestion(role, roles)}")
    found = {}
    for remedy, spans in (document.content["limits"][role] or {}).items():
        place, acts = ("limits", role, remedy), built_in_words().acts
        if remedy != ANY and remedy not in acts:
            raise _at(document, place, f"there is no act `{remedy}`{suggestion(remedy, acts)}")
        if unknown := next((span for span in spans or {} if span not in get_args(Span)), None):
            raise _at(document, place, f"there is no span `{unknown}`{suggestion(unknown, get_args(Span))}")
        found[remedy] = Limits(
            **{span: _limit(document, place, limit, digits) for span, limit in (spans or {}).items()}
        )
    return found


def _limit(document: Document, place: tuple[str, ...], limit: Any, digits: int) -> int | None:
    if limit == "none":
        return None
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise _at(document, place, f"{limit!r} is no limit: it should be a whole number, or `none`")
    return int(limit * 10**digits)


def _at(document: Document, place: tuple[str, ...], sentence: str) -> UnreadableAuthorityError:
    return UnreadableAuthorityError(f"{document.place(place)}: {sentence}")
