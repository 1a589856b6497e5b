"""A changed rule set goes live between two rounds: nothing is lost, nothing is told twice, nobody waits."""

import random
import re
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.test_replay import ONE_RULE
from tests.pipeline.world import PACK, START, Step, World, end_of, event, story

from amends.cases.catalogue import built_in_catalogue
from amends.cases.rates import built_in_rates
from amends.cases.triage import Terms
from amends.detection import Clearing, Finding, Kernel, Pack, Verdicts, pack_from_text
from amends.detection.edition import Edition, composed, text_of
from amends.detection.pack import read_files
from amends.model.instant import DAY, HOUR, Instant
from amends.pipeline.casework import CaseWorkStage
from amends.pipeline.ports import Queued
from amends.pipeline.quiet import QuietStage
from amends.pipeline.replay import RULES_CHANGED, Difference, Follower
from amends.pipeline.succession import Reckoning, Successor, reckoned
from amends.runtime.kernels import PackKernels
from amends.store.errors import StoreError

FILES = read_files()
RULE = "paid_not_updated"
PATIENT, HASTY = (pack_from_text(ONE_RULE % within) for within in ("10 hours", "1 hour"))


class Shop(World):
    """A world whose rules can be changed while it runs."""

    taken = 0

    def terms(self) -> Terms:
        return Terms(currency="EUR", rates=built_in_rates(), catalogue=built_in_catalogue())

    def restart(self, pack: Pack | None = None) -> None:
        super().restart(pack)
        self.pipeline._cases = self.stage(self.pack)

    def stage(self, pack: Pack) -> Any:
        return QuietStage(CaseWorkStage(rules=pack.rules, terms=self.terms()))

    def follow(self, pack: Pack) -> Follower:
        """A kernel of other rules that has come as far as the last commit."""
        follower = Follower(Kernel(pack))
        with self.store.reading() as work:
            goal = work.progress.get()
        follower.catch_up(self.store, goal)
        return follower

    def hand_over(self, pack: Pack, follower: Follower | None = None) -> None:
        def taken() -> None:
            self.pack = pack
            self.taken += 1

        follower = follower or self.follow(pack)
        self.pipeline.succeed(
            Successor(kernels=PackKernels(pack, self.database), cases=self.stage(pack), follower=follower, taken=taken)
        )

    def open_orders(self) -> set[str]:
        """What is wrong with orders and parcels; what is told of cases depends on what people could see."""
        with self.store.reading() as work:
            found = work.findings.latest(10_000, open_only=True)
            return {one.finding.subject for one in found if one.finding.kind != "case"}

    def states(self) -> dict[str, str]:
        return {row[1]: row[2] for row in self.cases()}

    def placed(self, order: str, at: int) -> None:
        self.post(Instant(at), event(f"{order}/placed", "order.placed", at, {"order": order}))

    def paid(self, order: str, at: int) -> None:
        self.post(Instant(at), event(f"{order}/paid", "order.paid", at, {"order": order}))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "amends.sqlite", PATIENT)


def hours(number: float) -> Instant:
    return Instant(START + int(number * HOUR))


def test_only_what_is_still_so_opens_cases(shop: Shop) -> None:
    for order in ("over", "still"):
        shop.placed(order, START)
    shop.settle(START)
    shop.paid("over", hours(4))
    shop.settle(hours(4))
    shop.settle(hours(5))
    assert shop.findings() == {}

    shop.hand_over(HASTY)
    shop.settle(hours(5))
    assert shop.taken == 1
    assert shop.open_orders() == {"still"}
    assert shop.states() == {"still": "new"}
    (found,) = shop.findings().values()
    assert (found[1], found[2], found[3]) == ("still", hours(1), None), "the finding says since when it has been so"
    (case,) = shop.cases()
    assert case[4] == hours(5), "for who works on it, it begins now"
    opened = [one for one in shop.journal() if one.type == "case.opened"]
    assert [one.time for one in opened] == [hours(5)]


def test_what_the_new_rules_do_not_find_is_cleared_and_what_they_find_again_is_back(shop: Shop) -> None:
    shop.restart(HASTY)
    shop.placed("1", START)
    shop.settle(START)
    shop.settle(hours(2))
    assert shop.states() == {"1": "new"}

    shop.hand_over(PATIENT)
    shop.settle(hours(2))
    with shop.store.reading() as work:
        (recorded,) = work.findings.latest(9)
    assert (recorded.cleared_by, recorded.cleared_at) == (RULES_CHANGED, hours(2))
    assert shop.states() == {"1": "resolved"}

    shop.hand_over(HASTY)
    shop.settle(hours(3))
    assert shop.open_orders() == {"1"}
    assert shop.states() == {"1": "new"}, "the same case, opened again"
    shop.paid("1", hours(4))
    shop.settle(hours(4))
    assert shop.open_orders() == set()
    assert shop.states() == {"1": "resolved"}


def test_a_case_somebody_works_on_is_left_to_them(shop: Shop) -> None:
    shop.restart(HASTY)
    shop.placed("1", START)
    shop.settle(START)
    shop.settle(hours(2))
    with shop.store.writing() as work:
        work.connection.exec_driver_sql("UPDATE case_file SET state = 'open', touched = 1")
    shop.hand_over(PATIENT)
    shop.settle(hours(2))
    assert shop.states() == {"1": "open"}
    shop.hand_over(HASTY)
    shop.settle(hours(3))
    assert shop.states() == {"1": "open"}
    with shop.store.reading() as work:
        (row,) = work.connection.exec_driver_sql("SELECT healed_at FROM case_file")
    assert row[0] is None


def test_a_round_that_fails_leaves_the_old_rules_live_and_the_change_is_made_in_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.placed("1", START)
    shop.settle(hours(2))
    shop.hand_over(HASTY)
    with monkeypatch.context() as patched:
        patched.setattr("amends.store.progress.ProgressTable.set", _full)
        with pytest.raises(StoreError):
            shop.pipeline.round(hours(2))
    assert (shop.taken, shop.findings()) == (0, {})
    shop.placed("2", hours(2))
    shop.settle(hours(2))
    assert shop.taken == 1
    assert shop.open_orders() == {"1"}
    shop.settle(hours(4))
    assert shop.open_orders() == {"1", "2"}


def _full(*_: object) -> None:
    raise StoreError("the disk is full")


@pytest.mark.inv05
def test_changing_rules_in_the_middle_ends_where_the_new_rules_alone_would_have(tmp_path: Path) -> None:
    text = re.sub(r"within: .*", "within: 3 days", text_of(FILES, "tracking_stalled") or "")
    other = composed(FILES, [Edition(rule="tracking_stalled", number=2, text=text)])
    for seed in range(2):
        steps = story(seed, orders=5)
        alone = Shop(tmp_path / f"alone{seed}.sqlite", other)
        _play(alone, steps)
        changed = Shop(tmp_path / f"changed{seed}.sqlite", PACK)
        draw = random.Random(seed)
        _play(changed, steps, other, at=draw.randrange(len(steps)), lag=draw.randrange(10))
        assert changed.taken == 1
        assert changed.open_orders() == alone.open_orders(), f"seed {seed}"
        with changed.store.reading() as work:
            assert work.progress.get().pack == other.digest
        wrong = {id_: found for id_, found in changed.findings().items() if found[0] == "tracking_stalled"}
        for id_, found in alone.findings().items():
            if found[0] == "tracking_stalled" and id_ in wrong:
                assert wrong[id_][3] == found[3]


def _play(shop: Shop, steps: list[Step], other: Pack | None = None, *, at: int = -1, lag: int = 0) -> None:
    follower = None
    for number, (now, events) in enumerate(steps):
        shop.post(now, *events)
        shop.settle(now)
        if number == at and other is not None:
            follower = shop.follow(other)
        if number == at + lag and follower is not None and other is not None:
            # In between it went on under the old rules: the last stretch is gone in the round of the change.
            shop.hand_over(other, follower)
            follower = None
    if follower is not None and other is not None:
        shop.hand_over(other, follower)
    for _ in range(3):  # what is told of cases is judged first, then the time passes
        shop.settle(end_of(steps))


def test_a_restart_goes_on_with_the_rules_that_were_taken(shop: Shop) -> None:
    shop.placed("1", START)
    shop.settle(hours(2))
    shop.hand_over(HASTY)
    shop.settle(hours(2))
    shop.pipeline.snapshot()
    before = shop.findings()
    shop.restart(HASTY)
    shop.settle(hours(2))
    assert shop.findings() == before


# ---------------------------------------------------------------- while the desk is behind


def press(shop: Shop, now: Instant) -> None:
    """Let more wait than a few rounds take, so that the desk has no turn."""
    for _ in range(6):
        shop.post(now, body=b"{}")


def only_round(shop: Shop, now: Instant) -> None:
    assert shop.pipeline.round(now, events_max=1).more


def queued(shop: Shop) -> int:
    with shop.store.reading() as work:
        return work.verdicts.size()


@pytest.mark.parametrize("killed", [False, True])
def test_what_the_desk_has_not_seen_yet_opens_no_case_once_the_rules_do_not_find_it(shop: Shop, killed: bool) -> None:
    shop.restart(HASTY)
    shop.placed("1", START)
    shop.settle(START)
    shop.placed("2", hours(2))
    press(shop, hours(2))
    only_round(shop, hours(2))
    assert (shop.open_orders(), queued(shop)) == ({"1"}, 1)

    shop.hand_over(PATIENT)
    only_round(shop, hours(2))
    assert (shop.taken, shop.open_orders(), queued(shop)) == (1, set(), 0)
    with shop.store.reading() as work:
        (recorded,) = work.findings.latest(9)
    assert (recorded.cleared_by, recorded.cleared_at) == (RULES_CHANGED, hours(2))
    if killed:
        shop.restart(PATIENT)
    shop.settle(hours(2))
    assert shop.cases() == []
    shop.settle(hours(11))
    assert shop.states() == {"1": "new"}


@pytest.mark.parametrize("desk_has_turn", [False, True])
def test_what_a_change_has_cleared_is_back_when_its_time_comes_under_the_new_rules(
    shop: Shop,
    desk_has_turn: bool,
) -> None:
    shop.restart(HASTY)
    shop.placed("1", START)
    shop.settle(START)
    shop.settle(hours(2))
    assert shop.states() == {"1": "new"}
    shop.hand_over(PATIENT)
    if desk_has_turn:
        shop.settle(hours(2))
        assert shop.states() == {"1": "resolved"}
    shop.placed("2", hours(11))
    press(shop, hours(11))
    only_round(shop, hours(11))
    only_round(shop, hours(11))
    shop.settle(hours(11))
    assert shop.open_orders() == {"1"}
    assert shop.states() == {"1": "new"}


@pytest.mark.parametrize("killed", [False, True])
def test_what_is_back_reopens_its_case_whatever_comes_before_the_desk(shop: Shop, killed: bool) -> None:
    shop.restart(HASTY)
    for order in ("1", "2"):
        shop.placed(order, START)
    shop.settle(START)
    shop.settle(hours(2))
    shop.hand_over(PATIENT)
    shop.settle(hours(2))
    assert shop.states() == {"1": "resolved", "2": "resolved"}

    shop.paid("2", hours(3))
    press(shop, hours(3))
    shop.hand_over(HASTY)
    only_round(shop, hours(3))
    only_round(shop, hours(3))
    assert shop.states() == {"1": "resolved", "2": "resolved"}
    assert queued(shop) == 2, "both are back, and one of them has cleared"
    if killed:
        shop.restart(HASTY)
    shop.settle(hours(3))
    assert shop.states() == {"1": "new", "2": "resolved"}
    assert shop.open_orders() == {"1"}


@pytest.mark.parametrize("killed", [False, True])
def test_what_is_snoozed_opens_no_case_from_the_queue(shop: Shop, killed: bool) -> None:
    shop.placed("1", START)
    shop.settle(START)
    shop.settle(hours(2))
    snooze(shop, "1", Instant(START + DAY), hours(2))
    press(shop, hours(2))
    shop.hand_over(HASTY)
    only_round(shop, hours(2))
    assert (shop.open_orders(), queued(shop)) == ({"1"}, 1)
    if killed:
        shop.restart(HASTY)
    shop.settle(hours(3))
    assert shop.states() == {}
    shop.settle(Instant(START + DAY))
    assert shop.states() == {"1": "new"}


def test_other_rules_after_a_restart_meet_what_waits_for_the_desk(shop: Shop) -> None:
    shop.restart(HASTY)
    shop.placed("1", START)
    shop.settle(START)
    shop.placed("2", hours(2))
    press(shop, hours(2))
    only_round(shop, hours(2))
    assert (shop.open_orders(), queued(shop)) == ({"1"}, 1)
    shop.restart(PATIENT)
    shop.settle(hours(2))
    assert (shop.open_orders(), shop.cases()) == (set(), [])


def found(id_: str) -> Finding:
    return Finding(
        id=id_, rule="r", version=1, exception="e", kind="order", subject=id_, order=id_, fired_at=START, cause="c"
    )


def ended(id_: str, cause: str = "event") -> Clearing:
    return Clearing(finding=id_, cleared_at=START, cause=cause)


@pytest.mark.parametrize(
    ("waiting", "over", "left", "untold", "told"),
    [
        # Nothing waits: cases hear of it.
        (Verdicts(), "a", Verdicts(), [], [ended("a", RULES_CHANGED)]),
        # It waits and is still so; or it is not, and nobody has heard of it.
        (Verdicts([found("a")]), "", Verdicts([found("a")]), [], []),
        (Verdicts([found("a")]), "a", Verdicts(), [ended("a", RULES_CHANGED)], []),
        # It has ended under the old rules: also under the new ones, or not.
        (Verdicts([], [ended("a")]), "a", Verdicts([], [ended("a")]), [], []),
        (Verdicts([], [ended("a")]), "", Verdicts(), [], []),
        # It has come and gone before the desk: so too under the new rules, or not.
        (Verdicts([found("a")], [ended("a")]), "a", Verdicts(), [ended("a")], []),
        (Verdicts([found("a")], [ended("a")]), "", Verdicts([found("a")]), [], []),
    ],
)
@pytest.mark.parametrize("is_back", [False, True])
def test_what_waits_for_the_desk_is_what_the_new_rules_say(
    waiting: Verdicts,
    over: str,
    left: Verdicts,
    untold: list[Clearing],
    told: list[Clearing],
    is_back: bool,
) -> None:
    def portion(verdicts: Verdicts) -> Queued:
        back, findings = (verdicts.findings, []) if is_back else ([], verdicts.findings)
        return Queued(id=1, position=1, clock=START, verdicts=Verdicts(findings, verdicts.clearings), back=back)

    reckoning = reckoned([portion(waiting)], Difference(over=[ended(id_, RULES_CHANGED) for id_ in over]))
    assert reckoning == Reckoning(waiting=[portion(left)], untold=untold, over=told)


# ---------------------------------------------------------------- keeping quiet


def snooze(shop: Shop, subject: str, until: Instant, now: Instant) -> int:
    with shop.store.writing() as work:
        return work.snoozes.add(RULE, "order", subject, until=until, now=now, who="lin", why="agreed").id


def test_a_snoozed_subject_opens_no_case_until_its_time(shop: Shop) -> None:
    shop.restart(HASTY)
    for order in ("quiet", "over", "loud"):
        shop.placed(order, START)
    shop.settle(START)
    for order in ("quiet", "over"):
        snooze(shop, order, hours(5), START)
    shop.settle(hours(2))
    assert shop.open_orders() == {"quiet", "over", "loud"}, "what is found is kept"
    assert shop.states() == {"loud": "new"}
    with shop.store.reading() as work:
        marked = {one.finding.subject: one.snooze is not None for one in work.findings.latest(9)}
    assert marked == {"quiet": True, "over": True, "loud": False}

    shop.paid("over", hours(3))
    shop.settle(hours(3))
    assert shop.pipeline.next_due() == hours(5)
    shop.settle(hours(5))
    assert shop.states() == {"loud": "new", "quiet": "new"}, "what came right in the meantime opens none"
    (opened,) = [row[4] for row in shop.cases() if row[1] == "quiet"]
    assert opened == hours(5)
    shop.paid("quiet", hours(6))
    shop.settle(hours(6))
    assert shop.states()["quiet"] == "resolved"


def test_a_snooze_can_be_ended_early_and_made_longer(shop: Shop) -> None:
    shop.restart(HASTY)
    for order in ("early", "longer"):
        shop.placed(order, START)
    shop.settle(START)
    early = snooze(shop, "early", hours(50), START)
    snooze(shop, "longer", hours(3), START)
    shop.settle(hours(2))
    snooze(shop, "longer", hours(9), hours(2))
    with shop.store.writing() as work:
        work.snoozes.end_early(early, now=hours(2), who="lin")
    shop.settle(hours(4))
    assert shop.states() == {"early": "new"}
    shop.settle(hours(9))
    assert shop.states() == {"early": "new", "longer": "new"}


def test_a_snooze_holds_over_a_change_of_rules_and_a_restart(shop: Shop) -> None:
    shop.placed("1", START)
    shop.settle(hours(2))
    snooze(shop, "1", Instant(START + DAY), hours(2))
    shop.hand_over(HASTY)
    shop.settle(hours(2))
    assert (shop.open_orders(), shop.states()) == ({"1"}, {})
    shop.restart(HASTY)
    shop.settle(hours(3))
    assert shop.states() == {}
    shop.settle(Instant(START + DAY))
    assert shop.states() == {"1": "new"}
