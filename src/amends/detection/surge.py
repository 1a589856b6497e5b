"""Surges: a group of subjects departs from its own baseline. The second stage of detection; see docs/kernel.md.

The threshold of a count is a quantile of the negative binomial distribution that predicts the next window from the
group's own, weighted history (a Poisson count whose rate has a gamma posterior); a ratio is held against its
history by a normal approximation of the binomial. Both follow from the stated rate of false alarms.
"""

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from amends.detection.finding import Clearing, Finding, finding_id
from amends.detection.hits import HitLog, Moment
from amends.detection.machine.histories import HITS, RECORDS, WINDOWS, add_up
from amends.detection.pasts import Pasts
from amends.detection.ring_groups import RingGroups
from amends.detection.rows import Rows
from amends.detection.rule import Rule, Surge
from amends.detection.vector import NO_INT
from amends.model.instant import Instant

Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

NO_GROUP = -1
_POWERS = 4096


class Records(msgspec.Struct, frozen=True):
    """What is to be counted, in order, as the loop put it out.

    `groups` has the row of the group of each `number`. For surges that find their hits, `hit_before` is how many of
    the log's hits there are up to each, itself included. For surges that count different values, `value` is that of
    each.
    """

    rows: Index
    number: Index
    groups: Index
    hit: Mask
    """Whether it is a hit, or only a trial."""
    hit_before: Index
    value: Index | None = None

    def part(self, start: int, stop: int) -> "Records":
        """Some of them."""
        some = slice(start, stop)
        return Records(
            self.rows[some], self.number[some], self.groups, self.hit[some], self.hit_before[some],
            None if self.value is None else self.value[some],
        )  # fmt: skip

    def at(self, place: int) -> int:
        """When it was."""
        return self.rows.item(place, 1)

    def moment(self, place: int) -> Moment:
        """The touch of a record."""
        return Moment(self.rows.item(place, 5), self.rows.item(place, 3), self.rows.item(place, 4))


class Union(msgspec.Struct, frozen=True):
    """Rings became one, before the record of this number: by their roots the eldest and the others, by age.

    At a moment, after so many of the log's hits.
    """

    before: int
    kept: int
    gone: list[int]
    at: int
    moment: Moment
    hit_before: int


class SurgeJudge:
    """One surge rule over all its groups, which are rows of arrays.

    `ring_at` says which of the values of a group is the root of a ring, if one is, and `ring_name` what such is called.
    """

    def __init__(self, rule: Rule, ring_at: int | None = None, ring_name: Callable[[int], str] = str) -> None:
        assert rule.surge is not None
        self.rule = rule
        self._surge: Surge = rule.surge
        decay = 0.5 ** (1 / self._surge.half_life)
        self._decay = decay
        # From a table, so that many groups at once come to the same as one after the other.
        self._powers = np.array([decay**windows for windows in range(_POWERS)])
        self._rows = Rows()
        for name in ("hits", "records", "past"):
            self._rows.add_array(name, np.int32, 0)
        self._rows.add_array("window", np.int64, NO_INT)
        self._pasts = Pasts()
        self._ring_at, self._ring_name = ring_at, ring_name
        self._of_ring = RingGroups()
        """Where a ring may have several groups."""
        self._absorbed: dict[int, list[int]] = {}
        """Groups that became part of another, as their rings became one."""
        self._seen: dict[int, int | set[int]] = {}
        """What was counted of each group in the window at hand, where different values are counted; mostly one."""
        self._seen_in = NO_INT
        self._open: dict[int, Finding] = {}
        self._reached: set[int] = set()
        """Of the open ones, those that reached the threshold in their current window."""
        self._findings: list[Finding] = []
        self._clearings: list[Clearing] = []
        self._z = NormalDist().inv_cdf(1 - min(self._surge.odds, 0.5))

    @property
    def size(self) -> int:
        """How many bytes of memory its groups take."""
        return self._rows.bytes_held + self._pasts.size + self._of_ring.size

    def groups(self, names: Sequence[tuple[Any, ...]]) -> Index:
        """The rows of groups, by their values."""
        known = self._rows.size
        rows = self._rows.rows(names)
        self._enter_rings(known)
        return rows

    def _enter_rings(self, known: int) -> None:
        """The groups from the row `known` on are new. Where a ring is a group, its root says which."""
        if self._ring_at is not None and len(self._surge.by) > 1 and known < self._rows.size:
            roots = [self._rows.values(group)[self._ring_at] for group in range(known, self._rows.size)]
            self._of_ring.add(known, roots)

    def _groups_of(self, root: int) -> list[int]:
        """The groups of a ring that is no more; asked once."""
        if len(self._surge.by) > 1:
            return self._of_ring.of(root)
        group = self._rows.row((root,))
        return [] if group is None else [group]

    def next_due(self) -> int | None:
        """The earliest end of a window that may close an open surge."""
        windows = self._rows.arrays["window"]
        return min(((int(windows[group]) + 1) * self._surge.window for group in self._open), default=None)

    def judge(
        self, records: Records | None, end: int, log: HitLog | None = None, unions: Sequence[Union] = ()
    ) -> tuple[list[Finding], list[Clearing]]:
        """Count records, then close what the clock has reached by `end`; the hits in `log` are told as is due."""
        self._findings, self._clearings = [], []
        start = 0
        for union in unions:
            groups = [group for root in union.gone for group in self._groups_of(root)]
            if groups:
                if records is not None and union.before > start:
                    self._count(records.part(start, union.before), log)
                    start = union.before
                self._unite(groups, union, log)
        if records is not None and len(records.rows) > start:
            self._count(records.part(start, len(records.rows)) if start else records, log)
        window = end // self._surge.window
        for group in [group for group in self._open if self._rows.arrays["window"][group] < window]:
            self._advance(group, window)
        return self._findings, self._clearings

    def _count(self, records: Records, log: HitLog | None) -> None:
        """By group and window: most cannot reach the threshold, and are only added up."""
        counts = records.hit if records.value is None else self._anew(records, records.value)
        size, width = records.rows.shape
        order, runs = np.empty(size, dtype=np.int64), np.empty(4 * size, dtype=np.int64)
        arrays, pasts = self._rows.arrays, self._pasts
        pasts.make_room(len(records.groups))
        found = add_up(
            records.number, records.groups, records.rows.reshape(-1), width, counts,
            self._surge.window, self._surge.at_least, np.fromiter(self._open, dtype=np.int64, count=len(self._open)),
            np.zeros(len(records.groups) + 1, dtype=np.int64), order, runs,
            arrays["window"], arrays["hits"], arrays["records"], arrays["past"], pasts.sums, pasts.count, self._powers,
        )  # fmt: skip
        for group, window, start, stop in sorted(runs[: 4 * found].reshape(-1, 4).tolist()):
            self._watch(group, window, order[start:stop], counts, records, log)

    def _anew(self, records: Records, values: Index) -> Mask:
        """Which hits bring a value that their group did not have in the window."""
        anew = records.hit.copy()
        at = np.flatnonzero(anew)
        windows, groups = records.rows[at, 1] // self._surge.window, records.groups[records.number[at]]
        for place, group, window, value in zip(
            at.tolist(), groups.tolist(), windows.tolist(), values[at].tolist(), strict=True
        ):
            anew[place] = self._is_new(group, window, value)
        return anew

    def _is_new(self, group: int, window: int, value: int) -> bool:
        """Whether a group has not had this value in this window, which is the one at hand from now on."""
        self._see(window)
        seen = self._seen.get(group)
        if seen is None:
            self._seen[group] = value
        elif value in _as_set(seen):
            return False
        elif isinstance(seen, set):
            seen.add(value)
        else:
            self._seen[group] = {seen, value}
        return True

    def _see(self, window: int) -> None:
        if window != self._seen_in:
            self._seen, self._seen_in = {}, window

    def _watch(self, group: int, window: int, index: Index, counts: Mask, records: Records, log: HitLog | None) -> None:
        """Count the records at `index`, all of one group and window, and see whether it surges."""
        self._advance(group, window)
        arrays = self._rows.arrays
        hits = arrays["hits"][group] + np.cumsum(counts[index])
        trials = arrays["records"][group] + np.arange(1, len(index) + 1)
        arrays["hits"][group], arrays["records"][group] = hits[-1], trials[-1]
        reaching = self._reaches(group, hits, trials)
        told_from = 0
        if reaching.any():
            self._reached.add(group)
            first = int(np.argmax(reaching))
            if group not in self._open:
                last = int(index[first])
                finding = self._finding(group, records.at(last), int(hits[first]), int(trials[first]))
                self._open[group] = finding
                self._findings.append(finding)
                told_from = first + 1
                self._tell_before(group, finding.fired_at, records.moment(last), int(records.hit_before[last]), log)
        if log is None or group not in self._open:
            return
        for place in index[told_from:].tolist():
            if records.hit[place]:
                hit, at = int(records.hit_before[place]) - 1, Instant(records.at(place))
                self._tell([hit], self._open[group], at, records.moment(place), log)

    def _tell_before(self, group: int, at: Instant, moment: Moment, before: int, log: HitLog | None) -> None:
        """Tell the hits of an open group that were not, of those numbered below `before`."""
        if log is not None:
            members = [group, *self._absorbed.get(group, ())]
            self._tell(log.untold(members, at - self._surge.window, before), self._open[group], at, moment, log)

    def _unite(self, groups: Sequence[int], union: Union, log: HitLog | None) -> None:
        """Rings became one, and so do their groups: what was counted of them is added up, and judged."""
        assert self._ring_at is not None
        at, touched = Instant(union.at), dict[int, None]()
        for group in groups:
            values = list(self._rows.values(group))
            values[self._ring_at] = union.kept
            into = int(self.groups([tuple(values)])[0])
            self._absorb(into, group, at)
            touched[into] = None
        arrays = self._rows.arrays
        for group in touched:
            hits, trials = arrays["hits"][[group]], arrays["records"][[group]]
            if self._reaches(group, hits, trials)[0]:
                self._reached.add(group)
                if group not in self._open:
                    self._open[group] = self._finding(group, at, int(hits[0]), int(trials[0]))
                    self._findings.append(self._open[group])
            if group in self._open:
                self._tell_before(group, at, union.moment, union.hit_before, log)

    def _absorb(self, into: int, group: int, at: Instant) -> None:
        """A group becomes part of another."""
        window = at // self._surge.window
        self._advance(into, window)
        self._advance(group, window)
        arrays = self._rows.arrays
        for name in ("hits", "records"):
            arrays[name][into] += arrays[name][group]
        if arrays["past"][group]:
            past = self._pasts.own(arrays["past"], into)
            absorbed = self._pasts.sums[arrays["past"][group]]
            past[[HITS, RECORDS]] += absorbed[[HITS, RECORDS]]
            past[WINDOWS] = max(past[WINDOWS], absorbed[WINDOWS])
        if self._surge.distinct is not None:
            self._see(window)
            seen = _as_set(self._seen.pop(group, set())) | _as_set(self._seen.get(into, set()))
            self._seen[into] = seen
            arrays["hits"][into] = len(seen)
        self._absorbed.setdefault(into, []).extend([group, *self._absorbed.pop(group, ())])
        if group in self._reached:
            self._reached.remove(group)
            self._reached.add(into)
        finding = self._open.pop(group, None)
        if finding is not None and self._open.setdefault(into, finding) is not finding:
            cause = str(window * self._surge.window)
            self._clearings.append(Clearing(finding=finding.id, cleared_at=at, cause=cause))

    def _tell(self, hits: Sequence[int], surge: Finding, at: Instant, moment: Moment, log: HitLog) -> None:
        self._findings.extend(log.tell(hits, at, moment, surge.facts))

    def _advance(self, group: int, window: int) -> None:
        arrays = self._rows.arrays
        while group in self._open and arrays["window"][group] < window:
            start = int(arrays["window"][group]) * self._surge.window
            if group not in self._reached:
                at = Instant(start + self._surge.window)
                finding = self._open.pop(group)
                self._clearings.append(Clearing(finding=finding.id, cleared_at=at, cause=str(start)))
            self._reached.discard(group)
            self._age(group)
        self._close(group, window)

    def _close(self, group: int, window: int) -> None:
        """Take the group's current window into its history, and the empty ones up to `window`."""
        arrays = self._rows.arrays
        current = int(arrays["window"][group])
        if current == NO_INT:
            arrays["window"][group] = window
        elif current < window:
            past = self._pasts.own(arrays["past"], group)
            past[HITS] += arrays["hits"][group]
            past[RECORDS] += arrays["records"][group]
            past[WINDOWS] += 1
            self._age(group)
            empty = window - current - 1
            power = self._powers[empty] if empty < _POWERS else self._decay**empty
            past *= power
            past[WINDOWS] += self._decay * (1 - power) / (1 - self._decay)
            arrays["window"][group] = window

    def _age(self, group: int) -> None:
        arrays = self._rows.arrays
        self._pasts.sums[arrays["past"][group]] *= self._decay
        arrays["window"][group] += 1
        arrays["hits"][group] = 0
        arrays["records"][group] = 0

    def _reaches(self, group: int, hits: Index, trials: Index) -> Mask:
        """At which of its records the group is over the threshold."""
        enough = hits >= self._surge.at_least
        if not enough.any():
            return enough
        if not self._surge.ratio:
            shape, rate = self._gamma(group)
            return np.asarray(hits >= _quantile(shape, rate, self._surge.at_least, self._surge.odds))
        share, weight = self._share(group)
        spread = trials * share * (1 - share) * (1 + trials / weight)
        return np.asarray(enough & (hits - trials * share > self._z * np.sqrt(np.maximum(spread, 0.0))))

    def _share(self, group: int) -> tuple[float, float]:
        surge, past = self._surge, self._past(group)
        weight = surge.prior_strength + past[RECORDS]
        return (surge.prior_strength * surge.prior + past[HITS]) / weight, weight

    def _gamma(self, group: int) -> tuple[float, float]:
        past = self._past(group)
        return 1 + past[HITS], 1 / self._surge.prior + past[WINDOWS]

    def _past(self, group: int) -> list[float]:
        past: list[float] = self._pasts.sums[self._rows.arrays["past"][group]].tolist()
        return past

    def _finding(self, group: int, at: int, hits: int, records: int) -> Finding:
        if self._surge.ratio:
            expected = records * self._share(group)[0]
        else:
            shape, rate = self._gamma(group)
            expected = shape / rate
        values = list(self._rows.values(group))
        if self._ring_at is not None:
            values[self._ring_at] = self._ring_name(values[self._ring_at])
        subject = "|".join(_text(value) for value in values)
        cause = str(int(self._rows.arrays["window"][group]) * self._surge.window)
        facts: dict[str, Any] = dict(zip(self._surge.by, values, strict=True))
        facts |= {"hits": hits, "records": records, "expected": round(expected, 2)}
        return Finding(
            id=finding_id(self.rule.id, "group", subject, cause),
            rule=self.rule.id,
            version=self.rule.version,
            exception=self.rule.exception,
            kind="group",
            subject=subject,
            order=None,
            fired_at=Instant(at),
            cause=cause,
            facts=facts,
        )

    def dump(self) -> Any:
        """All groups, for a snapshot."""
        return {
            "rows": self._rows.dump(),
            "pasts": self._pasts.dump(),
            "open": list(self._open.items()),
            "reached": sorted(self._reached),
            "absorbed": list(self._absorbed.items()),
            "seen": [(group, sorted(_as_set(seen))) for group, seen in self._seen.items()],
            "seen_in": self._seen_in,
        }

    def load(self, content: Any) -> None:
        """Take over dumped groups."""
        self._rows.load(content["rows"])
        self._pasts.load(content["pasts"])
        self._open = {group: msgspec.convert(finding, Finding) for group, finding in content["open"]}
        self._reached = set(content["reached"])
        self._absorbed = {group: list(groups) for group, groups in content["absorbed"]}
        self._seen = {group: set(seen) if len(seen) > 1 else seen[0] for group, seen in content["seen"] if seen}
        self._seen_in = content["seen_in"]
        self._of_ring = RingGroups()
        self._enter_rings(0)


def _as_set(seen: int | set[int]) -> set[int]:
    return seen if isinstance(seen, set) else {seen}


def _quantile(shape: float, rate: float, at_least: int, odds: float) -> int:
    """The least count from `at_least` on that the negative binomial reaches or passes with at most these odds."""
    stay = rate / (rate + 1)
    # Below the mean the odds are far above any rate worth stating, so the search may begin there.
    count = max(at_least, math.floor(shape / rate)) if odds < 0.2 else at_least
    while _tail(shape, stay, count) > odds:
        count += 1
    return count


def _tail(shape: float, stay: float, count: int) -> float:
    """P(NB(shape, stay) >= count), summed from `count` up until what is added no longer matters."""
    log_term = (
        math.lgamma(shape + count)
        - math.lgamma(count + 1)
        - math.lgamma(shape)
        + shape * math.log(stay)
        + count * math.log1p(-stay)
    )
    term, total = math.exp(log_term), 0.0
    while term > total * 1e-15 and term > 1e-300:
        total += term
        term *= (shape + count) / (count + 1) * (1 - stay)
        count += 1
    return total


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
