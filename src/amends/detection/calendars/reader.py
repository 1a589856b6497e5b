"""Reads the calendars of a pack, and says what is wrong with them."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from amends.detection.calendars.calendar import compiled
from amends.detection.calendars.hours import (
    ALWAYS,
    YEARS,
    CalendarError,
    Hours,
    Spans,
    parse_clock,
    parse_days,
    parse_spans,
    parse_week,
)
from amends.detection.calendars.terms import BUILT_IN, DEFAULT, Calendars
from amends.detection.document import Document, Path
from amends.model.suggestion import suggestion

_KEYS: Final = ("zone", "hours", "holidays", "closed", "open", "cutoff", "years")
_YEARS_MAX: Final = 60
_EXAMPLE: Final = "{zone: Asia/Shanghai, hours: {mon-sat: 09:00-18:00}, holidays: CN}"

Part = tuple[Document, Path, Any]
"""What is written, and where."""


class Problems(Protocol):
    """What collects the problems of a pack."""

    def say(self, document: Document, path: Path, sentence: str) -> None:
        """Note what is wrong at a place."""
        ...


def read_calendars(problems: Problems, named: Mapping[str, Part], by: Mapping[str, Part]) -> Calendars:
    """The calendars that are stated by name, and those by column; what cannot be read is said."""
    reader = _Reader(problems, named)
    stated = {BUILT_IN: ALWAYS}
    for name, (document, path, _) in named.items():
        if name == BUILT_IN:
            problems.say(
                document, path, "calendar `always` is open at all times and cannot be another; name it otherwise"
            )
        # One that cannot be read is complained of once, not wherever it is asked.
        stated[name] = reader.hours(name, ()) or ALWAYS
    columns = {}
    for column, (document, path, entry) in by.items():
        found = _mapping(problems, document, path, column, entry, {BUILT_IN, *named})
        columns[column] = found or {DEFAULT: BUILT_IN}
    return Calendars(named=stated, by=columns)


def _mapping(
    problems: Problems, document: Document, path: Path, column: str, entry: Any, known: set[str]
) -> dict[str, str] | None:
    who = f"calendars_by `{column}`"
    if not isinstance(entry, dict) or DEFAULT not in entry:
        problems.say(document, path, f"{who} should name a `default`, such as {{DE: german, default: always}}")
        return None
    unknown = [(text, name) for text, name in entry.items() if not isinstance(name, str) or name not in known]
    for text, name in unknown:
        problems.say(document, (*path, text), f"{who}: there is no calendar `{name}`{suggestion(str(name), known)}")
    return None if unknown else dict(entry)


class _Reader:
    def __init__(self, problems: Problems, named: Mapping[str, Part]) -> None:
        self._problems, self._named = problems, named
        self._known: dict[str, Hours | None] = {BUILT_IN: ALWAYS}

    def hours(self, name: str, above: tuple[str, ...]) -> Hours | None:
        """What is stated of a calendar; `above` are those that are the same as it."""
        if name not in self._known:
            document, path, entry = self._named[name]
            if isinstance(entry, str):
                self._known[name] = self._same(name, entry, above)
            else:
                self._known[name] = _CalendarReader(self._problems, document, path, name, entry).read()
        return self._known[name]

    def _same(self, name: str, other: str, above: tuple[str, ...]) -> Hours | None:
        document, path, _ = self._named[name]
        if other in (name, *above):
            circle = " is the same as ".join(f"`{one}`" for one in (*above, name, other))
            self._problems.say(document, path, f"calendar {circle}, a circle that never says the hours")
            return None
        if other != BUILT_IN and other not in self._named:
            near = suggestion(other, (BUILT_IN, *self._named))
            sentence = f"calendar `{name}`: there is no calendar `{other}`{near}; write a name, or {_EXAMPLE}"
            self._problems.say(document, path, sentence)
            return None
        return self.hours(other, (*above, name))


class _CalendarReader:
    def __init__(self, problems: Problems, document: Document, path: Path, name: str, entry: Any) -> None:
        self._problems, self._document, self._path, self._name = problems, document, path, name
        self._entry = entry
        self._is_sound = True

    def _say(self, path: Path, sentence: str) -> None:
        self._problems.say(self._document, (*self._path, *path), f"calendar `{self._name}`: {sentence}")
        self._is_sound = False

    def read(self) -> Hours | None:
        entry = self._entry
        if not isinstance(entry, dict):
            self._say((), f"should be a mapping such as {_EXAMPLE}, or the name of another")
            return None
        for key in entry:
            if key not in _KEYS:
                self._say((key,), f"`{key}` does not belong in a calendar{suggestion(str(key), _KEYS)}")
        zone = entry.get("zone", ALWAYS.zone)
        week = self._read("hours", parse_week, ALWAYS.week)
        hours = Hours(
            zone=str(zone),
            week=week,
            holidays=self._holidays(),
            closed=tuple(self._listed("closed", parse_days)),
            extra=self._extra(week),
            cutoff=self._read("cutoff", parse_clock, None),
            years=self._read("years", _years, YEARS),
        )
        if not self._is_sound:
            return None
        try:
            compiled(hours)
        except CalendarError as error:
            text = str(error)
            key = "zone" if "time zone" in text else "holidays" if "public holidays" in text else "hours"
            self._say((key,), text)
            return None
        return hours

    def _read(self, key: str, parse: Callable[[object], Any], default: Any) -> Any:
        if key not in self._entry:
            return default
        try:
            return parse(self._entry[key])
        except CalendarError as error:
            self._say((key,), str(error) if f"`{key}`" in str(error) else f"`{key}`: {error}")
            return default

    def _listed(self, key: str, parse: Callable[[object], Any]) -> list[Any]:
        stated = self._entry.get(key, [])
        found = []
        for one in stated if isinstance(stated, list) else [stated]:
            try:
                found.append(parse(one))
            except CalendarError as error:
                self._say((key,), f"`{key}`: {error}")
        return found

    def _extra(self, week: tuple[Spans, ...]) -> tuple[tuple[int, Spans], ...]:
        """Days that are open beside the week: by the hours of its first day, or by hours of their own."""
        usual = Hours(week=week).usual
        stated = self._entry.get("open", [])
        if not isinstance(stated, dict):
            days = self._listed("open", parse_days)
            return tuple((day, usual) for first, last in days for day in range(first, last + 1))
        found = []
        for text, spans in stated.items():
            try:
                first, last = parse_days(text)
                own = parse_spans(spans)
            except CalendarError as error:
                self._say(("open", text), f"`open`: {error}")
            else:
                found += [(day, own) for day in range(first, last + 1)]
        return tuple(found)

    def _holidays(self) -> tuple[str, ...]:
        stated = self._entry.get("holidays", [])
        codes = stated if isinstance(stated, list) else [stated]
        if not all(isinstance(code, str) and code for code in codes):
            self._say(("holidays",), "`holidays` should be an ISO 3166 code such as DE or DE-BY, or a list of them")
            return ()
        return tuple(codes)


def _years(stated: object) -> tuple[int, int]:
    first, dash, last = str(stated).partition("-")
    years = [part.strip() for part in (first, last if dash else first)]
    if not all(part.isascii() and part.isdigit() and 1970 <= int(part) <= 2200 for part in years):
        raise CalendarError(f"`{stated}` should be two years such as {YEARS[0]}-{YEARS[1]}")
    if not 0 <= int(years[1]) - int(years[0]) < _YEARS_MAX:
        raise CalendarError(f"`{stated}` should be up to {_YEARS_MAX} years from an earlier to a later one")
    return int(years[0]), int(years[1])
