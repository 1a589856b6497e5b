"""The hits of a surge as troubles of their own: where each would be a finding, and where it is over.

A fault that is told only once its group surges; which hits are told is for the surge to say. See docs/kernel.md.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from amends.detection.expression import Expression
from amends.detection.finding import Finding
from amends.detection.judges import Troubles, clearing
from amends.detection.rule import Rule
from amends.detection.surge import Ending
from amends.detection.versions import Table, Versions

Index = NDArray[np.int64]


class HitJudge:
    """Follows each hit of one surge until its own trouble is over."""

    def __init__(self, rule: Rule, table: Table, until: Expression) -> None:
        self._troubles = Troubles(rule, table, until)
        self._rows = table.rows

    def endings(self, versions: Versions, places: Index, hits: list[Finding]) -> list[Ending]:
        """Where troubles end in the batch: of earlier hits, and of these, which are at `places`."""
        return [
            Ending((int(subset.position[index]), int(subset.places[index])), clearing(finding, subset, index))
            for finding, subset, index in self._troubles.endings(versions, places, [hit.id for hit in hits])
        ]

    def forget(self, hits: list[Finding]) -> None:
        """Follow these no more."""
        for hit in hits:
            self._troubles.open.remove(self._rows.index[hit.subject], hit.id)

    def dump(self) -> Any:
        """The hits that are followed, for a snapshot."""
        return self._troubles.open.dump()

    def load(self, content: Any) -> None:
        """Take over dumped hits."""
        self._troubles.open.load(content)
