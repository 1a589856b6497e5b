"""Many cases with one cause, told as stories."""

import pytest
from tests.cases.conftest import NewShelf
from tests.cases.shelf import Shelf, at, cleared, found

from amends.cases.action import AddNote, Assign, Merge, Resolve, TakeUp
from amends.cases.errors import IncidentResolvedError
from amends.cases.incident import Incident
from amends.detection.finding import Finding

LANE = {"carrier": "yanwen", "country": "BR"}


def stall(order: str, hours: float, loss: int = 20_00, currency: str = "GBP", **facts: str) -> Finding:
    return found("tracking_stalled", order, hours, loss=loss, currency=currency, **{**LANE, **facts})


def surge(hours: float, subject: str = "yanwen|BR") -> Finding:
    return found("lane_disruption", None, hours, kind="group", subject=subject, hits=3)


@pytest.fixture
def shelf(new_shelf: NewShelf) -> Shelf:
    """Three parcels have stalled on one lane, one elsewhere, and the surge has been noticed."""
    shelf = new_shelf()
    shelf.batch(stall("1", 1), stall("2", 2), stall("9", 2, country="FR"))
    shelf.batch(stall("3", 3, loss=10_00, currency="EUR"), surge(3))
    return shelf


def incident(shelf: Shelf) -> Incident:
    (only,) = shelf.incidents.values()
    return only


def members(shelf: Shelf) -> list[str]:
    return sorted(str(case.order) for case in shelf.cases.values() if case.incident)


def test_a_surge_gathers_the_cases_of_its_group(shelf: Shelf) -> None:
    lane = incident(shelf)
    assert members(shelf) == ["1", "2", "3"]
    assert (lane.exception, lane.group, lane.severity) == ("lane_disruption", LANE, "high")
    assert (lane.members, lane.joined, lane.recovered) == (3, 3, 0)
    assert lane.at_risk == {"GBP": 40_00, "EUR": 10_00}, "a sum for each currency"
    assert len(shelf.cases) == 4, "the surge itself is the incident, not one more case"


def test_a_surge_alone_is_an_incident_without_cases(new_shelf: NewShelf) -> None:
    shelf = new_shelf()
    shelf.batch(surge(3))
    assert (incident(shelf).members, incident(shelf).state, shelf.cases) == (0, "open", {})


def test_the_hits_of_a_surge_are_its_cases(new_shelf: NewShelf) -> None:
    def hit(order: str, hours: float) -> Finding:
        return found("brushing_suspected", order, hours, loss=30_00, address_key="x", cause=f"shop e{order}")

    ring = found("brushing_suspected", None, 3, kind="group", subject="x", hits=2, address_key="x")
    shelf = new_shelf()
    shelf.batch(hit("1", 3), hit("2", 3), ring)
    shelf.batch(hit("3", 4))
    shelf.batch(cleared(hit("2", 3), 5))
    assert members(shelf) == ["1", "3"]
    assert (incident(shelf).joined, incident(shelf).recovered, incident(shelf).at_risk) == (3, 1, {"GBP": 60_00})
    assert len(shelf.cases) == 3, "a case an order, none for the group"


def test_a_wave_of_orders_is_not_put_right_by_its_end(new_shelf: NewShelf) -> None:
    shelf = new_shelf()
    shelf.batch(surge(3))
    shelf.batch(cleared(surge(3), 24))
    assert (incident(shelf).state, incident(shelf).calm_at) == ("open", at(24))


def test_a_rate_that_is_usual_again_is_put_right(new_shelf: NewShelf) -> None:
    shelf = new_shelf()
    drop = found("payment_success_drop", None, 3, kind="group", subject="stripe|card")
    shelf.batch(drop)
    shelf.batch(cleared(drop, 5))
    assert (incident(shelf).state, incident(shelf).outcome) == ("resolved", "healed")


def test_it_takes_no_case_from_before_its_window(new_shelf: NewShelf) -> None:
    other = new_shelf()
    other.batch(stall("1", -20))
    other.batch(surge(3))
    assert incident(other).members == 0


def test_late_members_join_while_it_is_open(shelf: Shelf) -> None:
    shelf.batch(stall("4", 40))
    assert members(shelf) == ["1", "2", "3", "4"]
    assert shelf.record(shelf.about("delivery", "4")[0]) == ["opened", "joined_incident"]


def test_recovered_cases_leave_and_their_money_with_them(shelf: Shelf) -> None:
    shelf.batch(cleared(stall("1", 1), 5))
    lane = incident(shelf)
    assert (lane.members, lane.joined, lane.recovered, lane.at_risk) == (2, 3, 1, {"GBP": 20_00, "EUR": 10_00})
    member = shelf.members[lane.id, shelf.about("delivery", "1")[0].id]
    assert (member.left_at, member.left_as) == (at(5), "recovered")


def test_a_case_that_is_ill_again_comes_back(shelf: Shelf) -> None:
    shelf.batch(cleared(stall("1", 1), 5))
    shelf.batch(stall("1", 7))
    lane = incident(shelf)
    assert (lane.members, lane.joined, lane.recovered) == (3, 3, 0)


def test_a_case_whose_stake_grows_makes_the_incident_dearer(shelf: Shelf) -> None:
    shelf.batch(found("lost", "1", 6, loss=90_00))
    assert incident(shelf).at_risk == {"GBP": 110_00, "EUR": 10_00}


def test_what_a_person_resolves_leaves_as_resolved_and_merged_as_merged(shelf: Shelf) -> None:
    shelf.person(shelf.about("delivery", "1")[0], Resolve(outcome="put_right"), 5)
    shelf.batch(found("paid_not_updated", "2", 5))
    shelf.person(shelf.about("delivery", "2")[0], Merge(into=shelf.about("payment", "2")[0].id), 6)
    lane = incident(shelf)
    left = {member.left_as for member in shelf.members.values() if member.left_at is not None}
    assert left == {"resolved", "merged"}
    assert (lane.members, lane.recovered) == (2, 0), "the merged case's finding is a member by its new case"
    assert members(shelf) == ["2", "3"]


def test_it_is_over_when_calm_and_empty(shelf: Shelf) -> None:
    shelf.batch(cleared(surge(3), 24))
    assert incident(shelf).is_open
    shelf.batch(*(cleared(finding, 30) for finding in (stall("1", 1), stall("2", 2), stall("3", 3))))
    lane = incident(shelf)
    assert (lane.state, lane.outcome, lane.resolved_at, lane.at_risk) == ("resolved", "healed", at(30), {})


def test_a_resolved_incident_takes_no_new_members(shelf: Shelf) -> None:
    shelf.lead(incident(shelf), Resolve(outcome="put_right", why="flights are back"), 10)
    shelf.batch(stall("4", 11))
    assert shelf.about("delivery", "4")[0].incident is None
    shelf.batch(surge(30), stall("5", 29.5))
    first, second = sorted(shelf.incidents.values(), key=lambda each: each.opened_at)
    assert (first.state, second.state) == ("resolved", "open")
    assert (first.joined, second.joined) == (3, 1)


def test_a_group_that_surges_again_goes_on_with_its_open_incident(shelf: Shelf) -> None:
    shelf.batch(cleared(surge(3), 24))
    shelf.batch(surge(30))
    lane = incident(shelf)
    assert (len(lane.findings), lane.calm_at) == (2, None)
    assert [change.what for change in shelf.incident_changes] == ["opened", "calmed", "surged_again"]


def test_one_decision_for_all(shelf: Shelf) -> None:
    lane = shelf.lead(incident(shelf), Assign(to="lin"), 4)
    lane = shelf.lead(lane, AddNote(text="strike in Santos"), 5)
    lane = shelf.lead(lane, Resolve(outcome="put_right", cases=True, why="all reshipped"), 9)
    assert {case.state for case in shelf.cases.values() if case.order != "9"} == {"resolved"}
    assert (lane.owner, lane.members, lane.state) == ("lin", 0, "resolved")
    assert shelf.journaled().count("case.resolved") == 3
    with pytest.raises(IncidentResolvedError):
        shelf.lead(lane, Assign(to="mei"), 10)


def test_an_incident_that_somebody_leads_is_flagged_and_left_to_them(shelf: Shelf) -> None:
    shelf.lead(incident(shelf), Assign(to="lin"), 4)
    shelf.batch(cleared(surge(3), 24))
    shelf.batch(*(cleared(finding, 30) for finding in (stall("1", 1), stall("2", 2), stall("3", 3))))
    lane = incident(shelf)
    assert (lane.state, lane.healed_at) == ("open", at(30))


def test_its_curve_says_how_it_went(shelf: Shelf) -> None:
    shelf.batch(stall("4", 7))
    shelf.batch(cleared(stall("1", 1), 9))
    curve = sorted(shelf.points.values(), key=lambda point: point.at)
    assert [(point.at, point.members, point.recovered) for point in curve] == [
        (at(2), 3, 0),
        (at(6), 4, 0),
        (at(8), 3, 1),
    ], "a point for each two hours in which something happened"


def test_ten_of_a_kind_weigh_more_each(shelf: Shelf) -> None:
    before = shelf.about("delivery", "1")[0].grade
    shelf.batch(*(stall(f"x{number}", 4) for number in range(7)))
    shelf.clock(4.5)
    after = shelf.about("delivery", "1")[0].grade
    assert (before.severity, after.severity) == ("warning", "high")
    assert after.score == before.score * 3 // 2
    (reach,) = [line for line in after.lines if line.name == "reach"]
    assert reach.values == {"factor": "1.5", "cases": 10}


def test_a_wave_that_comes_and_goes_within_one_batch_was_never_there(new_shelf: NewShelf) -> None:
    shelf = new_shelf()
    waves = [stall("1", 1), stall("2", 2), surge(2)]
    work = shelf.batch(*waves, *(cleared(finding, 10) for finding in waves))
    assert work.is_empty
    assert (work.members, work.points, work.incident_changes) == ((), (), ())


def test_touching_a_member_does_not_move_it(shelf: Shelf) -> None:
    shelf.person(shelf.about("delivery", "1")[0], TakeUp(), 4)
    assert incident(shelf).members == 3
