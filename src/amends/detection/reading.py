"""What the readers of a pack have in common: how a part is read, and how it is said what is wrong with it."""

from collections.abc import Iterable
from typing import Any, Final, Protocol

from amends.detection.document import Document, Path
from amends.detection.written import Expression, Scope
from amends.model.instant import DAY, Duration, UnreadableTimeError, parse_duration
from amends.model.suggestion import suggestion

LENGTH_MAX: Final = Duration(36_600 * DAY)
"""Nobody waits a hundred years; far longer ones do not fit into a column either."""


class Reader(Protocol):
    """What collects the problems of a pack."""

    problems: list[str]

    def say(self, document: Document, path: Path, sentence: str) -> None:
        """Note what is wrong at a place."""
        ...

    def expression(self, document: Document, path: Path, text: Any, scope: Scope, who: str) -> Expression | None:
        """A checked expression, or a problem."""
        ...

    def condition(self, document: Document, path: Path, text: Any, scope: Scope, who: str) -> None:
        """Check a condition, or note a problem."""
        ...

    def event_types(self, document: Document, path: Path, who: str, value: Any) -> tuple[str, ...]:
        """Checked event types; problems of those that are none."""
        ...


def texts_of(value: Any) -> tuple[str, ...] | None:
    """A text, or a list of texts, as such; None of anything else."""
    listed = value if isinstance(value, list | tuple) else [value]
    return tuple(listed) if all(isinstance(one, str) for one in listed) else None


def length_of(value: Any) -> Duration | None:
    """A length of time of up to a hundred years; None of anything else."""
    try:
        length = parse_duration(str(value))
    except UnreadableTimeError:
        return None
    return length if length <= LENGTH_MAX else None


def is_number(value: Any) -> bool:
    """Whether it is a number that can be counted with: true and false, nan and infinity are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def near(name: Any, known: Iterable[str]) -> str:
    """What may have been meant."""
    return suggestion(str(name), known)
