"""BLAKE2b (RFC 7693) with digests of eight bytes, over many short texts at once."""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, called, compiled, inlined

Index = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]

_BLOCK = 128
LANES = 16
"""So many short texts are worked on together."""
_PARAMETERS = np.uint64(0x01010008)
"""Digests of eight bytes, of one text, without a key."""
INITIAL: Words = np.array(
    [
        0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
        0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
    ],
    dtype=np.uint64,
)  # fmt: skip
_ORDERS = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
    (11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4),
    (7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8),
    (9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13),
    (2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9),
    (12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11),
    (13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10),
    (6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5),
    (10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0),
)
ORDER: Index = np.array([*_ORDERS, *_ORDERS[:2]], dtype=np.int64).reshape(-1)
"""Of each of the twelve turns, in which order it takes the words of a block."""

_32, _24, _16, _63, _8, _40, _48, _1 = map(np.uint64, (32, 24, 16, 63, 8, 40, 48, 1))


@inlined
def _mix(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64, x: np.uint64, y: np.uint64) -> tuple[np.uint64, ...]:
    a = a + b + x
    d = d ^ a
    d = (d >> _32) | (d << _32)
    c = c + d
    b = b ^ c
    b = (b >> _24) | (b << _40)
    a = a + b + y
    d = d ^ a
    d = (d >> _16) | (d << _48)
    c = c + d
    b = b ^ c
    b = (b >> _63) | (b << _1)
    return a, b, c, d


@inlined
def _take(state: Words, words: Words, order: Index, initial: Words, count: np.uint64, last: bool) -> None:  # noqa: FBT001
    """Take a block into the state; `count` bytes were taken with it."""
    v0, v1, v2, v3, v4, v5, v6, v7 = (
        state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7],
    )  # fmt: skip
    v8, v9, v10, v11 = initial[0], initial[1], initial[2], initial[3]
    v12, v13, v14, v15 = initial[4] ^ count, initial[5], initial[6], initial[7]
    if last:
        v14 = ~v14
    for turn in range(12):
        at = 16 * turn
        v0, v4, v8, v12 = _mix(v0, v4, v8, v12, words[order[at]], words[order[at + 1]])
        v1, v5, v9, v13 = _mix(v1, v5, v9, v13, words[order[at + 2]], words[order[at + 3]])
        v2, v6, v10, v14 = _mix(v2, v6, v10, v14, words[order[at + 4]], words[order[at + 5]])
        v3, v7, v11, v15 = _mix(v3, v7, v11, v15, words[order[at + 6]], words[order[at + 7]])
        v0, v5, v10, v15 = _mix(v0, v5, v10, v15, words[order[at + 8]], words[order[at + 9]])
        v1, v6, v11, v12 = _mix(v1, v6, v11, v12, words[order[at + 10]], words[order[at + 11]])
        v2, v7, v8, v13 = _mix(v2, v7, v8, v13, words[order[at + 12]], words[order[at + 13]])
        v3, v4, v9, v14 = _mix(v3, v4, v9, v14, words[order[at + 14]], words[order[at + 15]])
    state[0] ^= v0 ^ v8
    state[1] ^= v1 ^ v9
    state[2] ^= v2 ^ v10
    state[3] ^= v3 ^ v11
    state[4] ^= v4 ^ v12
    state[5] ^= v5 ^ v13
    state[6] ^= v6 ^ v14
    state[7] ^= v7 ^ v15


@inlined
def _take_all(blocks: Words, sizes: Index, words: Words, turned: Words, v: Words, order: Index, initial: Words) -> None:
    """Take the only block of each of LANES texts; v's first words become those of their digests.

    The words of all stand side by side, so that the processor does the same to several at once.
    """
    for lane in range(LANES):
        for word in range(16):
            words[word * LANES + lane] = blocks[lane * 16 + word]
        for word in range(8):
            v[word * LANES + lane] = v[(8 + word) * LANES + lane] = initial[word]
        v[lane] ^= _PARAMETERS
        v[12 * LANES + lane] ^= np.uint64(sizes[lane])
        v[14 * LANES + lane] = ~v[14 * LANES + lane]
    for turn in range(12):
        for word in range(16):
            source = order[16 * turn + word] * LANES
            for lane in range(LANES):
                turned[word * LANES + lane] = words[source + lane]
        for lane in range(LANES):
            _turn(v, turned, lane)
    for lane in range(LANES):
        v[lane] ^= initial[0] ^ _PARAMETERS ^ v[8 * LANES + lane]


@inlined
def _turn(v: Words, m: Words, lane: Whole) -> None:
    v0, v1, v2, v3 = v[lane], v[LANES + lane], v[2 * LANES + lane], v[3 * LANES + lane]
    v4, v5, v6, v7 = v[4 * LANES + lane], v[5 * LANES + lane], v[6 * LANES + lane], v[7 * LANES + lane]
    v8, v9, v10, v11 = v[8 * LANES + lane], v[9 * LANES + lane], v[10 * LANES + lane], v[11 * LANES + lane]
    v12, v13, v14, v15 = v[12 * LANES + lane], v[13 * LANES + lane], v[14 * LANES + lane], v[15 * LANES + lane]
    v0, v4, v8, v12 = _mix(v0, v4, v8, v12, m[lane], m[LANES + lane])
    v1, v5, v9, v13 = _mix(v1, v5, v9, v13, m[2 * LANES + lane], m[3 * LANES + lane])
    v2, v6, v10, v14 = _mix(v2, v6, v10, v14, m[4 * LANES + lane], m[5 * LANES + lane])
    v3, v7, v11, v15 = _mix(v3, v7, v11, v15, m[6 * LANES + lane], m[7 * LANES + lane])
    v0, v5, v10, v15 = _mix(v0, v5, v10, v15, m[8 * LANES + lane], m[9 * LANES + lane])
    v1, v6, v11, v12 = _mix(v1, v6, v11, v12, m[10 * LANES + lane], m[11 * LANES + lane])
    v2, v7, v8, v13 = _mix(v2, v7, v8, v13, m[12 * LANES + lane], m[13 * LANES + lane])
    v3, v4, v9, v14 = _mix(v3, v4, v9, v14, m[14 * LANES + lane], m[15 * LANES + lane])
    v[lane], v[LANES + lane], v[2 * LANES + lane], v[3 * LANES + lane] = v0, v1, v2, v3
    v[4 * LANES + lane], v[5 * LANES + lane], v[6 * LANES + lane], v[7 * LANES + lane] = v4, v5, v6, v7
    v[8 * LANES + lane], v[9 * LANES + lane], v[10 * LANES + lane], v[11 * LANES + lane] = v8, v9, v10, v11
    v[12 * LANES + lane], v[13 * LANES + lane], v[14 * LANES + lane], v[15 * LANES + lane] = v12, v13, v14, v15


@inlined
def _number(word: np.uint64) -> np.int64:
    """The first word of a digest as the number that its bytes are, the greatest first."""
    turned = np.uint64(0)
    for byte in range(8):
        turned = (turned << _8) | ((word >> np.uint64(8 * byte)) & np.uint64(255))
    return np.int64(turned)


@called
def _long(
    first: Bytes, first_begin: Whole, first_end: Whole, second: Bytes, begin: Whole, end: Whole, between: Whole,
    initial: Words, order: Index, state: Words, words: Words,
) -> np.int64:  # fmt: skip
    """The digest of a pair that takes more than a block."""
    block = words.view(np.uint8)
    for word in range(8):
        state[word] = initial[word]
    state[0] ^= _PARAMETERS
    filled, taken = np.int64(0), np.int64(0)
    size = first_end - first_begin
    total = size + 1 + end - begin
    for at in range(total):
        if filled == _BLOCK:
            taken += _BLOCK
            _take(state, words, order, initial, np.uint64(taken), False)
            filled = np.int64(0)
        if at < size:
            block[filled] = first[first_begin + at]
        elif at == size:
            block[filled] = between
        else:
            block[filled] = second[begin + at - size - 1]
        filled += 1
    for at in range(filled, _BLOCK):
        block[at] = 0
    _take(state, words, order, initial, np.uint64(total), True)
    return _number(state[0])


@compiled
def _digests_of_pairs(
    first: Bytes, first_begins: Index, first_ends: Index, second: Bytes, begins: Index, ends: Index,
    between: int, initial: Words, order: Index, blocks: Words, words: Words, turned: Words, v: Words, sizes: Index,
    places: Index, found: Index,
) -> None:  # fmt: skip
    octets = blocks.view(np.uint8)
    lanes = 0
    for place in range(len(found)):
        size = first_ends[place] - first_begins[place]
        more = ends[place] - begins[place]
        total = size + 1 + more
        if total > _BLOCK:
            found[place] = _long(
                first, first_begins[place], first_ends[place], second, begins[place], ends[place], between,
                initial, order, v, words,
            )  # fmt: skip
            continue
        at = lanes * _BLOCK
        for word in range(16 * lanes, 16 * lanes + 16):
            blocks[word] = 0
        for byte in range(size):
            octets[at + byte] = first[first_begins[place] + byte]
        octets[at + size] = between
        for byte in range(more):
            octets[at + size + 1 + byte] = second[begins[place] + byte]
        sizes[lanes], places[lanes] = total, place
        lanes += 1
        if lanes == LANES:
            _take_all(blocks, sizes, words, turned, v, order, initial)
            for lane in range(LANES):
                found[places[lane]] = _number(v[lane])
            lanes = 0
    if lanes > 0:
        _take_all(blocks, sizes, words, turned, v, order, initial)
        for lane in range(lanes):
            found[places[lane]] = _number(v[lane])


def digests_of_pairs(
    first: Bytes, first_begins: Index, first_ends: Index, second: Bytes, begins: Index, ends: Index, between: int
) -> Index:
    """The digest of each pair of texts with a byte between them, as the number that its bytes are, the greatest first.

    A text is from where it begins to before where it ends.
    """
    found = np.empty(len(begins), dtype=np.int64)
    blocks, words, turned, v = np.zeros((4, 16 * LANES), dtype=np.uint64)
    sizes, places = np.zeros((2, LANES), dtype=np.int64)
    spans = map(np.ascontiguousarray, (first_begins, first_ends, begins, ends))
    first_begins, first_ends, begins, ends = spans
    _digests_of_pairs(
        first, first_begins, first_ends, second, begins, ends, between, INITIAL, ORDER, blocks, words, turned, v,
        sizes, places, found,
    )  # fmt: skip
    return found


def make_ready() -> None:
    """Compile it."""
    nothing: Index = np.zeros(0, dtype=np.int64)
    text: Bytes = np.frombuffer(b"any", dtype=np.uint8)
    digests_of_pairs(text, nothing, nothing, text, nothing, nothing, 0)
