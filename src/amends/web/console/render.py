"""Pages of the console as answers."""

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from starlette.responses import RedirectResponse, Response

from amends.web.console import labels
from amends.web.languages import CONSOLE, catalogue
from amends.web.pages import page
from amends.web.visit import Guest, Visitor, is_partial


def render(
    request: Request,
    guest: Guest,
    template: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """A template of the console; `place` in `values` names the place that is marked in the navigation."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    text = page(
        "console",
        template,
        guest.say,
        theme=guest.theme,
        languages=CONSOLE,
        labels=labels,
        visitor=guest if isinstance(guest, Visitor) else None,
        **{"here": here if request.method == "GET" else "/", "place": "", **values},
    )
    return HTMLResponse(text, status, headers={"vary": "cookie, accept-language, hx-request", **(headers or {})})


def go(request: Request, address: str) -> Response:
    """Lead the browser to another page; for htmx, the whole page."""
    if is_partial(request):
        return Response(status_code=204, headers={"hx-redirect": address})
    return RedirectResponse(address, 303)


def translated(guest: Guest, text: str) -> str:
    """A marked text in the visitor's language."""
    return catalogue("console", guest.say.language).gettext(text)
