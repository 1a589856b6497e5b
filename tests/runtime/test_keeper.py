"""Rules edited at run time come live by themselves, with the real process beside; drafts run in the shadow."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from amends.detection import load_pack
from amends.model.event import Event
from amends.model.instant import DAY, HOUR, Instant
from amends.pipeline.record import record
from amends.runtime.clock import ManualClock
from amends.runtime.config import Config
from amends.runtime.rule_changes import add_override, change_rule, draft_rule, promote_draft
from amends.runtime.rulebook import Making
from amends.runtime.wiring import Installation

NOON = Instant(1_780_000_000_000_000)
RULE = "no_first_scan"
USUAL = load_pack().rules[RULE].within or ""
"""72 hours, until it is known how long it takes."""


def label(number: int, *, carrier: str = "post", days: float = 0) -> Event:
    at = Instant(NOON - int(days * DAY))
    keys = {"order": f"o{number}", "shipment": f"s{number}"}
    data = {"tracking": f"s{number}", "carrier": carrier}
    return Event(id=f"{number}", source="shop", type="shipment.created", time=at, received=at, keys=keys, data=data)


EVENTS = [
    label(1, days=1),
    label(2, days=2),
    label(3, days=2, carrier="EMS"),
    label(4, days=5),
]


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(Config(data_dir=tmp_path, secret_key=SecretStr("s" * 32)), clock=ManualClock(NOON))
    with made.store.writing() as work:
        record(work, sorted(EVENTS, key=lambda one: one.time))
    yield made
    made.keeper.stop()
    made.store.database.close()


def settle(installation: Installation) -> None:
    while installation.pipeline.round(installation.clock.now()).more:
        pass
    installation.pipeline.round(installation.clock.now())


def until(installation: Installation, holds: Callable[[], object]) -> None:
    """Let keeper and pipeline work in turns, as their threads would."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it did not come to be in time"
        installation.keeper.step()
        settle(installation)
        time.sleep(0.02)


def silent(installation: Installation) -> set[str]:
    with installation.store.reading() as work:
        return {one.finding.subject for one in work.findings.of_rule(RULE, 99) if one.cleared_at is None}


def within(installation: Installation) -> str | None:
    return installation.pack.rules[RULE].within


def test_the_life_of_a_rule(installation: Installation) -> None:
    book, now = installation.rulebook, installation.clock.now()
    settle(installation)
    assert within(installation) == USUAL
    assert silent(installation) == {"s4"}
    text = book.text_of(RULE) or ""
    quick = text.replace(USUAL, "36 hours")
    assert quick != text

    # An edit is live after the journal was judged anew beside it, and opens cases of what is still so.
    seen: list[Making | None] = []
    with installation.store.writing() as work:
        made = change_rule(work, book, RULE, quick, now=now, who="lin", why="quicker", expires_at=Instant(now + DAY))
        # For some it is off all the same.
        add_override(work, book, RULE, "for: carrier = 'EMS'\noff: true", now=now, who="lin", why="scans nothing")

    def is_live() -> bool:
        seen.append(book.making)
        return bool(installation.pack.overrides)

    until(installation, is_live)
    assert [making.rules for making in seen if making is not None][:1] == [(RULE,)]
    assert book.making is None
    assert installation.pack.rules[RULE].version == made.number
    assert silent(installation) == {"s2", "s4"}
    with installation.store.reading() as work:
        snapshot = work.snapshots.latest()
    assert snapshot is None or snapshot.progress.pack != installation.pack.digest
    installation.keeper.step()
    with installation.store.reading() as work:
        snapshot = work.snapshots.latest()
    assert snapshot is not None
    assert snapshot.progress.pack == installation.pack.digest, "a restart need not begin with the first event"

    # After its end the version before stands again.
    assert isinstance(installation.clock, ManualClock)
    installation.clock.set(Instant(now + DAY))
    until(installation, lambda: installation.pack.rules[RULE].version != made.number)
    assert within(installation) == USUAL
    assert silent(installation) == {"s4"}


def test_a_draft_runs_in_the_shadow_and_is_promoted(installation: Installation) -> None:
    book, now = installation.rulebook, installation.clock.now()
    settle(installation)
    quick = (book.text_of(RULE) or "").replace(USUAL, "36 hours")
    with installation.store.writing() as work:
        draft = draft_rule(work, book, RULE, quick, now=now, who="lin", why="too nervous?")
    until(installation, lambda: draft.id in book.shadows_ready)

    def shadow() -> set[str]:
        with installation.store.reading() as work:
            return {one.finding.subject for one in work.shadow.found(draft.id, Instant(0)) if one.cleared_at is None}

    assert shadow() == {"s2", "s3", "s4"}
    assert silent(installation) == {"s4"}, "what it finds is of no consequence"

    # It follows the live stream: by events and by time.
    scanned = Event(
        id="2/scan", source="post", type="shipment.scanned", time=now, received=now,
        keys={"shipment": "s2"}, data={"status": "InTransit"},
    )  # fmt: skip
    with installation.store.writing() as work:
        record(work, [scanned])
    assert isinstance(installation.clock, ManualClock)
    installation.clock.set(Instant(now + 13 * HOUR))
    settle(installation)
    until(installation, lambda: shadow() == {"s1", "s3", "s4"})
    assert silent(installation) == {"s4"}
    with installation.store.reading() as work:
        assert {one.finding.order for one in work.findings.latest(99) if one.finding.rule == RULE} == {"o4"}

    with installation.store.writing() as work:
        promote_draft(work, book, RULE, now=installation.clock.now(), who="lin")
    until(installation, lambda: within(installation) == "36 hours")
    assert silent(installation) == {"s1", "s3", "s4"}
    assert book.standing.drafts == ()
    with installation.store.reading() as work:
        assert [one.outcome for one in work.rules.drafts(RULE)] == ["promoted"]
        assert work.rules.versions(RULE)[0].origin == "promoted"


def test_where_pages_are_served_apart_a_change_reaches_who_judges_and_comes_back_as_live(
    installation: Installation,
) -> None:
    settle(installation)
    pages = Installation(installation.config, clock=installation.clock, judges=False)
    pages.start()
    book, now = pages.rulebook, pages.clock.now()
    quick = (book.text_of(RULE) or "").replace(USUAL, "36 hours")
    seen: list[Making | None] = []
    try:
        with pages.store.writing() as work:
            draft = draft_rule(work, book, RULE, quick, now=now, who="lin", why="too nervous?")
        until(installation, lambda: draft.id in book.shadows_ready)
        with pages.store.writing() as work:
            promote_draft(work, book, RULE, now=now, who="lin")
        book.look()
        seen.append(book.making)
        assert seen[0] is not None
        assert within(pages) == USUAL

        def is_live() -> bool:
            seen.append(book.making)
            return within(pages) == "36 hours"

        until(installation, is_live)
        assert within(installation) == "36 hours"
        assert (RULE,) in {making.rules for making in seen if making is not None}
        assert book.making is None
        assert silent(installation) == {"s2", "s3", "s4"}
    finally:
        pages.stop()
