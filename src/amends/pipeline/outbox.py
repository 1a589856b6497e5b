"""The one door out: takes acts from the outbox, has a vendor do each or say what became of it, and keeps the answer.

What is taken is committed before anything is sent, so a crash on the way is known as such: see `resolution.outbox`.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from amends.model.instant import MINUTE, Duration, Instant
from amends.pipeline import failpoints
from amends.pipeline.ports import Store, UnitOfWork
from amends.resolution.intent import Intent
from amends.resolution.outbox import LEASE, Errand, OutboxEntry, Reply, answered, taken

MOST_AT_ONCE: Final = 20
HEARD_WITHIN: Final = Duration(10 * MINUTE)
"""So long acts wait for what has come in while nobody looked."""
_BEHIND_MAX: Final = 2_000
UNABLE: Final = "No vendor that is connected can do {does!r} here."
"""What is said of an act that nobody is able to do."""


class Actor(Protocol):
    """A vendor that can be told to do something."""

    @property
    def does(self) -> frozenset[str]:
        """What it is able to do: names of acts, such as `refund`."""
        ...

    def takes(self, intent: Intent) -> bool:
        """Whether this act is its own: the payment is one of this provider's, say."""
        ...

    def send(self, intent: Intent) -> Reply:
        """Do it, once: the act's id is the key by which the vendor knows it again."""
        ...

    def look_up(self, intent: Intent, ref: str | None) -> Reply:
        """Say whether it was done; changes nothing. `ref` is the vendor's own id of it, if it is known."""
        ...


class OutboxBook(Protocol):
    """The acts that are to leave."""

    def due(self, now: Instant, *, limit: int) -> list[OutboxEntry]: ...
    def put(self, before: OutboxEntry, after: OutboxEntry) -> bool: ...
    def next_due(self) -> Instant | None: ...


class NewsBook(Protocol):
    """News of cases."""

    def mark(self, cases: Iterable[str], now: Instant) -> None: ...


class OutboxWork(UnitOfWork, Protocol):
    """A unit of work that holds the outbox, and news of cases."""

    @property
    def outbox(self) -> OutboxBook: ...
    @property
    def news(self) -> NewsBook: ...


class Outbox:
    """Sends what is due. Several may run at once, also in several processes: each act is taken by one of them.

    `actors` are those there are, or who says so each time. `failed` is told of an actor that breaks down, `heard` of
    each act that was answered, in the same transaction. `unheard` says how many events of the journal no case has
    heard of yet; None where nobody knows.
    """

    def __init__(
        self,
        store: Store[OutboxWork],
        actors: Iterable[Actor] | Callable[[], Iterable[Actor]],
        now: Callable[[], Instant],
        failed: Callable[[Intent, Exception], None],
        heard: Callable[[Any, OutboxEntry, OutboxEntry, Instant], None] | None = None,
        unheard: Callable[[], int | None] = lambda: 0,
    ) -> None:
        self._store, self._now, self._failed, self._heard = store, now, failed, heard
        always = () if callable(actors) else tuple(actors)
        self._actors = actors if callable(actors) else lambda: always
        self._able_now: tuple[Actor, ...] = ()
        self._unheard = unheard
        self._is_level = False
        self._waits_since: Instant | None = None

    def step(self, *, limit: int = MOST_AT_ONCE) -> int:
        """Take what is due, do it, keep the answers; returns how many acts went on."""
        # Asked for before any transaction: making them takes a while.
        self._able_now = tuple(self._actors())
        done, mine = 0, self._first()
        for left in range(limit, 0, -1):
            if mine is None:
                break
            entry, errand = mine
            if entry.due_at is None or self._now() >= entry.due_at - LEASE // 2:
                # This process has slept: before long it is somebody else's, so its lease is let run out.
                mine = self._first()
                continue
            reply = self._run(entry, errand)
            failpoints.reach("outbox.answer.before")
            now = self._now()
            after = answered(entry, reply, now)
            with self._store.writing() as work:
                done += self._keep(work, entry, after, now)
                # With the answer of one the next is taken: a commit less for each.
                mine = self._take(work, now) if left > 1 else None
            failpoints.reach("outbox.taken")
        return done

    def _first(self) -> tuple[OutboxEntry, Errand] | None:
        now = self._now()
        with self._store.reading() as work:
            if not work.outbox.due(now, limit=1) or not self._is_heard(work, now):
                return None
        with self._store.writing() as work:
            mine = self._take(work, now)
        failpoints.reach("outbox.taken")
        return mine

    def _is_heard(self, work: OutboxWork, now: Instant) -> bool:
        """Whether what is in the house already has been heard of: it may say that an act is needless.

        After a start, all of it; later nearly all, since there is always something new. Nobody is waited for for ever.
        """
        behind = self._unheard()
        if self._is_level:
            heard = behind is not None and behind <= _BEHIND_MAX
        else:
            heard = behind == 0 and not work.inbox.waits()
        if heard:
            self._is_level, self._waits_since = True, None
            return True
        self._waits_since = now if self._waits_since is None else self._waits_since
        return now - self._waits_since >= HEARD_WITHIN

    def _take(self, work: OutboxWork, now: Instant) -> tuple[OutboxEntry, Errand] | None:
        """One act, so that none waits under a running lease while another is sent; None where nothing is due."""
        for before in work.outbox.due(now, limit=MOST_AT_ONCE):
            entry, errand = taken(before, now)
            if errand == "send" and self._able(entry.intent) is None:
                # Nobody is told anything, so there is nothing that could get lost on the way.
                says = f"No vendor that is connected can do {entry.intent.does!r} here."
                self._keep(work, before, answered(entry, Reply(said="refused", says=says), now), now)
            elif work.outbox.put(before, entry):
                return entry, errand
        return None

    def _keep(self, work: OutboxWork, before: OutboxEntry, after: OutboxEntry, now: Instant) -> bool:
        if not work.outbox.put(before, after):
            return False
        work.news.mark([after.intent.case], now)
        if self._heard is not None:
            self._heard(work, before, after, now)
        return True

    def _able(self, intent: Intent) -> Actor | None:
        return next((one for one in self._able_now if intent.does in one.does and one.takes(intent)), None)

    def _run(self, entry: OutboxEntry, errand: Errand) -> Reply:
        intent = entry.intent
        actor = self._able(intent)
        if actor is None and errand == "look_up":
            # Whoever sent it may have done it: that nobody here can ask does not undo it.
            return Reply(said="unclear", says=f"No vendor that is connected can look {intent.does!r} up here.")
        if actor is None:
            return Reply(said="refused", says=UNABLE.format(does=intent.does))
        try:
            return actor.send(intent) if errand == "send" else actor.look_up(intent, entry.ref)
        except Exception as error:
            # Whatever went wrong here may have gone wrong after the vendor was told.
            self._failed(intent, error)
            return Reply(said="unclear", says=str(error))
