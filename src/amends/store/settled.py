"""What has left a kernel's memory, in the database: written once, kept with the snapshot that refers to it."""

import secrets
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select

from amends.store.engine import Database
from amends.store.schema import settled_page

_PAGE: Final = 1 << 20


class SettledPages:
    """A store of settled subjects (`amends.detection.settled.Lasting`) of one kernel.

    What is appended lies in memory until `keep`, which comes with each snapshot; a crash loses nothing else than what
    the snapshot knows nothing of either.
    """

    def __init__(self, database: Database, name: str | None = None, size: int = 0) -> None:
        self._database = database
        self.name = name or secrets.token_hex(8)
        self._kept = size
        self._pending = bytearray()

    def append(self, content: memoryview) -> int:
        """Write it at the end; returns where it begins."""
        place = self._kept + len(self._pending)
        self._pending += content
        return place

    def read(self, place: int, size: int) -> bytes:
        """So many bytes from a place on."""
        if place >= self._kept:
            return bytes(self._pending[place - self._kept : place - self._kept + size])
        with self._database.reading() as connection:
            return _read(connection, self.name, place, size)

    def keep(self) -> int:
        """Put everything into the database; returns how many bytes there are. Raises StoreError with nothing lost."""
        if self._pending:
            content = bytes(self._pending)
            pages = [
                {"store": self.name, "begin": self._kept + start, "content": content[start : start + _PAGE]}
                for start in range(0, len(content), _PAGE)
            ]
            with self._database.writing() as connection:
                # From a snapshot that was never saved, before a crash.
                connection.execute(
                    delete(settled_page).where(settled_page.c.store == self.name, settled_page.c.begin >= self._kept)
                )
                connection.execute(insert(settled_page), pages)
            self._kept += len(content)
            self._pending.clear()
        return self._kept


def reopened(database: Database, name: str, size: int) -> SettledPages | None:
    """The store of that name as it was with so many bytes in it; None if the database does not have them all."""
    with database.reading() as connection:
        lengths = select(func.sum(func.length(settled_page.c.content))).where(
            settled_page.c.store == name, settled_page.c.begin < size
        )
        found = connection.execute(lengths).scalar_one()
    return SettledPages(database, name, size) if (found or 0) >= size else None


def remove_others(database: Database, name: str) -> None:
    """Remove all that belongs to kernels other than the one with the store of that name."""
    others = settled_page.c.store != name
    with database.reading() as connection:
        if connection.execute(select(settled_page.c.store).where(others).limit(1)).first() is None:
            return
    with database.writing() as connection:
        connection.execute(delete(settled_page).where(others))


def _read(connection: Connection, name: str, place: int, size: int) -> bytes:
    page = settled_page.c
    parts = []
    while size > 0:
        begin = connection.execute(
            select(page.begin).where(page.store == name, page.begin <= place).order_by(page.begin.desc()).limit(1)
        ).scalar_one()
        part = func.substr(page.content, place - begin + 1, size)
        found: bytes = connection.execute(select(part).where(page.store == name, page.begin == begin)).scalar_one()
        parts.append(found)
        place, size = place + len(found), size - len(found)
    return b"".join(parts)
