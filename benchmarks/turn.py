"""One turn of one contestant, in a process and on a core of its own: python -m benchmarks.turn NAME STREAM OUT ..."""

import gc
import os
import sys
import tempfile
from pathlib import Path

import msgspec

from benchmarks.contestants import CONTESTANTS
from benchmarks.peers.contest import NotInstalledError, Outcome, Task
from benchmarks.stream import Stream


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn is told."""

    contestant: str
    stream: str
    events: int
    core: int
    poll_minutes: int
    batch: int


class Answer(msgspec.Struct, kw_only=True):
    """What it says: an outcome, or why there is none."""

    outcome: Outcome | None = None
    missing: str = ""


def main() -> None:
    """Reads an order from standard input, writes the answer to the file named on the command line."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {order.core})
    stream = Stream.load(Path(order.stream)).head(order.events)
    gc.collect()
    gc.freeze()
    with tempfile.TemporaryDirectory(prefix="amends-benchmark-", ignore_cleanup_errors=True) as folder:
        task = Task(poll_minutes=order.poll_minutes, batch=order.batch, folder=Path(folder))
        try:
            answer = Answer(outcome=CONTESTANTS[order.contestant].run(stream, task))
        except NotInstalledError as reason:
            answer = Answer(missing=str(reason))
    Path(sys.argv[1]).write_bytes(msgspec.msgpack.encode(answer))


if __name__ == "__main__":
    main()
