"""The life of a rule in the console: edited, drafted, overridden, kept quiet, and each with who and why."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from tests.web.site import Site, open_site

from amends.store.users import Role

RULE = "destination_dark"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own: what is changed here is changed for all."""
    with open_site(tmp_path_factory.mktemp("rules"), orders=60, days=20) as opened:
        yield opened


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def page(shop: Site, path: str = f"/rules/{RULE}", *, role: Role = "lead", language: str = "en") -> str:
    answer = shop.by_role[role].get(path, headers={"accept-language": language})
    assert answer.status_code == 200, answer.text
    return words(answer.text)


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it did not come to be in time"
        time.sleep(0.05)


def text_of(shop: Site) -> str:
    return shop.installation.rulebook.text_of(RULE) or ""


def edit(shop: Site, text: str, act: str, why: str = "", **form: str) -> str:
    answer = shop.post("lead", f"/rules/{RULE}/edit", {"text": text, "act": act, "why": why, **form})
    assert answer.status_code in (200, 303, 422)
    return words(answer.text) if answer.status_code != 303 else ""


def test_a_mistake_is_told_with_its_line_and_changes_nothing(shop: Site) -> None:
    told = edit(shop, text_of(shop).replace("within: 6 days", "within: 6"), "live", "x")
    assert "Line 7 : rule `destination_dark`: `within: 6` has no unit; write 6 minutes, 6 hours or 6 days" in told
    assert "override" not in told
    told = edit(shop, text_of(shop).replace("6 days", "5 days"), "live")
    assert "Say why, so that others understand it in a year." in told
    assert "within: 5 days" in told, "what was written is not lost"
    assert "It was never changed here" in page(shop)


def test_a_check_shows_what_would_be_different(shop: Site) -> None:
    told = edit(shop, text_of(shop).replace("6 days", "5 days"), "check")
    assert "It can be used. Beside what is live:" in told
    assert "− within: 6 days" in told
    assert "+ within: 5 days" in told
    assert "says the same as what is live" in edit(shop, text_of(shop), "check")


def test_a_draft_is_shown_beside_what_is_live_and_discarded(shop: Site) -> None:
    assert edit(shop, text_of(shop).replace("6 days", "2 days"), "draft", "Would two days do?") == ""
    assert "A draft in the shadow Would two days do?" in page(shop)
    until(lambda: shop.installation.rulebook.shadows_ready)
    found = re.search(r"(\d+) both find (\d+) only the draft (\d+) only what is live (\d+) earlier", page(shop))
    assert found is not None
    both, only_draft, only_live, earlier = map(int, found.groups())
    assert both == earlier > 0
    assert only_draft > 0
    assert only_live == 0
    assert "Make it live" not in page(shop, role="viewer")
    assert shop.post("lead", f"/rules/{RULE}/draft/discard").status_code == 303
    shown = page(shop)
    assert "A draft in the shadow" not in shown
    assert re.search(r"Lin Wei, [^:]+: was discarded", shown)


def test_an_edit_and_an_override_go_live_with_who_and_why_and_are_taken_back(shop: Site) -> None:
    pack = shop.installation.pack
    path = f"/rules/{RULE}/override"
    bad = shop.post("lead", path, {"text": "for: destinaton = 'BR'\nwithin: 12 days", "why": "x"})
    assert bad.status_code == 422
    assert "Line 1 : override of `destination_dark`, for: there is no `destinaton` here" in words(bad.text)
    good = {"text": "for: destination = 'BR'\nwithin: 12 days", "why": "Customs", "ends": "30d"}
    assert shop.post("lead", path, good).status_code == 303
    edit(shop, text_of(shop).replace("6 days", "5 days"), "live", "Too <late> for Brazil")
    assert "being made ready" in page(shop)
    until(lambda: "A change is being made ready" in page(shop, "/rules", role="viewer"))
    until(lambda: shop.installation.pack is not pack and shop.installation.rulebook.making is None)
    shown = page(shop)
    assert "Version 2 , edited live Too &lt;late&gt; for Brazil" in shown
    assert "Lin Wei" in shown
    assert "Version 1 , as the rule files have it" in shown
    assert "for: destination = &#39;BR&#39; within: 12 days Customs" in shown
    assert "THEN INTERVAL &#39;12 days&#39; ELSE INTERVAL &#39;5 days&#39; END" in shown
    assert re.search("Exported, nothing from the destination edited otherwise for some", page(shop, "/rules"))
    version = page(shop, f"/rules/{RULE}/versions/2", role="viewer")
    assert "Beside version 1" in version
    assert "− within: 6 days + within: 5 days" in re.sub(r" +", " ", version)

    assert shop.post("lead", f"/rules/{RULE}/versions/1/restore", {"why": "Too many"}).status_code == 303
    (override,) = shop.installation.rulebook.standing.overrides
    assert shop.post("lead", f"/rules/{RULE}/overrides/{override.id}/end").status_code == 303
    shown = page(shop)
    assert "Version 3 , as the rule files have it (1) being made ready Too many" in shown
    assert "It is the same for every shop, channel, lane and buyer." in shown
    assert "版本 3 , 与规则文件一致" in page(shop, language="zh-CN")


def test_a_rule_is_kept_quiet_of_one_subject_from_its_case(shop: Site) -> None:
    case = shop.case()
    finding = case.findings[0].finding
    form = page(shop, f"/cases/{case.id}", role="agent")
    assert "Keep quiet" in form
    assert "Keep quiet" not in page(shop, f"/cases/{case.id}", role="viewer")
    path = f"/rules/{finding.rule}/quiet"
    about = {"kind": finding.kind, "subject": finding.subject, "back": f"/cases/{case.id}"}
    assert shop.post("agent", path, {**about, "ends": "3d"}).status_code == 422
    done = shop.post("agent", path, {**about, "ends": "3d", "why": "Buyer away"})
    assert (done.status_code, done.headers["location"]) == (303, f"/cases/{case.id}")
    assert re.search(r"kept quiet until .{3,20} Buyer away 王芳", page(shop, f"/cases/{case.id}"))
    shown = page(shop, f"/rules/{finding.rule}")
    assert "Buyer away 王芳" in shown
    with shop.installation.store.reading() as work:
        (snooze,) = work.snoozes.of_rule(finding.rule, 9)
    assert shop.post("agent", f"/rules/{finding.rule}/quiet/{snooze.id}/end").status_code == 303
    assert "Buyer away" not in page(shop, f"/rules/{finding.rule}")


def test_what_is_not_there_is_not_found(shop: Site) -> None:
    for path in ("/rules/no_such_rule/edit", "/rules/no_such_rule/override", f"/rules/{RULE}/versions/77"):
        assert shop.by_role["lead"].get(path).status_code == 404
    assert shop.post("lead", "/rules/no_such_rule/edit", {"text": "id: x"}).status_code == 404
    assert shop.post("agent", f"/rules/{RULE}/quiet/77/end").status_code == 404
