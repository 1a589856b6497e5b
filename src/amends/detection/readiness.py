"""Whether all that is machine code in the kernel has been compiled, and how to see to it."""

from typing import Final

from amends.detection.compiled import are_on_disk
from amends.detection.kernel import Kernel
from amends.detection.machine import digests, filters
from amends.detection.pack import pack_from_text
from amends.detection.page import Page
from amends.detection.rule import Pack
from amends.detection.settled import Settled
from amends.model.event import Event
from amends.model.instant import DAY, Instant

_PACK: Final = """
tables:
  shipment:
    columns:
      lane: {fold: last, of: destination, on: [shipment.created]}
      left_at: {fold: max, of: time, on: [shipment.created]}
waits:
  crossing: {table: shipment, since: left_at, by: [[lane]]}
links:
  ring: {table: shipment, of: order, on: [shipment.created], by: [lane]}
rules:
  - id: stuck
    exception: lane_disruption
    kind: silence
    table: shipment
    trouble: delivery
    since: left_at
    within: LEARNED('crossing', 0.5, INTERVAL '9 days', INTERVAL '1 day', INTERVAL '9 days')
    until: lane IS NOT NULL
    title: {en: Stuck, zh-Hans: 停滞}
    says: {en: Stuck, zh-Hans: 停滞}
  - id: closed
    exception: lane_disruption
    kind: surge
    table: shipment
    trouble: delivery
    of: {wait: crossing}
    by: [lane]
    window: 30 minutes
    false_alarms: 1 per 60 days
    title: {en: Closed, zh-Hans: 中断}
    says: {en: Closed, zh-Hans: 中断}
  - id: many
    exception: lane_disruption
    kind: surge
    table: shipment
    trouble: delivery
    of: {on: [shipment.created]}
    by: [lane]
    window: 1 day
    prior: 1
    at_least: 5
    half_life: 12
    false_alarms: 1 per 60 days
    title: {en: Many, zh-Hans: 很多}
    says: {en: Many, zh-Hans: 很多}
"""
"""A wait that is over, what is learned of it, a lull, a link and a surge: with these, everything that is machine code
has something to do."""


def is_ready() -> bool:
    """Whether the kernel is compiled for this machine; if not, that takes half a minute when one first runs."""
    return are_on_disk()


def make_ready() -> None:
    """Compile all that is machine code in the kernel and in the journal, if it is not yet, and keep it on disk."""
    # Where no rule asks for anything, all have settled at once.
    for pack in (Pack(digest="", tables={}, sets={}, rules={}), pack_from_text(_PACK)):
        kernel = Kernel(pack, Settled(quiet=0))
        kernel.on_page(Page.of([_shipped(Instant(0)), _shipped(Instant(DAY))]))
        kernel.next_due()
        kernel.sizes()
        kernel.settle()
        kernel.sweep(Instant(8 * DAY))
        Kernel.restore(pack, kernel.snapshot()).row("shipment", "any")
    digests.make_ready()
    filters.make_ready()


def _shipped(at: Instant) -> Event:
    keys, data = {"shipment": "any", "order": "any", "buyer": "any"}, {"destination": "any"}
    return Event(id=str(at), source="any", type="shipment.created", time=at, keys=keys, data=data)
