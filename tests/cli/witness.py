"""`python -m tests.cli.witness FILE ...`: the command `amends ...`, whose demo notes in FILE what was acknowledged.

A line for each delivery that the server has answered with 2xx, written before the next one goes out, so that it
outlives the process. Nothing else differs.
"""

import functools
import os
import sys
from collections.abc import Callable
from unittest import mock

from amends.cli.main import main
from amends.sim.driver import Driver
from amends.sim.sending import Sending


def noting(path: str) -> Callable[[Sending], None]:
    """Notes feed and id of a delivery at the end of the file."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    return lambda sending: (os.write(file, f"{sending.feed.name} {sending.id}\n".encode()), None)[1]


if __name__ == "__main__":
    with mock.patch("amends.cli.demo.Driver", functools.partial(Driver, acknowledged=noting(sys.argv[1]))):
        main(sys.argv[2:])
