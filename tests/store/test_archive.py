"""Events as Parquet: what was written comes back, whoever wrote it, and a file that cannot be used says why."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from benchmarks.forms import events_of
from benchmarks.lives import draw_stream

from amends.detection import Kernel, Verdicts, load_pack
from amends.detection.batch import EventBatch
from amends.model.event import Event, decode_record, encode_event
from amends.model.fields import FIELDS
from amends.model.instant import DAY, Instant, format_instant
from amends.model.subjects import KINDS
from amends.store.archive import Archive, ArchiveWriter, UnusableArchiveError, batch_of_events, batch_of_records
from amends.store.archive.form import COLUMNS

NOW = Instant(1_780_000_000_000_000)
SAMPLES: dict[str, Any] = {
    "text": "Łódź, 北京", "integer": -3, "money": 2**53 + 1, "decimal": 0.25, "flag": False,
    "instant": format_instant(Instant(NOW + 1)),
}  # fmt: skip


def event(id_: str, after: int, **changes: Any) -> Event:
    record: dict[str, Any] = {
        "source": "shop/a", "type": "order.placed", "time": Instant(NOW + after), "keys": {"order": id_},
        "received": Instant(NOW + after + 5),
    }  # fmt: skip
    return Event(id=id_, **(record | changes))


def written(path: Path, *portions: list[Event]) -> Path:
    with ArchiveWriter(path) as archive:
        for portion in portions:
            archive.write_events(portion)
    return path


def told(batch: EventBatch) -> list[tuple[Any, ...]]:
    """What a batch says, event by event."""
    keys: list[dict[str, str]] = [{} for _ in range(batch.size)]
    fields: list[dict[str, Any]] = [{} for _ in range(batch.size)]
    for kind, named in batch.keys.items():
        codes = np.arange(len(named.places)) if named.codes is None else named.codes
        for place, code in zip(named.places.tolist(), codes.tolist(), strict=True):
            keys[place][kind] = named.names[code]
    for name, field in batch.fields.items():
        for place, value in zip(field.places.tolist(), field.values.tolist(), strict=True):
            fields[place][name] = field.texts[value] if FIELDS[name].type == "text" else value
    return [
        (
            batch.cause(place), batch.types[batch.type[place]], int(batch.time[place]), int(batch.received[place]),
            keys[place], fields[place],
        )
        for place in range(batch.size)
    ]  # fmt: skip


def read(path: Path, size: int = 1_000) -> list[tuple[Any, ...]]:
    return [line for batch in Archive(path).batches(FIELDS, size) for line in told(batch)]


def test_every_key_and_field_comes_back(tmp_path: Path) -> None:
    whole = event(
        "1", 0, keys=dict.fromkeys(KINDS, "ключ"), data={name: SAMPLES[field.type] for name, field in FIELDS.items()}
    )
    bare = event("2", 1, keys={}, received=None, data={"city": None, "weight": 7})
    ((cause, type_, time, received, keys, fields), second) = read(written(tmp_path / "x.parquet", [whole, bare]))
    assert (cause, type_, time, received, keys) == ("shop/a 1", "order.placed", NOW, NOW + 5, whole.keys)
    stored = {"text": SAMPLES["text"], "instant": NOW + 1, "flag": 0}
    assert fields == {name: stored.get(field.type, SAMPLES[field.type]) for name, field in FIELDS.items()}
    # What was learned before the one ahead of it counts as learned with it.
    assert second == ("shop/a 2", "order.placed", NOW + 1, NOW + 5, {}, {})


@pytest.mark.parametrize("size", [1, 7, 5_000])
def test_any_portion_of_it_says_the_same(tmp_path: Path, size: int) -> None:
    events = events_of(draw_stream(1_500, seed=3))
    path = written(tmp_path / "x.parquet", events[:400], events[400:401], events[401:])
    assert Archive(path).size == 1_500
    records = batch_of_records([decode_record(encode_event(one)) for one in events], FIELDS)
    of_journal = batch_of_events(events, FIELDS)
    assert records is not None
    assert of_journal is not None
    assert read(path, size) == told(records) == told(of_journal)


def test_only_the_fields_that_are_asked_for_are_read(tmp_path: Path) -> None:
    events = [event("1", 0, data={"total": 5, "city": "Bremen"})]
    (batch,) = Archive(written(tmp_path / "x.parquet", events)).batches({"city"})
    assert list(batch.fields) == ["city"]


def test_a_kernel_finds_the_same_in_columns_and_in_events(tmp_path: Path) -> None:
    events = events_of(draw_stream(4_000, seed=5))
    path = written(tmp_path / "x.parquet", events)

    def found(feed: Callable[[Kernel], list[Verdicts]]) -> list[Any]:
        kernel = Kernel(load_pack())
        said = [*feed(kernel), kernel.sweep(Instant(events[-1].time + 30 * DAY))]
        return [one for verdicts in said for one in (*verdicts.findings, *verdicts.clearings)]

    expected = found(lambda kernel: [kernel.on_events(events)])
    in_columns = found(lambda kernel: [kernel.on_batch(batch) for batch in Archive(path).batches(kernel.readers)])
    assert len(expected) > 100
    assert in_columns == expected
    small = found(lambda kernel: [kernel.on_batch(batch) for batch in Archive(path).batches(kernel.readers, 333)])
    assert sorted(map(repr, small)) == sorted(map(repr, expected))


def test_row_groups_are_filled_whatever_the_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amends.store.archive.writer.PORTION", 100)
    events = events_of(draw_stream(1_000, seed=4))
    small = written(tmp_path / "a.parquet", *(events[start : start + 30] for start in range(0, 1_000, 30)))
    content = pq.read_metadata(small)
    assert [content.row_group(group).num_rows for group in range(content.num_row_groups)] == [100] * 10
    assert read(small) == read(written(tmp_path / "b.parquet", events))


def test_a_folder_goes_on_from_file_to_file(tmp_path: Path) -> None:
    events = events_of(draw_stream(1_000, seed=4))
    (tmp_path / "parts").mkdir()
    written(tmp_path / "parts" / "2026-02.parquet", events[600:])
    written(tmp_path / "parts" / "2026-01.parquet", events[:600])
    assert Archive(tmp_path / "parts").size == 1_000
    assert read(tmp_path / "parts") == read(written(tmp_path / "whole.parquet", events))


def plain_columns(path: Path) -> dict[str, Any]:
    """What another program might write: plain texts, whole microseconds, small integers, no column that is empty."""
    table = pl.read_parquet(path)
    table = table.select([name for name in table.columns if table[name].null_count() < len(table)])
    times = [name for name in table.columns if COLUMNS[name] == "instant"]
    casts = [pl.col(times).to_physical(), pl.col("quantity").cast(pl.Int16), pl.col("total").cast(pl.UInt32)]
    return table.with_columns(casts).to_dict()


def test_files_of_other_programs_say_the_same(tmp_path: Path) -> None:
    events = events_of(draw_stream(1_500, seed=6))
    path = written(tmp_path / "x.parquet", events)
    expected = read(path)
    plain = pl.DataFrame(plain_columns(path))
    plain.write_parquet(tmp_path / "polars.parquet", row_group_size=400)
    assert read(tmp_path / "polars.parquet") == expected
    milliseconds = plain.with_columns(
        pl.col("deliver_by").cast(pl.Datetime("us", "Asia/Shanghai")).dt.cast_time_unit("ms")
    )
    milliseconds.with_columns(pl.col(pl.String).exclude("id").cast(pl.Categorical)).write_parquet(
        tmp_path / "polars.parquet"
    )
    assert read(tmp_path / "polars.parquet") == expected
    # Texts that are not kept as codes, as of a program that gave its dictionaries up.
    pq.write_table(plain.to_arrow(), tmp_path / "arrow.parquet", use_dictionary=False, compression="snappy")
    assert read(tmp_path / "arrow.parquet", 100) == expected


def test_without_received_an_event_is_learned_when_it_happens(tmp_path: Path) -> None:
    plain = pl.DataFrame(
        {"id": ["1", "2"], "source": ["a", "a"], "type": ["order.placed", "order.paid"], "time": [NOW, NOW + 7]}
    )
    plain.write_parquet(tmp_path / "x.parquet")
    assert [line[3] for line in read(tmp_path / "x.parquet")] == [NOW, NOW + 7]
    plain.with_columns(received=pl.Series([NOW + 1, None])).write_parquet(tmp_path / "x.parquet")
    assert [line[3] for line in read(tmp_path / "x.parquet")] == [NOW + 1, NOW + 7]


GOOD: dict[str, list[Any]] = {
    "id": ["1", "2"], "source": ["a", "a"], "type": ["order.placed", "order.paid"], "time": [NOW, NOW + 7],
    "order_id": ["A", "A"], "total": [5, None],
}  # fmt: skip
BEFORE = [NOW + 9, NOW + 8]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"time": None}, " has no column `time`; a file of events needs id, source, type, time"),
        ({"time": ["2026-01-01T00:00:00Z"] * 2}, ": column `time` holds large_string; it should hold timestamps"),
        ({"time": pl.Series([NOW, NOW]).cast(pl.Datetime("us"))}, "holds timestamp[us] (its times name no zone); it"),
        ({"total": [5.0, 1.5]}, ": column `total` holds double; it should hold whole numbers of minor units."),
        ({"total": ["5", "6"]}, ": column `total` holds large_string; it should hold whole numbers of minor units."),
        ({"order_id": [1, 2]}, ": column `order_id` holds int64; it should hold texts."),
        ({"test": [1, 0]}, ": column `test` holds int64; it should hold true or false."),
        ({"type": ["order.placed", "order.exploded"]}, ", row 1 and on: `type` 'order.exploded' is not in the vocabul"),
        ({"type": ["order.placed", None]}, ", row 1 and on: column `type` has rows without a value; every event needs"),
        ({"id": ["1", None]}, ", row 1 and on: column `id` has rows without a value; every event needs one."),
        ({"order_id": ["A", ""]}, ", row 1 and on: `order_id` is an empty text; leave out what is not known."),
        ({"source": ["", "a"]}, ", row 1 and on: `source` is an empty text; leave out what is not known."),
        ({"received": BEFORE}, "row 2: `received` goes back from 2026-05-28T20:26:40.000009Z to 2026-05-28T20:26:40.0"),
        ({"time": [NOW, NOW - 1]}, ", row 2: `received` goes back from 2026-05-28T20:26:40Z to 2026-05-28T20:26:39.9"),
        ({"position": pl.Series([2**63, 1], dtype=pl.UInt64)}, ", row 1 and on: cannot be read: Integer value 922"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, changes: dict[str, Any], complaint: str) -> None:
    columns = {name: values for name, values in (GOOD | changes).items() if values is not None}
    pl.DataFrame(columns).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(UnusableArchiveError) as caught:
        read(tmp_path / "x.parquet")
    assert str(caught.value).startswith(str(tmp_path / "x.parquet"))
    assert complaint in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_what_is_no_parquet_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("id,source\n")
    with pytest.raises(UnusableArchiveError, match="is not a Parquet file that can be read: "):
        Archive(tmp_path / "x.parquet")
    path = written(tmp_path / "y.parquet", [event(str(number), number) for number in range(5_000)])
    path.write_bytes(path.read_bytes()[:4] + bytes(2_000) + path.read_bytes()[2_004:])
    with pytest.raises(UnusableArchiveError, match=r"y\.parquet, row 1 and on: cannot be read: "):
        read(path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnusableArchiveError, match=r"empty holds no \.parquet file"):
        Archive(tmp_path / "empty")


def test_files_of_a_folder_that_do_not_go_on_say_so(tmp_path: Path) -> None:
    written(tmp_path / "1.parquet", [event("1", 9)])
    written(tmp_path / "2.parquet", [event("2", 8)])
    with pytest.raises(UnusableArchiveError, match=r"2\.parquet, row 1: `received` goes back from "):
        read(tmp_path)


def test_a_column_of_another_name_is_told(tmp_path: Path) -> None:
    pl.DataFrame(GOOD | {"ordr_id": ["A", "A"], "xx": [1, 2]}).write_parquet(tmp_path / "x.parquet")
    assert Archive(tmp_path / "x.parquet").strangers == ["`ordr_id`; did you mean `order_id`?", "`xx`"]


def test_ids_are_texts_only_when_asked_for(tmp_path: Path) -> None:
    (batch,) = Archive(written(tmp_path / "x.parquet", [event(str(n), n) for n in range(10)])).batches(())
    assert not isinstance(batch.ids, list)
    assert (len(batch.ids), batch.ids[3], batch.ids[-1]) == (10, "3", "9")
    assert list(batch.part(4, 7).ids) == ["4", "5", "6"]


def test_texts_of_a_small_part_of_a_row_group_are_its_own(tmp_path: Path) -> None:
    path = written(tmp_path / "x.parquet", [event(str(number), number) for number in range(2_000)])
    batches = list(Archive(path).batches((), 100))
    assert [len(batch.keys["order"].names) for batch in batches] == [100] * 20


def unplain(**changes: Any) -> EventBatch | None:
    document = {
        "specversion": "1.0", "id": "1", "source": "a", "type": "order.placed", "time": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    return batch_of_records([decode_record(json.dumps(document | changes))], FIELDS)


def test_a_record_that_is_not_plain_is_left_to_a_closer_look() -> None:
    assert unplain() is not None
    assert unplain(data={"total": 5, "weight": {"kg": 1}}, keys={"order": "A"}) is not None
    for changes in (
        {"id": ""}, {"source": ""}, {"type": "order.exploded"}, {"specversion": "0.3"}, {"keys": {"parcel": "1"}},
        {"keys": {"order": ""}}, {"time": "2026-01-01T00:00:00"}, {"time": "20260101T000000Z"}, {"received": "noon"},
        {"data": {"total": "5"}}, {"data": {"total": 1.5}}, {"data": {"total": 2**63}}, {"data": {"total": 2**63 - 1}},
        {"data": {"total": True}}, {"data": {"test": 1}}, {"data": {"city": 5}}, {"data": {"ship_by": "2026-01-01"}},
        {"data": {"total": -(2**63)}}, {"data": {"risk_score": "0.5"}},
    ):  # fmt: skip
        assert unplain(**changes) is None, changes


def test_the_columns_have_names_of_their_own() -> None:
    assert len(COLUMNS) == 5 + len(KINDS) + len(FIELDS)
