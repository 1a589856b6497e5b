"""What becomes of deliveries: taken once, put aside with a sentence, and judged without haste."""

from pathlib import Path

import pytest
from tests.pipeline.world import START, World, event

from amends.model.instant import DAY, HOUR, MINUTE, Instant


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "amends.sqlite")


def _states(world: World) -> dict[str, int]:
    with world.store.reading() as work:
        return {state: count for state, count in work.deliveries.counts().items() if count}


LABEL = event("label", "shipment.created", START, {"order": "1001", "shipment": "T1"}, carrier="DHL", tracking="T1")
SCAN = event("scan", "shipment.scanned", START + 71 * HOUR, {"shipment": "T1"}, status="InTransit")


def _rules(world: World) -> list[str]:
    return [found[0] for found in world.findings().values()]


def test_a_delivery_becomes_events_findings_and_a_case(world: World) -> None:
    failed = event(
        "f", "payment.failed", START, {"order": "1001", "payment": "pi_1"}, reason="limit", amount=1, currency="EUR"
    )
    world.post(START, failed)
    rounds = world.settle(START)
    assert _rules(world) == ["payment_failed"]
    (case,) = world.cases()
    assert case[1] == "1001"
    assert {change.kind for change in rounds[0].changes} == {"case", "order"}
    # What is told of the case is judged like any other event.
    assert [told.type for told in world.journal()] == ["payment.failed", "case.opened"]
    with world.store.reading() as work:
        assert work.progress.get().position == work.journal.head() == 2
    assert _states(world) == {"taken": 1}


def test_a_repeated_delivery_is_taken_and_gives_nothing_new(world: World) -> None:
    world.post(START, LABEL)
    world.settle(START)
    before = world.journal()
    world.post(Instant(START + DAY), LABEL)
    world.settle(Instant(START + DAY))
    assert world.journal() == before
    assert _states(world) == {"taken": 2}


@pytest.mark.inv04
def test_the_same_id_with_another_body_is_put_aside_and_not_applied(world: World) -> None:
    other = event("label", "shipment.created", START, {"order": "6666", "shipment": "T1"}, carrier="DHL", tracking="T1")
    fine = event("fine", "shipment.created", START, {"order": "1002", "shipment": "T2"})
    world.post(START, LABEL)
    world.post(START, other, fine)
    world.settle(START)
    assert [known.id for known in world.journal() if known.source == "shopify/north"] == ["label", "fine"]
    with world.store.reading() as work:
        (shown,) = work.deliveries.list(["conflict"])
        assert work.journal.read_subject("order", "6666") == []
    assert shown.events == 1
    assert shown.error is not None
    assert "label of shopify/north" in shown.error


def test_what_cannot_be_read_is_kept_and_shown_and_makes_a_case(world: World) -> None:
    world.post(START, body=b"\xff not json")
    rounds = world.settle(START)
    assert _states(world) == {"quarantined": 1}
    assert _rules(world) == ["undecodable_delivery"]
    assert ("delivery", "1") in {(change.kind, change.id) for change in rounds[0].changes}
    with world.store.reading() as work:
        (shown,) = work.deliveries.list()
        whole = work.deliveries.get(shown.position)
    assert whole is not None
    assert whole.body == b"\xff not json"
    assert shown.error is not None
    assert "JSON" in shown.error


def test_what_was_put_aside_is_read_again_after_a_fix(world: World) -> None:
    world.post(START, body=b"broken")
    world.settle(START)
    with world.store.writing() as work:
        work.connection.exec_driver_sql("UPDATE delivery SET body = ?", (b"{}",))
        assert work.deliveries.retry_all() == 1
    world.settle(Instant(START + HOUR))
    assert _states(world) == {"refused": 1}


def test_what_a_connector_makes_up_is_found_before_it_reaches_the_journal(world: World) -> None:
    wrong = event("w", "order.placed", START, {"order": "1"}, total="much")
    world.post(START, wrong)
    world.settle(START)
    assert _states(world) == {"quarantined": 1}
    assert [told.type for told in world.journal() if told.source != "amends/cases"] == ["delivery.undecodable"]


def test_a_silence_is_called_by_the_clock_alone(world: World) -> None:
    world.post(START, LABEL)
    world.settle(START)
    due = world.pipeline.next_due()
    assert due is not None
    world.settle(Instant(START + 72 * HOUR))
    assert "no_first_scan" not in _rules(world)
    world.settle(Instant(START + 72 * HOUR + 1))
    assert "no_first_scan" in _rules(world)


def test_a_silence_is_not_called_while_its_end_waits_in_the_inbox(world: World) -> None:
    world.post(START, LABEL)
    world.settle(START)
    world.post(Instant(START + 71 * HOUR), SCAN)
    world.settle(Instant(START + 80 * HOUR))
    assert "no_first_scan" not in _rules(world)


def test_what_comes_after_a_silence_was_called_is_learned_after_it(world: World) -> None:
    """Else a replay, which knows no sweeps, would not call the silence that people have seen."""
    world.post(START, LABEL)
    world.settle(START)
    called = Instant(START + 80 * HOUR)
    world.settle(called)
    world.post(Instant(START + 71 * HOUR), SCAN)
    world.settle(called)
    scan = next(known for known in world.journal() if known.id == "scan")
    assert scan.received == called
    (found,) = [found for found in world.findings().values() if found[0] == "no_first_scan"]
    assert found[2:4] == (START + 72 * HOUR, called)
    before = world.findings()
    world.restart()
    world.settle(called)
    assert world.findings() == before


def test_a_round_that_fails_leaves_nothing_and_is_done_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.post(START, LABEL)
    world.settle(START)
    world.post(Instant(START + MINUTE), SCAN)
    with monkeypatch.context() as patch:
        patch.setattr("amends.store.progress.ProgressTable.set", _fail)
        with pytest.raises(OSError, match="pulled"):
            world.settle(Instant(START + MINUTE))
    assert _states(world) == {"pending": 1, "taken": 1}
    assert [known.id for known in world.journal()] == ["label"]
    world.settle(Instant(START + MINUTE))
    assert _states(world) == {"taken": 2}
    assert [known.id for known in world.journal()] == ["label", "scan"]


def _fail(*_: object) -> None:
    raise OSError("the plug was pulled")
