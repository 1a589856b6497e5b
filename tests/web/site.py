"""The application over a small world, and browsers of every role to look at it with."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from tests.web.world import PASSWORD, filled

from amends.cases.case import Case
from amends.runtime.config import Config
from amends.runtime.wiring import Installation
from amends.store.board import BoardQuery
from amends.store.users import ROLES, Role
from amends.web.app import create_app
from amends.web.server import BackgroundServer, listen

_FORM_WORD: Final = re.compile(r'name="form_word" value="(\w+)"')


class Site:
    """An application that serves, and one client for each role; `guest` is signed in as nobody."""

    def __init__(self, installation: Installation, app: FastAPI, address: str) -> None:
        self.installation = installation
        self.app = app
        self.address = address
        self.guest = self.client()
        self._words: dict[Role, str] = {}
        self.by_role: dict[Role, httpx.Client] = {role: self.signed_in(role) for role in ROLES}

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=20)

    def signed_in(self, role: Role) -> httpx.Client:
        client = self.client()
        answer = client.post("/sign-in", data={"email": f"{role}@shop.example", "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return client

    def post(
        self, role: Role, path: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """A form of this console, sent by somebody of this role."""
        client = self.by_role[role]
        if role not in self._words:
            word = _FORM_WORD.search(client.get("/rules").text)
            assert word is not None
            self._words[role] = word[1]
        return client.post(path, data={"form_word": self._words[role], **(form or {})}, headers=headers)

    def cases(self) -> list[Case]:
        """The cases on the board."""
        with self.installation.store.reading() as work:
            return [row.case for row in work.board.page(BoardQuery(), limit=1_000).rows]

    def case(self, place: int = 0) -> Case:
        """One of them that is about an order."""
        return [case for case in self.cases() if case.order is not None][place]

    def again(self, case: Case) -> Case:
        """The case as it is now."""
        with self.installation.store.reading() as work:
            return work.cases.case(case.id)


@contextmanager
def open_site(folder: Path, *, orders: int = 150, days: float = 12) -> Iterator[Site]:
    """The world stands still, but what people do is judged at once."""
    config = Config(data_dir=folder, secret_key=SecretStr("s" * 32), port=0)
    installation = filled(config, orders=orders, days=days)
    app = create_app(installation)
    with listen("127.0.0.1", 0) as listening, BackgroundServer(app, listening) as address:
        yield Site(installation, app, address)
