"""The accounts at vendors that may deliver to us, and the secrets they sign with."""

from typing import Final

import msgspec
from sqlalchemy import Connection, delete, insert, select

from amends.model.errors import UnusableInputError
from amends.model.instant import Instant
from amends.store.schema import connection as table

SECRET_BYTES_MIN: Final = 24


class WeakSecretError(UnusableInputError):
    """A signing secret that can be guessed by trying."""


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    """An account at a vendor, by the name that stands in its address: `/hooks/{vendor}/{account}`."""

    vendor: str
    account: str
    secret: str
    created_at: Instant

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
        self.remove(vendor, account)
        row = {"vendor": vendor, "account": account, "secret": secret, "created_at": now}
        self._connection.execute(insert(table).values(row))

    def remove(self, vendor: str, account: str) -> bool:
        """Disconnect an account; says whether there was one."""
        mine = (table.c.vendor == vendor) & (table.c.account == account)
        return self._connection.execute(delete(table).where(mine)).rowcount > 0

    def all(self) -> list[Connected]:
        """Every connected account."""
        query = select(table).order_by(table.c.vendor, table.c.account)
        return [Connected(**row._mapping) for row in self._connection.execute(query)]
