"""Making the kernel's state again: from the newest snapshot and the journal behind it."""

from collections.abc import Iterator
from typing import Final, TypeVar

import msgspec

from amends.detection.finding import Clearing, Finding, Verdicts
from amends.pipeline.ports import Kernel, Kernels, Progress, Store, UnitOfWork

_STRETCH: Final = 20_000
RULES_CHANGED: Final = "rules changed"
"""The cause of a clearing that no event made: the rules of today do not find it."""

Work = TypeVar("Work", bound=UnitOfWork)


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel that stands where the last commit left it.

    `news` is what the rules of today find in the journal otherwise than those of the last commit: to be recorded
    before anything else. None where the rules are the same.
    """

    kernel: Kernel
    progress: Progress
    news: Verdicts | None = None


def recover(store: Store[Work], kernels: Kernels) -> Recovered:
    """The kernel as after the last commit; under other rules than then, the whole journal is judged anew."""
    with store.reading() as work:
        progress = work.progress.get()
    if progress.pack not in ("", kernels.pack):
        return _judge_anew(store, kernels, progress)
    kernel, position = _start(store, kernels)
    for _ in _replay(store, kernel, position, progress):
        # All of it was recorded in the transactions that brought the progress here.
        pass
    return Recovered(kernel=kernel, progress=msgspec.structs.replace(progress, pack=kernels.pack))


def _start(store: Store[Work], kernels: Kernels) -> tuple[Kernel, int]:
    with store.reading() as work:
        snapshot = work.snapshots.latest()
    if snapshot is not None and snapshot.progress.pack == kernels.pack:
        kernel = kernels.restore(snapshot.blob)
        if kernel is not None:
            return kernel, snapshot.progress.position
    return kernels.fresh(), 0


def _replay(store: Store[Work], kernel: Kernel, position: int, progress: Progress) -> Iterator[Verdicts]:
    while position < progress.position:
        with store.reading() as work:
            entries = work.journal.read(after=position, limit=_STRETCH)
        entries = [entry for entry in entries if entry.position <= progress.position]
        yield kernel.on_events([entry.event for entry in entries])
        position = entries[-1].position
    if progress.clock:
        # The clock may have passed the last event before the stop; what fell due by then is recorded.
        yield kernel.sweep(progress.clock)


def _judge_anew(store: Store[Work], kernels: Kernels, progress: Progress) -> Recovered:
    kernel = kernels.fresh()
    found: dict[str, Finding] = {}
    cleared: dict[str, Clearing] = {}
    for verdicts in _replay(store, kernel, 0, progress):
        found.update((finding.id, finding) for finding in verdicts.findings)
        cleared.update((clearing.finding, clearing) for clearing in verdicts.clearings)
    with store.reading() as work:
        withdrawn = work.findings.open_ids() - found.keys()
    for finding in sorted(withdrawn):
        cleared[finding] = Clearing(finding=finding, cleared_at=progress.clock, cause=RULES_CHANGED)
    return Recovered(
        kernel=kernel,
        progress=msgspec.structs.replace(progress, pack=kernels.pack),
        news=Verdicts(list(found.values()), list(cleared.values())),
    )
