"""News of cases that their playbooks have not seen yet, and of what cases on their way want to hear."""

from collections.abc import Iterable

import numpy as np
from sqlalchemy import Connection, bindparam, delete, exists, select, text

from amends.detection.page import Page
from amends.model.instant import Instant
from amends.store.digests import subjects_of, subjects_on
from amends.store.resolution_schema import look, watch
from amends.store.rows import Rows
from amends.store.statement import Among, Statement

_mark = Statement(
    text("INSERT INTO look (case_id, since) VALUES (:case_id, :since) ON CONFLICT (case_id) DO NOTHING"),
    "case_id", "since",
)  # fmt: skip
_watches = Rows(watch)
_of_digests = Among(lambda values: select(watch.c.case_id).where(watch.c.digest.in_(values)).distinct())

_of_cases = Among(lambda values: select(watch.c.case_id, watch.c.digest).where(watch.c.case_id.in_(values)))
_seen = Statement(delete(look).where(look.c.case_id == bindparam("case")), "case")
_forget = Statement(
    delete(watch).where(watch.c.case_id == bindparam("case"), watch.c.digest == bindparam("digest")), "case", "digest"
)


class NewsTable:
    """News within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._watched: dict[str, set[int]] = {}

    def gather(self, cases: Iterable[str]) -> None:
        """Read what these cases want to hear of at once."""
        ids = [case for case in dict.fromkeys(cases) if case not in self._watched]
        found: dict[str, set[int]] = {case: set() for case in ids}
        for row in _of_cases.rows(self._connection, ids):
            found[row.case_id].add(row.digest)
        self._watched |= found

    def mark(self, cases: Iterable[str], now: Instant) -> None:
        """There is news of these cases."""
        # Who is marked already keeps their place.
        _mark.run_many(self._connection, [(case, now) for case in dict.fromkeys(cases)])

    def first(self, limit: int) -> list[str]:
        """Cases of which there is news, the oldest first."""
        question = select(look.c.case_id).order_by(look.c.since, look.c.case_id).limit(limit)
        return list(self._connection.scalars(question))

    def seen(self, case: str) -> None:
        """A case's playbook has seen it."""
        _seen.run_many(self._connection, [(case,)])

    # ------------------------------------------------------------ what is waited for

    def watch(self, case: str, subjects: Iterable[tuple[str, str]]) -> None:
        """A case wants to hear of these subjects, and of no others."""
        self.gather([case])
        wanted, known = set(subjects_of(sorted(set(subjects))).tolist()), self._watched[case]
        _watches.insert(self._connection, [{"digest": each, "case_id": case} for each in wanted - known])
        _forget.run_many(self._connection, [(case, digest) for digest in known - wanted])
        self._watched[case] = wanted

    def concerned(self, page: Page) -> list[str]:
        """The cases that want to hear of what these events are about; by chance also one that does not."""
        if not page.size or not self._connection.scalar(select(exists(select(watch.c.case_id)))):
            return []
        digests = np.unique(subjects_on(page)[0]).tolist()
        return list(dict.fromkeys(row.case_id for row in _of_digests.rows(self._connection, digests)))
