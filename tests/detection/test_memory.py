"""What rows, names and texts take, and that nothing gets lost where rows are wide and texts long."""

from random import Random
from typing import Any

import numpy as np
import pytest

from amends.detection import Kernel, pack_from_text
from amends.detection.names import Names
from amends.detection.pool import _AT_HAND_MAX, Pool
from amends.detection.rows import Rows
from amends.detection.settled import Settled
from amends.model.event import Event
from amends.model.instant import DAY, HOUR, Instant

MIDNIGHT = Instant(1_772_323_200_000_000)
SILENCES = 130
_WIDE = """
tables:
  order:
    columns:
      placed_at: {fold: first, of: time, on: [order.placed]}
      done: {fold: any, on: [order.cancelled]}
"""


def wide_pack() -> str:
    """An order with more silences than one chunk has places, and a column of its own for each."""
    columns = "".join(
        f"      c{number}: {{fold: sum, of: quantity, on: [order.placed], where: 'event.quantity = {number}'}}\n"
        for number in range(SILENCES)
    )
    rules = "".join(
        f"""
  - id: silent_{number}
    exception: handover_late
    kind: silence
    table: order
    severity: info
    trouble: fulfilment
    since: placed_at
    within: {number + 1} hours
    until: done OR c{number} > 0
    title: {{en: silent, zh-Hans: silent}}
    says: {{en: silent, zh-Hans: silent}}"""
        for number in range(SILENCES)
    )
    return f"{_WIDE}{columns}rules:{rules}\n"


def event(number: int, type_: str, order: str, at: int, **data: Any) -> Event:
    return Event(id=str(number), source="s", type=type_, time=Instant(at), keys={"order": order}, data=data)


@pytest.mark.parametrize("pressed", [False, True])
@pytest.mark.parametrize("settled", [False, True])
def test_an_order_may_have_more_silences_and_columns_than_a_chunk(settled: bool, pressed: bool) -> None:
    pack = pack_from_text(wide_pack(), "wide.yaml")
    judge = Kernel(pack, Settled(quiet=0) if settled else None)
    judge.on_events(
        [event(number, "order.placed", f"o{number % 3}", MIDNIGHT, quantity=number) for number in range(1, 90)]
    )
    for _ in range(2 if pressed else 0):
        judge.press()
    judge = Kernel.restore(pack, judge.snapshot())
    assert judge.next_due() == MIDNIGHT + HOUR
    found = judge.sweep(Instant(MIDNIGHT + 10 * DAY)).findings
    expected = {
        (f"silent_{number}", f"o{order}", MIDNIGHT + (number + 1) * HOUR)
        for order in range(3)
        for number in range(SILENCES)
        if not (0 < number < 90 and number % 3 == order)
    }
    assert {(one.rule, one.subject, one.fired_at) for one in found} == expected
    judge.settle()
    assert judge.live()["order"] == (0 if settled else 3)
    row = judge.row("order", "o1")
    assert row is not None
    assert [row[f"c{number}"] for number in range(SILENCES)] == [
        number if number < 90 and number % 3 == 1 else 0 for number in range(SILENCES)
    ]
    cleared = judge.on_events([event(100, "order.cancelled", "o1", MIDNIGHT + 11 * DAY)]).clearings
    assert len(cleared) == sum(subject == "o1" for _, subject, _ in expected)


def test_columns_of_one_event_keep_their_own_times_where_events_part_them() -> None:
    text = """
tables:
  order:
    columns:
      total: {fold: last, of: total, on: [order.placed, order.edited]}
      city: {fold: last, of: city, on: [order.placed, order.edited]}
      street: {fold: last, of: street, on: [order.placed, order.edited]}
      first_total: {fold: first, of: total, on: [order.placed, order.edited]}
      first_city: {fold: first, of: city, on: [order.placed, order.edited]}
rules: []
"""
    random = Random(3)
    names = {"total": (1, 2, 3), "city": ("Bremen", "Lyon", "Łódź"), "street": ("a", "b")}
    for _ in range(200):
        told = []
        for number in range(random.randint(2, 7)):
            data = {name: random.choice(values) for name, values in names.items() if random.random() < 0.6}
            told.append(event(number, "order.edited", "A", MIDNIGHT + random.randint(0, 4), **data))
        judge = Kernel(pack_from_text(text, "times.yaml"))
        judge.on_events(told)
        for name in ("total", "city", "street"):
            known = [(one.time, one.data[name]) for one in told if name in one.data]
            row = judge.row("order", "A") or {}
            assert row.get(name) == (max(known)[1] if known else None)
            if name != "street":
                first = [value for time, value in known if time == min(known)[0]]
                assert row.get(f"first_{name}") == max(first, default=None)


def test_a_row_gives_back_what_it_no_longer_has() -> None:
    pack = pack_from_text(wide_pack(), "wide.yaml")
    judge = Kernel(pack)
    for number in range(200):
        at = MIDNIGHT + number * HOUR
        judge.on_events([event(2 * number, "order.placed", f"o{number}", at, quantity=1)])
        judge.on_events([event(2 * number + 1, "order.cancelled", f"o{number}", at)])
    sizes = judge.sizes()
    # With a cell of 8 bytes for each of 130 silences it would be four times as much.
    assert sizes["rows of orders"] < 50_000
    assert sizes["rows that were"] < 20_000


def test_a_row_at_rest_is_as_it_was_and_takes_less() -> None:
    text = """
tables:
  order:
    columns:
      total: {fold: last, of: total, on: [order.edited]}
      risk: {fold: max, of: risk_score, on: [order.edited]}
      edited_at: {fold: max, of: time, on: [order.edited]}
      known_at: {fold: max, of: received, on: [order.edited]}
      first_at: {fold: first, of: time, on: [order.edited]}
      city: {fold: last, of: city, on: [order.edited]}
      street: {fold: last, of: street, on: [order.edited]}
      blocked: {fold: last, of: blocked, on: [order.edited]}
rules: []
"""
    random, pack = Random(5), pack_from_text(text, "rest.yaml")
    plain, resting = Kernel(pack), Kernel(pack)
    wholes = [0, 1, -1, 7, 1 << 20, -(1 << 40), (1 << 62) - 1, -(1 << 62)]
    for number in range(600):
        at = MIDNIGHT + random.choice([1, 1_000_000, DAY]) * random.randint(-400, 400)
        data = {"total": random.choice(wholes), "risk_score": random.choice([0.0, -0.0, 1.5, 1e300, -2e-9]),
                "city": f"{random.randint(0, 200):016x}", "street": f"{random.randint(0, 999)} Straße",
                "blocked": random.random() < 0.5}  # fmt: skip
        given = {name: value for name, value in data.items() if random.random() < 0.7}
        told = event(number, "order.edited", f"o{number % 40}", at, **given)
        assert plain.on_events([told]) == resting.on_events([told])
        if random.random() < 0.3:
            resting.press()
    for _ in range(2):
        resting.press()
    again = Kernel.restore(pack, resting.snapshot())
    for number in range(40):
        row = plain.row("order", f"o{number}")
        assert row is not None
        assert row == resting.row("order", f"o{number}") == again.row("order", f"o{number}")
    assert resting.sizes()["rows of orders"] < 0.8 * plain.sizes()["rows of orders"]


# ---------------------------------------------------------------- names and texts


def test_names_of_any_length_are_found_again_after_some_have_left() -> None:
    random, names = Random(1), Names()
    known = {f"{number}-" + "x" * random.choice([0, 5, 126, 127, 128, 300, 17_000]) for number in range(300)}
    # Digests, and what only looks like one.
    known |= {f"{random.getrandbits(64):016x}"[: random.choice([15, 16, 16])] for _ in range(90)}
    known |= {f"{random.getrandbits(64) | 0xA:016X}" for _ in range(10)} | {"x" * 127}
    numbers = dict(zip(sorted(known), names.numbers(sorted(known))[0].tolist(), strict=True))
    gone = set(random.sample(sorted(known), 250))
    names.remove(np.array([numbers[name] for name in sorted(gone)]))
    again = Names()
    again.load(names.dump())
    for each in (names, again):
        assert {name: each.number(name) for name in known - gone} == {name: numbers[name] for name in known - gone}
        assert all(each.name(numbers[name]) == name for name in known - gone)
        kept = sorted(known - gone)
        assert each.names(np.array([numbers[name] for name in kept])) == kept
        assert all(each.number(name) is None for name in gone)
        assert len(each.numbers(["new", "ß", "new"])[1]) == 2
        assert each.name(int(each.numbers(["ß"])[0][0])) == "ß"
        assert len(each) == len(known) - 250 + 2


def test_texts_have_codes_however_many_there_are_and_others_stay_what_they_are() -> None:
    pool = Pool()
    many = [f"text {number}" for number in range(_AT_HAND_MAX + 10)]
    others: list[Any] = [None, 7, True, "7"]
    codes = pool.codes([*many, *others], len(many) + 4).tolist()
    assert codes[len(many)] == -1
    assert len(set(codes)) == len(codes)
    again = Pool()
    again.load(pool.dump())
    for each in (pool, again):
        assert [each.text(code) for code in codes] == [*many, *others]
        assert each.codes([*many[::-1], None, "7"], 0).tolist() == [*codes[: len(many)][::-1], -1, codes[-1]]
        assert list(each.texts)[-1] in ("7", 7, True)
        with pytest.raises(IndexError):
            each.texts[len(each.texts)]


def test_groups_have_rows_by_what_their_values_are_equal_to() -> None:
    rows = Rows()
    rows.add_array("hits", np.int64, 3)
    assert rows.rows([("DE", 1, 0.0), ("DE", None, -0.0), ("DE", 1, -0.0), (True, "ü")]).tolist() == [0, 1, 0, 2]
    rows.arrays["hits"][1] = 5
    again = Rows()
    again.add_array("hits", np.int64, 3)
    again.load(rows.dump())
    assert (again.size, again.live("hits").tolist(), again.values(2)) == (3, [3, 5, 3], (True, "ü"))
