"""The form of a move as an answer, and what is answered when the move was made."""

import json

from fastapi import Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from amends.web.console.moves import MoveForm
from amends.web.console.render import render, translated
from amends.web.visit import Visitor, is_partial


def move_page(
    request: Request,
    visitor: Visitor,
    form: MoveForm,
    subject: Markup,
    *,
    action: str,
    back: str = "",
    problem: str = "",
) -> Response:
    """The form; 422 with the reason where it could not be done."""
    return render(
        request,
        visitor,
        "move.html",
        status=422 if problem else 200,
        place="today",
        move=form,
        subject=subject,
        action=action,
        back=back or action.rpartition("/")[0],
        problem=problem,
        partial=is_partial(request),
    )


def answer_done(request: Request, visitor: Visitor, done: str, address: str) -> Response:
    """Back to the page; for htmx the word that it was `done` (a marked text), and the page refreshes itself."""
    if not is_partial(request):
        return RedirectResponse(address, 303)
    # Headers hold no Chinese; JSON's escapes do.
    told = json.dumps({"done": {"words": translated(visitor, done)}})
    return Response(status_code=204, headers={"hx-trigger": told})
