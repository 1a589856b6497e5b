"""Playbooks as they are written: what is read, and what is refused with a sentence at its place."""

import re
from pathlib import Path

import pytest

from amends.resolution.bookshelf import built_in_lists
from amends.resolution.errors import UnreadablePlaybookError, UnreadableWordsError
from amends.resolution.facts import FACTS as FACT_NAMES
from amends.resolution.playbook import Playbook, outcomes_of, read_lists, read_playbooks
from amends.resolution.words import read_words

FACTS = ("total", "captured", "delivered_at")
GOOD = """
delivery_late:
  version: 2
  steps:
    - tell: late_with_new_date
    - wait: delivered_at IS NOT NULL
      within: 3 days
      on: {met: thanks, late: choice}
    - offer: parcel_choice
      name: choice
      options: [wait, reship, refund_full]
      within: 2 days
      on: {reship: again, refund_full: back, refused: person, late: person}
    - wait: delivered_at IS NOT NULL
      name: again_wait
      within: 10 days
      on: {late: person}
    - end: put_right
      name: thanks
    - act: replace_order
      name: again
      amount: total
      within: 1 day
      on: {done: again_wait, refused: person, late: person}
    - act: refund
      name: back
      amount: captured
      on: {done: thanks, refused: person}
    - escalate: lead
      name: person
"""


def test_a_playbook_is_read_and_every_outcome_leads_on() -> None:
    playbook = read_playbooks(GOOD, "late.yaml", FACTS)["delivery_late"]
    assert playbook.version == 2
    for step in playbook.steps:
        assert set(step.on) == set(outcomes_of(step))
    assert playbook["tell_late_with_new_date"].on == {"done": "wait"}
    assert playbook["choice"].on["wait"] == "again_wait"


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("delivery_late:", "delivery_lat:", "late.yaml:2: 'delivery_lat' is not .* did you mean `delivery_late`"),
        ("version: 2", "version: two", "late.yaml:2: give delivery_late a `version`"),
        ("tell: late", "tel: late", "late.yaml:5: say one of tell, ask"),
        ("within: 2 days", "withn: 2 days", "there is no `withn`; did you mean `within`"),
        ("within: 2 days", "within: 2", "'2' is not a length of time"),
        ("refused: person, late: person}\n    - wait", "late: person}\n    - wait", "`on` .* comes to `refused`"),
        ("reship: again", "reship: agian", "late.yaml:9: there is no step `agian`; did you mean `again`"),
        ("reship: again", "repair: again", "late.yaml:9: it never comes to `repair`"),
        ("name: thanks", "name: person", "two steps are called `person`"),
        ("amount: captured", "amount: captrued", "there is no fact `captrued`; did you mean `captured`"),
        ("amount: captured", "amount: SLEEP(3)", "is not something that can be asked here"),
        ("amount: captured", "amount: ((", "cannot be read as an SQL expression"),
        ("act: refund", "act: refunde", "late.yaml:25: there is no act `refunde`; did you mean `refund`"),
        ("tell: late_with", "tell: latee_with", "late.yaml:5: there is no text `latee_with_new_date`; did you mean"),
        ("escalate: lead", "escalate: leed", "there is no role `leed`; did you mean `lead`"),
        ("[wait, reship", "[wait, reshipp", "late.yaml:9: there is no remedy `reshipp`; did you mean `reship`"),
        ("      amount: captured\n", "", "late.yaml:25: `refund` is about money: give it an `amount`"),
        ("escalate: lead", "task: ship_today", "a task is somebody's: say in `with` the `role`"),
        ("escalate: lead", "task: ship_todayy\n      with: {role: warehouse}", "there is no task `ship_todayy`"),
        ("escalate: lead", "task: ship_today\n      with: {role: warehous}", "there is no role `warehous`; did you"),
        ("version: 2", "version: 2\n  concerns: nobody", "concerns one of buyer, many, house, and not 'nobody'"),
        ("version: 2", "version: 2\n  concerns: house", "concerns the house, to whom nothing can be said by `tell`"),
        ("version: 2", "version: 2\n  concerns: many", "concerns the many, to whom nothing can be said by `offer`"),
        ("version: 2", "version: 2\n  healed: thank", "`healed`: there is no step `thank`; did you mean `thanks`"),
        ("    - escalate: lead\n      name: person", "    - use: finish", "late.yaml:29: there is no list .* `finish`"),
        ("end: put_right", "end: forgotten", "a case ends with one of put_right"),
        ("options: [wait, reship, refund_full]", "options: wait", "`offer` needs `options`"),
        ("    - escalate: lead\n      name: person", "    - tell: progress\n      name: person", "nothing follows it"),
        ("- wait: delivered_at IS NOT NULL\n      within: 3 days\n      on: {met: thanks, late: choice}",
         "- wait: time", "say `within` what time"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_at_its_place(before: str, after: str, sentence: str) -> None:
    assert before in GOOD
    with pytest.raises(UnreadablePlaybookError, match=sentence):
        read_playbooks(GOOD.replace(before, after, 1), "late.yaml", FACTS)


SHARED = """
pay_back:
  - act: refund
    name: pay_back
    amount: captured
    within: 1 day
    on: {refused: person, late: person}
  - tell: refunded
finish:
  - end: put_right
  - escalate: lead
    name: person
all_of_it:
  - use: pay_back
  - use: finish
round:
  - use: round_again
round_again:
  - use: round
"""
LISTS = read_lists(SHARED, "shared.yaml")
USING = """
delivery_late:
  version: 1
  steps:
    - check: delivered_at IS NULL
      on: {no: end}
    - use: pay_back
      amount: captured - total
      on: {done: over}
    - end: written_off
      name: over
    - use: finish
"""


def using(text: str) -> Playbook:
    return read_playbooks(text, "late.yaml", FACTS, lists=LISTS)["delivery_late"]


def test_a_list_of_steps_stands_where_it_is_used() -> None:
    playbook = using(USING)
    assert [step.name for step in playbook.steps] == ["check", "pay_back", "tell_refunded", "over", "end", "person"]
    assert playbook["pay_back"].amount == "captured - total"
    assert playbook["tell_refunded"].on == {"done": "over"}
    # What one playbook asks of a list changes nothing for the next.
    plain = using("delivery_late:\n  version: 1\n  steps:\n    - use: all_of_it\n")
    assert (plain["pay_back"].amount, plain["tell_refunded"].on) == ("captured", {"done": "end"})


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("use: pay_back", "use: pay_bac", "late.yaml:7: there is no list of steps `pay_bac`; did you mean `pay_back`"),
        ("use: finish", "use: round", "shared.yaml:.*: `round` uses itself"),
        ("use: pay_back", "use: finish", "late.yaml:7: no step of `finish` has an `amount`"),
        ("amount: captured - total", "amuont: captured", "late.yaml:7: `use` has no `amuont`"),
        ("amount: captured - total", "amount: captured - totl", "shared.yaml:3: `captured - totl`: there is no fact"),
        ("{done: over}", "{doen: over}", "shared.yaml:8: it never comes to `doen`"),
        ("    - use: finish", "    - end: put_right", "shared.yaml:3: there is no step `person`"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(before: str, after: str, sentence: str) -> None:
    assert before in USING
    with pytest.raises(UnreadablePlaybookError, match=sentence):
        using(USING.replace(before, after))


def test_a_person_may_be_asked_to_decide() -> None:
    text = """
delivery_late:
  version: 1
  concerns: house
  healed: end
  steps:
    - task: judge_order
      with: {role: risk}
      options: [ship, do_not_ship]
      within: 1 day
      on: {do_not_ship: person, cannot: person, late: person}
    - end: put_right
    - escalate: lead
      name: person
"""
    playbook = read_playbooks(text, "late.yaml", FACTS)["delivery_late"]
    assert (playbook.concerns, playbook.healed) == ("house", "end")
    assert outcomes_of(playbook["task_judge_order"]) == ("ship", "do_not_ship", "cannot", "late")


def test_words_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(UnreadableWordsError, match=r"words.yaml: .*`pay`"):
        read_words("acts: {refund: {means: it, pay: refund}}\ntasks: {}\ntexts: {}\nroles: {}", "words.yaml", ())
    with pytest.raises(UnreadableWordsError, match=r"words.yaml: .*`roles`"):
        read_words("acts: {}\ntasks: {}\ntexts: {}", "words.yaml", ())
    with pytest.raises(UnreadablePlaybookError, match=r"shared.yaml:2: `pay_back` needs a list of steps"):
        read_lists("\npay_back: refund", "shared.yaml")


def test_the_playbooks_in_the_documents_can_be_read() -> None:
    text = (Path(__file__).parents[2] / "docs" / "playbooks.md").read_text(encoding="utf-8")
    found = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(found) == 2
    for each in found:
        assert read_playbooks(each, "playbooks.md", FACT_NAMES, lists=built_in_lists())
