"""The texts of every language: what the reader refuses, and what all that come with Amends keep to."""

import re
import unicodedata
from importlib.resources import files
from itertools import chain, combinations

import pytest

from amends.messaging.errors import UnreadableTextsError
from amends.messaging.languages import LANGUAGES
from amends.messaging.phrase import Phrase, parse_phrase
from amends.messaging.placeholders import PLACEHOLDERS
from amends.messaging.texts import answers, built_in_texts, read_languages
from amends.resolution.bookshelf import built_in_playbooks
from amends.resolution.playbook import LATE, Playbook, Step
from amends.resolution.words import built_in_words

TEXTS = built_in_texts()
FOLDER = files("amends.messaging").joinpath("texts")
SOURCES = {tag: FOLDER.joinpath(f"{tag}.yaml").read_text(encoding="utf-8") for tag in LANGUAGES}
EAST = ("zh-Hans", "ja")

VALUES = {name: "https://shop.example/x" if kind == "link" else "X1" for name, (kind, _) in PLACEHOLDERS.items()}
GAPS = re.compile(
    r"None|[\[\]{}|]|  | [.,;:!?)，。；：！？）]|[(（¿¡] |[(（][)）]|[.,;:，。；：]{2}|^[.,;:，。；：)）]", re.MULTILINE
)
"""What a sentence looks like that lost a part of itself."""


def phrases(tag: str) -> dict[str, Phrase]:
    """Every phrase of a language by where it stands."""
    book = TEXTS[tag]
    return (
        {f"frame {name}": phrase for name, phrase in book.frame.items()}
        | {f"subject {name}": text.subject for name, text in book.texts.items()}
        | {f"body {name}": text.body for name, text in book.texts.items()}
    )


@pytest.mark.parametrize("tag", LANGUAGES)
def test_no_phrase_has_a_gap_whatever_is_known(tag: str) -> None:
    for place, phrase in phrases(tag).items():
        names = sorted(phrase.placeholders)
        for known in chain.from_iterable(combinations(names, count) for count in range(len(names) + 1)):
            said = phrase.said({name: VALUES[name] for name in known})
            assert not GAPS.search(said), f"{place} with {known}: {said}"
            assert said == said.strip()
            assert said or place in ("frame reference", "frame news")


@pytest.mark.parametrize(
    "gap", ["on .", "your parcel ( )", "due  on", "by None", "goes,, then", "a {date}", "ab\n, and"]
)
def test_a_gap_would_be_found(gap: str) -> None:
    assert GAPS.search(gap)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_an_address_ends_its_line(tag: str) -> None:
    # Mail programs take what stands close behind an address for a part of it.
    for place, phrase in phrases(tag).items():
        said = phrase.said(VALUES)
        assert said.count("https://") == len(re.findall(r"https://shop.example/x$", said, re.MULTILINE)), place


@pytest.mark.parametrize("tag", LANGUAGES)
def test_everything_that_is_known_is_said(tag: str) -> None:
    # The last alternative may hide one that asks for the same: then it could never be said.
    for place, phrase in phrases(tag).items():
        said = phrase.said({name: f"<{name}>" for name in phrase.placeholders})
        assert {name for name in phrase.placeholders if f"<{name}>" not in said} == set(), place


def test_every_text_that_playbooks_may_name_is_there_in_six_languages() -> None:
    assert sorted(TEXTS) == sorted(["en", "zh-Hans", "es", "pt-BR", "de", "ja"])
    assert all(book.texts.keys() == built_in_words().texts.keys() for book in TEXTS.values())


def test_everything_that_a_buyer_may_choose_has_words() -> None:
    asked = {
        option
        for playbook in built_in_playbooks().values()
        for step in playbook.steps
        if step.do in ("ask", "offer")
        for option in step.options
    }
    assert answers() == asked | built_in_words().remedies
    for book in TEXTS.values():
        assert book.options.keys() == answers()


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_choices_of_one_question_differ(tag: str) -> None:
    for playbook in built_in_playbooks().values():
        for step in playbook.steps:
            if step.do in ("ask", "offer"):
                words = [TEXTS[tag].options[option] for option in step.options]
                assert len(set(words)) == len(words), (playbook.exception, step.name)


def test_no_two_languages_say_the_same() -> None:
    for name in built_in_words().texts:
        bodies = [book.texts[name].body for book in TEXTS.values()]
        assert len(set(bodies)) == len(LANGUAGES), name


@pytest.mark.parametrize("tag", LANGUAGES)
def test_no_two_texts_of_a_language_are_the_same(tag: str) -> None:
    bodies = [text.body for text in TEXTS[tag].texts.values()]
    assert len(set(bodies)) == len(bodies)


def _scripts(said: str) -> set[str]:
    return {unicodedata.name(each).split()[0] for each in said if each.isalpha()}


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_text_is_written_in_its_own_script_only(tag: str) -> None:
    own = {"zh-Hans": {"CJK"}, "ja": {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}}.get(tag, {"LATIN"})
    said = {place: phrase.said({}) for place, phrase in phrases(tag).items()}
    said |= {f"option {name}": words for name, words in TEXTS[tag].options.items()}
    for place, words in said.items():
        assert _scripts(words) <= own, place
        for line in words.split("\n"):
            if tag == "ja" and place.startswith("body"):
                assert "HIRAGANA" in _scripts(line), place


FAMILIAR = {
    "zh-Hans": r"你",
    "es": r"\b(tú|tu|tus|te|ti|contigo|puedes|tienes)\b",
    "pt-BR": r"\b(tu|teu|tua|teus|tuas|vós)\b",
    "de": r"\b(du|dir|dich|dein|deine|deinen|deinem|deiner|euch|euer|eure)\b",
    "ja": r"(?<!で)(だ|である)。",
}


@pytest.mark.parametrize("tag", FAMILIAR)
def test_buyers_are_spoken_to_politely(tag: str) -> None:
    for place, phrase in phrases(tag).items():
        assert not re.search(FAMILIAR[tag], phrase.said({}), re.IGNORECASE), place


def test_japanese_sentences_end_as_a_shop_ends_them() -> None:
    for name, text in TEXTS["ja"].texts.items():
        for sentence in text.body.said({}).replace("\n", "").split("。")[:-1]:
            assert re.search(r"(ます|です|ません|ました|でした|ください|か)$", sentence), (name, sentence)


# What is said to follow where no answer comes has to be what the playbooks do then.
SILENCE = {
    "still_wanted": {"give_up"},
    "ships_later_choice": {"until_shipped"},
    "cannot_send": {"cancel"},
    "note_cannot_be_heeded": {"put_right"},
    "may_come_late": {"under_way"},
    "late_amends": {"trace"},
    "parcel_choice": {"pay_back"},
    "parcel_lost": {"pay_back"},
    "parcel_not_found": {"pay_back"},
    "look_around": {"false_alarm"},
    "parcel_comes_back": {"pay_back"},
}


# What is said to be done now has to be what the next step does.
NEXT = {
    "paid_too_much": {"pay_back"},
    "paid_twice": {"pay_back"},
    "no_order_money_returns": {"pay_back"},
    "cancelled_money_returns": {"pay_back"},
    "waited_too_long_money_returns": {"pay_back"},
    "import_refused_money_returns": {"pay_back"},
    "return_refund_comes": {"pay_back"},
    "refund_on_its_way": {"look_up_refund"},
    "payment_arrived": {"mend_order"},
    "parcel_being_traced": {"trace_parcel"},
    "parcel_between_carriers": {"find_last_mile_carrier"},
    "parcel_went_wrong_way": {"instruct_carrier"},
    "held_by_customs": {"ask_broker", "correct_declaration"},
    "duties_are_ours": {"pay_duties"},
    "return_being_inspected": {"inspect_return"},
    "answer_comes": {"answer_buyer"},
    "promise_kept_later": {"keep_promise"},
}


def test_what_is_said_to_be_done_now_is_what_comes_next() -> None:
    found: dict[str, set[str]] = {}
    for playbook in built_in_playbooks().values():
        for step in playbook.steps:
            if step.do == "tell":
                to = playbook[step.on["done"]]
                found.setdefault(step.what, set()).add(to.what if to.do in ("act", "task") else to.name)
    assert {name: found[name] for name in NEXT} == NEXT
    returns = {
        name for name, text in TEXTS["en"].texts.items() if re.search(r"are sending .*(back|to) ", text.body.said({}))
    }
    assert returns == {name for name, to in NEXT.items() if to == {"pay_back"}}


def _after_silence(playbook: Playbook, step: Step) -> str:
    """The step at which a case arrives whose buyer never answers this question."""
    to = playbook[step.on[LATE]]
    return to.on["yes"] if to.do == "check" and "times" in to.what else to.name


def test_what_is_said_of_silence_is_what_happens() -> None:
    found: dict[str, set[str]] = {}
    for playbook in built_in_playbooks().values():
        for step in playbook.steps:
            if step.do in ("ask", "offer"):
                found.setdefault(step.what, set()).add(_after_silence(playbook, step))
    assert {name: found[name] for name in SILENCE} == SILENCE
    says = {
        name for name, text in TEXTS["en"].texts.items() if re.search(r"hear nothing|do not answer", text.body.said({}))
    }
    assert says == SILENCE.keys()


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("  paid_twice:\n", "  paid_twicee:\n", "de.yaml:[0-9]+: there is no text `paid_twicee`; did you mean `paid_t"),
        ("    subject: Ihr Gutschein\n", "", "de.yaml:[0-9]+: the part `subject` is missing"),
        ("subject: Ihr Gutschein", "subjekt: Ihr Gutschein", "there is no part `subjekt`; did you mean `subject`"),
        ("subject: Ihr Gutschein", "subject: 7", "`subject` should be a text, and 7 is none"),
        ("subject: Ihr Gutschein", 'subject: "Ihr\\nGutschein"', "the subject of `coupon_given` has more than one"),
        ("subject: Ihr Gutschein", "subject: '[{code}]'", "`subject` says nothing where nothing is known"),
        ("[ über {amount}]", "[ über {amuont}]", "de.yaml:[0-9]+: there is no placeholder {amuont}; did you mean `am"),
        ("[ über {amount}]", "", "`coupon_given` does not say {amount}"),
        ("Ihr Gutschein", "Ihr Gutschein[ {place}]", "`coupon_given` says more than the English: {place}"),
        ("[ über {amount}]", " über {amount}", "`{amount}` may be unknown: put what depends on it in brackets"),
        ("[ über {amount}]", "[ über {amount}", "has a `\\[` that belongs to nothing"),
        ("[ über {amount}]", "[ über {amount]", "has a `{` that belongs to nothing"),
        ("[ über {amount}]", "[ über viel]", "leaves nothing open, so it is said in any case"),
        ("[ über {amount}]", "[ über viel| über {amount}]", "leaves nothing open, so it is said in any case"),
        ("  wait: Ich warte noch\n", "", "de.yaml:[0-9]+: the option `wait` is missing"),
        ("wait: Ich warte noch", "wait: Ich warte[ bis {date}]", "the option `wait` can leave nothing open"),
        ("frame:\n", "frames:\n", "there is no part `frames`; did you mean `frame`"),
        ("frame:\n", "frame: [\n", "de.yaml:[0-9]+: not YAML"),
        ("Guten Tag[ {name}],", "Guten Tag,", "`greeting` does not say {name}"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_a_sentence_at_its_place(before: str, after: str, sentence: str) -> None:
    assert before in SOURCES["de"]
    broken = SOURCES | {"de": SOURCES["de"].replace(before, after, 1)}
    with pytest.raises(UnreadableTextsError, match=sentence):
        read_languages(broken)


def test_other_languages_are_nothing_without_english() -> None:
    with pytest.raises(UnreadableTextsError, match="there are no texts in English"):
        read_languages({"de": SOURCES["de"]})


def test_a_text_that_is_missing_is_named() -> None:
    start = SOURCES["ja"].index("  paid_twice:")
    end = SOURCES["ja"].index("  payment_arrived:")
    with pytest.raises(UnreadableTextsError, match=r"ja.yaml:[0-9]+: the text `paid_twice` is missing"):
        read_languages(SOURCES | {"ja": SOURCES["ja"][:start] + SOURCES["ja"][end:]})


def test_a_value_that_ends_in_a_full_stop_ends_the_sentence() -> None:
    phrase = parse_phrase("[By {until}|Soon]. [From {shop}.]")
    assert phrase.said({"until": "6 p.m.", "shop": "Acme Inc."}) == "By 6 p.m. From Acme Inc."
    assert phrase.said({"until": "6:05"}) == "By 6:05."
    assert phrase.said({}) == "Soon."


def test_a_phrase_says_the_first_that_is_known() -> None:
    phrase = parse_phrase("It is late. [It comes on {date} with {carrier}.|It comes on {date}.|We do not know when.]")
    assert phrase.said({"date": "May 1", "carrier": "DHL"}) == "It is late. It comes on May 1 with DHL."
    assert phrase.said({"date": "May 1"}) == "It is late. It comes on May 1."
    assert phrase.said({"carrier": "DHL"}) == "It is late. We do not know when."
