"""One pass of history through one pack of rules, or through several at once."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from amends.detection.backtest.distinct import Distinct
from amends.detection.backtest.ledger import Ledger
from amends.detection.backtest.outcome import Outcome
from amends.detection.backtest.report import Report, results
from amends.detection.batch import EventBatch, batch_of
from amends.detection.kernel import Kernel
from amends.detection.lean import lean
from amends.detection.pool import Pool
from amends.detection.rule import Pack
from amends.detection.settled import Settled, Store
from amends.model.event import Event
from amends.model.instant import Instant

_BEGINNING: Final = np.iinfo(np.int64).min


class Backtest:
    """Takes history in portions of any size, in the order in which it was learned; `report()` at its end.

    Of several packs each judges for itself; what the events say is read once for all of them. `settled` is told of
    each finding of the first pack as soon as it has cleared or cannot clear, and of the others by `settle()`. Without
    `keep`, the reports have figures and no outcomes, and no finding is held that cannot clear any more. `scratch` makes
    a store for each pack; subjects of which nothing is awaited lie there and not in memory.
    """

    def __init__(
        self,
        pack: Pack,
        *others: Pack,
        settled: Callable[[Outcome], None] | None = None,
        keep: bool = True,
        scratch: Callable[[], Store] | None = None,
    ) -> None:
        self._runs = [_Run(pack, Ledger(pack, settled, keep=keep), scratch)]
        self._runs += [_Run(one, Ledger(one, None, keep=keep), scratch) for one in others]
        self._readers: dict[str, frozenset[str]] = {}
        for run in self._runs:
            for field, types in run.kernel.readers.items():
                self._readers[field] = self._readers.get(field, frozenset()) | types
        self._events = 0
        self._orders = Distinct()
        self._backward = 0
        self._since: Instant | None = None

    @property
    def clock(self) -> Instant | None:
        """How far the history has come; None before its first event."""
        return self._runs[0].kernel.clock

    @property
    def fields(self) -> frozenset[str]:
        """The fields of events that any of the packs reads."""
        return frozenset(self._readers)

    def feed(self, events: Sequence[Event]) -> None:
        """Judge the next events, each of which is given once."""
        if not events:
            return
        # With several kernels the texts of a portion are its own, so that none of them translates all that ever was.
        alone = len(self._runs) == 1
        self.feed_batch(self._runs[0].kernel.columns_of(events) if alone else batch_of(events, self._readers, Pool()))

    def feed_batch(self, batch: EventBatch) -> None:
        """The same, for events that are columns already."""
        if not batch.size:
            return
        self._note(batch)
        for run in self._runs:
            run.ledger.take(run.kernel.on_batch(batch))

    def sweep(self, now: Instant) -> None:
        """Let the clock pass to `now`; it does not go back."""
        for run in self._runs:
            run.ledger.take(run.kernel.sweep(now))

    def settle(self) -> None:
        """The history is over: tell of the findings that are still open. Nothing may be fed any more."""
        self._runs[0].ledger.settle()

    def report(self) -> Report:
        """What the first pack has found so far."""
        return self.reports()[0]

    def reports(self) -> list[Report]:
        """What each pack has found so far, in the order in which they were given."""
        return [self._report(run) for run in self._runs]

    def _report(self, run: "_Run") -> Report:
        lines = run.ledger.lines()
        until = run.kernel.clock
        orders = self._orders.count
        return Report(
            events=self._events,
            orders=orders,
            backward=self._backward,
            since=self._since,
            until=until,
            findings=len(lines.rule),
            rules=results(run.pack, lines, orders=orders, until=until),
            outcomes=sorted(run.ledger.outcomes(), key=lambda one: (one.fired_at, one.rule, one.subject)),
        )

    def _note(self, batch: EventBatch) -> None:
        clock = _BEGINNING if self.clock is None else self.clock
        latest = np.maximum(np.maximum.accumulate(batch.received), clock)
        self._events += batch.size
        self._backward += int((batch.received < latest).sum())
        if self._since is None:
            self._since = Instant(int(batch.received[0]))
        if "order" in batch.keys:
            self._orders.add(batch.keys["order"].names)


class _Run:
    """One pack at work."""

    def __init__(self, pack: Pack, ledger: Ledger, scratch: Callable[[], Store] | None) -> None:
        self.pack = pack
        self.kernel = Kernel(lean(pack), None if scratch is None else Settled(scratch()))
        self.ledger = ledger
