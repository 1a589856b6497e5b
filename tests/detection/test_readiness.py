"""What has to be compiled is compiled before the first event."""

import subprocess
import sys

_ASK = """
from amends.detection import is_ready, make_ready
from amends.detection.compiled import COMPILED

make_ready()
print(is_ready(), len(COMPILED) > 10, [made.__name__ for made in COMPILED if not made.signatures])
"""


def test_once_it_is_ready_nothing_is_left_to_compile() -> None:
    said = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["True", "True", "[]"], said.stdout
