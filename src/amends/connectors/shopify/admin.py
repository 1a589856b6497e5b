"""Shopify's GraphQL Admin API: asked, and told to change something, and what its answers come to.

Source: https://shopify.dev/docs/api/admin-graphql, https://shopify.dev/docs/api/usage/response-codes,
https://shopify.dev/docs/api/usage/limits. A key is an access token, or CLIENT_ID:CLIENT_SECRET of an app of the shop's
own organization, for which a token of a day is asked:
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant.
"""

import threading
import time
from collections.abc import Sequence
from typing import Any, Final, TypeVar

import httpx
import msgspec

from amends.connectors.measures import id_of
from amends.model.errors import DependencyFailedError

VERSION: Final = "2026-10"
"""The stable version that this is written for; Shopify serves it until October 2027."""
_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_NOT_NOW: Final = (401, 402, 403, 404, 423, 429, 430)
"""Too much at once, or a key, an address or a shop that does not serve: when that is mended, it goes on."""
_NOT_BEGUN: Final = frozenset(("THROTTLED", "ACCESS_DENIED", "SHOP_INACTIVE"))
"""Codes of errors for which nothing was done, and which go away."""
_UNSAID: Final = ("INTERNAL_SERVER_ERROR", "TIMEOUT", "IDEMPOTENCY")
"""How codes begin that leave open what was done."""
_SHOWN: Final = 200
_TOKEN_LEFT_S: Final = 300.0
"""A token that ends sooner is not used any more."""


class AnswerError(DependencyFailedError):
    """What an answer comes to, where it is not the answer; the message is Shopify's words, for people."""


class NotNowError(AnswerError):
    """Surely nothing was done, and it may go better later."""


class UnclearError(AnswerError):
    """It may have been done."""


class RefusedError(AnswerError):
    """Shopify will not do it."""


class Told(msgspec.Struct, frozen=True, rename="camel"):
    """A part of an answer, as far as it is asked for."""


class UserError(Told, frozen=True):
    """Something that Shopify has against a change."""

    message: str = ""
    code: str | None = None


Shape = TypeVar("Shape", bound=Told)


class _Problem(msgspec.Struct, frozen=True):
    message: str = ""
    extensions: dict[str, Any] = {}

    @property
    def code(self) -> str:
        return str(self.extensions.get("code") or "")


class _Answer(msgspec.Struct, frozen=True):
    data: dict[str, Any] | None = None
    errors: list[_Problem] | str | None = None


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float = 86_399


class AdminApi:
    """The API of one shop, at `address` (https://NAME.myshopify.com)."""

    def __init__(self, key: str, *, address: str, timeout: httpx.Timeout = _TIMEOUT) -> None:
        self._key = key
        self._client = httpx.Client(base_url=address, timeout=timeout)
        self._guard = threading.Lock()
        self._token, self._until = "", 0.0

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def ask(self, query: str, shape: type[Shape], **variables: Any) -> Shape:
        """The answer to a query, in a shape. Raises NotNowError, RefusedError: it changes nothing."""
        try:
            return self._send(query, shape, variables)
        except UnclearError as error:
            raise NotNowError(str(error)) from error

    def change(self, mutation: str, shape: type[Shape], **variables: Any) -> Shape:
        """The answer to a mutation, in a shape. Raises NotNowError, UnclearError, RefusedError."""
        return self._send(mutation, shape, variables)

    def _send(self, document: str, shape: type[Shape], variables: dict[str, Any]) -> Shape:
        headers = {"X-Shopify-Access-Token": self._access()}
        body = {"query": document, "variables": variables}
        try:
            answer = self._client.post(f"/admin/api/{VERSION}/graphql.json", json=body, headers=headers)
        except _NEVER_SENT as error:
            raise NotNowError(f"Shopify could not be reached: {error}") from error
        except httpx.TransportError as error:
            raise UnclearError(f"Shopify gave no answer: {error}") from error
        if answer.status_code == 401:
            self._forget()
        return _read(answer, shape)

    def _access(self) -> str:
        client, colon, secret = self._key.partition(":")
        if not colon:
            return self._key
        with self._guard:
            if time.monotonic() >= self._until:
                told = self._granted(client, secret)
                self._token, self._until = told.access_token, time.monotonic() + told.expires_in - _TOKEN_LEFT_S
            return self._token

    def _granted(self, client: str, secret: str) -> _Token:
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
        try:
            answer = self._client.post("/admin/oauth/access_token", data=form)
            if not answer.is_success:
                raise NotNowError(f"Shopify gives no access token: HTTP {answer.status_code}")
            return msgspec.json.decode(answer.content, type=_Token)
        except (httpx.TransportError, msgspec.DecodeError) as error:
            raise NotNowError(f"Shopify gives no access token: {error}") from error

    def _forget(self) -> None:
        with self._guard:
            self._until = 0.0


def agreed(errors: list[UserError]) -> None:
    """Raises RefusedError, with Shopify's words, where it has something against a change."""
    if any(str(error.code or "").startswith("IDEMPOTENCY") for error in errors):
        raise UnclearError(_words(errors))
    if errors:
        raise RefusedError(_words(errors))


def gid(kind: str, id_: Any) -> str:
    """The GraphQL id of something whose number is known."""
    return f"gid://shopify/{kind}/{id_of(str(id_))}"


def _words(errors: Sequence["UserError | _Problem"]) -> str:
    said = [f"{error.message} ({error.code})" if error.code else error.message for error in errors]
    return "Shopify: " + "; ".join(said)


def _read(answer: httpx.Response, shape: type[Shape]) -> Shape:
    says = f"Shopify: HTTP {answer.status_code}"
    if answer.status_code in _NOT_NOW:
        raise NotNowError(says)
    if answer.is_client_error and answer.status_code not in (408, 409, 424, 425):
        raise RefusedError(f"{says}, {answer.text[:_SHOWN].strip()}")
    if not answer.is_success:
        raise UnclearError(says)
    try:
        told = msgspec.json.decode(answer.content, type=_Answer)
    except msgspec.DecodeError as error:
        raise UnclearError(f"Shopify's answer cannot be read: {error}") from error
    if told.errors:
        raise _error_of([_Problem(message=told.errors)] if isinstance(told.errors, str) else told.errors, told.data)
    try:
        return msgspec.convert(told.data, shape)
    except msgspec.ValidationError as error:
        raise UnclearError(f"Shopify's answer cannot be read: {error}") from error


def _error_of(problems: list[_Problem], data: dict[str, Any] | None) -> AnswerError:
    """What errors outside of the answer's data come to. Where there are data too, something was done."""
    says = _words(problems)
    codes = {problem.code for problem in problems}
    if any(value is not None for value in (data or {}).values()) or any(code.startswith(_UNSAID) for code in codes):
        return UnclearError(says)
    return NotNowError(says) if codes <= _NOT_BEGUN else RefusedError(says)
