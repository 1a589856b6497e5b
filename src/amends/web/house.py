"""What the doors need of the house: made once at the start, kept on the application, asked for by every route."""

import msgspec
from starlette.requests import HTTPConnection

from amends.cases.catalogue import Catalogue
from amends.detection.rule import Pack
from amends.runtime.changes import Changes
from amends.runtime.clock import Clock
from amends.runtime.config import Config
from amends.store.work import SqlStore


class DemoAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in to the demo world; the sign-in page offers it with one click."""

    email: str
    password: str


class House(msgspec.Struct, frozen=True, kw_only=True):
    """`secret` signs links and forms. `demo` is empty but in the demo world."""

    config: Config
    store: SqlStore
    clock: Clock
    changes: Changes
    pack: Pack
    catalogue: Catalogue
    secret: bytes
    demo: tuple[DemoAccount, ...] = ()


def house_of(connection: HTTPConnection) -> House:
    """The house that this application was made for."""
    house: House = connection.app.state.house
    return house
