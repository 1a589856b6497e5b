"""What may be done with a rule: edit it, try a draft in the shadow, override it for some, keep it quiet of one."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from amends.detection.pack import PackError
from amends.detection.rule import Rule
from amends.model.errors import UnusableInputError
from amends.model.instant import Instant
from amends.runtime.rule_changes import (
    add_override,
    change_rule,
    check_rule,
    discard_draft,
    draft_rule,
    promote_draft,
    restore_version,
)
from amends.store.rules import RuleVersion, UnknownVersionError
from amends.store.snoozes import UnusableSnoozeError
from amends.store.work import Work
from amends.web.console.render import go, render, translated
from amends.web.console.rows import people_of
from amends.web.console.rule_life import LENGTHS, ORIGINS, QUIET_LENGTHS, difference, making_of, named
from amends.web.console.sentences import in_language
from amends.web.house import House, house_of
from amends.web.languages import mark
from amends.web.visit import Agent, Lead, Viewer, Visitor, own_form, safe_path

router = APIRouter(include_in_schema=False, dependencies=[Depends(own_form)])

_TEXT_MAX: Final = 20_000
_WHY_MAX: Final = 500
Form = Mapping[str, str]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a text, and on which line."""

    line: str
    sentence: str


async def _form(request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in (await request.form()).items()}


@router.get("/rules/making")
def show_making(request: Request, visitor: Viewer) -> Response:
    """How far a change is on its way."""
    return render(request, visitor, "making.html", making=making_of(house_of(request), visitor), was_making=True)


# ---------------------------------------------------------------- editing


@router.get("/rules/{rule_id}/edit")
def show_edit(request: Request, visitor: Lead, rule_id: str) -> Response:
    """The text of a rule, to be changed."""
    house = house_of(request)
    text = _draft_text(house, rule_id) or house.rulebook.text_of(rule_id)
    if text is None:
        raise HTTPException(404)
    return _edit_page(request, visitor, rule_id, {"text": text})


@router.post("/rules/{rule_id}/edit")
async def make_edit(request: Request, visitor: Lead, rule_id: str) -> Response:
    """Check it, let it run in the shadow, or make it live."""
    return await run_in_threadpool(_make_edit, request, visitor, rule_id, await _form(request))


def _make_edit(request: Request, visitor: Visitor, rule_id: str, form: Form) -> Response:
    house = house_of(request)
    if house.rulebook.text_of(rule_id) is None:
        raise HTTPException(404)
    text = form.get("text", "").replace("\r\n", "\n")[:_TEXT_MAX]
    why, now, who = form.get("why", "").strip()[:_WHY_MAX], house.clock.now(), visitor.user.id
    act = form.get("act", "check")
    try:
        check_rule(house.rulebook, rule_id, text, now)
        if act == "check":
            return _edit_page(request, visitor, rule_id, form, is_fine=True)
        if not why:
            raise UnusableInputError(translated(visitor, mark("Say why, so that others understand it in a year.")))
        with house.store.writing() as work:
            if act == "draft":
                draft_rule(work, house.rulebook, rule_id, text, now=now, who=who, why=why)
            else:
                expires_at = _end_of(form, now)
                change_rule(work, house.rulebook, rule_id, text, now=now, who=who, why=why, expires_at=expires_at)
    except PackError as error:
        return _edit_page(request, visitor, rule_id, form, problems=_problems(error))
    except UnusableInputError as error:
        return _edit_page(request, visitor, rule_id, form, problems=[Problem(line="", sentence=str(error))])
    house.rulebook.look(live=act != "draft")
    return go(request, f"/rules/{rule_id}")


def _edit_page(
    request: Request,
    visitor: Visitor,
    rule_id: str,
    form: Form,
    *,
    problems: list[Problem] | None = None,
    is_fine: bool = False,
) -> Response:
    house = house_of(request)
    text = form.get("text", "").replace("\r\n", "\n")
    live = house.rulebook.text_of(rule_id) or ""
    return render(
        request,
        visitor,
        "rule_edit.html",
        status=422 if problems else 200,
        place="rules",
        rule_id=rule_id,
        title=_title(house, rule_id, visitor),
        text=text,
        rows=max(12, text.count("\n") + 3),
        why=form.get("why", ""),
        chosen=form.get("ends", ""),
        lengths=_worded(LENGTHS, visitor),
        problems=problems or [],
        is_fine=is_fine,
        lines=difference(live, text) if is_fine else [],
        has_draft=_draft_text(house, rule_id) is not None,
    )


def _draft_text(house: House, rule_id: str) -> str | None:
    return next((draft.text for draft in house.rulebook.standing.drafts if draft.rule == rule_id), None)


# ---------------------------------------------------------------- versions


@router.get("/rules/{rule_id}/versions/{number}")
def show_version(request: Request, visitor: Viewer, rule_id: str, number: int, beside: int | None = None) -> Response:
    """A version: what it changed of the one before it, or of another, and all of it."""
    house = house_of(request)
    with house.store.reading() as work:
        versions = {version.number: version for version in work.rules.versions(rule_id)}
        people = people_of(work)
    version = versions.get(number)
    if version is None:
        raise HTTPException(404)
    if beside is None:
        beside = max((each for each in versions if each < number), default=0)
    other = versions.get(beside)
    return render(
        request,
        visitor,
        "rule_version.html",
        place="rules",
        rule_id=rule_id,
        title=_title(house, rule_id, visitor),
        version=version,
        who=named(people, version.made_by, visitor),
        origin=translated(visitor, ORIGINS[version.origin]),
        other=other,
        numbers=[n for n in versions if n != number],
        lines=difference(other.text, version.text) if other is not None else [],
        is_newest=number == max(versions),
        may_manage=visitor.user.may("lead"),
    )


@router.post("/rules/{rule_id}/versions/{number}/restore")
async def make_restored(request: Request, visitor: Lead, rule_id: str, number: int) -> Response:
    """Bring a version back, as a new one."""
    form = await _form(request)

    def restore(work: Work, house: House) -> RuleVersion:
        why = form.get("why", "").strip()[:_WHY_MAX]
        return restore_version(
            work, house.rulebook, rule_id, number, now=house.clock.now(), who=visitor.user.id, why=why
        )

    return await run_in_threadpool(_do, request, visitor, rule_id, restore)


@router.post("/rules/{rule_id}/draft/promote")
def make_promoted(request: Request, visitor: Lead, rule_id: str) -> Response:
    """Make the draft live."""
    return _do(
        request,
        visitor,
        rule_id,
        lambda work, house: promote_draft(work, house.rulebook, rule_id, now=house.clock.now(), who=visitor.user.id),
    )


@router.post("/rules/{rule_id}/draft/discard")
def make_discarded(request: Request, visitor: Lead, rule_id: str) -> Response:
    """Let the draft run no more."""
    return _do(
        request,
        visitor,
        rule_id,
        lambda work, house: discard_draft(work, rule_id, now=house.clock.now(), who=visitor.user.id),
        live=False,
    )


# ---------------------------------------------------------------- overrides


@router.get("/rules/{rule_id}/override")
def show_override(request: Request, visitor: Lead, rule_id: str) -> Response:
    """The form of an override."""
    return _override_page(request, visitor, rule_id, {})


@router.post("/rules/{rule_id}/override")
async def make_override(request: Request, visitor: Lead, rule_id: str) -> Response:
    """Put one in force."""
    return await run_in_threadpool(_make_override, request, visitor, rule_id, await _form(request))


def _make_override(request: Request, visitor: Visitor, rule_id: str, form: Form) -> Response:
    house = house_of(request)
    text = form.get("text", "").replace("\r\n", "\n")[:_TEXT_MAX]
    why, now = form.get("why", "").strip()[:_WHY_MAX], house.clock.now()
    try:
        if not why:
            raise UnusableInputError(translated(visitor, mark("Say why, so that others understand it in a year.")))
        with house.store.writing() as work:
            expires_at = _end_of(form, now)
            add_override(
                work, house.rulebook, rule_id, text, now=now, who=visitor.user.id, why=why, expires_at=expires_at
            )
    except PackError as error:
        return _override_page(request, visitor, rule_id, form, problems=_problems(error))
    except UnusableInputError as error:
        return _override_page(request, visitor, rule_id, form, problems=[Problem(line="", sentence=str(error))])
    house.rulebook.look()
    return go(request, f"/rules/{rule_id}")


def _override_page(
    request: Request, visitor: Visitor, rule_id: str, form: Form, *, problems: list[Problem] | None = None
) -> Response:
    house = house_of(request)
    rule = house.pack.rules.get(rule_id)
    if rule is None:
        raise HTTPException(404)
    columns = list(house.pack.tables[rule.table].columns)
    return render(
        request,
        visitor,
        "rule_override.html",
        status=422 if problems else 200,
        place="rules",
        rule=rule,
        title=_title(house, rule_id, visitor),
        text=form.get("text", ""),
        why=form.get("why", ""),
        chosen=form.get("ends", ""),
        lengths=_worded(LENGTHS, visitor),
        columns=columns,
        example=_example(rule, columns),
        problems=problems or [],
    )


def _example(rule: Rule, columns: list[str]) -> str:
    where = next((name for name in ("destination", "country") if name in columns), None)
    condition = f"{columns[0]} = '...'" if where is None else f"{where} = 'BR'"
    change = f"within: {rule.within}" if rule.kind == "silence" else "off: true"
    return f"for: {condition}\n{change}"


@router.post("/rules/{rule_id}/overrides/{number}/end")
def make_override_end(request: Request, visitor: Lead, rule_id: str, number: int) -> Response:
    """Put one out of force."""
    return _do(
        request,
        visitor,
        rule_id,
        lambda work, house: work.rules.end_override(rule_id, number, now=house.clock.now(), who=visitor.user.id),
    )


# ---------------------------------------------------------------- keeping quiet


@router.get("/rules/{rule_id}/quiet")
def show_quiet(
    request: Request, visitor: Agent, rule_id: str, kind: str = "order", subject: str = "", back: str = ""
) -> Response:
    """The form by which a rule is kept quiet of one subject."""
    return _quiet_page(request, visitor, rule_id, {"kind": kind, "subject": subject, "back": back})


@router.post("/rules/{rule_id}/quiet")
async def make_quiet(request: Request, visitor: Agent, rule_id: str) -> Response:
    """Keep it quiet."""
    return await run_in_threadpool(_make_quiet, request, visitor, rule_id, await _form(request))


def _make_quiet(request: Request, visitor: Visitor, rule_id: str, form: Form) -> Response:
    house = house_of(request)
    kind, subject, why = form.get("kind", ""), form.get("subject", "").strip(), form.get("why", "").strip()[:_WHY_MAX]
    length = QUIET_LENGTHS.get(form.get("ends", ""))
    if not subject or not why or length is None:
        problem = translated(visitor, mark("Say of what, for how long, and why."))
        return _quiet_page(request, visitor, rule_id, form, problem=problem)
    now = house.clock.now()
    with house.store.writing() as work:
        until = Instant(now + length[0])
        work.snoozes.add(rule_id, kind, subject, until=until, now=now, who=visitor.user.id, why=why)
    house.wake()
    return go(request, safe_path(form.get("back"), f"/rules/{rule_id}"))


def _quiet_page(request: Request, visitor: Visitor, rule_id: str, form: Form, *, problem: str = "") -> Response:
    house = house_of(request)
    rule = house.pack.rules.get(rule_id)
    if rule is None:
        raise HTTPException(404)
    kinds = ["group"] if rule.surge is not None and not rule.surge.on else [rule.table]
    return render(
        request,
        visitor,
        "rule_quiet.html",
        status=422 if problem else 200,
        place="rules",
        rule=rule,
        title=_title(house, rule_id, visitor),
        kind=form.get("kind") if form.get("subject") else kinds[0],
        subject=form.get("subject", ""),
        why=form.get("why", ""),
        back=safe_path(form.get("back"), f"/rules/{rule_id}"),
        chosen=form.get("ends") or "1d",
        lengths=_worded(QUIET_LENGTHS, visitor),
        problem=problem,
    )


@router.post("/rules/{rule_id}/quiet/{number}/end")
def make_loud(request: Request, visitor: Agent, rule_id: str, number: int) -> Response:
    """Let the rule speak again before its time."""
    done = _do(
        request,
        visitor,
        rule_id,
        lambda work, house: work.snoozes.end_early(number, now=house.clock.now(), who=visitor.user.id),
        live=False,
    )
    house_of(request).wake()
    return done


# ---------------------------------------------------------------- shared


def _do(
    request: Request, visitor: Visitor, rule_id: str, act: Callable[[Work, House], Any], *, live: bool = True
) -> Response:
    """Do it in a transaction, and lead back to the rule; where it cannot be done, say why there."""
    house = house_of(request)
    try:
        with house.store.writing() as work:
            act(work, house)
    except (UnknownVersionError, UnusableSnoozeError) as error:
        raise HTTPException(404) from error
    except UnusableInputError as error:
        return render(
            request,
            visitor,
            "problem.html",
            status=422,
            icon_name="alert-circle",
            title=translated(visitor, mark("This does not fit any more")),
            text=str(error),
            place="rules",
        )
    house.rulebook.look(live=live)
    return go(request, f"/rules/{rule_id}")


def _end_of(form: Form, now: Instant) -> Instant | None:
    length = LENGTHS.get(form.get("ends", ""), (None, ""))[0]
    return None if length is None else Instant(now + length)


def _problems(error: PackError) -> list[Problem]:
    return [_problem(sentence) for sentence in error.problems]


def _problem(sentence: str) -> Problem:
    place, _, rest = sentence.partition(": ")
    _, _, line = place.rpartition(":")
    return Problem(line=line if line.isdigit() else "", sentence=rest or sentence)


def _title(house: House, rule_id: str, visitor: Visitor) -> str:
    rule = house.pack.rules.get(rule_id)
    return rule_id if rule is None else in_language(rule.title, visitor.say)


def _worded(lengths: Mapping[str, tuple[Any, str]], visitor: Visitor) -> list[tuple[str, str]]:
    return [(key, translated(visitor, words)) for key, (_, words) in lengths.items()]
