"""Real mail servers to try letters with: SMTP by aiosmtpd, which may fail as it is told to, and IMAP by pymap.

What the SMTP server takes for our own address it puts into the IMAP server's mailbox, as a mail provider does.
"""

import asyncio
import imaplib
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from ssl import SSLContext
from typing import Any, Final, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from amends.connectors.mail.place import Place

OURSELVES: Final = "help@shop.example"
USER: Final = "help"
PASSWORD: Final = "pw-of-the-mailbox"

Fault = Literal[
    "", "mail_550", "rcpt_550", "rcpt_450", "copy_452", "data_451", "data_554", "dot_451", "dot_554", "drop_hello",
    "drop_rcpt", "drop_data", "drop_dot", "drop_after", "silent_after", "garbage_after", "lose_copy",
]  # fmt: skip
"""What befalls a letter: the answer to a command; the connection broken before or in the midst of something
(`drop_dot`: all has come but the final dot); and after the letter was taken: no answer, silence, nonsense."""
NOT_TAKEN: Final[tuple[Fault, ...]] = (
    "mail_550", "rcpt_550", "rcpt_450", "copy_452", "data_451", "data_554", "dot_451", "dot_554", "drop_hello",
    "drop_rcpt",
)  # fmt: skip
CUT_SHORT: Final[tuple[Fault, ...]] = ("drop_data", "drop_dot")
"""Not taken either, but the dot is on its way when the connection breaks, so that nobody here can tell."""
TAKEN: Final[tuple[Fault, ...]] = ("", "drop_after", "silent_after", "garbage_after", "lose_copy")

_ANSWERS: Final = {
    "mail_550": "550 5.7.1 not you", "rcpt_550": "550 5.1.1 no such user here", "rcpt_450": "450 4.2.1 later",
    "copy_452": "452 4.2.2 mailbox full", "dot_451": "451 4.3.0 try again", "dot_554": "554 5.6.0 spam",
    "data_451": "451 4.3.0 busy", "data_554": "554 5.5.1 no",
}  # fmt: skip


class Taken:
    """A letter that the server took, for one recipient."""

    def __init__(self, to: str, raw: bytes) -> None:
        self.to, self.raw = to, raw

    @property
    def message(self) -> EmailMessage:
        found = message_from_bytes(self.raw, policy=default)
        assert isinstance(found, EmailMessage)
        return found


class PostOffice:
    """An SMTP server, and the IMAP mailbox of OURSELVES if there is one."""

    def __init__(self, mailbox: "MailServer | None" = None, tls: SSLContext | None = None) -> None:
        self.mailbox, self.taken, self.sessions = mailbox, list[Taken](), 0
        self._faults: deque[Fault] = deque()
        self._fault: Fault = ""
        self._lock = threading.Lock()
        self._controller = _Controller(self, tls)
        self._controller.start()
        self.sessions = 0

    def close(self) -> None:
        self._controller.stop()

    def place(self, **more: Any) -> Place:
        given: dict[str, Any] = {"security": "plain", "user": USER, "password": PASSWORD, **more}
        return Place(host="127.0.0.1", port=self._controller.bound, **given)

    def befall(self, faults: Iterable[Fault]) -> None:
        with self._lock:
            self._faults = deque(faults)

    def letters(self, to: str | None = None) -> list[Taken]:
        with self._lock:
            return [one for one in self.taken if to is None or one.to == to]

    # ------------------------------------------------------------ what aiosmtpd asks

    def begin(self) -> Fault:
        with self._lock:
            self.sessions += 1
            self._fault = self._faults.popleft() if self._faults else ""
            return self._fault

    @property
    def fault(self) -> Fault:
        return self._fault

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]) -> str:
        if self._fault == "mail_550":
            return _ANSWERS[self._fault]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]) -> str:
        if self._fault == "drop_rcpt":
            _break(server)
            return ""
        about = ("copy_452",) if address == OURSELVES else ("rcpt_550", "rcpt_450")
        if self._fault in about:
            return _ANSWERS[self._fault]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self._fault
        if fault in ("dot_451", "dot_554"):
            return _ANSWERS[fault]
        await asyncio.get_running_loop().run_in_executor(None, self._keep, envelope, fault)
        match fault:
            case "drop_after":
                _break(server)
            case "silent_after":
                await asyncio.sleep(3)
            case "garbage_after":
                return "hello there"
        return "250 OK: queued"

    def _keep(self, envelope: Envelope, fault: Fault) -> None:
        raw = envelope.original_content
        assert isinstance(raw, bytes)
        for to in envelope.rcpt_tos:
            if to == OURSELVES and fault == "lose_copy":
                continue
            with self._lock:
                self.taken.append(Taken(to, raw))
            if to == OURSELVES and self.mailbox is not None:
                self.mailbox.append(raw)


class _Server(SMTP):
    """aiosmtpd, which also breaks connections where it is told to."""

    def __init__(self, office: PostOffice, **more: Any) -> None:
        self._office = office
        super().__init__(office, **more)

    def connection_made(self, transport: Any) -> None:
        # After STARTTLS it is told of the same connection again.
        if not hasattr(self, "_greeted"):
            self._greeted = True
            if self._office.begin() == "drop_hello":
                transport.abort()
        super().connection_made(transport)

    async def smtp_DATA(self, arg: str) -> None:
        fault = self._office.fault
        if fault in ("data_451", "data_554"):
            await self.push(_ANSWERS[fault])
            return
        if fault in ("drop_data", "drop_dot"):
            await self.push("354 go on")
            seen = b""
            while fault == "drop_dot" and not seen.endswith(b"</html>\r\n") and not seen.endswith(b"--\r\n"):
                seen += await self._reader.read(1)
            _break(self)
            return
        await super().smtp_DATA(arg)


class _Controller(Controller):
    def __init__(self, office: PostOffice, tls: SSLContext | None) -> None:
        self._office, self._tls = office, tls
        super().__init__(office, hostname="127.0.0.1", port=0)

    def factory(self) -> SMTP:
        return _Server(
            self._office, authenticator=_authenticate, auth_require_tls=self._tls is not None, tls_context=self._tls,
            require_starttls=self._tls is not None, hostname="mx.test", enable_SMTPUTF8=False,
        )  # fmt: skip

    def _trigger_server(self) -> None:
        # The controller knocks at the port that it was given, which is none.
        with socket.create_connection(("127.0.0.1", self.bound), timeout=5) as knock:
            knock.recv(1_000)

    @property
    def bound(self) -> int:
        assert isinstance(self.server, asyncio.Server)
        return int(self.server.sockets[0].getsockname()[1])


def _break(server: SMTP) -> None:
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    is_known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_known, handled=False)


# Passwords as they are: hashing them takes a third of a second at each of the many logins.
_PYMAP: Final = """
from pymap.config import IMAPConfig
from pymap.main import main
from pysasl.hashing import Cleartext

IMAPConfig._get_hash_context = classmethod(lambda *_: Cleartext())
main()
"""


class MailServer:
    """A pymap in a process of its own, whose mailbox is empty at the start."""

    def __init__(self, log: Path) -> None:
        self.port, self._log = free_port(), log
        self._start()

    def _start(self) -> None:
        words = [
            sys.executable, "-c", _PYMAP, "--no-tls", "--host", "127.0.0.1", "--port", str(self.port),
            "dict", "--demo-user", USER, "--demo-password", PASSWORD,
        ]  # fmt: skip
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log)
        for _ in range(300):
            try:
                with self.session():
                    return
            except OSError:
                assert self._process.poll() is None, self._log.read_text()
                time.sleep(0.1)
        raise AssertionError(self._log.read_text())

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def begin_anew(self) -> None:
        """All mail is gone, and UIDs are others."""
        self.close()
        self._start()

    def place(self, **more: Any) -> Place:
        given: dict[str, Any] = {"port": self.port, "security": "plain", "user": USER, "password": PASSWORD, **more}
        return Place(host="127.0.0.1", **given)

    @contextmanager
    def session(self) -> Iterator[imaplib.IMAP4]:
        server = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        try:
            server.login(USER, PASSWORD)
            yield server
        finally:
            server.logout()

    def append(self, raw: bytes) -> None:
        with self.session() as server:
            assert server.append("INBOX", "", "", raw)[0] == "OK"

    def clear(self) -> None:
        with self.session() as server:
            server.select("INBOX")
            server.store("1:*", "+FLAGS", r"\Deleted")
            server.expunge()


class Line:
    """A line to a server that may be cut: after so many bytes from the server, once for each number given."""

    def __init__(self, port: int) -> None:
        self._to, self._cuts, self.dialled = port, deque[int](), 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        # Only so is a thread woken that waits for somebody to call.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def cut_after(self, *bytes_: int) -> None:
        self._cuts = deque(bytes_)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.dialled += 1
            far = socket.create_connection(("127.0.0.1", self._to))
            left = self._cuts.popleft() if self._cuts else sys.maxsize
            threading.Thread(target=_carry, args=(near, far, sys.maxsize), daemon=True).start()
            threading.Thread(target=_carry, args=(far, near, left), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket, left: int) -> None:
    try:
        while left > 0 and (said := source.recv(min(65_536, left))):
            target.sendall(said)
            left -= len(said)
    except OSError:
        pass
    for one in (source, target):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
