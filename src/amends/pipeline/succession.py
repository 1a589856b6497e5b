"""Other rules take over between two rounds: what they find otherwise meets what still waits for the desk."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from amends.detection.finding import Clearing, Finding, Verdicts
from amends.model.instant import Instant
from amends.pipeline.ports import CaseStage, Kernels, Progress, Queued, UnitOfWork
from amends.pipeline.replay import Difference, Follower

Work = TypeVar("Work", bound=UnitOfWork)


class Successor(msgspec.Struct, Generic[Work], frozen=True, kw_only=True):
    """Other rules, with a kernel that has come nearly as far as the pipeline's: it takes the last steps in a round.

    `taken` is called when the rules are live, after the commit.
    """

    kernels: Kernels
    cases: CaseStage[Work]
    follower: Follower
    taken: Callable[[], None]


class Reckoning(msgspec.Struct, frozen=True, kw_only=True):
    """What a change of rules means to cases, which know of nothing yet that still waits for the desk.

    `waiting` is what waits and holds under the new rules too. `untold` are the clearings of findings that no case has
    heard of, and none needs to. `over` are the clearings that cases must hear of, beside those that wait.
    """

    waiting: list[Queued]
    untold: list[Clearing]
    over: list[Clearing]


def reckoned(waiting: Sequence[Queued], news: Difference) -> Reckoning:
    """Both as of one position: what waits for the desk, and what other rules find otherwise than is recorded.

    What waits is recorded as open, and its clearing is recorded by the desk alone. So whatever waits and is not among
    `news.over` is still so, and a clearing of it that waits does not hold.
    """
    over = {clearing.finding: clearing for clearing in news.over}
    ended = {each.finding: each for portion in waiting for each in portion.verdicts.clearings if each.finding in over}
    told_later = {found.id for portion in waiting for found in (*portion.verdicts.findings, *portion.back)}
    untold = told_later & over.keys()
    return Reckoning(
        waiting=[_left(portion, untold, over.keys() - untold) for portion in waiting],
        untold=[ended.get(id_) or over[id_] for id_ in sorted(untold)],
        over=[clearing for id_, clearing in over.items() if id_ not in untold and id_ not in ended],
    )


def keep_for_desk(work: UnitOfWork, news: Difference, progress: Progress) -> bool:
    """Record what other rules find otherwise, and queue for the desk what cases must hear of it.

    All within the given unit of work; returns whether anything waits for the desk.
    """
    waiting = work.verdicts.waiting()
    reckoning = reckoned(waiting, news)
    work.findings.reopen(found.id for found in news.back)
    work.findings.add(news.found)
    work.findings.clear(reckoning.untold)
    _replace(work, waiting, reckoning.waiting)
    # For who works on cases it begins now, however long it has been so: nobody was late in seeing it.
    found = [_as_of(each, progress.clock) for each in news.found]
    back = [_as_of(each, progress.clock) for each in news.back]
    work.verdicts.put(Verdicts(found, reckoning.over), position=progress.position, clock=progress.clock, back=back)
    return work.verdicts.size() > 0


def record(work: UnitOfWork, verdicts: Verdicts, *, position: int, clock: Instant) -> None:
    """Record what a round found, and queue it for the desk."""
    if work.findings.add(verdicts.findings) == len(verdicts.findings):
        work.verdicts.put(verdicts, position=position, clock=clock)
        return
    # Other rules have found the same before, and a change of rules, or what was an end to them, has cleared it.
    recorded = work.findings.cleared(found.id for found in verdicts.findings)
    open_ = {id_ for id_, cleared_at in recorded.items() if cleared_at is None}
    _drop_clearings(work, open_)
    back = [found for found in verdicts.findings if found.id not in open_]
    work.findings.reopen(found.id for found in back)
    new = [found for found in verdicts.findings if found.id in open_]
    work.verdicts.put(Verdicts(new, verdicts.clearings), position=position, clock=clock, back=back)


def _drop_clearings(work: UnitOfWork, of: set[str]) -> None:
    """Let the desk not clear these after all."""
    waiting = work.verdicts.waiting()
    ended = {clearing.finding for portion in waiting for clearing in portion.verdicts.clearings}
    if not ended.isdisjoint(of):
        _replace(work, waiting, [_left(portion, set(), ended - of) for portion in waiting])


def _replace(work: UnitOfWork, waiting: Sequence[Queued], left: Sequence[Queued]) -> None:
    if left != waiting:
        work.verdicts.remove(waiting)
        for each in left:
            work.verdicts.put(each.verdicts, position=each.position, clock=each.clock, back=each.back)


def _left(portion: Queued, untold: set[str], over: set[str]) -> Queued:
    findings = [each for each in portion.verdicts.findings if each.id not in untold]
    clearings = [each for each in portion.verdicts.clearings if each.finding in over]
    back = [each for each in portion.back if each.id not in untold]
    return msgspec.structs.replace(portion, verdicts=Verdicts(findings, clearings), back=back)


def _as_of(finding: Finding, at: Instant) -> Finding:
    return msgspec.structs.replace(finding, fired_at=max(finding.fired_at, at))
