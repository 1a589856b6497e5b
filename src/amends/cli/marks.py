"""What is aimed at, and what was reached."""

from collections.abc import Iterable

import msgspec

from amends.cli import output


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What is aimed at, and what was reached."""

    aim: str
    reached: float
    is_reached: bool


def at_least(least: float, aim: str, reached: float) -> Mark:
    """A mark that is reached by so much or more."""
    return Mark(aim=aim, reached=reached, is_reached=reached >= least)


def say_marks(marks: Iterable[Mark]) -> None:
    """Print each, and whether it was reached."""
    for mark in marks:
        output.say(f"{mark.aim}: {mark.reached:,} ({'reached' if mark.is_reached else 'not reached'})")
