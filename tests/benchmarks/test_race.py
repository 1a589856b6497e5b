"""The race as one command runs it: turns in processes of their own, a table, a chart, and what is absent said."""

import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest
from benchmarks.__main__ import main
from benchmarks.chart import chart_of
from benchmarks.race import Line, Race, Size
from benchmarks.table import markdown_of, marks_of
from click.testing import CliRunner

_SIZE = Size(events=1_000, rounds=1, source="seed 1", poll_minutes=15, batch=1_000, core=0)


def test_a_small_race(tmp_path: Path) -> None:
    file, chart = tmp_path / "race.json", tmp_path / "race.svg"
    words = ["--events", "3000", "--rounds", "1", "--only", "loop", "--only", "amends-same", "--only", "per-event"]
    result = CliRunner().invoke(main, [*words, "--json", str(file), "--chart", str(chart)])
    assert result.exit_code == 0, result.output
    race = msgspec.json.decode(file.read_bytes(), type=Race)
    assert [line.contestant for line in race.lines] == ["amends", "loop", "amends-pack", "amends-same", "per-event"]
    for line in race.lines:
        assert line.agreement is not None
        assert line.agreement.equal
        assert (line.events, len(line.rounds)) == (3_000, 1)
        assert line.per_second > 0
    assert len(list(marks_of(race))) == 3
    assert "Python loop, by hand" in result.output
    root = ET.fromstring(chart.read_text())
    assert len(root.findall(".//{http://www.w3.org/2000/svg}rect")) == 1 + len(race.lines)


def test_who_is_not_installed_stands_in_the_table() -> None:
    absent = Line(contestant="flink", label="Flink", rules="six", missing="apache-flink is not installed")
    race = Race(size=_SIZE, conditions={}, lines=[absent])
    assert "not run: apache-flink is not installed" in markdown_of(race)
    assert chart_of(race).startswith("<svg")


def test_an_unknown_contestant_is_refused() -> None:
    result = CliRunner().invoke(main, ["--only", "cobol"])
    assert result.exit_code == 2
    assert "cobol" in result.output


@pytest.mark.parametrize("text", ["a < b", "<&>"])
def test_the_chart_is_well_formed_whatever_a_label_says(text: str) -> None:
    line = Line(contestant="loop", label=text, rules="six", per_cpu_second=1_000.0, rounds=[(1.0, 1.0)])
    ET.fromstring(chart_of(Race(size=_SIZE, conditions={}, lines=[line])))
