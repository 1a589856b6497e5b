"""Functions that ask what was learned of waits: how each is written, and what it takes."""

from typing import Final

LEARNED: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "LEARNED": (
        "LEARNED('wait', 0.98, INTERVAL '7 days', INTERVAL '2 days', INTERVAL '30 days') for the time that 98 of 100 "
        "stay below, 7 days until it is known, never less than 2 nor more than 30",
        ("decimal", "duration", "duration", "duration"),
    ),
    "LATE_AFTER": (
        "LATE_AFTER('wait', deliver_by, 0.5) for the time after which it is late with even odds",
        ("instant", "decimal"),
    ),
    "LOST_AFTER": (
        "LOST_AFTER('wait', 0.05, INTERVAL '45 days', INTERVAL '20 days') for the time after which 5 in 100 still "
        "come, 45 days until it is known, never less than 20",
        ("decimal", "duration", "duration"),
    ),
}
"""Functions over learned waits: how each is written, and the types of what comes after the wait's name."""
