"""Each scenario truly causes what it says it does, in every order that it fits."""

from random import Random

import pytest

from amends.model.instant import DAY, Instant
from amends.sim.buyers import Buyers
from amends.sim.course import Course
from amends.sim.feeds import Network
from amends.sim.judge import judge
from amends.sim.plan import draft_order, plan_fulfilment, plan_payment, plan_words
from amends.sim.shops import SHOPS, draw_market
from amends.sim.tell import tell
from amends.sim.trouble import NONE, TROUBLES, Trouble
from amends.sim.world import START

# Stock is everybody's, so only the world can tell when an article is oversold.
_ELSEWHERE = {"oversold"}


def _course(rng: Random, trouble: Trouble) -> Course | None:
    shop = rng.choice(SHOPS)
    market = draw_market(rng, shop)
    buyer = Buyers(rng).draw(shop, market)
    course = draft_order(rng, 1, shop, market, buyer, Instant(START + rng.randint(0, DAY)))
    if not trouble.fits(course):
        return None
    trouble.bend_order(rng, course)
    plan_payment(rng, course)
    trouble.bend_payment(rng, course)
    if course.paid is not None:
        plan_fulfilment(rng, course)
        trouble.bend_fulfilment(rng, course)
        if course.parcels:
            trouble.bend_transit(rng, course)
            if course.cancelled is None:
                plan_words(rng, course)
                trouble.bend_aftermath(rng, course)
    tell(rng, course, Network([]))
    return course


def _courses(trouble: Trouble, count: int) -> list[Course]:
    rng = Random(type(trouble).__name__)
    courses: list[Course] = []
    while len(courses) < count:
        course = _course(rng, trouble)
        if course is not None:
            courses.append(course)
    return courses


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: type(trouble).__name__)
def test_a_scenario_causes_what_it_says(trouble: Trouble) -> None:
    for course in _courses(trouble, 40):
        found = {truth.exception for truth in judge(course)}
        if trouble.exception and trouble.exception not in _ELSEWHERE:
            assert trouble.exception in found, course
        elif not trouble.exception:
            assert not found, course


def test_an_ordinary_order_has_nothing_wrong_with_it() -> None:
    for course in _courses(NONE, 1500):
        assert judge(course) == [], course


def test_what_a_trouble_drags_along_is_found_too() -> None:
    stalled = next(trouble for trouble in TROUBLES if trouble.exception == "tracking_stalled")
    found = {truth.exception for course in _courses(stalled, 60) for truth in judge(course)}
    assert {"tracking_stalled", "delivery_late", "destination_dark"} <= found


def test_nothing_is_told_before_it_happens() -> None:
    for trouble in TROUBLES:
        for course in _courses(trouble, 5):
            facts = [course.created, *(scan.seen for parcel in course.parcels for scan in parcel.scans)]
            facts += [message.sent for thread in course.threads for message in thread.messages]
            assert all(fact.told > fact.at for fact in facts if not course.unknown_to_shop)
