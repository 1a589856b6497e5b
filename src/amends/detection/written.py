"""What an expression is, checked: its type, and how it is written as instructions."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import numpy as np

from amends.detection.calendars import Calendar, Calendars
from amends.detection.machine import codes as op
from amends.detection.machine.assembly import Assembler, Label, bits_of
from amends.detection.types import Type
from amends.detection.vector import NO_INT
from amends.model.errors import UnusableInputError

Emit = Callable[[Assembler], int]
"""Writes the instructions that compute a value; returns the register it is in."""
Test = Callable[[Assembler, int, Label], None]
"""Writes the instructions that jump to a label where a condition is as a mode says, and go on where it is not."""

NO_DECIMAL: Final = bits_of(np.nan)


class ExpressionError(UnusableInputError):
    """An expression that cannot be used; the message is a sentence that says what to write instead."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The names an expression may use, with their types, the sets of texts, the learned waits and the calendars.

    Of each wait the names it reads of a row.
    """

    names: Mapping[str, Type]
    sets: Mapping[str, tuple[str, ...]] = {}
    waits: Mapping[str, frozenset[str]] = {}
    calendars: Calendars = Calendars()


class Question(msgspec.Struct, frozen=True):
    """What an expression asks of a wait, for a whole group: `ask` is LEARNED or LOST_AFTER, with its numbers."""

    wait: str
    ask: str
    arguments: tuple[Any, ...]


class Asked:
    """What expressions need of learned waits and of calendars to be written: their numbers, and what is asked."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.lanes: dict[str, tuple[str, ...]] = {}
        """By wait, the columns of its lanes."""
        self.since: dict[str, Emit] = {}
        self.questions: dict[Question, int] = {}
        self.calendars: dict[Calendar, int] = {}

    def calendar(self, calendar: Calendar) -> int:
        """The number of a calendar."""
        return self.calendars.setdefault(calendar, len(self.calendars))

    def question(self, question: Question) -> int:
        """The number of a question."""
        return self.questions.setdefault(question, len(self.questions))


class Expression(msgspec.Struct, frozen=True, kw_only=True):
    """A checked expression: its text, its type, the names it reads, and how it is written as instructions.

    `learned`: it asks what is usual.
    """

    text: str
    type: Type
    names: frozenset[str]
    emit: Emit
    test: Test
    learned: bool = False


class Typed(msgspec.Struct, frozen=True):
    """A part of an expression: its type, and how it is written."""

    type: Type
    emit: Emit
    zero: bool = False
    """Whether it is the literal 0, which is as good as no money."""
    fixed: int | None = None
    """The value of a literal, in stored form."""
    own_test: Test | None = None
    name: str | None = None
    """Of a column or a field."""

    @property
    def test(self) -> Test:
        """How it is tested: as is best for it, or by its value."""
        return self.own_test or (lambda asm, mode, label: asm.jump(op.TEST, self.emit(asm), mode, label))


def missing(type_: Type) -> int:
    """What stands in a register for an absent value of a type."""
    if type_ in ("text", "flag", "null"):
        return -1
    return NO_DECIMAL if type_ == "decimal" else NO_INT
