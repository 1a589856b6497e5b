"""Runs the contestants in turns, so that whatever else the machine does hits all alike, and holds them together."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from benchmarks.agreement import Agreement, agree
from benchmarks.contestants import CONTESTANTS, OURS, Contestant
from benchmarks.peers.contest import Outcome
from benchmarks.stream import Stream
from benchmarks.turn import Answer, Order

_ROOT: Final = Path(__file__).parent.parent
_ONE_THREAD: Final = dict.fromkeys(
    "OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS POLARS_MAX_THREADS RAYON_NUM_THREADS".split(), "1"
)


class FailedTurnError(Exception):
    """A contestant broke down; the message holds its last words."""


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How large the race is."""

    events: int
    rounds: int
    source: str
    poll_minutes: int
    batch: int
    core: int


class Line(msgspec.Struct, kw_only=True):
    """What is said of one contestant: medians of its rounds. What is not installed has `missing` and no figures."""

    contestant: str
    label: str
    rules: str
    missing: str = ""
    events: int = 0
    per_second: float = 0.0
    per_cpu_second: float = 0.0
    of_ours: float = 0.0
    """Its events for each processor second, as a share of Amends' with the same rules: the median over the rounds."""
    findings: int = 0
    agreement: Agreement | None = None
    remark: str = ""
    rounds: list[tuple[float, float]] = []
    """Wall and processor seconds of each."""


class Race(msgspec.Struct, kw_only=True):
    """The result."""

    size: Size
    conditions: dict[str, str]
    lines: list[Line]


def hold(
    stream: Stream,
    names: Sequence[str],
    size: Size,
    say: Callable[[str], None],
    pythons: Mapping[str, Path] | None = None,
) -> Race:
    """Let the named contestants run, each round one turn each; Amends runs too, since all are compared with it.

    `pythons` says who has another Python than this one.
    """
    chosen = list(dict.fromkeys([*(OURS[CONTESTANTS[name].rules] for name in names), *names]))
    chosen.sort(key=list(CONTESTANTS).index)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="amends-benchmarks-") as folder:
        file = Path(folder) / "stream.npz"
        stream.save(file)
        turns = _Turns(file, size, stream, say, pythons or {})
        outcomes: dict[str, list[Outcome]] = {name: [] for name in chosen}
        missing: dict[str, str] = {}
        for number in range(1, size.rounds + 1):
            for name in chosen:
                if name in missing:
                    continue
                answer = turns.take(name, f"round {number}: ")
                if answer.outcome is None:
                    missing[name] = answer.missing
                else:
                    outcomes[name].append(answer.outcome)
        agreements = {name: turns.agreement(name, found[0]) for name, found in outcomes.items() if found}
    lines = [_line(name, outcomes, agreements.get(name), missing.get(name, "")) for name in chosen]
    conditions = {"load before": f"{load:.1f}", "load after": f"{os.getloadavg()[0]:.1f}", "cores": str(os.cpu_count())}
    return Race(size=size, conditions=conditions | {"python": sys.version.split()[0]}, lines=lines)


class _Turns:
    def __init__(
        self, file: Path, size: Size, stream: Stream, say: Callable[[str], None], pythons: Mapping[str, Path]
    ) -> None:
        self._file, self._size, self._stream, self._say, self._pythons = file, size, stream, say, pythons
        self._ours: dict[tuple[str, int], Outcome] = {}

    def take(self, name: str, when: str, most: int | None = None) -> Answer:
        contestant = CONTESTANTS[name]
        events = min(len(self._stream), most or contestant.most or len(self._stream))
        self._say(f"{when}{contestant.label}, {'six rules' if contestant.rules == 'six' else 'the whole pack'} …")
        order = Order(
            contestant=name, stream=str(self._file), events=events, core=self._size.core,
            poll_minutes=self._size.poll_minutes, batch=self._size.batch,
        )  # fmt: skip
        out = self._file.parent / "answer"
        environment = {**os.environ, **_ONE_THREAD, "PYTHONPATH": str(_ROOT / "src")}
        done = subprocess.run(
            [str(self._pythons.get(name, sys.executable)), "-m", "benchmarks.turn", str(out)],
            input=msgspec.json.encode(order), env=environment, check=False,
            cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        if done.returncode:
            words = done.stderr.decode(errors="replace").strip()
            raise FailedTurnError(f"{name} broke down with exit status {done.returncode}:\n{words}")
        answer = msgspec.msgpack.decode(out.read_bytes(), type=Answer)
        if name in OURS.values() and answer.outcome is not None:
            self._ours.setdefault((name, events), answer.outcome)
        return answer

    def agreement(self, name: str, outcome: Outcome) -> Agreement:
        """What a contestant found, beside what Amends finds in as many events."""
        contestant = CONTESTANTS[name]
        events = min(len(self._stream), contestant.most or len(self._stream))
        ours = OURS[contestant.rules]
        if (ours, events) not in self._ours:
            self.take(ours, "for comparison: ", most=events)
        every = self._size.poll_minutes if contestant.polled else None
        return agree(self._ours[ours, events], outcome, poll_minutes=every, end=self._stream.head(events).end)


def _line(name: str, outcomes: Mapping[str, list[Outcome]], agreement: Agreement | None, missing: str) -> Line:
    contestant: Contestant = CONTESTANTS[name]
    line = Line(contestant=name, label=contestant.label, rules=contestant.rules, missing=missing)
    found = outcomes[name]
    if not found:
        return line
    ours = outcomes[OURS[contestant.rules]]
    line.events, line.findings, line.remark = found[0].events, len(found[0].findings), found[0].remark
    line.rounds = [(outcome.wall, outcome.cpu) for outcome in found]
    line.per_second = line.events / median(wall for wall, _ in line.rounds)
    line.per_cpu_second = line.events / median(cpu for _, cpu in line.rounds)
    line.of_ours = median(_rate(each) / _rate(our) for each, our in zip(found, ours, strict=True))
    line.agreement = agreement
    return line


def _rate(outcome: Outcome) -> float:
    return outcome.events / outcome.cpu


def times(race: Race, ours: str, theirs: str) -> float | None:
    """How many times as fast one is as another, by processor time in the same round: the median."""
    lines = {line.contestant: line for line in race.lines}
    if ours not in lines or theirs not in lines or not lines[ours].rounds or not lines[theirs].rounds:
        return None
    one, other = lines[ours], lines[theirs]
    return median(
        (one.events / mine) / (other.events / its) for (_, mine), (_, its) in zip(one.rounds, other.rounds, strict=True)
    )
