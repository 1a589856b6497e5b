"""What the console asks: which case first, what it all costs, and what there is to one order.

The board is a walk along one index in the order of the score, so its first page costs the same however many there are.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from amends.cases.case import Case, Outcome
from amends.cases.face import OrderFace
from amends.cases.grade import SEVERITIES, Severity
from amends.cases.lifecycle import State
from amends.model.instant import HOUR, Instant
from amends.store.case_schema import case_file, incident
from amends.store.cases import CaseTable
from amends.store.faces import FaceTable

PAGE: Final = 50


class Place(msgspec.Struct, frozen=True):
    """A place in a list: behind the case of this score and id."""

    score: int
    id: str


class BoardQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases. Without `states`, `outcome` and `snoozed`: those that stand on the board (active, not put aside).

    `text` is looked for in ids of order and subjects, in the order's number, the buyer's name and e-mail.
    `owner` is an account's id; `unowned` asks for cases that nobody has. `due_before` includes what is overdue.
    """

    states: tuple[State, ...] = ()
    snoozed: bool = False
    severity: Severity | None = None
    trouble: str | None = None
    owner: str | None = None
    unowned: bool = False
    country: str | None = None
    incident: str | None = None
    outcome: Outcome | None = None
    resolved_since: Instant | None = None
    due_before: Instant | None = None
    text: str = ""


class BoardRow(msgspec.Struct, frozen=True, kw_only=True):
    """A case in a list; `face` is absent where no order is known."""

    case: Case
    face: OrderFace | None


class BoardPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some cases in the order of loss avoided a minute; `next` is where the list goes on, absent at its end."""

    rows: tuple[BoardRow, ...]
    next: Place | None


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """The strip above the board.

    `at_risk` is money at stake by currency; `at_risk_shop` the same in the shop's currency, without what is in
    `unrated` (currencies for which there is no rate). What several cases of an order put at stake counts once, as much
    as the dearest of them. `due` cases are due within the hour, `overdue` ones not among them. `live` cases stand on
    the board; `active` are these and the ones put aside. `healed` are those that healed by themselves since `since`.
    """

    at_risk: dict[str, int]
    at_risk_shop: int
    unrated: tuple[str, ...]
    active: int
    live: int
    due: int
    overdue: int
    incidents: int
    incident_cases: int
    healed: int
    since: Instant
    by_severity: dict[Severity, int]


class OrderCases(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to one order: how it is recognised, and its cases, the newest first."""

    face: OrderFace | None
    rows: tuple[BoardRow, ...]


class Board:
    """Questions about many cases within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cases = CaseTable(connection)
        self._faces = FaceTable(connection)

    def page(self, query: BoardQuery, *, after: Place | None = None, limit: int = PAGE) -> BoardPage:
        """The next cases of a list."""
        columns = case_file.c
        wanted = select(columns.id, columns.score).where(*_conditions(query))
        if after is not None:
            behind = and_(columns.score == after.score, columns.id < after.id)
            wanted = wanted.where(columns.score <= after.score).where(or_(columns.score < after.score, behind))
        wanted = wanted.order_by(columns.score.desc(), columns.id.desc()).limit(limit + 1)
        places = [Place(score, id_) for id_, score in self._connection.execute(wanted)]
        shown = places[:limit]
        return BoardPage(
            rows=self.rows([place.id for place in shown]),
            next=shown[-1] if len(places) > limit else None,
        )

    def ids(self, query: BoardQuery, *, limit: int) -> list[str]:
        """The ids of a list's first cases."""
        columns = case_file.c
        wanted = select(columns.id).where(*_conditions(query)).order_by(columns.score.desc(), columns.id.desc())
        return list(self._connection.scalars(wanted.limit(limit)))

    def count(self, query: BoardQuery) -> int:
        """How many cases a list holds."""
        return self._connection.scalar(_counting(*_conditions(query))) or 0

    def rows(self, ids: Sequence[str]) -> tuple[BoardRow, ...]:
        """These cases as rows, in the order asked for; unknown ids are left out."""
        cases = self._cases.get(ids)
        faces = self._faces.get(case.order for case in cases.values() if case.order is not None)
        return tuple(
            BoardRow(case=cases[each], face=faces.get(cases[each].order or "")) for each in ids if each in cases
        )

    def today(self, now: Instant, *, since: Instant) -> Today:
        """The figures of the strip; `since` is the beginning of the day, as the shop counts it."""
        columns = case_file.c
        at_risk = self._at_risk()
        by_severity = self._by_severity()
        put_aside, due, overdue, healed, incidents, members = self._connection.execute(
            select(
                _counting(columns.snoozed_until.is_not(None), columns.active).scalar_subquery(),
                _counting(columns.live, columns.due_at > now, columns.due_at <= now + HOUR).scalar_subquery(),
                _counting(columns.live, columns.due_at <= now).scalar_subquery(),
                _counting(columns.outcome == "healed", columns.resolved_at >= since).scalar_subquery(),
                select(func.count()).where(incident.c.state == "open").scalar_subquery(),
                select(func.sum(incident.c.members)).where(incident.c.state == "open").scalar_subquery(),
            )
        ).one()
        live = sum(by_severity.values())
        return Today(
            at_risk={currency: minor for currency, minor, _ in at_risk if minor},
            at_risk_shop=sum(shop for _, _, shop in at_risk if shop is not None),
            unrated=tuple(currency for currency, minor, shop in at_risk if minor and shop is None),
            active=live + put_aside,
            live=live,
            due=due,
            overdue=overdue,
            incidents=incidents,
            incident_cases=members or 0,
            healed=healed,
            since=since,
            by_severity=by_severity,
        )

    def order(self, order: str) -> OrderCases:
        """What there is to one order."""
        face = self._faces.get([order]).get(order)
        rows = tuple(BoardRow(case=case, face=face) for case in self._cases.of_order(order))
        return OrderCases(face=face, rows=rows)

    def countries(self, incident: str) -> dict[str, int]:
        """How many active members of an incident go where."""
        columns = case_file.c
        query = select(columns.country, func.count()).where(columns.incident == incident).group_by(columns.country)
        return {country or "": count for country, count in self._connection.execute(query)}

    def _at_risk(self) -> list[tuple[str, int, int | None]]:
        """By currency: the sum of what each order puts at stake, in that currency and the shop's.

        A question for each currency, since SQLite walks the index for it, and sorts everything for all at once.
        """
        columns = case_file.c
        currencies = self._connection.scalars(select(columns.currency).distinct().where(columns.active))
        sums = []
        for currency in sorted(each for each in currencies if each is not None):
            # Cases without an order make one group here, and are about different things.
            lone = columns.order_id.is_(None)
            group = (
                select(
                    case((lone, func.sum(columns.stake)), else_=func.max(columns.stake)).label("stake"),
                    case((lone, func.sum(columns.stake_shop)), else_=func.max(columns.stake_shop)).label("shop"),
                )
                .where(columns.active & (columns.currency == currency))
                .group_by(columns.order_id)
                .subquery()
            )
            minor, shop = self._connection.execute(select(func.sum(group.c.stake), func.sum(group.c.shop))).one()
            sums.append((currency, minor or 0, shop))
        return sums

    def _by_severity(self) -> dict[Severity, int]:
        columns = case_file.c
        query = select(columns.severity, func.count()).where(columns.live).group_by(columns.severity)
        counts = {row[0]: row[1] for row in self._connection.execute(query)}
        return {severity: counts.get(severity, 0) for severity in reversed(SEVERITIES)}


def _counting(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(func.count()).select_from(case_file).where(*conditions)


def _conditions(query: BoardQuery) -> list[ColumnElement[bool]]:
    columns = case_file.c
    conditions: list[ColumnElement[bool]] = []
    if query.states:
        conditions.append(columns.state.in_(query.states))
    elif query.snoozed:
        conditions.append(columns.snoozed_until.is_not(None))
    elif query.outcome is None:
        conditions.append(columns.live)
    equal = {
        columns.severity: query.severity,
        columns.trouble: query.trouble,
        columns.owner: query.owner,
        columns.country: query.country,
        columns.incident: query.incident,
        columns.outcome: query.outcome,
    }
    conditions += [column == value for column, value in equal.items() if value is not None]
    if query.unowned:
        conditions.append(columns.owner.is_(None))
    if query.resolved_since is not None:
        conditions.append(columns.resolved_at >= query.resolved_since)
    if query.due_before is not None:
        conditions.append(columns.due_at <= query.due_before)
    if words := query.text.strip().casefold():
        told = columns.about.contains(words, autoescape=True), columns.known_as.contains(words, autoescape=True)
        conditions.append(or_(*told))
    return conditions
