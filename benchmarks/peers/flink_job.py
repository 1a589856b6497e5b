"""The six rules as a Flink job in Python: keyed processes with event-time timers, one task slot.

Flink is 700 MB, needs a Java, and wants older libraries than Amends: it has an environment of its own, which needs
apache-flink, msgspec, sqlglot, numba and holidays.
"""

import os
import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from benchmarks.forms import facts_of
from benchmarks.peers.contest import NotInstalledError, Outcome, Stopwatch, Task, Told
from benchmarks.peers.keyed import Fact, Found, Links, Touch, life_of
from benchmarks.processes import seconds_of
from benchmarks.stream import Stream

try:
    from pyflink.common import Configuration, WatermarkStrategy
    from pyflink.common.typeinfo import Types
    from pyflink.common.watermark_strategy import TimestampAssigner
    from pyflink.datastream import KeyedProcessFunction, StreamExecutionEnvironment
    from pyflink.datastream.state import ValueStateDescriptor

    INSTALLED = True
except ImportError:
    INSTALLED = False
    KeyedProcessFunction = TimestampAssigner = object


class Received(TimestampAssigner):  # type: ignore[misc]
    """Events happen, for the watermark, when they are received."""

    def extract_timestamp(self, value: Any, record_timestamp: int) -> int:
        return int(value[2]) // 1_000


class Reach(KeyedProcessFunction):  # type: ignore[misc]
    """Which keys an event reaches: keyed by payment or parcel, so that each keeps its own link."""

    def open(self, runtime_context: Any) -> None:
        self._links = runtime_context.get_state(ValueStateDescriptor("links", Types.PICKLED_BYTE_ARRAY()))

    def process_element(self, value: Fact, ctx: Any) -> Iterator[Touch]:
        links = self._links.value() or Links()
        yield from list(links.touches(value))
        if value[4] is not None or value[5] is not None:
            self._links.update(links)


class Judge(KeyedProcessFunction):  # type: ignore[misc]
    """One order or parcel. Flink's timers have milliseconds: one fires where the next whole one begins."""

    def open(self, runtime_context: Any) -> None:
        self._life = runtime_context.get_state(ValueStateDescriptor("life", Types.PICKLED_BYTE_ARRAY()))

    def process_element(self, value: Touch, ctx: Any) -> Iterator[Found]:
        key, fact, received = value
        life = self._life.value() or life_of(key)
        before = life.next_due()
        yield from life.touch(fact, received)
        self._life.update(life)
        due = life.next_due()
        if due is not None and due != before:
            ctx.timer_service().register_event_time_timer(due // 1_000 + 1)

    def on_timer(self, timestamp: int, ctx: Any) -> Iterator[Found]:
        life = self._life.value()
        found = life.pass_to(timestamp * 1_000)
        if not found:
            return
        self._life.update(life)
        yield from found
        due = life.next_due()
        if due is not None:
            ctx.timer_service().register_event_time_timer(due // 1_000 + 1)


def run(stream: Stream, task: Task) -> Outcome:
    """The job over decoded facts; what starting a job of one event takes is taken off."""
    if not INSTALLED:
        raise NotInstalledError("apache-flink is not installed; name a Python that has it with --flink")
    # A last event of nobody carries the watermark to the end, and no further: Flink itself would end with all timers.
    nobody: list[Any] = ["order.closed", stream.end, stream.end, *[None] * 9]
    facts = [*facts_of(stream), tuple(nobody)]
    environment = _environment()
    _judge(environment, facts[-1:])
    idle = Stopwatch(_spent_by_children)
    with idle.running():
        _judge(environment, facts[-1:])
    start = idle.outcome(stream, [])
    watch = Stopwatch(_spent_by_children)
    with watch.running():
        found = [Told(*each) for each in _judge(environment, facts) if each[2] < stream.end]
    outcome = watch.outcome(stream, found, remark=f"apache-flink {version('apache-flink')}")
    outcome.wall -= start.wall
    outcome.cpu -= start.cpu
    return outcome


def _spent_by_children() -> float:
    return seconds_of(os.getpid(), itself=False)


def _environment() -> Any:
    # The interpreter within the Java process, which begins here, knows of no virtual environments.
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    configuration = Configuration()
    # Python within the Java process: the other way, a process beside it, took several times as long.
    configuration.set_string("python.execution-mode", "thread")
    environment = StreamExecutionEnvironment.get_execution_environment(configuration)
    environment.set_parallelism(1)
    environment.set_python_executable(sys.executable)
    return environment


def _judge(environment: Any, facts: list[Fact]) -> list[Found]:
    watermarks = WatermarkStrategy.for_monotonous_timestamps().with_timestamp_assigner(Received())
    found = (
        environment.from_collection(facts)
        .assign_timestamps_and_watermarks(watermarks)
        .key_by(lambda fact: fact[4] or fact[5] or f"order {fact[3]}")
        .process(Reach())
        .key_by(lambda touch: touch[0])
        .process(Judge())
    )
    with found.execute_and_collect("six") as results:
        return [tuple(each) for each in results]
