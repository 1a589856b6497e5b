"""The secrets of connected accounts, at hand for every webhook."""

import threading
import time
from typing import Final

from amends.store.work import SqlStore

_KEPT_S: Final = 2.0


class Accounts:
    """Looks up who may deliver. A change in the database counts within two seconds; `forget` makes it at once."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._secrets: dict[tuple[str, str], str] = {}
        self._until = 0.0

    def secret_of(self, vendor: str, account: str) -> str | None:
        """The secret that this account signs with; None where no such account is connected."""
        with self._guard:
            # A guesser of names costs one look every two seconds, not one for each guess.
            if time.monotonic() >= self._until:
                self._read()
            return self._secrets.get((vendor, account))

    def forget(self) -> None:
        """Look anew at the next call."""
        with self._guard:
            self._until = 0.0

    def _read(self) -> None:
        with self._store.reading() as work:
            self._secrets = {(one.vendor, one.account): one.secret for one in work.connections.all()}
        self._until = time.monotonic() + _KEPT_S
