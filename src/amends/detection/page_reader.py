"""Pages as the columns that a kernel reads."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amends.detection.batch import EventBatch, Keys, Laid, batch_of
from amends.detection.cells import store
from amends.detection.machine import lines
from amends.detection.page import NAMES, TYPES, Page, Spans
from amends.detection.pool import Pool
from amends.detection.vector import NO_INT
from amends.model.fields import FIELDS, FieldType
from amends.model.subjects import KINDS

Index = NDArray[np.int64]

_FORMS: Final[dict[FieldType, int]] = {
    "text": lines.TEXTS,
    "integer": lines.WHOLES,
    "money": lines.WHOLES,
    "decimal": lines.DECIMALS,
    "instant": lines.INSTANTS,
    "flag": lines.FLAGS,
}
_HOLDS: Final[Index] = np.array([_FORMS[field.type] for field in FIELDS.values()], dtype=np.int64)


class PageReader:
    """Makes batches of pages, with the fields that `readers` names, by the types of event that each is read from.

    Texts become codes of `pool`, whose first texts are the types of event.
    """

    def __init__(self, readers: Mapping[str, frozenset[str]], pool: Pool, listed: frozenset[str] = frozenset()) -> None:
        assert tuple(pool.texts[: len(TYPES)]) == TYPES, "types of event are numbered as pages number them"
        self._readers, self._pool, self._listed = readers, pool, listed
        self._names = tuple(name for name in sorted(readers))
        self._wanted: Index = np.full((len(TYPES), len(NAMES)), -1, dtype=np.int64)
        for number, name in enumerate(self._names):
            if name in FIELDS:
                on = [place for place, type_ in enumerate(TYPES) if type_ in readers[name]]
                self._wanted[on, NAMES.index(name)] = number
        self._listed_numbers = np.array([name in listed for name in self._names], dtype=np.bool_)
        self._sources = Pool()

    def batch(self, page: Page) -> EventBatch:
        """The events of a page as a batch."""
        laid = self._laid(page) if page.is_plain else None
        if laid is None:
            return batch_of(page.events(), self._readers, self._pool, self._listed)
        heads, text = page.heads, page.characters
        received = heads[:, lines.RECEIVED]
        time = heads[:, lines.TIME].copy()
        sources = Spans(text, heads[:, lines.SOURCE], heads[:, lines.SOURCE_END])
        return EventBatch(
            size=page.size,
            types=self._pool.texts,
            type=heads[:, lines.TYPE].astype(np.int32),
            sources=self._sources.texts,
            source=self._sources.codes_of(*sources.joined()).astype(np.int32),
            ids=Spans(text, heads[:, lines.ID], heads[:, lines.ID_END]),
            time=time,
            received=np.where(received == NO_INT, time, received),
            keys=_keys(page),
            fields={},
            laid=laid,
        )

    def _laid(self, page: Page) -> Laid | None:
        """The fields; None where one holds something else than the vocabulary says."""
        count = len(page.fields)
        starts, ends = (np.zeros(max(1, len(self._names)), dtype=np.int64) for _ in range(2))
        places, values = (np.empty(count, dtype=np.int64) for _ in range(2))
        into, begins, stops = np.empty((3, count), dtype=np.int64)
        later, counts = np.empty((count, 4), dtype=np.int64), np.zeros(4, dtype=np.int64)
        said = lines.lay_out(
            page.characters, page.heads.reshape(-1), page.fields.reshape(-1), count, self._wanted.reshape(-1),
            len(NAMES), _HOLDS, self._listed_numbers, starts, ends, places, values, values.view(np.float64), into,
            begins, stops, later.reshape(-1), counts,
        )  # fmt: skip
        if said == lines.ODD:
            return None
        total, front, back, left = counts.tolist()
        if front:
            told = Spans(page.characters, begins[:front], stops[:front])
            values[into[:front]] = self._pool.codes_of(*told.joined())
        if back:
            told = Spans(page.characters, begins[-back:], stops[-back:])
            values[into[-back:]] = self._pool.listed(*told.joined())
        for into, field, begin, end in later[:left].tolist():
            values[into] = self._read(page, field, begin, end)
        return Laid(places[:total], values[:total], starts, ends)

    def _read(self, page: Page, field: int, begin: int, end: int) -> Any:
        """A value that takes more than a look."""
        said = bytes(page.characters[begin:end])
        type_ = FIELDS[NAMES[field]].type
        value = said.decode() if type_ == "instant" else float(said) if type_ == "decimal" else int(said)
        stored = store([value], type_, self._pool)
        return stored.view(np.int64)[0]


def _keys(page: Page) -> dict[str, Keys]:
    keys = page.keys
    order, starts = np.empty(len(keys), dtype=np.int64), np.zeros(len(KINDS) + 1, dtype=np.int64)
    lines.count_keys(keys.reshape(-1), len(keys), starts, order)
    found = {}
    bounds = starts.tolist()
    for kind, first, last in zip(KINDS, bounds, bounds[1:], strict=False):
        if last > first:
            rows = keys[order[first:last]]
            names = Spans(page.characters, rows[:, lines.KEY], rows[:, lines.KEY_END])
            found[kind] = Keys(rows[:, lines.PLACE], names)
    return found
