"""Where the kernel stands in the journal."""

from typing import Final

import msgspec
from sqlalchemy import Connection, insert, select, update

from amends.pipeline.ports import NOWHERE, Progress
from amends.store.schema import progress

_KERNEL: Final = "kernel"


class ProgressTable:
    """The kernel's progress within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self) -> Progress:
        """How far the kernel has come; NOWHERE before its first round."""
        row = self._connection.execute(select(progress).where(progress.c.name == _KERNEL)).first()
        return NOWHERE if row is None else Progress(position=row.position, clock=row.clock, pack=row.pack)

    def set(self, at: Progress) -> None:
        """Note how far it has come."""
        values = msgspec.structs.asdict(at)
        done = self._connection.execute(update(progress).where(progress.c.name == _KERNEL).values(**values))
        if done.rowcount == 0:
            self._connection.execute(insert(progress).values(name=_KERNEL, **values))
