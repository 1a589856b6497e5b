"""Serving an application on a port."""

import asyncio
import errno
import logging
import signal
import socket
import threading
from typing import Final

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from amends.model.errors import DependencyFailedError
from amends.web.api.ingest import Hooks

_GRACE_S: Final = 2
"""How long open pages may go on once the process is to end; they come back by themselves."""
_BACKLOG: Final = 2_048


class PortTakenError(DependencyFailedError):
    """Another process listens there."""


class CannotListenError(DependencyFailedError):
    """This process may not listen there."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any that is free. Raises PortTakenError, CannotListenError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(
                f"Port {port} of {host} is taken by another program: end that one, or choose another port with --port."
            ) from error
        raise CannotListenError(
            f"Amends cannot listen at {host}, port {port} ({error.strerror}): choose others with --host and --port."
        ) from error
    return listening


def address_of(listening: socket.socket) -> str:
    """The address that a browser on this machine can open."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{host}:{port}"


class _OpenPages(logging.Filter):
    """Keeps out of the log that open pages were ended with the server: they come back by themselves."""

    def filter(self, record: logging.LogRecord) -> bool:
        ended = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
        return not (ended or record.getMessage().startswith("Cancel "))


def serve(app: FastAPI, listening: socket.socket) -> None:
    """Answer requests until the process is told to end (SIGINT, SIGTERM); then finish what is at hand."""
    # The server sends itself the signal again once it has ended in good order; that was no killing.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _server(app).run(sockets=[listening])


_OPEN_PAGES: Final = _OpenPages()


class BackgroundServer:
    """The same in a thread, for a process that does something else besides: `with BackgroundServer(app, socket):`."""

    def __init__(self, app: FastAPI, listening: socket.socket) -> None:
        self._server = _server(app)
        self._listening = listening
        self._thread = threading.Thread(target=self._run, name="amends-web", daemon=True)

    def __enter__(self) -> str:
        """Serves when it returns; gives the address."""
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise CannotListenError("The server did not start: the log says why.")
            self._thread.join(0.01)
        return address_of(self._listening)

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._listening]))


def _with_hooks(app: FastAPI) -> ASGIApp:
    installation = getattr(app.state, "installation", None)
    return app if installation is None else Hooks(app, installation)


def _server(app: FastAPI) -> uvicorn.Server:
    logging.getLogger("uvicorn.error").addFilter(_OPEN_PAGES)
    return uvicorn.Server(
        uvicorn.Config(
            _with_hooks(app),
            loop="uvloop",
            http="httptools",
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )
