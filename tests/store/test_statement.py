"""Statements that are said to the driver itself: the same rows as SQLAlchemy's, whatever is asked for."""

import pysqlite3.dbapi2 as sqlite  # type: ignore[import-untyped]
import pytest
from sqlalchemy import bindparam, select

from amends.model.instant import Instant
from amends.store.rows import Rows
from amends.store.schema import connection, setting
from amends.store.statement import Among, Statement
from amends.store.work import SqlStore


@pytest.mark.parametrize("count", [0, 1, 2, 3, 1_023, 1_025, 3_000])
def test_each_row_comes_once_however_many_are_asked_for(store: SqlStore, count: int) -> None:
    among = Among(lambda values: select(setting).where(setting.c.name.in_(values)))
    with store.writing() as work:
        rows = [{"name": str(number), "value": {"number": number}} for number in range(count)]
        if rows:
            work.connection.execute(setting.insert(), rows)
    with store.reading() as work:
        found = list(among.rows(work.connection, [*map(str, range(count)), "none such"]))
        expected = work.connection.execute(select(setting)).all()
    assert sorted((row.name, row.value["number"]) for row in found) == sorted(
        (row.name, row.value["number"]) for row in expected
    )
    assert len(found) == count


def test_other_parameters_stand_before_the_values(store: SqlStore) -> None:
    among = Among(
        lambda values: select(connection.c.account).where(
            connection.c.vendor == bindparam("of"), connection.c.account.in_(values)
        ),
        "of",
    )
    with store.writing() as work:
        for vendor in ("shopify", "stripe"):
            work.connections.put(vendor, f"{vendor} north", "s" * 24, Instant(1))
        wanted = ["shopify north", "stripe north", "south"]
        assert [row.account for row in among.rows(work.connection, wanted, "stripe")] == ["stripe north"]


def test_of_no_row_there_is_no_first_one(store: SqlStore) -> None:
    named = Statement(select(setting.c.value).where(setting.c.name == bindparam("which")), "which")
    with store.reading() as work:
        assert named.run(work.connection, "none such").first() is None
        assert named.run(work.connection, "none such").scalar() is None
        with pytest.raises(LookupError):
            named.run(work.connection, "none such").one()


def test_rows_are_added_replaced_and_written_over_by_their_keys(store: SqlStore) -> None:
    rows = Rows(setting)
    with store.writing() as work:
        rows.insert(work.connection, [{"name": name, "value": {"is": name}} for name in "abc"])
        rows.replace(work.connection, [{"name": name, "value": {"is": "replaced"}} for name in "bd"])
        rows.update(work.connection, [{"name": name, "value": ["written over"]} for name in "ce"])
        rows.insert(work.connection, [])
    with store.reading() as work:
        found = dict(map(tuple, work.connection.execute(select(setting.c.name, setting.c.value))))
    assert found == {"a": {"is": "a"}, "b": {"is": "replaced"}, "c": ["written over"], "d": {"is": "replaced"}}


def test_a_row_is_not_added_twice(store: SqlStore) -> None:
    rows = Rows(setting)
    with store.writing() as work:
        rows.insert(work.connection, [{"name": "a", "value": 1}])
        with pytest.raises(sqlite.IntegrityError):
            rows.insert(work.connection, [{"name": "a", "value": 2}])
