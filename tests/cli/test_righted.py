"""A world that is put right in virtual time: all cases come to an end or to a person, and the money adds up."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from amends.cli.righted import Putting
from amends.cli.righted_cases import Came, Row, differences, read_cases, table_of, twice_told
from amends.cli.righted_ledger import Given, Ledger, read_ledger
from amends.cli.righted_outside import VENDOR_ACTS
from amends.cli.righted_table import able_of
from amends.cli.sim import command
from amends.model.instant import DAY, HOUR, Duration, Instant
from amends.runtime.opening import open_store
from amends.sim.owing import Owing
from amends.sim.world import Plan
from amends.store.resolution_schema import outbox, payout
from amends.store.work import Work

PLAN = Plan(
    seed=8, orders=60, days=2, orders_per_day=50, trouble=1.0, incidents=False, desk=False, goes_on=Duration(90 * DAY)
)
NOW = Instant(1_772_409_600_000_000)


class UndoneError(Exception):
    """What was changed to see whether it is noticed is not kept."""


@contextmanager
def undone(putting: Putting) -> Iterator[Work]:
    with suppress(UndoneError), putting.store.writing() as work:
        yield work
        raise UndoneError


def put_right(folder: Path, *, able: frozenset[str] = VENDOR_ACTS, people: bool = True, plan: Plan = PLAN) -> Putting:
    store = open_store(f"sqlite:///{folder / 'amends.sqlite'}")
    putting = Putting(plan, store, able=able, people=people, grain=Duration(12 * HOUR))
    for _ in putting.run():
        pass
    return putting


@pytest.fixture(scope="module")
def putting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Putting]:
    found = put_right(tmp_path_factory.mktemp("right"))
    yield found
    found.store.database.close()


def ledger_of(putting: Putting, work: Work) -> Ledger:
    return read_ledger(work, putting.provider.service.payments)


def cases_of(putting: Putting) -> list[Came]:
    with putting.store.reading() as work:
        return read_cases(work)


def rows_of(putting: Putting) -> dict[str, Row]:
    return {row.exception: row for row in table_of(cases_of(putting), putting.world.owings())}


def test_every_case_ends_or_stops_at_a_person(putting: Putting) -> None:
    cases = cases_of(putting)
    assert len(cases) > 50
    assert [came for came in cases if not came.outcome and came.role is None] == []
    assert sum(1 for came in cases if came.outcome and not came.with_person) > 15
    assert not putting.failures


def test_the_table_counts_every_case_once(putting: Putting) -> None:
    rows, cases = rows_of(putting).values(), cases_of(putting)
    assert sum(row.cases for row in rows) == len(cases)
    for row in rows:
        ended = row.put_right + row.healed + row.written_off + row.false_alarm
        assert ended + sum(row.handed.values()) + row.open == row.cases
        assert row.alone + row.with_person + row.open >= row.cases


def test_who_paid_twice_gets_it_back(putting: Putting) -> None:
    twice = [one for one in putting.world.owings() if one.exception == "duplicate_payment"]
    with putting.store.reading() as work:
        given = ledger_of(putting, work).given
    assert twice
    for owing in twice:
        got = given[owing.order]
        assert got.ours + got.others >= owing.beyond > 0


def test_the_books_come_to_nothing(putting: Putting) -> None:
    with putting.store.reading() as work:
        ledger = ledger_of(putting, work)
    assert ledger.disagreements == []
    assert len(ledger.accounts) >= 3
    assert all(account.rest == 0 and account.captured > 0 for account in ledger.accounts.values())
    assert sum(account.refunded for account in ledger.accounts.values()) > 0


def test_nobody_gets_more_from_us_than_they_paid(putting: Putting) -> None:
    with putting.store.reading() as work:
        given = ledger_of(putting, work).given
    assert [order for order, got in given.items() if got.ours > got.paid] == []


@pytest.mark.parametrize("change", [{"state": "released"}, {"amount": payout.c.amount + 1}])
def test_a_refund_that_is_booked_otherwise_is_named(putting: Putting, change: dict[str, object]) -> None:
    with undone(putting) as work:
        one = work.connection.execute(
            select(payout.c.id)
            .join(outbox, outbox.c.id == payout.c.id)
            .where(outbox.c.does == "refund", payout.c.state == "paid")
            .limit(1)
        ).scalar_one()
        work.connection.execute(update(payout).where(payout.c.id == one).values(**change))
        found = ledger_of(putting, work)
        assert any(one in sentence for sentence in found.disagreements)
        assert any(account.rest for account in found.accounts.values())


def test_money_that_the_provider_alone_knows_of_is_named(putting: Putting) -> None:
    id_, payment = next(iter(putting.provider.service.payments.items()))
    payments = {**putting.provider.service.payments, id_: msgspec.structs.replace(payment, amount=payment.amount + 5)}
    with putting.store.reading() as work:
        found = read_ledger(work, payments)
    assert [sentence for sentence in found.disagreements if id_ in sentence]
    assert found.accounts[payment.currency.upper()].rest == -5


def test_what_vendors_cannot_do_people_do(putting: Putting, tmp_path: Path) -> None:
    unable = put_right(tmp_path, able=frozenset(), plan=msgspec.structs.replace(PLAN, orders=25))
    cases = cases_of(unable)
    assert [came for came in cases if not came.outcome and came.role is None] == []
    with_person = sum(1 for came in cases if came.with_person) / len(cases)
    assert with_person > sum(1 for came in cases_of(putting) if came.with_person) / len(cases_of(putting))


def test_without_people_cases_stop_at_a_role(tmp_path: Path) -> None:
    plan = msgspec.structs.replace(PLAN, orders=25)
    alone = put_right(tmp_path, people=False, plan=plan)
    cases = cases_of(alone)
    assert [came for came in cases if not came.outcome and came.role is None] == []
    assert any(came.role for came in cases)
    with alone.store.reading() as work:
        assert ledger_of(alone, work).disagreements == []


# ---------------------------------------------------------------- in small


def case(id_: str, exception: str = "lost", **known: object) -> Came:
    return Came(id=id_, exception=exception, order="1", opened_at=NOW, **known)  # type: ignore[arg-type]  # by name


def owing(least: int, most: int, beyond: int = 0) -> Owing:
    return Owing(exception="lost", order="1", at=NOW, currency="EUR", least=least, most=most, beyond=beyond)


@pytest.mark.parametrize(
    ("ours", "others", "least", "most", "kind"),
    [
        (100, 0, 100, 100, None),
        (99, 0, 100, 100, "too little"),
        (0, 100, 100, 100, None),
        (101, 0, 100, 100, "too much"),
        (50, 100, 100, 100, "too much"),
        # What the shop gave too much of its own accord is the shop's affair.
        (0, 150, 100, 100, None),
        (0, 0, 0, 100, None),
    ],
)
def test_what_is_given_is_held_against_what_is_owed(
    ours: int, others: int, least: int, most: int, kind: str | None
) -> None:
    given = {"1": Given(currency="EUR", paid=100, ours=ours, others=others)}
    found = differences([case("a", outcome="put_right")], [owing(least, most)], given, [])
    assert [one.kind for one in found] == ([] if kind is None else [kind])


def test_an_order_that_we_cancelled_is_owed_whatever_was_paid() -> None:
    given = {"1": Given(currency="EUR", paid=100)}
    (found,) = differences([case("a", cancelled=True)], [owing(0, 100)], given, [])
    assert (found.kind, found.least) == ("too little", 100)


def test_the_same_words_from_two_cases_are_noticed() -> None:
    first = case("a", letters=[("refunded", NOW)])
    later = case("b", exception="delivery_late", letters=[("refunded", Instant(NOW + 3 * HOUR))])
    assert twice_told([first]) == []
    (said,) = twice_told([first, later])
    assert "3.0 hours" in said
    assert "lost and delivery_late" in said


def test_what_vendors_can_do_is_named_or_refused() -> None:
    assert able_of("all") == VENDOR_ACTS
    assert able_of("none") == frozenset()
    assert able_of("hold_order, release_order") == {"hold_order", "release_order"}
    with pytest.raises(click.BadParameter, match="no act 'hold_ordr'"):
        able_of("hold_ordr")


def test_it_neither_writes_nor_checks() -> None:
    done = CliRunner().invoke(command, ["--right", "--check"])
    assert done.exit_code != 0
    assert "--right neither writes nor checks" in done.output
