"""Kernels that judge by one pack."""

from amends.detection import Kernel, Pack, StaleSnapshotError, lean
from amends.detection.settled import Settled
from amends.store.engine import Database
from amends.store.settled import SettledPages, remove_others, reopened


class PackKernels:
    """Makes kernels for the pipeline, which let go of settled subjects into the database.

    The `first` of a process, before there is any other kernel, removes what kernels left there that are no more.
    """

    def __init__(self, pack: Pack, database: Database, *, first: bool = False) -> None:
        self._pack, self._database, self._is_first = lean(pack), database, first

    @property
    def pack(self) -> str:
        """The digest of the rules."""
        return self._pack.digest

    def fresh(self) -> Kernel:
        """A kernel that knows nothing yet."""
        pages = SettledPages(self._database)
        self._tidy(pages)
        return Kernel(self._pack, Settled(pages))

    def restore(self, blob: bytes) -> Kernel | None:
        """The kernel as it was; None where its snapshot was taken under other rules or by another build."""
        try:
            return Kernel.restore(self._pack, blob, self._reopened)
        except StaleSnapshotError:
            return None

    def _reopened(self, name: str, size: int) -> SettledPages | None:
        pages = reopened(self._database, name, size)
        if pages is not None:
            self._tidy(pages)
        return pages

    def _tidy(self, pages: SettledPages) -> None:
        if self._is_first:
            self._is_first = False
            remove_others(self._database, pages.name)
