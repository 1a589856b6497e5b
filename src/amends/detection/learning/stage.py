"""One stage on the way to the buyer, day by day: the chance that a wait ends on the day that begins.

A curve knows the lane and the age of a wait. It does not know that Sunday is near, that carriers have been slow this
week, or that the seller's limit has passed. These facts shift the curve's odds of each day, by weights learned from
every day that every row has waited. See docs/learning.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from amends.detection.learning.odds import Fact, Odds, log_odds
from amends.detection.learning.scale import Floats, Ints
from amends.detection.learning.tempo import Tempo
from amends.detection.learning.waits import Waits
from amends.model.instant import DAY

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LEAST_CHANCE = 1e-4


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that wait, each at the beginning of a day, as columns. Instants and durations in microseconds."""

    groups: Ints
    """For the curves: of `Lanes`."""
    since: Ints
    begins: Ints
    """The day's first moment; a wait that begins within the day is counted from its own beginning."""
    ends: Ints
    weekday: Ints
    """0 is Monday, where the wait goes on."""
    tempos: Mapping[str, Ints]
    """For each tempo of the stage, the group of each row."""
    facts: Floats
    """[rows x facts of the stage]."""

    def pick(self, rows: Any) -> "Days":
        """Some of these rows."""
        columns = {name: getattr(self, name)[rows] for name in ("groups", "since", "begins", "ends", "weekday")}
        tempos = {name: groups[rows] for name, groups in self.tempos.items()}
        return Days(**columns, tempos=tempos, facts=self.facts[rows])


class Stage:
    """What is known of one stage: curves by lane, tempos by broad groups, and the odds of a day.

    The first of `tempos` is the broadest; the others tell how their group differs from it.
    """

    def __init__(self, *, waits: Waits, tempos: Mapping[str, Tempo], facts: Sequence[Fact]) -> None:
        self.waits = waits
        self.tempos = dict(tempos)
        always = [
            Fact(name="always"),
            Fact(name="lane", mean=1.0, spread=0.3),
            *(Fact(name=day) for day in WEEKDAYS),
            *(Fact(name=f"tempo_{name}") for name in tempos),
            Fact(name="age", spread=0.5),
            Fact(name="first_day"),
        ]
        self.odds = Odds([*always, *facts])

    def expected(self, days: Days) -> Floats:
        """The chance of the day by the curves alone."""
        lived = self.waits.hazard(days.groups, np.maximum(days.begins - days.since, 0))
        return -np.expm1(lived - self.waits.hazard(days.groups, days.ends - days.since))

    def chances(self, days: Days) -> Floats:
        """The chance that what waits at the beginning of the day ends on it."""
        return self.odds.chances(self.rows(days))

    def rows(self, days: Days) -> Floats:
        """The facts of the regression, in the order of `odds.facts`."""
        age = np.maximum(days.begins - days.since, 0) / DAY
        week = np.zeros((len(age), len(WEEKDAYS)))
        week[np.arange(len(age)), days.weekday] = 1
        tempos = [tempo.lately(days.tempos[name]) for name, tempo in self.tempos.items()]
        tempos = [tempos[0], *(one - tempos[0] for one in tempos[1:])] if tempos else []
        lane = log_odds(self.expected(days), _LEAST_CHANCE)
        columns = [np.ones_like(age), lane, *week.T, *tempos, np.log1p(age) - 2, (age < 1).astype(float)]
        return np.column_stack([*columns, days.facts])

    def pass_day(self, days: Days, came: Any) -> None:
        """Let a day pass: which of those that waited at its beginning, or began on it, ended on it."""
        expected = self.expected(days)
        for name, tempo in self.tempos.items():
            tempo.learn(days.tempos[name], came, expected)

    def learn(self, rows: Floats, came: Any) -> None:
        """Learn the odds from the days of an epoch, as `rows` gave them while they were still to come."""
        self.odds.learn(rows, came)

    def dump(self) -> dict[str, Any]:
        """All that was learned, of values that a snapshot can hold."""
        tempos = {name: tempo.dump() for name, tempo in self.tempos.items()}
        return {"waits": self.waits.dump(), "tempos": tempos, "odds": self.odds.dump()}

    @classmethod
    def load(cls, content: dict[str, Any]) -> "Stage":
        """What `dump` gave."""
        tempos = {name: Tempo.load(tempo) for name, tempo in content["tempos"].items()}
        stage = cls(waits=Waits.load(content["waits"]), tempos=tempos, facts=())
        stage.odds = Odds.load(content["odds"])
        return stage


def late_chances(first: Floats, second: Floats) -> Floats:
    """P(a row has not come through two stages by the end of the last day).

    `first[rows, day]` is the chance that it leaves the first stage on that day if it is still in it, and
    `second[rows, age, day]` that it then leaves the second on `day`, `age` days after it entered it.
    """
    days = first.shape[1]
    waits = np.ones(len(first))
    late = np.zeros(len(first))
    for entered in range(days):
        under_way = waits * first[:, entered]
        waits = waits * (1 - first[:, entered])
        for day in range(entered, days):
            under_way = under_way * (1 - second[:, day - entered, day])
        late += under_way
    result: Floats = waits + late
    return result
