"""Reads what only a surge has, and says what is wrong with it."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from amends.detection.document import Document, Path
from amends.detection.reading import Reader, is_number, length_of, near, texts_of
from amends.detection.rule import Rate, Surge, Wait, parse_rate
from amends.detection.written import Scope
from amends.model.instant import DAY, MINUTE, Duration

_OF: Final = ("rules", "on", "hits", "wait")


def read_surge(
    reader: Reader, document: Document, path: Path, entry: dict[str, Any], who: str, row: Scope,
    waits: Mapping[str, Wait], links: Collection[str], parent: str | None,
) -> Surge | None:  # fmt: skip
    """The surge of a rule's entry; `row` is what its `hits` may name, `waits` and `links` are those over its table,
    `parent` is the kind of subject that its rows belong to.

    None if it is none, or something is wrong.
    """
    if entry.get("kind") != "surge":
        return None
    return _SurgeReader(reader, document, path, entry, who, links, parent).read(row, waits)


class _SurgeReader:
    def __init__(
        self, reader: Reader, document: Document, path: Path, entry: dict[str, Any], who: str,
        links: Collection[str], parent: str | None,
    ) -> None:  # fmt: skip
        self._reader, self._document, self._path, self._entry, self._who = reader, document, path, entry, who
        self._links, self._parent = links, parent

    def _say(self, key: str, sentence: str) -> None:
        path = (*self._path, key) if key in self._entry else self._path
        self._reader.say(self._document, path, f"{self._who}: {sentence}")

    def read(self, row: Scope, waits: Mapping[str, Wait]) -> Surge | None:
        of = self._entry.get("of")
        if not isinstance(of, dict) or len({"rules", "on", "wait"} & of.keys()) != 1:
            self._say("of", "`of` should hold either rules, on or wait")
            return None
        for key in of:
            if key not in _OF:
                self._say(
                    "of", f"`{key}` does not belong in `of`; it has rules, wait, or on and perhaps hits{near(key, _OF)}"
                )
        rules = self._rules(of) if "rules" in of else ()
        path: Path = (*self._path, "of")
        on = self._reader.event_types(self._document, path, self._who, of["on"]) if "on" in of else ()
        hits = of.get("hits")
        if hits is not None:
            self._reader.condition(self._document, path, hits, row, f"{self._who}, hits")
        by = self._by(row)
        window, rate = self._window(), self._rate()
        ratio = self._entry.get("ratio", False)
        if not isinstance(ratio, bool):
            self._say("ratio", f"`ratio: {ratio}` should be true or false")
            ratio = False
        if window and rate and rate.count * window >= rate.per:
            self._say(
                "false_alarms", "`false_alarms` allows one in every window; write a longer time, such as 1 per 60 days"
            )
        numbers = {
            "at_least": self._number("at_least", 3, "a whole number from 1 on", whole=True),
            "half_life": self._number("half_life", 30, "a number of windows above 0"),
            "prior": self._number(
                "prior", 0.5, "a share between 0 and 1" if ratio else "a number of hits a window above 0",
                below=1 if ratio else None,
            ),
            "prior_strength": self._number("prior_strength", 20, "a number of records above 0"),
        }  # fmt: skip
        distinct = self._distinct(row, of, ratio=ratio)
        falls_to = self._number("falls_to", 0.25, "a share between 0 and 1, such as 0.25", below=1)
        fits = self._waits_in_groups(of["wait"], by, window, waits) if "wait" in of else True
        if window is None or rate is None or not fits:
            return None
        return Surge(
            rules=rules,
            on=on,
            hits=None if hits is None else str(hits),
            by=by,
            window=window,
            at_least=int(numbers["at_least"]),
            false_alarms=rate,
            half_life=float(numbers["half_life"]),
            prior=float(numbers["prior"]),
            ratio=ratio,
            prior_strength=float(numbers["prior_strength"]),
            wait=of.get("wait"),
            falls_to=falls_to,
            distinct=distinct,
        )

    def _waits_in_groups(
        self, name: Any, by: tuple[str, ...], window: Duration | None, waits: Mapping[str, Wait]
    ) -> bool:
        """Whether there is such a wait, of the same groups, and the windows are of a length that suits it."""
        wait = waits.get(name) if isinstance(name, str) else None
        if wait is None:
            self._say("of", f"there is no wait `{name}` over this table{near(name, waits)}")
            return False
        if sorted(by) != sorted(wait.by[0]):
            self._say("by", f"a surge of the wait `{name}` goes by its narrowest groups: {', '.join(wait.by[0])}")
            return False
        if window is not None and not MINUTE <= window <= DAY:
            self._say("window", "a surge of a wait has windows from a minute to a day")
            return False
        return True

    def _rules(self, of: dict[str, Any]) -> tuple[str, ...]:
        rules = texts_of(of["rules"]) if isinstance(of["rules"], list) else None
        if not rules:
            self._say("of", "`rules` should be a list of ids of rules, such as [tracking_stalled]")
        if "hits" in of:
            self._say("of", "`hits` goes with `on`; each finding of the rules is a hit")
        return rules or ()

    def _by(self, row: Scope) -> tuple[str, ...]:
        stated = self._entry.get("by")
        by = texts_of(stated) if stated else ()
        if not by:
            self._say("by", "`by` should name what to group by, such as [carrier, destination]")
        known = {*row.names, *self._links}
        for name in by or ():
            if name not in known:
                self._say("by", f"there is no `{name}` to group by{near(name, known)}")
        if len(set(by or ()) & set(self._links)) > 1:
            self._say("by", "a surge goes by one link at most")
        return by or ()

    def _distinct(self, row: Scope, of: dict[str, Any], *, ratio: bool) -> str | None:
        name = self._entry.get("distinct")
        if name is None:
            return None
        known = {*row.names, *([self._parent] if self._parent else [])}
        if not isinstance(name, str) or name not in known:
            self._say("distinct", f"there is no `{name}` whose values could be counted{near(name, known)}")
            return None
        if row.names.get(name) == "decimal":
            self._say("distinct", f"`{name}` is decimal; whether two decimals are the same cannot be said")
        if "on" not in of:
            self._say("distinct", "`distinct` counts values of events: it goes with `on`")
        if ratio:
            self._say("distinct", "`distinct` counts values, which have no share in the events: leave `ratio` out")
        return name

    def _window(self) -> Duration | None:
        stated = self._entry.get("window")
        window = length_of(stated)
        if not window:
            self._say(
                "window", f"`window`: {str(stated)!r} is not a length of time: write one such as 1 day or 6 hours"
            )
        return window or None

    def _rate(self) -> Rate | None:
        rate = parse_rate(str(self._entry.get("false_alarms", "")))
        if rate is not None and rate.count > 0 and rate.per > 0:
            return rate
        self._say("false_alarms", "`false_alarms` should state a rate, such as 1 per 60 days")
        return None

    def _number(self, key: str, usual: float, what: str, *, below: float | None = None, whole: bool = False) -> float:
        """A number above 0; `what` says which, if it is none."""
        value = self._entry.get(key, usual)
        fits = is_number(value) and value > 0 and (below is None or value < below)
        if not fits or (whole and not isinstance(value, int)):
            self._say(key, f"`{key}: {value}` should be {what}")
            return usual
        return float(value)
