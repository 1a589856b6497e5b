"""Who takes part: what each is called, which rules it has, and how many events it is given at most."""

from importlib import import_module
from typing import Final, Literal

import msgspec

from benchmarks.peers.contest import Outcome, Run, Task
from benchmarks.stream import Stream

Rules = Literal["six", "pack"]


class Contestant(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    label: str
    rules: Rules
    module: str
    """Of benchmarks.peers; only its own process reads it, with whatever it needs."""
    function: str = "run"
    most: int | None = None
    """It is given no more events than these: it would take too long."""
    polled: bool = False
    """It learns of a finding at its next poll, and of none that is over by then."""

    def run(self, stream: Stream, task: Task) -> Outcome:
        """One turn. Raises NotInstalledError."""
        function: Run = getattr(import_module(f"benchmarks.peers.{self.module}"), self.function)
        return function(stream, task)


CONTESTANTS: Final = {
    "amends": Contestant(label="Amends", rules="six", module="kernel", function="run_six"),
    "loop": Contestant(label="Python loop, by hand", rules="six", module="loop"),
    "loop-ready": Contestant(
        label="Python loop, by hand, its facts laid ready", rules="six", module="loop", function="run_ready"
    ),
    "duckdb": Contestant(label="DuckDB, one query", rules="six", module="duckdb_backtest"),
    "bytewax": Contestant(label="Bytewax", rules="six", module="bytewax_flow", most=300_000),
    "flink": Contestant(label="Flink", rules="six", module="flink_job", most=50_000),
    "sqlite-polling": Contestant(
        label="SQLite, polled", rules="six", module="polling_sqlite", most=200_000, polled=True
    ),
    "postgres-polling": Contestant(
        label="PostgreSQL, polled", rules="six", module="polling_postgres", most=60_000, polled=True
    ),
    "duckdb-polling": Contestant(
        label="DuckDB, polled", rules="six", module="polling_duckdb", most=15_000, polled=True
    ),
    "amends-pack": Contestant(label="Amends", rules="pack", module="kernel", function="run_pack"),
    "amends-same": Contestant(
        label="Amends, the rules that the next reads", rules="pack", module="kernel", function="run_same"
    ),
    "per-event": Contestant(label="One event at a time, compiled Python", rules="pack", module="per_event"),
    "amends-single": Contestant(
        label="Amends, one event at a time", rules="pack", module="kernel", function="run_singles", most=100_000
    ),
}
OURS: Final = {"six": "amends", "pack": "amends-pack"}
"""With whose findings and speed those of the others are compared."""
