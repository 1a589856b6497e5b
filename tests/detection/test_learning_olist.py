"""Warnings in the real Olist orders: three days ahead, they rank and hold as well as was asked for."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from scripts.olist_warnings import Orders, Trial, Walk, diagram, read_orders, trials

ROOT = Path(__file__).parent.parent.parent

pytestmark = [pytest.mark.realdata, pytest.mark.slow]


@pytest.fixture(scope="module")
def first(realdata: Path) -> Trial:
    """All orders that wait, cut by time."""
    return next(trials(realdata / "olist"))


@pytest.fixture(scope="module")
def orders(realdata: Path) -> Orders:
    return read_orders(realdata / "olist", arrived_only=False)


def test_warnings_rank_at_least_as_well_as_boosted_trees_and_mean_what_they_say(first: Trial) -> None:
    ours = first.sides["ours"]
    assert first.learned_from > 500
    assert first.asked > 500
    assert ours.average_precision >= max(first.peers.values())
    assert ours.average_precision > first.late_share + 0.05
    assert ours.calibration_error < 0.05
    assert first.sides["ours, learning on"].average_precision >= first.sides["peer, learning on"].average_precision
    assert first.holds


def test_the_peer_is_no_straw_man(first: Trial) -> None:
    assert first.sides["peer"].average_precision > first.late_share + 0.05
    assert first.sides["peer"].brier < first.late_share * (1 - first.late_share)


def test_nothing_of_the_future_is_known(orders: Orders) -> None:
    # What happens after a question was asked changes no answer to it, nor to any before it.
    questions = orders.questions()
    middle = questions[len(questions) // 3]
    moment = int(orders.asked[middle])

    def forgotten(instants: Any) -> Any:
        return np.where(instants > moment, np.iinfo(np.int64).max, instants)

    known = {name: getattr(orders, name) for name in orders.__struct_fields__}
    known |= {name: forgotten(known[name]) for name in ("handed", "over")}
    known["cancelled"] = orders.cancelled & (orders.over <= moment)
    before = questions[orders.asked[questions] <= moment]
    told = Walk(orders, before).chances(None).chances
    untold = Walk(Orders(**known), before).chances(None).chances
    assert told.tolist() == untold.tolist()


def test_a_question_is_asked_of_who_waits_and_answered_by_a_chance(orders: Orders) -> None:
    questions = orders.questions()
    assert (orders.paid[questions] <= orders.asked[questions]).all()
    assert (orders.over[questions] > orders.asked[questions]).all()
    assert (orders.promise[questions] < orders.end).all()


def test_the_diagram_can_be_drawn(first: Trial) -> None:
    drawn = ET.fromstring(diagram(first))
    assert len([part for part in drawn if part.tag.endswith("circle")]) == 22


def test_the_command_says_what_it_takes() -> None:
    said = subprocess.run(
        [sys.executable, "scripts/olist_warnings.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--svg" in said.stdout
