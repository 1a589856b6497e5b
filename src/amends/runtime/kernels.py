"""Kernels that judge by one pack."""

from amends.detection import Kernel, Pack, StaleSnapshotError


class PackKernels:
    """Makes kernels for the pipeline."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    @property
    def pack(self) -> str:
        """The digest of the rules."""
        return self._pack.digest

    def fresh(self) -> Kernel:
        """A kernel that knows nothing yet."""
        return Kernel(self._pack)

    def restore(self, blob: bytes) -> Kernel | None:
        """The kernel as it was; None where its snapshot was taken under other rules or by another build."""
        try:
            return Kernel.restore(self._pack, blob)
        except StaleSnapshotError:
            return None
