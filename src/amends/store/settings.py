"""What people have set in the console."""

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from amends.store.schema import setting


class SettingTable:
    """Settings within one transaction; values are JSON."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a setting, else the default."""
        row = self._connection.execute(select(setting.c.value).where(setting.c.name == name)).first()
        return default if row is None else row.value

    def set(self, name: str, value: Any) -> None:
        """Set it."""
        self._connection.execute(delete(setting).where(setting.c.name == name))
        self._connection.execute(insert(setting).values(name=name, value=value))

    def all(self) -> dict[str, Any]:
        """Every setting there is."""
        return {row.name: row.value for row in self._connection.execute(select(setting).order_by(setting.c.name))}
