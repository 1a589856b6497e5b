"""What is known of a case, gathered by itself."""

from typing import Any

import pytest
from tests.cases.shelf import Shelf, at, cleared, found, rule

from amends.cases.catalogue import built_in_catalogue
from amends.cases.dossier import Dossier, collect
from amends.detection.finding import Finding
from amends.model.event import Event
from amends.model.instant import HOUR

HELD = rule("customs_hold", "customs", "high", kind="fault")


def event(id: str, type: str, hours: float, *, learned: float | None = None, **data: Any) -> Event:
    received = at(hours if learned is None else learned)
    keys = {"order": "1001", "shipment": "LX1"}
    return Event(id=id, source="17track/acme", type=type, time=at(hours), received=received, keys=keys, data=data)


EVENTS = [
    event("s3", "shipment.scanned", 9, learned=12, status="released"),
    event("s1", "shipment.scanned", 1, status="departed"),
    event("s2", "shipment.scanned", 5, sub_status="InTransit_CustomsRequiringInformation"),
]


@pytest.fixture
def held() -> Finding:
    return found("customs_hold", hours=5, loss=40_00, kind="shipment", subject="LX1", cause="17track/acme s2",
                 carrier="4PX", destination="BR", respond_by=at(50), nothing=None)  # fmt: skip


@pytest.fixture
def dossier(held: Finding) -> Dossier:
    shelf = Shelf()
    shelf.batch(held)
    shelf.batch(found("tracking_stalled", hours=8, kind="shipment", subject="LX1"))
    shelf.batch(found("chargeback_opened", hours=9))
    (case,) = shelf.about("customs")
    told = Event(id="c", source="amends/cases", type="case.opened", time=at(5), keys={"order": "1001"})
    others = list(shelf.cases.values())
    return collect(case, [*EVENTS, told], rules={"customs_hold": HELD}, catalogue=built_in_catalogue(), others=others)


def test_facts_stand_in_the_order_in_which_they_happened(dossier: Dossier) -> None:
    assert [fact.id for fact in dossier.facts] == ["s1", "s2", "s3"], "and what we said of ourselves is none of them"
    assert [fact.late_by for fact in dossier.facts] == [None, None, 3 * HOUR]


def test_each_finding_points_to_the_fact_that_made_it(dossier: Dossier, held: Finding) -> None:
    assert [fact.proves for fact in dossier.facts] == [(), (held.id,), ()]


def test_and_to_the_one_that_ended_it(held: Finding) -> None:
    shelf = Shelf()
    shelf.batch(held)
    end = cleared(held, 12)
    shelf.batch(type(end)(finding=end.finding, cleared_at=end.cleared_at, cause="17track/acme s3"))
    dossier = collect(shelf.only(), EVENTS, rules={}, catalogue=built_in_catalogue())
    assert [fact.ends for fact in dossier.facts] == [(), (), (held.id,)]
    assert dossier.reasons[0].cleared_at == at(12)


def test_reasons_hold_the_conditions_and_what_they_were_held_against(dossier: Dossier) -> None:
    stalled, customs = dossier.reasons
    assert (customs.rule, customs.rule_kind, customs.explained) == ("customs_hold", "fault", False)
    assert [(value.name, value.type) for value in customs.values] == [
        ("carrier", "text"),
        ("destination", "text"),
        ("respond_by", "instant"),
    ]
    assert customs.says == HELD.says
    assert (stalled.rule_kind, stalled.conditions, stalled.explained) == (None, {}, True), "a rule that is gone"


def test_the_first_move_is_that_of_the_cause_not_of_its_symptom(dossier: Dossier) -> None:
    assert [move.exception for move in dossier.moves] == ["customs_hold"]
    assert dossier.moves[0].words["zh-Hans"].startswith("向清关行")


def test_deadlines_and_other_cases_are_part_of_it(dossier: Dossier) -> None:
    assert [(deadline.what, deadline.at) for deadline in dossier.deadlines] == [
        ("first_contact", at(29)),
        ("respond_by", at(50)),
    ]
    assert [(sibling.trouble, sibling.because) for sibling in dossier.siblings] == [("dispute", "order")]
