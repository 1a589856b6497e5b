# ruff: noqa: E501 - a case a line
"""Working calendars: equal to walking from quarter to quarter, and true to the days that everybody gets wrong."""

from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from tests.reference.calendars import Calendar as Naive

from amends.detection import Kernel, Pack, load_pack, pack_from_documents, pack_from_text
from amends.detection.calendars import ALWAYS, Calendar, compiled
from amends.detection.calendars.hours import YEARS
from amends.detection.expression import compile_expression
from amends.detection.pool import Pool
from amends.detection.scope import row_scope
from amends.model.event import Event
from amends.model.instant import DAY, HOUR, MINUTE, Instant, format_instant, parse_duration, parse_instant

BUILT_IN = Path(str(files("amends.detection") / "packs"))

ENTRIES: dict[str, dict[str, Any]] = {
    "warehouse": {
        "zone": "Asia/Shanghai", "hours": {"mon-sat": "09:00-18:00"}, "holidays": "CN",
        "closed": ["2026-03-09..2026-03-11"], "open": ["2026-03-15"], "cutoff": "16:00",
    },
    "office": {"zone": "Europe/Berlin", "hours": {"mon-thu": ["08:00-12:00", "13:00-17:00"], "fri": "08:00-12:30"}, "holidays": "DE-BY"},
    "nights": {"zone": "America/New_York", "hours": {"mon-fri": "22:00-06:00", "sat": "01:30-03:15"}, "holidays": "US"},
    "exchange": {"zone": "Asia/Shanghai", "hours": {"mon-fri": "09:00-18:00"}, "holidays": "CN"},
    "early": {"zone": "Europe/Berlin", "hours": {"sat,sun": "00:00-06:00"}},
    "gulf": {"zone": "Asia/Dubai", "hours": {"sun-thu": "00:00-24:00"}, "years": "2026-2026"},
    "half": {"zone": "Australia/Lord_Howe", "hours": {"mon,wed": "00:15-02:15", "sun": "01:45-02:00"}, "cutoff": "01:45"},
    "weekend": {"zone": "America/Sao_Paulo", "hours": {"sat-sun": "00:00-01:00"}, "years": "2018-2020"},
    "feasts": {"zone": "Europe/Berlin", "holidays": "DE", "open": {"2026-12-25": "10:00-12:00"}},
}  # fmt: skip


def read(entry: dict[str, Any]) -> Calendar:
    return compiled(pack_from_documents([{"calendars": {"it": entry}}]).calendars.named["it"])


def around(entry: dict[str, Any], random: Random) -> int:
    """A moment near a change of the clocks, a feast, an end of the years, or anywhere."""
    first, last = (int(year) for year in entry.get("years", "2026-2027").split("-"))
    days = [
        f"{year}-{day}T00:00:00Z"
        for year in (first, last)
        for day in ("03-08", "03-29", "04-05", "10-04", "10-25", "11-01", "12-25", "02-17")
    ]
    days += [f"{first}-01-01T00:00:00Z", f"{last + 1}-01-01T00:00:00Z", "2018-11-04T00:00:00Z", "2019-02-16T00:00:00Z"]
    chosen = int(parse_instant(random.choice(days))) + random.randint(-60, 60) * HOUR
    return chosen + random.choice((0, 0, MINUTE, 30 * MINUTE, random.randint(0, HOUR)))


@pytest.mark.parametrize("name", ENTRIES)
def test_a_compiled_calendar_equals_a_walk_from_quarter_to_quarter(name: str) -> None:
    random, entry = Random(name), ENTRIES[name]
    calendar, naive = read(entry), Naive(entry)
    since = np.array([around(entry, random) for _ in range(80)])
    longest = 4 if name in ("half", "weekend", "early") else 30
    length = np.array([random.choice((0, 1, -1, HOUR, random.randint(-longest * HOUR, longest * HOUR))) for _ in since])
    until = since + np.array([random.randint(-5 * DAY, 5 * DAY) for _ in since])
    count = np.array([random.randint(1, 5) for _ in since])
    pairs = list(zip(since.tolist(), length.tolist(), strict=True))
    assert calendar.after(since, length).tolist() == [naive.working(at, long) for at, long in pairs]
    assert calendar.between(since, until).tolist() == [
        naive.worked(*pair) for pair in zip(since.tolist(), until.tolist(), strict=True)
    ]
    assert calendar.days_after(since, count).tolist() == [
        naive.working_days(*pair) for pair in zip(since.tolist(), count.tolist(), strict=True)
    ]


def moment(text: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array([parse_instant(text)])


def due(calendar: Calendar, since: str, length: str) -> str:
    """When so much has been worked; `2 days` means working days."""
    at = moment(since)
    if length.endswith("days"):
        passed = calendar.days_after(at, np.array([int(length.split()[0])]))
    else:
        passed = calendar.after(at, np.array([parse_duration(length)]))
    return format_instant(Instant(int((at + passed)[0])))


@pytest.mark.parametrize(
    ("name", "since", "length", "at"),
    [
        # Saturday afternoon in Shanghai: an hour until six, the rest from Monday at nine.
        ("warehouse", "2026-11-28T17:00:00+08:00", "1 hour", "2026-11-28T18:00:00+08:00"),
        ("warehouse", "2026-11-28T17:00:00+08:00", "2 hours", "2026-11-30T10:00:00+08:00"),
        ("warehouse", "2026-11-29T12:00:00+08:00", "1 hour", "2026-11-30T10:00:00+08:00"),
        # The spring festival of 2026, from 15 to 23 February, and the Saturday before that is worked in exchange.
        ("exchange", "2026-02-13T17:00:00+08:00", "2 hours", "2026-02-14T10:00:00+08:00"),
        ("exchange", "2026-02-14T17:00:00+08:00", "2 hours", "2026-02-24T10:00:00+08:00"),
        # Before the cutoff a day counts as that day, after it as the next working day.
        ("warehouse", "2026-11-27T16:00:00+08:00", "1 days", "2026-11-28T18:00:00+08:00"),
        ("warehouse", "2026-11-27T16:00:01+08:00", "1 days", "2026-11-30T18:00:00+08:00"),
        ("warehouse", "2026-11-29T10:00:00+08:00", "1 days", "2026-12-01T18:00:00+08:00"),
        # Without a cutoff the day on which it happens does not count, whatever day it is.
        ("office", "2026-11-27T10:00:00+01:00", "1 days", "2026-11-30T17:00:00+01:00"),
        ("office", "2026-11-28T10:00:00+01:00", "1 days", "2026-11-30T17:00:00+01:00"),
        ("office", "2026-12-23T10:00:00+01:00", "2 days", "2026-12-28T17:00:00+01:00"),
        # Epiphany is a holiday of Bavaria.
        ("office", "2026-01-05T16:00:00+01:00", "2 hours", "2026-01-07T09:00:00+01:00"),
        # Hours that end on the next morning. Where the clocks go forward six have five, where they go back seven.
        ("nights", "2026-03-06T23:00:00-05:00", "7 hours", "2026-03-07T06:00:00-05:00"),
        ("early", "2026-03-29T00:00:00+01:00", "5 hours", "2026-03-29T06:00:00+02:00"),
        ("early", "2026-10-25T00:00:00+02:00", "7 hours", "2026-10-25T06:00:00+01:00"),
        # On Lord Howe half an hour comes twice, and with it this quarter.
        ("half", "2026-04-04T00:00:00Z", "30 minutes", "2026-04-04T15:30:00Z"),
        # Closed days, an extra day, and hours of an extra day.
        ("warehouse", "2026-03-07T18:00:00+08:00", "1 hour", "2026-03-12T10:00:00+08:00"),
        ("warehouse", "2026-03-14T18:00:00+08:00", "1 hour", "2026-03-15T10:00:00+08:00"),
        ("feasts", "2026-12-25T00:00:00+01:00", "1 hour", "2026-12-25T11:00:00+01:00"),
        # A zone of half an hour, and a week that goes round its end.
        ("gulf", "2026-11-26T20:00:00+04:00", "5 hours", "2026-11-29T01:00:00+04:00"),
        # Outside of its years it is open always, and a working day is 24 hours.
        ("gulf", "2027-01-01T20:00:00+04:00", "5 hours", "2027-01-02T01:00:00+04:00"),
        ("gulf", "2025-12-31T20:00:00+04:00", "1 days", "2026-01-01T20:00:00+04:00"),
    ],
)  # fmt: skip
def test_deadlines_that_can_be_worked_out_by_hand(name: str, since: str, length: str, at: str) -> None:
    assert due(read(ENTRIES[name]), since, length) == format_instant(parse_instant(at))


def test_always_is_as_if_there_were_no_calendar() -> None:
    always = compiled(ALWAYS)
    since = np.array([0, parse_instant("1900-01-01T00:00:00Z"), parse_instant("2026-10-25T00:30:00Z"), 9 * 10**16])
    assert always.after(since, np.full(4, 5 * HOUR)).tolist() == [5 * HOUR] * 4
    assert always.after(since, np.full(4, -5 * HOUR)).tolist() == [-5 * HOUR] * 4
    assert always.days_after(since, np.full(4, 3)).tolist() == [3 * DAY] * 4
    assert always.between(since, since[::-1]).tolist() == (since[::-1] - since).tolist()


@pytest.mark.parametrize("name", ENTRIES)
def test_what_has_been_worked_is_what_was_asked_for(name: str) -> None:
    random, calendar = Random(name), read(ENTRIES[name])
    since = np.array([around(ENTRIES[name], random) for _ in range(2_000)])
    length = np.array([random.randint(-100 * HOUR, 100 * HOUR) for _ in since])
    after = calendar.after(since, length)
    assert (calendar.between(since, since + after) == length).all()
    assert (np.abs(after) >= np.abs(length)).all()
    # Not a moment more than needed.
    assert (np.abs(calendar.between(since, since + after - np.sign(length))) == np.abs(length) - (length != 0)).all()


def test_a_calendar_is_the_same_as_another_by_name() -> None:
    named = pack_from_documents([{"calendars": {"a": "b", "b": ENTRIES["office"], "c": "always"}}]).calendars.named
    assert named["a"] == named["b"]
    assert named["c"] == ALWAYS
    assert ALWAYS.years == YEARS


RULES = """
tables:
  order:
    columns:
      country: {fold: last, of: country, on: order.placed}
      paid_at: {fold: min, of: time, on: order.paid}
calendars:
  warehouse: %s
calendars_by:
  country: {DE: warehouse, default: always}
rules:
  - id: handover_late
    kind: silence
    table: order
    trouble: fulfilment
    since: paid_at
    within: WORKING(paid_at, INTERVAL '16 hours', CALENDAR(country))
    until: paid_at IS NULL
    title: {en: Late, zh-Hans: 晚}
    says: {en: Late, zh-Hans: 晚}
"""
HOURS = "{zone: Europe/Berlin, hours: {mon-fri: 08:00-16:00}}"


def test_what_is_known_of_zones_and_holidays_is_part_of_the_pack() -> None:
    plain, free = (pack_from_text(RULES % text) for text in (HOURS, HOURS.replace("}}", "}, holidays: DE}")))
    assert plain.digest != free.digest
    assert plain.digest == pack_from_text(RULES % HOURS).digest


def test_a_column_is_read_only_where_it_matters() -> None:
    pack = pack_from_text(RULES % HOURS)
    assert {"country"} <= _named(pack)
    assert "country" not in _named(pack_from_text(RULES % "always"))


def _named(pack: Pack) -> frozenset[str]:
    rule = pack.rules["handover_late"]
    scope = row_scope(pack.tables["order"], pack.sets, pack.calendars)
    return compile_expression(rule.within or "", scope, Pool()).names


def test_a_silence_waits_by_the_calendar_of_the_row() -> None:
    kernel = Kernel(pack_from_text(RULES % HOURS))
    friday = parse_instant("2026-11-27T15:00:00+01:00")
    for number, country in enumerate(("DE", "FR", None), 1):
        data = {} if country is None else {"country": country}
        for type_, fields in (("order.placed", data), ("order.paid", {})):
            kernel.on_events(
                [
                    Event(
                        id=f"{type_}{number}",
                        source="s",
                        type=type_,
                        time=friday,
                        keys={"order": str(number)},
                        data=fields,
                    )
                ]
            )
    fired = {one.subject: format_instant(one.fired_at) for one in kernel.sweep(Instant(friday + 9 * DAY)).findings}
    # An hour of Friday, eight of Monday, seven of Tuesday; elsewhere sixteen hours on the clock.
    assert fired == {"1": "2026-12-01T14:00:00Z", "2": "2026-11-28T06:00:00Z", "3": "2026-11-28T06:00:00Z"}


def test_a_shop_that_declares_its_calendars_changes_the_built_in_rules(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "calendars:\n"
        "  warehouse: {zone: Asia/Shanghai, hours: {mon-sat: 09:00-18:00}, holidays: CN}\n"
        "  support: {zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}}\n"
        "  contact: {zone: Europe/Berlin, hours: {mon-fri: 00:00-24:00}}\n"
        "calendars_by:\n  medium: {phone: always, default: support}\n"
    )
    friday = parse_instant("2026-11-27T16:30:00+01:00")
    happened: list[tuple[str, dict[str, str], dict[str, Any]]] = [
        ("order.placed", {"order": "1"}, {"total": 100, "currency": "EUR"}),
        ("order.paid", {"order": "1"}, {}),
        ("message.received", {"thread": "mail"}, {"medium": "email"}),
        ("message.received", {"thread": "call"}, {"medium": "phone"}),
        ("case.opened", {"case": "c"}, {"severity": "high"}),
    ]
    events = [
        Event(id=str(number), source="s", type=type_, time=friday, keys=keys, data=data)
        for number, (type_, keys, data) in enumerate(happened)
    ]

    def fired(pack: Pack) -> dict[tuple[str, str], str]:
        kernel = Kernel(pack)
        kernel.on_events(events)
        found = kernel.sweep(Instant(friday + 20 * DAY)).findings
        return {(one.rule, one.subject): format_instant(one.fired_at) for one in found}

    rules = {
        ("handover_late", "1"),
        ("reply_overdue", "mail"),
        ("reply_overdue", "call"),
        ("first_contact_overdue", "c"),
    }
    plain = fired(load_pack())
    assert {key: plain[key] for key in rules} == {
        ("handover_late", "1"): "2026-11-30T15:30:00Z",
        ("reply_overdue", "mail"): "2026-11-27T16:30:00Z",
        ("reply_overdue", "call"): "2026-11-27T16:30:00Z",
        ("first_contact_overdue", "c"): "2026-11-28T15:30:00Z",
    }
    declared = fired(load_pack([BUILT_IN, own]))
    assert {key: declared[key] for key in rules} == {
        # Friday night in Shanghai: Saturday, Monday and Tuesday, until six there.
        ("handover_late", "1"): "2026-12-01T10:00:00Z",
        ("reply_overdue", "mail"): "2026-11-30T08:30:00Z",
        ("reply_overdue", "call"): "2026-11-27T16:30:00Z",
        ("first_contact_overdue", "c"): "2026-11-30T15:30:00Z",
    }
