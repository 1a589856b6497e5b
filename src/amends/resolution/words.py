"""What playbooks may name: acts, texts, tasks, roles and remedies. Data (`words.yaml`), each with its meaning.

A connector declares which acts it is able to do, and whoever words messages has a text for each name, so a name that is
not here would be found wanting only when a buyer waits. It is refused when the playbook is read.
"""

from collections.abc import Collection
from functools import cache
from importlib.resources import files

import msgspec

from amends.detection.document import DocumentError, parse_document
from amends.model.suggestion import suggestion
from amends.resolution.entitlement import Way
from amends.resolution.errors import UnreadablePlaybookError, UnreadableWordsError
from amends.resolution.remedy import built_in_remedies


class Deed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an act or a task is.

    `pays` says how a buyer is made whole by it, `money` that it moves other money, and `binds` that once it has left, a
    playbook is gone to its end though the trouble goes away: the act itself may be what has healed it.
    """

    means: str
    pays: Way | None = None
    money: bool = False
    binds: bool = False

    @property
    def is_about_money(self) -> bool:
        """It needs an amount."""
        return self.money or self.pays is not None

    @property
    def is_binding(self) -> bool:
        """What makes a buyer whole always binds."""
        return self.binds or self.pays is not None


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every name that a playbook may use, and what it means."""

    acts: dict[str, Deed]
    tasks: dict[str, Deed]
    texts: dict[str, str]
    roles: dict[str, str]
    remedies: frozenset[str] = frozenset()


@cache
def built_in_words() -> Words:
    """The names that come with Amends; the remedies are those of `remedies.yaml`."""
    text = files("amends.resolution").joinpath("words.yaml").read_text(encoding="utf-8")
    return read_words(text, "words.yaml", built_in_remedies())


def read_words(text: str, name: str, remedies: Collection[str]) -> Words:
    """The names in a YAML text called `name`, and these remedies. Raises UnreadableWordsError."""
    try:
        words = msgspec.convert(parse_document(text, name).content, Words)
    except (DocumentError, msgspec.ValidationError) as error:
        raise UnreadableWordsError(f"{name}: {error}") from error
    return msgspec.structs.replace(words, remedies=frozenset(remedies))


def check_word(kind: str, word: str, known: Collection[str]) -> None:
    """Raises UnreadablePlaybookError, with a sentence, for a name that is not known."""
    if word not in known:
        raise UnreadablePlaybookError(f"there is no {kind} `{word}`{suggestion(word, known)}")
