"""Finds what lies where in lines of JSON as the journal has them, and makes columns of it, at the speed of memory.

The lines are those of `amends.model.line`: of one form, without spaces, their members in order. Whatever is not so is
ODD, and is left to who decodes events one by one.
"""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled, inlined
from amends.detection.machine.hashing import _hash
from amends.detection.vector import NO_INT

Index = NDArray[np.int64]
Bytes = NDArray[np.uint8]

DONE, ODD, MORE_KEYS, MORE_FIELDS, MORE_ESCAPED = range(5)

START, END, ID, ID_END, SOURCE, SOURCE_END, TYPE, TIME, RECEIVED, HEAD = range(10)
"""Of an event: its line, its id and source, the place of its type among all in order, its times. HEAD is how many."""
PLACE, KIND, KEY, KEY_END, KEYS = range(5)
"""Of a key: its event, the place of its kind, its text."""
FIELD, FORM, VALUE, VALUE_END, FIELDS = range(1, 6)
"""Of a field, after PLACE: which of the vocabulary, what JSON has there, and from where to where."""
IN_HEADS, IN_KEYS, IN_FIELDS = range(3)
ESCAPED = 3
"""Numbers of a text with escapes: in which table, in which row, and in which column it begins."""

IS_TEXT, IS_WHOLE, IS_NUMBER, IS_TRUE, IS_FALSE, IS_OTHER = range(6)
TEXTS, WHOLES, DECIMALS, INSTANTS, FLAGS = range(5)
"""What fields hold."""

PARTS = (b'{"id":"', b',"source":"', b',"type":"', b',"time":', b',"keys":{', b',"data":{', b',"received":')
LITERALS: Bytes = np.frombuffer(b"".join(PARTS), dtype=np.uint8)
_SIZES = tuple(map(len, PARTS))
_AT_ID, _AT_SOURCE, _AT_TYPE, _AT_TIME, _AT_KEYS, _AT_DATA, _AT_RECEIVED = (sum(_SIZES[:n]) for n in range(7))
_OF_ID, _OF_SOURCE, _OF_TYPE, _OF_TIME, _OF_KEYS, _OF_DATA, _OF_RECEIVED = _SIZES

_QUOTE, _BACKSLASH, _COMMA, _COLON, _MINUS, _ZERO, _NINE, _NEWLINE = 34, 92, 44, 58, 45, 48, 57, 10
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST, _N, _T, _F = 123, 125, 91, 93, 110, 116, 102
_DIGITS_MAX = 18


@inlined
def _is_at(text: Bytes, at: Whole, end: Whole, literals: Bytes, begin: Whole, size: Whole) -> bool:
    if at + size > end:
        return False
    for step in range(size):  # noqa: SIM110 - compiled
        if text[at + step] != literals[begin + step]:
            return False
    return True


@inlined
def _text_end(text: Bytes, at: Whole, end: Whole) -> tuple[Whole, bool]:
    """Where a text that begins at `at` is closed, and whether it has escapes; -1 if it is not closed."""
    escaped = False
    while at < end:
        character = text[at]
        if character == _QUOTE:
            return at, escaped
        if character == _BACKSLASH:
            escaped = True
            at += 1
        at += 1
    return np.int64(-1), escaped


@inlined
def _word(text: Bytes, begin: Whole, end: Whole, names: Bytes, name_ends: Index, table: NDArray[np.int32]) -> Whole:
    """Which of the names stands there; -1 if none does."""
    mask = len(table) - 1
    slot = _hash(text, begin, end) & mask
    while table[slot] >= 0:
        known = np.int64(table[slot])
        first = name_ends[known - 1] if known else np.int64(0)
        if name_ends[known] - first == end - begin:
            same = True
            for step in range(end - begin):
                if text[begin + step] != names[first + step]:
                    same = False
                    break
            if same:
                return known
        slot = (slot + 1) & mask
    return np.int64(-1)


@inlined
def _whole(text: Bytes, at: Whole, end: Whole) -> tuple[Whole, Whole]:
    """A whole number that begins at `at`, and where it ends; that is -1 if none does that fits."""
    minus = at < end and text[at] == _MINUS
    if minus:
        at += 1
    value, first = np.int64(0), at
    while at < end and _ZERO <= text[at] <= _NINE:
        value = value * 10 + np.int64(text[at] - _ZERO)
        at += 1
    if at == first or at - first > _DIGITS_MAX:
        return np.int64(0), np.int64(-1)
    return (-value if minus else value), at


@inlined
def _part_end(text: Bytes, at: Whole, end: Whole) -> Whole:
    """Where an object or array that begins at `at` is over; -1 if it never is."""
    depth = np.int64(0)
    while at < end:
        character = text[at]
        if character == _QUOTE:
            at, _ = _text_end(text, at + 1, end)
            if at < 0:
                return np.int64(-1)
        elif character in (_OPEN, _OPEN_LIST):
            depth += 1
        elif character in (_CLOSE, _CLOSE_LIST):
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return np.int64(-1)


@compiled
def scan(
    text: Bytes, literals: Bytes, types: Bytes, type_ends: Index, type_table: NDArray[np.int32],
    kinds: Bytes, kind_ends: Index, kind_table: NDArray[np.int32],
    names: Bytes, name_ends: Index, name_table: NDArray[np.int32],
    heads: Index, keys: Index, fields: Index, escaped: Index, counts: Index,
) -> int:  # fmt: skip
    """Write where everything lies into `heads`, `keys` and `fields`; `counts` are how many keys, fields and escapes.

    There are as many heads as lines. Returns DONE, ODD, or which of the arrays is too small.
    """
    at: Whole = np.int64(0)
    close: Whole = np.int64(0)
    begin: Whole = np.int64(0)
    end = np.int64(len(text))
    key_count, field_count, escapes = np.int64(0), np.int64(0), np.int64(0)
    for place in range(len(heads) // HEAD):
        head = place * HEAD
        heads[head + START] = at
        # Three texts: id, source, type.
        for part in range(3):
            if part == 0:
                literal, size = _AT_ID, _OF_ID
            elif part == 1:
                literal, size = _AT_SOURCE, _OF_SOURCE
            else:
                literal, size = _AT_TYPE, _OF_TYPE
            if not _is_at(text, at, end, literals, literal, size):
                return ODD
            at += size
            close, has_escapes = _text_end(text, at, end)
            if close < 0:
                return ODD
            if part == 2:
                heads[head + TYPE] = _word(text, at, close, types, type_ends, type_table)
                if heads[head + TYPE] < 0:
                    return ODD
            else:
                heads[head + ID + 2 * part] = at
                heads[head + ID + 2 * part + 1] = close
                if has_escapes:
                    if ESCAPED * (escapes + 1) > len(escaped):
                        return MORE_ESCAPED
                    escaped[ESCAPED * escapes] = IN_HEADS
                    escaped[ESCAPED * escapes + 1] = place
                    escaped[ESCAPED * escapes + 2] = ID + 2 * part
                    escapes += 1
            at = close + 1
        if not _is_at(text, at, end, literals, _AT_TIME, _OF_TIME):
            return ODD
        value, at = _whole(text, at + _OF_TIME, end)
        if at < 0:
            return ODD
        heads[head + TIME] = value
        if not _is_at(text, at, end, literals, _AT_KEYS, _OF_KEYS):
            return ODD
        at += _OF_KEYS
        while at < end and text[at] == _QUOTE:
            begin = at + 1
            close, has_escapes = _text_end(text, begin, end)
            if close < 0 or close + 3 > end or text[close + 1] != _COLON or text[close + 2] != _QUOTE:
                return ODD
            kind = _word(text, begin, close, kinds, kind_ends, kind_table)
            begin = close + 3
            close, has_escapes = _text_end(text, begin, end)
            if close < 0 or kind < 0:
                return ODD
            row = key_count * KEYS
            if row + KEYS > len(keys):
                return MORE_KEYS
            keys[row + PLACE], keys[row + KIND], keys[row + KEY], keys[row + KEY_END] = place, kind, begin, close
            if has_escapes:
                if ESCAPED * (escapes + 1) > len(escaped):
                    return MORE_ESCAPED
                escaped[ESCAPED * escapes] = IN_KEYS
                escaped[ESCAPED * escapes + 1] = key_count
                escaped[ESCAPED * escapes + 2] = KEY
                escapes += 1
            key_count += 1
            at = close + 1
            if at < end and text[at] == _COMMA:
                at += 1
        if at >= end or text[at] != _CLOSE:
            return ODD
        at += 1
        if not _is_at(text, at, end, literals, _AT_DATA, _OF_DATA):
            return ODD
        at += _OF_DATA
        while at < end and text[at] == _QUOTE:
            begin = at + 1
            close, has_escapes = _text_end(text, begin, end)
            if close < 0 or close + 3 > end or text[close + 1] != _COLON:
                return ODD
            name = np.int64(-1) if has_escapes else _word(text, begin, close, names, name_ends, name_table)
            begin, has_escapes = close + 2, False
            character = text[begin]
            form = IS_OTHER
            if character == _QUOTE:
                begin += 1
                close, has_escapes = _text_end(text, begin, end)
                at, form = close + 1, IS_TEXT
            elif character in (_OPEN, _OPEN_LIST):
                close = _part_end(text, begin, end)
                at = close
            elif character in (_N, _T, _F):
                close = begin + (5 if character == _F else 4)
                at, form = close, IS_TRUE if character == _T else IS_FALSE
            else:
                form, close = IS_WHOLE, begin
                while close < end and text[close] != _COMMA and text[close] != _CLOSE:
                    if text[close] != _MINUS and not _ZERO <= text[close] <= _NINE:
                        form = IS_NUMBER
                    close += 1
                at = close
            if close < 0 or close > end:
                return ODD
            if name >= 0 and character != _N:
                row = field_count * FIELDS
                if row + FIELDS > len(fields):
                    return MORE_FIELDS
                fields[row + PLACE], fields[row + FIELD], fields[row + FORM] = place, name, form
                fields[row + VALUE], fields[row + VALUE_END] = begin, close
                if has_escapes:
                    if ESCAPED * (escapes + 1) > len(escaped):
                        return MORE_ESCAPED
                    escaped[ESCAPED * escapes] = IN_FIELDS
                    escaped[ESCAPED * escapes + 1] = field_count
                    escaped[ESCAPED * escapes + 2] = VALUE
                    escapes += 1
                field_count += 1
            if at < end and text[at] == _COMMA:
                at += 1
        if at >= end or text[at] != _CLOSE:
            return ODD
        at += 1
        if not _is_at(text, at, end, literals, _AT_RECEIVED, _OF_RECEIVED):
            return ODD
        at += _OF_RECEIVED
        if at < end and text[at] == _N:
            value, at = NO_INT, at + 4
        else:
            value, at = _whole(text, at, end)
        if at < 0 or at + 2 > end or text[at] != _CLOSE or text[at + 1] != _NEWLINE:
            return ODD
        heads[head + RECEIVED] = value
        at += 1
        heads[head + END] = at
        at += 1
    counts[0], counts[1], counts[2] = key_count, field_count, escapes
    return DONE if at == end else ODD


@inlined
def _digits(text: Bytes, at: Whole, count: Whole) -> Whole:
    """A number of so many digits; -1 if there are others among them."""
    value = np.int64(0)
    for step in range(count):
        if not _ZERO <= text[at + step] <= _NINE:
            return np.int64(-1)
        value = value * 10 + np.int64(text[at + step] - _ZERO)
    return value


@inlined
def _days(year: Whole, month: Whole, day: Whole) -> Whole:
    """Days since 1970 (Howard Hinnant, "chrono-compatible low-level date algorithms")."""
    shifted = year - (1 if month <= 2 else 0)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@inlined
def _moment(text: Bytes, at: Whole, end: Whole) -> Whole:
    """Microseconds since 1970 of a moment as most write it; NO_INT for any other form."""
    if end - at < 20 or text[at + 4] != _MINUS or text[at + 7] != _MINUS or text[at + 10] != 84:
        return NO_INT
    if text[at + 13] != _COLON or text[at + 16] != _COLON:
        return NO_INT
    year, month, day = _digits(text, at, 4), _digits(text, at + 5, 2), _digits(text, at + 8, 2)
    hour, minute, second = _digits(text, at + 11, 2), _digits(text, at + 14, 2), _digits(text, at + 17, 2)
    if year < 1 or not 1 <= month <= 12 or not 0 <= hour < 24 or not 0 <= minute < 60 or not 0 <= second < 60:
        return NO_INT
    # The first of the next month tells how long this one is.
    first = _days(year, month, 1)
    following = _days(year + 1, 1, 1) if month == 12 else _days(year, month + 1, 1)
    if not 1 <= day <= following - first:
        return NO_INT
    fraction: Whole = np.int64(0)
    at += 19
    if text[at] == 46:
        size = np.int64(0)
        while at + 1 + size < end and _ZERO <= text[at + 1 + size] <= _NINE:
            size += 1
        if size == 3:
            fraction = _digits(text, at + 1, 3) * 1_000
        elif size == 6:
            fraction = _digits(text, at + 1, 6)
        else:
            return NO_INT
        at += 1 + size
    offset: Whole = np.int64(0)
    if at + 1 == end and text[at] == 90:
        at += 1
    elif at + 6 == end and (text[at] == 43 or text[at] == _MINUS) and text[at + 3] == _COLON:
        hours, minutes = _digits(text, at + 1, 2), _digits(text, at + 4, 2)
        if not 0 <= hours < 24 or not 0 <= minutes < 60:
            return NO_INT
        offset = (hours * 60 + minutes) * (-1 if text[at] == _MINUS else 1)
    else:
        return NO_INT
    return (((first + day - 1) * 1_440 + hour * 60 + minute - offset) * 60 + second) * 1_000_000 + fraction


@compiled
def lay_out(
    text: Bytes, heads: Index, fields: Index, field_count: Whole, wanted: Index, names: Whole, holds: Index,
    listed: NDArray[np.bool_], starts: Index, ends: Index, places: Index, values: Index, doubles: NDArray[np.float64],
    into_texts: Index, text_begins: Index, text_ends: Index, later: Index, counts: Index,
) -> int:  # fmt: skip
    """Write the wanted fields of `names` that there are, one field after the other: the places of events, the values.

    `wanted` says by type and field which number it goes under, -1 for none; `holds` what fields hold. Of texts it is
    written down where the value goes, where it begins and ends: from the front, or from the end where that number is
    `listed`. `later` get the same and the field, for what Python had better read. `counts` are how many there are: all,
    texts from the front, texts from the end, later ones. Returns DONE, or ODD where something is not what its field
    holds.
    """
    for number in range(len(ends)):
        ends[number] = 0
    for row in range(field_count):
        at = row * FIELDS
        number = wanted[heads[fields[at + PLACE] * HEAD + TYPE] * names + fields[at + FIELD]]
        if number >= 0:
            ends[number] += 1
    total: Whole = np.int64(0)
    for number in range(len(ends)):
        starts[number] = total
        total += ends[number]
        ends[number] = starts[number]
    front, back, later_count = np.int64(0), np.int64(len(into_texts)), np.int64(0)
    for row in range(field_count):
        at = row * FIELDS
        number = wanted[heads[fields[at + PLACE] * HEAD + TYPE] * names + fields[at + FIELD]]
        if number < 0:
            continue
        into = ends[number]
        ends[number] += 1
        places[into] = fields[at + PLACE]
        field, form, begin, end = fields[at + FIELD], fields[at + FORM], fields[at + VALUE], fields[at + VALUE_END]
        held, is_later = holds[field], False
        if held == TEXTS:
            if form != IS_TEXT:
                return ODD
            if listed[number]:
                back -= 1
                into_texts[back], text_begins[back], text_ends[back] = into, begin, end
            else:
                into_texts[front], text_begins[front], text_ends[front] = into, begin, end
                front += 1
        elif held == WHOLES:
            if form != IS_WHOLE:
                return ODD
            value, stop = _whole(text, begin, end)
            values[into], is_later = value, bool(stop != end)
        elif held == DECIMALS:
            if form not in (IS_WHOLE, IS_NUMBER):
                return ODD
            value, stop = _whole(text, begin, end)
            doubles[into], is_later = float(value), bool(stop != end or value > (1 << 53) or value < -(1 << 53))
        elif held == INSTANTS:
            if form != IS_TEXT:
                return ODD
            values[into] = _moment(text, begin, end)
            is_later = bool(values[into] == NO_INT)
        else:
            if form not in (IS_TRUE, IS_FALSE):
                return ODD
            values[into] = 1 if form == IS_TRUE else 0
        if is_later:
            later[4 * later_count], later[4 * later_count + 1] = into, field
            later[4 * later_count + 2], later[4 * later_count + 3] = begin, end
            later_count += 1
    counts[0], counts[1], counts[2], counts[3] = total, front, len(into_texts) - back, later_count
    return DONE


@compiled
def count_keys(keys: Index, key_count: Whole, starts: Index, order: Index) -> None:
    """Put the keys of a kind one after the other; `starts` say from where on those of each kind lie in `order`."""
    for kind in range(len(starts)):
        starts[kind] = 0
    for row in range(key_count):
        starts[keys[row * KEYS + KIND] + 1] += 1
    for kind in range(1, len(starts)):
        starts[kind] += starts[kind - 1]
    for row in range(key_count):
        kind = keys[row * KEYS + KIND]
        order[starts[kind]] = row
        starts[kind] += 1
    for kind in range(len(starts) - 1, 0, -1):
        starts[kind] = starts[kind - 1]
    starts[0] = 0


@compiled
def gather_spans(text: Bytes, begins: Index, stops: Index, into: Bytes, ends: Index) -> None:
    """Stretches of a text, one after the other; `ends` say where each ends."""
    at = np.int64(0)
    for place in range(len(begins)):
        for character in range(begins[place], stops[place]):
            into[at] = text[character]
            at += 1
        ends[place] = at
