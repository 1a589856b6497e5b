"""`amends backtest` beside another pack, against labels, and with a number at several values."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from tests.cli.process import Done, amends

from amends.detection.pack import load_pack
from amends.model.instant import parse_instant

PACKS = Path(__file__).parents[2] / "src" / "amends" / "detection" / "packs"
SWEEP = "no_first_scan.within=12h,24h,48h,72h"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    assert amends("sim", "--seed", "8", "--orders", "300", "--out", "world", folder=folder).returncode == 0
    return folder


def backtest(world: Path, *options: str) -> Done:
    return amends("backtest", "--events", "world/events.jsonl", *options, folder=world)


def test_labels_give_the_recall_and_precision_that_the_simulator_gives(world: Path) -> None:
    told = json.loads(backtest(world, "--labels", "world/truth.csv", "--json").stdout)["labels"]
    checked = json.loads(amends("sim", "--seed", "8", "--orders", "300", "--check", "--json", folder=world).stdout)
    scores = {one["exception"]: one for one in checked["scores"] if one["truths"]}
    assert len(told["exceptions"]) == len(scores) > 30
    # The check lets the clock go on to the end of the world, where the last silences fall due.
    same = [
        one["exception"]
        for one in told["exceptions"]
        if (one["hit"], one["right"]) == (scores[one["exception"]]["hit"], scores[one["exception"]]["right"])
    ]
    assert len(same) >= 0.9 * len(scores)
    late = next(one for one in told["exceptions"] if one["exception"] == "delivery_late")
    assert late["recall"] == late["precision"] == 1
    assert late["ahead_median_seconds"] == 0
    assert late["before_end_median_seconds"] > 0


def test_a_sweep_is_a_table_and_a_curve(world: Path) -> None:
    done = backtest(world, "--sweep", SWEEP, "--labels", "world/truth.csv", "--early", "3 days", "--chart", "curve.svg")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("no_first_scan.within"))
    assert lines[start].split()[:3] == ["no_first_scan.within", "fired", "orders"]
    assert [line.split()[:2] for line in lines[start + 1 : start + 5]] == [
        ["12", "hours"], ["24", "hours"], ["48", "hours"], ["72", "hours"],
    ]  # fmt: skip
    picture = (world / "curve.svg").read_text()
    drawn = ET.fromstring(picture)
    kinds = [one.get("class") for one in drawn.iter() if str(one.tag).endswith("path")]
    assert kinds == ["line findings", "line recall", "line precision"]
    assert len([one for one in drawn.iter() if one.get("class") == "findings-dot"]) == 4
    assert len([one for one in drawn.iter() if one.get("class") == "now"]) == 1

    document = json.loads(backtest(world, "--sweep", SWEEP, "--json").stdout)
    (sweep,) = document["sweeps"]
    fired = [one["fired"] for one in sweep["points"]]
    assert fired == sorted(fired, reverse=True)
    rule = next(one for one in document["rules"] if one["rule"] == "no_first_scan")
    assert sweep["points"][-1]["fired"] == rule["fired"]
    assert sweep["points"][0]["only_now"] == fired[0] - fired[-1]
    assert sweep["points"][0]["earlier"] == fired[-1]
    assert sweep["points"][0]["score"] is None


def test_two_versions_stand_side_by_side(world: Path) -> None:
    (world / "new").mkdir()
    for file in PACKS.glob("*.yaml"):
        shorter = re.sub(r"within: LEARNED\('first_scan'.*", "within: 12 hours", file.read_text())
        (world / "new" / file.name).write_text(shorter)
    options = ("--rules", "new", "--against", "built-in", "--labels", "world/truth.csv")
    document = json.loads(backtest(world, *options, "--json").stdout)
    changed = [
        one for one in document["comparison"]["rules"] if one["only_before"] or one["only_now"] or one["earlier"]
    ]
    (scan,) = changed
    assert (scan["rule"], scan["was"], scan["later"]) == ("no_first_scan", "no_first_scan", 0)
    assert scan["earlier_median_seconds"] == 36 * 3600
    total = document["comparison"]["total"]
    assert total["both"] + total["only_now"] == document["findings"]
    before = {one["exception"]: one for one in document["labels_before"]["exceptions"]}
    after = {one["exception"]: one for one in document["labels"]["exceptions"]}
    assert before["no_first_scan"]["precision"] == 1 > after["no_first_scan"]["precision"]
    # What the other version finds is what it finds alone.
    alone = json.loads(backtest(world, "--against", str(PACKS), "--json").stdout)
    assert total["both"] + total["only_before"] == alone["findings"]
    assert alone["comparison"]["total"]["both"] == alone["findings"]

    lines = backtest(world, *options).stdout.splitlines()
    assert any(line.startswith("no_first_scan ") and "1 day 12 hours" in line for line in lines)
    assert any(line.startswith("Beside the version before: ") for line in lines)
    assert any("recall before" in line for line in lines)


def test_work_shares_and_overlaps_are_told(world: Path) -> None:
    document = json.loads(backtest(world, "--json").stdout)
    assert document["orders"] >= 300
    by_rule = {one["rule"]: one for one in document["rules"]}
    late = by_rule["delivery_late"]
    assert late["share_of_orders"] == late["orders"] / document["orders"]
    assert late["work_minutes"] == 5 * late["fired"]
    for rule in by_rule.values():
        for shared in rule["overlaps"]:
            back = next(one for one in by_rule[shared["other"]]["overlaps"] if one["other"] == rule["rule"])
            assert (back["orders"], back["first"], back["later"]) == (
                shared["orders"], shared["later"], shared["first"],
            )  # fmt: skip
            assert shared["first"] + shared["later"] + shared["together"] == shared["orders"] <= rule["orders"]


def test_a_rule_that_fires_too_often_is_warned_of_with_its_place(world: Path) -> None:
    (world / "mine.yaml").write_text("""\
rules:
  - id: soon
    exception: update_overdue
    kind: silence
    table: order
    trouble: service
    since: placed_at
    within: 1 hour
    until: delivered_at IS NOT NULL
    title: {en: Soon, zh-Hans: 快}
    says: {en: Soon, zh-Hans: 快}
""")
    done = backtest(world, "--rules", "mine.yaml", "--json")
    assert done.returncode == 0
    (warning,) = json.loads(done.stdout)["warnings"]
    assert warning.startswith("mine.yaml:2: rule `soon`: would fire on ")
    assert done.stderr == f"Warning: {warning}.\n"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--sweep", "no_first_scan.within"), "write a number of a rule and its values"),
        (("--sweep", "no_first_scan.within=48"), "`48` cannot be `no_first_scan.within`"),
        (("--sweep", "nothing.within=48h"), "There is no rule `nothing`"),
        (("--chart", "x.svg"), "--chart draws one sweep"),
        (("--early", "3 days"), "give --labels FILE too"),
        (("--labels", "absent.csv"), "absent.csv"),
        (("--against", "absent"), "--against absent: there is no such file or folder"),
    ],
)
def test_what_cannot_be_done_is_exit_2_and_a_sentence(world: Path, options: tuple[str, ...], complaint: str) -> None:
    done = backtest(world, *options)
    assert done.returncode == 2
    assert complaint in done.stderr


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("kind,order\nlost,1\n", "labels.csv:1: the first line should name the columns exception, order or subject"),
        ("exception,order\nlsot,1\n", "labels.csv:2: `lsot` is not in the catalogue; did you mean `lost`?"),
        ("exception,order\nlost,\n", "labels.csv:2: `lost` of what? Give an order or a subject."),
        ("exception,order,at\nlost,1,noon\n", "labels.csv:2: `at`: 'noon' is not an RFC 3339 date-time"),
        ("exception,order\n", "labels.csv holds no labels"),
    ],
)
def test_labels_that_cannot_be_used_are_sentences_with_their_line(world: Path, text: str, complaint: str) -> None:
    (world / "labels.csv").write_text(text)
    done = backtest(world, "--labels", "labels.csv")
    assert done.returncode == 2
    assert done.stderr.startswith(complaint)


def test_findings_that_no_label_names_are_not_judged(world: Path) -> None:
    (world / "few.csv").write_text("exception,order\nlost,nobody\n")
    document = json.loads(backtest(world, "--labels", "few.csv", "--json").stdout)
    (lost,) = document["labels"]["exceptions"]
    assert (lost["exception"], lost["recall"]) == ("lost", 0)
    assert document["labels"]["findings_not_judged"] == document["findings"] - lost["findings"]


def test_exactly_the_rules_above_one_order_in_ten_are_warned_of(world: Path) -> None:
    document = json.loads(backtest(world, "--json").stdout)
    places = load_pack().places
    often = [one["rule"] for one in document["rules"] if one["share_of_orders"] > 0.1]
    assert 0 < len(often) < 5
    assert [one.partition(": would")[0] for one in document["warnings"]] == [
        f"{places[rule]}: rule `{rule}`" for rule in often
    ]


def test_lines_columns_and_journal_tell_the_same(world: Path) -> None:
    assert amends("events", "world/events.jsonl", "--db", "sqlite:///w.sqlite", folder=world).returncode == 0
    written = amends("events", "world/events.jsonl", "--out", "w.parquet", folder=world)
    count = sum(1 for _ in (world / "world" / "events.jsonl").open())
    assert (written.returncode, written.stdout) == (0, f"{count:,} events written to w.parquet.\n")
    (world / "parts").mkdir()
    exported = amends("events", "--db", "sqlite:///w.sqlite", "--out", "parts/1.parquet", "--json", folder=world)
    assert json.loads(exported.stdout) == {"events": count, "learned_backward": 0}

    def told(*source: str) -> tuple[object, str]:
        done = amends(
            "backtest", *source, "--findings", "found.csv", "--at", "2027-01-01T00:00:00Z", "--json", folder=world
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), (world / "found.csv").read_text()

    document, findings = told("--events", "world/events.jsonl")
    assert findings.count("\n") > 200
    for source in (("--db", "sqlite:///w.sqlite"), ("--events", "w.parquet"), ("--events", "parts")):
        assert told(*source) == (document, findings)
    # What is compared or held against labels is kept, and written the same.
    compared, same = told("--events", "w.parquet", "--against", "built-in", "--labels", "world/truth.csv")
    assert same == findings
    assert isinstance(compared, dict)
    assert isinstance(document, dict)
    assert {name: compared[name] for name in document} == document
    fired = [parse_instant(line.split(",")[4]) for line in findings.splitlines()[1:]]
    assert fired == sorted(fired)


def line(id_: str, **changes: object) -> str:
    record: dict[str, object] = {
        "specversion": "1.0", "id": id_, "source": "shop", "type": "order.placed", "time": "2026-03-01T08:00:00Z",
        "keys": {"order": id_}, "data": {"total": 100, "currency": "EUR"},
    }  # fmt: skip
    return json.dumps(record | changes)


def test_repeated_lines_count_once_and_odd_times_are_read(tmp_path: Path) -> None:
    lines = [
        line("1"),
        line("1", received="2026-03-02T08:00:00Z"),
        "",
        line("1", keys={}),
        line("2", time="20260301T0900Z"),
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    done = amends("backtest", "--events", "x.jsonl", "--json", folder=tmp_path)
    assert done.stderr == "x.jsonl:4: repeats 1 of shop with other content; the first one counts.\n"
    document = json.loads(done.stdout)
    assert (document["events"], document["orders"], document["until"]) == (2, 2, "2026-03-01T09:00:00Z")


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ("{", "x.jsonl:3: not a CloudEvents 1.0 JSON record: "),
        (line("2", data={"total": "5"}), "x.jsonl:3: `data.total` is '5'; it should be a whole number of minor units."),
        (line("2", time="2026-03-01"), "x.jsonl:3: '2026-03-01' has no offset"),
    ],
)
def test_a_line_that_is_no_event_is_named(tmp_path: Path, bad: str, complaint: str) -> None:
    (tmp_path / "x.jsonl").write_text("\n".join([line("1"), "", bad]))
    for call in (("backtest", "--events", "x.jsonl"), ("events", "x.jsonl", "--out", "x.parquet")):
        done = amends(*call, folder=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith(complaint)


def test_columns_are_written_in_the_order_in_which_a_kernel_takes_them(tmp_path: Path) -> None:
    lines = [line("1", time="2026-03-01T09:00:00Z"), line("2"), line("3", time="2026-03-01T10:00:00Z")]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    done = amends("events", "x.jsonl", "--out", "x.parquet", folder=tmp_path)
    assert done.stderr == "1 were learned before the one ahead of them; they count as learned with it.\n"
    told = json.loads(amends("backtest", "--events", "x.parquet", "--json", folder=tmp_path).stdout)
    assert (told["events"], told["learned_backward"]) == (3, 0)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (("backtest", "--events", "absent.parquet"), "absent.parquet' does not exist"),
        (("backtest", "--events", "bad.parquet"), "bad.parquet is not a Parquet file that can be read"),
        (("backtest", "--events", "."), "holds no .parquet file"),
        (("events", "bad.parquet", "--out", "x.csv"), "call it .parquet"),
        (("events",), "Say which FILE to load"),
        (("events", "bad.parquet", "--db", "sqlite:///x.sqlite", "--out", "x.parquet"), "Give either FILE or --db"),
    ],
)
def test_files_that_cannot_be_used_are_exit_2_and_a_sentence(
    tmp_path: Path, call: tuple[str, ...], complaint: str
) -> None:
    (tmp_path / "bad.parquet" if "." not in call else tmp_path / "bad").write_text("no columns")
    done = amends(*call, folder=tmp_path)
    assert done.returncode == 2
    assert complaint in done.stderr
