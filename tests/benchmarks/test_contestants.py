"""The contestants of the benchmarks, on a small stream: whoever is installed finds what Amends finds."""

from collections import Counter
from pathlib import Path

import pytest
from benchmarks.agreement import agree
from benchmarks.contestants import CONTESTANTS, OURS
from benchmarks.lives import draw_lives
from benchmarks.peers import kernel
from benchmarks.peers.contest import NotInstalledError, Outcome, Task
from benchmarks.stream import Stream

_ORDERS = 450
_POLL_MINUTES = 360
_SIX = {
    "paid_not_updated",
    "handover_late",
    "tracking_stalled",
    "delivery_late",
    "amount_mismatch",
    "duplicate_payment",
}


@pytest.fixture(scope="module")
def stream() -> Stream:
    return draw_lives(_ORDERS, seed=5)


@pytest.fixture(scope="module")
def ours(stream: Stream, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    task = Task(folder=tmp_path_factory.mktemp("ours"), batch=2_000)
    return {name: CONTESTANTS[name].run(stream, task) for name in OURS.values()}


def test_each_of_the_six_rules_has_something_to_find(ours: dict[str, Outcome]) -> None:
    assert {told.rule for told in ours["amends"].findings} == _SIX
    assert any(told.cleared_at for told in ours["amends"].findings)


@pytest.mark.parametrize("name", [name for name in CONTESTANTS if name not in OURS.values()])
def test_it_finds_what_amends_finds(
    name: str, stream: Stream, ours: dict[str, Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "SINGLE_EVENTS", 50)
    contestant = CONTESTANTS[name]
    task = Task(folder=tmp_path, poll_minutes=_POLL_MINUTES, batch=2_000)
    try:
        outcome = contestant.run(stream, task)
    except NotInstalledError as reason:
        pytest.skip(f"SKIPPED FOR WANT OF A PEER: {reason}")
    every = _POLL_MINUTES if contestant.polled else None
    agreement = agree(ours[OURS[contestant.rules]], outcome, poll_minutes=every, end=stream.end)
    assert (agreement.lacking, agreement.surplus, agreement.equal) == ([], [], True)
    assert len(outcome.findings) > 20
    assert outcome.wall > 0
    assert outcome.cpu > 0


def test_batches_of_any_size_give_the_same(stream: Stream, ours: dict[str, Outcome], tmp_path: Path) -> None:
    other = CONTESTANTS["amends"].run(stream, Task(folder=tmp_path, batch=701))
    assert other.findings == ours["amends"].findings


def test_a_finding_too_few_or_too_many_is_seen(stream: Stream, ours: dict[str, Outcome]) -> None:
    outcome = ours["amends"]
    fewer = Outcome(events=1, wall=1, cpu=1, findings=outcome.findings[1:])
    found = agree(outcome, fewer, poll_minutes=None, end=stream.end)
    assert (found.equal, len(found.lacking), len(found.surplus)) == (False, 1, 0)
    found = agree(fewer, outcome, poll_minutes=None, end=stream.end)
    assert (found.equal, len(found.lacking), len(found.surplus)) == (False, 0, 1)
    assert not agree(outcome, fewer, poll_minutes=15, end=stream.end).equal


def test_a_poll_is_not_blamed_for_what_was_over_before_it(stream: Stream, ours: dict[str, Outcome]) -> None:
    outcome = ours["amends"]
    nothing = Outcome(events=1, wall=1, cpu=1, findings=[])
    often = agree(outcome, nothing, poll_minutes=1, end=stream.end)
    seldom = agree(outcome, nothing, poll_minutes=1_440, end=stream.end)
    assert seldom.missed > often.missed
    assert not seldom.equal


def test_what_the_whole_pack_finds_is_of_many_kinds(ours: dict[str, Outcome]) -> None:
    found = Counter(told.rule for told in ours["amends-pack"].findings)
    assert len(found) > 12
