"""Failpoints are known by name, and documented."""

from pathlib import Path

import pytest

from amends.pipeline.failpoints import FAILPOINTS, UnknownFailpointError, arm

GUIDE = Path(__file__).parent.parent.parent / "docs" / "durability.md"


def test_every_failpoint_is_in_the_guide() -> None:
    guide = GUIDE.read_text()
    assert [point for point in FAILPOINTS if f"`{point}`" not in guide] == []


def test_an_unknown_failpoint_is_a_sentence() -> None:
    with pytest.raises(UnknownFailpointError, match=r"round\.commit\.before"):
        arm("round.commit.during")
