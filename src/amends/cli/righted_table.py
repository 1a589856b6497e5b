"""What `amends sim --right` prints: how a world came out that was put right, and whether its money adds up."""

import os
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from amends.cli import output
from amends.cli.righted import GOES_ON, Putting
from amends.cli.righted_cases import (
    Came,
    Difference,
    Row,
    differences,
    never_told,
    read_cases,
    table_of,
    twice_told,
)
from amends.cli.righted_ledger import Account, Ledger, read_ledger
from amends.cli.righted_outside import VENDOR_ACTS
from amends.model.money import Money
from amends.resolution.words import built_in_words
from amends.runtime.opening import open_store
from amends.sim.world import Plan

_SHOWN: Final = 20
_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # the folder in it is made by tempfile
"""What is thrown away afterwards need not be written to a disk, where there is such a place."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """All that a world came to that was put right."""

    orders: int
    deliveries: int
    able: list[str]
    people: bool
    exceptions: list[Row]
    open: list[str]
    ledger: Ledger
    differences: list[Difference]
    twice_told: list[str]
    never_told: list[str]
    by_hand: dict[str, int]
    needless: dict[str, int]
    unapproved: list[str]
    failures: dict[str, int]

    @property
    def is_sound(self) -> bool:
        """All cases have come to an end or to a person, and all books agree."""
        return not (self.open or self.ledger.disagreements)


def able_of(text: str) -> frozenset[str]:
    """The acts that `--able` names: all, none, or names with commas between them. Raises click.BadParameter."""
    if text in ("all", "none"):
        return VENDOR_ACTS if text == "all" else frozenset()
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in built_in_words().acts]
    if unknown:
        known = ", ".join(sorted(VENDOR_ACTS))
        raise click.BadParameter(f"there is no act {unknown[0]!r}; there are {known}; or say all, or none.")
    return frozenset(names) & VENDOR_ACTS


def put_right(plan: Plan, *, able: frozenset[str], people: bool) -> Result:
    """Run the world and put it right, in a store that is gone afterwards."""
    plan = msgspec.structs.replace(plan, goes_on=max(plan.goes_on, GOES_ON))
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="amends-right-", dir=memory) as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'amends.sqlite'}")
        try:
            putting = Putting(plan, store, able=able, people=people)
            with output.progress() as bar:
                task = bar.add_task("Putting the world right", total=None)
                for now in putting.run():
                    bar.update(task, completed=now - plan.start)
            return _result(putting, able, people=people)
        finally:
            store.database.close()


def _result(putting: Putting, able: frozenset[str], *, people: bool) -> Result:
    with putting.store.reading() as work:
        ledger = read_ledger(work, putting.provider.service.payments)
        cases = read_cases(work)
    owings = putting.world.owings()
    concerned = {name for name, playbook in putting.right.playbooks.items() if playbook.concerns != "house"}
    return Result(
        orders=putting.world.plan.orders or 0,
        deliveries=putting.deliveries,
        able=sorted(able),
        people=people,
        exceptions=table_of(cases, owings),
        open=[_open(came) for came in cases if not came.outcome and came.role is None],
        ledger=ledger,
        differences=differences(cases, owings, ledger.given, putting.by_hand),
        twice_told=twice_told(cases),
        never_told=never_told(cases, concerned),
        by_hand=dict(Counter(deed.what for deed in putting.by_hand)),
        needless=dict(putting.needless),
        unapproved=putting.unapproved,
        failures=dict(Counter(putting.failures)),
    )


def _open(came: Came) -> str:
    return f"Case {came.id} of order {came.order or '-'}: {came.exception}, {came.where or 'without a playbook'}."


# ---------------------------------------------------------------- for people


def show(result: Result) -> None:
    """Print it as tables, and in a sentence each what is not as it should be."""
    cases = sum(row.cases for row in result.exceptions)
    alone = sum(row.alone for row in result.exceptions)
    handed = sum(sum(row.handed.values()) for row in result.exceptions)
    output.say(
        f"{result.orders:,} orders, {result.deliveries:,} deliveries, {cases:,} cases: {alone:,} ended without a "
        f"person, {cases - alone - handed - len(result.open):,} with one's help, {handed:,} were handed to one, "
        f"{len(result.open):,} are open."
    )
    output.print_table(_HEADINGS, map(_row, result.exceptions))
    output.print_table(_MONEY, (_account(name, account) for name, account in result.ledger.accounts.items()))
    apart = Counter(one.kind for one in result.differences)
    output.say(
        f"Of what the truth says is owed {apart['too little']:,} orders got less, {apart['too much']:,} more; "
        f"{len(result.ledger.disagreements):,} entries of the books do not agree."
    )
    output.say(
        f"People paid by hand {_counted(result.by_hand)}; what had been paid already was asked of them "
        f"{_counted(result.needless)}."
    )
    for sentences in (
        result.open, result.ledger.disagreements, [_apart(one) for one in result.differences],
        result.twice_told, result.never_told, result.unapproved, list(result.failures),
    ):  # fmt: skip
        _note(sentences)


_HEADINGS: Final = (
    "exception", "cases", "put right", "healed", "written off", "false alarm", "alone", "person", "handed to", "open",
    "told h", "ended d", "gave", "owed, least", "owed, most",
)  # fmt: skip
_MONEY: Final = (
    "currency", "captured", "refunded", "under way", "by the shop", "at the provider", "rest", "charged back",
    "claimed", "sent again", "coupons", "sent elsewhere", "set aside",
)  # fmt: skip


def _counted(tasks: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} times ({what})" for what, count in sorted(tasks.items())) or "never"


def _row(row: Row) -> tuple[object, ...]:
    handed = ", ".join(f"{role} {count}" for role, count in row.handed.items())
    return (
        row.exception, row.cases, row.put_right, row.healed, row.written_off, row.false_alarm, row.alone,
        row.with_person, handed, row.open, row.told_h, row.ended_d, _ways(row.gave), _sums(row.owed_least),
        _sums(row.owed_most),
    )  # fmt: skip


def _ways(gave: Mapping[str, int]) -> str:
    parts = ((*name.split(" "), amount) for name, amount in gave.items())
    return ", ".join(f"{way} {_amount(amount, currency)}" for way, currency, amount in parts)


def _sums(sums: Mapping[str, int]) -> str:
    return ", ".join(_amount(amount, currency) for currency, amount in sums.items() if amount)


def _account(currency: str, account: Account) -> tuple[object, ...]:
    sums = (
        account.captured, account.refunded, account.under_way, account.by_shop, account.at_provider, account.rest,
        account.charged_back, account.claimed, account.reshipped, account.coupons, account.sent_elsewhere,
        account.set_aside,
    )  # fmt: skip
    return currency, *(f"{Money(minor, currency).amount:,}" for minor in sums)


def _amount(minor: Any, currency: Any) -> str:
    return f"{Money(int(minor), str(currency)).amount:,} {currency}"


def _apart(one: Difference) -> str:
    """In a sentence."""
    got = ", ".join(
        f"{_amount(minor, one.currency)} {by}"
        for minor, by in ((one.ours, "from Amends"), (one.others, "from others"), (one.by_hand, "by hand"))
        if minor
    )
    owed = _amount(one.least, one.currency)
    if one.most != one.least:
        owed += f" to {_amount(one.most, one.currency)}"
    return (
        f"Order {one.order} ({', '.join(one.exceptions)}; {one.stands}) is owed {owed} and got {got or 'nothing'}: "
        f"{one.kind}."
    )


def _note(sentences: Sequence[str]) -> None:
    for sentence in sentences[:_SHOWN]:
        output.note(sentence)
    if len(sentences) > _SHOWN:
        output.note(f"... and {len(sentences) - _SHOWN:,} more; --json has them all.")
