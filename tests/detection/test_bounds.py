"""No index is out of bounds in what is compiled: nothing would tell, for it is compiled without asking.

Asked for, each index is looked at; so the same tests are gone through in a process where that is asked, with machine
code of its own.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_GONE_THROUGH = ("detection/test_page.py", "detection/test_lull.py", "detection/test_built_in_rules.py",
                 "detection/test_memory.py", "detection/test_learning_waits.py", "reference")  # fmt: skip


@pytest.mark.slow
@pytest.mark.campaign
@pytest.mark.timeout(3_600)
def test_no_index_is_out_of_bounds(tmp_path: Path) -> None:
    asked = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path), "AMENDS_STREAMS": "300"}
    tests = [str(ROOT / "tests" / name) for name in _GONE_THROUGH]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *tests], cwd=ROOT, env={**os.environ, **asked}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5_000:]
