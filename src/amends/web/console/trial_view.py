"""What a rule would have done over the shop's own journal, as its page shows it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from amends.detection.backtest import (
    Overlap,
    RuleResult,
    SweepPoint,
    Threshold,
    UnusableThresholdError,
    Value,
    main_threshold,
    parse_value,
    thresholds_of,
    values_around,
)
from amends.detection.backtest.firing_rate import SHARE_MAX
from amends.detection.rule import Rule
from amends.model.instant import Duration, Instant, UnreadableTimeError, parse_duration
from amends.model.money import Money
from amends.runtime.trials import Answer, Question, Trials
from amends.web.console import labels
from amends.web.console.chart import Dots, dots_of
from amends.web.console.sentences import in_language
from amends.web.house import House
from amends.web.languages import catalogue as texts_of
from amends.web.languages import mark
from amends.web.wording import Wording


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """Another rule that found some of the same orders."""

    rule: str
    title: str
    share: str
    orders: int
    first: int
    later: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What the rule would have done since the journal begins."""

    since: Instant
    until: Instant
    fired: int
    cleared: int
    orders: int
    share: str
    is_often: bool
    at_stake: str
    came_right_after: str
    work: str
    shared: list[Shared]


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """The rule at one value."""

    value: str
    is_now: bool
    fired: int
    share: str
    words: str


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A number of the rule at several values: a curve, and in words what each would change."""

    name: str
    now: str
    points: list[Point]
    dots: Dots


class TrialView(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. What is not there yet is None.

    `part` and `asked` are what the form holds, `complaint` what is wrong with it.
    """

    figures: Figures | None
    tried: Tried | None
    other: Point | None
    other_from: str
    parts: list[tuple[str, str]]
    part: str
    asked: str
    complaint: str
    is_working: bool
    has_failed: bool


def trial_of(house: House, rule: Rule, say: Wording, *, part: str = "", value: str = "") -> TrialView:
    """What is known by now of a rule, and of one of its numbers at another value where somebody asks for it."""
    return _Teller(house, house.trials, rule, say).view(part, value.strip()[:60])


class _Teller:
    def __init__(self, house: House, trials: Trials, rule: Rule, say: Wording) -> None:
        self._house, self._trials, self._rule, self._say = house, trials, rule, say
        self._texts = texts_of("console", say.language)
        self._working = self._failed = False

    def view(self, part: str, asked: str) -> TrialView:
        known = thresholds_of(self._rule)
        main = main_threshold(self._rule)
        chosen = next((one for one in known if one.part == part), main)
        whole = self._ask(Question())
        tried = other = None
        if main is not None:
            answer = self._ask(_question(main, values_around(main)))
            tried = None if answer is None else self._tried(answer)
        complaint = ""
        if chosen is not None and asked:
            try:
                wanted = parse_value(chosen, asked)
            except UnusableThresholdError:
                complaint = self._wrong(chosen)
            else:
                answer = self._ask(_question(chosen, [wanted]))
                if answer is not None and answer.sweep is not None:
                    point = next(one for one in answer.sweep.points if one.value.size == wanted.size)
                    other = self._point(point, is_now=wanted.size == answer.sweep.now)
        return TrialView(
            figures=None if whole is None or whole.since is None else self._figures(whole),
            tried=tried,
            other=other,
            other_from=self._value(chosen, chosen.text) if chosen else "",
            parts=[(one.part, f"{self._named(one.part)} {self._value(one, one.text)}") for one in known],
            part=chosen.part if chosen else "",
            asked=asked,
            complaint=complaint,
            is_working=self._working,
            has_failed=self._failed,
        )

    def _ask(self, question: Question) -> Answer | None:
        state = self._trials.ask(question)
        self._working |= state.is_working and state.answer is None
        self._failed |= state.has_failed
        return state.answer

    def _figures(self, answer: Answer) -> Figures:
        result = answer.rules[self._rule.id]
        assert answer.since is not None
        assert answer.until is not None
        minutes = self._house.catalogue[result.exception].minutes
        return Figures(
            since=answer.since,
            until=answer.until,
            fired=result.fired,
            cleared=result.cleared,
            orders=result.orders,
            share=self._share(result.share if result.orders else None),
            is_often=result.share is not None and result.share > SHARE_MAX,
            at_stake=self._money(result),
            came_right_after="" if result.lead_median is None else self._say.span(result.lead_median),
            work=self._say.length(Duration(result.fired * minutes * 60_000_000)) if result.fired else "",
            shared=[self._shared(one) for one in result.overlaps[:5]],
        )

    def _shared(self, one: Overlap) -> Shared:
        other = self._house.pack.rules[one.other]
        return Shared(
            rule=one.other,
            title=in_language(other.title, self._say),
            share=self._share(one.share),
            orders=one.orders,
            first=one.first,
            later=one.later,
        )

    def _tried(self, answer: Answer) -> Tried | None:
        sweep = answer.sweep
        if sweep is None:
            return None
        points = [self._point(one, is_now=one.value.size == sweep.now) for one in sweep.points]
        return Tried(
            name=self._named(sweep.threshold.part),
            now=self._value(sweep.threshold, sweep.threshold.text),
            points=points,
            dots=dots_of([(one.value.size, one.fired) for one in sweep.points], now=sweep.now),
        )

    def _point(self, one: SweepPoint, *, is_now: bool) -> Point:
        return Point(
            value=self._text(one.value.text),
            is_now=is_now,
            fired=one.fired,
            share=self._share(one.share if one.orders else None),
            words=self._("as it is now") if is_now else self._changed(one),
        )

    def _changed(self, one: SweepPoint) -> str:
        change, number = one.change, self._say.number
        parts: Iterable[tuple[int, str]] = (
            (change.only_new, self._("%(count)s more", count=number(change.only_new))),
            (change.only_old, self._("%(count)s fewer", count=number(change.only_old))),
            (
                change.earlier,
                self._by(mark("%(count)s of the same %(length)s earlier"), change.earlier, change.earlier_median),
            ),
            (change.later, self._by(mark("%(count)s of the same %(length)s later"), change.later, change.later_median)),
        )
        said = [words for count, words in parts if count]
        return self._(", ").join(said) if said else self._("the same findings")

    def _by(self, text: str, count: int, length: Duration | None) -> str:
        return self._(text, count=self._say.number(count), length=self._say.length(length or Duration(0)))

    def _named(self, part: str) -> str:
        """What a number is called; of several in one condition, with its place there."""
        part, _, number = part.partition(".")
        name = self._({**labels.CONDITIONS, **labels.SURGE_NUMBERS}[part])
        return f"{name} ({number})" if number else name

    def _wrong(self, threshold: Threshold) -> str:
        match threshold.kind:
            case "duration":
                return self._("Give a length with its unit, such as 36h or 3 days.")
            case "rate":
                return self._("Give a rate, such as 1 per 60 days.")
            case "chance":
                return self._("Give a share between 0 and 1, such as 0.8.")
            case "count":
                return self._("Give a whole number from 1 on.")
        return self._("Give a number.")

    def _value(self, threshold: Threshold, text: str) -> str:
        return self._text(text) if threshold.kind == "duration" else text

    def _text(self, text: str) -> str:
        """A length in the reader's words; anything else as it is."""
        try:
            return self._say.length(parse_duration(text))
        except UnreadableTimeError:
            return text

    def _money(self, result: RuleResult) -> str:
        sums = [self._say.money_brief(Money(minor, currency)) for currency, minor in result.at_stake.items()]
        return " + ".join(sums)

    def _share(self, share: float | None) -> str:
        if share is None:
            return ""
        return self._say.percent(Decimal(share)) if share >= 0.01 else "< " + self._say.percent(Decimal("0.01"))

    def _(self, text: str, **values: Any) -> str:
        return self._texts.gettext(text) % values if values else self._texts.gettext(text)


def _question(threshold: Threshold, values: list[Value]) -> Question:
    """The values, that of the rule itself before the others."""
    now = parse_value(threshold, threshold.text)
    return Question(threshold, (now, *(one for one in values if one.size != now.size)))
