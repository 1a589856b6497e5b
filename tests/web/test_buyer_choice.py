"""A buyer chooses on the page: through real HTTP, into the books, and nothing twice."""

import base64
import random
import re
import string
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import msgspec
import pytest
from tests.web.shop import Shop, at_once, open_shop, until

from amends.cases.action import Resolve
from amends.model.instant import HOUR, Instant
from amends.resolution.intent import IntentState
from amends.runtime.links import order_token
from amends.web.console.acting import act_on_case
from amends.web.headers import SCRIPTLESS_POLICY
from amends.web.languages import PORTAL, Language, catalogue
from amends.web.portal import deed_words
from amends.web.portal.choice import Choice, InvalidChoiceError, choice_of, choice_token
from amends.web.portal.form import BYTES_MAX, WRITTEN_MAX

LOCALLY, FROM_ABROAD, MONEY_BACK = "replace_locally", "reship", "refund_full"
numbers = count(2_001)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as opened:
        yield opened


@pytest.fixture
def order() -> str:
    return str(next(numbers))


def test_a_buyer_wants_the_money_back_and_says_so_twice(shop: Shop, order: str):
    case = shop.loses(order)
    page = shop.page(order)
    assert "<h1>Your parcel is lost: what would you like?</h1>" in page
    assert "€39.90 goes back the way you paid." in page
    asked = shop.asks_once_more(order, MONEY_BACK)
    assert "<h1>All of my money back</h1>" in asked
    assert "€39.90 goes back the way you paid." in asked
    assert (shop.answers(case), shop.step(case)) == ({}, "choice")
    done = shop.sends(order, re.findall(r'name="choice" value="([\w.-]+)"', asked)[0])
    assert (done.status_code, done.headers["location"]) == (303, shop.link(order))
    assert shop.answers(case) == {"choice#1": "refund_full"}
    (refund,) = shop.acts(case, "refund")
    assert (refund.intent.how["amount"], refund.intent.how["currency"]) == (3_990, "EUR")
    page = shop.page(order)
    assert "You chose: All of my money back" in page
    assert "We are sending €39.90 back to you." in page
    assert 'class="options"' not in page


def test_the_goods_are_sent_once_more(shop: Shop, order: str):
    case = shop.loses(order)
    assert shop.chooses(order, LOCALLY).status_code == 303
    assert [entry.intent.how["from"] for entry in shop.acts(case, "replace_order")] == ["local"]
    assert shop.acts(case, "refund") == []


def test_the_same_choice_again_is_as_good_as_once(shop: Shop, order: str):
    case = shop.loses(order)
    token = shop.confirmed(order, MONEY_BACK)
    assert [shop.sends(order, token).status_code for _ in range(3)] == [303, 303, 303]
    assert len(shop.acts(case, "refund")) == 1


def test_a_second_choice_does_not_count_and_is_told_so(shop: Shop, order: str):
    case = shop.loses(order)
    money, goods = shop.confirmed(order, MONEY_BACK), shop.confirmed(order, FROM_ABROAD)
    assert shop.sends(order, money).status_code == 303
    second = shop.sends(order, goods)
    assert second.status_code == 409
    assert "You had already chosen: All of my money back." in second.text
    assert "We are sending €39.90 back to you." in second.text
    assert shop.answers(case) == {"choice#1": "refund_full"}
    assert shop.acts(case, "replace_order") == []


@pytest.mark.inv12
def test_of_five_choices_at_once_one_counts(shop: Shop, order: str):
    case = shop.loses(order)
    tokens = [shop.confirmed(order, said) for said in (LOCALLY, FROM_ABROAD, MONEY_BACK, MONEY_BACK, MONEY_BACK)]
    link = shop.link(order)

    def send(token: str) -> int:
        with httpx.Client(base_url=shop.address, timeout=20) as client:
            return client.post(f"{link}/choice", data={"choice": token}).status_code

    statuses = at_once([lambda token=token: send(token) for token in tokens])  # type: ignore[misc]
    said = shop.answers(case)["choice#1"]
    same = {"refund_full": 3}.get(said, 1)
    assert sorted(statuses) == [303] * same + [409] * (5 - same)
    assert len(shop.acts(case, "refund") + shop.acts(case, "replace_order")) == 1


def test_a_choice_after_the_deadline_is_not_taken(shop: Shop, order: str):
    case = shop.loses(order)
    shop.is_told(case)
    token = shop.confirmed(order, FROM_ABROAD)
    shop.passes(47)
    late = shop.confirmed(order, FROM_ABROAD)
    shop.passes(1)
    for _ in range(2):
        answer = shop.sends(order, late)
        assert answer.status_code == 409
        assert "The time for this answer is over" in answer.text
        until(lambda: shop.acts(case, "refund"))
    assert "replace_order" not in [entry.intent.does for entry in shop.acts(case)]
    # A page that has been open for longer than a day is not believed at all.
    assert shop.sends(order, token).status_code == 400
    assert "We are sending €39.90 back to you." in shop.page(order)


def test_what_has_healed_needs_no_choice(shop: Shop, order: str):
    case = shop.loses(order)
    token = shop.confirmed(order, MONEY_BACK)
    shop.finds(order)
    until(lambda: shop.step(case) is None)
    answer = shop.sends(order, token)
    assert answer.status_code == 409
    assert "Good news" in answer.text
    assert shop.acts(case, "refund") == []


def test_what_somebody_else_has_settled_is_settled(shop: Shop, order: str):
    case = shop.loses(order)
    token = shop.confirmed(order, MONEY_BACK)
    installation = shop.installation
    with installation.store.writing() as work:
        assert installation.righting.answer(work, case, "choice#1", "reship", who="u1", now=shop.clock.now())
    answer = shop.sends(order, token)
    assert answer.status_code == 409
    assert "You had already chosen: Send it again, from abroad." in answer.text
    assert shop.acts(case, "refund") == []


def test_a_case_that_a_person_has_resolved_asks_no_more(shop: Shop, order: str):
    case = shop.loses(order)
    token = shop.confirmed(order, MONEY_BACK)
    act_on_case(shop.house, case, Resolve(outcome="put_right"), "u1")
    until(lambda: shop.step(case) is None)
    assert shop.sends(order, token).status_code == 409
    assert shop.acts(case, "refund") == []


@pytest.mark.parametrize("state", ["proposed", "withdrawn"])
def test_what_nobody_has_let_go_is_not_asked(shop: Shop, order: str, state: IntentState):
    case = shop.loses(order)
    token = shop.confirmed(order, MONEY_BACK)
    shop.is_told(case)
    with shop.installation.store.writing() as work:
        (letter,) = work.outbox.of_case(case)
        held = msgspec.structs.replace(letter.intent, state=state)
        assert work.outbox.put(letter, msgspec.structs.replace(letter, intent=held, due_at=None))
        told = {"does": "tell", "how": {"what": "progress"}, "state": "accepted", "id": f"{case}-told"}
        work.outbox.add([msgspec.structs.replace(letter, intent=msgspec.structs.replace(letter.intent, **told))])
    page = shop.page(order)
    assert "We wrote to you: Your order: how it stands" in page
    assert "/choice" not in page
    assert "what would you like" not in page
    assert shop.sends(order, token).status_code == 409
    assert shop.answers(case) == {}


def test_an_address_is_corrected_and_kept_as_a_message(shop: Shop, order: str):
    case = shop.asks_for_the_address(order)
    form = shop.asks_once_more(order, "corrected")
    assert 'name="street"' in form
    assert shop.answers(case) == {}
    token = re.findall(r'name="choice" value="([\w.-]+)"', form)[0]
    address = {"recipient": "A. Büyer", "street": "Neue Str. 5", "city": "Köln", "postcode": "50667"}
    empty = shop.sends(order, token, **(address | {"street": "  "}))
    assert empty.status_code == 422
    # What was filled in is not lost.
    assert 'value="Köln"' in empty.text
    assert shop.answers(case) == {}
    assert shop.sends(order, token, **address).status_code == 303
    assert shop.sends(order, token, **(address | {"city": "Bonn"})).status_code == 303
    assert shop.answers(case)["held#1"] == "corrected"
    (message,) = shop.events(order, "message.received")
    assert {name: message.data[name] for name in address} == address
    assert message.data["text"] == "A. Büyer\nNeue Str. 5\n50667\nKöln"
    assert "Neue Str. 5" in shop.page(order)


def test_what_binds_nobody_is_done_at_once(shop: Shop, order: str):
    case = shop.asks_for_the_address(order)
    assert shop.sends(order, shop.tokens(order)["right_as_it_is"]).status_code == 303
    assert shop.answers(case) == {"held#1": "right_as_it_is"}


def test_a_message_in_own_words_is_kept_once(shop: Shop, order: str):
    shop.loses(order)
    link = shop.link(order)
    for _ in range(2):
        answer = shop.client.post(f"{link}/message", data={"text": "Bitte <b>klingeln</b>\r\nbei Meier"})
        assert answer.status_code == 303
    (message,) = shop.events(order, "message.received")
    assert message.data["text"] == "Bitte <b>klingeln</b>\nbei Meier"
    assert "Bitte &lt;b&gt;klingeln&lt;/b&gt;\nbei Meier" in shop.page(order)
    assert shop.client.post(f"{link}/message", data={"text": " "}).status_code == 422
    long = shop.client.post(f"{link}/message", data={"text": "a" * 2_001})
    assert long.status_code == 422
    assert "a" * 2_001 in long.text


def test_nobody_is_flooded_with_messages(shop: Shop, order: str):
    shop.loses(order)
    statuses = [
        shop.client.post(f"{shop.link(order)}/message", data={"text": f"Hello {number}"}).status_code
        for number in range(WRITTEN_MAX + 2)
    ]
    assert statuses == [303] * WRITTEN_MAX + [429] * 2
    assert len(shop.events(order, "message.received")) == WRITTEN_MAX


def test_who_was_told_of_nothing_has_nothing_to_write_to(shop: Shop, order: str):
    shop.sells(order)
    until(lambda: shop.events(order, "order.paid"))
    page = shop.page(order)
    assert "/message" not in page
    assert "/choice" not in page
    assert shop.client.post(f"{shop.link(order)}/message", data={"text": "Hello"}).status_code == 303
    assert shop.events(order, "message.received") == []


@pytest.mark.inv22
def test_a_scanner_of_mail_changes_nothing(shop: Shop, order: str):
    case = shop.loses(order)
    page = shop.page(order)
    token = shop.confirmed(order, MONEY_BACK)
    before = [entry.intent.id for entry in shop.acts(case)]
    link = shop.link(order)
    followed = re.findall(r'(?:href|action)="([^"]+)"', page)
    followed += [f"{link}/choice", f"{link}/choice?choice={token}", f"{link}/message?text=Hello"]
    for address in [each for each in followed if each.startswith(("/o/", "?"))]:
        target = link + address if address.startswith("?") else address
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = shop.client.request(method, target)
            assert answer.status_code in (200, 303, 405)
    assert (shop.answers(case), shop.step(case)) == ({}, "choice")
    assert [entry.intent.id for entry in shop.acts(case)] == before
    assert shop.events(order, "message.received") == []


@pytest.mark.inv22
def test_a_choice_that_was_not_handed_out_is_none(shop: Shop, order: str):
    case = shop.loses(order)
    token = shop.confirmed(order, MONEY_BACK)
    payload, _, signature = token.rpartition(".")
    other = f'["{order}","{case}",0,"choice#1","reship","confirmed",9999999999]'
    other = base64.urlsafe_b64encode(other.encode()).decode().rstrip("=")
    forged = [
        "", "x", token[:-6], token[1:], token + "A", payload, f".{signature}", f"{other}.{signature}",
        order_token(shop.installation.secret, order, Instant(shop.clock.now() + HOUR)), "a" * 5_000, "\0", "💥",
        choice_token(b"another secret of more than twenty-four bytes", the_choice(order, case), END),
    ]  # fmt: skip
    for each in forged:
        answer = shop.sends(order, each)
        assert answer.status_code == 400, each
        assert "Nothing was changed." in answer.text
    assert shop.client.post(f"{shop.link(order)}/choice").status_code == 400
    assert (shop.answers(case), shop.step(case)) == ({}, "choice")


END = Instant(4_000_000_000_000_000)


def the_choice(order: str, case: str, **more: str) -> Choice:
    parts = {"order": order, "case": case, "step": "choice#1", "said": "refund_full", "stage": "confirmed"} | more
    return Choice(round=0, **parts)  # type: ignore[arg-type]


@pytest.mark.inv21
def test_another_order_s_choice_cannot_be_made_here(shop: Shop, order: str):
    mine = shop.loses(order)
    hers = str(next(numbers))
    case = shop.loses(hers)
    token = shop.confirmed(hers, MONEY_BACK)
    assert shop.sends(order, token).status_code == 400
    # Nor with one that we signed ourselves for a case of another order, which nobody is ever handed.
    crossed = choice_token(shop.installation.secret, the_choice(order, case), END)
    assert shop.sends(order, crossed).status_code == 409
    assert shop.answers(mine) == shop.answers(case) == {}


@pytest.mark.parametrize("more", [{"step": "choice#2"}, {"step": "refund#1"}, {"said": "wait"}, {"said": "refused"}])
def test_only_what_the_step_asks_can_be_chosen(shop: Shop, order: str, more: dict[str, str]):
    case = shop.loses(order)
    token = choice_token(shop.installation.secret, the_choice(order, case, **more), END)
    assert shop.sends(order, token).status_code == 409
    assert (shop.answers(case), shop.step(case)) == ({}, "choice")


def test_what_binds_is_not_done_by_the_first_form(shop: Shop, order: str):
    case = shop.loses(order)
    for _ in range(2):
        asked = shop.tokens(order)[MONEY_BACK]
        assert shop.client.get(shop.sends(order, asked).headers["location"]).status_code == 200
    assert shop.answers(case) == {}


@pytest.mark.inv22
@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}]
)
def test_another_site_cannot_choose_for_her(shop: Shop, order: str, headers: dict[str, str]):
    case = shop.loses(order)
    token, link = shop.confirmed(order, MONEY_BACK), shop.link(order)
    assert shop.client.post(f"{link}/choice", data={"choice": token}, headers=headers).status_code == 400
    assert shop.client.post(f"{link}/message", data={"text": "Hello"}, headers=headers).status_code == 400
    assert shop.answers(case) == {}
    assert shop.events(order, "message.received") == []


@pytest.mark.inv23
def test_a_link_that_opens_nothing_takes_nothing(shop: Shop, order: str):
    case = shop.loses(order)
    token = shop.confirmed(order, MONEY_BACK)
    for part in ("choice", "message"):
        answer = shop.client.post(f"/o/nothing/{part}", data={"choice": token, "text": "Hello"})
        assert answer.status_code == 404
        assert "This link does not open an order" in answer.text
        assert shop.client.get(f"/o/nothing/{part}").text == shop.client.get("/o/nothing").text
    assert shop.answers(case) == {}


def test_a_form_without_end_is_not_read(shop: Shop, order: str):
    shop.loses(order)
    token = shop.confirmed(order, MONEY_BACK)
    answer = shop.client.post(f"{shop.link(order)}/choice", data={"choice": token, "x": "a" * BYTES_MAX})
    assert answer.status_code == 400
    many = "&".join([f"choice={token}", *["x=1"] * 100])
    assert shop.client.post(f"{shop.link(order)}/choice", content=many).status_code == 400
    assert shop.client.post(f"{shop.link(order)}/choice", content=b"choice=\xff%ff").status_code == 400


@pytest.mark.inv24
def test_what_a_carrier_says_never_executes(shop: Shop, order: str):
    nasty = "<img src=x onerror=alert(1)>"
    shop.sells(order, number=nasty)
    parcel: dict[str, Any] = {"carrier": nasty, "tracking": nasty}
    shop.hears(
        shop.event(order, "shipment.created", **parcel),
        shop.event(order, "shipment.scanned", sub_status="Exception_Lost", **parcel),
    )
    shop.case(order, "lost", "choice")
    page = shop.page(order)
    assert "<img" not in page
    assert "&lt;img src=x" in page
    assert "<img" not in shop.asks_once_more(order, MONEY_BACK)


def test_all_of_it_keeps_to_the_scriptless_policy(shop: Shop, order: str):
    shop.loses(order)
    for answer in (
        shop.client.get(shop.link(order)),
        shop.sends(order, shop.tokens(order)[MONEY_BACK]),
        shop.client.get(shop.sends(order, shop.tokens(order)[MONEY_BACK]).headers["location"]),
        shop.sends(order, "nothing"),
        shop.chooses(order, MONEY_BACK),
        shop.client.get(f"{shop.link(order)}/choice"),
    ):
        assert answer.headers["content-security-policy"] == SCRIPTLESS_POLICY
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "<script" not in answer.text
        assert " style=" not in answer.text


@pytest.mark.parametrize("language", PORTAL, ids=lambda language: language.tag)
def test_what_does_not_count_is_told_in_her_language(shop: Shop, order: str, language: Language):
    shop.loses(order)
    money, goods = shop.confirmed(order, MONEY_BACK), shop.confirmed(order, LOCALLY)
    lang = {"lang": language.tag}
    link = f"{shop.link(order)}/choice"
    done = shop.client.post(link, params=lang, data={"choice": money})
    assert done.headers["location"] == f"{shop.link(order)}?lang={language.tag}"
    answer = shop.client.post(link, params=lang, data={"choice": goods})
    beginning = catalogue("portal", language).gettext(deed_words.TURNS["other"]).partition("%(")[0]
    assert beginning in answer.text
    assert f'<html lang="{language.tag}">' in answer.text


def test_a_choice_survives_no_change(shop: Shop, order: str):
    secret, now = shop.installation.secret, shop.clock.now()
    choice = the_choice(order, "c1")
    token = choice_token(secret, choice, Instant(now + HOUR))
    assert choice_of(secret, token, order, now) == choice
    chance, letters = random.Random(5), string.ascii_letters + string.digits + "-_."
    for _ in range(2_000):
        place = chance.randrange(len(token))
        changed = token[:place] + chance.choice(letters) + token[place + 1 :]
        try:
            opened = choice_of(secret, changed, order, now)
        except InvalidChoiceError:
            continue
        # The last letter of a signature has spare bits.
        assert opened == choice
        assert changed == token or place == len(token) - 1
    with pytest.raises(InvalidChoiceError):
        choice_of(secret, token, order, Instant(now + HOUR))
    with pytest.raises(InvalidChoiceError):
        choice_of(secret, token, "another", now)
