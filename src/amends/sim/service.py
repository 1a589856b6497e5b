"""A vendor's HTTP service, stood in for on this machine, with the troubles of the real one.

What goes wrong is said beforehand, request by request.
"""

import json
import socket
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

Fault = Literal["", "throttle", "fail", "fail_after", "drop", "drop_after", "conflict", "repeat"]
"""What happens to a request: nothing; it is throttled; it fails before or after it was done; the connection breaks
before or after it was done; the same is being worked on already; it comes twice."""
ANY_FAULT: Final[tuple[Fault, ...]] = ("", "throttle", "fail", "fail_after", "drop", "drop_after", "conflict", "repeat")

Answer = tuple[int, Any, dict[str, str]]
"""Status, what is written as JSON, and headers."""


class Service(ABC):
    """A vendor's service, at `address` while it is open. `faults` befall the requests in their order."""

    def __init__(self, *, faults: Iterable[Fault] = ()) -> None:
        self.requests: list[str] = []
        """Method and path of each request, in their order."""
        self._faults = deque(faults)
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        name = type(self).__name__
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name=name, daemon=True).start()
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

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer | None:
        """Answer a request; None where the connection breaks."""
        with self._lock:
            path = urlsplit(target).path
            self.requests.append(f"{method} {path}")
            fault = self._faults.popleft() if self._faults else ""
            if fault == "drop":
                return None
            answer = self.answer(method, target, {name.lower(): value for name, value in headers.items()}, body, fault)
            return None if fault == "drop_after" else answer

    @abstractmethod
    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes, fault: Fault) -> Answer:
        """What the vendor answers; of headers the names are in lower case. A broken connection is not its affair."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True


def _handler_of(service: Service) -> type[BaseHTTPRequestHandler]:
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
