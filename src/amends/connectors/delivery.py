"""One raw delivery, what reads it, and what can be wrong with it.

UnusableInputError
└── DeliveryError
    ├── SignatureError            not signed with the secret we share with the sender: nothing in it is believed
    ├── UnreadableDeliveryError   cannot be read: kept in quarantine, shown, read again after the fix
    └── IrrelevantDeliveryError   read, and speaks of nothing that Amends follows: kept, with the reason
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Protocol

import msgspec

from amends.model.errors import UnusableInputError
from amends.model.event import Event
from amends.model.instant import Instant


class DeliveryError(UnusableInputError):
    """Something is wrong with a delivery; the message is one sentence.

    Of a batch of which only a part is at fault, `events` are the others, and `problems` says what is wrong with each
    of that part.
    """

    def __init__(self, sentence: str, events: Sequence[Event] = (), problems: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.events = list(events)
        self.problems = tuple(problems) or (sentence,)


class SignatureError(DeliveryError):
    """The delivery is not signed as its sender signs; the message says what is missing or does not fit."""


class UnreadableDeliveryError(DeliveryError):
    """The delivery cannot be read; the message says which part, and what it should be."""


class IrrelevantDeliveryError(DeliveryError):
    """The delivery speaks of nothing that is followed; the message says why not."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One raw delivery as it came.

    `account` is the shop or account of ours it is for, `headers` have lower-case names. `received` dates what a
    sender gives no time to; a delivery without it, and without a time of its own, cannot become events.
    """

    vendor: str
    account: str
    body: bytes
    headers: dict[str, str] = {}
    received: Instant | None = None

    @property
    def source(self) -> str:
        """The source of its events."""
        return f"{self.vendor}/{self.account}"


class Connector(Protocol):
    """What a vendor's connector can do. Everything it needs to know of a vendor is in its own package."""

    @property
    def vendor(self) -> str: ...

    @property
    def reads(self) -> tuple[str, ...]:
        """What it turns into events, in the vendor's words."""
        ...

    @property
    def vouches(self) -> bool:
        """Whether its events come by way of `amends.model.event`, which has checked them."""
        ...

    @property
    def signing(self) -> str:
        """How the vendor signs, in a sentence."""
        ...

    def verify(self, delivery: Delivery, secret: str, now: Instant) -> None:
        """Raises SignatureError unless `secret` signed these very bytes, and lately by the wall clock's `now`."""
        ...

    def delivery_id(self, delivery: Delivery) -> str:
        """The vendor's own id of the delivery, else a digest of its body."""
        ...

    def translate(self, delivery: Delivery) -> list[Event]:
        """Its events, in the order of what happened; pure, never empty.

        Raises UnreadableDeliveryError or IrrelevantDeliveryError, and nothing else; of a batch they may hold the events
        that are not at fault.
        """
        ...

    def with_topic(self, delivery: Delivery, topic: str) -> Delivery:
        """The delivery as if the vendor had said that it is about `topic`."""
        ...


def body_digest(body: bytes) -> str:
    """A name for a delivery whose sender gives it none."""
    return blake2b(body, digest_size=16).hexdigest()
