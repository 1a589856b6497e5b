"""Keys become actors, each for its own account."""

from pathlib import Path

import pytest

from amends.connectors.acting import UnusableAddressError
from amends.model.instant import Instant
from amends.resolution.intent import Intent, plan
from amends.runtime.acting import actors_of
from amends.runtime.opening import open_store
from amends.store.connections import Connected

NOW = Instant(1_800_000_000_000_000)
KEYS = {"acme-eu": "sk_test_eu_0123456789", "acme-us": "sk_test_us_0123456789"}


def _refund(**how: str) -> Intent:
    return plan("case-1", 0, "refund", "refund", {"payment": "pi_1", "amount": 1, "currency": "EUR", **how}, NOW)


def test_each_account_with_a_key_acts_for_what_it_told_of(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/amends.sqlite")
    with store.writing() as work:
        for account in ("acme-eu", "acme-jp", "acme-us"):
            work.connections.put("stripe", account, "whsec_0123456789abcdef0123456789", NOW)
        for account, key in KEYS.items():
            assert work.connections.let_act("stripe", account, key, "https://api.stripe.com")
        assert not work.connections.let_act("stripe", "nobody", "sk_test_0123456789", "https://api.stripe.com")
    with store.reading() as work:
        actors = actors_of(work.connections.all())
    store.database.close()
    assert len(actors) == 2
    takers = [
        [actor.takes(_refund(payment_source=source)) for actor in actors]
        for source in ("stripe/acme-eu", "stripe/acme-us", "stripe/acme-jp", "shopify/acme-eu")
    ]
    assert takers == [[True, False], [False, True], [False, False], [False, False]]


@pytest.mark.inv25
def test_a_key_in_the_database_goes_only_where_keys_may_go() -> None:
    tampered = Connected(
        vendor="stripe", account="acme-us", secret="", created_at=NOW, acting_key=KEYS["acme-us"],
        acting_address="https://example.net",
    )  # fmt: skip
    assert KEYS["acme-us"] not in repr(tampered)
    with pytest.raises(UnusableAddressError):
        actors_of([tampered])
