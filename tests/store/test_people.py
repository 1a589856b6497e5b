"""Who may sign in, settings, and the secrets of connected accounts."""

import pytest

from amends.model.instant import DAY, Instant
from amends.store.connections import WeakSecretError
from amends.store.users import SESSION_LENGTH, EmailTakenError, Role, ShortPasswordError, UnknownRoleError, User
from amends.store.work import SqlStore

NOW = Instant(1_800_000_000_000_000)


def _add(store: SqlStore, *, email: str = "Lin@Example.com", role: Role = "agent") -> User:
    with store.writing() as work:
        return work.users.add(email=email, name="Lin", role=role, password="correct horse", now=NOW)


def test_only_the_right_password_signs_in(store: SqlStore) -> None:
    user = _add(store)
    with store.reading() as work:
        assert work.users.authenticate(" lin@example.COM ", "correct horse") == user
        assert work.users.authenticate("lin@example.com", "wrong horse") is None
        assert work.users.authenticate("nobody@example.com", "correct horse") is None


def test_the_password_is_kept_as_argon2id_only(store: SqlStore) -> None:
    _add(store)
    with store.reading() as work:
        kept = work.connection.exec_driver_sql("SELECT password_hash FROM user_account").scalar()
    assert str(kept).startswith("$argon2id$")


def test_a_session_ends_by_signing_out_or_by_time(store: SqlStore) -> None:
    user = _add(store)
    with store.writing() as work:
        token, other = work.users.start_session(user, NOW), work.users.start_session(user, NOW)
        assert work.users.of_session(token, NOW) == user
        assert work.users.of_session("guess", NOW) is None
        assert work.users.of_session(token, Instant(NOW + SESSION_LENGTH)) is None
        work.users.end_session(token)
        assert work.users.of_session(token, NOW) is None
        assert work.users.of_session(other, NOW) == user
        kept = work.connection.exec_driver_sql("SELECT token_digest FROM user_session").scalar()
    assert kept != other


def test_a_new_password_and_leaving_end_all_sessions(store: SqlStore) -> None:
    user = _add(store)
    with store.writing() as work:
        token = work.users.start_session(user, NOW)
        work.users.change(user.id, password="battery staple")
        assert work.users.of_session(token, NOW) is None
        assert work.users.authenticate("lin@example.com", "battery staple") == user
        token = work.users.start_session(user, NOW)
        work.users.change(user.id, active=False)
        assert work.users.of_session(token, NOW) is None
        assert work.users.authenticate("lin@example.com", "battery staple") is None


def test_what_cannot_be_an_account_is_refused(store: SqlStore) -> None:
    _add(store)
    with pytest.raises(EmailTakenError):
        _add(store, email="lin@example.com")
    with pytest.raises(UnknownRoleError, match="viewer, agent, lead, admin"), store.writing() as work:
        work.users.add(email="a@example.com", name="A", role="owner", password="long enough", now=NOW)  # type: ignore[arg-type]
    with pytest.raises(ShortPasswordError), store.writing() as work:
        work.users.add(email="a@example.com", name="A", role="admin", password="short", now=NOW)


@pytest.mark.parametrize(("role", "may"), [("viewer", 1), ("agent", 2), ("lead", 3), ("admin", 4)])
def test_each_role_may_what_those_before_it_may(store: SqlStore, role: Role, may: int) -> None:
    user = _add(store, role=role)
    allowed: list[bool] = [user.may("viewer"), user.may("agent"), user.may("lead"), user.may("admin")]
    assert allowed == [True] * may + [False] * (4 - may)


def test_settings_are_json(store: SqlStore) -> None:
    with store.writing() as work:
        work.settings.set("hours", {"from": 9, "to": 18})
        work.settings.set("hours", {"from": 8, "to": 18})
        assert work.settings.get("hours") == {"from": 8, "to": 18}
        assert work.settings.get("none", 7) == 7
        assert work.settings.all() == {"hours": {"from": 8, "to": 18}}


def test_a_secret_that_can_be_guessed_is_refused(store: SqlStore) -> None:
    with store.writing() as work:
        work.connections.put("stripe", "north", "whsec_" + "s" * 32, NOW)
        work.connections.put("stripe", "north", "whsec_" + "t" * 32, Instant(NOW + DAY))
        (connected,) = work.connections.all()
        assert connected.secret.endswith("t")
        assert connected.secret not in repr(connected)
        for secret in ("", "short"):
            with pytest.raises(WeakSecretError, match="24"):
                work.connections.put("stripe", "south", secret, NOW)
        assert work.connections.remove("stripe", "north")
        assert work.connections.all() == []
