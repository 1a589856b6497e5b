"""The list of what people are to do, over a world in trouble; and the playbooks that it comes from."""

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import quote

import pytest
from tests.web.door import wait_until
from tests.web.righting import Shop, open_shop
from tests.web.site import Site

from amends.resolution.bookshelf import built_in_playbooks
from amends.store.tasks import MadeTask
from amends.web.console.words import naming

ROW = re.compile(r'<li class="row task.*?</li>', re.DOTALL)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("tasks")) as opened:
        yield opened


def settled(site: Site) -> list[MadeTask]:
    """The open tasks once every case has been taken through its playbook, as far as it goes by itself."""

    def all_seen() -> bool:
        with site.installation.store.reading() as work:
            # Letters wait for the buyers' day, and time stands still here.
            due, now = work.outbox.next_due(), site.installation.clock.now()
            return (due is None or due > now) and not work.news.first(1)

    wait_until(all_seen, seconds=60)
    with site.installation.store.reading() as work:
        return work.tasks.open(limit=1_000)


def rows(site: Site, path: str, language: str = "en") -> list[str]:
    text = site.by_role["lead"].get(path, headers={"accept-language": language}).text
    return [unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row))) for row in ROW.findall(text)]


def test_every_open_task_is_listed_the_most_urgent_first(site: Site) -> None:
    made = settled(site)
    assert len(made) > 20
    dues = [one.task.due_at for one in made]
    known = [due for due in dues if due is not None]
    assert known == sorted(known)
    assert dues[len(known) :] == [None] * (len(dues) - len(known)), "what is due at no time comes last"
    shown = rows(site, "/tasks")
    assert len(shown) == min(len(made), 60)
    assert naming().tasks[made[0].task.what]["en"] in shown[0]


def test_a_role_sees_its_own(site: Site) -> None:
    made = settled(site)
    for role in {str(one.task.details["role"]) for one in made}:
        mine = [one for one in made if one.task.details["role"] == role]
        shown = rows(site, f"/tasks?role={role}")
        assert len(shown) == len(mine)
        assert all(naming().roles[role]["en"] in row for row in shown)
    assert len(rows(site, "/tasks?role=nobody_at_all")) == len(rows(site, "/tasks")), "an unknown role is none"


def test_a_role_that_has_nothing_to_do_is_told_so(site: Site) -> None:
    made = settled(site)
    idle = next(role for role in naming().roles if role not in {one.task.details["role"] for one in made})
    answer = site.by_role["viewer"].get(f"/tasks?role={idle}")
    assert f"Nothing to do for {naming().roles[idle]['en']}" in answer.text


def test_tasks_are_in_the_visitors_language(site: Site) -> None:
    settled(site)
    assert any("仓库：" in row and "无法办到" in row for row in rows(site, "/tasks", "zh-CN"))


def test_an_answer_takes_a_task_off_the_list(site: Site) -> None:
    made = next(one for one in settled(site) if not one.task.details.get("options"))
    task = made.task
    address = f"/cases/{task.case}/steps/{quote(task.id, safe='')}"
    assert site.post("agent", address, {"said": "done"}).status_code == 303
    after = [(one.task.case, one.task.id) for one in settled(site)]
    assert (task.case, task.id) not in after


def test_a_viewer_may_look_and_has_no_buttons(site: Site) -> None:
    settled(site)
    text = site.by_role["viewer"].get("/tasks").text
    assert ROW.search(text)
    assert "/steps/" not in text


def test_what_waits_for_approval_stands_on_top_and_goes_when_it_is_given(shop: Shop) -> None:
    assert "Nobody has to do anything" in shop.by_role["lead"].get("/tasks").text
    case = shop.paid_twice("2001", 18_000)
    first = rows(shop, "/tasks")[0]
    assert "Refund · Stripe" in first
    assert "$180.00" in first
    assert "Alone, Amends grants $50.00 at most at a time." in first
    (entry,) = shop.acts(case, "refund")
    shop.post("lead", f"/cases/{case.id}/acts/{entry.intent.id}/approve")
    assert not any("Refund" in row for row in rows(shop, "/tasks"))


def test_an_open_list_is_told_when_there_is_something_else_to_do(shop: Shop) -> None:
    with shop.by_role["viewer"].stream("GET", "/live/tasks") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: hello"
        shop.paid_twice("3203", 18_000)
        wait_until(lambda: next(lines) == "event: changed")
        assert "#3203" in "".join(rows(shop, "/tasks"))


def test_a_case_that_is_done_leaves_no_task_behind(shop: Shop) -> None:
    case = shop.paid_twice("2002", 18_000)
    (entry,) = shop.acts(case, "refund")
    shop.post("lead", f"/cases/{case.id}/acts/{entry.intent.id}/refuse")
    assert any("Give the money back in another way" in row for row in rows(shop, "/tasks?role=finance"))
    shop.post("lead", f"/cases/{case.id}/resolve", {"outcome": "false_alarm"})
    assert not any("#2002" in row for row in rows(shop, "/tasks?role=finance"))


# ---------------------------------------------------------------- playbooks


def test_every_playbook_is_in_the_list_and_can_be_read(site: Site) -> None:
    listed = set(re.findall(r'href="/playbooks/(\w+)"', site.by_role["viewer"].get("/playbooks").text))
    assert listed == built_in_playbooks().keys()
    for exception, playbook in built_in_playbooks().items():
        text = site.by_role["viewer"].get(f"/playbooks/{exception}").text
        assert len(re.findall(r'<li id="step-', text)) == len(playbook.steps)
        led = {int(number) for number in re.findall(r'href="#step-(\d+)"', text)}
        assert led <= set(range(1, len(playbook.steps) + 1))


def test_a_playbook_says_which_way_an_outcome_leads(site: Site) -> None:
    text = site.by_role["viewer"].get("/playbooks/duplicate_payment").text
    words = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))
    steps = [step.name for step in built_in_playbooks()["duplicate_payment"].steps]
    by_hand = steps.index("refund_by_hand") + 1
    told = steps.index("refund_told") + 1
    assert (
        f"Refund How much: what was paid beyond what is due. For 2 days at most. Done → {told} Refused → {by_hand}"
        in words
    )


def test_there_is_no_such_playbook(site: Site) -> None:
    assert site.by_role["viewer"].get("/playbooks/none").status_code == 404
