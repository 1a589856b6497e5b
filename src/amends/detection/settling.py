"""Settled subjects leave memory, and come back if they are named again.

They leave and come back by families: an order with everything that belongs to it, and any other subject by itself. An
order knows its buyer by name; the buyer stays as long as an order in memory refers to it.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from amends.detection.engine import Engine
from amends.detection.machine import leaving
from amends.detection.machine.hashing import gather, hash_of
from amends.detection.machine.loop import BUYER, CHILD_KINDS, ORDER
from amends.detection.machine.row import BLOCK_ROWS, NUMBER, PARENT, UNIT, WEEK
from amends.detection.names import encoded
from amends.detection.program import Program
from amends.detection.settled import Settled
from amends.detection.verdicts import ID_SIZE, Reader
from amends.model.subjects import KINDS

Index = NDArray[np.int64]


class Settling:
    """Moves families between the rows of an engine and what has settled."""

    def __init__(self, program: Program, engine: Engine, reader: Reader, settled: Settled) -> None:
        self.settled, self._heap, self._reader = settled, engine.heap, reader
        self._subjects = [engine.subjects[kind] for kind in KINDS]
        layouts = [subjects.layout for subjects in self._subjects]
        self._widths = np.array([layout.width for layout in layouts], dtype=np.int64)
        self._chunks = np.array([layout.chunks for layout in layouts], dtype=np.int64)
        self._dues = [
            np.array([deadline.due for deadline in layout.deadlines.values()], dtype=np.int64) for layout in layouts
        ]
        self._waits = [
            np.array([place for places in layout.waits.values() for place in places], dtype=np.int64)
            for layout in layouts
        ]
        learned = {program.pack.rules[rule].table for rule in program.anew}
        self._quiet = [max(settled.quiet, 1) if kind in learned else settled.quiet for kind in KINDS]
        """What may be armed anew at the end of an epoch has to stay until then."""

    # ---------------------------------------------------------------- leaving

    def leave(self, now: int, pinned: Iterable[int], *, passed: int, begun: int) -> None:
        """Let go of every family of which nothing is awaited.

        Rows that are `pinned` stay. Of waits since `passed` or before, that were seen before `begun`, no more is
        learned until they end.
        """
        cells, busy = self._heap.cells, np.zeros(self._heap.blocks * BLOCK_ROWS, dtype=np.bool_)
        all_rows = [subjects.all() for subjects in self._subjects]
        for kind, rows in enumerate(all_rows):
            leaving.mark_busy(
                cells, rows, self._chunks[kind], busy, self._dues[kind], self._waits[kind],
                now // WEEK, self._quiet[kind], passed, begun,
            )  # fmt: skip
        leaving.mark(cells, np.unique(np.fromiter(pinned, dtype=np.int64)), busy)
        for kind in (*CHILD_KINDS, ORDER):
            leaving.mark_parents(cells, all_rows[kind], busy)
        gone = []
        for kind, rows in enumerate(all_rows):
            chosen = np.zeros(len(rows), dtype=np.bool_)
            leaving.choose(cells, rows, kind in CHILD_KINDS, busy, chosen)
            gone.append(rows[chosen])
        if any(map(len, gone)):
            self._write(gone)
            for subjects, rows in zip(self._subjects, gone, strict=True):
                if len(rows):
                    subjects.remove(rows)

    def _write(self, gone: list[Index]) -> None:
        cells = self._heap.cells
        buyers = cells[gone[ORDER] + PARENT]
        referring = gone[ORDER][buyers >= 0]
        rows = np.concatenate([*gone, buyers[buyers >= 0]])
        kinds = np.repeat([*range(len(KINDS)), BUYER], [*map(len, gone), len(referring)])
        named = np.arange(len(rows)) >= len(rows) - len(referring)
        family = np.concatenate([self._families(kind, one) for kind, one in enumerate(gone)] + [referring])
        order = np.lexsort((named, kinds, family))
        rows, kinds, named, family = rows[order], kinds[order], named[order], family[order]
        counts = np.zeros(len(rows), dtype=np.int64)
        leaving.cell_counts(cells, rows, kinds, named, self._widths, self._chunks, counts)
        owners, findings = self._open_findings(rows[~named])
        # One by itself that is as new needs no writing down.
        number = np.append(0, np.cumsum(family[1:] != family[:-1]))
        worth = (np.bincount(number)[number] > 1) | (counts > 0)
        rows, kinds, named, counts, number = rows[worth], kinds[worth], named[worth], counts[worth], number[worth]
        if len(rows):
            more, more_starts = _in_order(rows, named, owners, findings)
            family = np.unique(number, return_inverse=True)[1]
            self._write_down(rows, kinds, named, counts + np.diff(more_starts), family, more, more_starts)

    def _open_findings(self, gone: Index) -> tuple[Index, Index]:
        """The open findings of rows that leave, as numbers: their rows, and the rule and the id of each."""
        found = self._reader.open.leave(gone)
        owners = [row for _, row, _ in found]
        numbers = [rule.to_bytes(8, "little") + finding for rule, _, finding in found]
        return np.array(owners, dtype=np.int64), np.frombuffer(b"".join(numbers), dtype=np.int64).reshape(-1, 3)

    def _families(self, kind: int, rows: Index) -> Index:
        if kind not in CHILD_KINDS:
            return rows
        parents = self._heap.cells[rows + PARENT]
        return np.where(parents >= 0, parents, rows)

    def _write_down(
        self, rows: Index, kinds: Index, named: NDArray[np.bool_], counts: Index, family: Index, more: Index,
        more_starts: Index,
    ) -> None:  # fmt: skip
        cells = self._heap.cells
        digests = np.zeros(len(rows), dtype=np.int64)
        begins, ends, characters, at = np.zeros_like(digests), np.zeros_like(digests), [], 0
        for kind, subjects in enumerate(self._subjects):
            own = np.flatnonzero(kinds == kind)
            numbers = cells[rows[own]] & NUMBER
            part, stops = subjects.names.taken(numbers)
            digests[own] = self.settled.digests(kind, subjects.names, numbers)
            ends[own] = at + stops
            begins[own] = at + np.append(0, stops[:-1])[: len(own)]
            characters.append(part)
            at += len(part)
        sizes = np.bincount(family)
        words = 1 + (ends - begins + 7) // 8 + (counts + 3) // 4 + counts
        stops = np.cumsum(np.bincount(family, weights=words).astype(np.int64) + 1)
        content = np.zeros(int(stops[-1]), dtype=np.int64)
        leaving.write(
            cells, rows, kinds, named, self._widths, self._chunks, counts, more, more_starts,
            np.concatenate(characters), begins, ends, sizes, content, content.view(np.uint8), content.view(np.uint16),
        )  # fmt: skip
        members = ~named
        self.settled.add(
            content,
            np.append(0, stops[:-1]),
            stops,
            digests[members],
            family[members],
        )

    # ---------------------------------------------------------------- coming back

    def come_back(self, kind: int, numbers: Index, now: int) -> None:
        """Subjects of a kind have been named that are not in memory, and were given numbers: put back who had left."""
        places = self.settled.find_named(kind, self._subjects[kind].names, numbers)
        if len(places):
            self._put_back(places, now)

    def had_left(self, kind: int, name: str) -> bool:
        """Whether a subject that is not in memory may have left it."""
        return len(self.settled.find(self.settled.digest(kind, hash_of(encoded([name])[0])))) > 0

    def _put_back(self, places: Index, now: int) -> None:
        words, starts = self.settled.read(places)
        octets = words.view(np.uint8)
        count = int(words[starts].sum())
        family, kinds, begins, ends, cell_places, counts = (np.zeros(count, dtype=np.int64) for _ in range(6))
        named = np.zeros(count, dtype=np.bool_)
        leaving.read(words, starts, family, kinds, named, begins, ends, cell_places, counts)
        rows, digests = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
        new: Index = rows[:0]
        for kind in np.unique(kinds).tolist():
            own = np.flatnonzero(kinds == kind)
            subjects, stops = self._subjects[kind], np.cumsum(ends[own] - begins[own])
            asked = np.zeros(int(stops[-1]), dtype=np.uint8)
            gather(octets, begins[own], ends[own], asked)
            rows[own] = subjects.rows_of(asked, stops)
            numbers = self._heap.cells[rows[own]] & NUMBER
            digests[own] = self.settled.digests(kind, subjects.names, numbers)
            if kind == BUYER:
                new = subjects.new
        more = np.zeros(2 * int(counts.sum()), dtype=np.int64)
        self._heap.make_room(int(counts.sum()) + UNIT * len(counts) * int(self._chunks.max()))
        found = leaving.put(
            self._heap.cells, rows, family, named, cell_places, counts, words, words.view(np.uint16),
            now // WEEK, more,
        )  # fmt: skip
        self._open_again(more[:found].reshape(-1, 6))
        self.settled.remove(digests[~named], places[family[~named]])
        if len(new):
            self.come_back(BUYER, new, now)

    def _open_again(self, findings: Index) -> None:
        ids = findings[:, [3, 5]].tobytes()
        for place, (row, rule) in enumerate(findings[:, :2].tolist()):
            self._reader.open.put(rule, row, ids[ID_SIZE * place : ID_SIZE * (place + 1)])


def _in_order(rows: Index, named: NDArray[np.bool_], owners: Index, findings: Index) -> tuple[Index, Index]:
    """The numbers of findings in the order of the members that own them, and from where on they are each's."""
    own = np.flatnonzero(~named)
    by_row = own[np.argsort(rows[own])]
    member = by_row[np.searchsorted(rows[by_row], owners)] if len(owners) else owners
    starts = np.append(0, np.cumsum(np.bincount(member, minlength=len(rows)) * 3))
    return findings[np.argsort(member, kind="stable")].reshape(-1), starts
