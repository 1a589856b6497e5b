"""What the pipeline asks of the world around it. `store`, `engines` and `runtime` answer.

A *position* is a place in a sequence that only grows: of the inbox (deliveries) or of the journal (events).
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Final, Literal, Protocol, TypeVar

import msgspec

from amends.detection.finding import Clearing, Finding, Verdicts
from amends.detection.page import Page
from amends.model.errors import AmendsError
from amends.model.event import Event
from amends.model.instant import Instant

DeliveryState = Literal["pending", "taken", "quarantined", "refused", "conflict"]
"""pending: waits for the pipeline; taken: its events are in the journal; quarantined: could not be read;
refused: read, but speaks of nothing that is followed; conflict: repeats an identity with another body."""


class RawDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery as it came, at its position in the inbox."""

    position: int
    vendor: str
    account: str
    delivery_id: str
    received: Instant
    headers: dict[str, str]
    body: bytes


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivery says in our words: its events, or the sentence that tells why there are none.

    Both, where only a part of it could be read or is followed. `checked`: each event came by way of
    `amends.model.event`, so it is what the vocabulary allows.
    """

    events: list[Event] = []
    unreadable: str | None = None
    irrelevant: str | None = None
    checked: bool = False


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivery: its new state, how many new events it gave, and the sentence people read."""

    position: int
    state: DeliveryState
    events: int = 0
    error: str | None = None


ChangeKind = Literal["case", "incident", "order", "delivery", "everything"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Something of this kind and id has changed; pages that show it are told.

    `everything` (its id is empty) stands for more than a page would list.
    """

    kind: ChangeKind
    id: str


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the kernel has come: the last journal position it has judged, its clock, and the digest of its rules."""

    position: int
    clock: Instant
    pack: str


NOWHERE: Final = Progress(position=0, clock=Instant(0), pack="")


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel's state after `progress`."""

    progress: Progress
    blob: bytes


class Entry(msgspec.Struct, frozen=True):
    """An event and its position in the journal."""

    position: int
    event: Event


class Sorted(msgspec.Struct, frozen=True):
    """A page of events by what the journal knows of their identity: those that are `new` to it, and the places on the
    page of the `old` ones, which it has word for word, and of `conflicts`, which it has otherwise.

    `identities` is for the journal, which need not work out twice what it files the new ones by.
    """

    new: Page
    old: frozenset[int] = frozenset()
    conflicts: frozenset[int] = frozenset()
    identities: bytes = b""


class Stretch(msgspec.Struct, frozen=True):
    """Some events of the journal, up to a position of it."""

    position: int
    page: Page


class JournalMovedError(AmendsError):
    """Somebody else has written to the journal since this round was judged; it is judged again."""


class Translator(Protocol):
    """Turns a vendor's words into ours. Pure: the same delivery always gives the same events."""

    def read(self, delivery: RawDelivery) -> Translation:
        """Never raises: what cannot be read comes back as a sentence."""
        ...


class Kernel(Protocol):
    """What the pipeline asks of `amends.detection.Kernel`."""

    def on_page(self, page: Page) -> Verdicts: ...
    def sweep(self, now: Instant) -> Verdicts: ...
    def next_due(self) -> Instant | None: ...
    def snapshot(self) -> bytes: ...


class Kernels(Protocol):
    """Makes kernels that judge by one rule pack."""

    @property
    def pack(self) -> str:
        """The digest of the rules."""
        ...

    def fresh(self) -> Kernel: ...

    def restore(self, blob: bytes) -> Kernel | None:
        """None where the blob was taken under other rules: the journal is judged anew."""
        ...


class Inbox(Protocol):
    """Deliveries that are durable and wait for the pipeline."""

    def pending(self, *, limit: int, bytes_max: int) -> list[RawDelivery]:
        """The first ones, as many as `limit` or until they hold `bytes_max` together; at least one if any waits."""
        ...

    def waits(self) -> bool:
        """Whether any does."""
        ...

    def settle(self, settlements: Sequence[Settlement]) -> None: ...


class Journal(Protocol):
    """The append-only record of every event, each `(source, id)` once."""

    def head(self) -> int:
        """The greatest position; 0 where the journal is empty."""
        ...

    def sort_out(self, page: Page) -> Sorted:
        """Tell the new ones (the first of each identity) from those that repeat an identity with another body."""
        ...

    def append(self, found: Sorted, *, after: int) -> int:
        """Add the new events; gives the head. Raises JournalMovedError if it is not at `after` any more."""
        ...

    def read(self, *, after: int, limit: int) -> list[Entry]:
        """The entries behind position `after`, in order, about `limit` of them (whole batches), [] at the end."""
        ...

    def stretch(self, *, after: int, limit: int) -> Stretch:
        """The same events as their lines; at the end an empty page."""
        ...

    def read_subject(self, kind: str, subject: str) -> list[Entry]:
        """The events of a subject; of an order also those of its payments, shipments, returns and threads."""
        ...

    def read_subjects(self, subjects: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Entry]]:
        """The same of many subjects at once, by kind and subject."""
        ...


class FindingBook(Protocol):
    """Every finding there was, and whether it has cleared."""

    def add(self, findings: Sequence[Finding]) -> int:
        """Record findings; those that are recorded stay as they are. Returns how many were not recorded yet."""
        ...

    def clear(self, clearings: Sequence[Clearing]) -> list[Clearing]:
        """Note that findings have cleared; gives the clearings of findings that are recorded and were open."""
        ...

    def open_ids(self) -> set[str]: ...

    def cleared(self, ids: Iterable[str]) -> dict[str, Instant | None]:
        """When each of these cleared, None for what is open; what was never recorded is left out."""
        ...

    def reopen(self, ids: Iterable[str]) -> None:
        """Take back that these have cleared."""
        ...


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    """Verdicts as they were reached: after the journal's `position`, when the kernel's clock told `clock`.

    `back` are findings that were said to have cleared, and have not.
    """

    id: int
    position: int
    clock: Instant
    verdicts: Verdicts
    back: list[Finding] = []


class VerdictQueue(Protocol):
    """Verdicts that are recorded, and of which the cases do not know yet. In the order in which they were reached."""

    def put(self, verdicts: Verdicts, *, position: int, clock: Instant, back: Sequence[Finding] = ()) -> None:
        """Queue what a round found, in portions of a size that cases can be brought up to date with at once.

        Findings that are back come first: one that is back may have cleared since.
        """
        ...

    def waiting(self) -> list[Queued]:
        """All portions."""
        ...

    def first(self, limit: int) -> list[Queued]:
        """The first portions: as many as hold about `limit` verdicts, and at least one if any waits.

        One in which findings are back comes alone: what has cleared since must not be told before.
        """
        ...

    def remove(self, portions: Sequence[Queued]) -> None:
        """They have been worked on."""
        ...

    def size(self) -> int:
        """How many portions wait."""
        ...


class Faces(Protocol):
    """What people recognise orders by."""

    def learn(self, events: Iterable[Event]) -> None:
        """Take in what events tell; the same again changes nothing."""
        ...


class Snapshots(Protocol):
    """Saved kernel states; only the newest few are kept."""

    def latest(self) -> Snapshot | None: ...
    def save(self, snapshot: Snapshot) -> None: ...


class ProgressBook(Protocol):
    """Where the kernel and the desk stand; written in the transaction that holds what they decided."""

    def get(self) -> Progress: ...
    def set(self, progress: Progress) -> None: ...

    def desk(self) -> int:
        """Up to which position of the journal the faces of orders are learned."""
        ...

    def set_desk(self, position: int) -> None: ...


class UnitOfWork(Protocol):
    """One transaction over all the books: what is done in it becomes durable together or not at all."""

    @property
    def inbox(self) -> Inbox: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def findings(self) -> FindingBook: ...
    @property
    def verdicts(self) -> VerdictQueue: ...
    @property
    def faces(self) -> Faces: ...
    @property
    def snapshots(self) -> Snapshots: ...
    @property
    def progress(self) -> ProgressBook: ...


class CaseNews(msgspec.Struct, frozen=True, kw_only=True):
    """What a step did to cases: the events that tell of it, and what pages are to show anew."""

    events: list[Event] = []
    changes: list[Change] = []


Work = TypeVar("Work", bound=UnitOfWork, covariant=True)
Book = TypeVar("Book", contravariant=True)


class CaseStage(Protocol[Book]):
    """What is done about verdicts."""

    def concerned(self, work: Book, page: Page) -> list[str]:
        """The cases that wait to hear of what these events are about."""
        ...

    def step(
        self, work: Book, verdicts: Verdicts, now: Instant, back: Sequence[Finding] = (), heard: Sequence[str] = ()
    ) -> CaseNews:
        """Bring cases and incidents up to date, in the given unit of work.

        `back` are findings that were said to have cleared, and have not; `heard` are cases of which there is news,
        though not of their findings.
        """
        ...

    def next_due(self, work: Book) -> Instant | None:
        """When time alone next changes a case (a snooze ends, a resolved case closes)."""
        ...


class Store(Protocol[Work]):
    """Where units of work come from."""

    def reading(self) -> AbstractContextManager[Work]:
        """A consistent view; nothing written in it is kept."""
        ...

    def writing(self) -> AbstractContextManager[Work]:
        """Commits at the end of the block, rolls back on an exception. Writers take turns."""
        ...

    def turn(self) -> AbstractContextManager[None]:
        """Nobody else in this process writes the journal or cases while it is held."""
        ...
