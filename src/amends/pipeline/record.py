"""Writing events into the journal that no delivery brought: what people did to cases, history, files."""

from collections.abc import Sequence

import msgspec

from amends.detection.page import Page
from amends.model.event import Event
from amends.pipeline.intake import learned
from amends.pipeline.ports import UnitOfWork


class Recorded(msgspec.Struct, frozen=True):
    """The events that are new, and those that repeat an identity with another body and were left out."""

    new: list[Event]
    conflicts: list[Event]


def record(work: UnitOfWork, events: Sequence[Event]) -> Recorded:
    """Add the events that are new, within the given unit of work; the kernel judges them in its next round.

    An event is learned at its own `received`, else at its `time`, but never before what has been judged already.
    """
    clock = work.progress.get().clock
    stamped = [learned([event], event.time if event.received is None else event.received, clock)[0] for event in events]
    found = work.journal.sort_out(Page.of(stamped))
    work.journal.append(found, after=work.journal.head())
    left_out = found.old | found.conflicts
    return Recorded(
        [event for place, event in enumerate(stamped) if place not in left_out],
        [stamped[place] for place in sorted(found.conflicts)],
    )
