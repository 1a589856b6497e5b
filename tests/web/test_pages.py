"""What the pages of the console show, from a real store filled through the real pipeline."""

import re
from datetime import UTC
from typing import get_args

import msgspec
import pytest
from tests.web.site import Site

from amends.cases.book import CaseWork
from amends.cases.case import ChangeName, Outcome
from amends.cases.grade import LineName, Severity
from amends.cases.incident import Incident, IncidentChangeName, IncidentState
from amends.cases.journey import ArrivalState, StepName
from amends.cases.lifecycle import STATES
from amends.detection.finding import RuleKind
from amends.detection.rule_reader import TROUBLES
from amends.model.event import Event
from amends.model.instant import DAY, HOUR, MINUTE, Duration, Instant
from amends.model.types import EVENT_TYPES
from amends.pipeline.ports import DeliveryState
from amends.store.users import ROLES
from amends.web.console import grading, labels
from amends.web.console.timeline import timeline_of
from amends.web.languages import ENGLISH
from amends.web.pages import HERE, STATIC
from amends.web.wording import Wording

_PLACES = ["/", "/incidents", "/orders", "/deliveries", "/rules", "/rules/lane_disruption", "/rules/tracking_stalled"]


def test_the_labels_cover_the_vocabulary():
    assert set(labels.SEVERITIES) == set(labels.SEVERITY_ICONS) == set(get_args(Severity))
    assert set(labels.STATES) == set(STATES)
    assert set(labels.OUTCOMES) == set(labels.OUTCOME_HINTS) == set(get_args(Outcome))
    assert set(labels.TROUBLES) == set(TROUBLES)
    assert set(labels.KINDS) == set(labels.KIND_HINTS) == set(get_args(RuleKind))
    assert set(labels.ROLES) == set(ROLES)
    assert set(labels.DELIVERY_STATES) == set(get_args(DeliveryState))
    assert set(labels.CHANGES) == set(get_args(ChangeName))
    assert set(labels.INCIDENT_CHANGES) == set(get_args(IncidentChangeName))
    assert set(labels.EVENTS) == set(EVENT_TYPES)
    assert set(labels.STEPS) == set(get_args(StepName))
    assert set(labels.ARRIVALS) == set(get_args(ArrivalState))
    assert all(hasattr(grading._Teller, f"_{name}") for name in get_args(LineName))


def test_every_icon_in_use_is_fetched():
    wanted = (HERE.parents[2] / "scripts" / "assets" / "icons.txt").read_text().split()
    sprite = (STATIC / "vendor" / "icons.svg").read_text()
    used = {
        name
        for path in [*HERE.rglob("*.html"), *HERE.rglob("*.py")]
        for name in re.findall(r'icon(?:_name)?[=(]+"([a-z][a-z0-9-]+)"', path.read_text(encoding="utf-8"))
    }
    used |= set(labels.SEVERITY_ICONS.values())
    assert used <= set(wanted)
    assert {name for name in wanted if f'id="{name}"' not in sprite} == set()


def pages(site: Site) -> list[str]:
    case = site.case()
    return [*_PLACES, f"/cases/{case.id}", f"/cases/{case.id}/resolve", f"/orders/{case.order}", "/deliveries/1"]


@pytest.mark.inv24
def test_nothing_is_inline_on_any_page(site: Site):
    client = site.by_role["admin"]
    for path in pages(site):
        text = client.get(path).text
        assert re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=|javascript:", text) is None, path


def test_every_page_is_whole_in_both_languages(site: Site):
    for language in ("en", "zh-Hans"):
        client = site.signed_in("lead")
        client.cookies.set("amends_language", language)
        for path in pages(site):
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert f'<html lang="{language}"' in answer.text
            assert "%(" not in answer.text, path
            assert len(re.findall("<h1", answer.text)) == (0 if path.endswith("/resolve") else 1), path


def test_the_board_comes_in_the_order_of_loss_avoided(site: Site):
    text = site.by_role["viewer"].get("/").text
    shown = re.findall(r'data-case="(\w+)"', text)
    with site.installation.store.reading() as work:
        scores = [work.cases.case(one).grade.score for one in shown]
    assert len(shown) > 10
    assert scores == sorted(scores, reverse=True)


def test_the_board_narrows_down(site: Site):
    client = site.by_role["viewer"]
    case = site.case()
    with site.installation.store.reading() as work:
        number = work.faces.get([str(case.order)])[str(case.order)].number
    assert case.id in client.get("/", params={"q": number}).text
    found = re.findall(r'data-case="(\w+)"', client.get("/", params={"severity": "critical"}).text)
    with site.installation.store.reading() as work:
        assert {work.cases.case(one).grade.severity for one in found} == {"critical"}
    nothing = client.get("/", params={"q": "no such thing"}).text
    assert "No case fits" in nothing
    assert "Nothing waits for you" in client.get("/?list=mine").text


@pytest.mark.parametrize("query", ["list=nonsense", "severity=worst", "trouble=x", "score=1&behind=x", "q=%25%5F"])
def test_an_odd_address_shows_the_board(site: Site, query: str):
    assert site.by_role["viewer"].get(f"/?{query}").status_code == 200


def test_an_address_that_makes_no_sense_is_said_to(site: Site):
    answer = site.by_role["viewer"].get("/?score=abc")
    assert answer.status_code == 422
    assert "That could not be understood" in answer.text


def test_htmx_gets_the_board_without_its_page(site: Site):
    part = site.by_role["viewer"].get("/", headers={"hx-request": "true"}).text
    assert "<html" not in part
    assert 'id="board"' in part
    assert 'id="strip" hx-swap-oob' in part


def test_rows_stay_in_the_order_asked_for(site: Site):
    client = site.by_role["viewer"]
    shown = re.findall(r'data-case="(\w+)"', client.get("/").text)
    backwards = list(reversed(shown[:8]))
    again = client.get("/rows", params={"ids": ",".join([*backwards, "unknown"])}).text
    assert re.findall(r'data-case="(\w+)"', again) == backwards


def test_a_case_says_what_why_and_what_now(site: Site):
    case = site.case()
    text = site.by_role["agent"].get(f"/cases/{case.id}").text
    for heading in ("What happened", "Why we say so", "What now", "How it was graded", "Who did what"):
        assert heading in text
    for held in case.findings:
        assert f'href="/rules/{held.finding.rule}"' in text
    assert "&#34;specversion&#34;: &#34;1.0&#34;" in text, "each fact opens what was really said"
    assert "Loss avoided a minute" in text


def test_a_viewer_is_told_why_there_are_no_buttons(site: Site):
    case = site.case()
    assert "acting on a case needs the role of an agent" in site.by_role["viewer"].get(f"/cases/{case.id}").text


def test_an_order_leads_to_its_buyers_page_and_back_to_nothing_else(site: Site):
    case = site.case()
    text = site.by_role["viewer"].get(f"/orders/{case.order}").text
    link = re.search(r'href="(/o/[^"]+)"', text)
    assert link is not None
    page = site.guest.get(link[1])
    assert page.status_code == 200
    assert "/cases/" not in page.text
    assert "/orders/" not in page.text


@pytest.mark.inv23
def test_every_wrong_link_gets_the_same_answer(site: Site):
    case = site.case()
    text = site.by_role["viewer"].get(f"/orders/{case.order}").text
    link = re.search(r'href="(/o/[^"]+)"', text)
    assert link is not None
    wrong = [f"{link[1][:-4]}AAAA", "/o/x", "/o/1001", f"/o/{'a' * 2_000}", link[1].replace(".", "x", 1)]
    answers = [site.guest.get(path) for path in wrong]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert len({tuple(sorted(set(answer.headers) - {"date"})) for answer in answers}) == 1


@pytest.mark.parametrize(
    "path", ["/cases/none", "/incidents/none", "/orders/none", "/deliveries/999999", "/rules/none", "/nowhere"]
)
def test_what_is_not_there_is_said_to_people(site: Site, path: str):
    answer = site.by_role["viewer"].get(path)
    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.text


def test_an_order_is_found_by_any_of_its_names(site: Site):
    client = site.by_role["viewer"]
    case = site.case()
    with site.installation.store.reading() as work:
        entries = work.journal.read_subject("order", str(case.order))
        face = work.faces.get([str(case.order)])[str(case.order)]
    names = {
        entry.event.keys[kind] for entry in entries for kind in ("payment", "shipment") if kind in entry.event.keys
    }
    assert names
    for name in names:
        assert client.get("/orders", params={"q": name}).headers["location"] == f"/orders/{case.order}"
    assert f"/orders/{case.order}" in client.get("/orders", params={"q": face.number}).text
    assert "No order fits" in client.get("/orders", params={"q": "zzzz"}).text


def _unjoined(id_: str, site: Site) -> Incident:
    """A surge of which no order has a case."""
    now = site.installation.clock.now()
    return Incident(
        id=id_, findings=(id_,), rule="lane_disruption", exception="lane_disruption", severity="high",
        trouble="delivery", names=("carrier",), subject="Nobody's", counts=(), ratio=False, facts={}, since=now,
        bucket=Duration(HOUR), opened_at=now, updated_at=now,
    )  # fmt: skip


@pytest.mark.parametrize("state", ["open", "resolved"])
def test_an_incident_that_nobody_joined_says_so_and_shows_no_empty_figures(site: Site, state: IncidentState):
    incident = msgspec.structs.replace(_unjoined(f"unjoined-{state}", site), state=state)
    with site.installation.store.writing() as work:
        work.cases.save(CaseWork(incidents=(incident,), opened_incidents=frozenset((incident.id,))))
    client = site.by_role["viewer"]
    page = client.get(f"/incidents/{incident.id}").text
    assert ("joins here by itself" in page) == (state == "open")
    assert ("while it was open" in page) == (state == "resolved")
    for empty in ("big-number", 'class="chart"', "$0", "Its cases"):
        assert empty not in page
    chinese = client.get(f"/incidents/{incident.id}", headers={"accept-language": "zh-CN"}).text
    assert ("目前都没有异常单" if state == "open" else "都没有产生异常单") in chinese
    row = client.get("/incidents?state=all").text.partition(incident.id)[2].partition("</li>")[0]
    assert "no cases" in row
    assert "$0" not in row


def test_what_could_not_be_read_is_seen_whole(site: Site):
    with site.installation.store.reading() as work:
        unread = work.deliveries.list(("quarantined",))
    assert unread
    text = site.by_role["viewer"].get("/deliveries").text
    assert f"/deliveries/{unread[0].position}" in text
    page = site.by_role["viewer"].get(f"/deliveries/{unread[0].position}").text
    assert "Could not be read" in page
    assert "Read it again" not in page, "a viewer may only look"
    assert "Read it again" in site.by_role["lead"].get(f"/deliveries/{unread[0].position}").text


def test_a_secret_of_a_sender_is_not_shown(site: Site):
    with site.installation.store.reading() as work:
        unread = work.deliveries.list(("quarantined",))[0]
    text = site.by_role["admin"].get(f"/deliveries/{unread.position}").text
    assert "orders/create" in text
    assert "x-shopify-hmac-sha256" in text
    assert "c2VjcmV0IHByb29m" not in text


def test_a_rule_shows_what_it_asks_and_how_often_it_fired(site: Site):
    with site.installation.store.reading() as work:
        rule, (fired, _) = max(work.findings.counts().items(), key=lambda item: item[1])
    text = site.by_role["viewer"].get(f"/rules/{rule}").text
    assert f">{fired}</dd>" in text
    assert '<rect class="bars"' in text


def test_a_rule_says_what_it_counts_once(site: Site):
    of_buyers = site.by_role["viewer"].get("/rules/brushing_suspected").text
    assert "<dt>each counted once</dt><dd>buyer</dd>" in of_buyers
    assert "each counted once" not in site.by_role["viewer"].get("/rules/lane_disruption").text


def test_an_order_is_marked_paid_once_however_often_its_snapshots_say_so(site: Site):
    def paid(id_: str, minutes: int) -> Event:
        at = Instant(minutes * MINUTE)
        return Event(id=id_, source="shopify/a", type="order.paid", time=at, keys={"order": "1"}, data={})

    placed = Event(id="p", source="shopify/a", type="order.placed", time=Instant(0), keys={"order": "1"}, data={})
    say = Wording(language=ENGLISH, zone=UTC, now=Instant(DAY))
    told = timeline_of([placed, paid("b", 9), paid("a", 5), paid("c", 60)], [], site.installation.pack, say)
    assert [fact.at for fact in told] == [5 * MINUTE, 0]


def test_a_digest_is_no_name_for_an_address(site: Site):
    incident = msgspec.structs.replace(_unjoined("at-one-address", site), names=("address_key",), subject="0f3a9c51")
    with site.installation.store.writing() as work:
        work.cases.save(CaseWork(incidents=(incident,), opened_incidents=frozenset((incident.id,))))
    for path in (f"/incidents/{incident.id}", "/incidents"):
        page = site.by_role["viewer"].get(path).text
        assert ": one address" in page
        assert "0f3a9c51" not in page


def test_no_row_says_twice_what_is_waited_for(site: Site):
    page = site.by_role["viewer"].get("/?list=waiting").text + site.by_role["viewer"].get("/").text
    for row in page.split("<li ")[1:]:
        assert row.partition("</li>")[0].count("Waiting for") <= 1
