"""A stand-in for Stripe's API over HTTP: refunds, with the keys, the errors and the silences of the real one.

What goes wrong is said beforehand, request by request. Source: https://docs.stripe.com/api/refunds,
https://docs.stripe.com/api/idempotent_requests, https://docs.stripe.com/api/errors.
"""

import base64
import json
import socket
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Literal
from urllib.parse import parse_qs, parse_qsl, urlsplit

import msgspec

Fault = Literal["", "throttle", "fail", "fail_after", "drop", "drop_after", "conflict"]
"""What happens to a request: nothing; it is throttled; it fails before or after it was done; the connection breaks
before or after it was done; the same key is being worked on."""
FAULTS: Final[tuple[Fault, ...]] = ("", "throttle", "fail", "fail_after", "drop", "drop_after", "conflict")

_Answer = tuple[int, dict[str, Any], dict[str, str]]


class Payment(msgspec.Struct, kw_only=True):
    """A payment that was captured, in Stripe's units, and how much of it was refunded."""

    amount: int
    currency: str
    refunded: int = 0


class StripeService:
    """Stripe for one account, at `address` while it is open.

    `faults` befall the requests in their order; afterwards all goes well. With `slow`, refunds stay pending until
    `settle` is called.
    """

    def __init__(
        self,
        key: str,
        payments: Mapping[str, Payment],
        *,
        faults: Iterable[Fault] = (),
        slow: bool = False,
    ) -> None:
        self.payments = dict(payments)
        self.refunds: list[dict[str, Any]] = []
        self.requests: list[str] = []
        """Method and path of each request, in their order."""
        self.slow = slow
        self._key, self._faults = key, deque(faults)
        self._answers: dict[str, tuple[str, _Answer]] = {}
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> "StripeService":
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="stripe", daemon=True).start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        """Where it listens."""
        assert self._server is not None, "it is not open"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def befall(self, faults: Iterable[Fault]) -> None:
        """Let these befall the next requests."""
        with self._lock:
            self._faults.extend(faults)

    def calm(self) -> None:
        """Nothing befalls requests any more."""
        with self._lock:
            self._faults.clear()

    def forget(self, payments: Mapping[str, Payment]) -> None:
        """Let there be these payments, and nothing that was done before."""
        with self._lock:
            self.payments = dict(payments)
            self.refunds.clear()
            self.requests.clear()
            self._answers.clear()
            self._faults.clear()

    def settle(self) -> list[dict[str, Any]]:
        """The bank has done what is pending; returns those refunds."""
        with self._lock:
            done = [refund for refund in self.refunds if refund["status"] == "pending"]
            for refund in done:
                refund["status"] = "succeeded"
            return done

    # ------------------------------------------------------------ requests

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> _Answer | None:
        """Answer a request; None where the connection breaks."""
        with self._lock:
            url = urlsplit(target)
            self.requests.append(f"{method} {url.path}")
            fault = self._faults.popleft() if self._faults else ""
            if fault == "drop":
                return None
            if fault == "throttle":
                return 429, _error("invalid_request_error", "Too many requests", "rate_limit"), {}
            if headers.get("Authorization") != _basic(self._key):
                return 401, _error("invalid_request_error", "Invalid API Key provided"), {}
            if method == "GET":
                answer = self._look(url.path, {name: values[0] for name, values in parse_qs(url.query).items()})
                return None if fault == "drop_after" else answer
            return self._post(url.path, headers, body, fault)

    def _post(self, path: str, headers: Mapping[str, str], body: bytes, fault: Fault) -> _Answer | None:
        key, said = headers.get("Idempotency-Key", ""), body.decode()
        if fault == "conflict":
            return 409, _error("idempotency_error", "Another request with this key is being worked on"), {}
        if key in self._answers:
            before, answer = self._answers[key]
            if before != said:
                return 400, _error("idempotency_error", "Keys can only be used with the same parameters"), {}
            return None if fault == "drop_after" else (answer[0], answer[1], {"Idempotent-Replayed": "true"})
        if fault == "fail":
            answer = 500, _error("api_error", "An error occurred"), {}
        else:
            answer = self._refund(dict(parse_qsl(said))) if path == "/v1/refunds" else _unknown(path)
        if fault == "fail_after":
            answer = 500, _error("api_error", "An error occurred"), {}
        if key and answer[0] != 400:
            self._answers[key] = said, answer
        return None if fault == "drop_after" else answer

    def _refund(self, fields: dict[str, str]) -> _Answer:
        name = "payment_intent" if "payment_intent" in fields else "charge"
        payment = self.payments.get(fields.get(name, ""))
        if payment is None:
            return 404, _error("invalid_request_error", f"No such {name}", "resource_missing"), {}
        amount, left = int(fields.get("amount", payment.amount)), payment.amount - payment.refunded
        if left == 0:
            return 400, _error("invalid_request_error", "Already refunded", "charge_already_refunded"), {}
        if amount > left:
            return 400, _error("invalid_request_error", "Refund amount is greater than unrefunded amount"), {}
        payment.refunded += amount
        metadata = {part[9:-1]: value for part, value in fields.items() if part.startswith("metadata[")}
        refund = {
            "id": f"re_{len(self.refunds) + 1:06}", "object": "refund", "amount": amount, "currency": payment.currency,
            name: fields[name], "metadata": metadata, "reason": fields.get("reason"),
            "status": "pending" if self.slow else "succeeded",
        }  # fmt: skip
        self.refunds.append(refund)
        return 200, dict(refund), {}

    def _look(self, path: str, asked: dict[str, str]) -> _Answer:
        if path.startswith("/v1/refunds/"):
            found = next((each for each in self.refunds if each["id"] == path[12:]), None)
            return _unknown(path) if found is None else (200, dict(found), {})
        if path != "/v1/refunds":
            return _unknown(path)
        names = ("payment_intent", "charge")
        listed = [each for each in reversed(self.refunds) if all(each.get(n) == asked[n] for n in names if n in asked)]
        if "starting_after" in asked:
            ids = [each["id"] for each in listed]
            listed = listed[ids.index(asked["starting_after"]) + 1 :]
        limit = int(asked.get("limit", 10))
        return 200, {"object": "list", "data": listed[:limit], "has_more": len(listed) > limit}, {}


class _Server(ThreadingHTTPServer):
    daemon_threads = True


def _handler_of(service: StripeService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer in one piece, or the other side waits for the second.
        wbufsize = -1

        def do_POST(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def log_message(self, *_: Any) -> None:
            pass

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = service.handle(self.command, self.path, dict(self.headers.items()), body)
            if answer is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            status, content, headers = answer
            written = json.dumps(content).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

    return Handler


def _error(type_: str, message: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"type": type_, "message": message, **({} if code is None else {"code": code})}}


def _unknown(path: str) -> _Answer:
    return 404, _error("invalid_request_error", f"Unrecognized request URL ({path})", "resource_missing"), {}


def _basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()
