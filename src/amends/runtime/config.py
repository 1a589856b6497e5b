"""The one place that reads the environment: every setting, with its name, meaning and default.

A setting `port` is read from `AMENDS_PORT`, or from a `.env` file where Amends is started.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from amends.connectors.mail.place import UnusablePlaceError, place_of
from amends.connectors.mail.sender import UnusableAddressError, usable_address
from amends.model.errors import UnusableInputError

SECRET_BYTES_MIN = 24
"""A shorter secret can be guessed by trying (Standard Webhooks asks for 24 to 64 bytes)."""

Locale = Literal["en", "zh-Hans"]


class UnusableSettingsError(UnusableInputError):
    """Settings that cannot be used: one sentence for each, all of them at once."""


def _data_home() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "amends"


class Config(BaseSettings):
    """What an installation can set. Frozen: made once at the start, then passed on."""

    model_config = SettingsConfigDict(
        env_prefix="AMENDS_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Field(default_factory=_data_home, description="folder of everything Amends keeps on disk")
    db: str = Field(
        default_factory=lambda given: f"sqlite:///{given['data_dir'] / 'amends.sqlite'}",
        description="address of the database; by default SQLite in the data folder",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description=f"signs sessions and links: {SECRET_BYTES_MIN} bytes or more; made by itself in the data folder",
    )
    host: str = Field(default="127.0.0.1", description="address to listen at")
    port: int = Field(default=8080, ge=0, le=65535, description="port to listen at; 0 for any that is free")
    base_url: str = Field(
        default_factory=lambda given: f"http://{given['host']}:{given['port']}",
        description="how people and webhooks reach this installation",
    )
    locale: Locale = Field(default="en", description="language of the console for who has not chosen one")
    currency: str = Field(default="USD", description="ISO 4217 code that money at risk is shown in")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="least level to log")
    snapshot_events: int = Field(
        default=50_000, ge=1, description="after how many events the kernel's state is saved, to start from"
    )
    rules: tuple[Path, ...] = Field(
        default=(), description="rule files or folders instead of the built-in rules, as a JSON list"
    )
    authority: Path | None = Field(
        default=None, description="file that says who may grant what alone, instead of the built-in limits"
    )
    anchors: Path | None = Field(
        default=None,
        description="file that the audit record is anchored in, best on another disk; by default in the data folder",
    )
    inbox_max: int = Field(
        default=100_000, ge=1, description="how many deliveries may wait to be worked on; more are answered with 503"
    )
    shop_name: str = Field(default="", description="the shop's name as buyers know it: who letters are from")
    mail_from: str | None = Field(
        default=None, description="the address that letters to buyers come from, and that Amends reads the mailbox of"
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="the mail server that takes letters: smtps://user:password@host, or smtp://...?starttls",
    )
    imap_url: SecretStr | None = Field(
        default=None,
        description="the mailbox of that address: imaps://user:password@host/FOLDER, or imap://...?starttls",
    )
    failpoint: str | None = Field(default=None, description="for tests: where this process is to be killed")

    @field_validator("data_dir")
    @classmethod
    def _is_absolute(cls, folder: Path) -> Path:
        return folder.expanduser().absolute()

    @field_validator("db")
    @classmethod
    def _is_known_database(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("it should start with sqlite:/// or postgresql://")
        return url

    @field_validator("currency")
    @classmethod
    def _is_currency(cls, code: str) -> str:
        if re.fullmatch("[A-Z]{3}", code) is None:
            raise ValueError("it should be an ISO 4217 code such as USD")
        return code

    @field_validator("secret_key")
    @classmethod
    def _is_long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value().encode()) < SECRET_BYTES_MIN:
            raise ValueError(f"it should have at least {SECRET_BYTES_MIN} bytes, such as `openssl rand -hex 32` prints")
        return key

    @field_validator("mail_from")
    @classmethod
    def _is_mail_address(cls, address: str | None) -> str | None:
        try:
            return None if address is None else usable_address(address)
        except UnusableAddressError as error:
            raise ValueError(str(error)) from None

    @field_validator("smtp_url", "imap_url")
    @classmethod
    def _is_place(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if url is None:
            return None
        try:
            place_of(url.get_secret_value(), "smtp" if info.field_name == "smtp_url" else "imap")
        except UnusablePlaceError as error:
            raise ValueError(str(error)) from None
        if "mail_from" in info.data and info.data["mail_from"] is None:
            raise ValueError("it needs AMENDS_MAIL_FROM, the address that letters come from")
        return url

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("it should be an address such as https://amends.example.com")
        return url.rstrip("/")


def load_config(**given: object) -> Config:
    """The settings of this process; `given` ones, such as options of a command, come before the environment's.

    An option of None counts as not given. Raises UnusableSettingsError, which names every setting at fault.
    """
    try:
        return Config(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        raise UnusableSettingsError("\n".join(_sentence(problem) for problem in error.errors())) from None


def _sentence(problem: Mapping[str, Any]) -> str:
    name = str(problem["loc"][0])
    value = "" if Config.model_fields[name].annotation == SecretStr | None else f" {problem['input']!r}"
    what = problem["msg"].removeprefix("Value error, ").replace("Input should be", "it should be")
    return f"The setting {name} (AMENDS_{name.upper()}) cannot be{value}: {what}."


def child_environment(**added: str) -> dict[str, str]:
    """The environment for a process that Amends starts: this one's, and what is `added`."""
    return {**os.environ, **added}


def variable_called(name: str) -> str | None:
    """What an environment variable of the caller's choice holds, such as a key; None where it is empty or not set."""
    return os.environ.get(name, "").strip() or None
