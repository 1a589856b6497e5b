"""`amends events`: good lines are kept, bad ones are named with their number."""

import json
from pathlib import Path

from tests.cli.process import amends

from amends.runtime.wiring import open_store


def _line(id_: str, **changes: object) -> str:
    event = {
        "specversion": "1.0",
        "id": id_,
        "source": "shop",
        "type": "order.placed",
        "time": "2026-03-01T08:00:00Z",
        "keys": {"order": id_},
        "data": {"total": 100, "currency": "EUR"},
    }
    return json.dumps(event | changes)


def _journal(folder: Path) -> list[tuple[str, int | None]]:
    store = open_store(f"sqlite:///{folder}/amends.sqlite")
    with store.reading() as work:
        return [(entry.event.id, entry.event.received) for entry in work.journal.read(after=0, limit=100_000)]


def test_events_go_into_the_journal_once(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text("\n".join([_line("1"), "", _line("2"), _line("1")]) + "\n")
    first = amends("events", "events.jsonl", "--json", folder=tmp_path)
    again = amends("events", "events.jsonl", folder=tmp_path)
    assert (first.returncode, again.returncode) == (0, 0), first.stderr
    assert json.loads(first.stdout) == {"read": 3, "new": 2, "known": 1, "problems": []}
    assert "0 new events, 3 known already" in again.stdout
    # What a file tells was learned when it happened, so that its silences are those of then.
    happened = 1_772_352_000_000_000
    assert _journal(tmp_path) == [("1", happened), ("2", happened)]


def test_bad_lines_are_named_and_good_ones_kept(tmp_path: Path) -> None:
    lines = [
        _line("1"),
        "{not json",
        _line("2", type="order.exploded"),
        _line("3", keys={"parcel": "1"}),
        _line("1", time="2026-03-02T08:00:00Z"),
        _line("4"),
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(lines))
    done = amends("events", "events.jsonl", "--json", folder=tmp_path)
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert [problem["line"] for problem in answer["problems"]] == [2, 3, 4, 5]
    assert "order.exploded" in done.stderr
    assert done.stderr.splitlines()[3].startswith("Line 5: It repeats 1 of shop")
    assert [id_ for id_, _ in _journal(tmp_path)] == ["1", "4"]


def test_a_file_without_a_usable_line_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order,total\n1,100\n")
    done = amends("events", "orders.csv", folder=tmp_path)
    assert done.returncode == 2
    assert "CloudEvents" in done.stderr
    assert amends("events", "missing.jsonl", folder=tmp_path).returncode == 2
