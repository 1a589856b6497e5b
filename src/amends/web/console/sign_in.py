"""Coming in, going out, and how to be spoken to."""

from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from amends.model.audit import Deed
from amends.model.instant import SECOND
from amends.store.users import SESSION_LENGTH
from amends.web.console.render import render, translated
from amends.web.console.throttle import Throttle
from amends.web.headers import YEAR_SECONDS
from amends.web.house import House, house_of
from amends.web.languages import CONSOLE, mark, named
from amends.web.visit import (
    LANGUAGE_COOKIE,
    SESSION_COOKIE,
    THEME_COOKIE,
    THEMES,
    Anybody,
    own_form,
    own_site,
    safe_path,
)

router = APIRouter(include_in_schema=False, dependencies=[Depends(own_site)])

WRONG: Final = mark("The e-mail address or the password is not right.")
TOO_OFTEN: Final = mark("That was wrong too often. Wait a quarter of an hour, or ask an administrator.")


@router.get("/sign-in")
def show_sign_in(request: Request, guest: Anybody, back: str = "/") -> Response:
    """The form; the demo world offers its people below it."""
    demo = house_of(request).demo
    return render(request, guest, "sign_in.html", back=safe_path(back), email="", problem="", demo=demo)


@router.post("/sign-in")
def sign_in(
    request: Request,
    guest: Anybody,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Start a session, or say that it is wrong, in the same words whatever is wrong."""
    house = house_of(request)
    names = (f"email {email.strip().lower()}", f"from {request.client.host if request.client else ''}")
    throttle: Throttle = request.app.state.throttle
    now = house.wall.now()
    problem = TOO_OFTEN
    if not any(throttle.is_shut(name, now) for name in names):
        token = _session(house, email, password)
        if token is not None:
            throttle.forgive(names[0])
            return _signed_in(request, token, safe_path(back))
        for name in names:
            throttle.fail(name, now)
        problem = WRONG
    return render(
        request,
        guest,
        "sign_in.html",
        status=429 if problem == TOO_OFTEN else 401,
        back=safe_path(back),
        email=email,
        problem=translated(guest, problem),
        demo=house.demo,
    )


def _session(house: House, email: str, password: str) -> str | None:
    with house.store.reading() as work:
        user = work.users.authenticate(email, password)
    if user is None:
        return None
    with house.store.writing() as work:
        work.audit.add(Deed(at=house.wall.now(), who=user.id, what="signed_in", kind="user", subject=user.id))
        return work.users.start_session(user, house.wall.now())


def _signed_in(request: Request, token: str, back: str) -> Response:
    response = RedirectResponse(back, 303)
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=SESSION_LENGTH // SECOND,
        httponly=True,
        samesite="lax",
        secure="https" in (request.url.scheme, urlsplit(house_of(request).config.base_url).scheme),
    )
    return response


@router.post("/sign-out", dependencies=[Depends(own_form)])
def sign_out(request: Request) -> Response:
    """End the session, here and in the store."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        with house_of(request).store.writing() as work:
            work.users.end_session(token)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


@router.post("/preferences")
def set_preferences(
    back: Annotated[str, Form()] = "/", language: Annotated[str, Form()] = "", theme: Annotated[str, Form()] = ""
) -> Response:
    """Keep language and theme in cookies, and go back."""
    response = RedirectResponse(safe_path(back), 303)
    chosen = named(language, CONSOLE)
    if chosen is not None:
        response.set_cookie(LANGUAGE_COOKIE, chosen.tag, max_age=YEAR_SECONDS, samesite="lax", httponly=True)
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=YEAR_SECONDS, samesite="lax", httponly=True)
    return response
