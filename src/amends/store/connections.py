"""The accounts at vendors that may deliver to us, and the secrets they sign with."""

from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from amends.model.errors import UnusableInputError
from amends.model.instant import Instant
from amends.store.schema import connection as table

SECRET_BYTES_MIN: Final = 24


class WeakSecretError(UnusableInputError):
    """A signing secret that can be guessed by trying."""


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    """An account at a vendor, by the name that stands in its address: `/hooks/{vendor}/{account}`.

    With `acting_key`, sent to `acting_address`, Amends does things there; both are None where it only listens.
    """

    vendor: str
    account: str
    secret: str
    created_at: Instant
    acting_key: str | None = None
    acting_address: str | None = None

    @property
    def source(self) -> str:
        """The source of its events."""
        return f"{self.vendor}/{self.account}"

    def __repr__(self) -> str:
        return f"Connected(vendor={self.vendor!r}, account={self.account!r})"


class ConnectionTable:
    """Connections within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, vendor: str, account: str, secret: str, now: Instant) -> None:
        """Connect an account, or change its secret. Raises WeakSecretError for one under 24 bytes."""
        if len(secret.encode()) < SECRET_BYTES_MIN:
            raise WeakSecretError(
                f"The secret of {vendor}/{account} has {len(secret.encode())} bytes: use one of at least "
                f"{SECRET_BYTES_MIN}, such as the vendor shows beside the webhook."
            )
        row = {"secret": secret, "created_at": now}
        if self._connection.execute(update(table).where(_is(vendor, account)).values(row)).rowcount == 0:
            self._connection.execute(insert(table).values(vendor=vendor, account=account, **row))

    def let_act(self, vendor: str, account: str, key: str | None, address: str | None) -> bool:
        """Keep the key with which we act there, and where it is sent; None for both ends that.

        Says whether the account is connected.
        """
        row = {"acting_key": key, "acting_address": address}
        return self._connection.execute(update(table).where(_is(vendor, account)).values(row)).rowcount > 0

    def remove(self, vendor: str, account: str) -> bool:
        """Disconnect an account; says whether there was one."""
        return self._connection.execute(delete(table).where(_is(vendor, account))).rowcount > 0

    def all(self) -> list[Connected]:
        """Every connected account."""
        query = select(table).order_by(table.c.vendor, table.c.account)
        return [Connected(**row._mapping) for row in self._connection.execute(query)]


def _is(vendor: str, account: str) -> ColumnElement[bool]:
    return (table.c.vendor == vendor) & (table.c.account == account)
