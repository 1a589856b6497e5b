"""What becomes of deliveries: taken once, put aside with a sentence, and judged without haste."""

from pathlib import Path

import pytest
from tests.pipeline.world import START, World, event

from amends.detection.finding import Clearing, Verdicts
from amends.model.event import Event
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


def _failed(number: int) -> Event:
    keys = {"order": str(number), "payment": f"pi_{number}"}
    return event(f"f{number}", "payment.failed", START + number, keys, reason="limit", amount=1, currency="EUR")


def test_while_rounds_are_full_findings_come_first_and_cases_have_every_eighth_turn(world: World) -> None:
    for number in range(40):
        world.post(START, *(_failed(number * 5 + each) for each in range(5)))
    seen = []
    for _ in range(20):
        done = world.pipeline.round(START, events_max=2)
        seen.append((len(world.findings()), len(world.cases())))
        assert done.more
    assert [findings for findings, _ in seen] == list(range(5, 105, 5))
    assert [cases > 0 for _, cases in seen] == [number >= 7 for number in range(20)]
    assert seen[18][1] < seen[18][0]
    world.settle(START)
    assert len(world.cases()) == len(world.findings()) == 200


def test_a_round_takes_no_more_than_it_was_told_to(world: World) -> None:
    for number in range(10):
        world.post(START, _failed(number))
    assert world.pipeline.round(START, events_max=4).deliveries == 4
    assert world.pipeline.round(START, events_max=4).deliveries == 4
    # One that is larger than a whole round is taken whole all the same, and nothing after it.
    world.post(START, *(_failed(100 + number) for number in range(50)))
    world.post(START, _failed(200))
    assert [world.pipeline.round(START, events_max=4).deliveries for _ in range(2)] == [3, 1]


def test_cases_go_on_after_a_crash_between_a_round_and_its_cases(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.post(START, event("p", "order.placed", START, {"order": "1001"}, number="#1001"), _failed(1001))
    with monkeypatch.context() as patch:
        patch.setattr("amends.pipeline.stages.Pipeline._tend_to", _fail)
        with pytest.raises(OSError, match="pulled"):
            world.pipeline.round(START)
    assert (len(world.findings()), world.cases()) == (1, [])
    world.restart()
    world.settle(START)
    (case,) = world.cases()
    assert case[1] == "1001"
    with world.store.reading() as work:
        assert work.verdicts.size() == 0
        assert work.faces.get(["1001"])["1001"].number == "#1001"
    before = world.journal()
    world.restart()
    world.settle(START)
    assert world.journal() == before


def test_a_clearing_counts_once_however_often_it_waits(world: World) -> None:
    world.post(START, LABEL)
    world.settle(START)
    late = Instant(START + 73 * HOUR)
    world.settle(late)
    world.post(late, SCAN)
    world.settle(late)
    (found,) = [found for found in world.findings().values() if found[0] == "no_first_scan"]
    cleared = Verdicts([], [Clearing(finding=each, cleared_at=late, cause="again") for each in world.findings()])
    with world.store.writing() as work:
        work.verdicts.put(cleared, position=0, clock=late)
    world.restart()
    world.settle(late)
    again = [each for each in world.findings().values() if each[0] == "no_first_scan"]
    assert again == [found]
