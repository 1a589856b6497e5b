"""A seeded world put right from end to end: pipeline, playbooks and outbox in virtual time, without HTTP.

What comes out is a store, from which `righted_cases` and `righted_ledger` tell how it went.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from amends.cases.catalogue import built_in_catalogue
from amends.cases.rates import built_in_rates
from amends.cases.triage import Terms
from amends.cli.righted_outside import (
    Agenda,
    Letters,
    Post,
    Provider,
    Turn,
    Vendors,
    approval_turn,
    buyer_turn,
    task_turn,
)
from amends.connectors.registry import CONNECTORS
from amends.detection import load_pack
from amends.model.instant import DAY, HOUR, Duration, Instant
from amends.pipeline.casework import CaseWorkStage
from amends.pipeline.outbox import Actor, Outbox
from amends.pipeline.paying import PAYS
from amends.pipeline.ports import Change
from amends.pipeline.putting_right import PuttingRight
from amends.pipeline.righted import RightedStage
from amends.pipeline.stages import Pipeline
from amends.resolution.authority import built_in_authority
from amends.resolution.bookshelf import built_in_playbooks
from amends.resolution.errors import ResolutionError
from amends.resolution.facts import facts_of
from amends.resolution.intent import Intent
from amends.resolution.outbox import OutboxEntry
from amends.runtime.kernels import PackKernels
from amends.runtime.translation import ConnectorTranslator
from amends.sim.sending import Sending
from amends.sim.world import Plan, World
from amends.store.inbox import NewDelivery
from amends.store.work import SqlStore, Work

GOES_ON: Final = Duration(90 * DAY)
"""How long the world lasts after its last order: until parcels have come or never will, and banks have decided."""
GRAIN: Final = Duration(HOUR)
"""What happens within so long is looked at together."""
_AT_ONCE: Final = 100
_TURNS_MAX: Final = 10_000
"""So many turns at one moment are a circle."""
_LEADERS: Final = ("lead", "admin")
"""Who approves what waits: whoever of these may."""


_PAYING: Final = frozenset(("refund_by_hand", "give_coupon_by_hand", "send_again_by_hand"))
"""Tasks by which a buyer is made whole."""


class _EndlessError(RuntimeError):
    """Cases go on and on at one moment."""


class ByHand(msgspec.Struct, frozen=True, kw_only=True):
    """What a person did of which the journal may say nothing: a task that pays. `told`: the provider tells of it."""

    case: str
    what: str
    amount: int
    told: bool


class Putting:
    """A world that is put right. `able` are the acts that vendors other than the payment provider can do.

    Without `people` nobody does a task or approves anything. What happens within `grain` is looked at together.
    """

    def __init__(
        self, plan: Plan, store: SqlStore, *, able: frozenset[str], people: bool, grain: Duration = GRAIN
    ) -> None:
        self.world = World(plan)
        self.store = store
        self.now: Instant = plan.start
        self.deliveries = 0
        self.by_hand: list[ByHand] = []
        self.needless: Counter[str] = Counter()
        """Tasks that asked somebody to pay what had been paid."""
        self.failures: list[str] = []
        """Actors that broke down."""
        self.unapproved: list[str] = []
        """Acts that waited for an approval which nobody could give."""
        self._seed, self._people, self._grain = plan.seed, people, grain
        self._terms = Terms(currency="USD", rates=built_in_rates(), catalogue=built_in_catalogue())
        self.right = PuttingRight(built_in_playbooks(), built_in_authority(), self._terms)
        pack = load_pack()
        self._pipeline: Pipeline[Work] = Pipeline(
            store=store,
            translator=ConnectorTranslator(CONNECTORS),
            kernels=PackKernels(pack, store.database),
            cases=RightedStage(CaseWorkStage(rules=pack.rules, terms=self._terms)),
        )
        self._post = Post()
        self.provider = Provider(self._post, plan.seed)
        self._vendors = Vendors(able, self._post, lambda: self.now)
        self._agenda = Agenda()
        actors: list[Actor] = [Letters(), self.provider.actor, self._vendors]
        self._outbox = Outbox(store, actors, lambda: self.now, self._failed, heard=self._heard)

    def run(self) -> Iterator[Instant]:
        """Let the world run and be put right; says how far it has come."""
        sendings = iter(self.world.run())
        ahead = next(sendings, None)
        while True:
            # Before the first round it is not known what time alone changes.
            due = min(self._dues(ahead), default=None)
            at = None if due is None else Instant(max(self.now + self._grain, due))
            if at is None or (ahead is None and at > self.world.clock):
                break
            self.now = at
            arrived = []
            while ahead is not None and ahead.at <= self.now:
                arrived += self._taken(ahead)
                ahead = next(sendings, None)
            self._take_in([*arrived, *self._post.until(self.now)])
            self._settle()
            answers = self._agenda.until(self.now)
            for turn in answers:
                self._answer(turn)
            if answers:
                self._settle()
            self.provider.go_on(self.now)
            yield self.now

    def _dues(self, ahead: Sending | None) -> list[Instant]:
        with self.store.reading() as work:
            found = [self.right.next_due(work), work.outbox.next_due()]
        found += [self._pipeline.next_due(), self._post.next_at(), self._agenda.next_at(), self.provider.next_at()]
        found += [None if ahead is None else ahead.at]
        return [due for due in found if due is not None]

    # ------------------------------------------------------------ what comes in

    def _taken(self, sending: Sending) -> list[NewDelivery]:
        if not (self._vendors.hear(sending) and self.provider.hear(sending)):
            return []
        delivery = NewDelivery(
            vendor=sending.feed.vendor, account=sending.feed.account, delivery_id=sending.id, received=sending.at,
            headers=sending.headers, body=sending.body,
        )  # fmt: skip
        return [delivery]

    def _take_in(self, deliveries: list[NewDelivery]) -> None:
        if deliveries:
            self.deliveries += len(deliveries)
            with self.store.writing() as work:
                work.inbox.add(sorted(deliveries, key=lambda each: each.received))

    # ------------------------------------------------------------ what goes on

    def _settle(self) -> None:
        """Go on until nothing more happens at this moment."""
        for _ in range(_TURNS_MAX):
            while self._pipeline.round(self.now).more:
                pass
            turned = self._turn()
            sent = self._outbox.step(limit=_AT_ONCE)
            if not turned and not sent:
                return
        raise _EndlessError(f"Cases go round in a circle at {self.now}.")

    def _turn(self) -> bool:
        with self.store.reading() as work:
            due = self.right.next_due(work)
        if due is None or due > self.now:
            return False
        with self.store.writing() as work:
            changes = self.right.turn(work, self.now, limit=_AT_ONCE)
            if self._people:
                self._give_work(work, changes)
        return True

    def _heard(self, work: Any, before: OutboxEntry, after: OutboxEntry, now: Instant) -> None:
        self.right.heard(work, before, after, now)
        done = ("accepted", "confirmed")
        if after.intent.state in done and before.intent.state not in done and after.intent.does in PAYS:
            how = after.intent.how
            self.provider.given[str(how.get("order"))] += int(how.get("amount") or 0)
        if after.intent.state == "confirmed" and before.intent.state != "confirmed":
            answer = buyer_turn(self._seed, after.intent, now)
            if answer is not None:
                self._agenda.note(answer[0], after.intent.case, 0, after.intent.id, answer[1])

    def _failed(self, intent: Intent, error: Exception) -> None:
        self.failures.append(f"{intent.does} of case {intent.case}: {type(error).__name__}: {error}")

    def _give_work(self, work: Work, changes: list[Change]) -> None:
        for case in dict.fromkeys(change.id for change in changes if change.kind == "case"):
            standing = work.standings.get(case)
            if standing is None:
                continue
            for task in work.standings.tasks(case, standing.round):
                at, turn = task_turn(
                    self._seed, case, f"{standing.round}/{task.id}", task.what, task.details, self.now, task.due_at
                )
                turn = msgspec.structs.replace(turn, step=task.id)
                self._agenda.note(at, case, standing.round, task.id, turn)
            for entry in work.outbox.of_case(case):
                if entry.intent.state == "proposed":
                    at, turn = approval_turn(self._seed, entry.intent, self.now)
                    self._agenda.note(at, case, 0, entry.intent.id, turn)

    # ------------------------------------------------------------ what buyers and people do

    def _answer(self, turn: Turn) -> None:
        if turn.act is not None:
            self._approve(turn.case, turn.act)
            return
        with self.store.reading() as work:
            found = self.right.waits_for(work, turn.case)
            facts = self._facts(work, turn.case) if turn.what else {}
        if found is None or found.step_id != turn.step:
            return
        said = turn.said
        if turn.what and said == "done":
            said = self._do(turn, facts)
        with self.store.writing() as work:
            changes = [Change(kind="case", id=turn.case)]
            self.right.answer(work, turn.case, turn.step, said, who=turn.who, now=self.now)
            if self._people:
                self._give_work(work, changes)

    def _facts(self, work: Work, case: str) -> dict[str, Any]:
        found = work.cases.get([case])[case]
        subject = ("order", found.order) if found.order is not None else (found.kind, found.subject)
        return facts_of(entry.event for entry in work.journal.read_subject(*subject))

    def _do(self, turn: Turn, facts: dict[str, Any]) -> str:
        """A person does what the task says, and pays nothing that has been paid; what they say of it."""
        self._vendors.say(turn.what, facts)
        if turn.what not in _PAYING:
            return "done"
        order, amount = str(facts.get("order")), turn.details.get("amount")
        worth = int(facts.get("total") or facts.get("captured") or 0) if amount is None else int(amount)
        if self.provider.is_whole(order, worth):
            self.needless[turn.what] += 1
            return "done"
        told = turn.what == "refund_by_hand" and self.provider.refund_by_hand(
            str(facts.get("payment")), worth, f"{turn.case}/{turn.step}"
        )
        if not told:
            self.provider.given[order] += worth
        self.by_hand.append(ByHand(case=turn.case, what=turn.what, amount=worth, told=told))
        return "done"

    def _approve(self, case: str, act: str) -> None:
        for role in _LEADERS:
            try:
                with self.store.writing() as work:
                    entry = next((one for one in work.outbox.of_case(case) if one.intent.id == act), None)
                    if entry is None or entry.intent.state != "proposed":
                        return
                    self.right.approve(work, case, act, who=role, role=role, now=self.now)
                return
            except ResolutionError as error:
                why = str(error)
        with self.store.writing() as work:
            self.unapproved.append(f"Nobody could approve an act of case {case}: {why}")
            self.right.refuse(work, case, act, who=_LEADERS[-1], now=self.now)
            self._give_work(work, [Change(kind="case", id=case)])
