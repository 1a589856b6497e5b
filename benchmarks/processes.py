"""Processor time of processes other than this one."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def seconds_of(root: int, *, itself: bool = True) -> float:
    """Processor seconds so far of all that come from a process, those that have ended included, and of itself."""
    stats = {int(stat.parent.name): _fields(stat) for stat in Path("/proc").glob("[0-9]*/stat")}
    children: dict[int, list[int]] = {}
    for process, fields in stats.items():
        if len(fields) > 14:
            children.setdefault(int(fields[1]), []).append(process)
    total, queue = 0, [root]
    while queue:
        process = queue.pop()
        # Its own time counts as its parent's once it has ended and been waited for.
        first = 11 if itself or process != root else 13
        total += sum(int(ticks) for ticks in stats.get(process, [])[first:15])
        queue += children.get(process, [])
    return total / _TICKS


def _fields(stat: Path) -> list[str]:
    """What stands behind the name of the command, which may hold anything: state, parent ..."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:
        return []
