"""What an instruction does, by number.

An instruction is `WIDTH` whole numbers of 32 bits: the operation and its operands. `d` is a register that is written,
`a`, `b`, `c` are registers that are read, `@` is the number of an instruction to go on with. Registers hold values in
stored form: a text as its code, a flag as 0 or 1, a decimal as the bits of a double; -1 stands for an absent text or
flag, NO_INT for any other absent whole number, NaN for an absent decimal. So `..I` works on whole numbers, money,
instants and durations, `..S` on texts and flags, `..F` on decimals. What is fixed lies in registers that nothing writes
to.

The loop finds what to do in one table of where it is done, as long as it asks for one number after the other. Of two
that are asked for together the numbers differ in more than one bit, or else that becomes a question of its own.
"""

from typing import Final

WIDTH: Final = 8

# ------------------------------------------------------------------ where to go on
RETURN: Final = 0
JUMP: Final = 1  # @
JUMP_ABSENT_I: Final = 2  # a @
JUMP_ABSENT_S: Final = 3  # a @
JUMP_ABSENT_F: Final = 4  # a @
JUMP_PRESENT_I: Final = 5  # a @
JUMP_PRESENT_S: Final = 6  # a @
JUMP_PRESENT_F: Final = 7  # a @
GATES: Final = 8  # first count: call those blocks of which a column has changed, by lists among the constants
SWITCH: Final = 14  # first count ways: on where the texts of some fields lead, by lists among the constants
CALL: Final = 9  # @
CALL_IF_ANY: Final = 10  # cell b @: call it if the row has one of these bits
FINISH_TOUCH: Final = 12  # and return
JUMP_UNLESS_MARKED: Final = 13  # cell bit @

# ------------------------------------------------------------------ tests: jump where a condition is as `mode` says
TEST: Final = 105  # a mode @
TEST_ABSENT_CELL: Final = 106  # cell mode @
TEST_CELLS: Final = 119  # chunk a absent @ count: the same of several cells that begin absent; `a` has their bits
TEST_ABSENT_HALF: Final = 107  # half-cell mode @
TEST_ABSENT_FIELD: Final = 108  # field mode @
TEST_HALF_IN: Final = 109  # half-cell first count mode @ has-null
TEST_FIELD_IN: Final = 110  # field first count mode @ has-null
TEST_EQUAL_I: Final = 111  # a b mode @
TEST_LESS_I: Final = 112
TEST_LESS_EQUAL_I: Final = 113
TEST_EQUAL_S: Final = 114
# The same of what stands in the row: `~place` of a cell instead of a register.
TEST_EQUAL_AT: Final = 116
TEST_LESS_AT: Final = 117
TEST_LESS_EQUAL_AT: Final = 118

SWITCHED: Final = 5
"""Numbers of a field that a switch looks at."""

# Modes: a bit for each of absent, false and true.
IF_TRUE: Final = 0b100
IF_NOT_TRUE: Final = 0b011
IF_FALSE: Final = 0b010
IF_NOT_FALSE: Final = 0b101

# ------------------------------------------------------------------ values
MOVE: Final = 16  # d a
LOAD64: Final = 17  # d cell
LOAD32: Final = 18  # d half-cell
LOADS32: Final = 11  # d half-cell count: the same, and all of the next instructions that are so
LOAD64_OR: Final = 28  # d cell @: and on there if it is absent
LOAD32_OR: Final = 29
ORDER64: Final = 19  # d cell missing: in a register
ORDER32: Final = 20  # d half-cell
FIELD: Final = 21  # d field
EVENT_TIME: Final = 22  # d
EVENT_RECEIVED: Final = 23  # d
EVENT_TYPE: Final = 24  # d
TO_DECIMAL: Final = 25  # d a
TOUCHED_AT: Final = 27  # d: when the touch was learned of
HALF_UP: Final = 26  # d a: a decimal to a whole number

# ------------------------------------------------------------------ conditions
EQUAL_I: Final = 30  # d a b
UNEQUAL_I: Final = 31
LESS_I: Final = 32
LESS_EQUAL_I: Final = 33
EQUAL_S: Final = 34
UNEQUAL_S: Final = 35
LESS_T: Final = 36  # texts by code point
LESS_EQUAL_T: Final = 37
EQUAL_F: Final = 38
UNEQUAL_F: Final = 39
LESS_F: Final = 40
LESS_EQUAL_F: Final = 41
AND: Final = 42  # d a b
OR: Final = 43
NOT: Final = 44  # d a
IS_ABSENT_I: Final = 45  # d a
IS_ABSENT_S: Final = 46
IS_ABSENT_F: Final = 47
IS_TRUE: Final = 48
IS_FALSE: Final = 49
IN_LIST: Final = 50  # d a first count has-null missing: a sorted list among the constants, `missing` in a register

# ------------------------------------------------------------------ arithmetic
ADD_I: Final = 55  # d a b
SUBTRACT_I: Final = 56
MULTIPLY_I: Final = 57
NEGATE_I: Final = 58
ABSOLUTE_I: Final = 59
GREATER_I: Final = 60  # absent values are passed over
LESSER_I: Final = 61
ADD_F: Final = 62
SUBTRACT_F: Final = 63
MULTIPLY_F: Final = 64
DIVIDE_F: Final = 65
NEGATE_F: Final = 66
ABSOLUTE_F: Final = 67
GREATER_F: Final = 68
LESSER_F: Final = 69
MONEY: Final = 70  # d a currency first count: codes, then factors, among the constants

# ------------------------------------------------------------------ what is learned
LANE: Final = 75  # d first wait: the group of the values in registers from `first` on; -1 for none
LEARNED: Final = 76  # d group wait question default: in a register
LATE_AFTER: Final = 77  # d group since promise log-chance: all in registers

# ------------------------------------------------------------------ working calendars
CHOOSE: Final = 78  # d a first count default: texts in order, then a number for each, among the constants
CALENDAR: Final = 79  # d a b calendar function

# ------------------------------------------------------------------ folds: a is the value, `bit` says what changed
# `from` says where the value comes from instead: a field's number and one more, or as below; 0 is the register.
FOLD_LAST: Final = (
    80  # a place time bit form from common: its time lies at `time`, or else at `common` if that is not 0
)
FOLD_FIRST: Final = 83  # the same
FOLD_TIMES: Final = 87  # common last first count: before the folds with this common time; their fields and places
FOLD_MAX: Final = 81  # a cell bit form from
FOLD_MIN: Final = 86
FOLD_SUM: Final = 84  # a cell bit from
FOLD_COUNT: Final = 85  # cell bit
FOLD_ANY: Final = 82  # half-cell bit

FROM_TIME: Final = -1
FROM_RECEIVED: Final = -2
FROM_SUBJECT: Final = -3
"""Less the number of the kind: the row's own id."""

# ------------------------------------------------------------------ verdicts
FIRE: Final = 90  # rule
CONFLICT: Final = 91  # holds rule: and return
CLEAR: Final = 92  # rule: a finding is open, and over
ARM: Final = 93  # since due rule: and return; UNHIDE comes next, for where it fires
DISARM: Final = 94  # rule: and return
SLEEP: Final = 89  # rule since before: the same, though it may be due once more is learned
ARM_ANEW: Final = 95  # since due before rule: and return
PASSED: Final = 96  # since rule: the clock has passed what was due; and return
OUT: Final = 97  # a
UNHIDE: Final = 98  # the event at hand is the touching one again; and return
RECORD: Final = 99  # first count hit surge; of what a surge counts
HIT: Final = 100  # a rule: a hit that is a finding once its group surges; HELD comes next
HELD: Final = 103  # what the hit says is put out: keep it
OVER: Final = 101  # over rule: whether the troubles of its hits are over; and return
PARENT: Final = 115  # d: the row that this one belongs to; -1 for none
HEAR: Final = 104  # lull b: something was heard of what it watches, with windows as long as that
WAIT: Final = 102  # first wait how: since, ends and, if it runs, the values of its lane; and return

# How a wait stands, where `since` is there.
RUNS: Final = 0
IS_OVER: Final = 1
NEVER_ENDS: Final = 2

# ------------------------------------------------------------------ forms of a column
WHOLE: Final = 0
"""64 bits: whole numbers, money, instants, durations."""
DECIMAL: Final = 1
"""64 bits: a double."""
TEXT: Final = 2
"""32 bits: a code."""
FLAG: Final = 3
"""32 bits: -1, 0 or 1."""

# ------------------------------------------------------------------ what is put out
FIRED: Final = 1
CLEARED: Final = 2

OUT_HEAD: Final = 7
"""Tag, rule, row, moment, cause, and the numbers of the names of the subject and of its order (-1: none)."""
HELD_HEAD: Final = 8
"""Operation, rule, row, moment, cause, order's row, number of the touch, event of the batch."""
RECORD_HEAD: Final = 7
"""Surge, moment, hit, number of the touch, position, row, cause."""

GIVING: Final = frozenset(
    {LOAD64, LOAD32, ORDER64, ORDER32, FIELD, EVENT_TIME, EVENT_RECEIVED, EVENT_TYPE, TO_DECIMAL, HALF_UP}
    | set(range(EQUAL_I, IN_LIST + 1)) | set(range(ADD_I, MONEY + 1))
    | {LANE, LEARNED, LATE_AFTER, CHOOSE, CALENDAR, PARENT}
)  # fmt: skip
"""Operations whose first operand is the register that they write."""
