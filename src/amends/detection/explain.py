"""What a rule does, in words: the facts it watches, when it fires and clears, and what it counts as the loss."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
import yaml

from amends.detection.calendars import ALWAYS, asked_calendars, week_in_words
from amends.detection.condition import Clause, Language, condition, inline, is_length, length, outline, value
from amends.detection.cost import Cost
from amends.detection.expression import compile_expression
from amends.detection.pool import Pool
from amends.detection.reads import counted_by, links_of
from amends.detection.rule import Column, Override, Pack, Rule, Surge
from amends.detection.scope import EVENT_NAMES, loss_scope, row_scope
from amends.detection.types import Type
from amends.model.fields import FIELDS
from amends.model.instant import format_duration, format_instant

LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh-Hans")


class Fact(msgspec.Struct, frozen=True):
    """A column or field that a rule looks at, and what it is."""

    name: str
    means: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A rule in the words of one language. `fires` and `clears` are lines, indented where a condition has parts."""

    id: str
    exception: str
    title: str
    summary: str
    facts: list[Fact]
    fires: list[str]
    clears: list[str]
    loss: str
    evidence: list[str]
    says: str
    overrides: list[str] = []


def explain(pack: Pack, rule: Rule, language: Language) -> Explanation:
    """Say in words what a rule of a pack does."""
    return _Explainer(pack, rule, language).explanation()


def cost_in_words(cost: Cost, rule: Rule, language: Language) -> list[str]:
    """Say what a rule costs."""
    words = _wording()[language]
    say = words["sentences"]
    lines = []
    if cost.events:
        lines.append(say["looked_at"].format(types=joined(cost.events, "or", language), operations=cost.operations))
    if cost.by_clock:
        lines.append(say["by_clock"])
    lines.append(say["keeps"].format(bytes=cost.bytes_a_row, subject=words["subjects"][rule.table]))
    if cost.alone:
        lines.append(say["alone"].format(columns=joined(cost.alone, "and", language)))
    return lines


def joined(names: tuple[str, ...], word: str, language: Language) -> str:
    """Names as a list in words, with `and` or `or` before the last."""
    say = _wording()[language]["sentences"]
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else say["comma"].join(quoted[:-1]) + say[word] + quoted[-1]


def headings(language: Language) -> Mapping[str, str]:
    """What the parts of an explanation are called."""
    return _wording()[language]["headings"]


@cache
def _wording() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    text = (files("amends.detection") / "explain.yaml").read_text(encoding="utf-8")
    wording: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(text)
    return wording


class _Explainer:
    def __init__(self, pack: Pack, rule: Rule, language: Language) -> None:
        self._pack, self._rule, self._language = pack, rule, language
        self._words = _wording()[language]
        self._columns = pack.tables[rule.table].columns
        table, order = pack.tables[rule.table], pack.tables.get("order")
        self._with_event = row_scope(table, pack.sets, pack.calendars, with_event=True, waits=pack.waits)
        self._of_loss = loss_scope(table, order, pack.sets, pack.calendars)
        self._types: Mapping[str, Type] = {**self._with_event.names, **self._of_loss.names}

    def explanation(self) -> Explanation:
        rule = self._rule
        tellings: dict[str, Callable[[], tuple[list[str], list[str]]]] = {
            "fault": self._fault,
            "conflict": self._conflict,
            "silence": self._silence,
            "surge": self._surge,
        }
        fires, clears = tellings[rule.kind]()
        loss = self._say("no_loss") if rule.loss is None else self._say("loss", value=self._value(rule.loss))
        return Explanation(
            id=rule.id,
            exception=rule.exception,
            title=rule.title[self._language],
            summary=self._say(
                "summary",
                kind=self._words["kinds"][rule.kind],
                subject=self._words["subjects"][rule.table],
                severity=self._words["severities"][rule.severity],
                trouble=self._words["troubles"][rule.trouble],
            ),
            facts=[*(Fact(name, self._fact(name)) for name in self._names()), *self._calendars()],
            fires=fires,
            clears=clears,
            loss=loss,
            evidence=list(rule.evidence),
            says=rule.says[self._language],
            overrides=[self._overridden(one) for one in self._pack.overrides if one.rule == rule.id],
        )

    def _overridden(self, one: Override) -> str:
        """What is otherwise for some, for whom, why and until when; what fires and clears holds it already."""
        whom = self._say("for_all") if one.condition is None else self._condition_inline(one.condition)
        parts = "; ".join(f"`{name}`: {text}" for name, text in one.parts.items())
        told = self._say("override_off" if one.off else "override", whom=whom, parts=parts)
        if one.expires_at is not None:
            told += self._say("override_until", moment=format_instant(one.expires_at))
        return f"{told} ({one.why})" if one.why else told

    def _condition_inline(self, text: str) -> str:
        return inline(self._condition(text), self._language)

    # ------------------------------------------------------------ the four kinds

    def _fault(self) -> tuple[list[str], list[str]]:
        rule = self._rule
        types = self._either(rule.on)
        if rule.when is None:
            fires = [self._say("fault_always", types=types)]
        else:
            fires = self._led("fault_when", self._condition(rule.when), types=types)
        if rule.until is None:
            return fires, [self._say("stays")]
        return fires, self._led("clears_when", self._condition(rule.until))

    def _conflict(self) -> tuple[list[str], list[str]]:
        assert self._rule.when is not None
        return self._led("conflict", self._condition(self._rule.when)), [self._say("conflict_clears")]

    def _silence(self) -> tuple[list[str], list[str]]:
        rule = self._rule
        assert rule.since is not None
        assert rule.until is not None
        since, until = self._value(rule.since), self._condition(rule.until)
        fires = [self._wait(since)]
        if rule.where is not None:
            fires += self._led("only_while", self._condition(rule.where))
        fires += self._led("unless", until)
        if rule.before is not None:
            fires.append(self._say("in_time", before=self._value(rule.before)))
        fires.append(self._say("once"))
        clears = self._led("clears_when", until)
        clears.append(self._say("clears_otherwise" if rule.where is None else "clears_or_where"))
        return fires, clears

    def _wait(self, since: str) -> str:
        within = self._rule.within or ""
        if not is_length(within):
            return self._say(
                "waits_computed", since=since, within=value(within, self._types, self._language, self._rule.since)
            )
        if within.split()[0] == "0":
            return self._say("waits_until", since=since)
        return self._say("waits", since=since, within=length(within, self._language))

    def _surge(self) -> tuple[list[str], list[str]]:
        surge = self._rule.surge
        assert surge is not None
        if surge.wait is not None:
            return self._lull(surge, surge.wait)
        if surge.rules:
            counted = self._say("counts_findings", rules=self._listed(surge.rules))
        else:
            counted = self._say("counts_events", types=self._listed(surge.on))
        if surge.distinct is not None:
            counted = self._say("different", value=surge.distinct, counted=counted)
        window = self._duration(surge.window)
        fires = [self._say("counts", counted=counted, by=self._listed(surge.by), window=window)]
        for link in links_of(self._pack, self._rule):
            of, by = self._words["subjects"][link.of], self._either(link.by)
            fires.append(self._say("linked", name=link.name, of=of, by=by, at_most=str(link.at_most)))
        if surge.hits is not None:
            fires += self._led("hits", self._condition(surge.hits))
        fires.append(self._threshold(surge))
        clears = [self._say("surge_clears", window=window)]
        if self._rule.until is not None:
            fires.append(self._say("hits_too", window=window))
            clears += self._led("hits_clear", self._condition(self._rule.until))
        return fires, clears

    def _lull(self, surge: Surge, wait: str) -> tuple[list[str], list[str]]:
        window, rate = self._duration(surge.window), f"{surge.false_alarms.count:g}"
        fires = [
            self._say("awaits", wait=wait, by=self._listed(surge.by), window=window),
            self._say(
                "lull", at_least=str(surge.at_least), falls_to=f"{surge.falls_to:.0%}", rate=rate,
                per=self._duration(surge.false_alarms.per),
            ),
        ]  # fmt: skip
        return fires, [self._say("lull_clears")]

    def _threshold(self, surge: Surge) -> str:
        rate = f"{surge.false_alarms.count:g}"
        return self._say(
            "ratio" if surge.ratio else "surge",
            at_least=str(surge.at_least),
            rate=rate,
            per=self._duration(surge.false_alarms.per),
            prior=f"{surge.prior:.0%}" if surge.ratio else f"{surge.prior:g}",
            half_life=f"{surge.half_life:g}",
        )

    # ------------------------------------------------------------ facts

    def _names(self) -> list[str]:
        """What the rule looks at, in the order in which its parts name it."""
        rule, names = self._rule, list[str]()
        texts = [text for part, text in rule.conditions.items() if part != "within" or not is_length(text)]
        for text in texts:
            names += sorted(compile_expression(text, self._with_event, Pool()).names, key=text.find)
        names += counted_by(self._pack, rule)
        if rule.loss is not None:
            names += sorted(compile_expression(rule.loss, self._of_loss, Pool()).names, key=rule.loss.find)
        return list(dict.fromkeys(names))

    def _calendars(self) -> list[Fact]:
        """Whose hours it counts."""
        known = self._pack.calendars
        texts = [text for part, text in self._rule.conditions.items() if part != "within" or not is_length(text)]
        names = dict.fromkeys(name for text in texts for name in asked_calendars(text, known))
        return [Fact(name, self._calendar(name)) for name in names]

    def _calendar(self, name: str) -> str:
        hours = self._pack.calendars.hours(name)
        if hours == ALWAYS:
            return self._say("always_open")
        text = self._say("hours", week=week_in_words(hours), zone=hours.zone)
        if hours.holidays:
            text += self._say("holidays", codes=self._listed(hours.holidays))
        return text + (self._say("other_days") if hours.closed or hours.extra else "")

    def _fact(self, name: str) -> str:
        prefix, _, field = name.rpartition(".")
        if prefix == "event":
            return self._say("said", meaning=self._meaning(field))
        column = self._pack.tables["order"].columns[field] if prefix == "order" else self._columns[name]
        return self._column(column)

    def _column(self, column: Column) -> str:
        folds = self._words["folds"]
        types = self._listed(column.on) if column.fold in ("sum", "count") else self._either(column.on)
        if column.of in ("time", "received"):
            text = folds[f"{column.fold}_{column.of}"].format(types=types)
        elif column.of == "subject":
            text = folds["subject"]
        elif column.of is None:
            text = folds[column.fold].format(types=types)
        else:
            text = folds[column.fold].format(types=types, field=column.of, meaning=self._meaning(column.of))
        if column.where is None:
            return text
        clause = condition(column.where, EVENT_NAMES, self._language)
        return text + self._say("counting_only", condition=inline(clause, self._language))

    def _meaning(self, field: str) -> str:
        known = self._words["fields"].get(field)
        return known if known is not None else FIELDS[field].means

    # ------------------------------------------------------------ words

    def _say(self, key: str, **parts: str) -> str:
        return self._words["sentences"][key].format(**parts)

    def _led(self, key: str, clause: Clause, **parts: str) -> list[str]:
        """A sentence that ends in a condition, which stands on lines of its own where it is long."""
        first, *rest = outline(clause, self._language)
        end = "" if rest else self._words["sentences"]["stop"]
        return [self._say(key, condition=first, **parts) + end, *rest]

    def _condition(self, text: str) -> Clause:
        return condition(text, self._types, self._language)

    def _value(self, text: str) -> str:
        return value(text, self._types, self._language)

    def _duration(self, duration: int) -> str:
        return length(format_duration(duration), self._language)  # type: ignore[arg-type]

    def _listed(self, names: tuple[str, ...]) -> str:
        return joined(names, "and", self._language)

    def _either(self, names: tuple[str, ...]) -> str:
        return joined(names, "or", self._language)
