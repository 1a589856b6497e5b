"""Who may sign in, and who is signed in."""

import hashlib
import secrets
import uuid
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from amends.model.errors import UnusableInputError
from amends.model.instant import DAY, Duration, Instant
from amends.store.passwords import hash_password, is_password
from amends.store.schema import user_account, user_session

Role = Literal["viewer", "agent", "lead", "admin"]
ROLES: Final[tuple[Role, ...]] = ("viewer", "agent", "lead", "admin")
"""Each may do what those before it may."""

SESSION_LENGTH: Final = Duration(14 * DAY)
PASSWORD_LENGTH_MIN: Final = 8


class UnknownRoleError(UnusableInputError):
    """There is no such role."""


class EmailTakenError(UnusableInputError):
    """Somebody signs in with that e-mail address already."""


class ShortPasswordError(UnusableInputError):
    """The password is too short."""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in."""

    id: str
    email: str
    name: str
    role: Role
    locale: str | None
    active: bool
    created_at: Instant

    def may(self, role: Role) -> bool:
        """Whether this person has at least the rights of `role`."""
        return self.active and ROLES.index(self.role) >= ROLES.index(role)


class UserTable:
    """People and their sessions within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, *, email: str, name: str, role: Role, password: str, now: Instant, locale: str | None = None) -> User:
        """Let somebody sign in. Raises EmailTakenError, UnknownRoleError, ShortPasswordError."""
        _check_role(role)
        _check_password(password)
        email = email.strip().lower()
        if self.find(email) is not None:
            raise EmailTakenError(f"{email} signs in already: change that account instead.")
        user = User(id=str(uuid.uuid4()), email=email, name=name, role=role, locale=locale, active=True, created_at=now)
        row = {**msgspec.structs.asdict(user), "password_hash": hash_password(password)}
        self._connection.execute(insert(user_account).values(row))
        return user

    def find(self, email: str) -> User | None:
        """Who has this e-mail address."""
        row = self._connection.execute(_USERS.where(user_account.c.email == email.strip().lower())).first()
        return None if row is None else _user(row)

    def get(self, user_id: str) -> User | None:
        """Who has this id."""
        row = self._connection.execute(_USERS.where(user_account.c.id == user_id)).first()
        return None if row is None else _user(row)

    def all(self) -> list[User]:
        """Everybody, by name."""
        return [_user(row) for row in self._connection.execute(_USERS.order_by(user_account.c.name, user_account.c.id))]

    def count(self) -> int:
        """How many there are."""
        return self._connection.scalar(select(func.count()).select_from(user_account)) or 0

    def authenticate(self, email: str, password: str) -> User | None:
        """Who signs in with this password; takes as long where there is nobody of that e-mail address."""
        user = self.find(email)
        active = user is not None and user.active
        hashes = select(user_account.c.password_hash).where(user_account.c.id == user.id) if user and active else None
        kept = None if hashes is None else self._connection.scalar(hashes)
        return user if is_password(password, kept) else None

    def change(
        self,
        user_id: str,
        *,
        role: Role | None = None,
        locale: str | None = None,
        name: str | None = None,
        active: bool | None = None,
        password: str | None = None,
    ) -> None:
        """Change what is given. A new password or leaving ends the person's sessions."""
        values: dict[str, Any] = {"role": role, "locale": locale, "name": name, "active": active}
        if role is not None:
            _check_role(role)
        if password is not None:
            _check_password(password)
            values["password_hash"] = hash_password(password)
        values = {column: value for column, value in values.items() if value is not None}
        if values:
            self._connection.execute(update(user_account).where(user_account.c.id == user_id).values(**values))
        if password is not None or active is False:
            self._connection.execute(delete(user_session).where(user_session.c.user_id == user_id))

    def start_session(self, user: User, now: Instant, length: Duration = SESSION_LENGTH) -> str:
        """Sign somebody in; returns the token for the cookie, of which only a digest is kept."""
        self._connection.execute(delete(user_session).where(user_session.c.expires_at <= now))
        token = secrets.token_urlsafe(32)
        row = {"token_digest": _digest(token), "user_id": user.id, "created_at": now, "expires_at": now + length}
        self._connection.execute(insert(user_session).values(row))
        return token

    def of_session(self, token: str, now: Instant) -> User | None:
        """Who is signed in with this token."""
        valid = (user_session.c.token_digest == _digest(token)) & (user_session.c.expires_at > now)
        query = _USERS.join(user_session, user_session.c.user_id == user_account.c.id)
        row = self._connection.execute(query.where(valid, user_account.c.active)).first()
        return None if row is None else _user(row)

    def end_session(self, token: str) -> None:
        """Sign out."""
        self._connection.execute(delete(user_session).where(user_session.c.token_digest == _digest(token)))


_USERS = select(*[user_account.c[name] for name in User.__struct_fields__])


def _user(row: Row[Any]) -> User:
    return User(**row._asdict())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise UnknownRoleError(f"{role!r} is not a role: choose one of {', '.join(ROLES)}.")


def _check_password(password: str) -> None:
    if len(password) < PASSWORD_LENGTH_MIN:
        raise ShortPasswordError(f"The password is too short: use at least {PASSWORD_LENGTH_MIN} characters.")
