"""The kernel against the naive reference, on random packs and streams, whole and in pieces.

AMENDS_STREAMS sets how many streams (1,000; 100,000 in a campaign), AMENDS_FIRST_STREAM the seed of the first.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.reference.differences import (
    InPieces,
    Judge,
    Pack,
    Said,
    by_reference,
    differences,
    in_whole_batches,
    shrunk,
    told,
)
from tests.reference.streams import Step, stream
from tests.reference.surge import Group

ROOT = Path(__file__).parent.parent.parent
BLOCK = 100
FIRST = int(os.environ.get("AMENDS_FIRST_STREAM", "0"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Streams come in blocks, so that they can be spread over processes and none takes long."""
    if "block" in metafunc.fixturenames:
        usual = "100000" if metafunc.config.getoption("--campaign", default=False) else "1000"
        count = int(os.environ.get("AMENDS_STREAMS", usual))
        blocks = [range(first, min(first + BLOCK, FIRST + count)) for first in range(FIRST, FIRST + count, BLOCK)]
        metafunc.parametrize("block", blocks, ids=[f"{block.start}-{block.stop - 1}" for block in blocks])


@pytest.mark.inv05
@pytest.mark.inv06
def test_the_kernel_equals_the_reference(block: Sequence[int]) -> None:
    """In whole batches; in pieces with restarts between; and every tenth with subjects that settle and come back."""
    for seed in block:
        _, pack, steps = stream(seed)
        said = by_reference(pack, steps)
        judges: list[Judge] = [in_whole_batches, InPieces(seed)]
        if seed % 10 == 0:
            judges.append(InPieces(seed, settling=True))
        for judge in judges:
            if differences(pack, steps, lambda *_: said, judge):  # noqa: B023, asked at once
                pytest.fail(told(seed, *shrunk(pack, steps, by_reference, judge)), pytrace=False)


def test_the_streams_are_worth_the_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards the generator: every kind of rule fires and clears, rings become one, and money is at stake."""
    fired = dict.fromkeys(("fault", "conflict", "silence", "surge", "ratio"), 0)
    cleared = with_loss = by_calendar = of_rings = of_values = 0
    absorbed: list[int] = []
    absorb = Group.absorb

    def counted(group: Group, other: Group, window: int) -> None:
        absorbed.append(len(other.records))
        absorb(group, other, window)

    monkeypatch.setattr(Group, "absorb", counted)
    for seed in range(300):
        _, pack, steps = stream(seed)
        counting = {rule["id"] for rule in pack["rules"] if "WORK" in str(rule)}
        surges = [rule for rule in pack["rules"] if rule["kind"] == "surge"]
        by_ring = {rule["id"] for rule in surges if set(rule["by"]) & set(pack["links"])}
        by_value = {rule["id"] for rule in surges if "distinct" in rule}
        kinds = {rule["id"]: "ratio" if rule.get("ratio") else rule["kind"] for rule in pack["rules"]}
        for line in (line for lines in by_reference(pack, steps) for line in lines):
            word, name, *_ = line.split()
            if word == "finding":
                fired[kinds[name]] += 1
                by_calendar += name in counting
                of_rings += name in by_ring
                of_values += name in by_value
                with_loss += "loss=None" not in line and "loss=0 " not in line
            cleared += word == "clearing"
    assert min(fired.values()) >= 10, fired
    assert cleared >= 50
    assert with_loss >= 50
    assert by_calendar >= 50
    assert of_rings >= 100
    assert of_values >= 50
    assert len(absorbed) >= 50


def test_a_difference_is_found_and_made_small() -> None:
    """The comparison can fail: against a judge that hears nothing of events that name a buyer, it does."""

    def deaf(pack: Pack, steps: Sequence[Step]) -> Said:
        return by_reference(pack, [step for step in steps if isinstance(step, int) or "buyer" not in step.keys])

    sizes = []
    for seed in range(30):
        _, pack, steps = stream(seed)
        if differences(pack, steps, by_reference, deaf):
            less, fewer, left = shrunk(pack, steps, by_reference, deaf)
            assert differences(less, fewer, by_reference, deaf) == left != []
            sizes.append(len(fewer))
    assert len(sizes) > 10
    assert max(sizes) <= 3


@pytest.mark.inv05
def test_the_hash_seed_of_the_process_changes_nothing() -> None:
    program = (
        "from tests.reference.differences import InPieces\n"
        "from tests.reference.streams import stream\n"
        "for seed in range(25):\n"
        "    print(InPieces(seed)(*stream(seed)[1:]))\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
        ).stdout
        for hash_seed in ("0", "1", "2")
    }
    assert len(said) == 1
    assert b"finding" in said.pop()
