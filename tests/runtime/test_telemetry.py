"""Logs tell where something failed, and nothing of whom it failed for."""

import io
import json
import sys

import pytest
import structlog

from amends.runtime.telemetry import set_up_logging


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_as_before():
    yield
    structlog.reset_defaults()


def _fail_for(_address: str) -> None:
    try:
        raise KeyError("stage")
    except KeyError:
        structlog.get_logger().exception("round_failed")


@pytest.mark.parametrize("stream", [io.StringIO(), _Terminal()], ids=["file", "terminal"])
def test_a_traceback_shows_the_place_and_no_values(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    set_up_logging("info")
    _fail_for("21 Baker " + "Street")
    said = stream.getvalue()
    assert "round_failed" in said
    assert "_fail_for" in said
    assert "21 Baker Street" not in said


def test_outside_a_terminal_a_line_is_one_json_object(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    set_up_logging("warning")
    logger = structlog.get_logger()
    logger.info("not this")
    logger.warning("disk_low", free=1)
    (line,) = stream.getvalue().splitlines()
    assert {"event": "disk_low", "free": 1, "level": "warning"}.items() <= json.loads(line).items()
