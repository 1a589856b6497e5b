"""What people change about rules: every version kept, expiry, drafts, overrides."""

from pathlib import Path

import pytest

from amends.model.instant import DAY, Instant
from amends.runtime.opening import open_store
from amends.store.rules import ExpiredAlreadyError, RuleVersion, UnknownVersionError, standing_at
from amends.store.snoozes import UnusableSnoozeError
from amends.store.work import SqlStore

NOW = Instant(1_790_000_000_000_000)
RULE = "tracking_stalled"


@pytest.fixture
def store(tmp_path: Path) -> SqlStore:
    return open_store(f"sqlite:///{tmp_path / 'amends.sqlite'}")


def files(text: str = "of the files") -> RuleVersion:
    return RuleVersion(rule=RULE, number=3, text=text, made_at=NOW, made_by="files", why="", origin="files")


def add(store: SqlStore, text: str, *, at: int = 0, expires_at: Instant | None = None) -> int:
    with store.writing() as work:
        version = work.rules.add_version(
            RULE, text, now=Instant(NOW + at), who="lin", why=f"why {text}", before=files(), expires_at=expires_at
        )
    return version.number


def standing(store: SqlStore, at: int = 0) -> list[tuple[int, str | None]]:
    with store.reading() as work:
        return [(one.number, one.text) for one in standing_at(work.rules, Instant(NOW + at)).editions]


def test_the_first_change_keeps_what_the_files_had(store: SqlStore) -> None:
    assert standing(store) == []
    assert add(store, "a") == 4
    assert add(store, "b") == 5
    with store.reading() as work:
        kept = work.rules.versions(RULE)
    assert [(one.number, one.text, one.made_by, one.why) for one in kept] == [
        (5, "b", "lin", "why b"), (4, "a", "lin", "why a"), (3, "of the files", "files", ""),
    ]  # fmt: skip
    assert standing(store) == [(5, "b")]


def test_after_its_end_the_version_before_stands_again(store: SqlStore) -> None:
    add(store, "a")
    add(store, "for a day", expires_at=Instant(NOW + DAY))
    assert standing(store) == [(5, "for a day")]
    assert standing(store, DAY - 1) == [(5, "for a day")]
    assert standing(store, DAY) == [(4, "a")]
    with pytest.raises(ExpiredAlreadyError):
        add(store, "yesterday's", expires_at=NOW)
    assert add(store, "next") == 6, "a number is never given twice"


def test_rolling_back_makes_a_new_version(store: SqlStore) -> None:
    add(store, "a")
    add(store, "b")
    with store.writing() as work:
        again = work.rules.restore(RULE, 4, now=NOW, who="lin", why="b found too little")
    assert (again.number, again.text, again.origin, again.restores) == (6, "a", "restored", 4)
    with store.writing() as work:
        as_filed = work.rules.restore(RULE, 3, now=NOW, who="lin", why="as it came")
    assert as_filed.origin == "files"
    assert standing(store) == [(7, None)], "from here on it follows the files"
    with store.writing() as work, pytest.raises(UnknownVersionError):
        work.rules.restore(RULE, 99, now=NOW, who="lin", why="")


def test_a_draft_is_replaced_by_the_next_and_all_are_kept(store: SqlStore) -> None:
    with store.writing() as work:
        work.rules.add_draft(RULE, "one", now=NOW, who="lin", why="")
        second = work.rules.add_draft(RULE, "two", now=NOW, who="wang", why="")
    with store.reading() as work:
        assert work.rules.draft(RULE) == second
        assert [draft.text for draft in standing_at(work.rules, NOW).drafts] == ["two"]
    with store.writing() as work:
        work.rules.end_draft(second.id, now=NOW, who="lin", outcome="discarded")
    with store.reading() as work:
        assert [(one.text, one.outcome) for one in work.rules.drafts(RULE)] == [
            ("two", "discarded"),
            ("one", "replaced"),
        ]
        with pytest.raises(UnknownVersionError):
            work.rules.draft(RULE)


def test_overrides_stand_until_they_expire_or_are_ended(store: SqlStore) -> None:
    with store.writing() as work:
        forever = work.rules.add_override(RULE, "off: true", now=NOW, who="lin", why="x")
        work.rules.add_override(RULE, "within: 1 day", now=NOW, who="lin", why="y", expires_at=Instant(NOW + 5))
    with store.reading() as work:
        assert [one.text for one in work.rules.overrides(RULE, now=NOW)] == ["off: true", "within: 1 day"]
        assert [one.text for one in work.rules.overrides(now=Instant(NOW + 5))] == ["off: true"]
    with store.writing() as work:
        work.rules.end_override(RULE, forever.id, now=NOW, who="wang")
        with pytest.raises(UnknownVersionError):
            work.rules.end_override(RULE, forever.id, now=NOW, who="wang")
    with store.reading() as work:
        assert len(work.rules.overrides(RULE)) == 2
        assert work.rules.overrides(RULE, now=Instant(NOW + 5)) == []


def test_a_snooze_ends_in_time_to_come(store: SqlStore) -> None:
    with store.writing() as work:
        with pytest.raises(UnusableSnoozeError):
            work.snoozes.add(RULE, "order", "1", until=NOW, now=NOW, who="lin", why="")
        made = work.snoozes.add(RULE, "order", "1", until=Instant(NOW + 9), now=NOW, who="lin", why="")
        assert work.snoozes.in_force(NOW) == {(RULE, "order", "1"): made.id}
        assert work.snoozes.in_force(Instant(NOW + 9)) == {}
        assert work.snoozes.next_due() == NOW + 9
        assert work.snoozes.let_go(Instant(NOW + 9)) == []
        assert work.snoozes.next_due() is None
        with pytest.raises(UnusableSnoozeError):
            work.snoozes.end_early(made.id, now=NOW, who="lin")
