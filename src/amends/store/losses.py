"""What buyers lost, and what went out for it: one loss pays once, whoever asks at the same time."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, insert, select, update

from amends.model.money import Money
from amends.resolution import entitlement
from amends.resolution.entitlement import Loss, Payout, PayoutState, Way
from amends.resolution.errors import OtherContentError, ResolutionError
from amends.store.resolution_schema import loss, payout


class LossTable:
    """Losses and their payouts within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, found: Loss) -> Loss:
        """Keep a loss, as much of it as is known now: more may have been captured. Raises OtherContentError."""
        known = self._find(found.id)
        if known is None:
            row = {"id": found.id, "order_id": found.order, "about": found.about}
            self._connection.execute(insert(loss).values(**row, most=found.most.minor, currency=found.most.currency))
            return found
        same = (known.order, known.about, known.most.currency) == (found.order, found.about, found.most.currency)
        if same and found.most.minor != known.most.minor:
            self._connection.execute(update(loss).where(loss.c.id == found.id).values(most=found.most.minor))
            return found
        if not same:
            raise OtherContentError(f"The loss {found.id!r} is known otherwise: another one needs an id of its own.")
        return known

    def get(self, id: str) -> Loss:
        """A loss. Raises ResolutionError."""
        found = self._find(id)
        if found is None:
            raise ResolutionError(f"There is no loss {id!r}: open it first.")
        return found

    def of_order(self, order: str) -> list[Loss]:
        """The losses of an order."""
        question = select(loss).where(loss.c.order_id == order).order_by(loss.c.id)
        return [_loss(row) for row in self._connection.execute(question)]

    def payouts(self, id: str) -> list[Payout]:
        """What went out, or is set aside, for a loss."""
        known = self._find(id)
        if known is None:
            return []
        currency = known.most.currency
        question = select(payout).where(payout.c.loss == id).order_by(payout.c.id)
        return [_payout(row, currency) for row in self._connection.execute(question)]

    def reserve(self, id: str, *, act: str, way: Way, amount: Money) -> Payout:
        """Set an amount aside for an act; raises what `entitlement.reserve` does, and then nothing is changed."""
        found, known = self._held(id)
        return self._keep(known, entitlement.reserve(found, known, id=act, way=way, amount=amount))

    def take(self, id: str, *, act: str, way: Way, amount: Money) -> Payout:
        """Record what others took; raises what `entitlement.take` does."""
        found, known = self._held(id)
        return self._keep(known, entitlement.take(found, known, id=act, way=way, amount=amount))

    def note(self, id: str, *, act: str, way: Way, amount: Money) -> None:
        """Record what others, or people by hand, have given by now, whatever is left; none any more: nothing."""
        found, known = self._held(id)
        state: PayoutState = "paid" if amount.minor > 0 else "released"
        before = next((each for each in known if each.id == act), None)
        if before is not None:
            values = {"state": state, "amount": amount.minor or before.amount.minor}
            self._connection.execute(update(payout).where(payout.c.id == act).values(**values))
        elif amount.minor > 0:
            self._keep(known, Payout(id=act, loss=found.id, way=way, amount=amount, state=state))

    def settle(self, id: str, act: str, *, paid: bool) -> Payout:
        """What became of an act. Raises ResolutionError."""
        _, known = self._held(id)
        before = next((each for each in known if each.id == act), None)
        if before is None:
            raise ResolutionError(f"Nothing was set aside for {act!r}.")
        after = entitlement.settle(before, paid=paid)
        self._connection.execute(update(payout).where(payout.c.id == act).values(state=after.state))
        return after

    def _held(self, id: str) -> tuple[Loss, list[Payout]]:
        """A loss and its payouts, which nobody else can change until the transaction is over."""
        # Where many may write at once, the loss is what they queue for; a file of SQLite has one writer anyhow.
        self._connection.execute(select(loss.c.id).where(loss.c.id == id).with_for_update())
        return self.get(id), self.payouts(id)

    def _keep(self, known: Iterable[Payout], made: Payout) -> Payout:
        if made not in known:
            row = {"id": made.id, "loss": made.loss, "way": made.way, "amount": made.amount.minor}
            self._connection.execute(insert(payout).values(**row, state=made.state))
        return made

    def _find(self, id: str) -> Loss | None:
        row = self._connection.execute(select(loss).where(loss.c.id == id)).one_or_none()
        return None if row is None else _loss(row)


def _loss(row: Any) -> Loss:
    return Loss(id=row.id, order=row.order_id, about=row.about, most=Money(row.most, row.currency))


def _payout(row: Any, currency: str) -> Payout:
    return Payout(id=row.id, loss=row.loss, way=row.way, amount=Money(row.amount, currency), state=row.state)
