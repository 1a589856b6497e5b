"""From raw deliveries to events: what each delivery says, and what becomes of it."""

from collections.abc import Iterable, Sequence

import msgspec

from amends.detection.page import Page
from amends.model.event import Event, UnreadableEventError, decode_event, encode_event
from amends.model.instant import Instant
from amends.model.line import lines_learned
from amends.pipeline.ports import DeliveryState, RawDelivery, Settlement, Sorted, Translation, Translator


class TakenIn(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery and what it says, learned at `at`; of an unreadable one, that it came."""

    delivery: RawDelivery
    state: DeliveryState
    events: list[Event]
    at: Instant
    error: str | None = None


def take_in(deliveries: Iterable[RawDelivery], translator: Translator, clock: Instant) -> list[TakenIn]:
    """Read each delivery; its events are learned when it was received, but not before `clock`.

    What cannot be read, or says what the vocabulary does not allow, is kept with a sentence.
    """
    return [_taken_in(delivery, _checked(translator.read(delivery)), clock) for delivery in deliveries]


def _taken_in(delivery: RawDelivery, said: Translation, clock: Instant) -> TakenIn:
    events, at = said.events, max(delivery.received, clock)
    if said.unreadable is not None:
        events = [*events, _notice_of_unreadable(delivery, said.unreadable)]
        return TakenIn(delivery=delivery, state="quarantined", events=events, at=at, error=said.unreadable)
    if said.irrelevant is not None:
        return TakenIn(delivery=delivery, state="refused", events=events, at=at, error=said.irrelevant)
    return TakenIn(delivery=delivery, state="taken", events=events, at=at)


def page_of(taken: Iterable[TakenIn]) -> Page:
    """All events of deliveries, one after the other, as they will stand in the journal."""
    texts = [lines_learned(one.events, one.at) for one in taken]
    return Page(b"".join(texts), sum(len(one.events) for one in taken))


def _checked(said: Translation) -> Translation:
    if said.checked:
        return said
    # The journal must be readable for ever, so a connector's slip is found here and not when it is replayed.
    try:
        return msgspec.structs.replace(said, events=[decode_event(encode_event(event)) for event in said.events])
    except (UnreadableEventError, msgspec.MsgspecError, ValueError, TypeError, OverflowError) as error:
        return Translation(unreadable=f"The connector's reading of it is not an event: {error}.")


def _notice_of_unreadable(delivery: RawDelivery, sentence: str) -> Event:
    return Event(
        id=f"undecodable/{delivery.position}",
        source=f"{delivery.vendor}/{delivery.account}",
        type="delivery.undecodable",
        time=delivery.received,
        keys={},
        data={"vendor": delivery.vendor, "description": sentence},
    )


def learned(events: Iterable[Event], received: Instant, clock: Instant) -> list[Event]:
    """The events as learned at `received`, but not before `clock`.

    The kernel's clock never goes back; what comes late is learned when the clock stands. Written so into the journal,
    a replay, which has no clock but the events', comes to the same findings.
    """
    at = max(received, clock)
    return [event if event.received == at else msgspec.structs.replace(event, received=at) for event in events]


def settlements(taken: Sequence[TakenIn], found: Sorted) -> list[Settlement]:
    """What became of each delivery, now that the journal has told new events from old and from conflicting ones."""
    if not found.old and not found.conflicts:
        # As nearly always: all of them are new.
        return [_settled(one, len(one.events), one.state, one.error) for one in taken]
    done, first = [], 0
    for one in taken:
        done.append(_settlement(one, first, found))
        first += len(one.events)
    return done


def _settlement(taken: TakenIn, first: int, found: Sorted) -> Settlement:
    """Of a delivery whose events begin at a place of the page."""
    state, error = taken.state, taken.error
    clashes = [event for place, event in enumerate(taken.events, first) if place in found.conflicts]
    events = sum(place not in found.old for place in range(first, first + len(taken.events))) - len(clashes)
    if clashes:
        named = ", ".join(f"{event.id} of {event.source}" for event in clashes)
        clash = f"It repeats {named} with other content; the first content stays, this one was not applied."
        state = "conflict" if state == "taken" else state
        error = clash if error is None else f"{error} {clash}"
    return _settled(taken, events, state, error)


def _settled(taken: TakenIn, events: int, state: DeliveryState, error: str | None) -> Settlement:
    return Settlement(position=taken.delivery.position, state=state, events=events, error=error)
