"""How the cases of a world came out: by exception, alone or with a person, how soon, and with how much money."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from statistics import median
from typing import Any, Final

import msgspec
from sqlalchemy import select

from amends.cli.righted import ByHand
from amends.cli.righted_ledger import Given
from amends.model.instant import DAY, HOUR, Instant
from amends.pipeline.paying import AMENDS, PAYS
from amends.sim.owing import Owing, over_order
from amends.store.case_schema import case_file
from amends.store.resolution_schema import outbox, standing, task
from amends.store.work import Work

_LETTERS: Final = ("tell", "ask", "offer")
OUTCOMES: Final = ("put_right", "healed", "written_off", "false_alarm")


class Came(msgspec.Struct, kw_only=True):
    """How one case came out. `outcome` is empty while it is open; `role` has taken it over; times as in the store."""

    id: str
    exception: str
    order: str | None
    outcome: str = ""
    role: str | None = None
    where: str = ""
    with_person: bool = False
    opened_at: Instant
    told_at: Instant | None = None
    ended_at: Instant | None = None
    gave: dict[str, int] = {}
    """What went out by way and currency, in minor units: `refund EUR`."""
    cancelled: bool = False
    """Amends has had the order cancelled, so that all that was paid is owed."""
    letters: Sequence[tuple[str, Instant]] = ()
    """What the buyer was told, and when."""


class Row(msgspec.Struct, kw_only=True):
    """An exception: how many cases came out how. `alone` of those that ended did so without any person."""

    exception: str
    cases: int = 0
    put_right: int = 0
    healed: int = 0
    written_off: int = 0
    false_alarm: int = 0
    alone: int = 0
    with_person: int = 0
    handed: dict[str, int] = {}
    open: int = 0
    told_h: float | None = None
    ended_d: float | None = None
    gave: dict[str, int] = {}
    owed_least: dict[str, int] = {}
    owed_most: dict[str, int] = {}


def read_cases(work: Work) -> list[Came]:
    """Every case that was not merged into another."""
    found = {
        row.id: Came(
            id=row.id, exception=row.exception, order=row.order_id, opened_at=Instant(row.opened_at),
            outcome="" if row.active else str(row.outcome or ""),
            ended_at=None if row.active or row.resolved_at is None else Instant(row.resolved_at),
        )
        for row in work.connection.execute(select(case_file).where(case_file.c.merged_into.is_(None)))
    }  # fmt: skip
    for row in work.connection.execute(select(standing)):
        if row.case_id in found:
            _note_standing(found[row.case_id], row)
    for (id_,) in work.connection.execute(select(task.c.case_id).distinct()):
        if id_ in found:
            found[id_].with_person = True
    for row in work.connection.execute(select(outbox).order_by(outbox.c.place)):
        if row.case_id in found:
            _note_act(found[row.case_id], row)
    return sorted(found.values(), key=lambda each: (each.opened_at, each.id))


def _note_standing(came: Came, row: Any) -> None:
    came.exception = row.exception
    if row.ending == "handed" and not came.outcome:
        came.role, came.with_person, came.ended_at = row.role, True, Instant(row.since)
    elif not came.outcome:
        came.where = f"at {row.step}" if row.step is not None else f"{row.ending}, {row.outcome}"


def _note_act(came: Came, row: Any) -> None:
    if row.state == "proposed" or (row.granted_by is not None and row.granted_by != AMENDS):
        came.with_person = True
    if row.does in _LETTERS and row.state in ("accepted", "confirmed"):
        if came.told_at is None:
            came.told_at = Instant(row.since)
        came.letters = [*came.letters, (str(row.how.get("what")), Instant(row.since))]
    came.cancelled |= row.does == "cancel_order" and row.state == "confirmed"
    way = PAYS.get(row.does)
    if way is not None and row.state == "confirmed":
        name = f"{way} {row.how.get('currency')}"
        came.gave = {**came.gave, name: came.gave.get(name, 0) + int(row.how.get("amount") or 0)}


def table_of(cases: Iterable[Came], owings: Iterable[Owing]) -> list[Row]:
    """A row for each exception."""
    kinds: defaultdict[str, list[Came]] = defaultdict(list)
    for came in cases:
        kinds[came.exception].append(came)
    owed = {(one.exception, one.order): one for one in owings}
    return [_row(name, of_it, owed) for name, of_it in sorted(kinds.items())]


def _row(name: str, cases: list[Came], owed: Mapping[tuple[str, str], Owing]) -> Row:
    row = Row(exception=name, cases=len(cases))
    outcomes = Counter(came.outcome for came in cases)
    row.put_right, row.healed = outcomes["put_right"], outcomes["healed"]
    row.written_off, row.false_alarm = outcomes["written_off"], outcomes["false_alarm"]
    row.alone = sum(1 for came in cases if came.outcome and not came.with_person)
    row.with_person = sum(1 for came in cases if came.with_person)
    row.handed = dict(sorted(Counter(came.role for came in cases if came.role is not None).items()))
    row.open = sum(1 for came in cases if not came.outcome and came.role is None)
    told = [(came.told_at - came.opened_at) / HOUR for came in cases if came.told_at is not None]
    ended = [(came.ended_at - came.opened_at) / DAY for came in cases if came.ended_at is not None]
    row.told_h, row.ended_d = _middle(told), _middle(ended)
    gave: Counter[str] = Counter()
    least: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for came in cases:
        gave.update(came.gave)
    for order in {came.order for came in cases if came.order is not None}:
        if (owing := owed.get((name, order))) is not None:
            least[owing.currency] += owing.least + owing.beyond
            most[owing.currency] += owing.most + owing.beyond
    row.gave, row.owed_least, row.owed_most = (dict(sorted(sums.items())) for sums in (gave, least, most))
    return row


def _middle(values: list[float]) -> float | None:
    return round(median(values), 2) if values else None


# ---------------------------------------------------------------- what was owed, and given


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """An order whose buyer got less, or more, than is owed; in minor units. `exceptions` are those of its cases."""

    order: str
    kind: str
    currency: str
    least: int
    most: int
    ours: int
    others: int
    by_hand: int
    exceptions: list[str]
    stands: str


def differences(
    cases: Iterable[Came], owings: Iterable[Owing], given: Mapping[str, Given], by_hand: Iterable[ByHand]
) -> list[Difference]:
    """Orders where what was given is not what was owed.

    What the shop, a bank or a marketplace gave of their own accord is theirs to answer for: too much is only what
    Amends added to it. Too little is so whoever should have given it.
    """
    of_order: defaultdict[str, list[Came]] = defaultdict(list)
    orders: dict[str, str] = {}
    for came in cases:
        if came.order is not None:
            of_order[came.order].append(came)
            orders[came.id] = came.order
    owed = over_order(owings)
    hand: Counter[str] = Counter()
    for deed in by_hand:
        order = orders.get(deed.case)
        if order is not None and not deed.told:
            hand[order] += deed.amount
    found = []
    for order, its in sorted(of_order.items()):
        difference = _difference(order, its, owed.get(order), given.get(order), hand[order])
        if difference is not None:
            found.append(difference)
    return found


def _difference(
    order: str, cases: list[Came], owing: Owing | None, given: Given | None, hand: int
) -> Difference | None:
    least = 0 if owing is None else owing.least + owing.beyond
    most = 0 if owing is None else owing.most + owing.beyond
    ours, others, paid = (0, 0, 0) if given is None else (given.ours, given.others, given.paid)
    if any(came.cancelled for came in cases):
        least = most = paid
    if ours + hand > max(most - others, 0):
        kind = "too much"
    elif ours + others + hand < least:
        kind = "too little"
    else:
        return None
    currency = given.currency if given is not None else "" if owing is None else owing.currency
    stands = ", ".join(sorted({came.outcome or (f"with {came.role}" if came.role else "open") for came in cases}))
    return Difference(
        order=order, kind=kind, currency=currency, least=least, most=most, ours=ours, others=others, by_hand=hand,
        exceptions=sorted({came.exception for came in cases}), stands=stands,
    )  # fmt: skip


# ---------------------------------------------------------------- what buyers hear


def twice_told(cases: Iterable[Came]) -> list[str]:
    """Orders whose buyers were told the same in more than one case, or twice within a day: a sentence each."""
    told: defaultdict[str, list[tuple[Instant, str, Came]]] = defaultdict(list)
    for came in cases:
        if came.order is not None:
            told[came.order] += [(at, what, came) for what, at in came.letters]
    found = []
    for order, letters in sorted(told.items()):
        before: dict[str, tuple[Instant, Came]] = {}
        for at, what, came in sorted(letters, key=lambda each: each[:2]):
            known = before.get(what)
            if known is not None and (known[1].id != came.id or at - known[0] < DAY):
                hours = (at - known[0]) / HOUR
                found.append(
                    f"Order {order}: {what} was said twice, {hours:.1f} hours apart, for {known[1].exception} and "
                    f"{came.exception}."
                )
            before[what] = at, came
    return found


def never_told(cases: Iterable[Came], concerned: Container[str]) -> list[str]:
    """Cases that were put right, with money, and whose buyers heard nothing, of exceptions that concern buyers."""
    return [
        f"Order {came.order}: {came.exception} gave {', '.join(came.gave)}, and the buyer heard nothing."
        for came in cases
        if came.gave and not came.letters and came.exception in concerned
    ]
