"""The application: every door that speaks HTTP, over one installation."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI

import amends
from amends.runtime.trials import Trials
from amends.runtime.wiring import Installation
from amends.web.api import health, ingest
from amends.web.furnish import furnish
from amends.web.headers import SafeHeaders
from amends.web.house import DemoAccount, House

ROUTERS = (health.router, ingest.router)
"""What machines call; what people see is added by `furnish`."""


def create_app(installation: Installation, *, demo: Sequence[DemoAccount] = ()) -> FastAPI:
    """The application of an installation, which it starts and stops. `demo`: who may sign in with one click."""

    trials = Trials(installation.config.db, installation.pack, installation.head)
    installation.rulebook.on_change(trials.renew)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        installation.start()
        yield
        trials.close()
        installation.stop()

    app = FastAPI(title="Amends", version=amends.__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(SafeHeaders)
    app.state.installation = installation
    app.state.house = House(
        config=installation.config,
        store=installation.store,
        clock=installation.clock,
        wall=installation.wall,
        changes=installation.changes,
        rulebook=installation.rulebook,
        catalogue=installation.catalogue,
        terms=installation.terms,
        secret=installation.secret,
        righting=installation.righting,
        wake=installation.wake,
        trials=trials,
        demo=tuple(demo),
    )
    for router in ROUTERS:
        app.include_router(router)
    furnish(app)
    return app
