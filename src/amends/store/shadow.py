"""What drafts find in the shadow: kept apart from what is live, and of no consequence."""

from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from amends.detection.finding import Finding, Verdicts
from amends.model.instant import Instant
from amends.store.findings import RecordedFinding
from amends.store.rule_schema import shadow_finding


class ShadowTable:
    """Findings of drafts within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, draft: int, verdicts: Verdicts) -> None:
        """Keep what a draft found before it began to follow, in the place of whatever was kept of it."""
        self._connection.execute(delete(shadow_finding).where(shadow_finding.c.draft == draft))
        self.record(draft, verdicts)

    def record(self, draft: int, verdicts: Verdicts) -> None:
        """Keep what a draft has found and what has cleared; what is kept already stays as it is."""
        ids = [found.id for found in verdicts.findings]
        known = self._known(draft) if ids else set()
        rows = [_row(draft, found) for found in verdicts.findings if found.id not in known]
        if rows:
            self._connection.execute(insert(shadow_finding), rows)
        if verdicts.clearings:
            cleared = [{"which": c.finding, "at": c.cleared_at, "by": c.cause} for c in verdicts.clearings]
            clear = update(shadow_finding).where(
                shadow_finding.c.draft == draft, shadow_finding.c.id == bindparam("which")
            )
            self._connection.execute(clear.values(cleared_at=bindparam("at"), cleared_by=bindparam("by")), cleared)

    def found(self, draft: int, since: Instant) -> list[RecordedFinding]:
        """What a draft has found from a moment on, in the order in which it fired."""
        columns = shadow_finding.c
        query = select(shadow_finding).where(columns.draft == draft, columns.fired_at >= since)
        return [
            _recorded(row._asdict()) for row in self._connection.execute(query.order_by(columns.fired_at, columns.id))
        ]

    def _known(self, draft: int) -> set[str]:
        return set(self._connection.scalars(select(shadow_finding.c.id).where(shadow_finding.c.draft == draft)))


def _row(draft: int, found: Finding) -> dict[str, Any]:
    row = msgspec.structs.asdict(found)
    row["order_id"] = row.pop("order")
    return {"draft": draft, **row}


def _recorded(values: dict[str, Any]) -> RecordedFinding:
    del values["draft"]
    cleared_at, cleared_by = values.pop("cleared_at"), values.pop("cleared_by")
    values["order"] = values.pop("order_id")
    return RecordedFinding(finding=Finding(**values), cleared_at=cleared_at, cleared_by=cleared_by)
