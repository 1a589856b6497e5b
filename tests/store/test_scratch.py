"""The file of what a backtest need not hold in memory."""

from random import Random

from amends.store.scratch import Scratch


def test_what_was_written_is_read_again() -> None:
    random, scratch = Random(1), Scratch()
    parts = [random.randbytes(random.randrange(1, 5000)) for _ in range(50)]
    places = [scratch.append(memoryview(part)) for part in parts]
    assert scratch.size == sum(map(len, parts))
    for number in random.sample(range(50), 50):
        assert scratch.read(places[number], len(parts[number])) == parts[number]
