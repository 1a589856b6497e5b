"""What people recognise orders by, kept beside the journal that tells it."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, select, update

from amends.cases.face import OrderFace, faces_of, merged
from amends.model.event import Event
from amends.store.case_schema import case_file, order_face
from amends.store.rows import Rows
from amends.store.statement import Among, Statement

_WORDS_MAX: Final = 1_000


class FaceTable:
    """Faces of orders within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def learn(self, events: Iterable[Event]) -> None:
        """Take in what events tell; their cases are found by the new words at once."""
        told = faces_of(events)
        known = self.get(told)
        changed = {order: merged(known[order], face) if order in known else face for order, face in told.items()}
        changed = {order: face for order, face in changed.items() if face != known.get(order)}
        new = [_row(face) for order, face in changed.items() if order not in known]
        old = [face for order, face in changed.items() if order in known]
        _faces.insert(self._connection, new)
        _faces.update(self._connection, [_row(face) for face in old])
        renamed = [face for face in changed.values() if _names(face) != _names(known.get(face.order))]
        _rename_cases.run_many(self._connection, ((face.country, words_of(face), face.order) for face in renamed))

    def get(self, orders: Iterable[str]) -> dict[str, OrderFace]:
        """Faces by order; those of unknown orders are left out."""
        found = map(_face, _of_orders.rows(self._connection, sorted(set(orders))))
        return {face.order: face for face in found}

    def latest(self, limit: int) -> list[OrderFace]:
        """The orders that were heard of last, the newest first."""
        query = _FACES.order_by(order_face.c.heard_at.desc(), order_face.c.order_id).limit(limit)
        return [_face(row) for row in self._connection.execute(query)]

    def of_buyer(self, buyer: str, limit: int) -> list[OrderFace]:
        """A buyer's orders, the newest first."""
        query = _FACES.where(order_face.c.buyer == buyer).order_by(order_face.c.heard_at.desc()).limit(limit)
        return [_face(row) for row in self._connection.execute(query)]

    def search(self, words: str, limit: int) -> list[OrderFace]:
        """Orders whose id, number, buyer's name or e-mail contains the words, the newest first."""
        query = _FACES.where(order_face.c.known_as.contains(words.strip().casefold(), autoescape=True))
        query = query.order_by(order_face.c.heard_at.desc(), order_face.c.order_id).limit(limit)
        return [_face(row) for row in self._connection.execute(query)]


def words_of(face: OrderFace | None) -> str:
    """What an order is searched by."""
    return "" if face is None else " ".join(part for part in _names(face)[1:] if part).casefold()[:_WORDS_MAX]


_FACES = select(*(column for column in order_face.c if column.name != "known_as"))
_of_orders = Among(lambda values: _FACES.where(order_face.c.order_id.in_(values)))
_faces = Rows(order_face)
_rename_cases = Statement(
    update(case_file)
    .where(case_file.c.order_id == bindparam("which"))
    .values(country=bindparam("country"), known_as=bindparam("known_as")),
    "country",
    "known_as",
    "which",
)


def _names(face: OrderFace | None) -> tuple[str | None, ...]:
    if face is None:
        return ()
    return face.country, face.order, face.number, face.buyer_name, face.buyer_email, face.buyer


def _row(face: OrderFace) -> dict[str, Any]:
    row = msgspec.structs.asdict(face)
    row["order_id"] = row.pop("order")
    row["known_as"] = words_of(face)
    return row


def _face(row: Any) -> OrderFace:
    values = row._asdict()
    values["order"] = values.pop("order_id")
    return OrderFace(**values)
