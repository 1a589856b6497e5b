"""`amends bench memory`: what an order takes in the kernel, and how long a restart and a sweep take."""

import ctypes
import gc
import os
import platform
import re
import time
from collections.abc import Iterator
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, Final

import click
import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.cli import output
from amends.cli.bench_kernel import stream_of
from amends.detection import Kernel, Pack, lean, load_pack, pack_from_text
from amends.detection.batch import EventBatch, Field, Keys, batch_of
from amends.detection.pool import Pool
from amends.detection.scope import EVENT_NAMES
from amends.detection.settled import Settled
from amends.model.instant import DAY, HOUR, MINUTE, Instant
from amends.store.scratch import Scratch

Index = NDArray[np.int64]

BATCH: Final = 100_000
_SILENCES: Final = 10
"""Due times of each order that is swept over."""
_SWEEPS: Final = 9
_MONTH: Final = 30 * DAY
_SHARED: Final = frozenset({"stock", "payout", "source"})
"""Kinds of subject that many orders have in common."""
_DIGEST: Final = re.compile("[0-9a-f]{16}")
_START: Final = 1_780_000_000_000_000
_TABLE: Final = """
tables:
  order: {columns: {placed_at: {fold: first, of: time, on: [order.placed]}, paid: {fold: any, on: [order.paid]}}}
rules:"""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What some orders take in memory with everything that belongs to them, and what a restart with them takes.

    `bytes_an_order` is by how much the process has grown, `parts` what the kernel knows of it. Where others use the
    machine too, the processor time of a restart says more than the time passed.
    """

    orders: int
    events: int
    bytes_an_order: float
    parts: dict[str, float]
    snapshot_mb: float
    restart_s: float
    restart_cpu_s: float


class Awaited(msgspec.Struct, frozen=True, kw_only=True):
    """What a kernel takes that lets settled orders leave, for each order that it still holds.

    `orders` is how many there were. `bytes_an_order` and `parts` are as in `Held`; those of what left count too, such
    as their texts, and where each may be found again.
    """

    orders: int
    held: int
    bytes_an_order: float
    parts: dict[str, float]


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """Sweeps over due times: one that finds nothing, and one that finds what falls due in a minute. Medians."""

    due_times: int
    idle_ms: float
    minute_ms: float
    found: float


@click.command("memory", epilog="Example: amends bench memory --orders 1000000 --due-times 10000000")
@click.option("--events", type=click.File("rb"), metavar="FILE", help="CloudEvents, one a line [default: simulated]")
@click.option("--world", type=click.IntRange(1), default=2_000, show_default=True, help="Size of the simulated world.")
@click.option("--orders", type=click.IntRange(1), default=100_000, show_default=True, help="At least so many are held.")
@click.option(
    "--due-times", type=click.IntRange(_SILENCES), default=1_000_000, show_default=True, help="How many are swept over."
)
@output.json_option
def memory(*, events: IO[bytes] | None, world: int, orders: int, due_times: int, as_json: bool) -> None:
    """What live orders take in memory, how long a restart with them takes, and a sweep over many due times.

    The orders are those of the events, as often as it takes, each time with names and texts of their own. All have
    lived their whole lives, and none has left; then once more with those leaving of which nothing is awaited.
    """
    pack = lean(load_pack())
    stream, name = stream_of(events, world)
    batch = batch_of(stream, Kernel(pack).readers, Pool())
    held = hold(pack, batch, orders)
    awaited = hold_awaited(pack, batch, orders)
    swept = sweep(due_times)
    conditions = {
        "source": name, "rules": len(pack.rules), "cores": os.cpu_count(), "python": platform.python_version(),
        "numpy": np.__version__,
    }  # fmt: skip
    _show(held, awaited, swept, conditions, as_json=as_json)


def hold(pack: Pack, batch: EventBatch, orders: int) -> Held:
    """Give a kernel the events as often as it takes to hold so many orders; then restart with it."""
    copies = -(-orders // max(1, len(set(batch.keys["order"].names))))
    kernel, grown = _filled(pack, _Copies(batch, copies), None)
    live = kernel.live()["order"]
    parts = {part: round(size / live, 1) for part, size in kernel.sizes().items()}
    snapshot = kernel.snapshot()
    del kernel
    began, busy = time.perf_counter(), time.process_time()
    Kernel.restore(pack, snapshot)
    restart, busy = time.perf_counter() - began, time.process_time() - busy
    return Held(
        orders=live,
        events=batch.size * copies,
        bytes_an_order=round(grown / live, 1),
        parts=parts,
        snapshot_mb=round(len(snapshot) / 1e6, 1),
        restart_s=round(restart, 3),
        restart_cpu_s=round(busy, 3),
    )


def hold_awaited(pack: Pack, batch: EventBatch, orders: int) -> Awaited:
    """Give a kernel the same, and let those leave memory of which nothing is awaited, into a file."""
    copies = -(-orders // max(1, len(set(batch.keys["order"].names))))
    kernel, grown = _filled(pack, _Copies(batch, copies), Settled(Scratch()))
    live = kernel.live()["order"]
    parts = {part: round(size / live, 1) for part, size in kernel.sizes().items()}
    return Awaited(
        orders=copies * len(set(batch.keys["order"].names)),
        held=live,
        bytes_an_order=round(grown / live, 1),
        parts=parts,
    )


def _filled(pack: Pack, portions: "_Copies", settled: Settled | None) -> tuple[Kernel, int]:
    """A kernel that was given all of it, and by how many bytes the process grew."""
    Kernel(pack).on_batch(next(portions.batches()))
    before = _resident()
    kernel = Kernel(pack, settled)
    for portion in portions.batches():
        kernel.on_batch(portion)
    del portion
    return kernel, _resident() - before


class _Copies:
    """The same events many times over at the same moments, of other subjects, with other texts where these are one
    subject's."""

    def __init__(self, batch: EventBatch, copies: int) -> None:
        self._batch, self._copies = batch, copies
        families = _families(batch)
        self._own = {name: _own_texts(field, families) for name, field in batch.fields.items() if _is_text(name)}

    def batches(self) -> Iterator[EventBatch]:
        """All events in order; the last by itself, as most come, so that no large batch is held when all is done."""
        size, last = max(1, BATCH // self._copies), self._batch.size - 1
        for start, stop in pairwise([*range(0, last, size), last, last + 1]):
            yield self._copied(self._batch.part(start, stop), start)

    def _copied(self, part: EventBatch, start: int) -> EventBatch:
        copies, first = self._copies, start * self._copies

        def many(array: NDArray[Any]) -> NDArray[Any]:
            return np.repeat(array, copies)

        return EventBatch(
            size=part.size * copies, types=part.types, type=many(part.type), sources=part.sources,
            source=many(part.source), ids=[str(number) for number in range(first, first + part.size * copies)],
            time=many(part.time), received=many(part.received),
            keys={kind: self._keys(keys, own=kind not in _SHARED) for kind, keys in part.keys.items()},
            fields={name: self._field(name, field) for name, field in part.fields.items()},
        )  # fmt: skip

    def _keys(self, keys: Keys, *, own: bool) -> Keys:
        number = {name: place for place, name in enumerate(dict.fromkeys(keys.names))}
        codes = np.array([number[name] for name in keys.names], dtype=np.int32)
        if not own:
            return Keys(self._places(keys.places), list(number), np.repeat(codes, self._copies))
        names = [f"{name}~{copy}" for name in number for copy in range(self._copies)]
        return Keys(self._places(keys.places), names, self._spread(codes))

    def _field(self, name: str, field: Field) -> Field:
        places = self._places(field.places)
        if name not in self._own:
            return Field(places, np.repeat(field.values, self._copies))
        used, codes = np.unique(field.values, return_inverse=True)
        texts = [
            _copy_of(field.texts[code], copy) if own else field.texts[code]
            for code, own in zip(used.tolist(), self._own[name][used].tolist(), strict=True)
            for copy in range(self._copies)
        ]
        return Field(places, self._spread(codes.astype(np.int32)), texts)

    def _places(self, places: Index) -> Index:
        return (places[:, None] * self._copies + np.arange(self._copies)).reshape(-1)

    def _spread(self, codes: NDArray[np.int32]) -> NDArray[np.int32]:
        spread = codes[:, None] * self._copies + np.arange(self._copies, dtype=np.int32)
        return spread.reshape(-1).astype(np.int32)


def _is_text(name: str) -> bool:
    return EVENT_NAMES[f"event.{name}"] == "text"


def _own_texts(field: Field, families: Index) -> NDArray[np.bool_]:
    """Of each text of a field, by code, whether it is about a single family, in a field of which most texts are."""
    about: dict[int, int] = {}
    own = np.ones(len(field.texts), dtype=np.bool_)
    for family, code in zip(families[field.places].tolist(), field.values.tolist(), strict=True):
        if family < 0 or about.setdefault(code, family) != family:
            own[code] = False
    used = np.unique(field.values)
    return own & bool(2 * own[used].sum() > len(used))


def _families(batch: EventBatch) -> Index:
    """Of each event a number that it shares with those of the same buyer, orders, parcels and payments; -1 for none."""
    above: dict[tuple[str, str], tuple[str, str]] = {}

    def eldest(one: tuple[str, str]) -> tuple[str, str]:
        while above.setdefault(one, one) != one:
            above[one] = one = above[above[one]]
        return one

    named: dict[int, tuple[str, str]] = {}
    for kind, keys in batch.keys.items():
        for place, name in zip(keys.places.tolist(), keys.names, strict=True) if kind not in _SHARED else ():
            one = eldest((kind, name))
            above[one] = named[place] = eldest(named.get(place, one))
    numbers: dict[tuple[str, str], int] = {}
    found = np.full(batch.size, -1, dtype=np.int64)
    for place, one in named.items():
        found[place] = numbers.setdefault(eldest(one), len(numbers))
    return found


def _copy_of(text: str, copy: int) -> str:
    """Another text of the same form: a digest for a digest."""
    told = f"{text}~{copy}"
    return blake2b(told.encode(), digest_size=8).hexdigest() if _DIGEST.fullmatch(text) else told


def sweep(due_times: int) -> Swept:
    """Let the clock pass over orders with silences, none and a few of which are due."""
    pack = pack_from_text(_TABLE + "".join(_rule(number) for number in range(_SILENCES)), "sweep.yaml")
    kernel, orders = Kernel(pack), due_times // _SILENCES
    apart = _MONTH // orders
    for start in range(0, orders, BATCH):
        stop = min(start + BATCH, orders)
        kernel.on_batch(_placed(start, stop, apart))
    now, idle, minutes, found = _START + _MONTH, list[float](), list[float](), list[int]()
    kernel.sweep(Instant(now))
    for _ in range(_SWEEPS):
        idle.append(_timed(kernel, now + 1)[0])
        now += MINUTE
        seconds, count = _timed(kernel, now)
        minutes.append(seconds)
        found.append(count)
    return Swept(
        due_times=orders * _SILENCES,
        idle_ms=round(float(np.median(idle)) * 1_000, 3),
        minute_ms=round(float(np.median(minutes)) * 1_000, 3),
        found=float(np.median(found)),
    )


def _rule(number: int) -> str:
    return f"""
  - id: silent_{number}
    exception: handover_late
    kind: silence
    table: order
    severity: info
    trouble: fulfilment
    since: placed_at
    within: {_MONTH // HOUR - number} hours
    until: paid
    title: {{en: silent, zh-Hans: silent}}
    says: {{en: silent, zh-Hans: silent}}"""


def _placed(start: int, stop: int, apart: int) -> EventBatch:
    """Orders that are placed, one every so many microseconds."""
    size = stop - start
    nothing = np.zeros(size, dtype=np.int32)
    times = _START + np.arange(start, stop) * apart
    return EventBatch(
        size=size, types=["order.placed"], type=nothing, sources=["shop"], source=nothing,
        ids=[str(number) for number in range(start, stop)], time=times, received=times,
        keys={"order": Keys(np.arange(size), [f"A{number}" for number in range(start, stop)])}, fields={},
    )  # fmt: skip


def _timed(kernel: Kernel, now: int) -> tuple[float, int]:
    began = time.perf_counter()
    found = len(kernel.sweep(Instant(now)).findings)
    return time.perf_counter() - began, found


def _resident() -> int:
    """Bytes of memory that the process has, without what it has let go of."""
    gc.collect()
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _show(held: Held, awaited: Awaited, swept: Swept, conditions: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.print_json({"held": held, "awaited": awaited, "swept": swept, "conditions": conditions})
        return
    rest = held.bytes_an_order - sum(held.parts.values())
    rows = [*held.parts.items(), ("everything else", round(rest, 1)), ("all", held.bytes_an_order)]
    output.print_table(("part", "bytes an order"), rows, title=f"{held.orders:,} orders, {held.events:,} events")
    output.say(
        f"Where settled orders leave, {awaited.held:,} of {awaited.orders:,} are held: {awaited.bytes_an_order:,} "
        f"bytes for each of these, with what is kept of all."
    )
    output.say(
        f"Restart from a snapshot of {held.snapshot_mb:,} MB: {held.restart_s:.2f} s, "
        f"of which the processor works {held.restart_cpu_s:.2f} s."
    )
    output.say(
        f"A sweep over {swept.due_times:,} due times: {swept.idle_ms:.2f} ms if nothing is due, "
        f"{swept.minute_ms:.2f} ms for a minute with {swept.found:.0f} findings."
    )
    output.say("; ".join(f"{name}: {value}" for name, value in conditions.items()))
