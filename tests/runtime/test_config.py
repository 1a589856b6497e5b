"""Settings: where they come from, and how those that cannot be are refused."""

import os
import stat
from pathlib import Path

import pytest

from amends.connectors.mail.place import place_of
from amends.model.errors import DependencyFailedError
from amends.runtime.config import Config, UnusableSettingsError, child_environment, load_config
from amends.runtime.secret import secret_key


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AMENDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.chdir(tmp_path)


def test_without_settings_everything_has_a_default(tmp_path: Path) -> None:
    config = load_config()
    assert config.data_dir == tmp_path / "share" / "amends"
    assert config.db == f"sqlite:///{tmp_path}/share/amends/amends.sqlite"
    assert config.base_url == "http://127.0.0.1:8080"
    assert (config.locale, config.currency, config.secret_key) == ("en", "USD", None)


def test_the_environment_sets_and_an_option_goes_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_PORT", "9000")
    monkeypatch.setenv("AMENDS_LOCALE", "zh-Hans")
    assert load_config(port=None).base_url == "http://127.0.0.1:9000"
    config = load_config(port=9001)
    assert (config.port, config.base_url, config.locale) == (9001, "http://127.0.0.1:9001", "zh-Hans")


def test_a_file_beside_the_start_sets_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AMENDS_CURRENCY=EUR\nOTHER=1\n")
    assert load_config().currency == "EUR"


def test_all_that_is_wrong_is_said_at_once_a_sentence_each(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "AMENDS_PORT": "99999",
        "AMENDS_DB": "mysql://here",
        "AMENDS_LOCALE": "fr",
        "AMENDS_CURRENCY": "euro",
        "AMENDS_BASE_URL": "amends.example.com",
        "AMENDS_SECRET_KEY": "hunter2",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UnusableSettingsError) as raised:
        load_config()
    sentences = str(raised.value).splitlines()
    assert sorted(sentences) == [
        "The setting base_url (AMENDS_BASE_URL) cannot be 'amends.example.com': it should be an address such as "
        "https://amends.example.com.",
        "The setting currency (AMENDS_CURRENCY) cannot be 'euro': it should be an ISO 4217 code such as USD.",
        "The setting db (AMENDS_DB) cannot be 'mysql://here': it should start with sqlite:/// or postgresql://.",
        "The setting locale (AMENDS_LOCALE) cannot be 'fr': it should be 'en' or 'zh-Hans'.",
        "The setting port (AMENDS_PORT) cannot be '99999': it should be less than or equal to 65535.",
        "The setting secret_key (AMENDS_SECRET_KEY) cannot be: it should have at least 24 bytes, "
        "such as `openssl rand -hex 32` prints.",
    ]


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_SECRET_KEY", "a-secret-that-is-long-enough")
    assert "long-enough" not in repr(load_config())
    monkeypatch.setenv("AMENDS_SECRET_KEY", "short-secret")
    with pytest.raises(UnusableSettingsError) as raised:
        load_config()
    assert "short-secret" not in str(raised.value)


EXAMPLE = (
    "it should be an address such as smtps://user:password@mail.example.com or "
    "smtp://user:password@mail.example.com?starttls"
)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("smtp://help:pw-7@mail.example", "it would send the password unencrypted: use smtps: or add ?starttls"),
        ("smtps://help@mail.example", "it names a user without a password, or a password without a user"),
        ("https://help:pw-7@mail.example", EXAMPLE),
        ("smtps://help:pw-7@mail.example:port", EXAMPLE),
        ("smtps://help:pw-7@mail.example/?tls=no", EXAMPLE),
    ],
)
def test_a_mail_server_is_named_in_full_or_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str, why: str
) -> None:
    monkeypatch.setenv("AMENDS_MAIL_FROM", "help@shop.example")
    monkeypatch.setenv("AMENDS_SMTP_URL", url)
    with pytest.raises(UnusableSettingsError) as raised:
        load_config()
    assert str(raised.value) == f"The setting smtp_url (AMENDS_SMTP_URL) cannot be: {why}."


def test_mail_needs_an_address_to_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_SMTP_URL", "smtps://help:pw-of-mail@mail.example")
    monkeypatch.setenv("AMENDS_IMAP_URL", "imaps://help:pw-of-mail@mail.example/Buyers")
    with pytest.raises(UnusableSettingsError) as raised:
        load_config()
    why = "it needs AMENDS_MAIL_FROM, the address that letters come from"
    assert str(raised.value).splitlines() == [
        f"The setting smtp_url (AMENDS_SMTP_URL) cannot be: {why}.",
        f"The setting imap_url (AMENDS_IMAP_URL) cannot be: {why}.",
    ]
    monkeypatch.setenv("AMENDS_MAIL_FROM", "no address")
    with pytest.raises(UnusableSettingsError, match=r"cannot be 'no address': it should be an address such as help@"):
        load_config()
    monkeypatch.setenv("AMENDS_MAIL_FROM", "help@bücher.example")
    config = load_config()
    assert config.mail_from == "help@xn--bcher-kva.example"
    assert "pw-of-mail" not in repr(config)


def test_the_parts_of_a_mail_servers_address() -> None:
    place = place_of("imap://help%40shop.example:p%3Aw%40@mail.example?starttls", "imap")
    assert (place.host, place.port, place.security, place.folder) == ("mail.example", 143, "starttls", "INBOX")
    assert (place.user, place.password) == ("help@shop.example", "p:w@")
    assert "p:w@" not in f"{place!r} {place}"
    assert place_of("imaps://u:p@[::1]:1993/A%20B", "imap").folder == "A B"
    assert place_of("smtp://127.0.0.1:25", "smtp").security == "plain"


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Config.model_fields.items() if not field.description] == []


def test_the_key_is_made_once_and_for_its_owner_only() -> None:
    config = load_config()
    key = secret_key(config)
    assert len(key) >= 32
    assert secret_key(config) == key
    files = list(config.data_dir.iterdir())
    assert [file.name for file in files] == ["secret.key"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_the_configured_key_goes_before_the_kept_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_SECRET_KEY", "a-secret-that-is-long-enough")
    assert secret_key(load_config()) == b"a-secret-that-is-long-enough"


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DependencyFailedError, match="make the folder writable, name another with AMENDS_DATA_DIR"):
        secret_key(load_config(data_dir=tmp_path / "file" / "below"))


def test_a_child_process_gets_our_environment_and_what_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_PORT", "9000")
    environment = child_environment(AMENDS_LOCALE="en")
    assert (environment["AMENDS_PORT"], environment["AMENDS_LOCALE"]) == ("9000", "en")
