"""The six rules as one DuckDB query over the whole history, decoded and in memory before the clock runs."""

from pathlib import Path

from benchmarks.forms import fact_table
from benchmarks.peers.contest import NotInstalledError, Outcome, Stopwatch, Task, Told
from benchmarks.stream import Stream

try:
    import duckdb
    import pyarrow as pa

    INSTALLED = bool(pa)
except ImportError:
    INSTALLED = False

QUERY = Path(__file__).parent / "duckdb_backtest.sql"


def run(stream: Stream, task: Task) -> Outcome:
    """One query, on one thread."""
    if not INSTALLED:
        raise NotInstalledError("duckdb or pyarrow is not installed")
    watch = Stopwatch()
    with duckdb.connect(config={"threads": 1}) as database:
        table = fact_table(stream)
        database.register("arrow_fact", table)
        database.execute("CREATE TABLE fact AS SELECT * FROM arrow_fact")
        with watch.running():
            found = database.execute(QUERY.read_text(encoding="utf-8"), {"until": stream.end}).fetchall()
    return watch.outcome(stream, [Told(*each) for each in found], remark=f"duckdb {duckdb.__version__}")
