"""The arithmetic of a grade in words: each line a label and a value."""

from decimal import Decimal
from typing import Any

import msgspec

from amends.cases.catalogue import Catalogue
from amends.cases.grade import Grade, GradeLine
from amends.model.instant import Duration, Instant
from amends.model.money import Money
from amends.web.console import labels
from amends.web.languages import catalogue as texts_of
from amends.web.wording import Wording


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the sum; `total` lines are set off."""

    words: str
    value: str
    hint: str = ""
    total: bool = False


def arithmetic(grade: Grade, catalogue: Catalogue, say: Wording) -> list[Line]:
    """Every line of the grade, in its order."""
    teller = _Teller(grade, catalogue, say)
    return [teller.line(line) for line in grade.lines]


class _Teller:
    def __init__(self, grade: Grade, catalogue: Catalogue, say: Wording) -> None:
        self._grade = grade
        self._catalogue = catalogue
        self._say = say
        self._texts = texts_of("console", say.language)

    def line(self, line: GradeLine) -> Line:
        """Raises AttributeError for a line of a name that nobody words."""
        worded: Line = getattr(self, f"_{line.name}")(**line.values)
        return worded

    def _(self, text: str, **values: Any) -> str:
        return self._texts.gettext(text) % values if values else self._texts.gettext(text)

    def _name(self, exception: str) -> str:
        names = {str(tag): name for tag, name in self._catalogue[exception].name.items()}
        return names.get(self._say.language.tag) or names["en"]

    def _money(self, minor: int, currency: str) -> str:
        return self._say.money(Money(minor, currency))

    def _stake(self, *, finding: str, exception: str, minor: int, currency: str) -> Line:
        return Line(words=self._("At stake"), value=self._money(minor, currency), hint=self._name(exception))

    def _no_stake(self, *, exception: str) -> Line:
        return Line(words=self._("At stake"), value=self._("no amount known"), hint=self._name(exception))

    def _no_rate(self, *, currency: str, into: str) -> Line:
        words = self._("No rate from %(currency)s into %(into)s", currency=currency, into=into)
        return Line(words=words, value="–")

    def _likelihood(self, *, exception: str, factor: str, minor: int, currency: str) -> Line:
        share = self._say.percent(Decimal(factor))
        return Line(
            words=self._("Lost if nobody acts: %(share)s", share=share),
            value=self._money(minor, currency),
            hint=self._name(exception),
        )

    def _converted(self, *, minor: int, currency: str, rate: str, source: str, as_of: int) -> Line:
        day = self._say.short_day(Instant(as_of))
        hint = self._("rate %(rate)s, %(source)s, %(day)s", rate=rate, source=source, day=day)
        return Line(words=self._("In the shop's currency"), value=self._money(minor, currency), hint=hint)

    def _floor(self, *, severity: str, minor: int, currency: str) -> Line:
        named = self._(labels.SEVERITIES[severity])  # type: ignore[index]
        words = self._("At least, for severity “%(severity)s”", severity=named)
        return Line(words=words, value=self._money(minor, currency))

    def _urgency(self, *, factor: str, what: str = "", due_at: int = 0, within: int | None = None) -> Line:
        if not what:
            return Line(words=self._("No deadline"), value=self._times(factor))
        due = self._(labels.DUES.get(what, what))
        when = self._say.ago(Instant(due_at))
        return Line(words=self._("Urgency"), value=self._times(factor), hint=f"{due}: {when}")

    def _reach(self, *, factor: str, cases: int) -> Line:
        words = self._("At least %(cases)s orders share the cause", cases=self._say.number(cases))
        return Line(words=words, value=self._times(factor))

    def _work(self, *, minutes: int) -> Line:
        length = self._say.span(Duration(minutes * 60_000_000))
        return Line(words=self._("Work of a person"), value=f"÷ {length}")

    def _score(self, *, score: int) -> Line:
        money = Money(round(score / 1000), self._grade.shop_currency)
        return Line(words=self._("Loss avoided a minute"), value=self._say.money(money), total=True)

    def _severity(self, *, base: str, severity: str, why: list[str] | tuple[str, ...] = ()) -> Line:
        named = self._(labels.SEVERITIES[severity])  # type: ignore[index]
        if base == severity:
            return Line(words=self._("Severity, as its rule says"), value=named, total=True)
        reasons = ", ".join(self._(labels.REASONS_RAISED.get(reason, reason)) for reason in why)
        return Line(words=self._("Severity, raised"), value=named, hint=reasons, total=True)

    def _healed(self) -> Line:
        return Line(words=self._("Nothing is wrong any more"), value=self._money(0, self._grade.shop_currency))

    def _times(self, factor: str) -> str:
        return f"× {self._say.number(Decimal(factor))}"
