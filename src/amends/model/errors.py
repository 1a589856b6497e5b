"""The error tree. Every error of ours derives from it, and reads as one sentence that says what to do.

    AmendsError
    ├── UnusableInputError      what was given cannot be used: exit 2, HTTP 4xx
    └── DependencyFailedError   something Amends stands on failed: exit 3, HTTP 503

An error that wants neither a caller's other input nor a working disk, database or network is a bug.
"""


class AmendsError(Exception):
    """The base of every error that Amends raises on purpose."""


class UnusableInputError(AmendsError, ValueError):
    """What was given cannot be used; the message says which part, and what it should be."""


class DependencyFailedError(AmendsError):
    """Something Amends stands on (disk, database, network, port) failed; the message says what to look at."""
