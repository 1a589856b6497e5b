"""How events are written in the journal: JSON, one a line, times as microseconds; larger batches are compressed.

The codec of a batch is kept beside it. Older batches hold CloudEvents records (`plain`, `zlib`) and stay readable.
"""

import threading
import zlib
from collections.abc import Callable
from typing import Final

import zstandard

from amends.model.errors import DependencyFailedError
from amends.model.event import Event, decode_event
from amends.model.line import event_of, lines_of

_PLAIN_BYTES_MAX: Final = 400
"""Below this, compression saves less than a page and costs time."""
_ZSTD_LEVEL: Final = 1


class UnknownCodecError(DependencyFailedError):
    """The journal holds a batch that this release cannot read."""


def written(lines: bytes) -> tuple[str, bytes]:
    """A batch of events, as their lines, as codec and blob."""
    text = lines[:-1]
    if len(text) <= _PLAIN_BYTES_MAX:
        return "lines", text
    return "zstd", _packers.compress(text)


class _Packers(threading.local):
    """Of each thread its own, kept: making one takes as long as packing a batch."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_packers: Final = _Packers()


def _unzstd(blob: bytes) -> bytes:
    return _packers.decompress(blob)


class Batch:
    """A batch of the journal, read line by line as asked for. Raises UnknownCodecError."""

    def __init__(self, codec: str, blob: bytes) -> None:
        try:
            unpack, self._decode = _CODECS[codec]
        except KeyError:
            raise UnknownCodecError(
                f"The journal holds a batch of codec {codec!r}, which this release does not know: update Amends."
            ) from None
        # Only \n ends a line: JSON escapes it inside texts, but not the other characters that splitlines() knows.
        self._lines = unpack(blob).split(b"\n")

    def text(self, start: int = 0) -> bytes:
        """The lines from a place on, each with its end, as they would be written today."""
        lines = self._lines[start:]
        if self._decode is event_of:
            return b"\n".join([*lines, b""])
        return lines_of([self._decode(line) for line in lines])

    def event(self, place: int) -> Event:
        """The event at a place, the first at 0."""
        return self._decode(self._lines[place])

    def events(self, start: int = 0) -> list[Event]:
        """All events from a place on."""
        return [self._decode(line) for line in self._lines[start:]]


_CODECS: Final[dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], Event]]]] = {
    "lines": (bytes, event_of),
    "zstd": (_unzstd, event_of),
    "plain": (bytes, decode_event),
    "zlib": (zlib.decompress, decode_event),
}
