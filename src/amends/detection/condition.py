"""Conditions of rules in words: an SQL expression as a sentence a person reads, in English or Simplified Chinese."""

from collections.abc import Callable, Mapping
from typing import Final, Literal

import msgspec
import sqlglot
from sqlglot import exp

from amends.detection.types import Type
from amends.model.instant import UnreadableTimeError, parse_duration

Language = Literal["en", "zh-Hans"]
Mode = Literal["all", "any", "none"]

_INLINE_MAX: Final = 3

TERMS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "known": "{0} is known",
        "unknown": "{0} is not known",
        "eq": "{0} is {1}",
        "ne": "{0} is not {1}",
        "gt": "{0} is more than {1}",
        "ge": "{0} is at least {1}",
        "lt": "{0} is less than {1}",
        "le": "{0} is at most {1}",
        "later": "{0} is later than {1}",
        "not_earlier": "{0} is not earlier than {1}",
        "earlier": "{0} is earlier than {1}",
        "not_later": "{0} is not later than {1}",
        "in": "{0} is one of {1}",
        "not_in": "{0} is none of {1}",
        "in_set": "{0} is in the set `{1}`",
        "not_in_set": "{0} is not in the set `{1}`",
        "between": "{0} is from {1} to {2}",
        "holds": "{0} is so",
        "fails": "{0} is not so",
        "plus": "{0} plus {1}",
        "minus": "{0} less {1}",
        "times": "{0} times {1}",
        "over": "{0} divided by {1}",
        "after": "{1} after {0}",
        "before": "{1} before {0}",
        "span": "the time from {1} to {0}",
        "size": "{0} without its sign",
        "difference": "the difference between {0} and {1}",
        "coalesce": "{0} (where that is not known: {1})",
        "greatest": "the greatest of {0}",
        "least": "the least of {0}",
        "money": "{0} in the currency of the order",
        "learned": (
            "the time that {1} of the waits `{0}` on that lane stay below, as learned from their past "
            "({2} until enough is known, never less than {3} nor more than {4})"
        ),
        "late_after": (
            "the time after which, by what was learned of the waits `{0}` on that lane, it comes later than {1} "
            "with a chance of {2}"
        ),
        "lost_after": (
            "the time after which, by what was learned of the waits `{0}` on that lane, only {1} ever come "
            "({2} until enough is known, never less than {3})"
        ),
        "working": "{0} of working time by {1}",
        "working_day": "{0} working day by {1}",
        "working_days": "{0} working days by {1}",
        "counted": "{0}, counted from {1}",
        "worked": "the working time from {0} to {1} by {2}",
        "calendar": "the calendar `{0}`",
        "calendar_by": "the calendar for {0}",
        "case": "{1} if {0}",
        "else": "otherwise {0}",
        "negative": "minus {0}",
        "event": "the event's `{0}`",
        "order": "the order's `{0}`",
        "null": "nothing",
        "true": "yes",
        "false": "no",
        "list": ", ",
        "and": " and ",
        "or": " or ",
        "not": "not ({0})",
        "all": "all of these hold:",
        "any": "one of these holds:",
        "none": "these do not hold together:",
    },
    "zh-Hans": {
        "known": "{0} 已知",
        "unknown": "{0} 尚无",
        "eq": "{0} 是 {1}",
        "ne": "{0} 不是 {1}",
        "gt": "{0} 大于 {1}",
        "ge": "{0} 不少于 {1}",
        "lt": "{0} 小于 {1}",
        "le": "{0} 不超过 {1}",
        "later": "{0} 晚于 {1}",
        "not_earlier": "{0} 不早于 {1}",
        "earlier": "{0} 早于 {1}",
        "not_later": "{0} 不晚于 {1}",
        "in": "{0} 是 {1} 之一",
        "not_in": "{0} 不是 {1} 中的任何一个",
        "in_set": "{0} 在集合 `{1}` 中",
        "not_in_set": "{0} 不在集合 `{1}` 中",
        "between": "{0} 在 {1} 到 {2} 之间",
        "holds": "{0} 为真",
        "fails": "{0} 为假",
        "plus": "{0} 加 {1}",
        "minus": "{0} 减 {1}",
        "times": "{0} 乘以 {1}",
        "over": "{0} 除以 {1}",
        "after": "{0} 之后 {1}",
        "before": "{0} 之前 {1}",
        "span": "从 {1} 到 {0} 的时长",
        "size": "{0} 的绝对值",
        "difference": "{0} 与 {1} 之差",
        "coalesce": "{0}（没有时取 {1}）",
        "greatest": "{0} 中最大者",
        "least": "{0} 中最小者",
        "money": "{0}（按订单币种）",
        "learned": "该线路上 {1} 的 `{0}` 等待不超过的时长（从历史学得；数据不足时按 {2}，不短于 {3}，不长于 {4}）",
        "late_after": "按该线路 `{0}` 的历史，晚于 {1} 的概率达到 {2} 所需的时长",
        "lost_after": "按该线路 `{0}` 的历史，此后仍会到达的只有 {1} 的时长（数据不足时按 {2}，不短于 {3}）",
        "working": "{0} 工作时间（按{1}）",
        "working_day": "{0} 个工作日（按{1}）",
        "working_days": "{0} 个工作日（按{1}）",
        "counted": "自 {1} 起计 {0}",
        "worked": "从 {0} 到 {1} 的工作时间（按{2}）",
        "calendar": "日历 `{0}`",
        "calendar_by": " {0} 对应的日历",
        "case": "若 {0} 则取 {1}",
        "else": "否则取 {0}",
        "negative": "负 {0}",
        "event": "事件的 `{0}`",
        "order": "订单的 `{0}`",
        "null": "空",
        "true": "是",
        "false": "否",
        "list": "、",
        "and": "，且 ",
        "or": "，或 ",
        "not": "并非（{0}）",
        "all": "以下各项同时成立：",
        "any": "以下任一项成立：",
        "none": "以下各项不同时成立：",
    },
}

_UNITS: Final = {"second": "秒", "minute": "分钟", "hour": "小时", "day": "天", "week": "周"}


class Clause(msgspec.Struct, frozen=True):
    """A condition in words: one statement, or several of which all hold, or any, or not all."""

    text: str = ""
    mode: Mode = "all"
    parts: tuple["Clause", ...] = ()


def condition(text: str, types: Mapping[str, Type], language: Language) -> Clause:
    """The clause of a checked condition; `types` are those of the names it may use."""
    return _Teller(types, language).clause(sqlglot.parse_one(text))


def value(text: str, types: Mapping[str, Type], language: Language, since: str | None = None) -> str:
    """A checked expression that is no condition, in words; `since` is the instant from which it is said to count."""
    teller = _Teller(types, language)
    return teller.words(sqlglot.parse_one(text)) if since is None else teller.length_from(text, since)


def inline(clause: Clause, language: Language) -> str:
    """A clause on one line, with parentheses where it needs them."""
    terms = TERMS[language]
    if not clause.parts:
        return clause.text
    joined = terms["or" if clause.mode == "any" else "and"].join(
        f"({inline(part, language)})" if part.parts else part.text for part in clause.parts
    )
    return terms["not"].format(joined) if clause.mode == "none" else joined


def outline(clause: Clause, language: Language) -> list[str]:
    """A clause as lines: one where it is short, else a heading and its parts, each a step further in."""
    short = all(not part.parts for part in clause.parts) and len(clause.parts) <= _INLINE_MAX
    if short and clause.mode != "none":
        return [inline(clause, language)]
    lines = [TERMS[language][clause.mode]]
    for part in clause.parts:
        first, *rest = outline(part, language)
        lines += [f"  - {first}", *(f"    {line}" for line in rest)]
    return lines


def length(text: str, language: Language) -> str:
    """A length of time as it is said."""
    if language == "en":
        return text
    number, unit = text.split()[:2]
    words = [f"{number} {_UNITS[unit.rstrip('s')]}"]
    rest = " ".join(text.split()[2:])
    return " ".join([*words, length(rest, language)]) if rest else words[0]


_ORDER = {
    exp.GT: ("gt", "later"),
    exp.GTE: ("ge", "not_earlier"),
    exp.LT: ("lt", "earlier"),
    exp.LTE: ("le", "not_later"),
}
_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "plus", exp.Sub: "minus", exp.Mul: "times", exp.Div: "over"}


class _Teller:
    def __init__(self, types: Mapping[str, Type], language: Language) -> None:
        self._types, self._language, self._terms = types, language, TERMS[language]

    def _say(self, term: str, *parts: str) -> str:
        return self._terms[term].format(*parts)

    # ------------------------------------------------------------ conditions

    def clause(self, node: exp.Expr) -> Clause:
        match node:
            case exp.Paren():
                return self.clause(node.this)
            case exp.And():
                return Clause(mode="all", parts=tuple(map(self.clause, _flattened(node, exp.And))))
            case exp.Or():
                return Clause(mode="any", parts=tuple(map(self.clause, _flattened(node, exp.Or))))
            case exp.Not():
                return self._negated(node.this)
        return Clause(self._statement(node))

    def _negated(self, node: exp.Expr) -> Clause:
        while isinstance(node, exp.Paren):
            node = node.this
        match node:
            case exp.Is() if isinstance(node.expression, exp.Null):
                return Clause(self._say("known", self.words(node.this)))
            case exp.In():
                term = "ne" if len(node.expressions) == 1 else "not_in"
                return Clause(self._say(term, self.words(node.this), self._list(node.expressions)))
            case exp.Anonymous() if node.name.upper() == "IN_SET":
                return Clause(self._say("not_in_set", self.words(node.expressions[0]), node.expressions[1].name))
            case exp.Column():
                return Clause(self._say("fails", self.words(node)))
        inner = self.clause(node)
        if inner.mode == "all" and inner.parts:
            return Clause(mode="none", parts=inner.parts)
        return Clause(self._say("not", inline(inner, self._language)))

    def _statement(self, node: exp.Expr) -> str:
        match node:
            case exp.Is():
                state = node.expression
                if isinstance(state, exp.Null):
                    return self._say("unknown", self.words(node.this))
                return self._say("holds" if state.this else "fails", self.words(node.this))
            case exp.EQ() | exp.NEQ():
                term = "eq" if isinstance(node, exp.EQ) else "ne"
                return self._say(term, self.words(node.this), self.words(node.expression))
            case exp.GT() | exp.GTE() | exp.LT() | exp.LTE():
                amount, moment = _ORDER[type(node)]
                term = moment if self._is_instant(node.this) or self._is_instant(node.expression) else amount
                return self._say(term, self.words(node.this), self.words(node.expression))
            case exp.In():
                term = "eq" if len(node.expressions) == 1 else "in"
                return self._say(term, self.words(node.this), self._list(node.expressions))
            case exp.Between():
                low, high = node.args["low"], node.args["high"]
                return self._say("between", self.words(node.this), self.words(low), self.words(high))
            case exp.Anonymous() if node.name.upper() == "IN_SET":
                return self._say("in_set", self.words(node.expressions[0]), node.expressions[1].name)
        return self._say("holds", self.words(node))

    # ------------------------------------------------------------ values

    def words(self, node: exp.Expr) -> str:
        for kind, tell in _VALUES.items():
            if isinstance(node, kind):
                return tell(self, node)
        # A condition where a value may stand, such as within CASE.
        return inline(self.clause(node), self._language)

    def _column(self, node: exp.Expr) -> str:
        assert isinstance(node, exp.Column)
        return self._say(node.table, node.name) if node.table in ("event", "order") else f"`{node.name}`"

    def _literal(self, node: exp.Expr) -> str:
        assert isinstance(node, exp.Literal)
        return f"“{node.this}”" if node.is_string else str(node.this)

    def _interval(self, node: exp.Expr) -> str:
        assert isinstance(node, exp.Interval)
        amount, unit = node.this.name, node.unit.name.lower() if node.unit else ""
        return length(f"{amount} {unit}".strip(), self._language)

    def _arithmetic(self, node: exp.Expr) -> str:
        left, right = self.words(node.this), self.words(node.expression)
        term = _ARITHMETIC[type(node)]
        if isinstance(node, exp.Add | exp.Sub) and self._is_instant(node.this):
            if self._is_instant(node.expression):
                return self._say("span", left, right)
            term = "after" if isinstance(node, exp.Add) else "before"
            return self._say(term, left, self._counted_from(node.expression, node.this) if term == "after" else right)
        return self._say(term, left, right)

    def _absolute(self, node: exp.Expr) -> str:
        inner = node.this
        if isinstance(inner, exp.Sub):
            return self._say("difference", self.words(inner.this), self.words(inner.expression))
        return self._say("size", self.words(inner))

    def _coalesce(self, node: exp.Expr) -> str:
        first, *rest = [self.words(part) for part in (node.this, *node.expressions)]
        for other in rest:
            first = self._say("coalesce", first, other)
        return first

    def _extreme(self, node: exp.Expr) -> str:
        term = "greatest" if isinstance(node, exp.Greatest) else "least"
        return self._say(term, self._list([node.this, *node.expressions]))

    def _case(self, node: exp.Expr) -> str:
        branches = [
            self._say("case", inline(self.clause(branch.this), self._language), self.words(branch.args["true"]))
            for branch in node.args["ifs"]
        ]
        if node.args.get("default") is not None:
            branches.append(self._say("else", self.words(node.args["default"])))
        return self._terms["list"].join(branches)

    def _function(self, node: exp.Expr) -> str:
        if node.name.upper() == "MONEY":
            return self._say("money", self.words(node.expressions[0]))
        if node.name.upper() in ("WORKING", "WORKING_DAYS"):
            return self._say("counted", self._worked(node), self.words(node.expressions[0]))
        if node.name.upper() == "WORKED":
            first, second, calendar = node.expressions
            return self._say("worked", self.words(first), self.words(second), self._calendar(calendar))
        term = node.name.lower()
        if term in ("learned", "late_after", "lost_after"):
            wait, *others = node.expressions
            return self._say(term, wait.this, *(self._share(part) for part in others))
        return self._statement(node)

    def length_from(self, text: str, since: str) -> str:
        """A length of time, said to count from an instant."""
        return self._counted_from(sqlglot.parse_one(text), sqlglot.parse_one(since))

    def _counted_from(self, node: exp.Expr, since: exp.Expr) -> str:
        counts = isinstance(node, exp.Anonymous) and node.name.upper() in ("WORKING", "WORKING_DAYS")
        return self._worked(node) if counts and node.expressions[0] == since else self.words(node)

    def _worked(self, node: exp.Expr) -> str:
        """So much working time, or so many working days."""
        _, amount, calendar = node.expressions
        term = node.name.lower()
        if term == "working_days" and amount.name == "1":
            term = "working_day"
        return self._say(term, self.words(amount), self._calendar(calendar))

    def _calendar(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Literal):
            return self._say("calendar", node.name)
        return self._say("calendar_by", self.words(node.expressions[0]))

    def _share(self, node: exp.Expr) -> str:
        """A share in percent, or whatever else it is in words."""
        if isinstance(node, exp.Literal) and not node.is_string:
            return f"{float(node.this) * 100:g} %"
        return self.words(node)

    def _list(self, nodes: list[exp.Expr]) -> str:
        return self._terms["list"].join(self.words(node) for node in nodes)

    def _is_instant(self, node: exp.Expr) -> bool:
        match node:
            case exp.Paren():
                return self._is_instant(node.this)
            case exp.Column():
                name = f"{node.table}.{node.name}" if node.table else node.name
                return self._types.get(name) == "instant"
            case exp.Coalesce() | exp.Greatest() | exp.Least():
                return self._is_instant(node.this)
            case exp.Add():
                return self._is_instant(node.this) or self._is_instant(node.expression)
            case exp.Sub():
                return self._is_instant(node.this) and not self._is_instant(node.expression)
        return False


_VALUES: dict[type[exp.Expr], Callable[[_Teller, exp.Expr], str]] = {
    exp.Paren: lambda teller, node: teller.words(node.this),
    exp.Column: _Teller._column,
    exp.Literal: _Teller._literal,
    exp.Null: lambda teller, node: TERMS[teller._language]["null"],
    exp.Boolean: lambda teller, node: TERMS[teller._language]["true" if node.this else "false"],
    exp.Interval: _Teller._interval,
    **dict.fromkeys(_ARITHMETIC, _Teller._arithmetic),
    exp.Neg: lambda teller, node: TERMS[teller._language]["negative"].format(teller.words(node.this)),
    exp.Abs: _Teller._absolute,
    exp.Coalesce: _Teller._coalesce,
    exp.Greatest: _Teller._extreme,
    exp.Least: _Teller._extreme,
    exp.Case: _Teller._case,
    exp.Anonymous: _Teller._function,
}


def _flattened(node: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    """The operands of a chain of ANDs, or of ORs, in their order."""
    while isinstance(node, exp.Paren):
        node = node.this
    if not isinstance(node, kind):
        return [node]
    return [*_flattened(node.this, kind), *_flattened(node.args["expression"], kind)]


def is_length(text: str) -> bool:
    """Whether a text is a length of time rather than an expression for one."""
    try:
        parse_duration(text)
    except UnreadableTimeError:
        return False
    return True
