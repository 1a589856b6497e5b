"""Who is at the door: the person signed in, and how she wants to be spoken to. Every page of the console asks here.

A session is a random token in a cookie that scripts cannot read; the store keeps only its digest. Whatever changes
something is a POST that repeats a word made from the token and the house's secret, which no other site can know.
"""

import hmac
import re
from hashlib import sha256
from typing import Annotated, Final, Literal
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from fastapi import Depends, Request

from amends.model.errors import AmendsError
from amends.store.users import Role, User
from amends.web.house import house_of
from amends.web.languages import CONSOLE, ENGLISH, accepted, best, named
from amends.web.wording import Wording

SESSION_COOKIE: Final = "amends_session"
LANGUAGE_COOKIE: Final = "amends_language"
THEME_COOKIE: Final = "amends_theme"
ZONE_COOKIE: Final = "amends_zone"

Theme = Literal["auto", "light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("auto", "light", "dark")

_SAFE_METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS"))
_ZONE: Final = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")


class SignInNeededError(AmendsError):
    """Nobody is signed in; `back` is the address that was asked for."""

    def __init__(self, back: str) -> None:
        super().__init__(back)
        self.back = back


class ForbiddenError(AmendsError):
    """The person signed in has not the role that this needs."""

    def __init__(self, visitor: "Visitor", role: Role) -> None:
        super().__init__(role)
        self.visitor = visitor
        self.role = role


class ForeignFormError(AmendsError):
    """A form that this console did not hand out, or one from before the person signed in anew."""


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """Anybody, and how to speak to her."""

    say: Wording
    theme: Theme


class Visitor(Guest, frozen=True, kw_only=True):
    """Somebody signed in. `form_word` goes into every form and comes back with it."""

    user: User
    form_word: str


def guest_of(request: Request) -> Guest:
    """Language, zone and theme: from cookies, else from what the browser asks for, else from the settings."""
    house = house_of(request)
    language = (
        named(request.cookies.get(LANGUAGE_COOKIE), CONSOLE)
        or best(accepted(request.headers.get("accept-language", "")), CONSOLE)
        or named(house.config.locale, CONSOLE)
        or ENGLISH
    )
    theme = request.cookies.get(THEME_COOKIE)
    return Guest(
        say=Wording(language=language, zone=_zone(request.cookies.get(ZONE_COOKIE)), now=house.clock.now()),
        theme=next((known for known in THEMES if known == theme), "auto"),
    )


def _zone(name: str | None) -> ZoneInfo:
    if name and _ZONE.fullmatch(name):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    return ZoneInfo("UTC")


class Needs:
    """A route's demand: somebody signed in, with at least this role. Gives the Visitor."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def __call__(self, request: Request) -> Visitor:
        """Raises SignInNeededError, ForbiddenError."""
        house = house_of(request)
        token = request.cookies.get(SESSION_COOKIE, "")
        user = None
        if token:
            with house.store.reading() as work:
                user = work.users.of_session(token, house.wall.now())
        if user is None:
            raise SignInNeededError(_back(request))
        guest = guest_of(request)
        visitor = Visitor(say=guest.say, theme=guest.theme, user=user, form_word=form_word(house.secret, token))
        if not user.may(self.role):
            raise ForbiddenError(visitor, self.role)
        return visitor


Viewer = Annotated[Visitor, Depends(Needs("viewer"))]
Agent = Annotated[Visitor, Depends(Needs("agent"))]
Lead = Annotated[Visitor, Depends(Needs("lead"))]
Anybody = Annotated[Guest, Depends(guest_of)]


def form_word(secret: bytes, token: str) -> str:
    """What a form of this session carries."""
    return hmac.new(secret, b"form\0" + token.encode(), sha256).hexdigest()


def own_site(request: Request) -> None:
    """Refuse what another site sends in a visitor's name. A dependency of every router with forms.

    Raises ForeignFormError.
    """
    if request.method in _SAFE_METHODS:
        return
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForeignFormError
    origin = request.headers.get("origin")
    # Behind a proxy the host may be another than the one in people's browsers, which the settings name.
    own = (request.headers.get("host"), urlsplit(house_of(request).config.base_url).netloc)
    if origin not in (None, "null") and urlsplit(origin).netloc not in own:
        raise ForeignFormError


async def own_form(request: Request) -> None:
    """The same, and refuse forms that were not made for this session. Raises ForeignFormError."""
    own_site(request)
    if request.method in _SAFE_METHODS:
        return
    token = request.cookies.get(SESSION_COOKIE, "")
    given = request.headers.get("x-form-word") or str((await request.form()).get("form_word") or "")
    if token and not hmac.compare_digest(given.encode(), form_word(house_of(request).secret, token).encode()):
        raise ForeignFormError


def safe_path(path: str | None, otherwise: str = "/") -> str:
    """`path` if it leads to a page of ours, else `otherwise`: an address given from outside is never followed."""
    if path and re.fullmatch(r"/(?![/\\])[^\\\x00-\x1f]*", path):
        return path
    return otherwise


def _back(request: Request) -> str:
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return quote(path, safe="/?=&") if request.method == "GET" else "/"


def is_partial(request: Request) -> bool:
    """Whether htmx asks for a part of a page."""
    return request.headers.get("hx-request") == "true"
