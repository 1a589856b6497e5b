"""An index of names: a table of hashes, and the names themselves one after the other in UTF-8, each behind its length.

A length is written in groups of 7 bits, the lowest first, with bit 7 set in all but the last. A name of 16 hexadecimal
digits, as digests are, takes 8 bytes behind a length of its own, `DIGEST`. A slot of the table holds
31 bits of the name's hash and, in its lower 32 bits, its number; it lies where the hash says as a share of the table,
so that a table of any size can be filled from another.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled, inlined

Index = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Starts = NDArray[np.uint32]

ABSENT = -1
EMPTY: Final = -1
GONE: Final = 0xFFFFFFFF
"""Where a name starts that is known no more."""
LENGTH_MAX: Final = 5
"""The most bytes that a length may take."""
DIGEST: Final = 0x7F
"""What stands instead of the length of a digest; a name of this length has it in two bytes."""
_DIGITS: Final = 16
_NUMBER: Final = 0xFFFFFFFF
_MARK_BITS: Final = 31
_BASIS: Final = -3750763034362895579
_PRIME: Final = 1099511628211


@inlined
def _hash(asked: Bytes, begin: Whole, end: Whole) -> np.int64:
    mix = np.int64(_BASIS)
    for at in range(begin, end):
        mix = (mix ^ np.int64(asked[at])) * np.int64(_PRIME)
    mix ^= mix >> 29
    return mix


@inlined
def _mark_of(mix: Whole) -> int:
    """The bits of a hash that the table holds: of all of it, since its upper bits change least."""
    return int(((mix * np.int64(0x2545F4914F6CDD1D)) >> 33) & ((1 << _MARK_BITS) - 1))


@inlined
def _enter(table: Index, mark: Whole, number: Whole) -> None:
    slot = (mark * len(table)) >> _MARK_BITS
    while table[slot] != EMPTY:
        slot += 1
        if slot == len(table):
            slot = 0
    table[slot] = (mark << 32) | number


@inlined
def begins(characters: Bytes, start: Whole) -> int:
    """Where the characters begin of a name that starts there."""
    at = start
    while characters[at] >= 0x80:
        at += 1
    return int(at + 1)


@inlined
def length_at(characters: Bytes, start: Whole) -> int:
    """How many characters it has."""
    if characters[start] == DIGEST:
        return _DIGITS
    length, shift, at = np.int64(0), 0, start
    while characters[at] >= 0x80:
        length |= (np.int64(characters[at]) & 0x7F) << shift
        shift += 7
        at += 1
    return int(length | np.int64(characters[at]) << shift)


@inlined
def character_at(characters: Bytes, start: Whole, place: Whole) -> int:
    """One of its characters, if it is a digest."""
    digit = (np.int64(characters[start + 1 + (place >> 1)]) >> (0 if place & 1 else 4)) & 0xF
    return int(digit + 48 if digit < 10 else digit + 87)


@inlined
def is_digest(characters: Bytes, start: Whole) -> bool:
    """Whether the name that starts there is 16 hexadecimal digits."""
    return bool(characters[start] == DIGEST)


@inlined
def _end_of(characters: Bytes, start: Whole) -> int:
    """Where the name ends that starts there."""
    if is_digest(characters, start):
        return int(start + 1 + (_DIGITS >> 1))
    return begins(characters, start) + length_at(characters, start)


@inlined
def hash_at(characters: Bytes, start: Whole) -> np.int64:
    """The hash of the name that starts there."""
    packed, begin, length = is_digest(characters, start), begins(characters, start), length_at(characters, start)
    mix = np.int64(_BASIS)
    for place in range(length):
        here = character_at(characters, start, place) if packed else np.int64(characters[begin + place])
        mix = (mix ^ here) * np.int64(_PRIME)
    mix ^= mix >> 29
    return mix


@inlined
def _looks_like_digest(asked: Bytes, begin: Whole, end: Whole) -> bool:
    if end - begin != _DIGITS:
        return False
    at = begin
    while at < end and (48 <= asked[at] <= 57 or 97 <= asked[at] <= 102):
        at += 1
    return bool(at == end)


@inlined
def _is_same(asked: Bytes, begin: Whole, end: Whole, characters: Bytes, start: Whole) -> bool:
    """Whether the name that starts there is the one that is asked for."""
    length, place = end - begin, 0
    if length_at(characters, start) != length:
        return False
    if is_digest(characters, start):
        while place < length and character_at(characters, start, place) == asked[begin + place]:
            place += 1
    else:
        first = begins(characters, start)
        while place < length and characters[first + place] == asked[begin + place]:
            place += 1
    return bool(place == length)


@inlined
def _write(asked: Bytes, begin: Whole, end: Whole, characters: Bytes, start: Whole) -> int:
    """Write a name down; returns where it ends."""
    at, length = start, end - begin
    if _looks_like_digest(asked, begin, end):
        characters[at] = DIGEST
        for pair in range(begin, end, 2):
            high, low = np.int64(asked[pair]), np.int64(asked[pair + 1])
            at += 1
            characters[at] = (high - (48 if high < 58 else 87)) << 4 | (low - (48 if low < 58 else 87))
        return int(at + 1)
    if length >= DIGEST:
        characters[at] = (length & 0x7F) | 0x80
        length >>= 7
        at += 1
    while length >= 0x80:
        characters[at] = (length & 0x7F) | 0x80
        length >>= 7
        at += 1
    characters[at] = length
    at += 1
    for character in range(begin, end):
        characters[at] = asked[character]
        at += 1
    return int(at)


@compiled
def hash_of(asked: Bytes) -> int:
    """The hash of one name."""
    return int(_hash(asked, 0, len(asked)))


@compiled
def look_up(
    asked: Bytes, asked_ends: Index, numbers: Index, insert: bool,  # noqa: FBT001
    table: Index, characters: Bytes, starts: Starts, free: Index, counts: Index,
) -> None:  # fmt: skip
    """Write the number of each name that is asked for into `numbers`; ABSENT where it is not known, or take it in.

    `asked_ends` say where each name ends of those asked, `starts` where those known lie. `counts` are how many numbers
    were ever given out, how many of them lie in `free` to be given out again, and how many bytes of `characters` are
    in use. There is room for all that are asked.
    """
    begin = 0
    for place in range(len(asked_ends)):
        end = asked_ends[place]
        mark = _mark_of(_hash(asked, begin, end))
        slot = (mark * len(table)) >> _MARK_BITS
        found = np.int64(ABSENT)
        while table[slot] != EMPTY:
            if table[slot] >> 32 == mark:
                known = table[slot] & _NUMBER
                if _is_same(asked, begin, end, characters, np.int64(starts[known])):
                    found = known
                    break
            slot += 1
            if slot == len(table):
                slot = 0
        if found < 0 and insert:
            if counts[1] > 0:
                counts[1] -= 1
                found = free[counts[1]]
            else:
                found = counts[0]
                counts[0] += 1
            starts[found] = counts[2]
            counts[2] = _write(asked, begin, end, characters, counts[2])
            table[slot] = (mark << 32) | found
        numbers[place] = found
        begin = end


@compiled
def refill(table: Index, old: Index, starts: Starts) -> None:
    """Enter what another table holds into an empty one, but for names that are known no more."""
    for slot in range(len(old)):
        if old[slot] != EMPTY and starts[old[slot] & _NUMBER] != GONE:
            _enter(table, old[slot] >> 32, old[slot] & _NUMBER)


@compiled
def fill(table: Index, characters: Bytes, starts: Starts, count: int) -> None:
    """Enter all names that are known into an empty table."""
    for number in range(count):
        if starts[number] != GONE:
            _enter(table, _mark_of(hash_at(characters, np.int64(starts[number]))), number)


@compiled
def measure(characters: Bytes, starts: Starts, numbers: Index, lengths: Index) -> int:
    """How many characters names have; returns how many bytes they take."""
    size = np.int64(0)
    for place in range(len(numbers)):
        start = np.int64(starts[numbers[place]])
        lengths[place] = length_at(characters, start)
        size += _end_of(characters, start) - start
    return int(size)


@compiled
def spell(characters: Bytes, starts: Starts, numbers: Index, ends: Index, into: Bytes) -> int:
    """Names, one after the other, as far as there is room for them; returns how much room all of them take."""
    at = 0
    for place in range(len(numbers)):
        start = np.int64(starts[numbers[place]])
        length = length_at(characters, start)
        ends[place] = at + length
        if at + length <= len(into):
            if is_digest(characters, start):
                for character in range(length):
                    into[at + character] = character_at(characters, start, character)
            else:
                first = begins(characters, start)
                for character in range(length):
                    into[at + character] = characters[first + character]
        at += length
    return int(at)


@compiled
def close_up(characters: Bytes, starts: Starts, numbers: Index) -> int:
    """Move names together, which come in the order in which they lie; returns how many bytes they take."""
    at = 0
    for number in numbers:
        start = np.int64(starts[number])
        end = _end_of(characters, start)
        starts[number] = at
        for character in range(start, end):
            characters[at] = characters[character]
            at += 1
    return at


@compiled
def gather(characters: Bytes, firsts: Index, lasts: Index, into: Bytes) -> None:
    """Parts of characters, one after the other."""
    at = 0
    for place in range(len(firsts)):
        for character in range(firsts[place], lasts[place]):
            into[at] = characters[character]
            at += 1


@compiled
def enter(characters: Bytes, ends: Index, table: NDArray[np.int32]) -> None:
    """Enter names that stand one after the other into an empty table, each under its place."""
    mask = len(table) - 1
    begin = np.int64(0)
    for place in range(len(ends)):
        slot = _hash(characters, begin, ends[place]) & mask
        while table[slot] >= 0:
            slot = (slot + 1) & mask
        table[slot] = place
        begin = ends[place]
