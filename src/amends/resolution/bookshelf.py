"""The playbooks that come with Amends: one for each exception of the catalogue."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from amends.model.exceptions import EXCEPTIONS
from amends.resolution.errors import UnreadablePlaybookError
from amends.resolution.facts import FACTS
from amends.resolution.playbook import Placed, Playbook, read_lists, read_playbooks

SHARED: Final = "shared.yaml"
"""The file that holds lists of steps, and no playbooks."""


@cache
def built_in_lists() -> Mapping[str, Sequence[Placed]]:
    """The lists of steps that playbooks may `use`."""
    return read_lists(_texts()[SHARED], SHARED)


@cache
def built_in_playbooks() -> Mapping[str, Playbook]:
    """The playbooks by exception."""
    return read_shelf({name: text for name, text in _texts().items() if name != SHARED}, built_in_lists())


def read_shelf(texts: Mapping[str, str], lists: Mapping[str, Sequence[Placed]]) -> Mapping[str, Playbook]:
    """Playbooks in several YAML texts by the names of their files, one for every exception.

    Raises UnreadablePlaybookError for a text that cannot be read, and for an exception that has none or two.
    """
    found: dict[str, Playbook] = {}
    where: dict[str, str] = {}
    for name, text in texts.items():
        for exception, playbook in read_playbooks(text, name, FACTS, lists=lists).items():
            if exception in found:
                raise UnreadablePlaybookError(
                    f"{name}: {exception} has a playbook in {where[exception]} already: keep one of them"
                )
            found[exception], where[exception] = playbook, name
    if missing := EXCEPTIONS - found.keys():
        raise UnreadablePlaybookError(f"{', '.join(texts)}: there is no playbook for {', '.join(sorted(missing))}")
    return found


def _texts() -> dict[str, str]:
    folder = files("amends.resolution").joinpath("playbooks")
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".yaml"))
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in names}
