"""What people do with a case, through the pages: done once, recorded with who and why, told at once."""

import json
import re

import pytest
from tests.web.site import Site
from tests.web.world import PASSWORD

from amends.cases.case import Case
from amends.model.instant import DAY, HOUR


@pytest.fixture
def case(site: Site) -> Case:
    """A case that no test has touched yet."""
    return next(case for case in reversed(site.cases()) if case.order is not None and case.state == "new")


def person(site: Site, role: str) -> str:
    with site.installation.store.reading() as work:
        user = work.users.authenticate(f"{role}@shop.example", PASSWORD)
    assert user is not None
    return user.id


def test_assigning(site: Site, case: Case):
    agent = person(site, "agent")
    answer = site.post("lead", f"/cases/{case.id}/assign", {"to": agent, "text": "knows this carrier"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{case.id}")
    after = site.again(case)
    assert (after.owner, after.state) == (agent, "open")
    text = site.by_role["viewer"].get(f"/cases/{case.id}").text
    assert "to 王芳" in text
    assert "knows this carrier" in text
    assert "Lin Wei" in text
    assert after.id in site.by_role["agent"].get("/?list=mine").text


def test_a_note_is_read_by_others(site: Site, case: Case):
    site.post("agent", f"/cases/{case.id}/note", {"text": "买家说<b>周五</b>前必须到"})
    text = site.by_role["viewer"].get(f"/cases/{case.id}").text
    assert "买家说&lt;b&gt;周五&lt;/b&gt;前必须到" in text


def test_a_note_needs_words(site: Site, case: Case):
    answer = site.post("agent", f"/cases/{case.id}/note", {"text": "  "})
    assert answer.status_code == 422
    assert "A note needs some words." in answer.text
    assert site.again(case).state == "new"


@pytest.mark.parametrize(("key", "length"), [("1h", HOUR), ("1d", DAY)])
def test_putting_aside(site: Site, case: Case, key: str, length: int):
    site.post("agent", f"/cases/{case.id}/snooze", {"until": key})
    assert site.again(case).snoozed_until == site.installation.clock.now() + length
    assert case.id not in site.by_role["agent"].get("/").text
    assert case.id in site.by_role["agent"].get("/?list=snoozed").text


@pytest.mark.parametrize("outcome", ["put_right", "false_alarm", "healed", "written_off"])
def test_resolving_with_an_outcome(site: Site, case: Case, outcome: str):
    site.post("agent", f"/cases/{case.id}/resolve", {"outcome": outcome, "text": "done"})
    after = site.again(case)
    assert (after.state, after.outcome) == ("resolved", outcome)
    assert case.id in site.by_role["viewer"].get("/?list=resolved").text


def test_a_resolved_case_can_be_reopened_and_a_closed_one_cannot(site: Site, case: Case):
    site.post("agent", f"/cases/{case.id}/resolve", {"outcome": "put_right"})
    site.post("agent", f"/cases/{case.id}/reopen", {"text": "she wrote again"})
    assert site.again(case).state == "open"
    site.post("agent", f"/cases/{case.id}/resolve", {"outcome": "written_off"})
    site.post("agent", f"/cases/{case.id}/close")
    assert site.again(case).state == "closed"
    answer = site.post("agent", f"/cases/{case.id}/reopen")
    assert answer.status_code == 422
    assert "This case is closed" in answer.text


def test_waiting_and_telling_the_buyer(site: Site, case: Case):
    site.post("agent", f"/cases/{case.id}/contact", {"by": "email", "text": "told her the new date"})
    assert site.again(case).contacts == 1
    site.post("agent", f"/cases/{case.id}/wait", {"on": "third_party"})
    assert site.again(case).state == "waiting_third_party"
    assert case.id in site.by_role["agent"].get("/?list=waiting").text


@pytest.mark.parametrize(
    ("move", "form"),
    [("resolve", {"outcome": "magic"}), ("resolve", {}), ("snooze", {"until": "forever"}), ("wait", {"on": "x"}),
     ("contact", {"by": "pigeon"})],
)  # fmt: skip
def test_a_choice_that_is_none_is_refused(site: Site, case: Case, move: str, form: dict[str, str]):
    answer = site.post("agent", f"/cases/{case.id}/{move}", form)
    assert answer.status_code == 422
    assert "Choose one of these." in answer.text
    assert site.again(case) == case


def test_there_is_no_such_move(site: Site, case: Case):
    assert site.by_role["agent"].get(f"/cases/{case.id}/explode").status_code == 404
    assert site.post("agent", f"/cases/{case.id}/explode").status_code == 404


def test_htmx_is_told_that_it_was_done_in_any_language(site: Site, case: Case):
    client = site.signed_in("agent")
    client.cookies.set("amends_language", "zh-Hans")
    word = re.search(r'name="form_word" value="(\w+)"', client.get("/rules").text)
    assert word is not None
    headers = {"hx-request": "true"}
    dialog = client.get(f"/cases/{case.id}/note", headers=headers).text
    assert "<html" not in dialog
    assert "写备注" in dialog
    answer = client.post(f"/cases/{case.id}/note", data={"form_word": word[1], "text": "x"}, headers=headers)
    assert answer.status_code == 204
    assert json.loads(answer.headers["hx-trigger"]) == {"done": {"words": "备注已写入。"}}


def test_a_refusal_is_in_the_visitors_language(site: Site, case: Case):
    site.post("agent", f"/cases/{case.id}/resolve", {"outcome": "put_right"})
    site.post("agent", f"/cases/{case.id}/close")
    client = site.signed_in("agent")
    client.cookies.set("amends_language", "zh-Hans")
    word = re.search(r'name="form_word" value="(\w+)"', client.get("/rules").text)
    assert word is not None
    answer = client.post(f"/cases/{case.id}/note", data={"form_word": word[1], "text": "x"})
    assert answer.status_code == 422
    assert "此异常单已关闭" in answer.text


def test_a_move_is_told_to_the_rest_of_the_house(site: Site, case: Case):
    site.post("agent", f"/cases/{case.id}/resolve", {"outcome": "put_right"})
    with site.installation.store.reading() as work:
        events = [entry.event for entry in work.journal.read_subject("case", case.id)]
    assert [event.type for event in events][-1] == "case.resolved"
    assert events[-1].data["outcome"] == "put_right"
