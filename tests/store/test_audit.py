"""A record in which anything was changed is found."""

import os
import random
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from amends.model.audit import (
    Anchor,
    AuditEntry,
    Deed,
    UnreadableAnchorsError,
    anchored,
    chained,
    digest_of,
    read_anchors,
    verified,
)
from amends.model.instant import Instant
from amends.runtime.opening import open_store

KEY = b"k" * 32
NOW = Instant(1_790_000_000_000_000)


def deed(number: int) -> Deed:
    return Deed(
        at=Instant(NOW + number), who="u1", what="refund_approved", kind="case", subject=f"c{number % 7}",
        details={"amount": number, "currency": "EUR", "reasons": ["a", {"b": None}]},
    )  # fmt: skip


RECORD = list(chained(None, map(deed, range(60))))
ANCHORS = [anchored(RECORD[place - 1], KEY, NOW) for place in (1, 20, 41, 60)]


def test_a_record_that_nobody_touched_holds() -> None:
    assert verified(RECORD, ANCHORS, KEY) == []
    assert verified([*RECORD, *chained(RECORD[-1], [deed(99)])], ANCHORS, KEY) == []
    assert verified([], [], KEY) == []


@pytest.mark.inv27
def test_whatever_is_done_to_it_is_found(request: pytest.FixtureRequest) -> None:
    usual = 100_000 if request.config.getoption("--campaign") else 10_000
    dice = random.Random(27)
    for _ in range(int(os.environ.get("AMENDS_MUTATIONS", usual))):
        kind = dice.choice(("flip", "delete", "reorder", "cut", "insert", "rewrite", "repeat"))
        assert verified(mutated(kind, dice), ANCHORS, KEY), kind


def mutated(kind: str, dice: random.Random) -> list[AuditEntry]:
    record, place = list(RECORD), dice.randrange(len(RECORD))
    match kind:
        case "flip":
            record[place] = flipped(record[place], dice)
        case "delete":
            del record[place]
        case "reorder":
            other = dice.choice([each for each in range(len(record)) if each != place])
            record[place], record[other] = record[other], record[place]
        case "cut":
            del record[place:]
        case "insert":
            record.insert(place, next(chained(record[place - 1] if place else None, [deed(1_000)])))
        case "repeat":
            record.insert(place, record[place])
        case _:
            # By somebody who can write, and reckons all that follows anew.
            other_deed = msgspec.structs.replace(record[place].deed, who="u2")
            deeds = [other_deed, *(each.deed for each in record[place + 1 :])]
            record[place:] = chained(record[place - 1] if place else None, deeds)
    return record


def flipped(entry: AuditEntry, dice: random.Random) -> AuditEntry:
    """One bit of its text is another, and it can still be read as an entry."""
    text_ = bytearray(msgspec.json.encode(entry))
    while True:
        changed = bytearray(text_)
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
        try:
            found = msgspec.json.decode(bytes(changed), type=AuditEntry)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if found != entry:
            return found


def test_what_is_wrong_is_told_with_its_place() -> None:
    assert verified(RECORD[:30], ANCHORS, KEY) == [
        "The record ends at entry 30, and had 60 entries when it was last anchored."
    ]
    assert verified(RECORD[:4] + RECORD[5:], ANCHORS, KEY) == ["Entry 5 is missing."]
    forged = [msgspec.structs.replace(ANCHORS[0], digest=digest_of("", 1, deed(1)))]
    assert verified(RECORD, forged, KEY)[0].startswith("The anchor at entry 1 bears a seal")


def test_anchors_are_read_back_and_a_broken_line_is_named() -> None:
    lines = [msgspec.json.encode(each).decode() for each in ANCHORS]
    assert read_anchors("\n".join(lines), "anchors") == ANCHORS
    with pytest.raises(UnreadableAnchorsError, match="anchors:2: this is no anchor"):
        read_anchors(f"{lines[0]}\n{{}}", "anchors")


def test_the_database_keeps_it_as_it_was_said(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'a.sqlite'}")
    with store.writing() as work:
        work.audit.add(*map(deed, range(30)))
    with store.writing() as work:
        work.audit.add(*map(deed, range(30, 60)))
    with store.reading() as work:
        assert list(work.audit.all()) == RECORD
        assert [each.deed.subject for each in work.audit.of("case", "c3")] == ["c3"] * 9
        assert verified(work.audit.all(), ANCHORS, KEY) == []
    with store.writing() as work:
        work.connection.execute(text("UPDATE audit SET who = 'u2' WHERE place = 33"))
    with store.reading() as work:
        assert verified(work.audit.all(), ANCHORS, KEY) == [
            "Entry 33 is not what was written, or something before it is not."
        ]
    store.database.close()


def test_an_anchor_names_no_more_than_there_is() -> None:
    assert isinstance(ANCHORS[-1], Anchor)
    assert (ANCHORS[-1].place, ANCHORS[-1].digest) == (60, RECORD[-1].digest)
