"""A file for what a backtest need not hold in memory: without a name, and gone with the process."""

import os
import tempfile


class Scratch:
    """A store of settled subjects (`amends.detection.settled.Store`). Lies where temporary files do (TMPDIR)."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="amends-", buffering=0)  # noqa: SIM115 - as long as this lives
        self.size = 0

    def append(self, content: memoryview) -> int:
        """Write it at the end; returns where it begins. Raises OSError, as where the disk is full."""
        place = self.size
        while content:
            written = os.pwrite(self._file.fileno(), content, self.size)
            self.size += written
            content = content[written:]
        return place

    def read(self, place: int, size: int) -> bytes:
        """So many bytes from a place on."""
        return os.pread(self._file.fileno(), size, place)
