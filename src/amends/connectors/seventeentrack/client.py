"""17TRACK told to follow parcels.

A number is followed once per carrier: one that is registered already is rejected, which is as good as done. Source:
https://api.17track.net/en/doc (Tracking API v2.4: register, gettracklist),
https://help.17track.net/hc/en-us/articles/37570440168473-Error-Codes-and-Troubleshooting.
"""

from typing import Any, Final

import httpx
import msgspec

from amends.resolution.intent import Intent
from amends.resolution.outbox import Reply

API: Final = "https://api.17track.net"
_VERSION: Final = "/track/v2.4"
_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_NOT_NOW: Final = (401, 403, 404, 429)
"""Too much at once, or a key or an address that does not serve: when that is mended, it goes on."""
_REGISTERED: Final = -18019901
_KEYS_FAULT: Final = (-18010001, -18010002, -18010004, -18010005, -18019907, -18019908)
"""The key does not serve, or what it may do today, or at all, is used up."""
_THEIR_FAULT: Final = -18010003


class _Problem(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""


class _Number(msgspec.Struct, frozen=True):
    number: str = ""
    error: _Problem | None = None
    tracking_status: str | None = None


class _Data(msgspec.Struct, frozen=True):
    accepted: list[_Number] = []
    rejected: list[_Number] = []
    errors: list[_Problem] = []


class _Answer(msgspec.Struct, frozen=True):
    code: int = 0
    data: _Data | None = None


class SeventeenTrackActor:
    """One account. `key` is its security key, which signs its pushes too."""

    does: Final = frozenset(("register_tracking",))

    def __init__(self, key: str, *, address: str = API, timeout: httpx.Timeout = _TIMEOUT) -> None:
        if not key:
            raise ValueError("17TRACK wants a key")
        self._client = httpx.Client(base_url=address, headers={"17token": key}, timeout=timeout)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def takes(self, intent: Intent) -> bool:
        """Whether there is a number to follow."""
        return intent.does in self.does and bool(intent.how.get("tracking"))

    def send(self, intent: Intent) -> Reply:
        """Follow the parcel `tracking`, and tell 17TRACK its `order`; the carrier it finds by itself."""
        asked = {"number": intent.how["tracking"], "auto_detection": True, "tag": intent.id[:100]}
        if "order" in intent.how:
            asked["order_no"] = intent.how["order"]
        try:
            told = self._ask("register", asked)
        except _NEVER_SENT as error:
            return Reply(said="not_done", says=f"17TRACK could not be reached: {error}")
        except (httpx.TransportError, msgspec.DecodeError) as error:
            return Reply(said="unclear", says=f"17TRACK gave no answer: {error}")
        return told if isinstance(told, Reply) else _registered(told)

    def look_up(self, intent: Intent, ref: str | None) -> Reply:
        """Look whether the number is among those that are followed."""
        try:
            told = self._ask("gettracklist", None, number=intent.how["tracking"])
        except (httpx.TransportError, msgspec.DecodeError) as error:
            return Reply(said="unclear", says=f"17TRACK gave no answer: {error}")
        if isinstance(told, Reply):
            return Reply(said="unclear", says=told.says)
        mine = [each for each in told.accepted if _plain(each.number) == _plain(intent.how["tracking"])]
        if any(each.tracking_status != "Stopped" for each in mine):
            return Reply(said="confirmed")
        return Reply(said="not_done", says="17TRACK does not follow this number.")

    def _ask(self, what: str, one: dict[str, Any] | None, **filters: str) -> _Data | Reply:
        """The data of an answer, or what it comes to where it has none."""
        answer = self._client.post(f"{_VERSION}/{what}", json=filters if one is None else [one])
        says = f"17TRACK: HTTP {answer.status_code}"
        if answer.status_code in _NOT_NOW:
            return Reply(said="not_done", says=says)
        if not answer.is_success:
            return Reply(said="unclear" if answer.is_server_error else "refused", says=says)
        told = msgspec.json.decode(answer.content, type=_Answer)
        if told.code == 0 and told.data is not None:
            return told.data
        problems = [] if told.data is None else told.data.errors
        return _fault(problems[0] if problems else _Problem(code=told.code))


def _registered(told: _Data) -> Reply:
    if told.accepted:
        return Reply(said="confirmed", ref=told.accepted[0].number)
    problem = next((each.error for each in told.rejected if each.error is not None), _Problem())
    if problem.code == _REGISTERED:
        return Reply(said="confirmed")
    return _fault(problem)


def _fault(problem: _Problem) -> Reply:
    says = f"17TRACK: {problem.message} ({problem.code})"
    if problem.code in _KEYS_FAULT:
        return Reply(said="not_done", says=says)
    return Reply(said="unclear" if problem.code == _THEIR_FAULT else "refused", says=says)


def _plain(number: str) -> str:
    return "".join(number.split()).upper()
