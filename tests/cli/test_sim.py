"""`amends sim`: a world in files, and the rules held against its truth."""

import csv
import json
from pathlib import Path

from tests.cli.process import amends

from amends.connectors.delivery import Delivery, UnreadableDeliveryError
from amends.connectors.registry import CONNECTORS
from amends.model.event import decode_event
from amends.model.instant import parse_instant

PROBLEMS, UNUSABLE = 1, 2


def test_it_writes_a_world_that_can_be_read(tmp_path: Path) -> None:
    done = amends("sim", "--seed", "3", "--orders", "60", "--out", "world", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    lines = (tmp_path / "world" / "events.jsonl").read_bytes().splitlines()
    events = [decode_event(line) for line in lines]
    assert summary["orders"] == 60
    assert summary["events"] == len(events) > 500
    received = [event.received or 0 for event in events]
    assert received == sorted(received)
    told = {(event.source, event.id) for event in events}
    assert len(told) == len(events)

    deliveries = [json.loads(line) for line in (tmp_path / "world" / "deliveries" / "0001.jsonl").open()]
    assert len(deliveries) == summary["deliveries"]
    for one in deliveries:
        assert set(one) == {"vendor", "account", "topic", "headers", "body", "at"}
        delivery = Delivery(
            vendor=one["vendor"],
            account=one["account"],
            body=one["body"].encode(),
            headers=one["headers"],
            received=parse_instant(one["at"]),
        )
        try:
            assert {(event.source, event.id) for event in CONNECTORS[one["vendor"]].translate(delivery)} <= told
        except UnreadableDeliveryError:
            assert one["topic"] == "orders/updated"

    with (tmp_path / "world" / "truth.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == summary["truths"]
    assert list(rows[0]) == ["exception", "subject", "order", "at", "healed_at"]


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert amends("sim", "--seed", "5", "--orders", "25", "--out", name, folder=tmp_path).returncode == 0
    for path in ("events.jsonl", "truth.csv", "deliveries/0001.jsonl"):
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()


def test_it_holds_the_rules_against_the_truth(tmp_path: Path) -> None:
    done = amends("sim", "--seed", "3", "--orders", "40", "--check", "--json", folder=tmp_path)
    assert done.returncode in (0, PROBLEMS), done.stderr
    scores = {one["exception"]: one for one in json.loads(done.stdout)["scores"]}
    assert scores["stock_count_conflict"]["recall"] == scores["stock_count_conflict"]["precision"] == 1
    shares = [share for one in scores.values() for share in (one["recall"], one["precision"]) if share is not None]
    below = [share for share in shares if share < 0.99]
    assert (done.returncode == PROBLEMS) == bool(below)

    table = amends("sim", "--seed", "3", "--orders", "40", "--check", folder=tmp_path)
    assert "precision" in table.stdout
    assert "stock_count_conflict" in table.stdout


def test_it_does_not_mix_two_worlds(tmp_path: Path) -> None:
    assert amends("sim", "--orders", "5", "--out", "world", folder=tmp_path).returncode == 0
    done = amends("sim", "--orders", "5", "--out", "world", folder=tmp_path)
    assert done.returncode == UNUSABLE
    assert "holds a world already" in done.stderr


def test_it_asks_what_to_do(tmp_path: Path) -> None:
    done = amends("sim", folder=tmp_path)
    assert done.returncode == UNUSABLE
    assert "--out" in done.stderr
    assert "--check" in done.stderr
