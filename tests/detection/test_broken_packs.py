# ruff: noqa: E501 - a case a line
"""Every built-in rule, column, wait, link and calendar broken in every field: the answer is sentences with their places."""

import copy
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files
from random import Random
from typing import Any, NamedTuple

import pytest
import yaml

from amends.detection import PackError, pack_from_text
from amends.detection.document import Document, Path, parse_document

FOLDER = files("amends.detection") / "packs"
NOTHING_OF_THE_KIND: tuple[Any, ...] = ([], {}, 3, 2.5, True, [{}], {"a": {"b": 1}}, [["x"]], "", "§", 10**30)
CONDITIONS = ("when", "until", "where", "over", "never", "hits")
NUMBERS = ("version", "at_least", "half_life", "prior", "prior_strength", "enough", "at_most")
OPTIONAL = {
    "rule": {"exception", "version", "severity", "loss", "evidence", "where", "before", "ratio", "prior", "half_life", "falls_to",
             "at_least", "prior_strength", "when", "until", "distinct"},
    "column": {"where"},
    "link": {"at_most"},
    "wait": {"ends", "over", "never", "by", "half_life", "enough"},
    "calendar": {"zone", "hours", "holidays", "closed", "open", "cutoff", "years"},
}  # fmt: skip
_NAME = re.compile(
    r"'[^']*'|\b(?!(?:AND|OR|NOT|IS|NULL|IN|BETWEEN|CASE|WHEN|THEN|ELSE|END|TRUE|FALSE|INTERVAL)\b)[A-Za-z_]+\b"
)


class Broken(NamedTuple):
    """An entry of a pack with one field that is not as it was; `is_fine` if nobody could tell."""

    what: str
    name: str
    key: str
    how: str
    entry: dict[str, Any]
    is_fine: bool


def documents() -> dict[str, Any]:
    """The built-in pack as one document."""
    whole: dict[str, Any] = {"rules": []}
    whole |= {part: {} for part in ("sets", "calendars", "calendars_by", "tables", "waits", "links")}
    for file in sorted(FOLDER.iterdir(), key=lambda each: each.name):
        content = parse_document(file.read_text(encoding="utf-8"), file.name).content
        for part, body in content.items():
            if part == "rules":
                whole["rules"] += body
            else:
                whole[part].update(body)
    return whole


WHOLE = documents()
CALENDAR = {
    "zone": "Asia/Shanghai", "hours": {"mon-sat": "09:00-18:00"}, "holidays": "CN", "cutoff": "16:00",
    "closed": ["2027-02-10..2027-02-20"], "open": ["2027-02-07"], "years": "2020-2030",
}  # fmt: skip


def ways(what: str, name: str, entry: dict[str, Any], random: Random, wrong: int) -> Iterator[Broken]:
    """The entry with each field left out, misspelt, misnamed, and of some wrong types."""
    for key, value in entry.items():
        less = {other: each for other, each in entry.items() if other != key}
        yield Broken(what, name, key, "left out", less, is_fine=key in OPTIONAL[what])
        yield Broken(what, name, key, "misnamed", {**less, f"{key}x": value}, is_fine=False)
        if isinstance(value, str) and (other := misspelt(value, random)) is not None:
            # Another name for a rule is nobody's mistake if it says what exception it is.
            fine = key == "id" and "exception" in entry
            yield Broken(what, name, key, f"misspelt {other}", {**entry, key: other}, is_fine=fine)
        for thing in random.sample(NOTHING_OF_THE_KIND, wrong):
            fine = (
                (thing is True and key in (*CONDITIONS, "ratio"))
                or (thing == 3 and key in NUMBERS and not (key == "prior" and entry.get("ratio")))
                or (thing == 2.5 and key in NUMBERS and key not in ("version", "at_least", "at_most"))
                or (thing == [] and key in ("evidence", "holidays", "closed", "open"))
                or (thing == {} and key == "open")
            )
            yield Broken(what, name, key, f"as {thing!r}", {**entry, key: copy.deepcopy(thing)}, is_fine=fine)


def misspelt(text: str, random: Random) -> str | None:
    """With a letter too many in a name outside of quotation marks, or in the only word."""
    names = [match for match in _NAME.finditer(text) if not match[0].startswith("'")]
    if not names:
        return None
    name = random.choice(names)
    return text[: name.end()] + "x" + text[name.end() :]


def all_broken() -> list[Broken]:
    random = Random(7)
    found: list[Broken] = []
    for rule in WHOLE["rules"]:
        # With what they leave to its default.
        usual = {"half_life": 30, "prior_strength": 20, "ratio": False, "prior": 0.5} if rule["kind"] == "surge" else {}
        found += ways("rule", rule["id"], {"version": 1, **usual, **rule}, random, 1)
    for kind, table in WHOLE["tables"].items():
        for name, column in table["columns"].items():
            found += [one for one in ways("column", f"{kind}.{name}", column, random, 2) if random.random() < 0.2]
    for name, wait in WHOLE["waits"].items():
        found += ways("wait", name, wait, random, len(NOTHING_OF_THE_KIND))
    for name, link in WHOLE["links"].items():
        found += ways("link", name, link, random, len(NOTHING_OF_THE_KIND))
    found += ways("calendar", "shop", CALENDAR, random, len(NOTHING_OF_THE_KIND))
    return found


def assembled(broken: list[Broken]) -> str:
    """One pack of all the broken ones, beside the sound one."""
    pack = copy.deepcopy(WHOLE)
    for number, one in enumerate(broken):
        match one.what:
            case "rule":
                pack["rules"].append(one.entry)
            case "column":
                kind = one.name.partition(".")[0]
                pack["tables"][kind]["columns"][f"broken_{number}"] = one.entry
            case "wait":
                pack["waits"][f"broken_{number}"] = one.entry
            case "link":
                pack["links"][f"broken_{number}"] = one.entry
            case "calendar":
                pack["calendars"][f"broken_{number}"] = one.entry
    # By way of JSON, so that no two parts are one: YAML would write the second as an alias of the first.
    return yaml.dump(
        json.loads(json.dumps(pack)),
        Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper),
        sort_keys=False,
        allow_unicode=True,
        width=10_000,
    )


def paths_of(broken: list[Broken]) -> list[Path]:
    """Where each of them stands."""
    paths: list[Path] = []
    rules = len(WHOLE["rules"])
    for number, one in enumerate(broken):
        match one.what:
            case "rule":
                paths.append(("rules", rules))
                rules += 1
            case "column":
                paths.append(("tables", one.name.partition(".")[0], "columns", f"broken_{number}"))
            case _:
                paths.append((f"{one.what}s", f"broken_{number}"))
    return paths


def lines_of(document: Document) -> dict[Path, set[int]]:
    """Of each part, the lines of its parts."""
    found: dict[Path, set[int]] = defaultdict(set)
    for path, line in document.lines.items():
        for size in range(2, len(path) + 1):
            found[path[:size]].add(line)
    return found


def test_whatever_is_broken_is_said_in_a_sentence_with_its_place() -> None:
    broken = all_broken()
    assert len(broken) > 3_000
    text = assembled(broken)
    with pytest.raises(PackError) as refusal:
        pack_from_text(text, "shop.yaml")
    said: dict[int, list[str]] = defaultdict(list)
    for problem in refusal.value.problems:
        match = re.fullmatch(r"shop\.yaml:(\d+): (.+)", problem)
        assert match is not None, problem
        assert not re.search(r"Error|Traceback|object at|NoneType|<class", problem), problem
        said[int(match[1])].append(match[2])
    silent, misplaced, elsewhere = [], [], set(said)
    lines = lines_of(parse_document(text, "shop.yaml"))
    for one, path in zip(broken, paths_of(broken), strict=True):
        problems = [problem for line in lines[path] for problem in said.get(line, [])]
        elsewhere -= lines[path]
        # That its id is taken is said of a rule with which nothing else is wrong.
        if not one.is_fine and not [problem for problem in problems if "is taken by another rule" not in problem]:
            silent.append(f"{one.what} {one.name}: {one.key} {one.how}")
        elif not one.is_fine and one.key in one.entry and not said.keys() & lines[*path, one.key]:
            misplaced.append(f"{one.what} {one.name}: {one.key} {one.how}: {problems}")
    assert silent == []
    assert misplaced == []
    assert elsewhere == set(), "the sound part of the pack is complained of"


SOUND = """
tables:
  order:
    columns:
      total: {fold: last, of: total, on: order.placed}
      currency: {fold: last, of: currency, on: order.placed}
      country: {fold: last, of: country, on: order.placed}
      units: {fold: last, of: units, on: order.placed}
      paid_at: {fold: min, of: time, on: order.paid}
calendars:
  shop: {zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}, holidays: DE-BY, closed: [2027-12-24..2027-12-31], cutoff: 14:00}
calendars_by:
  country: {DE: shop, default: always}
rules:
  - id: handover_late
    kind: silence
    table: order
    trouble: fulfilment
    since: paid_at
    within: WORKING(paid_at, INTERVAL '16 hours', 'shop')
    until: total IS NULL
    title: {en: Late, zh-Hans: 晚}
    says: {en: Late, zh-Hans: 晚}
"""
WITHIN = "WORKING(paid_at, INTERVAL '16 hours', 'shop')"


def complaints(good: str, bad: str) -> list[str]:
    assert good in SOUND
    with pytest.raises(PackError) as refusal:
        pack_from_text(SOUND.replace(good, bad, 1), "shop.yaml")
    return refusal.value.problems


def test_the_pack_to_break_is_sound() -> None:
    assert pack_from_text(SOUND).calendars.by == {"country": {"DE": "shop", "default": "always"}}


@pytest.mark.parametrize(
    ("within", "complaint"),
    [
        ("WORKING(paid_at, INTERVAL '16 hours', 'shp')", "there is no calendar `shp`; did you mean `shop`?; there are"),
        ("WORKING(paid_at, 16, 'shop')", "`16` is a whole number, where a duration is needed; write WORKING(paid_at,"),
        ("WORKING(total, INTERVAL '16 hours', 'shop')", "`total` is money, where an instant is needed"),
        ("WORKING(paid_at, INTERVAL '16', 'shop')", "is not a length of time: write a number and a unit"),
        ("WORKING(paid_at, INTERVAL '16 hours')", "write WORKING(paid_at, INTERVAL '16 hours', 'warehouse') for"),
        ("WORKING(paid_at, INTERVAL '16 hours', shop)", "`shop` is no calendar; give its name in quotes, or CALENDAR("),
        ("WORKING(paid_at, INTERVAL '16 hours', CALENDAR(units))", "there is no `units` in calendars_by"),
        ("WORKING(paid_at, INTERVAL '16 hours', CALENDAR(countri))", "no `countri` in calendars_by; did you mean `country`"),
        ("WORKING(paid_at, INTERVAL '16 hours', CALENDAR('DE'))", "CALENDAR takes one column, such as CALENDAR(country)"),
        ("WORKING_DAYS(paid_at, INTERVAL '2 days', 'shop')", "is a duration, where a whole number is needed"),
        ("WORKING_DAYS(paid_at, 0, 'shop')", "0 working days have no end; write a number from 1 on"),
        ("WORKING_DAYS(paid_at, -2, 'shop')", "-2 working days have no end"),
        ("WORKED(paid_at, INTERVAL '2 days', 'shop')", "is a duration, where an instant is needed"),
        ("WORKIN(paid_at, INTERVAL '2 days', 'shop')", "there is no function WORKIN; there are ABS"),
        ("15", "`within: 15` has no unit; write 15 minutes, 15 hours or 15 days"),
        ("1.5", "`within: 1.5` has no unit"),
        ("'15'", "`within: 15` has no unit"),
        ("true", "`within` is flag; give a length such as 15 minutes"),
        ("4000 weeks 90000 days", "is not an expression"),
        ("INTERVAL '99999999999 weeks'", "holds a number or a length of time that is too great"),
        ("INTERVAL '1 day' * 99999999999999999999", "holds a number or a length of time that is too great"),
        ("x.order.total", "there is no `x.order.total` here"),
        ("COALESCE()", "`COALESCE()` is not an expression: something is missing in it"),
        ("(" * 3000 + "paid_at" + ")" * 3000, "nested too deeply"),
        ("paid_at - (SELECT 1)", "is not part of the rule language"),
        ("INTERVAL paid_at DAY", "is not a length of time"),
        ("SUM(total)", "is not part of the rule language"),
        ("[paid_at]", "an expression is written as text"),
    ],
)  # fmt: skip
def test_a_length_that_cannot_be_is_refused_at_its_line(within: str, complaint: str) -> None:
    quoted = within if within[0] in "'[t1" else f'"{within}"'
    problems = complaints(WITHIN, quoted)
    line = 1 + SOUND.splitlines().index(f"    within: {WITHIN}")
    assert all(problem.startswith(f"shop.yaml:{line}: rule `handover_late`") for problem in problems)
    assert any(complaint in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ("Europe/Berlin", "Europe/Berln", ":11: calendar `shop`: `Europe/Berln` is not a time zone; did you mean"),
        ("holidays: DE-BY", "holidays: XX", ":11: calendar `shop`: no public holidays are known of `XX`"),
        ("holidays: DE-BY", "holidays: DE-ZZ", "no public holidays are known of `ZZ` in DE; there are BB"),
        ("{mon-fri: 09:00-17:00}", "{mon-fri: 09:00}", "`hours`: `09:00` is not a span of hours; write such as 09:00-18:00"),
        ("{mon-fri: 09:00-17:00}", "{mon-fri: 9-17}", "`9` is not a time of day; write such as 09:00"),
        ("{mon-fri: 09:00-17:00}", "{mon-fri: 09:00-09:00}", "opens and closes at the same time; a whole day is 00:00-24:00"),
        ("{mon-fri: 09:00-17:00}", "{mo-fri: 09:00-17:00}", "`mo-fri` is not a day of the week"),
        ("{mon-fri: 09:00-17:00}", "{mon-fri: 09:00-17:00, fri: 10:00-12:00}", "`hours` states fri twice"),
        ("2027-12-24..2027-12-31", "2027-12-31..2027-12-24", "`closed`: `2027-12-31..2027-12-24` ends before it begins"),
        ("2027-12-24..2027-12-31", "Christmas", "`closed`: `Christmas` is not a day; write such as 2027-02-10"),
        ("closed: [2027-12-24..2027-12-31]", "years: 2027-2027, closed: [2027-01-01..2027-12-31]", "it is never open from 2027 to 2027"),
        ("closed:", "years: 2030-2020, closed:", "`years`: `2030-2020` should be up to 60 years"),
        ("cutoff: 14:00", "cutoff: 25:00", "`cutoff`: `25:00` is not a time of day"),
        ("cutoff: 14:00", "cut_off: 14:00", "`cut_off` does not belong in a calendar; did you mean `cutoff`?"),
        ("shop: {zone", "always: {zone", "calendar `always` is open at all times and cannot be another"),
        ("shop: {zone", "other: shop\n  shop: other\n  third: {zone", "calendar `other` is the same as `shop` is the same as `other`, a circle"),
        ("shop: {zone", "other: shp\n  shop: {zone", "calendar `other`: there is no calendar `shp`; did you mean `shop`?"),
        ("{DE: shop, default: always}", "{DE: shop}", ":13: calendars_by `country` should name a `default`"),
        ("{DE: shop, default: always}", "{DE: shp, default: always}", "calendars_by `country`: there is no calendar `shp`; did you mean"),
        ("calendars:", "calenders:", "is not part of a pack"),
        ("rules:\n", "waits:\n  way: {table: order, since: \"paid_at + LEARNED('way', 0.9, INTERVAL '1 day', INTERVAL '1 hour', INTERVAL '9 days')\"}\nrules:\n", "wait `way`: `since` asks what was learned of a wait; no wait may, lest one wait for itself in a circle"),
        ("      total: {", "      paid at: {fold: count, on: order.paid}\n      total: {", "a column is named by letters, digits and underscores"),
        ("    columns:", "    colums: {}\n    columns:", "table `order` has `colums`; a table has columns"),
        ("rules:", "sets: {some: [true]}\nrules:", "set `some` should be a list of texts"),
        ("rules:", "sets: &again {some: *again}\nrules:", "shop.yaml:14: holds itself by an alias, in a circle; write it out"),
        ("table: order", "table: !!python/object:os.system order", "cannot be read; write a plain text or number"),
        ("trouble: fulfilment", "trouble: !!int fulfilment", "cannot be read; write a plain text or number"),
    ],
)  # fmt: skip
def test_calendars_circles_and_the_rest_are_refused(good: str, bad: str, complaint: str) -> None:
    problems = complaints(good, bad)
    assert any(complaint in problem for problem in problems), problems
    assert all("\n" not in problem and problem.startswith("shop.yaml") for problem in problems)


def test_a_calendar_is_chosen_by_a_text_column() -> None:
    text = SOUND.replace("country: {DE: shop", "units: {DE: shop").replace("'shop')", "CALENDAR(units))", 1)
    with pytest.raises(PackError, match="CALENDAR takes a text column, and this is a number"):
        pack_from_text(text)


def test_a_broken_calendar_is_complained_of_once() -> None:
    assert len(complaints("Europe/Berlin", "Europe/Berln")) == 1
