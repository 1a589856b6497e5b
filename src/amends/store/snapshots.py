"""States of the kernel, to start from."""

from typing import Final

from sqlalchemy import Connection, delete, insert, select

from amends.pipeline import failpoints
from amends.pipeline.ports import Progress, Snapshot
from amends.store.schema import kernel_snapshot

_KEPT: Final = 2


class SnapshotTable:
    """Snapshots within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def latest(self) -> Snapshot | None:
        """The newest one."""
        row = self._connection.execute(select(kernel_snapshot).order_by(kernel_snapshot.c.id.desc()).limit(1)).first()
        if row is None:
            return None
        return Snapshot(progress=Progress(position=row.position, clock=row.clock, pack=row.pack), blob=row.blob)

    def save(self, snapshot: Snapshot) -> None:
        """Keep one more, and of the older ones only the newest."""
        at = snapshot.progress
        row = {"position": at.position, "clock": at.clock, "pack": at.pack, "blob": snapshot.blob}
        self._connection.execute(insert(kernel_snapshot), [row])
        failpoints.reach("snapshot.during")
        newest = select(kernel_snapshot.c.id).order_by(kernel_snapshot.c.id.desc()).limit(_KEPT)
        self._connection.execute(delete(kernel_snapshot).where(kernel_snapshot.c.id.not_in(newest)))
