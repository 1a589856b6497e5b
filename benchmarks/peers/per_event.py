"""The whole built-in pack, its rules compiled to Python and judged one event at a time."""

from amends.detection import lean, load_pack
from benchmarks.forms import events_of, portions
from benchmarks.peers.contest import Outcome, Stopwatch, Task
from benchmarks.peers.kernel import tell
from benchmarks.perevent.engine import Engine
from benchmarks.stream import Stream


def run(stream: Stream, task: Task) -> Outcome:
    """Decoded events through compiled functions."""
    pack = lean(load_pack())
    engine, watch = Engine(pack), Stopwatch()
    for start, part in portions(stream, task.batch):
        batch = events_of(part, start, decoded=True)
        with watch.running():
            engine.take(batch)
    with watch.running():
        engine.end(stream.end)
    left_out = engine.program.left_out
    remark = f"{len(pack.rules) - len(left_out)} of {len(pack.rules)} rules"
    if left_out:
        remark += "; it cannot read " + ", ".join(f"{rule} ({part})" for rule, part in left_out.items())
    return watch.outcome(stream, tell(engine.findings, engine.clearings), unread=[*left_out], remark=remark)
