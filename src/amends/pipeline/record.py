"""Writing events into the journal that no delivery brought: what people did to cases, history, files."""

from collections.abc import Sequence

import msgspec

from amends.model.event import Event
from amends.pipeline.intake import learned
from amends.pipeline.ports import Entry, UnitOfWork


class Recorded(msgspec.Struct, frozen=True):
    """The entries that are new, and the events that repeat an identity with another body and were left out."""

    entries: list[Entry]
    conflicts: list[Event]


def record(work: UnitOfWork, events: Sequence[Event]) -> Recorded:
    """Add the events that are new, within the given unit of work; the kernel judges them in its next round.

    An event is learned at its own `received`, else at its `time`, but never before what has been judged already.
    """
    clock = work.progress.get().clock
    stamped = [learned([event], event.time if event.received is None else event.received, clock)[0] for event in events]
    found = work.journal.sort_out(stamped)
    return Recorded(work.journal.append(found.new, after=work.journal.head()), found.conflicts)
