"""What a load balancer and a watchman ask."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from amends.runtime.wiring import Installation
from amends.store.errors import StoreError

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def is_alive() -> JSONResponse:
    """The process is alive and answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", responses={503: {"description": "Something it stands on does not work; it says what."}})
def is_ready(request: Request) -> JSONResponse:
    """The database can be read, the pipeline (if it is ours) is at work; `waiting` deliveries are not read yet."""
    here: Installation = request.app.state.installation
    problems = []
    waiting = None
    if here.engine.trouble is not None:
        problems.append(here.engine.trouble)
    if here.judges and not here.engine.is_alive:
        problems.append("The pipeline is not running: start Amends again.")
    try:
        with here.store.reading() as work:
            waiting = work.deliveries.waiting()
    except StoreError as error:
        problems.append(str(error))
    status = "not ready" if problems else "ready"
    return JSONResponse({"status": status, "waiting": waiting, "problems": problems}, 503 if problems else 200)
