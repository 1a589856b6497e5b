"""Two packs over the same history: what either finds that the other does not, and which of them is earlier."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import msgspec

from amends.detection.backtest.outcome import Outcome, middle, money
from amends.detection.backtest.report import Report
from amends.model.instant import Duration


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the findings of one rule; `was` is its id in the old pack, where it has one there.

    `earlier` and `later` count those of `both` that the new pack finds at another moment, and their medians say by
    how much. Money is in minor units by currency.
    """

    rule: str | None
    was: str | None
    both: int
    only_old: int
    only_new: int
    earlier: int
    later: int
    earlier_median: Duration | None
    later_median: Duration | None
    only_old_at_stake: dict[str, int]
    only_new_at_stake: dict[str, int]

    @property
    def differing(self) -> int:
        """How many findings are otherwise than before."""
        return self.only_old + self.only_new + self.earlier + self.later


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All findings of two packs: the whole, and rule by rule."""

    total: Change
    rules: list[Change]


Pair = tuple[Outcome | None, Outcome | None]


def compare(old: Report, new: Report) -> Comparison:
    """Set the findings of two packs over one history beside each other.

    Two findings are the same trouble if rule, subject and cause are the same. Of what is left over, the findings of
    one rule on one subject are the same in the order of their firing, since a changed condition may name another
    cause; then, of rules that only one pack has, those of one exception on one subject.
    """
    names_old, names_new = {one.rule for one in old.rules}, {one.rule for one in new.rules}
    pairs: list[Pair] = []
    left = _matched(pairs, old.outcomes, new.outcomes, lambda one: one.id)
    left_old, left_new = _matched(pairs, *left, lambda one: (one.rule, one.kind, one.subject))
    gone, come = _matched(
        pairs,
        [one for one in left_old if one.rule not in names_new],
        [one for one in left_new if one.rule not in names_old],
        lambda one: (one.exception, one.kind, one.subject),
    )
    pairs += [(one, None) for one in (*gone, *(one for one in left_old if one.rule in names_new))]
    pairs += [(None, one) for one in (*come, *(one for one in left_new if one.rule in names_old))]
    rows: dict[tuple[str | None, str | None], list[Pair]] = defaultdict(list)
    # A finding that only one pack has stands with those of its rule that both have, if the rule was renamed too.
    renamed = {after.rule: before.rule for before, after in pairs if before and after}
    former = {was: rule for rule, was in renamed.items()}
    for before, after in pairs:
        rule = after.rule if after else before.rule if before and before.rule in names_new else None
        was = before.rule if before else after.rule if after and after.rule in names_old else None
        rule = rule or former.get(was or "")
        was = was or renamed.get(rule or "")
        rows[rule, was].append((before, after))
    changes = [_change(rule, was, own) for (rule, was), own in rows.items()]
    changes.sort(key=lambda one: (-one.differing, one.rule or one.was or ""))
    return Comparison(total=_change(None, None, pairs), rules=changes)


def compare_rule(rule: str, old: Sequence[Outcome], new: Sequence[Outcome]) -> Change:
    """The same of the findings of one rule, before and after it was changed."""
    pairs: list[Pair] = []
    left = _matched(pairs, old, new, lambda one: one.id)
    gone, come = _matched(pairs, *left, lambda one: (one.kind, one.subject))
    return _change(rule, rule, [*pairs, *((one, None) for one in gone), *((None, one) for one in come)])


def _matched(
    pairs: list[Pair], old: Iterable[Outcome], new: Iterable[Outcome], key: Callable[[Outcome], object]
) -> tuple[list[Outcome], list[Outcome]]:
    """Pair what has the same key, in the order of firing; gives what is left over of either."""
    waiting: dict[object, list[Outcome]] = defaultdict(list)
    for one in old:
        waiting[key(one)].append(one)
    for own in waiting.values():
        own.sort(key=lambda one: one.fired_at, reverse=True)
    left = []
    for after in sorted(new, key=lambda one: one.fired_at):
        own = waiting.get(key(after), [])
        if own:
            pairs.append((own.pop(), after))
        else:
            left.append(after)
    return [one for own in waiting.values() for one in own], left


def _change(rule: str | None, was: str | None, pairs: Sequence[Pair]) -> Change:
    moved = [after.fired_at - before.fired_at for before, after in pairs if before and after]
    only_old = [before for before, after in pairs if before and not after]
    only_new = [after for before, after in pairs if after and not before]
    earlier = [-by for by in moved if by < 0]
    later = [by for by in moved if by > 0]
    return Change(
        rule=rule,
        was=was,
        both=len(moved),
        only_old=len(only_old),
        only_new=len(only_new),
        earlier=len(earlier),
        later=len(later),
        earlier_median=middle(earlier),
        later_median=middle(later),
        only_old_at_stake=money(only_old),
        only_new_at_stake=money(only_new),
    )
