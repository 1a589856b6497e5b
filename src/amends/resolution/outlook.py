"""What an answer leads to, as far as is known now: which steps follow, and what is surely not to be had. Pure.

Whoever shows a choice says with it what each answer means. That is read from the playbook itself, so that nothing is
said that it does not do.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal

import msgspec

from amends.model.instant import Instant
from amends.resolution.condition import Facts, holds, value_of
from amends.resolution.playbook import Playbook, Step
from amends.resolution.remedy import Remedy
from amends.resolution.stepping import MOVES_MAX, Standing

Stage = Literal["before", "moving", "arrived", "gone"]
"""Where the goods are; `before`: nothing has left; `gone`: lost or destroyed."""

_ANY: Final[Mapping[str, int]] = {
    "paid": 1, "left": 1, "goods": 0, "freight_local": 0, "freight_overseas": 0, "freight_back": 0, "duty": 0,
    "fee": 0, "resale": 0, "part": 0, "repaired": 0, "stock_local": 10**9, "stock_overseas": 10**9,
}  # fmt: skip
"""What might be, where it is not known: costs of nothing, and stock without end."""


class Ahead(msgspec.Struct, frozen=True, kw_only=True):
    """A step to which it leads; `amount` in minor units of the order's currency, None where it is not known."""

    step: Step
    amount: int | None = None


def outlook(playbook: Playbook, standing: Standing, outcome: str, facts: Facts, now: Instant) -> tuple[Ahead, ...]:
    """The steps that follow if the step at which the case stands comes to `outcome`, and everything goes well then.

    They end with the first that waits for something, or for somebody, or that has been in the list. What conditions
    ask for may change until then. Empty for a case that stands at no step, or where it never comes to that outcome.
    """
    name = None if standing.step is None else playbook[standing.step].on.get(outcome)
    visits, found = dict(standing.visits), dict[str, Ahead]()
    for _ in range(MOVES_MAX):
        if name is None or name in found:
            break
        step = playbook[name]
        visits[name] = visits.get(name, 0) + 1
        known = {**facts, "now": now, "times": visits[name]}
        passed = _passed(playbook, step, known)
        if passed is not None:
            name = passed
            continue
        found[name] = Ahead(step=step, amount=_amount(step, known))
        name = step.on["done"] if step.do in ("act", "tell") else None
    return tuple(found.values())


def may_be_had(remedy: Remedy, known: Mapping[str, Any], stages: tuple[Stage, ...]) -> bool:
    """Whether a remedy may be possible: not where what is `known` rules it out, wherever of `stages` the goods are.

    Unlike `propose`, what is not known does not count against it.
    """
    facts = [{**_ANY, **known, "stage": stage} for stage in stages]
    return any(holds(remedy.needs, each) and value_of(remedy.gives, each) is not None for each in facts)


def stages_of(facts: Facts) -> tuple[Stage, ...]:
    """Where the goods may be, by the facts of their order (`FACTS`)."""
    if facts.get("delivered_at") is not None:
        # The carrier says that it is there, and the buyer that it is not.
        return ("arrived",) if facts.get("not_received_at") is None else ("arrived", "gone")
    if facts.get("lost_at") is not None:
        return ("gone",)
    if facts.get("shipped_at") is not None:
        is_in_trouble = str(facts.get("sub_status") or "").startswith("Exception")
        return ("moving", "arrived", "gone") if is_in_trouble else ("moving",)
    return ("before",) if facts.get("labelled_at") is None else ("before", "moving")


def means_of(facts: Facts, taken: int) -> dict[str, int]:
    """What remedies ask for, as far as an order's facts tell: what is `left` to give, which counts as what was `paid`.

    `taken` is what was set aside, or has gone out, for the loss before. All in minor units of the order's currency.
    """
    captured, refunded = facts.get("captured"), facts.get("refunded") or 0
    if captured is None:
        return {}
    left = max(captured - max(refunded, taken), 0)
    # Of nothing, nothing can be given, though it would be enough.
    return {"paid": max(left, 1), "left": left}


def _passed(playbook: Playbook, step: Step, facts: Facts) -> str | None:
    """The step that is next where this one is over at once, with nothing done; None where it is not."""
    if step.when is not None and not holds(step.when, facts):
        return playbook.after(step)
    if step.do == "check":
        return step.on["yes" if holds(step.what, facts) else "no"]
    if step.do == "wait" and step.what != "time" and holds(step.what, facts):
        return step.on["met"]
    # What is about money, and there is none, is refused before it leaves.
    is_about_nothing = step.do == "act" and step.amount is not None and (_amount(step, facts) or 0) <= 0
    return step.on["refused"] if is_about_nothing else None


def _amount(step: Step, facts: Facts) -> int | None:
    value = None if step.amount is None else value_of(step.amount, facts)
    return None if value is None else int(Decimal(value).to_integral_value(ROUND_HALF_UP))
