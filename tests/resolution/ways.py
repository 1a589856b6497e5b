"""The ways through a playbook, as a graph: which step may follow which, by what, and how long that may take."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from amends.model.instant import Duration
from amends.resolution.playbook import ENDS, Playbook, Step

SAID = frozenset(("tell", "ask", "offer"))
ASKED = frozenset(("ask", "offer"))
NOTHING = Duration(0)
HEALED = "healed"
PASSED = "passed over"

State = TypeVar("State")


class Way(NamedTuple):
    """From a step to the next by what the step comes to; `most` is how long that may take at most."""

    step: Step
    outcome: str
    to: str
    most: Duration

    @property
    def nothing_happens(self) -> bool:
        """The case goes on in the same moment, and nobody and nothing outside had a part in it."""
        if self.outcome == PASSED or self.step.do in ("tell", "check"):
            return True
        # An act of which the amount is not known is refused before anybody is asked.
        return self.step.do == "act" and self.outcome == "refused" and self.step.amount is not None

    @property
    def is_at_once(self) -> bool:
        """It may be gone in the same moment: what is waited for may be there already."""
        return self.nothing_happens or self.outcome == "met"


def ways_from(playbook: Playbook, step: Step) -> list[Way]:
    """The ways on from a step, whatever the facts; being passed over is one."""
    passed = playbook.after(step) if step.when is not None else None
    found = [] if passed is None else [Way(step, PASSED, passed, NOTHING)]
    for outcome, to in step.on.items():
        way = Way(step, outcome, to, NOTHING)
        found.append(way if way.nothing_happens else way._replace(most=step.within or NOTHING))
    return found


def all_ways(playbook: Playbook) -> list[Way]:
    """Every way from one step to the next, but for healing."""
    return [way for step in playbook.steps for way in ways_from(playbook, step)]


def reached(playbook: Playbook) -> set[str]:
    """The steps that can be come to, from the first or by healing."""
    starts = [playbook.steps[0].name] + ([] if playbook.healed is None else [playbook.healed])
    found: set[str] = set()
    while starts:
        name = starts.pop()
        if name not in found:
            found.add(name)
            starts += [way.to for way in ways_from(playbook, playbook[name])]
    return found


def gone_through(
    playbook: Playbook, start: State, after: Callable[[State, Way], State]
) -> Iterator[tuple[State, Step]]:
    """Every step in every state in which some way comes to it; `after` says what a way makes of a state.

    There must be few states. Healing leads from wherever a case may stand still to where the playbook says.
    """
    waiting = [(start, playbook.steps[0].name)]
    seen: set[tuple[State, str]] = set()
    while waiting:
        state, name = waiting.pop()
        if (state, name) in seen:
            continue
        seen.add((state, name))
        step = playbook[name]
        yield state, step
        ways = ways_from(playbook, step)
        if playbook.healed is not None and step.do not in (*ENDS, "tell", "check"):
            ways.append(Way(step, HEALED, playbook.healed, NOTHING))
        waiting += [(after(state, way), way.to) for way in ways]


def circles(playbook: Playbook, ways: list[Way]) -> list[str]:
    """The steps that lie on a circle of these ways."""
    follows = {step.name: {way.to for way in ways if way.step.name == step.name} for step in playbook.steps}
    while True:
        # What nothing follows that is left lies on no circle.
        ends = [name for name, to in follows.items() if not to & follows.keys()]
        if not ends:
            return sorted(follows)
        for name in ends:
            del follows[name]


def is_counted(way: Way) -> bool:
    """It can only be gone a number of times, since the step asks how often the case has come to it."""
    return way.step.do == "check" and way.outcome == "no" and "times" in way.step.what
