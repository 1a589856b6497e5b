"""Cases and incidents: what a piece of work touches is read here, and what it decided is written."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Connection, Integer, Select, Table, bindparam, select, update

from amends.cases.book import CaseBook, CaseWork, LooseFinding, SurgeTouch, Touch
from amends.cases.case import Case, CaseChange, CaseFinding, Note
from amends.cases.errors import CaseChangedError, UnknownCaseError
from amends.cases.grade import Grade
from amends.cases.incident import Incident, IncidentChange, IncidentMember, IncidentPoint
from amends.detection.finding import Finding
from amends.model.instant import Instant
from amends.store.case_schema import (
    case_change,
    case_file,
    case_finding,
    case_note,
    incident,
    incident_change,
    incident_member,
    incident_point,
)
from amends.store.faces import FaceTable, words_of
from amends.store.rows import Rows
from amends.store.schema import finding
from amends.store.statement import Among, Statement

_WORDS_MAX: Final = 1_000

_wake_at = case_file.c.wake_at
_woken = Statement(
    select(case_file.c.id)
    .where(_wake_at <= bindparam("now"))
    .order_by(_wake_at, case_file.c.id)
    .limit(bindparam("limit", type_=Integer)),
    "now",
    "limit",
)
_of_incident = Statement(select(case_file.c.id).where(case_file.c.incident == bindparam("which")), "which")
_next_due = Statement(select(_wake_at).where(_wake_at.is_not(None)).order_by(_wake_at).limit(1))

_Record = TypeVar("_Record", bound=msgspec.Struct)


class CaseTable:
    """Cases and incidents within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # ------------------------------------------------------------ books to work on

    def book(self, touch: Touch) -> CaseBook:
        """What verdicts touch; see `Touch`. Whether the verdicts are recorded already makes no difference."""
        ids = {row.id for row in _of_orders.rows(self._connection, touch.orders)}
        for kind, subjects in _by_kind(touch.subjects).items():
            ids.update(row.id for row in _of_subjects.rows(self._connection, subjects, kind))
        ids.update(row.case_id for row in _of_findings.rows(self._connection, touch.findings))
        for surge in touch.surges:
            ids.update(self._may_join(surge))
        book = self._book_of(ids | touch.cases)
        cases = tuple(_as_before(case, touch.findings) for case in book.cases)
        return msgspec.structs.replace(book, cases=cases, loose=tuple(self._loose(touch)))

    def due_book(self, now: Instant, *, limit: int) -> CaseBook:
        """The first cases whose `wake_at` has come, with their incidents and memberships."""
        return self._book_of({row.id for row in _woken.run(self._connection, now, limit)})

    def next_due(self) -> Instant | None:
        """The earliest `wake_at`."""
        earliest = _next_due.run(self._connection).scalar()
        return None if earliest is None else Instant(earliest)

    def case_book(self, *ids: str) -> CaseBook:
        """These cases with their incidents and memberships: what a person's action touches."""
        return self._book_of(set(ids))

    def incident_book(self, id: str) -> CaseBook:
        """An incident with its active members."""
        book = self._book_of({row.id for row in _of_incident.run(self._connection, id)})
        if any(each.id == id for each in book.incidents):
            return book
        return msgspec.structs.replace(book, incidents=(*book.incidents, self.incident(id)))

    # ------------------------------------------------------------ looking

    def get(self, ids: Iterable[str]) -> dict[str, Case]:
        """Cases by id, with their findings; unknown ids are left out."""
        rows = list(self._rows(case_file, case_file.c.id, ids))
        held = self._held({row.id for row in rows})
        return {row.id: _case(row, held.get(row.id, [])) for row in rows}

    def case(self, id: str) -> Case:
        """One case with its findings. Raises UnknownCaseError."""
        found = self.get([id])
        if not found:
            raise UnknownCaseError(f"There is no case {id!r}: look for it on the board.")
        return found[id]

    def of_order(self, order: str) -> list[Case]:
        """The cases of an order, the newest first."""
        ids = [row.id for row in _of_orders.rows(self._connection, [order])]
        return sorted(self.get(ids).values(), key=lambda case: (-case.opened_at, case.id))

    def changes(self, case: str) -> list[CaseChange]:
        """The record of a case, from its beginning."""
        query = select(case_change).where(case_change.c.case_id == case).order_by(case_change.c.number)
        return [_record(CaseChange, row, case="case_id") for row in self._connection.execute(query)]

    def notes(self, case: str) -> list[Note]:
        """What people wrote on a case, the oldest first."""
        query = select(case_note).where(case_note.c.case_id == case).order_by(case_note.c.number)
        return [_record(Note, row, case="case_id") for row in self._connection.execute(query)]

    def incident(self, id: str) -> Incident:
        """One incident. Raises UnknownCaseError."""
        row = self._connection.execute(select(incident).where(incident.c.id == id)).one_or_none()
        if row is None:
            raise UnknownCaseError(f"There is no incident {id!r}: look for it among the incidents.")
        return _incident(row)

    def incidents(self, *, open_only: bool, limit: int = 200) -> list[Incident]:
        """Incidents, the newest first."""
        query = select(incident).order_by(incident.c.opened_at.desc(), incident.c.id).limit(limit)
        query = query.where(incident.c.state == "open") if open_only else query
        return [_incident(row) for row in self._connection.execute(query)]

    def incident_changes(self, id: str) -> list[IncidentChange]:
        """The record of an incident, from its beginning."""
        query = select(incident_change).where(incident_change.c.incident == id).order_by(incident_change.c.number)
        return [_record(IncidentChange, row) for row in self._connection.execute(query)]

    def incident_points(self, id: str) -> list[IncidentPoint]:
        """An incident over time, the oldest point first."""
        query = select(incident_point).where(incident_point.c.incident == id).order_by(incident_point.c.at)
        return [_record(IncidentPoint, row) for row in self._connection.execute(query)]

    def incident_members(self, id: str) -> list[IncidentMember]:
        """Every case that is or was part of an incident, in the order of joining."""
        query = select(incident_member).where(incident_member.c.incident == id)
        query = query.order_by(incident_member.c.joined_at, incident_member.c.case_id)
        return [_record(IncidentMember, row, case="case_id") for row in self._connection.execute(query)]

    # ------------------------------------------------------------ writing

    def save(self, work: CaseWork) -> None:
        """Keep what was decided. Raises CaseChangedError where somebody else has changed a case or incident since."""
        self._check_revisions(case_file, work.cases, work.opened)
        self._check_revisions(incident, work.incidents, work.opened_incidents)
        faces = FaceTable(self._connection).get(case.order for case in work.cases if case.order is not None)
        rows = [_case_row(case) | _named(case, faces) for case in work.cases]
        connection = self._connection
        self._put(_case_file, rows, work.opened)
        self._put(_incidents, [_incident_row(each) for each in work.incidents], work.opened_incidents)
        _links.replace(connection, [_link_row(link) for link in work.links])
        _members.replace(connection, [_with_case_id(member) for member in work.members])
        _points.replace(connection, [msgspec.structs.asdict(point) for point in work.points])
        _changes.insert(connection, [_with_case_id(change) for change in work.changes])
        _notes.insert(connection, [_with_case_id(note) for note in work.notes])
        _incident_changes.insert(connection, [msgspec.structs.asdict(change) for change in work.incident_changes])

    def grade_all_again(self) -> None:
        """Have every active case graded when time next passes: rates, policy or catalogue have changed."""
        self._connection.execute(update(case_file).where(case_file.c.active).values(wake_at=0))

    # ------------------------------------------------------------ reading

    def _book_of(self, ids: set[str]) -> CaseBook:
        cases = self.get(ids)
        while targets := {case.merged_into for case in cases.values() if case.merged_into} - cases.keys():
            cases |= self.get(targets)
        columns = incident_member.c
        members = [
            _record(IncidentMember, row, case="case_id")
            for row in self._rows(incident_member, columns.case_id, cases.keys())
        ]
        near = {member.incident for member in members}
        open_ = _open_incidents.run(self._connection, "open").read_as(_OPEN_INCIDENTS, self._connection)
        incidents = {each.id: each for each in map(_incident, open_)}
        incidents |= {row.id: _incident(row) for row in self._rows(incident, incident.c.id, near - incidents.keys())}
        return CaseBook(
            cases=tuple(cases[each] for each in sorted(cases)),
            incidents=tuple(incidents[each] for each in sorted(incidents)),
            members=tuple(members),
        )

    def _held(self, ids: Iterable[str]) -> dict[str, list[CaseFinding]]:
        found: dict[str, list[CaseFinding]] = {}
        for row in _held.rows(self._connection, ids):
            found.setdefault(row.case_id, []).append(_held_finding(row))
        return found

    def _may_join(self, surge: SurgeTouch) -> Iterator[str]:
        links = case_finding.c
        counted = links.rule.in_(surge.rules) if surge.rules else links.trouble == surge.trouble
        query = (
            select(links.case_id)
            .join(case_file, case_file.c.id == links.case_id)
            .where(counted & (links.fired_at >= surge.since) & case_file.c.active)
        )
        return iter(self._connection.scalars(query))

    def _loose(self, touch: Touch) -> Iterator[LooseFinding]:
        rows = list(_loose_of_orders.rows(self._connection, touch.orders))
        for kind, subjects in _by_kind(touch.subjects).items():
            rows += _loose_of_subjects.rows(self._connection, subjects, kind)
        found: dict[str, LooseFinding] = {}
        for row in rows:
            if row.id not in touch.findings:
                found[row.id] = LooseFinding(
                    finding=_finding(row), cleared_at=Instant(row.cleared_at), cleared_by=row.cleared_by
                )
        return iter(found.values())

    def _rows(self, table: Table, column: Any, values: Iterable[str]) -> Iterator[Any]:
        return _whole(table, column).rows(self._connection, values)

    # ------------------------------------------------------------ putting

    def _check_revisions(
        self, table: Table, records: Sequence[Case] | Sequence[Incident], opened: frozenset[str]
    ) -> None:
        """The one who reads last writes; who has read before must read again."""
        expected = {record.id: record.revision - 1 for record in records if record.id not in opened}
        ids = [record.id for record in records]
        present = {row.id: row.revision for row in _revisions(table).rows(self._connection, ids)}
        if present != expected:
            raise CaseChangedError("Somebody else has changed this meanwhile: look at it again, then decide.")

    def _put(self, table: Rows, rows: list[dict[str, Any]], opened: frozenset[str]) -> None:
        table.insert(self._connection, [row for row in rows if row["id"] in opened])
        table.update(self._connection, [row for row in rows if row["id"] not in opened])


_case_file, _incidents, _links, _members, _points, _changes, _notes, _incident_changes = map(
    Rows,
    (
        case_file, incident, case_finding, incident_member, incident_point, case_change, case_note, incident_change,
    ),
)  # fmt: skip
_OPEN_INCIDENTS = select(incident).where(incident.c.state == bindparam("state"))
_open_incidents = Statement(_OPEN_INCIDENTS, "state")
_FINDING_COLUMNS: Final[list[Any]] = list(finding.c)
_HELD: Select[Any] = select(
    *_FINDING_COLUMNS,
    case_finding.c.case_id,
    case_finding.c.severity.label("held_severity"),
    case_finding.c.trouble.label("held_trouble"),
).join(case_finding, case_finding.c.finding_id == finding.c.id)
_held = Among(lambda values: _HELD.where(case_finding.c.case_id.in_(values)).order_by(finding.c.fired_at, finding.c.id))
_of_orders = Among(lambda values: select(case_file.c.id).where(case_file.c.order_id.in_(values)))
_of_subjects = Among(
    lambda values: select(case_file.c.id).where(case_file.c.subject.in_(values), case_file.c.kind == bindparam("of")),
    "of",
)
_of_findings = Among(lambda values: select(case_finding.c.case_id).where(case_finding.c.finding_id.in_(values)))


@cache
def _whole(table: Table, column: Any) -> Among:
    """Whole rows of a table."""
    return Among(lambda values: select(table).where(column.in_(values)))


@cache
def _revisions(table: Table) -> Among:
    return Among(lambda values: select(table.c.id, table.c.revision).where(table.c.id.in_(values)))


_LOOSE: Select[Any] = (
    select(*_FINDING_COLUMNS)
    .outerjoin(case_finding, case_finding.c.finding_id == finding.c.id)
    .where(
        finding.c.cleared_at.is_not(None),
        case_finding.c.case_id.is_(None),
        # What was kept quiet was seen, and nobody wanted to hear of it.
        finding.c.snooze.is_(None),
    )
)
_loose_of_orders = Among(lambda values: _LOOSE.where(finding.c.order_id.in_(values)))
_loose_of_subjects = Among(
    lambda values: _LOOSE.where(finding.c.kind == bindparam("of"), finding.c.subject.in_(values)), "of"
)
_CASE_FIELDS = tuple(name for name in Case.__struct_fields__ if name not in ("order", "findings", "grade"))


def _case(row: Any, held: list[CaseFinding]) -> Case:
    values = {name: getattr(row, name) for name in _CASE_FIELDS}
    grade = msgspec.convert(row.grade, Grade)
    return Case(order=row.order_id, findings=tuple(held), grade=grade, **values)


def _case_row(case: Case) -> dict[str, Any]:
    row = {name: getattr(case, name) for name in _CASE_FIELDS}
    grade = case.grade
    return row | {
        "order_id": case.order,
        "active": case.is_active,
        "live": case.is_active and case.snoozed_until is None,
        "grade": msgspec.to_builtins(grade),
        "severity": grade.severity,
        "exception": grade.exception,
        "stake": grade.stake,
        "currency": grade.currency,
        "stake_shop": grade.stake_shop,
        "due_at": grade.due_at,
        "score": grade.score,
    }


def _named(case: Case, faces: dict[str, Any]) -> dict[str, Any]:
    """What the case is searched by."""
    face = faces.get(case.order or "")
    subjects = {case.subject, *(held.finding.subject for held in case.findings if not held.about_us)}
    words = sorted(subjects - {case.order})
    return {
        "about": " ".join([case.order or "", *words]).strip().casefold()[:_WORDS_MAX],
        "known_as": words_of(face),
        "country": face.country if face is not None else None,
    }


def _as_before(case: Case, clearing: frozenset[str]) -> Case:
    """The case as it was before these findings cleared."""
    findings = tuple(
        msgspec.structs.replace(held, cleared_at=None, cleared_by=None) if held.finding.id in clearing else held
        for held in case.findings
    )
    return case if findings == case.findings else msgspec.structs.replace(case, findings=findings)


def _held_finding(row: Any) -> CaseFinding:
    return CaseFinding(
        finding=_finding(row),
        severity=row.held_severity,
        trouble=row.held_trouble,
        cleared_at=row.cleared_at,
        cleared_by=row.cleared_by,
    )


def _finding(row: Any) -> Finding:
    values = {name: getattr(row, name) for name in Finding.__struct_fields__ if name != "order"}
    return Finding(order=row.order_id, **values)


def _incident(row: Any) -> Incident:
    values = row._asdict()
    return Incident(**values | {name: tuple(values[name]) for name in ("findings", "names", "counts")})


def _incident_row(each: Incident) -> dict[str, Any]:
    return msgspec.structs.asdict(each)


def _link_row(link: Any) -> dict[str, Any]:
    row = msgspec.structs.asdict(link)
    return row | {"finding_id": row.pop("finding"), "case_id": row.pop("case")}


def _with_case_id(record: msgspec.Struct) -> dict[str, Any]:
    row = msgspec.structs.asdict(record)
    return row | {"case_id": row.pop("case")}


def _record(kind: Callable[..., _Record], row: Any, **renamed: str) -> _Record:
    values = row._asdict()
    for name, column in renamed.items():
        values[name] = values.pop(column)
    return kind(**values)


def _by_kind(subjects: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for kind, subject in subjects:
        kinds.setdefault(kind, []).append(subject)
    return kinds
