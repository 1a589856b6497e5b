"""Anchors of the audit record: written beside the database, or wherever else they are safer."""

import os
import time
from pathlib import Path
from typing import Final

import msgspec

from amends.model.audit import Anchor, anchored, read_anchors
from amends.model.errors import DependencyFailedError
from amends.model.instant import Instant
from amends.runtime.clock import Clock
from amends.runtime.config import Config
from amends.store.work import SqlStore

EVERY_S: Final = 900.0
"""What was done since the last anchor is bound by the chain alone."""


def anchors_file(config: Config) -> Path:
    """Where anchors are kept."""
    return config.anchors or config.data_dir / "audit.anchors"


class Anchoring:
    """Adds an anchor now and then, where the record has grown."""

    def __init__(self, store: SqlStore, path: Path, key: bytes, clock: Clock) -> None:
        self._store, self._path, self._key, self._clock = store, path, key, clock
        self._next = time.monotonic() + EVERY_S
        self._place: int | None = None

    def turn(self) -> bool:
        """Anchor, if it is time to."""
        if time.monotonic() >= self._next:
            self.anchor()
        return False

    def next_due(self) -> Instant | None:
        """It looks at its own watch."""
        return None

    def anchor(self) -> Anchor | None:
        """Add an anchor at the end of the record; None where it stands already. Raises DependencyFailedError."""
        self._next = time.monotonic() + EVERY_S
        with self._store.reading() as work:
            last = work.audit.last()
        if last is None or last.place == self._anchored():
            return None
        made = anchored(last, self._key, self._clock.now())
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(msgspec.json.encode(made) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DependencyFailedError(
                f"The audit record cannot be anchored in {self._path} ({error.strerror}): make it writable, or name "
                "another file with AMENDS_ANCHORS."
            ) from error
        self._place = last.place
        return made

    def _anchored(self) -> int:
        if self._place is None:
            known = anchors_in(self._path)
            self._place = known[-1].place if known else 0
        return self._place


def anchors_in(path: Path) -> list[Anchor]:
    """The anchors of a file; none where there is no file. Raises UnreadableAnchorsError, DependencyFailedError."""
    try:
        return read_anchors(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise DependencyFailedError(f"The anchors in {path} cannot be read: {error}") from error
