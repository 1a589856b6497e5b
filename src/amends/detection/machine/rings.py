"""Which accounts and handles belong together: trees of nodes, the root of each being its earliest.

A node is an account or a handle, numbered as it is first met: `members` say what it is, as its value times the number
of columns, plus the column it stands in (0: accounts); `above` the node over it, itself at a root. Of handles, `users`
is the one account that has used it, -1 for none; or, if there are more, minus how many, as far as is worth counting.
`pairs` are the accounts of handles that more than one has used. See docs/kernel.md, Rings.

A place in a table is what the hash says as a share of it, so that it may be of any size.
"""

import numpy as np
from numpy.typing import NDArray

from amends.detection.compiled import Whole, compiled, inlined

Index = NDArray[np.int64]
Small = NDArray[np.int32]
Members = NDArray[np.uint32]

EMPTY = -1
FULL = 0.8
"""The share of a table that is used before it grows."""
NODES, PAIRS, UNIONS = 0, 1, 2
"""Places of `counts`: how many nodes and pairs there are, and how many unions this call brought about."""


@inlined
def _share(mix: Whole, size: Whole) -> int:
    return int((((mix >> 32) & 0x7FFFFFFF) * size) >> 31)


@inlined
def _slot(member: Whole, table: Small, members: Members) -> int:
    """Where a node is in the table, or would be."""
    place = _share(member * np.int64(-7046029254386353131), len(table))
    while table[place] != EMPTY and members[table[place]] != member:
        place += 1
        if place == len(table):
            place = 0
    return int(place)


@inlined
def _made(member: Whole, table: Small, members: Members, above: Small, users: Small, counts: Index) -> int:
    """The node of a member, new where need be."""
    place = _slot(member, table, members)
    if table[place] == EMPTY:
        node = counts[NODES]
        counts[NODES] += 1
        members[node], above[node], users[node] = member, node, EMPTY
        table[place] = node
    return int(table[place])


@inlined
def _root(node: Whole, above: Small) -> int:
    while above[node] != node:
        above[node] = above[above[node]]
        node = above[node]
    return int(node)


@inlined
def _is_new(pair: Whole, pairs: Index, counts: Index) -> bool:
    """Enter a pair; whether it was not there."""
    place = _share(pair * np.int64(-7046029254386353131), len(pairs))
    while pairs[place] != EMPTY:
        if pairs[place] == pair:
            return False
        place += 1
        if place == len(pairs):
            place = 0
    pairs[place] = pair
    counts[PAIRS] += 1
    return True


@inlined
def _uses(handle: Whole, users: Small) -> int:
    """How many accounts have used a handle."""
    return int(-users[handle]) if users[handle] < EMPTY else (0 if users[handle] == EMPTY else 1)


@inlined
def _use(handle: Whole, account: Whole, at_most: Whole, users: Small, pairs: Index, counts: Index) -> None:
    """An account uses a handle."""
    uses = _uses(handle, users)
    if uses == 0:
        users[handle] = account
    elif uses <= at_most and users[handle] != account:
        if uses == 1:
            _is_new((handle << 32) | users[handle], pairs, counts)
        if _is_new((handle << 32) | account, pairs, counts):
            users[handle] = -(uses + 1)


@compiled
def follow(
    events: Index, links: NDArray[np.bool_], at_most: int, counts: Index,
    table: Small, members: Members, above: Small, users: Small, pairs: Index, rings: Index, unions: Index,
) -> None:  # fmt: skip
    """Go through events in order. A row of `events` is the account and the handles of one, below 0 where absent.

    Where `links`, they are linked; elsewhere the root of what they belong to is written into `rings`, -1 for none.
    `unions` are those of trees that there were before: the event, the root that stays, and the one that is no more.
    There must be room for as many nodes, pairs and unions as these name.
    """
    counts[UNIONS] = 0
    columns = events.shape[1]
    for event in range(len(events)):
        account = events[event, 0]
        if not links[event]:
            found = np.int64(EMPTY)
            if account >= 0:
                found = np.int64(table[_slot(account * columns, table, members)])
            for column in range(1, columns):
                if found == EMPTY and events[event, column] >= 0:
                    node = np.int64(table[_slot(events[event, column] * columns + column, table, members)])
                    if node != EMPTY and _uses(node, users) <= at_most:
                        found = node
            rings[event] = _root(found, above) if found != EMPTY else EMPTY
            continue
        before = counts[NODES]
        top = np.int64(EMPTY)
        if account >= 0:
            account = np.int64(_made(account * columns, table, members, above, users, counts))
            top = np.int64(_root(account, above))
        for column in range(1, columns):
            value = events[event, column]
            if value < 0:
                continue
            handle = np.int64(_made(value * columns + column, table, members, above, users, counts))
            if account >= 0:
                _use(handle, account, at_most, users, pairs, counts)
            if _uses(handle, users) > at_most:
                continue
            root = np.int64(_root(handle, above))
            if top == EMPTY or root == top:
                top = root
                continue
            kept, gone = min(top, root), max(top, root)
            above[gone] = kept
            top = kept
            if gone < before:
                number = counts[UNIONS]
                counts[UNIONS] += 1
                unions[number, 0], unions[number, 1], unions[number, 2] = event, kept, gone


@compiled
def refill(table: Small, members: Members, count: int) -> None:
    """Enter all nodes into an empty table."""
    for node in range(count):
        table[_slot(np.int64(members[node]), table, members)] = node


@compiled
def repair(pairs: Index, known: Index, counts: Index) -> None:
    """Enter known pairs into an empty table."""
    counts[PAIRS] = 0
    for place in range(len(known)):
        if known[place] != EMPTY:
            _is_new(known[place], pairs, counts)
