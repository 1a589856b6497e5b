"""What the doors need of the house: made once at the start, kept on the application, asked for by every route."""

from collections.abc import Callable, Mapping

import msgspec
from starlette.requests import HTTPConnection

from amends.cases.catalogue import Catalogue
from amends.cases.triage import Terms
from amends.detection.rule import Pack
from amends.pipeline.putting_right import PuttingRight
from amends.resolution.playbook import Playbook
from amends.runtime.changes import Changes
from amends.runtime.clock import Clock
from amends.runtime.config import Config
from amends.runtime.rulebook import Rulebook
from amends.runtime.trials import Trials
from amends.store.work import SqlStore


class DemoAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in to the demo world; the sign-in page offers it with one click."""

    email: str
    password: str


class House(msgspec.Struct, frozen=True, kw_only=True):
    """`clock` is that of learning, `wall` that of the people at the door, which differ in the demo world.

    `righting` takes cases through their playbooks. `wake` tells whoever works that something waits. `secret` signs
    links and forms; `terms` are what cases are graded by; `rulebook` holds the rules; `trials` tries rules on the
    journal; `demo` is empty but in the demo world.
    """

    config: Config
    store: SqlStore
    clock: Clock
    wall: Clock
    changes: Changes
    rulebook: Rulebook
    catalogue: Catalogue
    terms: Terms
    secret: bytes
    righting: PuttingRight
    wake: Callable[[], None]
    trials: Trials
    demo: tuple[DemoAccount, ...] = ()

    @property
    def playbooks(self) -> Mapping[str, Playbook]:
        """What is done about each exception."""
        return self.righting.playbooks

    @property
    def pack(self) -> Pack:
        """The rules that are live now; asked twice, they may be two."""
        return self.rulebook.pack


def house_of(connection: HTTPConnection) -> House:
    """The house that this application was made for."""
    house: House = connection.app.state.house
    return house
