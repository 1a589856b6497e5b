"""What a payout is made of: the balance transactions that Stripe lists for it."""

from typing import Any, Final

from amends.connectors.measures import text_of
from amends.connectors.stripe import wire
from amends.connectors.stripe.telling import Telling, money, needed

_LINE: Final = "balance_transaction"


def payout_in(values: list[Any]) -> str | None:
    """The payout that a list of balance transactions belongs to, named by the payout's own line; None without one."""
    if not values or not all(isinstance(value, dict) and value.get("object") == _LINE for value in values):
        return None
    named = {wire.id_in(value.get("source")) for value in values if value.get("type") == "payout"}
    return next(iter(named)) if len(named) == 1 else None


def tell_line(line: wire.BalanceTransaction, to: Telling, *, payout: str) -> None:
    """A charge, a refund, a dispute or a fee that is part of the payout; its own line tells nothing new."""
    if text_of(line.type) == "payout":
        return
    id_ = needed(line.id, "the balance transaction")
    time, assumed = to.when(f"balance transaction {id_} was made", line.created)
    data = {
        **money(line.amount, line.currency),
        "fee": money(line.fee, line.currency)["amount"],
        "net": money(line.net, line.currency)["amount"],
        "payout": payout,
        "reporting_category": text_of(line.reporting_category) or text_of(line.type),
        "provider": "stripe",
        **assumed,
    }
    to.draft.say("payout.itemized", id=f"balance_transaction/{id_}", time=time, keys={"payout": payout}, data=data)
