"""What the console calls the words of playbooks: nothing lacks a name in either language."""

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

import pytest

from amends.messaging.texts import answers
from amends.model.instant import Instant
from amends.resolution.bookshelf import built_in_playbooks
from amends.resolution.playbook import Step, outcomes_of
from amends.resolution.words import built_in_words
from amends.web.console.words import (
    Texts,
    amount_words,
    choice_words,
    condition_words,
    letter_words,
    naming,
    outcome_words,
    step_words,
    whose_part,
)
from amends.web.languages import CHINESE, CONSOLE, ENGLISH, Language
from amends.web.wording import Wording

STEPS = [step for playbook in built_in_playbooks().values() for step in playbook.steps]


def wording(language: Language) -> Wording:
    return Wording(language=language, zone=ZoneInfo("UTC"), now=Instant(0))


def names(*wanted: Iterable[str]) -> set[str]:
    return {name for each in wanted for name in each}


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        (naming().acts, names(built_in_words().acts)),
        (naming().tasks, names(built_in_words().tasks)),
        (naming().roles, names(built_in_words().roles)),
        (naming().options, names(*(step.options for step in STEPS if step.do == "task"))),
    ],
    ids=["acts", "tasks", "roles", "options"],
)
def test_every_name_has_words_in_both_languages(named: Mapping[str, Texts], wanted: set[str]) -> None:
    assert named.keys() == wanted
    for name, texts in named.items():
        assert texts.keys() == {language.tag for language in CONSOLE}, name
        assert all(texts.values()), name


def test_every_other_text_is_there_in_both_languages() -> None:
    told = naming()
    groups = [told.outcomes, told.conditions, told.amounts, *told.details.values()]
    for texts in (texts for group in groups for texts in group.values()):
        assert texts.keys() == {language.tag for language in CONSOLE}
        assert all(texts.values())


@pytest.mark.parametrize("language", CONSOLE, ids=lambda language: language.tag)
def test_no_two_tasks_of_a_role_are_called_alike(language: Language) -> None:
    roles = {(step.details["role"], step.what) for step in STEPS if step.do == "task"}
    called = [(role, naming().tasks[task][language.tag]) for role, task in roles]
    assert len(set(called)) == len(called)


@pytest.mark.parametrize("language", CONSOLE, ids=lambda language: language.tag)
def test_letters_and_choices_are_called_by_what_buyers_read(language: Language) -> None:
    say = wording(language)
    for text in built_in_words().texts:
        assert letter_words(text, say) not in ("", text.replace("_", " "))
    unworded = [option for option in answers() if choice_words(option, say) in ("", option)]
    assert unworded == []


def test_every_step_of_every_playbook_is_worded_in_chinese() -> None:
    say = wording(CHINESE)
    for step in STEPS:
        words = step_words(step, say)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in words), words
        for outcome in outcomes_of(step):
            assert any("\u4e00" <= letter <= "\u9fff" for letter in outcome_words(step, outcome, say)), outcome


@pytest.mark.parametrize("language", CONSOLE, ids=lambda language: language.tag)
def test_every_condition_and_amount_of_a_built_in_playbook_has_words(language: Language) -> None:
    say = wording(language)
    asked = {step.what for step in STEPS if step.do in ("check", "wait") and step.what != "time"}
    asked |= {step.when for step in STEPS if step.when is not None}
    for condition in asked:
        words = condition_words(condition, say)
        assert not any(sign in words for sign in ("NULL", ">", "=", "_at", "COALESCE")), words
    for amount in {step.amount for step in STEPS if step.amount is not None}:
        assert amount_words(amount, say) != amount


def test_every_detail_of_a_built_in_step_has_words() -> None:
    told = {(name, str(value)) for step in STEPS for name, value in step.details.items() if name != "role"}
    assert told == {(name, value) for name, values in naming().details.items() for value in values}


def test_what_has_no_words_is_said_as_it_is_written() -> None:
    say = wording(ENGLISH)
    assert condition_words("rating < 3 AND delivered_at IS NOT NULL", say) == "rating < 3 and it is delivered"
    step = Step(name="x", do="act", what="water_the_plants")
    assert step_words(step, say) == "water the plants"


def test_conditions_are_put_together_from_their_parts() -> None:
    condition = "delivered_at IS NULL AND (lost_at IS NOT NULL OR times >= 3)"
    expected = "it is not delivered and (the carrier calls it lost, or this point was reached 3 times)"
    assert condition_words(condition, wording(ENGLISH)) == expected


def test_acts_are_done_by_somebody_who_is_known() -> None:
    assert whose_part("refund") == "provider"
    assert whose_part("hold_order") == "channel"
    assert whose_part("trace_parcel") == "carrier"
    assert names(*naming().at.values()) <= names(built_in_words().acts)
