"""`amends` as people run it: by its arguments, or as a server in a process of its own."""

import os
import signal
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import NamedTuple, Self
from unittest import mock

from amends.cli.main import run

ROOT = Path(__file__).parents[2]


class Done(NamedTuple):
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def amends(*arguments: str, folder: Path, **environment: str) -> Done:
    """Run a command to its end, in this process: starting Python anew takes longer than most commands."""
    printed, noted = BytesIO(), BytesIO()
    out, err = (TextIOWrapper(stream, write_through=True) for stream in (printed, noted))
    added = {"AMENDS_DATA_DIR": str(folder), **environment}
    with redirect_stdout(out), redirect_stderr(err), chdir(folder), mock.patch.dict(os.environ, added):
        code = run(arguments)
    return Done(code, printed.getvalue().decode(), noted.getvalue().decode())


class Server:
    """`amends serve`, or `web`; `address` once it listens, "" where it does not."""

    def __init__(self, folder: Path, *options: str, command: str = "serve", **environment: str) -> None:
        self._log = (folder / "server.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "amends", command, "--port", "0", *options],
            env={**os.environ, "AMENDS_DATA_DIR": str(folder), **environment},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self.process.stdout is not None
        self.greeting = self.process.stdout.readline()
        words = [word for word in self.greeting.split() if word.startswith("http://")]
        self.address = words[0] if words else ""

    def kill(self) -> None:
        """As the power does."""
        self.process.send_signal(signal.SIGKILL)
        self.wait()

    def stop(self) -> int:
        """As a service manager does; gives the exit code."""
        self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Until it has ended."""
        assert self.process.stdout is not None
        code = self.process.wait(30)
        self.process.stdout.close()
        self._log.close()
        return code

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_alive:
            self.kill()
