"""`amends connections`: from nothing to a believed webhook, without touching the database by hand."""

import io
import json
import sys
import time
from pathlib import Path

import httpx
import pytest
from tests.cli.process import Done, Server, amends
from tests.web.door import signed_by_shopify

from amends.connectors.stripe.client import StripeActor
from amends.runtime.config import load_config
from amends.runtime.wiring import open_store

SECRET = "shpss_0123456789abcdef0123456789abcdef"
BODY = json.dumps({"id": 1, "name": "#1", "created_at": "2026-03-01T08:00:00Z", "currency": "EUR"}).encode()


def _add(folder: Path, secret: str, monkeypatch: pytest.MonkeyPatch, account: str = "acme-us") -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "stdin", io.StringIO(secret + "\n"))
    return amends("connections", "add", "shopify", account, folder=folder)


def test_an_account_is_connected_listed_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said, _ = _add(tmp_path, SECRET, monkeypatch)
    assert (code, said) == (0, "Connected. Have shopify deliver to http://127.0.0.1:8080/hooks/shopify/acme-us\n")
    listed = amends("connections", "list", "--json", folder=tmp_path).stdout
    assert SECRET not in listed
    (one,) = json.loads(listed)["connections"]
    assert (one["vendor"], one["account"]) == ("shopify", "acme-us")
    assert amends("connections", "remove", "shopify", "acme-us", folder=tmp_path).returncode == 0
    assert json.loads(amends("connections", "list", "--json", folder=tmp_path).stdout) == {"connections": []}


def test_a_running_server_believes_an_account_from_its_connection_to_its_removal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(tmp_path) as server:

        def answers(status: int) -> bool:
            until = time.monotonic() + 5
            while time.monotonic() < until:
                address = f"{server.address}/hooks/shopify/acme-us"
                if httpx.post(address, content=BODY, headers=signed_by_shopify(BODY, SECRET)).status_code == status:
                    return True
                time.sleep(0.1)
            return False

        assert answers(401)
        assert _add(tmp_path, SECRET, monkeypatch)[0] == 0
        assert answers(202)
        assert amends("connections", "remove", "shopify", "acme-us", folder=tmp_path).returncode == 0
        assert answers(401)


def test_a_secret_for_a_sender_of_ones_own_can_be_made(tmp_path: Path) -> None:
    done = amends("connections", "add", "cloudevents", "erp", "--new-secret", folder=tmp_path)
    secret = done.stdout.splitlines()[0].rsplit(" ", 1)[1]
    assert secret.startswith("whsec_")
    store = open_store(load_config(data_dir=tmp_path).db)
    with store.reading() as work:
        assert [one.secret for one in work.connections.all()] == [secret]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "shopfy", "acme-us"), "There is no connector 'shopfy'"),
        (("add", "shopify", "a/b"), "'a/b' cannot stand in an address"),
        (("add", "shopify", "acme-us"), "use one of at least 24"),
        (("add", "stripe", "acme-us", "--new-secret"), "The secret of stripe is made by stripe"),
        (("remove", "stripe", "acme-us"), "stripe/acme-us is not connected"),
    ],
)
def test_what_cannot_be_connected_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("hunter2\n"))
    done = amends("connections", *arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert "hunter2" not in done.stderr


KEY = "rk_test_0123456789abcdefghij"


def _act(folder: Path, key: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Done:
    monkeypatch.setattr(sys, "stdin", io.StringIO(key + "\n"))
    return amends("connections", "act", "stripe", "acme-us", *arguments, folder=folder)


def _connect_stripe(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("whsec_0123456789abcdef0123456789\n"))
    assert amends("connections", "add", "stripe", "acme-us", folder=folder).returncode == 0


def _listed(folder: Path) -> tuple[str | None, str | None]:
    listed = amends("connections", "list", "--json", folder=folder).stdout
    assert KEY not in listed
    (one,) = json.loads(listed)["connections"]
    return one["acts_with"], one["acts_at"]


def test_an_account_is_given_a_key_to_act_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _connect_stripe(tmp_path, monkeypatch)
    code, said, _ = _act(tmp_path, KEY, monkeypatch)
    done = ", ".join(sorted(StripeActor.does))
    assert (code, said) == (
        0, f"Amends acts at stripe/acme-us with rk_test_…ghij, by way of https://api.stripe.com: {done}.\n",
    )  # fmt: skip
    assert _listed(tmp_path) == ("rk_test_…ghij", "https://api.stripe.com")
    # Another signing secret does not take the key away.
    _connect_stripe(tmp_path, monkeypatch)
    assert _listed(tmp_path) == ("rk_test_…ghij", "https://api.stripe.com")
    assert _act(tmp_path, "", monkeypatch, "--stop").returncode == 0
    assert _listed(tmp_path) == (None, None)


def test_a_key_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _connect_stripe(tmp_path, monkeypatch)
    monkeypatch.setenv("STRIPE_KEY", KEY)
    assert _act(tmp_path, "", monkeypatch, "--key-in", "STRIPE_KEY").returncode == 0
    assert _listed(tmp_path)[0] == "rk_test_…ghij"
    assert "holds no key" in _act(tmp_path, KEY, monkeypatch, "--key-in", "STRIPE_KEYS").stderr


@pytest.mark.inv25
@pytest.mark.parametrize(
    ("key", "arguments", "sentence"),
    [
        ("pk_test_0123456789abcdefghij", (), "That is no key to act with at stripe"),
        ("rk_test_01 23456789abcdefghij", (), "That is no key to act with at stripe"),
        ("sk_test_1", (), "That is no key to act with at stripe"),
        (KEY, ("--address", "https://api.stripe.com.example.net"), "is not where a key for stripe may be sent"),
        (KEY, ("--address", "https://stripe.com@example.net"), "is not where a key for stripe may be sent"),
        (KEY, ("--address", "https://notstripe.com"), "is not where a key for stripe may be sent"),
        (KEY, ("--address", "http://api.stripe.com"), "is not where a key for stripe may be sent"),
        (KEY, ("--address", "https://api.stripe.com/v1"), "is not where a key for stripe may be sent"),
        (KEY, ("--address", "http://169.254.169.254"), "is not where a key for stripe may be sent"),
        (KEY, ("--address", "https://[::1"), "is not where a key for stripe may be sent"),
    ],
)
def test_a_key_that_is_none_goes_nowhere_and_no_key_goes_to_strangers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, arguments: tuple[str, ...], sentence: str
) -> None:
    _connect_stripe(tmp_path, monkeypatch)
    done = _act(tmp_path, key, monkeypatch, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert key not in done.stderr
    assert _listed(tmp_path) == (None, None)


def test_who_is_not_connected_or_only_listened_to_cannot_be_acted_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "`amends connections add stripe acme-us` comes first" in _act(tmp_path, KEY, monkeypatch).stderr
    assert "cannot be told to do anything" in amends("connections", "act", "cloudevents", "erp", folder=tmp_path).stderr


@pytest.mark.inv25
def test_a_shop_is_acted_at_by_its_own_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _add(tmp_path, SECRET, monkeypatch)[0] == 0

    def act(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO("shpat_0123456789abcdef\n"))
        return amends("connections", "act", "shopify", "acme-us", *arguments, folder=tmp_path)

    assert "Say where shopify is: --address https://NAME.myshopify.com" in act()[2]
    assert "is not where a key for shopify may be sent" in act("--address", "https://acme-us.example.net")[2]
    code, said, _ = act("--address", "https://acme-us.myshopify.com/")
    assert (code, said.partition(": ")[0]) == (
        0, "Amends acts at shopify/acme-us with shpat_…cdef, by way of https://acme-us.myshopify.com",
    )  # fmt: skip
    assert "refund" in said
