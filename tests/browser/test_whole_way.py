"""From a lost parcel to the money that is back: webhooks, letters, a phone, the console, the bank, the record."""

import json
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import NARROW
from tests.browser.whole_way import SECRET, Buyer, Outside, link_in, open_outside, words_of
from tests.cli.process import amends
from tests.mail.post_office import OURSELVES, MailServer
from tests.web.door import wait_until

from amends.messaging.texts import built_in_texts
from amends.model.instant import DAY, HOUR, MINUTE, Duration
from amends.model.money import Money

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]

JANA: Final = Buyer(
    name="Jana Roth", email="jana@mail.example", language="de", country="DE", street="Lindenweg 4", city="Leipzig",
    postcode="04109", currency="EUR", total=18_990,
)  # fmt: skip
CAIO: Final = Buyer(
    name="Caio Lima", email="caio@mail.example", language="pt-BR", country="BR", street="Rua das Flores 120",
    city="Campinas", postcode="13010-040", region="SP", currency="BRL", total=124_900, tax_id="529.982.247-25",
)  # fmt: skip
AMOUNTS: Final = {"de": "189,90\xa0€", "pt-BR": "R$\xa01.249,00"}
APPROVE: Final = {"en": "Approve", "zh-Hans": "批准"}
DONE: Final = {"en": "Done", "zh-Hans": "已完成"}
ANSWER: Final = {"en": "Answer", "zh-Hans": "答复"}
PUT_RIGHT: Final = {"en": "Putting it right", "zh-Hans": "处理过程"}


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    server = MailServer(tmp_path_factory.mktemp("imap") / "log")
    yield server
    server.close()


@pytest.mark.parametrize(
    ("buyer", "language"), [(JANA, "en"), (CAIO, "zh-Hans")],
    ids=lambda given: given.language if isinstance(given, Buyer) else given,
)  # fmt: skip
def test_a_lost_parcel_is_put_right(
    tmp_path: Path, mailbox: MailServer, visit: Visit, buyer: Buyer, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_outside(tmp_path, mailbox, buyer) as outside:
        lose(outside)
        first = the_notice(outside)
        choose(outside, visit, link_in(first))
        page = approve(outside, visit, language)
        refund_once(outside)
        second = the_good_news(outside)
        assert (second["References"], second["In-Reply-To"]) == (first["References"], first["In-Reply-To"])
        claim(outside, page, language)
        wait_until(lambda: outside.case().outcome == "put_right")
        see_the_end(outside, visit, page, link_in(first), language)
        (payout,) = outside.payouts()
        assert (payout.state, payout.amount) == ("paid", Money(buyer.total, buyer.currency))
    monkeypatch.setenv("AMENDS_SECRET_KEY", SECRET)
    record = amends("verify-audit", "--json", folder=tmp_path)
    assert record.returncode == 0, record.stdout
    told = json.loads(record.stdout)
    assert told["problems"] == []
    assert told["entries"] > 5
    assert told["anchors"] >= 1


def lose(outside: Outside) -> None:
    """An order is paid, leaves, and the carrier loses it."""
    outside.sells()
    outside.passes(Duration(DAY))
    outside.ships()
    outside.passes(Duration(DAY))
    outside.scans("InTransit_Departure", "Departed from facility")
    outside.passes(Duration(2 * DAY))
    outside.scans("Exception_Lost", "Parcel lost")
    assert outside.case().grade.exception == "lost"


def the_notice(outside: Outside) -> EmailMessage:
    """The first letter says what happened to which order and parcel, in the buyer's language."""
    (letter,) = outside.mails(1)
    buyer, texts = outside.buyer, built_in_texts()[outside.buyer.language]
    assert (letter["To"], letter["Content-Language"]) == (buyer.email, buyer.language)
    assert outside.number in letter["Subject"]
    words = words_of(letter)
    for known in (buyer.name, outside.tracking, "YunExpress", texts.options["refund_full"]):
        assert known in words
    assert [one.raw for one in outside.office.letters(buyer.email)] == [
        one.raw for one in outside.office.letters(OURSELVES)
    ]
    return letter


def choose(outside: Outside, visit: Visit, path: str) -> None:
    """The buyer asks for the money on a phone."""
    words, amount = built_in_texts()[outside.buyer.language].options["refund_full"], AMOUNTS[outside.buyer.language]
    page = visit(outside.address, role=None, language=outside.buyer.language, size=NARROW)
    page.goto(path)
    expect(page.locator("html")).to_have_attribute("lang", outside.buyer.language)
    expect(page.locator(".order-number")).to_contain_text(outside.number)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    button = page.locator(".options button").filter(has_text=words)
    expect(button).to_contain_text(amount)
    button.click()
    expect(page.locator(".question")).to_contain_text(amount)
    page.locator("button.yes").click()
    expect(page.locator(".chosen")).to_contain_text(words)


def approve(outside: Outside, visit: Visit, language: str) -> Page:
    """The refund is above what Amends grants alone: a lead lets it go. Stripe does it, and the line breaks."""
    entry = outside.becomes("refund", "proposed")
    assert entry.granted_by is None
    assert outside.bank.requests == []
    outside.bank.befall(["drop_after"])
    page = visit(outside.address, role="lead", language=language)
    page.goto("/tasks")
    expect(page.locator("html")).to_have_attribute("lang", language)
    row = page.locator("#rows li").filter(has_text=outside.number)
    row.get_by_role("link", name=APPROVE[language]).click()
    page.locator("#dialog").get_by_role("button", name=APPROVE[language]).click()
    expect(page.locator("#rows")).not_to_contain_text(outside.number)
    return page


def refund_once(outside: Outside) -> None:
    """What was sent is looked up, not sent again, and confirmed by the bank's word."""
    entry = outside.becomes("refund", "unknown")
    (refund,) = outside.bank.refunds
    assert (refund["amount"], refund["payment_intent"]) == (outside.buyer.total, outside.payment)
    outside.passes(Duration(MINUTE))
    entry = outside.becomes("refund", "accepted")
    assert entry.ref == refund["id"]
    assert [one.state for one in outside.payouts()] == ["reserved"]
    outside.passes(Duration(HOUR))
    outside.pays_back()
    outside.becomes("refund", "confirmed")
    assert len(outside.bank.refunds) == 1
    assert outside.bank.requests.count("POST /v1/refunds") == 1
    assert outside.bank.payments[outside.payment].refunded == outside.buyer.total


def the_good_news(outside: Outside) -> EmailMessage:
    """The second letter says how much is on its way back, and by which number a bank finds it."""
    _, letter = outside.mails(2)
    assert outside.number in letter["Subject"]
    words = words_of(letter)
    assert AMOUNTS[outside.buyer.language] in words
    assert outside.bank.refunds[0]["id"] in words
    return letter


def claim(outside: Outside, page: Page, language: str) -> None:
    """Nobody who is connected claims from carriers: a person does, and says so."""
    row = page.locator("#rows li").filter(has_text=outside.number)
    row.get_by_role("link", name=DONE[language], exact=True).click()
    page.locator("#dialog").get_by_role("button", name=ANSWER[language]).click()
    expect(page.locator("#rows")).not_to_contain_text(outside.number)


def see_the_end(outside: Outside, visit: Visit, page: Page, path: str, language: str) -> None:
    """The console and the buyer's page tell it as it was."""
    page.goto(f"/cases/{outside.case().id}")
    course = page.locator(".part-course")
    expect(course).to_contain_text(PUT_RIGHT[language])
    expect(course).to_contain_text("Lin Wei")
    expect(course).to_contain_text(outside.bank.refunds[0]["id"])
    phone = visit(outside.address, role=None, language=outside.buyer.language, size=NARROW)
    phone.goto(path)
    expect(phone.locator("main")).to_contain_text(AMOUNTS[outside.buyer.language])
    expect(phone.locator(".options")).to_have_count(0)
