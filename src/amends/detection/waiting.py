"""Learned waits at work: what ended, who still waits, and what is usual; see docs/kernel.md, Learned waits."""

import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from amends.detection.engine import Engine, Learned
from amends.detection.learning import End, Lanes, Waits
from amends.detection.lull import LullJudge
from amends.detection.machine.happened import AT, COLUMNS, GROUPS, HOW, NOW, SEEN, SINCE, sort_out
from amends.detection.machine.lanes import GROUP
from amends.detection.machine.loop import ENDED
from amends.detection.pool import Pool
from amends.detection.program import Program
from amends.detection.rule import Rule, Wait
from amends.detection.types import Type
from amends.detection.vector import NO_INT
from amends.detection.written import Question
from amends.model.instant import DAY, Duration, Instant

Index = NDArray[np.int64]

EPOCH: Final = Duration(7 * DAY)
"""How often what is usual is learned anew: at whole multiples of this since 1970."""


class Experience:
    """All learned waits of a pack. The loop gives groups their numbers; here they have names and curves."""

    def __init__(self, program: Program, engine: Engine, pool: Pool) -> None:
        self._program, self._engine, self._pool = program, engine, pool
        self._waits = [_Learning(wait, program, engine) for wait in program.waits]
        self.lulls = [self._watching(rule) for rule in program.lulls]
        self._named = 0
        """How many of the loop's groups have got their names."""

    def __bool__(self) -> bool:
        return bool(self._waits)

    def _watching(self, rule: Rule) -> LullJudge:
        assert rule.surge is not None
        assert rule.surge.wait is not None
        learning = self._waits[self._number(rule.surge.wait)]
        lull = LullJudge(rule, learning.lanes, learning.waits, learning.wait.half_life)
        learning.lulls.append(lull)
        return lull

    @property
    def begun(self) -> Instant:
        """When what is usual was last learned anew; the beginning of 1970 if it never was."""
        return min((learning.waits.begun for learning in self._waits), default=Instant(0))

    def take(self, ended: Index) -> None:
        """Take in what happened to waits, `ENDED` numbers each, and the groups that were met."""
        self._name_groups()
        if not len(ended):
            return
        starts = np.zeros(2 * len(self._waits) + 2, dtype=np.int64)
        columns = np.zeros((COLUMNS, len(ended) // ENDED), dtype=np.int64)
        sort_out(ended, self._engine.groups, starts, columns)
        ends = starts.tolist()
        for number, learning in enumerate(self._waits):
            begin, middle, end = ends[2 * number : 2 * number + 3]
            if begin < end:
                learning.take(columns[:, begin:middle], columns[:, middle:end])
        heard = columns[:, ends[-2] :]
        for number, lull in enumerate(self.lulls):
            lull.hear(heard[NOW, heard[GROUPS] == number])

    def relearn(self, now: Instant) -> None:
        """An epoch is over: draw the curves anew, and let the loop know."""
        for learning in self._waits:
            learning.relearn(now, self._engine)
            for lull in learning.lulls:
                lull.relearn(EPOCH)
        self.publish()

    def publish(self) -> None:
        """Let the loop know what was learned."""
        count = max(1, len(self._waits))
        met, bases = np.zeros(count, dtype=np.int64), np.zeros(2 * count, dtype=np.int64)
        curves, far = [np.zeros(1)], [np.zeros(1, dtype=np.int64)]
        at, at_far = 1, 1
        for number, learning in enumerate(self._waits):
            own_curves, own_far = learning.curves()
            met[number] = len(own_far)
            bases[2 * number : 2 * number + 2] = at, at_far
            curves.append(own_curves.reshape(-1))
            far.append(own_far)
            at, at_far = at + own_curves.size, at_far + len(own_far)
        answers, answer_bases = [np.zeros(1, dtype=np.int64)], [1]
        for question in self._program.questions:
            answer = self._waits[self._number(question.wait)].answer(question)
            answers.append(answer)
            answer_bases.append(answer_bases[-1] + len(answer))
        self._engine.learned = Learned(
            met, np.concatenate(answers), np.array(answer_bases, dtype=np.int64), np.concatenate(curves),
            np.concatenate(far), bases,
        )  # fmt: skip

    def _number(self, wait: str) -> int:
        return next(number for number, learning in enumerate(self._waits) if learning.wait.name == wait)

    def _name_groups(self) -> None:
        count = int(self._engine.group_counts[0])
        if count == self._named:
            return
        groups = self._engine.groups.reshape(-1, GROUP)
        for group in groups[self._named : count].tolist():
            self._waits[group[0]].meet(
                group[1], group[4:], -1 if group[3] < 0 else int(groups[group[3], 2]), self._pool
            )
        self._named = count
        for learning in self._waits:
            learning.waits.grow(learning.lanes.parents)

    def dump(self) -> Any:
        """What was learned, for a snapshot; who waits lies in the rows."""
        return [
            {
                "lanes": learning.lanes.dump(),
                "waits": learning.waits.dump(),
                "lulls": [lull.dump() for lull in learning.lulls],
            }
            for learning in self._waits
        ]

    def load(self, content: Any) -> None:
        """Take over what was dumped."""
        for learning, held in zip(self._waits, content, strict=True):
            learning.lanes, learning.waits = Lanes.load(held["lanes"]), Waits.load(held["waits"])
            for lull, known in zip(learning.lulls, held["lulls"], strict=True):
                lull.follow(learning.lanes, learning.waits)
                lull.load(known)
        self._named = int(self._engine.group_counts[0])
        self.publish()


class _Learning:
    """One wait: its groups by name, and what was learned of them."""

    def __init__(self, wait: Wait, program: Program, engine: Engine) -> None:
        self.wait = wait
        self.lanes = Lanes(wait.by)
        self.waits = Waits(half_life=wait.half_life, enough=wait.enough)
        self.lulls: list[LullJudge] = []
        self._types = [program.type_of(name, wait.table) for name in wait.by[0]]
        self._places = program.layouts[wait.table].waits[wait.name]

    def meet(self, level: int, values: list[int], parent: int, pool: Pool) -> None:
        """A group that the loop met, with the values of its columns as they are stored."""
        named = [
            _python(value, type_, pool) for value, type_ in zip(values[: len(self._types)], self._types, strict=True)
        ]
        self.lanes.add(level, named, parent)

    def take(self, over: Index, began: Index) -> None:
        """Waits are over, and others began; columns as `sort_out` has them."""
        if over.size:
            self.waits.observe(over[GROUPS], over[SINCE], over[AT], over[HOW], seen=over[SEEN])
        for lull in self.lulls:
            lull.end(over[GROUPS], over[SINCE], over[AT], over[SEEN], over[NOW], over[HOW] == End.CAME)
            lull.begin(began[GROUPS], began[SINCE], began[NOW])

    def relearn(self, now: Instant, engine: Engine) -> None:
        subjects = engine.subjects[self.wait.table]
        began, *others = self._places
        rows = subjects.all()
        since = subjects.values(rows, began)
        # Few wait, and what the others have pressed need not be read.
        some = since != NO_INT
        since, (seen, group) = since[some], (subjects.values(rows[some], place) for place in others)
        waiting = group >= 0
        own = engine.groups.reshape(-1, GROUP)[group[waiting], 2]
        self.waits.relearn(now, own, since[waiting], seen=seen[waiting], order=self.lanes.order())

    def curves(self) -> tuple[NDArray[np.float64], Index]:
        """The curve of each group, and how long a wait one may ask of; -1 where too little is known."""
        groups = np.arange(len(self.waits))
        return self.waits.curves(groups), np.where(self.waits.known(groups), self.waits.far(groups), -1)

    def answer(self, question: Question) -> Index:
        """What is answered for each group."""
        groups = np.arange(len(self.waits))
        share, default, low, *high = question.arguments
        if question.ask == "LEARNED":
            return self.waits.limits(
                groups, share, default=Duration(default), low=Duration(low), high=Duration(high[0])
            )
        start = np.zeros(len(groups), dtype=np.int64)
        return self.waits.lost_at(groups, start, share, low=Duration(low), default=Duration(default))


def _python(value: int, type_: Type, pool: Pool) -> Any:
    if type_ == "text":
        return pool.text(value)
    if type_ == "decimal":
        return struct.unpack("<d", struct.pack("<q", value))[0]
    return bool(value) if type_ == "flag" else value
