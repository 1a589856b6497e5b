"""The numbers of a rule that may be tried at other values: its limits, and the literals in its conditions."""

import re
from hashlib import blake2b
from typing import Final, Literal

import msgspec

from amends.detection.expression import compile_expression
from amends.detection.lean import read_by
from amends.detection.pool import Pool
from amends.detection.reads import links_of
from amends.detection.rule import Pack, Rule, Surge, Wait, parse_rate
from amends.detection.scope import row_scope
from amends.model.errors import UnusableInputError
from amends.model.instant import Duration, UnreadableTimeError, format_duration, parse_duration
from amends.model.suggestion import suggestion

ThresholdKind = Literal["duration", "number", "count", "rate", "chance"]

_CONDITIONS: Final = ("within", "since", "where", "when", "until", "before", "hits")
_OF_LULL: Final = ("at_least", "false_alarms", "window", "falls_to")
_OF_SURGE: Final[dict[str, ThresholdKind]] = {
    "at_least": "count", "false_alarms": "rate", "window": "duration", "half_life": "number", "prior": "number",
    "prior_strength": "number", "falls_to": "chance",
}  # fmt: skip
_TOKEN: Final = re.compile(
    r"INTERVAL\s+'(?P<interval>[^']*)'|'(?:[^']|'')*'|[A-Za-z_][\w.]*|(?P<number>\d+(?:\.\d+)?)", re.IGNORECASE
)
_LEARNED: Final = re.compile(r"\b(LEARNED|LATE_AFTER|LOST_AFTER)\s*\(", re.IGNORECASE)
# Its first argument may hold brackets of its own, such as those of COALESCE.
_NUMBER_OF_DAYS: Final = re.compile(r"\bWORKING_DAYS\s*\((?:[^()]|\([^()]*\))*,\s*$", re.IGNORECASE)
_LIMIT: Final = re.compile(
    r"(?:LEARNED|LOST_AFTER)\s*\(\s*'[^']*'\s*,\s*[\d.]+\s*,\s*INTERVAL\s+'(?P<default>[^']*)'[^()]*\)(?:\s*\*\s*(?P<times>[\d.]+))?",
    re.IGNORECASE,
)
"""A limit that is learned, perhaps some times over."""
_SHORT: Final = re.compile(r"(\d+)\s*(s|sec|m|min|h|d|w)\b")
_UNITS: Final = {
    "s": "second", "sec": "second", "m": "minute", "min": "minute", "h": "hour", "d": "day", "w": "week",
}  # fmt: skip
_SHAPES: Final[dict[ThresholdKind, str]] = {
    "duration": "a length such as 48h, 3d or '36 hours'",
    "number": "a number such as 20 or 0.5",
    "count": "a whole number from 1 on",
    "rate": "a rate such as '1 per 60 days'",
    "chance": "a share between 0 and 1, such as 0.8",
}


class UnusableThresholdError(UnusableInputError):
    """There is no such number in the rule, or it cannot have such a value."""


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """A number of a rule: `part` is what it is called, such as `within` or `when.2` (the second number there)."""

    rule: str
    part: str
    kind: ThresholdKind
    text: str

    @property
    def name(self) -> str:
        """Such as `no_first_scan.within`."""
        return f"{self.rule}.{self.part}"


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A value of a threshold as it is written in a rule, and its size: microseconds, a number, or alarms a day."""

    text: str
    size: float


def thresholds_of(rule: Rule) -> list[Threshold]:
    """Every number of a rule that can be tried at other values, the one that says most about it first."""
    found: list[tuple[str, ThresholdKind, str]] = []
    fixed = _fixed_limit(rule.within or "")
    if fixed is not None:
        found.append(("within", "duration", fixed))
    if rule.surge is not None:
        parts = [part for part in _OF_SURGE if _has(rule.surge, part)]
        found += [(part, _OF_SURGE[part], _surge_text(rule.surge, part)) for part in parts]
    for part in _CONDITIONS:
        text = rule.conditions.get(part, "")
        literals = [] if part == "within" and _length(text) is not None else _literals(text)
        for number, literal in enumerate(literals, 1):
            name = part if len(literals) == 1 else f"{part}.{number}"
            found.append((name, _kind(text, literal), literal.group("interval") or literal.group("number")))
    return [Threshold(rule=rule.id, part=part, kind=kind, text=text) for part, kind, text in found]


def _has(surge: Surge, part: str) -> bool:
    if surge.wait is not None:
        return part in _OF_LULL
    return part != "falls_to" and (surge.ratio or part != "prior_strength")


def threshold_of(pack: Pack, name: str) -> Threshold:
    """The threshold of that name, such as `no_first_scan.within`. Raises UnusableThresholdError."""
    id_, _, part = name.partition(".")
    rule = pack.rules.get(id_)
    if rule is None:
        raise UnusableThresholdError(f"There is no rule `{id_}`{suggestion(id_, pack.rules) or '.'}")
    known = thresholds_of(rule)
    for one in known:
        if one.part == part:
            return one
    if not known:
        raise UnusableThresholdError(f"Rule `{id_}` has no number that could be another.")
    raise UnusableThresholdError(
        f"Rule `{id_}` has no number `{part}`; its numbers are "
        + ", ".join(f"`{one.part}` ({one.text})" for one in known)
        + "."
    )


def parse_value(threshold: Threshold, text: str) -> Value:
    """Read a value for a threshold; `24h` is short for `24 hours`. Raises UnusableThresholdError."""
    value = _parsed(threshold, text.strip())
    if value is None:
        raise UnusableThresholdError(f"`{text}` cannot be `{threshold.name}`: give {_SHAPES[threshold.kind]}.")
    return value


def variant(pack: Pack, threshold: Threshold, value: Value) -> Pack:
    """A pack of that rule alone, with whatever it counts, at another value."""
    rule = changed(pack.rules[threshold.rule], threshold, value)
    return msgspec.structs.replace(alone(pack, rule), digest=_digest(f"{pack.digest} {threshold.name} {value.text}"))


def alone(pack: Pack, rule: Rule) -> Pack:
    """A pack of one rule, which may be another than the pack's of its id, with whatever it counts and reads."""
    sources = rule.surge.rules if rule.surge else ()
    # What a finding shows is not asked for, and what nobody reads need not be folded.
    rules = {one.id: msgspec.structs.replace(one, evidence=()) for one in (*(pack.rules[id_] for id_ in sources), rule)}
    waits = {one.name: one for one in pack.waits.values() if any(_asks(pack, each, one) for each in rules.values())}
    links = {link.name: link for each in rules.values() for link in links_of(pack, each)}
    tables = read_by(pack, rules.values(), waits.values())
    digest = _digest(f"{pack.digest} {rule!r}")
    return msgspec.structs.replace(pack, digest=digest, rules=rules, tables=tables, waits=waits, links=links)


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _asks(pack: Pack, rule: Rule, wait: Wait) -> bool:
    """Whether the rule may ask that wait: it asks one, over that table; or it watches it."""
    if rule.surge is not None and rule.surge.wait is not None:
        return rule.surge.wait == wait.name
    scope = row_scope(pack.tables[rule.table], pack.sets, pack.calendars, with_event=True, waits=pack.waits)
    texts = [text for part, text in rule.conditions.items() if part != "within" or _length(text) is None]
    return rule.table == wait.table and any(compile_expression(text, scope, Pool()).learned for text in texts)


def _parsed(threshold: Threshold, text: str) -> Value | None:
    if threshold.kind == "duration":
        text = _SHORT.sub(_in_words, text)
        length = _length(text)
        if length is None or (threshold.part == "window" and length == 0):
            return None
        return Value(text=text, size=float(length))
    if threshold.kind == "rate":
        rate = parse_rate(text)
        if rate is None or not rate.count or not rate.per:
            return None
        return Value(text=text, size=rate.count * 86_400_000_000 / rate.per)
    if not re.fullmatch(r"[1-9]\d*" if threshold.kind == "count" else r"\d+(\.\d+)?", text):
        return None
    if threshold.kind == "chance" and not 0 < float(text) < 1:
        return None
    if threshold.part in _OF_SURGE and float(text) == 0:
        return None
    return Value(text=text, size=float(text))


def _kind(text: str, literal: re.Match[str]) -> ThresholdKind:
    if literal.group("interval") is not None:
        return "duration"
    if _NUMBER_OF_DAYS.search(text, 0, literal.start()):
        return "count"
    # Whatever is asked of learned waits is asked for a share of them.
    return "chance" if _LEARNED.search(text, 0, literal.start()) and 0 < float(literal[0]) < 1 else "number"


def _in_words(match: re.Match[str]) -> str:
    unit = _UNITS[match[2]]
    return f"{match[1]} {unit}" if int(match[1]) == 1 else f"{match[1]} {unit}s"


def changed(rule: Rule, threshold: Threshold, value: Value) -> Rule:
    """The rule with that number at another value."""
    part, _, number = threshold.part.partition(".")
    if threshold.part == "within" and _fixed_limit(rule.within or "") is not None:
        return msgspec.structs.replace(rule, within=value.text)
    surge = rule.surge
    if surge is not None and part in _OF_SURGE:
        new: object = float(value.text) if threshold.kind in ("number", "chance") else int(value.size)
        if threshold.kind == "rate":
            new = parse_rate(value.text)
        return msgspec.structs.replace(rule, surge=msgspec.structs.replace(surge, **{part: new}))
    text = rule.conditions[part]
    literal = _literals(text)[int(number or 1) - 1]
    group = "number" if literal.group("interval") is None else "interval"
    text = text[: literal.start(group)] + value.text + text[literal.end(group) :]
    if part == "hits":
        assert surge is not None
        return msgspec.structs.replace(rule, surge=msgspec.structs.replace(surge, hits=text))
    return msgspec.structs.replace(rule, **{part: text})


def _fixed_limit(within: str) -> str | None:
    """A silence's limit as a fixed length: of a learned one that which stands until enough is known."""
    if _length(within) is not None:
        return within
    learned = _LIMIT.fullmatch(within.strip())
    default = None if learned is None else _length(learned["default"])
    if learned is None or default is None:
        return None
    return format_duration(Duration(round(default * float(learned["times"] or 1))))


def _literals(text: str) -> list[re.Match[str]]:
    """The numbers and intervals of an expression; what stands in quotation marks or in a name is neither."""
    return [match for match in _TOKEN.finditer(text) if match.lastgroup is not None]


def _length(text: str) -> Duration | None:
    try:
        return parse_duration(text)
    except UnreadableTimeError:
        return None


def _surge_text(surge: Surge, part: str) -> str:
    if part == "false_alarms":
        return f"{surge.false_alarms.count:g} per {format_duration(surge.false_alarms.per)}"
    if part == "window":
        return format_duration(surge.window)
    return f"{getattr(surge, part):.15g}"
