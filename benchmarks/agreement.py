"""Whether a contestant found what Amends found."""

from collections import Counter
from statistics import median, quantiles

import msgspec

from benchmarks.peers.contest import Outcome, Told

_MINUTE = 60_000_000
Key = tuple[str, str, object]


class Agreement(msgspec.Struct, kw_only=True):
    """How far two outcomes agree, and in what.

    `missed` are those a poll could not see, since they were over before it came; they are no disagreement.
    """

    in_what: str
    equal: bool
    lacking: list[str] = []
    surplus: list[str] = []
    missed: int = 0
    unread: int = 0
    """Ours by rules that the other cannot read; these are not compared."""
    delay_minutes: tuple[float, float] | None = None
    """Of a poll: how long after its instant a finding was told, median and 99 of 100."""


def agree(ours: Outcome, theirs: Outcome, *, poll_minutes: int | None, end: int) -> Agreement:
    """Compare a contestant with Amends: by rule, subject and instant; a poll by what still stood when it came."""
    if poll_minutes is not None:
        return _polled(ours, theirs, poll_minutes * _MINUTE, end)
    caused = all(told.cause for told in theirs.findings)
    rules = None if theirs.unread is None else set(theirs.unread)
    compared = [told for told in ours.findings if rules is None or told.rule not in rules]
    found = _differences(Counter(_exact(told, caused) for told in compared), theirs, caused)
    found.unread = len(ours.findings) - len(compared)
    return found


def _exact(told: Told, caused: bool) -> Key:  # noqa: FBT001
    return (told.rule, told.subject, (told.fired_at, told.cause, told.cleared_at) if caused else told.fired_at)


def _differences(want: Counter[Key], theirs: Outcome, caused: bool) -> Agreement:  # noqa: FBT001
    got = Counter(_exact(told, caused) for told in theirs.findings)
    in_what = "rule, subject, instant, cause and end" if caused else "rule, subject and instant"
    return _agreement(in_what, want, got)


def _agreement(in_what: str, want: Counter[Key], got: Counter[Key]) -> Agreement:
    lacking, surplus = (want - got).elements(), (got - want).elements()
    return Agreement(
        in_what=in_what,
        equal=want == got,
        lacking=[_said(key) for key in lacking][:20],
        surplus=[_said(key) for key in surplus][:20],
    )


def _said(key: Key) -> str:
    return f"{key[0]} {key[1]} {key[2]}"


def _polled(ours: Outcome, theirs: Outcome, every: int, end: int) -> Agreement:
    want: Counter[Key] = Counter()
    delays = []
    for told in ours.findings:
        poll = min(-(-told.fired_at // every) * every, end)
        if told.cleared_at is None or told.cleared_at > poll:
            want[told.rule, told.subject, (poll, _since(told))] += 1
            delays.append((poll - told.fired_at) / _MINUTE)
    got = Counter((told.rule, told.subject, (told.fired_at, told.cause)) for told in theirs.findings)
    found = _agreement("rule, subject and moment, of what still stood at a poll", want, Counter[Key](got))
    found.missed = len(ours.findings) - len(delays)
    if found.equal and len(delays) > 1:
        found.delay_minutes = (median(delays), quantiles(delays, n=100)[98])
    return found


def _since(told: Told) -> str:
    """The moment that a silence counts from; a poll does not know which event made a disagreement."""
    return told.cause if told.cause.isdigit() else ""
