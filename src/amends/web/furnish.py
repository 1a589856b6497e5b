"""Gives an application its console, its buyers' pages, their files, and a page for whatever goes wrong."""

from typing import Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from amends.store.errors import StoreError
from amends.web.console import (
    board,
    cases,
    decisions,
    deliveries,
    incidents,
    live,
    orders,
    playbooks,
    rule_moves,
    rules,
    sign_in,
    tasks,
)
from amends.web.console.render import render, translated
from amends.web.console.throttle import Throttle
from amends.web.languages import mark
from amends.web.pages import STATIC
from amends.web.portal import routes as portal
from amends.web.visit import ForbiddenError, ForeignFormError, Guest, SignInNeededError, guest_of, is_partial

_FORBIDDEN: Final = 403
_log = structlog.get_logger(__name__)

ROUTERS = (
    sign_in.router,
    board.router,
    live.router,
    decisions.router,
    cases.router,
    tasks.router,
    playbooks.router,
    incidents.router,
    orders.router,
    deliveries.router,
    rule_moves.router,
    rules.router,
    portal.router,
)


def furnish(app: FastAPI) -> None:
    """Add everything that people see. The application's state holds the `house`."""
    app.state.throttle = Throttle()
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(SignInNeededError, _to_the_door)
    app.add_exception_handler(ForbiddenError, _forbidden)
    app.add_exception_handler(ForeignFormError, _foreign)
    app.add_exception_handler(StoreError, _store_failed)
    app.add_exception_handler(HTTPException, _answered)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(Exception, _failed)


async def _to_the_door(request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeededError)
    address = f"/sign-in?back={error.back}"
    if is_partial(request):
        return Response(status_code=401, headers={"hx-redirect": "/sign-in"})
    if _wants_stream(request):
        return Response(status_code=401)
    return RedirectResponse(address, 303)


async def _forbidden(request: Request, error: Exception) -> Response:
    assert isinstance(error, ForbiddenError)
    return _problem(
        request,
        403,
        mark("This is not for your role"),
        mark("You may look at everything here, but this step needs more rights. Ask a lead or an administrator."),
        guest=error.visitor,
    )


async def _foreign(request: Request, _error: Exception) -> Response:
    return _problem(
        request,
        403,
        mark("This form is no longer good"),
        mark("You have signed in anew since it was opened, or it came from elsewhere. Go back, reload, and try again."),
    )


async def _store_failed(request: Request, error: Exception) -> Response:
    return _problem(
        request,
        503,
        mark("The data cannot be reached just now"),
        mark("Nothing is lost: deliveries are kept, and this page comes back by itself once the database answers."),
        detail=str(error),
    )


async def _answered(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and _is_for_people(request):
        return _problem(
            request,
            404,
            mark("There is nothing at this address"),
            mark("It may have been merged or mistyped. Look for it on the board, or search by order number."),
        )
    return Response(str(error.detail), error.status_code, headers=error.headers, media_type="text/plain")


async def _unreadable(request: Request, _error: Exception) -> Response:
    return _problem(
        request,
        422,
        mark("That could not be understood"),
        mark("A part of the address or the form is not what it should be. Go back and try again."),
    )


async def _failed(request: Request, error: Exception) -> Response:
    _log.error("page_failed", path=request.url.path, error=repr(error))
    return _problem(
        request,
        500,
        mark("Something went wrong on our side"),
        mark("It has been written to the log. Go back and try again; if it stays so, report what you did."),
    )


def _problem(
    request: Request, status: int, title: str, text: str, *, detail: str = "", guest: Guest | None = None
) -> Response:
    """A page of its own, or for htmx what stands in the dialog."""
    guest = guest or guest_of(request)
    return render(
        request,
        guest,
        "problem_part.html" if is_partial(request) else "problem.html",
        status=status,
        icon_name="lock" if status == _FORBIDDEN else "alert-circle",
        title=translated(guest, title),
        text=" ".join(part for part in (translated(guest, text), detail) if part),
    )


def _is_for_people(request: Request) -> bool:
    return not request.url.path.startswith(("/hooks/", "/healthz", "/readyz", "/static/"))


def _wants_stream(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "") and request.method == "GET"
