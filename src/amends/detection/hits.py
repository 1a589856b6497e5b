"""The hits of a surge as troubles of their own: where each would be a finding, and where it is over.

A fault that is told only once its group surges; which hits are told is for the surge to say. See docs/kernel.md.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from amends.detection.expression import Expression
from amends.detection.finding import Clearing, Finding
from amends.detection.judges import cause_of
from amends.detection.scan import first_true, next_true
from amends.detection.surge import Ending
from amends.detection.versions import Versions
from amends.model.instant import Instant

Index = NDArray[np.int64]


class HitJudge:
    """Follows each hit of one surge until its own trouble is over."""

    def __init__(self, until: Expression) -> None:
        self._until = until
        self._open: dict[int, list[str]] = {}
        self._row_of: dict[str, int] = {}

    def endings(self, versions: Versions, index: Index, hits: list[Finding]) -> list[Ending]:
        """Where troubles end in the batch: of earlier hits, and of these, which are at `index`."""
        if not self._open and not len(index):
            return []
        ends = self._until.holds(versions)
        endings = self._end_open(versions, ends)
        following = next_true(versions.segments, ends)[index]
        for place, ended, hit in zip(index.tolist(), following.tolist(), hits, strict=True):
            if ended < versions.size:
                endings.append(_ending(hit.id, versions, ended))
            else:
                row = int(versions.touches.row[place])
                self._open.setdefault(row, []).append(hit.id)
                self._row_of[hit.id] = row
        return endings

    def _end_open(self, versions: Versions, ends: NDArray[np.bool_]) -> list[Ending]:
        if not self._open:
            return []
        endings: list[Ending] = []
        segments = versions.segments
        for start, ended in zip(segments.starts.tolist(), first_true(segments, ends).tolist(), strict=True):
            row = int(versions.touches.row[start])
            if ended < versions.size and row in self._open:
                for hit in self._open.pop(row):
                    del self._row_of[hit]
                    endings.append(_ending(hit, versions, ended))
        return endings

    def forget(self, hits: list[str]) -> None:
        """Follow these no more; those that are over already are passed by."""
        for hit in hits:
            row = self._row_of.pop(hit, None)
            if row is not None:
                self._open[row].remove(hit)
                if not self._open[row]:
                    del self._open[row]

    def dump(self) -> Any:
        """The hits that are followed, for a snapshot."""
        return list(self._open.items())

    def load(self, content: Any) -> None:
        """Take over dumped hits."""
        self._open = {row: list(hits) for row, hits in content}
        self._row_of = {hit: row for row, hits in self._open.items() for hit in hits}


def _ending(hit: str, versions: Versions, place: int) -> Ending:
    at = Instant(int(versions.received[place]))
    clearing = Clearing(finding=hit, cleared_at=at, cause=cause_of(versions, [place])[0])
    return Ending((int(versions.touches.position[place]), place), clearing)
