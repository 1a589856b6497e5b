"""Seasons and peaks: more orders on the great days, slower parcels after them, and the same world without."""

from amends.model.instant import DAY, HOUR, Duration, Instant, parse_instant
from amends.sim.climate import STEADY, Climate
from amends.sim.course import Course
from amends.sim.world import Plan, World

SINGLES = parse_instant("2026-11-11T00:00:00Z")


def test_a_sale_brings_five_times_the_orders_and_slow_carriers_for_days() -> None:
    peaks = Climate(peaks=True)
    assert peaks.volume(SINGLES) == 5 * peaks.volume(Instant(SINGLES - DAY))
    assert peaks.slowness("US", Instant(SINGLES + 9 * DAY)) == 1.4
    assert peaks.slowness("US", Instant(SINGLES + 12 * DAY)) == 1


def test_what_would_come_over_midnight_comes_sooner_where_a_sale_begins() -> None:
    peaks, evening = Climate(peaks=True), Instant(SINGLES - HOUR)
    assert peaks.next(evening, Duration(6 * HOUR)) == Instant(SINGLES + HOUR + 1)
    assert STEADY.next(evening, Duration(6 * HOUR)) == Instant(evening + 6 * HOUR + 1)


def _placed(climate: Climate) -> list[Course]:
    world = World(
        Plan.of(
            seed=4, orders=600, days=14, start=Instant(SINGLES - 7 * DAY), climate=climate, trouble=0,
            closures_every=400,
        )
    )  # fmt: skip
    courses: dict[str, Course] = {}
    note = world._payouts.enter

    def enter(course: Course) -> None:
        courses[course.key] = course
        note(course)

    world._payouts.enter = enter  # type: ignore[method-assign]
    for _ in world.run():
        pass
    return list(courses.values())


def test_orders_pile_up_and_parcels_are_slow_where_the_world_has_peaks() -> None:
    steady, peaks = _placed(STEADY), _placed(Climate(seasons=True, peaks=True))

    def on_the_day(courses: list[Course]) -> int:
        return sum(SINGLES <= course.created.at < SINGLES + DAY for course in courses)

    assert on_the_day(peaks) > 2.5 * on_the_day(steady)
    assert {parcel.slow for course in steady for parcel in course.parcels} <= {1.0, 1.25, 1.4, 0.7}
    assert max(parcel.slow for course in peaks for parcel in course.parcels) > 3
