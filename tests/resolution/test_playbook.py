"""Playbooks as they are written: what is read, and what is refused with a sentence at its place."""

import pytest

from amends.resolution.errors import UnreadablePlaybookError
from amends.resolution.playbook import outcomes_of, read_playbooks

FACTS = ("total", "captured", "delivered_at")
GOOD = """
delivery_late:
  version: 2
  steps:
    - tell: late_with_new_date
    - wait: delivered_at IS NOT NULL
      within: 3 days
      on: {met: thanks, late: choice}
    - offer: remedies
      name: choice
      options: [wait, reship, refund]
      within: 2 days
      on: {reship: again, refund: back, refused: person, late: person}
    - wait: delivered_at IS NOT NULL
      name: again_wait
      within: 10 days
      on: {late: person}
    - end: put_right
      name: thanks
    - act: reship
      name: again
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
        ("end: put_right", "end: forgotten", "a case ends with one of put_right"),
        ("options: [wait, reship, refund]", "options: wait", "`offer` needs `options`"),
        ("    - escalate: lead\n      name: person", "    - tell: bye\n      name: person", "nothing follows it"),
        ("- wait: delivered_at IS NOT NULL\n      within: 3 days\n      on: {met: thanks, late: choice}",
         "- wait: time", "say `within` what time"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_at_its_place(before: str, after: str, sentence: str) -> None:
    assert before in GOOD
    with pytest.raises(UnreadablePlaybookError, match=sentence):
        read_playbooks(GOOD.replace(before, after, 1), "late.yaml", FACTS)
