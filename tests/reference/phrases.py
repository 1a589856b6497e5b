"""Random expressions, well typed, written with no more brackets than they need (and now and then a few more)."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import NamedTuple

from amends.model.fields import FIELDS

OR, AND, NOT, COMPARE, ADD, TIMES, MINUS, ATOM = range(8)
"""How tightly a phrase binds."""

TEXTS = ("a", "b", "B", "", "it's", "é", "\uff5e", "\U0001f4e6", "USD")
CURRENCIES = ("USD", "JPY", "KWD")
LENGTHS = ("0 minutes", "10 minutes", "20 minutes", "1 hour", "6 hours", "1 day", "1 day 12 hours")
DECIMALS = ("0.125", "0.5", "1.5", "0.1")


class Phrase(NamedTuple):
    """A piece of an expression and how tightly it binds."""

    text: str
    binds: int = ATOM


class Words(NamedTuple):
    """The names one may use, by type; `money` says whether MONEY(x) can be known; the names of sets of texts.

    And of calendars, and the columns that may choose one.
    """

    names: Mapping[str, Sequence[str]]
    sets: Sequence[str] = ()
    currency: bool = False
    calendars: Sequence[str] = ()
    choosing: Sequence[str] = ()


def event_names(fields: Sequence[str]) -> dict[str, list[str]]:
    """The columns of an event, by type."""
    names: dict[str, list[str]] = {"text": ["event.type"], "instant": ["event.time", "event.received"]}
    for field in fields:
        names.setdefault(FIELDS[field].type, []).append(f"event.{field}")
    return names


class Phrases:
    """Draws expressions over given words."""

    def __init__(self, random: Random, words: Words) -> None:
        self.random = random
        self.words = words

    def condition(self) -> str:
        """A flag, deep enough to have AND and OR in it at times."""
        return self.flag(self.random.choice((0, 1, 1, 2, 3))).text

    def of(self, type_: str, depth: int) -> Phrase | None:
        """A phrase of this type, or None where no word gives one."""
        ways: dict[str, Callable[[int], Phrase | None]] = {
            "flag": self.flag,
            "text": self.plain("text"),
            "instant": self.instant,
            "duration": self.duration,
            "money": self.money,
            "integer": self.number("integer"),
            "decimal": self.number("decimal"),
        }
        return ways[type_](depth)

    # ------------------------------------------------------------ pieces

    def name(self, type_: str) -> Phrase | None:
        names = self.words.names.get(type_, ())
        return Phrase(self.random.choice(names)) if names else None

    def bracketed(self, phrase: Phrase, binds: int) -> str:
        """The phrase where one that binds this tightly is due."""
        return phrase.text if phrase.binds >= binds and self.random.random() < 0.95 else f"({phrase.text})"

    def joined(self, left: Phrase, sign: str, right: Phrase, binds: int) -> Phrase:
        return Phrase(f"{self.bracketed(left, binds)} {sign} {self.bracketed(right, binds + 1)}", binds)

    def literal(self, type_: str) -> Phrase:
        if type_ == "text":
            return Phrase("'" + self.random.choice(TEXTS).replace("'", "''") + "'")
        if type_ == "integer":
            value = self.random.randint(-3, 6)
            return Phrase(str(value), ATOM if value >= 0 else MINUS)
        return Phrase(self.random.choice(DECIMALS))

    def chosen(self, type_: str, depth: int) -> Phrase | None:
        """A function or a CASE over phrases of one type."""
        parts = [part for _ in range(2) if (part := self.of(type_, depth - 1)) is not None]
        if len(parts) < 2:
            return None
        first, second = parts
        way = self.random.choice((0, 3, 4)) if type_ == "text" else self.random.randrange(5)
        if way < 3:
            return Phrase(f"{('COALESCE', 'GREATEST', 'LEAST')[way]}({first.text}, {second.text})")
        otherwise = ("", f" ELSE {second.text}", " ELSE NULL")[self.random.randrange(3)]
        return Phrase(f"CASE WHEN {self.flag(depth - 1).text} THEN {first.text}{otherwise} END")

    # ------------------------------------------------------------ types

    def plain(self, type_: str) -> Callable[[int], Phrase | None]:
        """Phrases of a type without arithmetic."""

        def draw(depth: int) -> Phrase | None:
            if depth > 0 and self.random.random() < 0.4:
                return self.chosen(type_, depth)
            return self.name(type_)

        return draw

    def number(self, type_: str) -> Callable[[int], Phrase | None]:
        def draw(depth: int) -> Phrase | None:
            if depth <= 0 or self.random.random() < 0.4:
                return self.name(type_) or self.literal(type_)
            way = self.random.randrange(5)
            left, right = self.of(type_, depth - 1), self.of(type_, depth - 1)
            if left is None or right is None:
                return None
            if way == 0:
                return self.chosen(type_, depth)
            if way == 1:
                return Phrase(f"ABS({left.text})")
            if way == 2:
                return Phrase(f"-{self.bracketed(left, ATOM)}", MINUS)
            if way == 3 and type_ == "decimal":
                return self.joined(left, "/", right, TIMES)
            if way == 3:
                return self.joined(left, "*", right, TIMES)
            return self.joined(left, self.random.choice("+-"), right, ADD)

        return draw

    def money(self, depth: int) -> Phrase | None:
        if depth <= 0 or self.random.random() < 0.4:
            known = self.words.currency and self.random.random() < 0.3
            major = self.random.choice(("10", "7", "2.5", "0.005"))
            return Phrase(f"MONEY({major})") if known else self.name("money")
        way = self.random.randrange(6)
        left, right = self.money(depth - 1), self.money(depth - 1)
        if left is None or right is None:
            return None
        if way == 0:
            return self.chosen("money", depth)
        if way == 1:
            return Phrase(f"ABS({left.text})")
        if way == 2:
            return Phrase(f"COALESCE({left.text}, 0)")
        if way == 3:
            return self.share(left)
        return self.joined(left, self.random.choice("+-"), right, ADD)

    def share(self, of: Phrase | None = None) -> Phrase | None:
        """A part or a multiple of some money, often not a whole one."""
        money = of or self.name("money")
        factor = self.of(self.random.choice(("integer", "decimal")), 0)
        return money and factor and self.joined(money, self.random.choice("*/"), factor, TIMES)

    def instant(self, depth: int) -> Phrase | None:
        if depth <= 0 or self.random.random() < 0.4:
            return self.name("instant")
        if self.random.random() < 0.5:
            return self.chosen("instant", depth)
        left, right = self.instant(depth - 1), self.duration(0)
        if left is None or right is None:
            return None
        return self.joined(left, self.random.choice("+-"), right, ADD)

    def duration(self, depth: int) -> Phrase | None:
        if self.words.calendars and self.random.random() < 0.5 and (counted := self.by_calendar(depth)) is not None:
            return counted
        left, right = self.instant(depth - 1), self.instant(depth - 1)
        if depth <= 0 or left is None or right is None or self.random.random() < 0.3:
            return Phrase(f"INTERVAL '{self.random.choice(LENGTHS)}'")
        return self.joined(left, "-", right, ADD)

    def by_calendar(self, depth: int) -> Phrase | None:
        """A length of time by the hours of a calendar."""
        calendar = f"'{self.random.choice(self.words.calendars)}'"
        columns = [name for name in self.words.names.get("text", ()) if name.rpartition(".")[2] in self.words.choosing]
        if columns and self.random.random() < 0.5:
            calendar = f"CALENDAR({self.random.choice(columns)})"
        way = self.random.choice(("WORKING", "WORKING", "WORKING_DAYS", "WORKED"))
        since = self.instant(depth - 1)
        if way == "WORKING_DAYS":
            second = self.name("integer") if self.random.random() < 0.3 else Phrase(str(self.random.randint(1, 4)))
        elif way == "WORKED":
            second = self.instant(depth - 1)
        else:
            second = Phrase(f"INTERVAL '{self.random.choice(LENGTHS)}'")
            second = Phrase(f"-{second.text}") if self.random.random() < 0.15 else second
        if since is None or second is None:
            return None
        return Phrase(f"{way}({since.text}, {second.text}, {calendar})")

    # ------------------------------------------------------------ conditions

    def flag(self, depth: int) -> Phrase:
        if depth <= 0 or self.random.random() < 0.3:
            return self.judgement(depth)
        way = self.random.randrange(6)
        if way == 0:
            return Phrase(f"NOT {self.bracketed(self.flag(depth - 1), NOT)}", NOT)
        if way < 5:
            sign, binds = (("AND", AND), ("OR", OR))[way % 2]
            return self.joined(self.flag(depth - 1), sign, self.flag(depth - 1), binds)
        return Phrase(f"CASE WHEN {self.flag(depth - 1).text} THEN {self.flag(0).text} ELSE {self.flag(0).text} END")

    def judgement(self, depth: int) -> Phrase:
        """One comparison, or the like."""
        type_ = self.random.choice(("flag", "text", "integer", "money", "instant", "duration", "decimal"))
        if type_ == "flag":
            name = self.name("flag")
            if name is None or self.random.random() < 0.05:
                return Phrase(self.random.choice(("TRUE", "FALSE")))
            return name if self.random.random() < 0.7 else self.joined(name, "=", Phrase("TRUE"), COMPARE)
        left = self.of(type_, depth)
        if left is None:
            return self.judgement(depth)
        shape = self.random.random()
        if shape < 0.15:
            denied = self.random.choice(("", "NOT "))
            return Phrase(f"{self.bracketed(left, ADD)} IS {denied}NULL", COMPARE)
        if shape < 0.35 and type_ in ("text", "integer"):
            return self.membership(left, type_)
        low, high = self.of(type_, 0), self.of(type_, 0)
        if shape < 0.45 and low is not None and high is not None:
            limits = f"{self.bracketed(low, ADD)} AND {self.bracketed(high, ADD)}"
            return Phrase(f"{self.bracketed(left, ADD)} {self.random.choice(('', 'NOT '))}BETWEEN {limits}", COMPARE)
        sign = self.random.choice(("=", "<>", "<", "<=", ">", ">="))
        return Phrase(f"{self.bracketed(left, ADD)} {sign} {self.bracketed(self.other(type_, depth), ADD)}", COMPARE)

    def other(self, type_: str, depth: int) -> Phrase:
        """What to compare a phrase of this type with."""
        if type_ == "money" and self.random.random() < 0.5:
            return Phrase("0")
        if type_ in ("text", "integer", "decimal") and self.random.random() < 0.6:
            return self.literal(type_)
        return self.of(type_, depth - 1) or Phrase("0" if type_ == "money" else "NULL")

    def membership(self, left: Phrase, type_: str) -> Phrase:
        denied = self.random.choice(("", "NOT "))
        if type_ == "text" and self.words.sets and self.random.random() < 0.4:
            inside = Phrase(f"IN_SET({left.text}, '{self.random.choice(self.words.sets)}')")
            return Phrase(f"NOT {inside.text}", NOT) if denied else inside
        listed = [self.literal(type_).text for _ in range(self.random.randint(1, 3))]
        if self.random.random() < 0.1:
            listed.append("NULL")
        return Phrase(f"{self.bracketed(left, ADD)} {denied}IN ({', '.join(listed)})", COMPARE)
