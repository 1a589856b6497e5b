"""How a case is put right, as its page shows it, and what people decide about it, which is done once and recorded."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from itertools import count
from urllib.parse import quote

import msgspec
import pytest
from tests.web.door import wait_until
from tests.web.righting import Shop, open_shop

from amends.cases.case import Case
from amends.store.users import Role

ORDERS = (str(number) for number in count(1001))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as opened:
        yield opened


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop that nothing is connected to which could do anything."""
    with open_shop(tmp_path_factory.mktemp("bare"), actors=[]) as opened:
        yield opened


@pytest.fixture
def dear(shop: Shop) -> Case:
    """A refund that is above what Amends grants alone, and within what a lead may."""
    return shop.paid_twice(next(ORDERS), 18_000)


def text_of(shop: Shop, path: str, role: Role = "lead", language: str = "en") -> str:
    client = shop.by_role[role]
    answer = client.get(path, headers={"accept-language": language})
    assert answer.status_code == 200
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def page(shop: Shop, case: Case, role: Role = "lead", language: str = "en") -> str:
    return text_of(shop, f"/cases/{case.id}", role, language)


def act(shop: Shop, case: Case) -> str:
    (entry,) = shop.acts(case, "refund")
    return f"/cases/{case.id}/acts/{entry.intent.id}"


def state(shop: Shop, case: Case) -> str:
    (entry,) = shop.acts(case, "refund")
    return entry.intent.state


def step(case: Case, id: str) -> str:
    return f"/cases/{case.id}/steps/{quote(id, safe='')}"


def record(shop: Shop, case: Case) -> list[tuple[str, str, str]]:
    with shop.installation.store.reading() as work:
        people = {user.id: user.name for user in work.users.all()}
        return [(change.what, people.get(change.who, change.who), change.why) for change in work.cases.changes(case.id)]


# ---------------------------------------------------------------- what the page shows


def test_the_page_shows_what_was_done_where_it_stands_and_what_comes(shop: Shop, dear: Case) -> None:
    wait_until(lambda: "sent" in page(shop, dear))
    text = page(shop, dear)
    assert "Letter: “You were charged twice”" in text
    assert re.search(r"Refund · Stripe \$180\.00 waits for approval", text)
    assert re.search(r"Waits until .+ for somebody to approve it\.", text)
    assert "Done Write to the buyer: “Your money is on its way back”" in text
    assert "Refused Finance: Give the money back in another way" in text


def test_the_letter_can_be_read_as_the_buyer_reads_it(shop: Shop, dear: Case) -> None:
    text = page(shop, dear, language="zh-CN")
    assert "信件：“您的订单被重复扣款”" in text
    assert f"(Bestellung #{dear.order})" in text
    assert "Guten Tag Jana Roth," in text


def test_the_page_is_in_the_visitors_language(shop: Shop, dear: Case) -> None:
    text = page(shop, dear, language="zh-CN")
    assert re.search(r"退款 · Stripe US\$180\.00 待批准", text)
    assert re.search(r"等待批准，截止 .+。", text)
    assert "被拒绝 财务：用其他方式退款" in text


def test_what_nobody_can_do_is_said_and_becomes_a_task(bare: Shop) -> None:
    case = bare.paid_twice(next(ORDERS), 2_500)
    wait_until(lambda: bare.standing(case).step == "refund_by_hand")
    text = page(bare, case)
    assert "could not be sent" in text
    assert "Nothing that is connected is able to do this." in text
    assert "已连接的系统都无法执行此操作。" in page(bare, case, language="zh-CN")
    assert re.search(r"Finance: Give the money back in another way \$25\.00 due .+ Done Cannot be done", text)


def test_a_case_without_a_playbook_says_nothing_of_one(shop: Shop, dear: Case) -> None:
    shop.post("lead", f"/cases/{dear.id}/resolve", {"outcome": "put_right"})
    wait_until(lambda: shop.standing(dear).step is None)
    text = page(shop, dear)
    assert "The trouble has gone away by itself; nothing more leaves." in text
    assert "withdrawn before it left" in text
    assert "Approve" not in text


def test_a_viewer_sees_all_of_it_and_no_buttons(shop: Shop, dear: Case) -> None:
    text = page(shop, dear, "viewer")
    assert "waits for approval" in text
    assert "Approve" not in text


# ---------------------------------------------------------------- approving


def test_a_lead_approves_and_the_refund_leaves_once(shop: Shop, dear: Case) -> None:
    form = text_of(shop, f"{act(shop, dear)}/approve")
    assert "Refund · Stripe · $180.00" in form
    assert "Alone, Amends grants $50.00 at most at a time." in form
    before = len(shop.service.refunds)
    answers = [shop.post("lead", f"{act(shop, dear)}/approve", {"text": "seen both charges"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303], "the second click is borne"
    wait_until(lambda: state(shop, dear) in ("accepted", "confirmed"))
    assert len(shop.service.refunds) == before + 1
    assert record(shop, dear).count(("granted", "Lin Wei", "seen both charges")) == 1
    text = page(shop, dear)
    assert "approved by Lin Wei" in text
    assert re.search(r"Lin Wei Approved Refund seen both charges", text)
    late = shop.post("admin", f"{act(shop, dear)}/refuse")
    assert late.status_code == 422
    assert "Lin Wei has approved this already." in late.text


def test_who_may_not_approve_learns_whom_to_ask(shop: Shop, dear: Case) -> None:
    answer = shop.post("agent", f"{act(shop, dear)}/approve")
    assert answer.status_code == 422
    assert "Ask somebody with this role: Lead, or Administrator." in answer.text
    assert state(shop, dear) == "proposed"
    assert all(what != "granted" for what, _, _ in record(shop, dear))


def test_a_refusal_leads_the_case_on(shop: Shop, dear: Case) -> None:
    answer = shop.post("agent", f"{act(shop, dear)}/refuse", {"text": "one was for another order"})
    assert answer.status_code == 303
    assert state(shop, dear) == "withdrawn"
    assert shop.standing(dear).step == "refund_by_hand"
    assert ("denied", "王芳", "one was for another order") in record(shop, dear)
    assert "refused by 王芳" in page(shop, dear)
    late = shop.post("lead", f"{act(shop, dear)}/approve")
    assert late.status_code == 422
    assert "王芳 has refused this already." in late.text


def test_what_cannot_be_worth_anything_in_the_limits_is_done_by_hand(shop: Shop) -> None:
    case = shop.paid_twice(next(ORDERS), 18_000, "XPF")
    answer = shop.post("admin", f"{act(shop, case)}/approve")
    assert answer.status_code == 422
    assert "cannot be said in USD" in answer.text
    assert state(shop, case) == "proposed"


def test_two_leads_at_once_approve_once(shop: Shop, dear: Case) -> None:
    before = len(shop.service.refunds)
    shop.post("lead", "/preferences")
    shop.post("admin", "/preferences")
    address = f"{act(shop, dear)}/approve"
    with ThreadPoolExecutor(2) as both:
        codes = sorted(
            answer.status_code for answer in both.map(lambda role: shop.post(role, address), ("lead", "admin"))
        )
    assert codes == [303, 422]
    wait_until(lambda: state(shop, dear) in ("accepted", "confirmed"))
    assert len(shop.service.refunds) == before + 1
    assert [what for what, _, _ in record(shop, dear)].count("granted") == 1


# ---------------------------------------------------------------- answering


@pytest.fixture
def lost(shop: Shop) -> Case:
    """A case that waits for what the buyer chooses."""
    return shop.lost(next(ORDERS))


def test_the_buyers_choice_that_came_by_telephone_is_noted(shop: Shop, lost: Case) -> None:
    assert re.search(r"Waits until .+ for the buyer's choice\.", page(shop, lost))
    form = text_of(shop, step(lost, "choice#1"))
    assert "What has the buyer chosen?" in form
    assert "“All of my money back”" in form
    answer = shop.post("agent", step(lost, "choice#1"), {"said": "refund_full", "text": "she rang"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{lost.id}")
    assert shop.standing(lost).step != "choice"
    assert "王芳 noted the buyer's choice: “All of my money back”" in page(shop, lost)
    assert "王芳 登记了买家的选择：“退还全部货款”" in page(shop, lost, language="zh-CN")
    assert ("answered", "王芳", "she rang") in record(shop, lost)


def test_a_choice_says_what_it_gives_what_it_costs_and_what_follows(shop: Shop, lost: Case) -> None:
    form = text_of(shop, step(lost, "choice#1"))
    text = page(shop, lost)
    for shown in (form, text):
        assert re.search(r"“All of my money back”:? gives \$45\.00, costs us about \$\d+\.\d\d", shown)
    assert re.search(r"“All of my money back” · No answer in time Refund \$45\.00", text)
    assert "None of these Lead takes over" in text


def test_what_was_not_offered_cannot_be_chosen(shop: Shop) -> None:
    case = shop.lost(next(ORDERS))
    # Whoever sends it writes it back as it was.
    wait_until(lambda: shop.acts(case, "offer")[0].intent.state == "accepted")
    (offer,) = shop.acts(case, "offer")
    less = msgspec.structs.replace(offer.intent, how=offer.intent.how | {"options": ["refund_full"]})
    with shop.installation.store.writing() as work:
        (now,) = [entry for entry in work.outbox.of_case(case.id) if entry.intent.id == offer.intent.id]
        assert work.outbox.put(
            now, msgspec.structs.replace(now, intent=msgspec.structs.replace(now.intent, how=less.how))
        )
    assert "from abroad" not in page(shop, case)
    answer = shop.post("agent", step(case, "choice#1"), {"said": "reship"})
    assert answer.status_code == 422
    assert "Choose one of these." in answer.text
    assert shop.standing(case).step == "choice"


def test_an_answer_counts_once(shop: Shop, lost: Case) -> None:
    first, second = (shop.post("agent", step(lost, "choice#1"), {"said": "refund_full"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303), "a second click is borne"
    other = shop.post("lead", step(lost, "choice#1"), {"said": "reship"})
    assert other.status_code == 422
    assert "王芳 has answered this already." in other.text
    assert [what for what, _, _ in record(shop, lost)].count("answered") == 1


@pytest.mark.parametrize("said", ["", "late", "give_me_a_car"])
def test_what_is_no_answer_is_refused(shop: Shop, lost: Case, said: str) -> None:
    answer = shop.post("agent", step(lost, "choice#1"), {"said": said})
    assert answer.status_code == 422
    assert "Choose one of these." in answer.text
    assert shop.standing(lost).step == "choice"
    assert all(what != "answered" for what, _, _ in record(shop, lost))


@pytest.mark.parametrize("id", ["choice#2", "person#1", "choice", "../x"])
def test_a_step_that_the_case_is_not_at_has_nothing_to_answer(shop: Shop, lost: Case, id: str) -> None:
    address = f"/cases/{lost.id}/steps/{quote(id, safe='')}"
    assert shop.by_role["agent"].get(address).status_code in (404, 422)
    assert shop.post("agent", address, {"said": "refund_full"}).status_code in (404, 422)
    assert shop.standing(lost).step == "choice"


@pytest.mark.parametrize(
    "path",
    ["/cases/none/steps/choice%231", "/cases/none/acts/x/approve", "/cases/{case}/acts/none/approve"],
)
def test_what_does_not_exist_is_not_there(shop: Shop, dear: Case, path: str) -> None:
    address = path.format(case=dear.id)
    assert shop.by_role["lead"].get(address).status_code == 404
    assert shop.post("lead", address, {"said": "done"}).status_code == 404
    assert shop.by_role["lead"].get(f"{act(shop, dear)}/explode").status_code == 404


def test_a_task_is_answered_and_the_case_goes_on(bare: Shop) -> None:
    case = bare.paid_twice(next(ORDERS), 2_500)
    wait_until(lambda: bare.standing(case).step == "refund_by_hand")
    answer = bare.post("agent", step(case, "refund_by_hand#1"), {"said": "done", "text": "paid by bank transfer"})
    assert answer.status_code == 303
    wait_until(lambda: bare.standing(case).step != "refund_by_hand")
    text = page(bare, case)
    assert "王芳: Done" in text
    assert "paid by bank transfer" in text
    assert "Give the money back in another way → Done" in text


def test_a_word_to_htmx_that_it_was_done(shop: Shop, lost: Case) -> None:
    answer = shop.post("agent", step(lost, "choice#1"), {"said": "refused"}, headers={"hx-request": "true"})
    assert answer.status_code == 204
    assert "Answered: the case goes on." in answer.headers["hx-trigger"]
    dialog = shop.by_role["agent"].get(step(lost, "choice#1"), headers={"hx-request": "true"})
    assert dialog.status_code == 422
    assert "There is nothing left to decide" in dialog.text


def test_nobody_is_shown_what_a_buyer_wrote_as_markup(shop: Shop) -> None:
    order = next(ORDERS)
    shop.tell(
        f"{order}x", "order.placed", {"order": order}, total=4_500, currency="USD", country="DE", language="de",
        number="<script>alert(1)</script>", buyer_name="<b>Jana</b>",
    )  # fmt: skip
    case = shop.lost(order)
    raw = shop.by_role["lead"].get(f"/cases/{case.id}").text
    assert "<script>alert" not in raw
    assert "<b>Jana" not in raw
