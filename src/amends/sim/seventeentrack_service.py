"""A stand-in for 17TRACK's API over HTTP: numbers registered and listed.

Source: https://api.17track.net/en/doc (Tracking API v2.4: register, gettracklist, error codes).
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from amends.sim.service import Answer, Fault, Service

_REGISTER: Final = frozenset(
    "number carrier final_carrier auto_detection tag email lang order_no order_time param remark".split()
)
_FILTERS: Final = frozenset("number carrier order_no tag tracking_status package_status page_no".split())
_REGISTERED: Final = -18019901


class SeventeenTrackService(Service):
    """17TRACK for one account. `quota` is how many numbers may yet be registered."""

    def __init__(self, key: str, *, quota: int = 100, faults: Iterable[Fault] = ()) -> None:
        super().__init__(faults=faults)
        self.key, self.quota = key, quota
        self.numbers: dict[str, dict[str, Any]] = {}
        self.registered: list[str] = []
        """Each number that was registered, as often as it was."""

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes, fault: Fault) -> Answer:
        """What 17TRACK answers."""
        if fault == "throttle":
            return 429, {}, {}
        if fault in ("fail", "conflict"):
            return 503, {}, {}
        if headers.get("17token") != self.key:
            return 401, {"code": -18010002, "data": {"errors": [_error(-18010002, "Invalid security key.")]}}, {}
        does = {"/track/v2.4/register": self._register, "/track/v2.4/gettracklist": self._list}
        do = does.get(urlsplit(target).path)
        if do is None or method != "POST":
            return 404, {}, {}
        answer = do(json.loads(body))
        if fault == "repeat":
            answer = do(json.loads(body))
        return (500, {}, {}) if fault == "fail_after" else (200, answer, {})

    def _register(self, asked: Any) -> dict[str, Any]:
        if not isinstance(asked, list) or not 1 <= len(asked) <= 40 or any(set(one) - _REGISTER for one in asked):
            return {"code": -18010013, "data": {"errors": [_error(-18010013, "Invalid submitted data.")]}}
        accepted, rejected = [], []
        for one in asked:
            number = one["number"]
            problem = self._problem(number)
            if problem is not None:
                rejected.append({"number": number, "error": problem})
                continue
            self.numbers[number] = one | {"tracking_status": "Tracking"}
            self.registered.append(number)
            self.quota -= 1
            accepted.append({"origin": 1, "number": number, "carrier": 3011})
        return {"code": 0, "data": {"accepted": accepted, "rejected": rejected}}

    def _problem(self, number: str) -> dict[str, Any] | None:
        if number in self.numbers:
            return _error(_REGISTERED, f"Tracking number {number} is already registered.")
        if not 5 <= len(number) <= 50 or not number.isalnum():
            return _error(-18010012, "The format of data number is invalid.")
        return _error(-18019908, "The quota is used up.") if self.quota < 1 else None

    def _list(self, asked: Any) -> dict[str, Any]:
        if not isinstance(asked, dict) or set(asked) - _FILTERS:
            return {"code": -18010013, "data": {"errors": [_error(-18010013, "Invalid submitted data.")]}}
        found = [one for number, one in self.numbers.items() if asked.get("number") in (None, number)]
        told = [{"number": one["number"], "carrier": 3011, "tracking_status": one["tracking_status"]} for one in found]
        return {"code": 0, "page": {"data_total": len(found)}, "data": {"accepted": told[:40], "rejected": []}}


def _error(code: int, message: str) -> dict[str, Any]:
    return {"code": code, "message": message}
