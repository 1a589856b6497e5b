"""A kernel for other rules, made from an installation's journal in a process beside it."""

import os
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Final

import msgspec

from amends.detection import Clearing, Finding, Pack
from amends.model.instant import Instant
from amends.pipeline.ports import Progress
from amends.pipeline.replay import Follower
from amends.runtime.kernels import PackKernels
from amends.runtime.opening import open_store

_NICE: Final = 10


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel's state after `reached`, what it has found that is still so (or fired since a moment), what cleared."""

    reached: Progress
    blob: bytes
    found: dict[str, Finding]
    cleared: dict[str, Clearing]


class Stretch(msgspec.Struct, frozen=True):
    """How far it has come: journal positions."""

    position: int
    head: int


class Rebuilding:
    """Such a process, which goes on behind everything else that the machine has to do."""

    def __init__(self, db: str, pack: Pack, since: Instant | None = None) -> None:
        context = get_context("spawn")
        self._here, there = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_work, args=(there, db, pack, since), name="amends-rebuilding", daemon=True
        )
        self._process.start()
        there.close()
        self.stretch = Stretch(0, 0)
        self.has_failed = False

    def look(self) -> Rebuilt | None:
        """What it has made, once it is done; until then `stretch` says how far it is, `has_failed` that it ended."""
        try:
            while self._here.poll():
                told = self._here.recv()
                if isinstance(told, Rebuilt):
                    self._end()
                    return told
                self.stretch = told
        except (EOFError, OSError):
            self.has_failed = True
            self._end()
        return None

    def stop(self) -> None:
        """Make it no more."""
        self._process.terminate()
        self._end()

    def _end(self) -> None:
        self._process.join()
        self._here.close()


def _work(told: Connection, db: str, pack: Pack, since: Instant | None) -> None:
    os.nice(_NICE)
    with told:
        told.send(rebuilt(db, pack, since, told))


def rebuilt(db: str, pack: Pack, since: Instant | None = None, told: Connection | None = None) -> Rebuilt:
    """The kernel of a pack after all that the pipeline has judged; with `since`, also what it found and has cleared."""
    store = open_store(db)
    follower = Follower(PackKernels(pack, store.database).fresh(), since=since)
    try:
        while True:
            with store.reading() as work:
                goal = work.progress.get()
            if follower.is_at(goal):
                break
            follower.advance(store, goal)
            if told is not None:
                told.send(Stretch(follower.position, goal.position))
        with store.reading() as work:
            wanted = follower.found.keys() | work.findings.open_ids()
        blob = follower.kernel.snapshot()
    finally:
        store.database.close()
    return Rebuilt(
        reached=Progress(position=follower.position, clock=follower.clock, pack=pack.digest),
        blob=blob,
        found=follower.found,
        cleared={id_: clearing for id_, clearing in follower.cleared.items() if id_ in wanted},
    )
