"""A phrase with parts that depend on what is known.

`Your parcel[ {tracking}] is late. [We expect it on {date}.|There is no new date yet.]`: of what stands in brackets, the
first alternative is said of which everything is known, and nothing if there is none. A placeholder stands only in
brackets, so that no phrase has a gap whatever is unknown.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from amends.messaging.errors import UnreadableTextsError

_BRACKETS: Final = re.compile(r"\[([^\[\]]*)\]")
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_MARKS: Final = frozenset("[]{}|")


class Alternative(msgspec.Struct, frozen=True):
    """Text and placeholders in turns: `pieces` at even places are texts, at odd ones names of placeholders."""

    pieces: tuple[str, ...]

    @property
    def placeholders(self) -> frozenset[str]:
        """The names of what it leaves open."""
        return frozenset(self.pieces[1::2])


class Phrase(msgspec.Struct, frozen=True):
    """Parts, each a choice between alternatives; a part with a single one without placeholders is always said."""

    parts: tuple[tuple[Alternative, ...], ...]

    @property
    def placeholders(self) -> frozenset[str]:
        """The names of all that it leaves open."""
        return frozenset(name for part in self.parts for each in part for name in each.placeholders)

    def said(self, values: Mapping[str, str]) -> str:
        """The phrase with what is known, each value as it is, and never read as a phrase; lines that are empty are left
        out.
        """
        said, ends_in_value = "", False
        for part in self.parts:
            chosen = next((each for each in part if each.placeholders <= values.keys()), None)
            for place, piece in enumerate(chosen.pieces if chosen else ()):
                if place % 2:
                    said += values[piece]
                elif piece:
                    # `6:05 p.m.` and `Acme Inc.` end a sentence by themselves.
                    said += piece[1:] if ends_in_value and said.endswith(".") and piece.startswith(".") else piece
                ends_in_value = place % 2 == 1 or (ends_in_value and not piece)
        return "\n".join(line.strip() for line in said.split("\n") if line.strip())


def parse_phrase(text: str) -> Phrase:
    """Read a phrase. Raises UnreadableTextsError, with a sentence that has no place yet."""
    return Phrase(tuple(_parts(text)))


def _parts(text: str) -> Iterator[tuple[Alternative, ...]]:
    for place, piece in enumerate(_BRACKETS.split(text)):
        if place % 2:
            yield tuple(_alternatives(piece))
            continue
        always = _alternative(piece)
        for name in sorted(always.placeholders):
            raise UnreadableTextsError(
                f"`{{{name}}}` may be unknown: put what depends on it in brackets, such as [ {{{name}}}]"
            )
        yield (always,)


def _alternatives(piece: str) -> Iterator[Alternative]:
    texts = piece.split("|")
    for place, text in enumerate(texts):
        found = _alternative(text)
        is_last = place == len(texts) - 1
        if not found.placeholders and (not is_last or place == 0):
            raise UnreadableTextsError(f"`[{piece}]`: `{text}` leaves nothing open, so it is said in any case")
        yield found


def _alternative(text: str) -> Alternative:
    pieces = tuple(_PLACEHOLDER.split(text))
    if stray := sorted(_MARKS & set("".join(pieces[::2]))):
        raise UnreadableTextsError(f"`{text}` has a `{stray[0]}` that belongs to nothing")
    return Alternative(pieces)
