"""The six rules as a Bytewax dataflow with one worker.

Links are resolved before the stream is keyed, in a dictionary of the one worker, which is more than a flow over several
could do. Its notifications go by the wall clock, so over history a key looks at what is due when its next event comes,
or at the end of the stream.
"""

from collections.abc import Iterable
from datetime import timedelta
from importlib.metadata import version

from benchmarks.forms import facts_of
from benchmarks.peers.contest import NotInstalledError, Outcome, Stopwatch, Task, Told
from benchmarks.peers.keyed import Fact, Found, Life, Links, Touch, life_of
from benchmarks.stream import Stream

try:
    import bytewax.operators as op
    from bytewax.dataflow import Dataflow
    from bytewax.testing import TestingSink, TestingSource, run_main

    INSTALLED = True
except ImportError:
    INSTALLED = False

_AT_ONCE = 1_000


def run(stream: Stream, task: Task) -> Outcome:
    """The dataflow over decoded facts."""
    if not INSTALLED:
        raise NotInstalledError("bytewax is not installed (there is none for this Python)")
    facts = list(facts_of(stream))
    found: list[Found] = []
    flow, watch = _flow(facts, found, stream.end), Stopwatch()
    with watch.running():
        run_main(flow, epoch_interval=timedelta(seconds=10))  # type: ignore[no-untyped-call]
    return watch.outcome(stream, [Told(*each) for each in found], remark=f"bytewax {version('bytewax')}")


def _flow(facts: list[Fact], found: list[Found], end: int) -> "Dataflow":
    class Judge(op.StatefulBatchLogic[Touch, Found, Life]):
        """One key."""

        def __init__(self, life: Life | None) -> None:
            self.life = life

        def on_batch(self, values: list[Touch]) -> tuple[Iterable[Found], bool]:
            if self.life is None:
                self.life = life_of(values[0][0])
            life, told = self.life, []
            for _, fact, received in values:
                told += life.touch(fact, received)
            return told, False

        def on_eof(self) -> tuple[Iterable[Found], bool]:
            return (self.life.pass_to(end) if self.life else ()), True

        def snapshot(self) -> Life:
            # Nothing is written for recovery, so nobody keeps it.
            assert self.life is not None
            return self.life

    links = Links()

    def reach(batch: list[Fact]) -> list[tuple[str, Touch]]:
        return [(touch[0], touch) for fact in batch for touch in links.touches(fact)]

    flow = Dataflow("six")
    events = op.input("events", flow, TestingSource(facts, batch_size=_AT_ONCE))
    keyed = op.flat_map_batch("reach", events, reach)
    told = op.stateful_batch("judge", keyed, Judge)
    op.output("found", op.map("plain", told, lambda pair: pair[1]), TestingSink(found))
    return flow
