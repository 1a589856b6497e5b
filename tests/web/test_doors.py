"""Who may do what: every route for every role, forms of other sites, passwords, headers."""

import re
from typing import Final, Literal

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route
from tests.web.site import Site
from tests.web.world import PASSWORD

from amends.model.instant import Instant
from amends.store.users import ROLES, Role
from amends.web.console.throttle import FAILURES_MAX, WINDOW, Throttle
from amends.web.headers import HEADERS
from amends.web.visit import Needs, safe_path

Least = Role | Literal["anybody"]

DEMANDS: Final[dict[tuple[str, str], Least]] = {
    ("GET", "/healthz"): "anybody",
    ("GET", "/readyz"): "anybody",
    ("POST", "/hooks/{vendor}/{account}"): "anybody",
    ("GET", "/o/{token}"): "anybody",
    ("GET", "/o/{token}/choice"): "anybody",
    ("POST", "/o/{token}/choice"): "anybody",
    ("GET", "/o/{token}/message"): "anybody",
    ("POST", "/o/{token}/message"): "anybody",
    ("GET", "/sign-in"): "anybody",
    ("POST", "/sign-in"): "anybody",
    ("POST", "/sign-out"): "anybody",
    ("POST", "/preferences"): "anybody",
    ("GET", "/"): "viewer",
    ("GET", "/rows"): "viewer",
    ("GET", "/live"): "viewer",
    ("GET", "/live/tasks"): "viewer",
    ("GET", "/live/{kind}/{subject:path}"): "viewer",
    ("GET", "/cases/{case_id}"): "viewer",
    ("GET", "/cases/{case_id}/{move}"): "agent",
    ("POST", "/cases/{case_id}/{move}"): "agent",
    ("GET", "/cases/{case_id}/steps/{step}"): "agent",
    ("POST", "/cases/{case_id}/steps/{step}"): "agent",
    ("GET", "/cases/{case_id}/acts/{act}/{verdict}"): "agent",
    ("POST", "/cases/{case_id}/acts/{act}/{verdict}"): "agent",
    ("GET", "/tasks"): "viewer",
    ("GET", "/playbooks"): "viewer",
    ("GET", "/playbooks/{exception}"): "viewer",
    ("GET", "/incidents"): "viewer",
    ("GET", "/incidents/{incident_id}"): "viewer",
    ("GET", "/incidents/{incident_id}/{move}"): "agent",
    ("POST", "/incidents/{incident_id}/{move}"): "agent",
    ("GET", "/orders"): "viewer",
    ("GET", "/orders/{order:path}"): "viewer",
    ("GET", "/deliveries"): "viewer",
    ("GET", "/deliveries/{position}"): "viewer",
    ("POST", "/deliveries/retry"): "lead",
    ("POST", "/deliveries/{position}/retry"): "lead",
    ("GET", "/rules"): "viewer",
    ("GET", "/rules/{rule_id}"): "viewer",
    ("GET", "/rules/{rule_id}/trial"): "viewer",
    ("GET", "/rules/making"): "viewer",
    ("GET", "/rules/{rule_id}/versions/{number}"): "viewer",
    ("GET", "/rules/{rule_id}/quiet"): "agent",
    ("POST", "/rules/{rule_id}/quiet"): "agent",
    ("POST", "/rules/{rule_id}/quiet/{number}/end"): "agent",
    ("GET", "/rules/{rule_id}/edit"): "lead",
    ("POST", "/rules/{rule_id}/edit"): "lead",
    ("POST", "/rules/{rule_id}/versions/{number}/restore"): "lead",
    ("POST", "/rules/{rule_id}/draft/promote"): "lead",
    ("POST", "/rules/{rule_id}/draft/discard"): "lead",
    ("GET", "/rules/{rule_id}/override"): "lead",
    ("POST", "/rules/{rule_id}/override"): "lead",
    ("POST", "/rules/{rule_id}/overrides/{number}/end"): "lead",
}
"""The least role of every route. A route that is not here fails the test below."""

CLOSED: Final = [(method, path, least) for (method, path), least in DEMANDS.items() if least != "anybody"]
ENDLESS: Final = {"/live", "/live/tasks", "/live/{kind}/{subject:path}"}


def routes(site: Site) -> dict[tuple[str, str], APIRoute]:
    return {
        (method, route.path): route
        for router in site.app.routes
        for route in getattr(getattr(router, "original_router", None), "routes", [router])
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def test_every_route_has_its_place_in_the_table(site: Site):
    assert set(routes(site)) == set(DEMANDS)
    others = {route.path: route for route in site.app.routes if isinstance(route, Route | Mount)}
    assert others.keys() == {"/static", "/openapi.json"}


def test_every_closed_route_asks_for_its_role_itself(site: Site):
    for (method, path), route in routes(site).items():
        asked = [part.call.role for part in route.dependant.dependencies if isinstance(part.call, Needs)]
        least = DEMANDS[method, path]
        assert asked == ([] if least == "anybody" else [least]), path


def address(site: Site, path: str) -> str:
    case = site.case()
    parts = {
        "{case_id}": case.id,
        "{incident_id}": "0" * 32,
        "{move}": "note",
        "{order:path}": str(case.order),
        "{position}": "1",
        "{rule_id}": "tracking_stalled",
        "{number}": "999",
        "{kind}": "case",
        "{subject:path}": case.id,
        "{step}": "choice%23999",
        "{act}": "0" * 32,
        "{verdict}": "approve",
        "{exception}": "delivery_late",
    }
    return re.sub(r"\{[^}]+\}", lambda found: parts[found[0]], path)


@pytest.mark.inv21
@pytest.mark.parametrize(("method", "path", "least"), CLOSED, ids=[f"{method} {path}" for method, path, _ in CLOSED])
def test_nobody_comes_in_without_signing_in(site: Site, method: str, path: str, least: Least):
    answer = site.guest.request(method, address(site, path))
    if path in ENDLESS:
        assert answer.status_code in (303, 401)
    elif method == "POST":
        assert answer.status_code == 303
    else:
        assert (answer.status_code, answer.headers["location"][:14]) == (303, "/sign-in?back=")
    partial = site.guest.request(method, address(site, path), headers={"hx-request": "true"})
    assert (partial.status_code, partial.headers["hx-redirect"]) == (401, "/sign-in")


@pytest.mark.inv21
@pytest.mark.parametrize(("method", "path", "least"), CLOSED, ids=[f"{method} {path}" for method, path, _ in CLOSED])
@pytest.mark.parametrize("role", ROLES)
def test_every_route_for_every_role(site: Site, role: Role, method: str, path: str, least: Least):
    assert least != "anybody"
    may = ROLES.index(role) >= ROLES.index(least)
    where = address(site, path)
    if path in ENDLESS and may:
        with site.by_role[role].stream("GET", where) as stream:
            assert (stream.status_code, stream.headers["content-type"].split(";")[0]) == (200, "text/event-stream")
            assert next(stream.iter_lines()) == "event: hello"
        return
    form = {"text": f"written by {role}"}
    answer = site.by_role[role].get(where) if method == "GET" else site.post(role, where, form)
    if not may:
        assert answer.status_code == 403
        assert "This is not for your role" in answer.text
    elif "{step}" in path:
        assert answer.status_code == 422, "the case is not at that step"
    elif "incident_id" in path or "{number}" in path or "/draft/" in path or "{act}" in path:
        assert answer.status_code == 404
    elif method == "POST" and path.startswith("/rules/"):
        assert answer.status_code == 422, "it is no rule, and says no why"
    else:
        assert answer.status_code == (200 if method == "GET" else 303)


def test_a_viewer_changes_nothing(site: Site):
    case = site.case(3)
    for move in ("assign", "note", "resolve", "snooze", "open", "close"):
        assert site.post("viewer", f"/cases/{case.id}/{move}", {"text": "x", "outcome": "put_right"}).status_code == 403
    assert site.again(case) == case


# ---------------------------------------------------------------- forms


@pytest.mark.parametrize("path", ["/cases/x/note", "/deliveries/retry", "/sign-out"])
def test_a_form_without_the_word_is_refused(site: Site, path: str):
    for word in ("", "0" * 64, "wörd"):
        assert site.by_role["admin"].post(path, data={"form_word": word}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://elsewhere.test"},
        {"origin": "http://127.0.0.1.elsewhere.test"},
    ],
)
def test_what_another_site_sends_is_refused(site: Site, headers: dict[str, str]):
    assert site.post("lead", "/deliveries/retry", headers=headers).status_code == 403
    sent = site.guest.post("/sign-in", data={"email": "lead@shop.example", "password": PASSWORD}, headers=headers)
    assert sent.status_code == 403


def test_the_word_of_one_session_is_no_good_in_another(site: Site):
    word = re.search(r'name="form_word" value="(\w+)"', site.signed_in("lead").get("/").text)
    assert word is not None
    assert site.by_role["lead"].post("/deliveries/retry", data={"form_word": word[1]}).status_code == 403


# ---------------------------------------------------------------- coming and going


def test_signing_in_and_out(site: Site):
    client = site.client()
    answer = client.post("/sign-in", data={"email": " LEAD@shop.example", "password": PASSWORD, "back": "/rules"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/rules")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=" in cookie
    assert client.get("/").status_code == 200
    token = client.cookies["amends_session"]
    word = re.search(r'name="form_word" value="(\w+)"', client.get("/").text)
    assert word is not None
    assert client.post("/sign-out", data={"form_word": word[1]}).headers["location"] == "/sign-in"
    client.cookies.set("amends_session", token)
    assert client.get("/").status_code == 303, "the session is over in the store, not only in the browser"


@pytest.mark.parametrize("email", ["lead@shop.example", "nobody@shop.example", ""])
def test_a_wrong_password_says_no_more_than_that(site: Site, email: str):
    answer = site.client().post("/sign-in", data={"email": email, "password": "wrong"})
    assert answer.status_code == 401
    assert "The e-mail address or the password is not right." in answer.text
    site.app.state.throttle.forgive("from 127.0.0.1")


def test_a_guesser_is_slowed_down(site: Site):
    client = site.client()
    guesses = [client.post("/sign-in", data={"email": "agent@shop.example", "password": str(n)}) for n in range(12)]
    assert [guess.status_code for guess in guesses[-3:]] == [429, 429, 429]
    right = client.post("/sign-in", data={"email": "agent@shop.example", "password": PASSWORD})
    assert right.status_code == 429, "also for the right password: the answer tells a guesser nothing"
    site.app.state.throttle.forgive("from 127.0.0.1")
    site.app.state.throttle.forgive("email agent@shop.example")


def test_the_throttle_forgets_in_time():
    throttle = Throttle()
    for second in range(FAILURES_MAX):
        assert not throttle.is_shut("x", Instant(second))
        throttle.fail("x", Instant(second))
    assert throttle.is_shut("x", Instant(WINDOW - 1))
    assert not throttle.is_shut("y", Instant(WINDOW - 1))
    assert not throttle.is_shut("x", Instant(WINDOW))


@pytest.mark.parametrize(
    "back",
    ["https://elsewhere.test", "//elsewhere.test", "/\\elsewhere.test", "\\\\x", "javascript:alert(1)", "", "/\n/x"],
)
def test_nobody_is_led_elsewhere(site: Site, back: str):
    assert safe_path(back) == "/"
    data = {"email": "lead@shop.example", "password": PASSWORD, "back": back}
    assert site.client().post("/sign-in", data=data).headers["location"] == "/"
    assert site.client().post("/preferences", data={"back": back}).headers["location"] == "/"


def test_language_and_theme_are_remembered(site: Site):
    client = site.client()
    answer = client.post("/preferences", data={"language": "zh-Hans", "theme": "dark", "back": "/sign-in"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    text = client.get("/sign-in").text
    assert '<html lang="zh-Hans" data-theme="dark">' in text
    assert "登录" in text
    client.post("/preferences", data={"language": "xx", "theme": "<script>"})
    assert '<html lang="zh-Hans" data-theme="dark">' in client.get("/sign-in").text


def test_the_browser_is_asked_for_its_language(site: Site):
    assert "登录" in site.client().get("/sign-in", headers={"accept-language": "zh-CN,zh;q=0.9"}).text


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "../../etc/passwd", "Nowhere/Here", "a" * 300, ""])
def test_any_zone_a_browser_names_is_borne(site: Site, zone: str):
    client = site.signed_in("viewer")
    client.cookies.set("amends_zone", zone)
    assert client.get("/").status_code == 200


# ---------------------------------------------------------------- headers


@pytest.mark.inv24
@pytest.mark.parametrize(
    "path",
    ["/", "/sign-in", "/rules", "/orders", "/deliveries", "/incidents", "/nothing/here", "/o/x", "/healthz",
     "/static/console.css", "/static/none.css"],
)  # fmt: skip
def test_headers_stand_on_every_answer(site: Site, path: str):
    for client in (site.guest, site.by_role["admin"]):
        answer = client.get(path)
        for name in HEADERS:
            assert name in answer.headers, name
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


def test_the_buyers_page_runs_no_script(site: Site):
    answer = site.guest.get("/o/x")
    assert "script-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in answer.text


def test_files_are_kept_by_browsers_as_long_as_they_are_the_same(site: Site):
    page = site.guest.get("/sign-in").text
    stylesheet = re.search(r'href="(/static/console\.css\?v=\w+)"', page)
    assert stylesheet is not None
    assert "immutable" in site.guest.get(stylesheet[1]).headers["cache-control"]
