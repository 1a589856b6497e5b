"""An outbox over a real store, with actors that may die on the way."""

import random
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from amends.model.instant import MINUTE, Instant
from amends.pipeline.outbox import MOST_AT_ONCE, Actor, Outbox
from amends.resolution.intent import Intent, plan
from amends.resolution.outbox import OutboxEntry, Reply, entered, granted
from amends.store.work import SqlStore

START = Instant(1_790_000_000_000_000)
_cases = count(1)


class Died(BaseException):
    """The process is gone."""


class Mortal:
    """An actor whose process dies before or after it has told the vendor, now and then."""

    def __init__(self, actor: Actor, deaths: Iterator[str]) -> None:
        self._actor, self._deaths = actor, deaths
        self.does = actor.does

    def takes(self, intent: Intent) -> bool:
        return self._actor.takes(intent)

    def send(self, intent: Intent) -> Reply:
        death = next(self._deaths, "")
        if death == "before":
            raise Died
        reply = self._actor.send(intent)
        if death == "after":
            raise Died
        return reply

    def look_up(self, intent: Intent, ref: str | None) -> Reply:
        return self._actor.look_up(intent, ref)


class Sender:
    """A store, a clock, and actors."""

    def __init__(self, store: SqlStore, actors: Sequence[Actor]) -> None:
        self.store, self.actors, self.now = store, actors, START

    @staticmethod
    def intent(does: str, how: dict[str, Any]) -> Intent:
        """An act that is only thought of."""
        return plan("case-0", 0, "step", does, how, START)

    def plan(self, does: str, how: dict[str, Any], *, case: str | None = None, step: str = "step") -> str:
        """An act that may leave; returns its id."""
        case = case or f"case-{next(_cases)}"
        intent = plan(case, 0, step, does, how, self.now)
        entry = granted(entered(intent, worth=1), "assistant", self.now)
        with self.store.writing() as work:
            work.outbox.add([entry])
            # Planned again, it is the same.
            work.outbox.add([entry])
        return intent.id

    def see(self) -> None:
        """The playbooks of cases see what is new of them; before that nothing of theirs is due."""
        with self.store.writing() as work:
            for case in work.news.first(1_000):
                work.news.seen(case)

    def step(self, *deaths: str, limit: int = MOST_AT_ONCE) -> int:
        """Send what is due, once the playbooks of its cases have seen what is new."""
        self.see()
        try:
            actors = [Mortal(actor, iter(deaths)) for actor in self.actors]
            return Outbox(self.store, actors, lambda: self.now, self.failed).step(limit=limit)
        except Died:
            return 0

    def entry(self, act: str) -> OutboxEntry:
        """How far an act has come."""
        with self.store.reading() as work:
            (entry,) = work.outbox.get([act])
        return entry

    def state(self, act: str) -> str:
        """In one word."""
        return self.entry(act).intent.state

    def wait(self) -> None:
        """Let time pass until something is due."""
        self.see()
        with self.store.reading() as work:
            due = work.outbox.next_due()
        self.now = Instant(max(self.now, due or self.now))

    def finish(self, act: str, chance: random.Random) -> OutboxEntry:
        """Go on until an act is over, dying now and then."""
        for _ in range(200):
            self.step(chance.choice(("", "", "before", "after")))
            if self.entry(act).intent.is_over:
                break
            self.wait()
            self.now = Instant(self.now + chance.randrange(5) * MINUTE)
        return self.entry(act)

    def failed(self, intent: Intent, error: Exception) -> None:
        raise AssertionError(intent) from error
