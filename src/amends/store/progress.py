"""Where the kernel and the desk stand in the journal, and from where on drafts follow."""

from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from amends.model.instant import Instant
from amends.pipeline.ports import NOWHERE, Progress
from amends.store.schema import progress
from amends.store.statement import Statement, insertion

_KERNEL: Final = "kernel"
_DESK: Final = "desk"
_DRAFT: Final = "draft/"

_get = Statement(
    select(progress.c.position, progress.c.clock, progress.c.pack).where(progress.c.name == bindparam("which")), "which"
)
_update = Statement(
    update(progress)
    .where(progress.c.name == bindparam("which"))
    .values({name: bindparam(name) for name in ("position", "clock", "pack")}),
    "position",
    "clock",
    "pack",
    "which",
)
_insert = insertion(progress, "position", "clock", "pack", "name")


class ProgressTable:
    """Progress within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self) -> Progress:
        """How far the kernel has come; NOWHERE before its first round."""
        row = _get.run(self._connection, _KERNEL).first()
        return NOWHERE if row is None else Progress(position=row.position, clock=Instant(row.clock), pack=row.pack)

    def set(self, at: Progress) -> None:
        """Note how far it has come."""
        self._set(at.position, at.clock, at.pack, _KERNEL)

    def desk(self) -> int:
        """Up to which position of the journal the faces of orders are learned."""
        row = _get.run(self._connection, _DESK).first()
        return 0 if row is None else int(row.position)

    def set_desk(self, position: int) -> None:
        """Note up to where they are learned."""
        self._set(position, 0, "", _DESK)

    def drafts(self) -> frozenset[int]:
        """The numbers of the drafts that have begun to follow what is live."""
        names = self._connection.scalars(select(progress.c.name).where(progress.c.name.startswith(_DRAFT)))
        return frozenset(int(name.removeprefix(_DRAFT)) for name in names)

    def set_draft(self, draft: int, at: Progress) -> None:
        """Note from where on a draft has followed."""
        self._set(at.position, at.clock, at.pack, f"{_DRAFT}{draft}")

    def _set(self, *values: object) -> None:
        if _update.run(self._connection, *values).rowcount == 0:
            _insert.run(self._connection, *values)
