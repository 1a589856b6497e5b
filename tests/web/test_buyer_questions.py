"""What a buyer is asked on the page, what each answer means, and what is told afterwards: as text, in each language."""

import re
from collections.abc import Sequence
from typing import Any, get_args

import pytest
from markupsafe import escape
from tests.cases.test_journey import PACKED, PAID, PLACED, event, scan
from tests.web import matters
from tests.web.matters import NOW, act, asking, chose, matter

from amends.cases.journey import journey_of
from amends.messaging.texts import built_in_texts
from amends.model.event import Event
from amends.model.instant import DAY, HOUR, Instant
from amends.resolution.bookshelf import built_in_playbooks
from amends.resolution.stepping import intent_of
from amends.resolution.words import built_in_words
from amends.web.languages import PORTAL, Language, catalogue, named
from amends.web.portal import deed_words
from amends.web.portal.answering import Turn
from amends.web.portal.form import fields_of
from amends.web.portal.matter import Matter
from amends.web.portal.order import Page, order_page, wording_for
from amends.web.portal.question import Question, question_of
from amends.web.wording import Wording

EVENTS = [PLACED, PAID, PACKED, scan(3, "Exception_Lost")]
QUESTIONS = [
    (exception, step.name)
    for exception, playbook in built_in_playbooks().items()
    for step in playbook.steps
    if step.do in ("ask", "offer")
]
LANGUAGES = pytest.mark.parametrize("language", PORTAL, ids=lambda language: language.tag)


def english() -> Wording:
    return wording_for(journey_of("1001", EVENTS, NOW), PORTAL[0], NOW)


def show(found: Sequence[Matter], language: Language = PORTAL[0], *, now: Instant = NOW, **more: Any) -> str:
    journey = journey_of("1001", EVENTS, now)
    page = Page(
        journey=journey, matters=found, action="/o/x/choice", write_to="/o/x/message",
        token_for=lambda *parts: ".".join(map(str, parts)), **more,
    )  # fmt: skip
    return order_page(page, wording_for(journey, language, now))


def question(exception: str, step: str, **more: Any) -> Question:
    found = asking(exception, step, **more).asked
    assert found is not None
    question = question_of(found, english())
    assert question is not None
    return question


def said_of(found: Question) -> dict[str, list[str]]:
    return {option.said: [line.words % line.values for line in option.means] for option in found.options}


@LANGUAGES
@pytest.mark.parametrize(("exception", "step"), QUESTIONS)
def test_every_question_is_asked_in_the_words_of_its_letter(exception: str, step: str, language: Language):
    found = asking(exception, step)
    text = show([found], language)
    book, what = built_in_texts()[language.tag], built_in_playbooks()[exception][step].what
    headline = book.texts[what].subject.said({})
    assert f"<h1>{escape(headline)}</h1>" in text
    assert re.search(r'<form method="post" action="/o/x/choice" class="options">', text)
    for said in re.findall(r'name="choice" value="c1\.0\.\w+#1\.(\w+)"', text):
        assert str(escape(book.options[said])) in text
    assert "<script" not in text
    assert "%(" not in text


def test_the_words_cover_the_vocabulary():
    acts = built_in_words().acts
    assert deed_words.MEANS.keys() | deed_words.UNDER_WAY.keys() | deed_words.DONE.keys() <= acts.keys()
    assert set(get_args(Turn)) - {"open", "done", "same"} < deed_words.TURNS.keys()
    # Whatever is for the buyer is told to the buyer; what is between us and others is not.
    for inner in ("file_claim", "hold_order", "block_payouts", "require_return", "answer_dispute", "restock"):
        assert inner not in deed_words.DONE
        assert inner not in deed_words.UNDER_WAY


def test_a_lost_parcel_offers_what_there_is_with_what_it_means():
    found = question("lost", "choice", lost_at=NOW)
    assert found.headline == "Your parcel is lost: what would you like?"
    assert found.body[0].words.startswith("YunExpress has lost your parcel LX123456789CN.")
    assert said_of(found) == {
        "replace_locally": [
            "We send the goods once more from a warehouse in your country, at no charge.",
            "It mostly takes about 4 days.",
        ],
        "reship": ["We send the goods once more from abroad, at no charge.", "It mostly takes about 14 days."],
        "refund_full": ["$49.90 goes back the way you paid. Banks take up to ten working days to show it."],
    }
    assert all(option.binds for option in found.options)
    assert found.until == NOW + 48 * HOUR


def test_the_rest_goes_back_where_a_part_has_gone_back():
    found = question("lost", "choice", lost_at=NOW, refunded=990)
    assert said_of(found)["refund_full"][0].startswith("$40.00 goes back")


def test_what_cannot_be_had_is_not_offered():
    assert [option.said for option in question("lost", "choice", lost_at=NOW).options][-1] == "refund_full"
    assert [option.said for option in question("lost", "choice", lost_at=NOW, taken=4_990).options] == []
    assert {option.said for option in question("delivery_late", "amends").options} == {"wait", "coupon"}
    assert [option.said for option in question("delivery_late", "amends", taken=4_990).options] == ["wait"]
    # What the letter did not offer is not offered here.
    assert "refund_full" in [option.said for option in question("damaged", "choice", delivered_at=NOW).options]
    moving = [option.said for option in question("damaged", "choice", sub_status="InTransit").options]
    assert {"refund_partial", "refund_returnless"}.isdisjoint(moving)


def test_who_can_choose_nothing_is_told_how_to_reach_us():
    assert "Please reply to our message" in show([asking("lost", "choice", lost_at=NOW, taken=4_990)])


def test_an_offer_says_what_it_is_worth():
    assert said_of(question("delivery_late", "amends")) == {
        "wait": ["We have the carrier look for your parcel."],
        "coupon": ["You get a coupon worth $4.99."],
    }
    found = question("pick_error", "choice", delivered_at=NOW)
    assert said_of(found)["refund_partial"][0].startswith("$14.97 goes back")


def test_while_a_refund_is_under_way_none_is_promised():
    found = question("lost", "choice", lost_at=NOW, refund_pending_at=NOW)
    assert said_of(found)["refund_full"] == ["One of us takes care of it."]


def test_a_date_is_said_until_it_has_passed():
    def expected(days: int) -> bool:
        body = question("delivery_late", "amends", estimated_at=Instant(NOW + days * DAY)).body
        return "We now expect it on" in body[0].words

    assert expected(2)
    assert not expected(-2)


def test_what_follows_silence_is_said_where_the_words_do_not():
    def after(**more: Any) -> str:
        line = question("damaged", "choice", **more).after
        return "" if line is None else line.words

    assert after() == deed_words.ASKED_AGAIN
    assert question("lost", "choice").after is None
    # After the third question nobody asks again.
    third = question("pick_error", "choice", visits={"choice": 3, "asked_enough": 2}).after
    assert third is not None
    assert third.words == deed_words.TAKEN_UP


def test_a_question_whose_time_is_over_is_not_asked():
    late = Instant(NOW + 48 * HOUR)
    assert 'class="options"' in show([asking("lost", "choice")], now=Instant(late - 1))
    assert 'class="options"' not in show([asking("lost", "choice")], now=late)


@LANGUAGES
def test_two_questions_stand_one_below_the_other(language: Language):
    text = show([asking("lost", "choice"), asking("address_incomplete", "held")], language)
    assert text.count('class="options"') == 2
    assert text.count("<h1>") == 1


@LANGUAGES
def test_after_a_choice_it_says_what_happens_and_by_when(language: Language):
    playbook = built_in_playbooks()["lost"]
    standing = matters.standing_at("lost", "refund")
    refund = act("refund", "approved", id=intent_of(standing, playbook["refund"]), amount=4_990)
    letter = act("offer", what="parcel_lost", at=Instant(NOW - 5 * HOUR))
    found = matter("lost", "refund", [letter, refund], answered=[chose("choice#1", "refund_full", 1)])
    text = show([found], language)
    say = wording_for(journey_of("1001", EVENTS, NOW), language, NOW)
    translated = catalogue("portal", language).gettext
    choice = built_in_texts()[language.tag].options["refund_full"]
    assert str(escape(translated(deed_words.CHOSE) % {"choice": choice})) in text
    assert "49" in text
    due = Instant(NOW + 2 * DAY)
    by = translated(deed_words.DONE_BY) % {"day": say.day(due), "time": say.hour(due)}
    assert str(escape(by)) in text
    assert 'class="options"' not in text


def test_what_was_done_is_told_with_amount_and_reference():
    found = matter(
        "lost", None,
        [
            act("offer", what="parcel_lost", at=Instant(NOW - 30 * HOUR)),
            act("refund", "confirmed", amount=4_990, ref="re_1Qx7", at=Instant(NOW - 3 * HOUR)),
            act("file_claim", "confirmed", amount=2_000, ref="claim_9", at=Instant(NOW - 2 * HOUR)),
            act("tell", "approved", what="refunded"),
        ],
        answered=[chose("choice#1", "refund_full", 10), chose("refund_by_hand#1", "done", 4)],
    )  # fmt: skip
    text = show([found])
    assert "$49.90 is on its way back to you." in text
    assert "Reference: re_1Qx7" in text
    assert "We wrote to you: Your parcel is lost: what would you like?" in text
    assert "You chose: All of my money back" in text
    assert "claim" not in text.lower()
    # What has not left is not done.
    assert "Your money is on its way back</span>" not in text
    deeds = text[text.index('id="deeds"') :]
    order = [deeds.index(part) for part in ("re_1Qx7", "You chose", "We wrote to you")]
    assert order == sorted(order)


@pytest.mark.parametrize(("step", "is_told"), [("refund_by_hand", True), ("claim_by_hand", False)])
def test_once_the_buyer_has_it_nothing_more_is_promised(step: str, is_told: bool):
    letter, refund = act("offer", what="parcel_lost"), act("refund", "confirmed", amount=4_990)
    text = show([matter("lost", step, [letter, refund])])
    assert ("One of us is looking after it." in text) is is_told
    by_hand = matter("lost", step, [letter], answered=[chose("refund_by_hand#1", "done")])
    assert ("One of us is looking after it." in show([by_hand])) is is_told
    assert "One of us is looking after it." in show([matter("lost", step, [letter])])


@pytest.mark.inv24
def test_what_strangers_say_never_becomes_markup():
    nasty = "<script>alert(1)</script>"
    wrote = event("message.received", 3.5, text=nasty, medium="order_page")
    found = [
        asking("lost", "choice", tracking=nasty, carrier=nasty),
        matter("damaged", None, [act("tell", what="parcel_lost", carrier=nasty), act("refund", amount=5, ref=nasty)]),
    ]
    messages = [Event(**{name: getattr(wrote, name) for name in wrote.__struct_fields__})]
    text = show(found, messages=messages, turn="other", chosen=nasty, draft="</textarea>" + nasty)
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 6


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://pay.example/x", 'https://x/"onclick="a', "//x"])
def test_no_link_leads_where_none_may(address: str):
    text = show([asking("duties_unpaid", "buyer_pays", pay_at=address)])
    assert "onclick" not in text
    assert f'href="{address}"' not in text


def test_where_something_can_be_paid_is_a_link():
    text = show([asking("duties_unpaid", "buyer_pays", pay_at="https://pay.example/x?a=1&b=2")])
    assert '<a href="https://pay.example/x?a=1&amp;b=2" rel="noreferrer noopener">' in text


def test_what_is_between_us_is_not_told():
    held = act("hold_order", "confirmed", reason="suspicion", reference="ref-7")
    found = matter("lost", "refund_by_hand", [act("tell", what="progress"), held])
    text = show([found])
    for inner in ("hold", "suspicion", "finance", "lead", "lost/", "refund_by_hand", "ref-7", "c1"):
        assert inner not in re.sub(r"<[^>]*>", " ", text), inner
    assert "One of us is looking after it." in text


def test_the_fields_of_an_answer_are_those_that_it_needs():
    assert [field.name for field in fields_of("address_to_correct", "corrected")][:2] == ["recipient", "street"]
    assert [field.name for field in fields_of("number_that_works", "given")] == ["phone"]
    assert [field.name for field in fields_of("number_for_customs", "given")] == ["text"]
    assert fields_of("parcel_lost", "refund_full") == ()
    # Nobody is to type a card's number anywhere.
    assert fields_of("where_to_refund", "bank_account") == fields_of("where_to_refund", "other_card") == ()


def test_japanese_is_among_the_languages():
    assert named("ja", PORTAL) is not None
