"""Rules tried on an installation's own journal: in a process beside it, remembered, and renewed when there is more."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amends.detection import Pack, load_pack
from amends.detection.backtest import Backtest, parse_value, threshold_of
from amends.model.event import Event
from amends.model.instant import DAY, HOUR, Instant
from amends.pipeline.record import record
from amends.runtime import trials as room
from amends.runtime.trials import Question, State, Trials
from amends.runtime.wiring import open_store
from amends.store.work import SqlStore

NOON = Instant(1_780_000_000_000_000)


def label_made(number: int, scanned_after: int) -> list[Event]:
    """A parcel whose label was made, and scanned so much later."""
    keys = {"order": f"o{number}", "shipment": f"s{number}"}

    def event(type_: str, at: int, **data: object) -> Event:
        return Event(id=f"{number}/{type_}", source="shop", type=type_, time=Instant(at), keys=keys, data=data)

    begins = NOON + number * HOUR
    return [
        event("shipment.created", begins, tracking=f"s{number}", carrier="post"),
        event("shipment.scanned", begins + scanned_after, status="InTransit"),
    ]


EVENTS = sorted(
    [event for number in range(40) for event in label_made(number, (number % 5) * DAY + HOUR)], key=lambda one: one.time
)


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack()


@pytest.fixture
def db(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'shop.sqlite'}"
    store = open_store(url)
    write(store, EVENTS)
    store.database.close()
    return url


def write(store: SqlStore, events: list[Event]) -> None:
    with store.writing() as work:
        record(work, events)


def head_of(db: str) -> Callable[[], int]:
    def head() -> int:
        store = open_store(db)
        with store.reading() as work:
            position = work.journal.head()
        store.database.close()
        return position

    return head


@pytest.fixture
def trials(db: str, pack: Pack) -> Iterator[Trials]:
    opened = Trials(db, pack, head_of(db))
    yield opened
    opened.close()


def settled(trials: Trials, question: Question) -> State:
    for _ in range(600):
        state = trials.ask(question)
        if not state.is_working:
            return state
        time.sleep(0.1)
    raise AssertionError("no answer in a minute")


def sweep_of(pack: Pack, *values: str) -> Question:
    threshold = threshold_of(pack, "no_first_scan.within")
    return Question(threshold, tuple(parse_value(threshold, value) for value in values))


def test_asking_never_waits_and_the_answer_is_that_of_a_backtest(trials: Trials, pack: Pack) -> None:
    began = time.monotonic()
    first = trials.ask(Question())
    assert time.monotonic() - began < 0.5
    assert (first.answer, first.is_working) == (None, True)
    told = settled(trials, Question()).answer
    plain = Backtest(pack)
    plain.feed(EVENTS)
    report = plain.report()
    assert told is not None
    assert list(told.rules.values()) == report.rules
    assert (told.position, told.events, told.orders) == (80, 80, 40)
    assert told.rules["no_first_scan"].fired == 16

    question = sweep_of(pack, "72h", "24h", "96h")
    sweep = settled(trials, question).answer
    assert sweep is not None
    assert sweep.sweep is not None
    points = {point.value.text: point for point in sweep.sweep.points}
    assert [point.fired for point in points.values()] == [32, 16, 8]
    assert (points["24 hours"].change.only_new, points["24 hours"].change.earlier) == (16, 16)
    assert points["24 hours"].change.earlier_median == 2 * DAY
    assert points["72 hours"].change.differing == 0


def test_an_answer_stands_until_it_is_old_and_the_journal_has_grown(
    trials: Trials, pack: Pack, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = sweep_of(pack, "72h")
    first = settled(trials, question)
    assert settled(trials, question).answer is first.answer
    monkeypatch.setattr(room, "FRESH_S", 0.0)
    trials._kept[question].good_until = 0
    # Nothing has come: nothing is worked out anew, and the old answer stays in sight.
    assert trials.ask(question).answer is first.answer
    store = open_store(db)
    write(store, label_made(50, 9 * DAY))
    store.database.close()
    grown = None
    for _ in range(300):
        grown = trials.ask(question).answer
        if grown is not None and grown.position == 82:
            break
        time.sleep(0.1)
    assert grown is not None
    assert grown.position == 82
    assert grown.sweep is not None
    assert grown.sweep.points[0].fired == 17


def test_what_cannot_be_worked_out_is_said_and_tried_again_later(tmp_path: Path, pack: Pack) -> None:
    (tmp_path / "file").write_text("no folder")
    broken = Trials(f"sqlite:///{tmp_path}/file/x.sqlite", pack, lambda: 0)
    state = settled(broken, Question())
    assert (state.answer, state.has_failed) == (None, True)
    broken.close()


def test_what_nobody_waits_for_is_not_worked_out(trials: Trials, pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    left, wanted = sweep_of(pack, "72h", "10h"), sweep_of(pack, "72h", "11h")
    trials.ask(Question())
    trials.ask(left)
    monkeypatch.setattr(room, "WAITING_S", 0.5)
    settled(trials, wanted)
    assert left not in trials._kept
    assert settled(trials, left).answer is not None


def test_closing_ends_the_work_at_hand(db: str, pack: Pack) -> None:
    opened = Trials(db, pack, head_of(db))
    opened.ask(Question())
    began = time.monotonic()
    opened.close()
    assert time.monotonic() - began < 10
    assert opened.ask(Question()).answer is None
