"""Random packs and random streams of events: well typed, small, and full of what goes wrong in the world.

Late links, repeated and swapped times, absent fields, bursts, sweeps; every draw comes from one seed.
"""

from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from tests.reference.phrases import CURRENCIES, LENGTHS, TEXTS, Phrases, Words, event_names

from amends.model.event import Event
from amends.model.fields import FIELDS
from amends.model.instant import DAY, HOUR, MINUTE, Instant, format_instant
from amends.model.subjects import PARENTS
from amends.model.types import EVENT_TYPES

Step = Event | int
"""An event, or the instant of a sweep."""

FIELD_POOL = (
    "reason status carrier destination currency amount total quantity rating risk_score ship_by deliver_by test listed"
).split()
START = Instant(1_772_323_200_000_000)  # 2026-03-01T00:00:00Z


CALENDARS: dict[str, Any] = {
    "warehouse": {
        "zone": "Asia/Shanghai", "hours": {"mon-sat": "09:00-18:00"}, "holidays": "CN", "closed": ["2026-03-03"],
        "cutoff": "16:00",
    },
    "office": {"zone": "Europe/Berlin", "hours": {"mon-thu": ["08:00-12:00", "13:00-17:15"], "fri": "08:00-12:30"}},
    "nights": {"zone": "America/New_York", "hours": {"mon-sun": "22:00-06:30"}, "years": "2026-2026"},
    "same": "office",
}  # fmt: skip


class Stream(NamedTuple):
    """A pack as a document, and what happens."""

    seed: int
    pack: dict[str, Any]
    steps: list[Step]


class Taste(NamedTuple):
    """What a stream is full of: the kinds of its tables and rules, the keys of its events, how many, how dense."""

    kinds: Sequence[str] = ("payment", "shipment", "buyer", "stock", "source", "case", "return")
    rules: Sequence[str] = ("fault", "conflict", "silence", "silence", "surge")
    shapes: Sequence[str] = (
        "order", "order", "order buyer", "order buyer", "payment", "payment", "payment order", "payment order",
        "shipment", "shipment order", "payment shipment", "shipment case", "case order", "payment buyer", "buyer",
        "stock", "stock order", "source", "", "payment shipment order buyer", "thread", "return order",
    )  # fmt: skip
    ids: Sequence[str] = ("1", "2", "é|x")
    longest: int = 40
    strides: Sequence[int] = (0, 0, 0, 1, MINUTE, 10 * MINUTE, 10 * MINUTE, 20 * MINUTE, HOUR, 6 * HOUR, DAY)
    texts: Sequence[str] = TEXTS[:8]
    linked: float = 0.8
    """How often a surge that could go by rings does."""


TASTES = (
    *[Taste()] * 6,
    # late links and long chains
    Taste(
        kinds=("buyer", "payment", "shipment"),
        shapes=(
            *("payment", "payment", "shipment", "payment shipment", "order", "order buyer", "payment buyer"),
            *("payment order", "shipment order", "payment shipment order", "payment order buyer"),
        ),
    ),
    # much of the same for long: groups with a history
    Taste(
        kinds=("payment", "stock"),
        rules=("fault", "silence", "silence", "surge", "surge"),
        shapes=("payment", "payment order", "stock", "stock order"),
        ids=tuple(f"{number}" for number in range(1, 13)),
        longest=120,
        strides=(0, 0, MINUTE, MINUTE, 10 * MINUTE, 20 * MINUTE, HOUR, 6 * HOUR, 3 * DAY),
    ),
    # many buyers with few things to link them: rings that surge, and become one
    *[
        Taste(
            kinds=("payment",),
            rules=("fault", *["surge"] * 7),
            shapes=("order buyer", "order buyer", "order buyer", "order", "payment", "payment order", "payment order"),
            ids=tuple(f"{number}" for number in range(1, 13)),
            longest=80,
            strides=(0, 0, MINUTE, MINUTE, 10 * MINUTE, 20 * MINUTE, HOUR, 6 * HOUR, DAY),
            texts=(*TEXTS[:3], *(f"t{number}" for number in range(12))),
            linked=1.0,
        )
    ]
    * 2,
)


def stream(seed: int) -> Stream:
    """The stream of a seed, always the same."""
    random = Random(seed)
    taste = random.choice(TASTES)
    types = random.sample(sorted(EVENT_TYPES), random.randint(3, 6))
    fields = random.sample(FIELD_POOL, random.randint(6, 10))
    pack = _Packs(random, taste, types, fields).pack()
    return Stream(seed, pack, _Happenings(random, taste, types, fields).steps())


class _Packs:
    """Draws a pack over these types of event and fields."""

    def __init__(self, random: Random, taste: Taste, types: Sequence[str], fields: Sequence[str]) -> None:
        self.random = random
        self.taste = taste
        self.types = types
        self.fields = fields
        self.sets = {"some": ["a", "é", "USD"], "few": ["b"]}
        self.columns: dict[str, dict[str, str]] = {}  # of each table: name → type
        self.waits: dict[str, dict[str, Any]] = {}
        self.links: dict[str, dict[str, Any]] = {}
        self.calendars: list[str] = []
        self.choosing: dict[str, dict[str, str]] = {}

    def pack(self) -> dict[str, Any]:
        if self.random.random() < 0.4:
            self.calendars = self.random.sample(["always", *CALENDARS], 2)
            texts = [field for field in self.fields if FIELDS[field].type == "text"]
            for column in ("c0", "c1", "c2", *texts):
                others = dict.fromkeys(("a", "USD"), self.random.choice(self.calendars))
                self.choosing[column] = {**others, "default": self.random.choice(self.calendars)}
        kinds = self.random.sample(self.taste.kinds, self.random.randint(1, min(3, len(self.taste.kinds))))
        if self.random.random() < 0.9:
            kinds.append("order")
        tables = {kind: {"columns": self.table(kind)} for kind in kinds}
        waits = {}
        for number in range(self.random.choice((0, 0, 1, 2))):
            wait = self.wait(self.random.choice(kinds))
            if wait is not None:
                waits[f"w{number}"] = wait
        self.waits = waits
        for number in range(self.random.choice((0, 1, 1, 2) if self.taste.linked < 1 else (2, 3))):
            link = self.link(self.random.choice(kinds))
            if link is not None:
                self.links[f"l{number}"] = link
        rules: list[dict[str, Any]] = []
        for number in range(self.random.randint(2, 6)):
            rule = self.rule(f"r{number}", self.random.choice(kinds), rules)
            if rule is not None:
                rules.append(rule)
        pack = {"sets": self.sets, "tables": tables, "waits": waits, "links": self.links, "rules": rules}
        return {**pack, "calendars": CALENDARS, "calendars_by": self.choosing} if self.calendars else pack

    def some_types(self) -> str | list[str]:
        chosen = self.random.sample(self.types, self.random.randint(1, len(self.types)))
        return chosen[0] if len(chosen) == 1 and self.random.random() < 0.5 else chosen

    def words(self, *places: dict[str, list[str]], currency: bool = False) -> Words:
        names: dict[str, list[str]] = {}
        for place in places:
            for type_, found in place.items():
                names.setdefault(type_, []).extend(found)
        return Words(names, list(self.sets), currency, self.calendars, list(self.choosing))

    # ------------------------------------------------------------ tables

    def table(self, kind: str) -> dict[str, Any]:
        columns: dict[str, dict[str, Any]] = {}
        if self.random.random() < 0.7:
            columns["currency"] = self.column(fold=self.random.choice(("first", "last")), of="currency")
        if self.random.random() < 0.8:
            fold = self.random.choice(("min", "max", "first", "last"))
            columns["known_at"] = self.column(fold=fold, of=self.random.choice(("time", "received")))
        for number in range(self.random.randint(1, 5)):
            columns[f"c{number}"] = self.any_column()
        self.columns[kind] = {name: _type_of(column) for name, column in columns.items()}
        return columns

    def any_column(self) -> dict[str, Any]:
        fold = self.random.choice(("first", "last", "last", "min", "max", "sum", "count", "any"))
        if fold in ("count", "any"):
            return self.column(fold=fold)
        fields = [f for f in self.fields if fold != "sum" or FIELDS[f].type in ("money", "integer")]
        if not fields:
            return self.column(fold="count")
        of = self.random.choice(fields)
        # One text in a few is the row's own name.
        return self.column(fold=fold, of="subject" if FIELDS[of].type == "text" and len(of) == 7 else of)

    def column(self, **parts: str) -> dict[str, Any]:
        column: dict[str, Any] = {**parts, "on": self.some_types()}
        if self.random.random() < 0.2:
            column["where"] = Phrases(self.random, self.words(event_names(self.fields))).condition()
        return column

    # ------------------------------------------------------------ waits

    def wait(self, kind: str) -> dict[str, Any] | None:
        row = self.row_names(kind)
        over_row = Phrases(self.random, self.words(row, currency="currency" in self.columns[kind]))
        since = over_row.of("instant", self.random.choice((0, 0, 1)))
        if since is None:
            return None
        wait: dict[str, Any] = {"table": kind, "since": since.text, "enough": self.random.choice((1, 1, 2))}
        if self.random.random() < 0.5 and (ends := over_row.of("instant", 0)) is not None:
            wait["ends"] = ends.text
        for part, chance in (("over", 0.4), ("never", 0.3)):
            if self.random.random() < chance:
                wait[part] = over_row.condition()
        names = [name for name, type_ in self.columns[kind].items() if type_ in ("text", "flag", "integer")]
        narrow = self.random.sample(names, min(len(names), self.random.choice((0, 1, 2))))
        wait["by"] = [narrow, []] if narrow else [[]]
        return wait

    def link(self, kind: str) -> dict[str, Any] | None:
        """What makes parents of this kind's rows belong together."""
        by = [name for name, type_ in self.columns[kind].items() if type_ == "text"]
        by += [f"event.{field}" for field in self.fields if FIELDS[field].type == "text"]
        if kind not in PARENTS or not by:
            return None
        handles = self.random.sample(by, self.random.randint(1, min(3, len(by))))
        at_most = self.random.choice((2, 2, 3, 40))
        return {"table": kind, "of": PARENTS[kind], "on": self.some_types(), "by": handles, "at_most": at_most}

    def asked(self, kind: str) -> str | None:
        """A length that is learned, if there is a wait over the table."""
        names = [name for name, wait in self.waits.items() if wait["table"] == kind]
        if not names:
            return None
        name = self.random.choice(names)
        promises = [column for column, type_ in self.columns[kind].items() if type_ == "instant"]
        return self.random.choice(
            (
                f"LEARNED('{name}', 0.9, INTERVAL '3 hours', INTERVAL '10 minutes', INTERVAL '40 days')",
                f"LEARNED('{name}', 0.5, INTERVAL '2 days', INTERVAL '1 minute', INTERVAL '10 days')",
                f"LATE_AFTER('{name}', {self.random.choice(promises)}, 0.5)" if promises else "INTERVAL '1 day'",
                f"LOST_AFTER('{name}', 0.3, INTERVAL '1 day', INTERVAL '1 hour')",
            )
        )

    # ------------------------------------------------------------ rules

    def rule(self, id_: str, kind: str, before: list[dict[str, Any]]) -> dict[str, Any] | None:
        way = self.random.choice(self.taste.rules)
        row = self.row_names(kind)
        over_row = Phrases(self.random, self.words(row, currency="currency" in self.columns[kind]))
        over_both = Phrases(
            self.random, self.words(row, event_names(self.fields), currency="currency" in self.columns[kind])
        )
        said = {"en": "Something is wrong", "zh-Hans": "出了问题"}
        rule: dict[str, Any] = {
            "id": id_,
            "exception": "payment_failed",
            "kind": way,
            "table": kind,
            "version": self.random.randint(1, 3),
            "severity": "high",
            "trouble": "payment",
            "title": said,
            "says": said,
        }
        if way == "surge":
            return self.surge(rule, over_row, over_both, before)
        if way == "fault":
            rule |= {"on": self.some_types(), "when": over_both.condition()}
            if self.random.random() < 0.5:
                rule["until"] = over_row.condition()
        elif way == "conflict":
            rule["when"] = over_row.condition()
        else:
            since = over_row.of("instant", self.random.choice((0, 0, 0, 2)))
            if since is None:
                return None
            rule |= {"since": since.text, "within": self.random.choice(LENGTHS), "until": over_row.condition()}
            if self.random.random() < 0.7 and (asked := self.asked(kind)) is not None:
                rule["within"] = asked
            elif (
                self.random.random() < (0.6 if self.calendars else 0.15)
                and (length := over_row.duration(1)) is not None
            ):
                rule["within"] = length.text
            if self.random.random() < 0.4:
                rule["where"] = over_row.condition()
            if self.random.random() < 0.25 and (end := over_row.of("instant", 1)) is not None:
                rule["before"] = end.text
        return rule | self.stakes(kind, row)

    def row_names(self, kind: str, prefix: str = "") -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for name, type_ in self.columns[kind].items():
            names.setdefault(type_, []).append(prefix + name)
        return names

    def stakes(self, kind: str, row: dict[str, list[str]]) -> dict[str, Any]:
        """Loss and evidence, over the row and its parent order's."""
        parent = self.row_names("order", "order.") if PARENTS.get(kind) == "order" and "order" in self.columns else {}
        stakes: dict[str, Any] = {}
        if self.random.random() < 0.6:
            phrases = Phrases(self.random, self.words(row, parent))
            loss = phrases.share() if self.random.random() < 0.3 else phrases.money(3)
            if loss is not None:
                stakes["loss"] = loss.text
        names = [name for place in (row, parent) for found in place.values() for name in found]
        if self.random.random() < 0.7:
            stakes["evidence"] = self.random.sample(names, self.random.randint(1, min(3, len(names))))
        return stakes

    def surge(
        self, rule: dict[str, Any], over_row: Phrases, over_both: Phrases, before: list[dict[str, Any]]
    ) -> dict[str, Any] | None:
        kind = rule["table"]
        inputs = [each for each in before if each["table"] == kind and each["kind"] != "surge"]
        by = [name for name, type_ in self.columns[kind].items() if type_ in ("text", "flag", "integer")]
        if inputs and self.random.random() < 0.6:
            chosen = self.random.sample(inputs, self.random.randint(1, len(inputs)))
            of: dict[str, Any] = {"rules": [each["id"] for each in chosen]}
            with_event = all(each["kind"] != "silence" for each in chosen)
        else:
            of = {"on": self.some_types()}
            with_event = True
            if self.random.random() < 0.6:
                of["hits"] = over_both.condition()
        if with_event:
            by += [f"event.{field}" for field in self.fields if FIELDS[field].type == "text"]
        links = [name for name, link in self.links.items() if link["table"] == kind]
        if not by and not links:
            return None
        groups = self.random.sample(by, min(len(by), self.random.choice((1, 1, 2))))
        if links and (not groups or self.random.random() < self.taste.linked):
            groups = self.random.sample([*groups[1:], self.random.choice(links)], len(groups) or 1)
        rule |= {
            "of": of,
            "by": groups,
            "window": self.random.choice(("1 hour", "6 hours", "1 day", "1 day 1 hour")),
            "at_least": self.random.choice((1, 2, 2, 3)),
            "false_alarms": self.random.choice(("1 per 3 days", "1 per 10 days", "2 per 60 days", "3 per 1 week")),
            "half_life": self.random.choice((1, 2.5, 20)),
            "prior": self.random.choice((0.05, 0.2, 0.5, 0.5, 3)),
        }
        if "on" in of and self.random.random() < 0.4:
            parent = [PARENTS[kind]] * 3 if kind in PARENTS else []
            rule["distinct"] = self.random.choice([*parent, *(by or groups)])
        elif self.random.random() < 0.4:
            rule |= {"ratio": True, "prior": min(rule["prior"], 0.9), "prior_strength": self.random.choice((2, 20))}
        if "on" in of and self.random.random() < 0.5:
            rule["until"] = over_row.condition()
            rule |= self.stakes(kind, self.row_names(kind))
        return rule


def _type_of(column: dict[str, Any]) -> str:
    if column["fold"] in ("count", "any"):
        return {"count": "integer", "any": "flag"}[column["fold"]]
    of = column["of"]
    if of == "subject":
        return "text"
    return "instant" if of in ("time", "received") else FIELDS[of].type


class _Happenings:
    """Draws what happens, and when it is learned."""

    def __init__(self, random: Random, taste: Taste, types: Sequence[str], fields: Sequence[str]) -> None:
        self.random = random
        self.taste = taste
        self.types = types
        self.fields = fields
        self.ids = taste.ids[: random.randint(1, len(taste.ids))]
        self.fullness = random.choice((0.4, 0.8, 1.0))
        self.now = int(START)
        self.count = 0

    def steps(self) -> list[Step]:
        steps: list[Step] = []
        length = self.random.randint(5, self.taste.longest)
        while len(steps) < length:
            chance = self.random.random()
            if chance < 0.06:
                self.now += self.random.choice(self.taste.strides)
                steps.append(self.now - self.random.choice((0, 0, HOUR)))
            elif chance < 0.12:
                steps += self.burst()
            else:
                steps.append(self.event(self.keys(), self.data(), self.random.choice(self.types)))
        return [*steps, self.now + self.random.choice((HOUR, 60 * DAY))]

    def burst(self) -> list[Step]:
        """Much of the same in a short time."""
        keys, data, type_ = self.keys(), self.data(), self.random.choice(self.types)
        strides = (0, MINUTE, 10 * MINUTE)
        return [self.event(keys, data, type_, strides) for _ in range(self.random.randint(3, 10))]

    def keys(self) -> dict[str, str]:
        return {kind: self.random.choice(self.ids) for kind in self.random.choice(self.taste.shapes).split()}

    def data(self) -> dict[str, Any]:
        data = {field: self.value(field) for field in self.fields if self.random.random() < self.fullness}
        if self.random.random() < 0.1:
            data["lines"] = [{"sku": "A", "quantity": 1}]
        return data

    def value(self, field: str) -> Any:
        if self.random.random() < 0.05:
            return None
        match FIELDS[field].type:
            case "text":
                return self.random.choice(CURRENCIES if field == "currency" else self.taste.texts)
            case "money":
                return self.random.choice((0, 5, 25, 1000, 1005, 2500, -300, 2**53 + 1))
            case "integer":
                return self.random.randint(-2, 6)
            case "decimal":
                return self.random.choice((0, 1, 0.125, 0.5, 0.75))
            case "instant":
                away = self.random.choice((-DAY, -HOUR, 0, 10 * MINUTE, HOUR, DAY))
                fixed = self.random.random() < 0.3
                return format_instant(Instant((START if fixed else self.now) + away))
            case _:
                return self.random.random() < 0.5

    def event(
        self, keys: dict[str, str], data: dict[str, Any], type_: str, strides: Sequence[int] | None = None
    ) -> Event:
        self.now += self.random.choice(strides or self.taste.strides)
        self.count += 1
        received: int | None = self.now
        time = self.now - self.random.choice((0, 0, 0, 10 * MINUTE, HOUR, DAY, -10 * MINUTE))
        chance = self.random.random()
        if chance < 0.05:
            received = self.now - self.random.choice((MINUTE, HOUR))
        elif chance < 0.1:
            received, time = None, self.now
        return Event(
            id=f"e{self.count}",
            source=self.random.choice(("1", "1", "shop/é")),
            type=type_,
            time=Instant(time),
            keys=keys,
            data=data,
            received=None if received is None else Instant(received),
        )
