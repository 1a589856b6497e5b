"""The findings of a backtest as CSV: taken as they settle, written in the order in which they fired."""

import csv
import io
import mmap
from array import array
from tempfile import TemporaryFile
from typing import IO, Final

import numpy as np

from amends.detection.backtest import Outcome, digest_of, last_of_each
from amends.model.instant import format_instant

COLUMNS: Final = ("exception", "rule", "subject", "order", "fired_at", "cleared_at", "loss_minor", "currency")


class Spool:
    """Holds lines in a file of its own, and 24 bytes of each in memory, until all are known."""

    def __init__(self) -> None:
        self._lines = TemporaryFile()  # noqa: SIM115
        self._ids, self._fired, self._starts = array("Q"), array("q"), array("q")
        self._end = 0

    def add(self, outcome: Outcome) -> None:
        """One more finding, of which nothing more is to come."""
        line = _line(outcome)
        self._ids.append(digest_of(outcome.id))
        self._fired.append(outcome.fired_at)
        self._starts.append(self._end)
        self._end += self._lines.write(line)

    def write(self, out: IO[str]) -> None:
        """Every finding, in the order in which they fired; of one that fired again for the same cause, the last."""
        out.write(_csv(COLUMNS))
        places = last_of_each(self._ids)
        if not len(places):
            return
        self._lines.flush()
        starts = np.array(self._starts, dtype=np.int64)
        ends = np.append(starts[1:], self._end)
        fired = np.array(self._fired, dtype=np.int64)[places]
        order = places[np.argsort(fired, kind="stable")]
        _, counts = np.unique(fired, return_counts=True)
        with mmap.mmap(self._lines.fileno(), 0, access=mmap.ACCESS_READ) as lines:
            last = 0
            for count in counts.tolist():
                # What fires at one moment stands in an order that does not depend on when it settled.
                at_once = order[last : last + count].tolist()
                last += count
                out.writelines(sorted(lines[starts[place] : ends[place]].decode() for place in at_once))
        self._lines.close()


def _line(one: Outcome) -> bytes:
    cleared = "" if one.cleared_at is None else format_instant(one.cleared_at)
    times = (format_instant(one.fired_at), cleared)
    return _csv((one.exception, one.rule, one.subject, one.order, *times, one.loss, one.currency)).encode()


def _csv(values: tuple[object, ...]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()
