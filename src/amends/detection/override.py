"""Overrides: what a shop wants otherwise of a rule for some of its orders, carried out on the rule itself.

`within: 12 days` for Brazil makes `CASE WHEN country = 'BR' THEN INTERVAL '12 days' ELSE ... END` of the rule's
`within`, and `off` one more condition, so that the kernel need not know of overrides.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

import msgspec

from amends.detection.backtest.threshold import changed, parse_value, thresholds_of
from amends.detection.document import Document, Path
from amends.detection.rule import Override, Pack, Rule
from amends.detection.scope import loss_scope, row_scope
from amends.detection.types import Type
from amends.detection.written import Expression, Scope
from amends.model.errors import UnusableInputError
from amends.model.instant import Instant, UnreadableTimeError, parse_duration, parse_instant
from amends.model.suggestion import suggestion

_TYPES: Final[dict[str, Type]] = {
    "when": "flag", "since": "instant", "within": "duration", "until": "flag", "where": "flag", "before": "instant",
    "hits": "flag", "loss": "money",
}  # fmt: skip
_OF_SURGE: Final = ("at_least", "false_alarms", "window", "half_life", "prior", "prior_strength")
_SAID: Final = ("rule", "for", "off", "why", "expires_at")
_UNREACHABLE: Final = 1_000_000_000


class Reader(Protocol):
    """What collects the problems of a pack."""

    problems: list[str]

    def say(self, document: Document, path: Path, sentence: str) -> None:
        """Note what is wrong at a place."""
        ...

    def expression(self, document: Document, path: Path, text: Any, scope: Scope, who: str) -> Expression | None:
        """A checked expression, or a problem."""
        ...


class Scopes(msgspec.Struct, frozen=True):
    """What the parts of a table's rules may name."""

    row: Scope
    event: Scope
    loss: Scope

    @classmethod
    def of(cls, kind: str, pack: Pack) -> "Scopes":
        """Those of a table of a pack."""
        table, sets, calendars = pack.tables[kind], pack.sets, pack.calendars
        return cls(
            row_scope(table, sets, calendars, waits=pack.waits),
            row_scope(table, sets, calendars, with_event=True, waits=pack.waits),
            loss_scope(table, pack.tables.get("order"), sets, calendars),
        )

    def for_part(self, rule: Rule, part: str) -> Scope:
        """What a part of a rule may name."""
        if part == "loss":
            return self.loss
        return self.event if part == "hits" or (part == "when" and rule.kind == "fault") else self.row


def read_override(
    reader: Reader, document: Document, path: Path, entry: Any, rules: Mapping[str, Rule]
) -> Override | None:
    """The override of an entry, None where something is wrong with it."""
    before = len(reader.problems)
    if not isinstance(entry, dict):
        reader.say(document, path, "an override should be a mapping with rule, for, and what is otherwise")
        return None
    rule = rules.get(str(entry.get("rule")))
    if rule is None:
        name = str(entry.get("rule", "?"))
        reader.say(document, (*path, "rule"), f"override: there is no rule `{name}`{suggestion(name, rules)}")
        return None
    parts = {name: str(value) for name, value in entry.items() if name not in _SAID}
    off = entry.get("off", False)
    if not isinstance(off, bool) or off == bool(parts):
        reader.say(
            document, path, f"override of `{rule.id}`: say either `off: true` or what is otherwise, such as a `within`"
        )
    expires_at = _expiry(reader, document, path, entry, rule)
    if len(reader.problems) > before:
        return None
    condition = entry.get("for")
    return Override(
        rule=rule.id,
        condition=None if condition is None else str(condition),
        off=bool(off),
        parts=parts,
        why=str(entry.get("why", "")),
        expires_at=expires_at,
        place=document.place(path),
    )


def _expiry(reader: Reader, document: Document, path: Path, entry: dict[str, Any], rule: Rule) -> Instant | None:
    if entry.get("expires_at") is None:
        return None
    try:
        return parse_instant(str(entry["expires_at"]))
    except UnreadableTimeError as error:
        reader.say(document, (*path, "expires_at"), f"override of `{rule.id}`, expires_at: {error}")
        return None


def override_rule(
    reader: Reader, document: Document, path: Path, override: Override, rule: Rule, scopes: Scopes
) -> Rule:
    """The rule with an override carried out; as it was where that cannot be, with the problem noted."""
    silenced = _silenced_part(rule)
    touched = {"off": silenced} if override.off else {name: _part(name) for name in override.parts}
    parts = {name: part for name, part in touched.items() if part is not None}
    who = f"override of `{rule.id}`"
    before = len(reader.problems)
    if override.condition is not None:
        scope = [scopes.for_part(rule, part) for part in parts.values()]
        _check_condition(reader, document, (*path, "for"), override.condition, scope, f"{who}, for")
        if len(reader.problems) > before:
            return rule
    try:
        new = _silenced(rule, override.condition) if override.off else _changed(rule, override)
    except _CannotBeError as error:
        reader.say(document, (*path, error.part), f"{who}: {error}")
        return rule
    for name, part in parts.items():
        text = new.loss if part == "loss" else new.conditions.get(part)
        if text is None or (part == "within" and _is_length(text)):
            continue
        checked = reader.expression(document, (*path, name), text, scopes.for_part(rule, part), f"{who}, {name}")
        if checked is not None and checked.type not in (_TYPES[part], "null"):
            reader.say(document, (*path, name), f"{who}: `{name}` is {checked.type}, not {_TYPES[part]}")
    return new if len(reader.problems) == before else rule


def _check_condition(
    reader: Reader, document: Document, path: Path, text: str, scopes: Iterable[Scope], who: str
) -> None:
    """Whom it is for must be sayable wherever it is put."""
    for scope in scopes:
        before = len(reader.problems)
        checked = reader.expression(document, path, text, scope, who)
        if checked is not None and checked.type not in ("flag", "null"):
            reader.say(document, path, f"{who}: `for` is {checked.type}, where a condition is needed")
        if len(reader.problems) > before:
            return


class _CannotBeError(UnusableInputError):
    def __init__(self, part: str, sentence: str) -> None:
        super().__init__(sentence)
        self.part = part


def _part(name: str) -> str | None:
    """The part of a rule that a name speaks of; None for a number of a surge."""
    part = name.partition(".")[0]
    return part if part in _TYPES else None


def _changed(rule: Rule, override: Override) -> Rule:
    new = rule
    for name, text in override.parts.items():
        old = _text(new, name)
        if old is None:
            new = _with_number(new, override, name, text)
            continue
        part = name.partition(".")[0]
        value = _as_expression(part, _replaced(new, name, text))
        if override.condition is not None:
            value = f"CASE WHEN {override.condition} THEN {value} ELSE {_as_expression(part, old)} END"
        elif part == "within" and _is_length(text):
            value = text
        new = _put(new, part, value)
    return new


def _text(rule: Rule, name: str) -> str | None:
    """What a part says as it is; None for a number of a surge. Raises _CannotBeError."""
    part = name.partition(".")[0]
    if part == "loss" and rule.loss is not None:
        return rule.loss
    if part in rule.conditions:
        return rule.conditions[part]
    if name == "where" and rule.kind == "silence":
        return "TRUE"
    if rule.surge is not None and name in _OF_SURGE:
        return None
    known = sorted({*rule.conditions, *(["loss"] if rule.loss else []), *(one.part for one in thresholds_of(rule))})
    raise _CannotBeError(name, f"the rule has no `{name}`; what can be otherwise is {', '.join(known)}, or it is off")


def _replaced(rule: Rule, name: str, text: str) -> str:
    """A part with one number of it otherwise, or wholly otherwise."""
    part = name.partition(".")[0]
    number = next((one for one in thresholds_of(rule) if one.part == name), None)
    if number is not None and number.text != rule.conditions.get(part):
        try:
            value = parse_value(number, text)
        except UnusableInputError as error:
            if "." in name:
                raise _CannotBeError(name, str(error)) from error
        else:
            return changed(rule, number, value).conditions[part]
    if "." in name:
        raise _CannotBeError(name, f"there is no number `{name}` in the rule")
    return text


def _with_number(rule: Rule, override: Override, name: str, text: str) -> Rule:
    if override.condition is not None:
        raise _CannotBeError(name, f"`{name}` is the same for every group of a surge; leave `for` out")
    number = next((one for one in thresholds_of(rule) if one.part == name), None)
    if number is None:
        raise _CannotBeError(name, f"the surge has no `{name}`")
    try:
        return changed(rule, number, parse_value(number, text))
    except UnusableInputError as error:
        raise _CannotBeError(name, str(error)) from error


def _silenced_part(rule: Rule) -> str | None:
    """The condition by which a rule is kept from firing; None for a surge of findings, which has none."""
    if rule.surge is not None:
        return "hits" if rule.surge.on else None
    return "where" if rule.kind == "silence" else "when"


def _silenced(rule: Rule, condition: str | None) -> Rule:
    part = _silenced_part(rule)
    if part is None:
        if condition is not None or rule.surge is None:
            raise _CannotBeError("for", "a surge counts what other rules find; switch those off for them instead")
        return msgspec.structs.replace(rule, surge=msgspec.structs.replace(rule.surge, at_least=_UNREACHABLE))
    if condition is None:
        return _put(rule, part, "FALSE")
    # Where it is not known whether they are meant, the rule stands: `NOT` alone would switch it off for those, too.
    theirs = f"NOT COALESCE({condition}, FALSE)"
    old = rule.conditions.get(part)
    return _put(rule, part, theirs if old is None else f"({old}) AND {theirs}")


def _put(rule: Rule, part: str, text: str) -> Rule:
    if part == "hits":
        assert rule.surge is not None
        return msgspec.structs.replace(rule, surge=msgspec.structs.replace(rule.surge, hits=text))
    return msgspec.structs.replace(rule, **{part: text})


def _as_expression(part: str, text: str) -> str:
    return f"INTERVAL '{text}'" if part == "within" and _is_length(text) else text


def _is_length(text: str) -> bool:
    try:
        parse_duration(text)
    except UnreadableTimeError:
        return False
    return True
