"""How an act leaves, without anybody who sends it."""

from amends.model.instant import DAY, HOUR, Instant
from amends.resolution.intent import plan
from amends.resolution.outbox import ASKED_FOR, Reply, answered, entered, granted, taken

NOW = Instant(1_790_000_000_000_000)


def test_what_was_planned_waits_until_somebody_grants_it() -> None:
    entry = entered(plan("c", 0, "s#1", "refund", {}, NOW), worth=500, buyer="b")
    assert (entry.intent.state, entry.due_at) == ("proposed", None)
    gone = granted(entry, "lin", Instant(NOW + HOUR))
    assert (gone.intent.state, gone.due_at, gone.granted_by) == ("approved", NOW + HOUR, "lin")
    later = granted(entry, "lin", NOW, not_before=Instant(NOW + 5 * HOUR))
    assert later.due_at == NOW + 5 * HOUR


def test_what_nobody_can_say_is_not_asked_for_ever() -> None:
    entry = granted(entered(plan("c", 0, "s#1", "refund", {}, NOW)), "assistant", NOW)
    entry, errand = taken(entry, NOW)
    assert errand == "send"
    now, asked = NOW, 0
    while entry.due_at is not None:
        now = Instant(max(now, entry.due_at))
        entry, errand = taken(answered(entry, Reply(said="unclear"), now), now)
        assert errand == "look_up"
        entry = answered(entry, Reply(said="unclear"), now)
        asked += 1
    assert ASKED_FOR <= now - NOW < ASKED_FOR + DAY
    # Once an hour at the most, and what may have been done still counts as done.
    assert 24 * 25 < asked < 24 * 31
    assert entry.intent.state == "unknown"
