"""Texts as small integers, so that they fit in columns."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, overload

import numpy as np
from numpy.typing import NDArray

from amends.detection.names import Names, encoded

Codes = NDArray[np.int32]

ABSENT = -1
"""The code of no text."""
_AT_HAND_MAX: Final = 1 << 16
"""So many texts are kept as Python has them, too: most that are asked for are asked for again."""
_MANY: Final = 1 << 12
"""So many texts at once that are not at hand are not worth having at hand."""
_OTHER: Final = "\udcff"
"""What stands before that which is no text; no text begins so. By itself it stands for texts that are in no list."""


class Pool:
    """Gives each text a code, for as long as the pool lives, from 0 on; codes say nothing of order.

    Events may hold something else where a text should be; it is kept as it is.
    """

    def __init__(self) -> None:
        self._names = Names()
        self._codes: dict[Any, int] = {}
        """Of texts at hand."""
        self._others: dict[int, Any] = {}
        self.texts = Texts(self._names, self._others)

    @property
    def starts(self) -> NDArray[np.uint32]:
        """Where each text lies in `characters`; see `machine.hashing`."""
        return self._names.starts

    @property
    def characters(self) -> NDArray[np.uint8]:
        """All texts."""
        return self._names.characters

    @property
    def size(self) -> int:
        """How many bytes of memory it takes, but for the texts at hand."""
        return self._names.size

    def code(self, text: str | None) -> int:
        """The code of a text, new if need be; ABSENT for None."""
        return int(self.codes([text], 1)[0])

    def codes(self, texts: Iterable[str | None], count: int) -> Codes:
        """Codes of `count` texts."""
        wanted = list(texts)
        found = list(map(self._codes.get, wanted))
        unknown = found.count(None)
        if unknown > _MANY:
            given = [text for text in wanted if type(text) is str]
            if len(given) == len(wanted):
                return self._names.numbers(given)[0].astype(np.int32)
        if unknown:
            new = list(dict.fromkeys(text for text, code in zip(wanted, found, strict=True) if code is None))
            codes = self._codes_of(new)
            found = [codes[text] if code is None else code for text, code in zip(wanted, found, strict=True)]
            if len(self._codes) + len(codes) > _AT_HAND_MAX:
                self._codes.clear()
            if len(codes) <= _AT_HAND_MAX:
                self._codes |= codes
        return np.array(found, dtype=np.int32)

    def codes_of(self, characters: NDArray[np.uint8], ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """Codes of texts that stand one after the other in UTF-8."""
        return self._names.numbers_of(characters, ends)[0]

    def _codes_of(self, texts: Sequence[Any]) -> dict[Any, int]:
        given = [text for text in texts if text is not None]
        numbers, _ = self._names.numbers([text if isinstance(text, str) else f"{_OTHER}{text!r}" for text in given])
        codes = dict(zip(given, numbers.tolist(), strict=True))
        self._others |= {code: text for text, code in codes.items() if not isinstance(text, str)}
        return codes if len(given) == len(texts) else codes | {None: ABSENT}

    def listed(self, asked: NDArray[np.uint8], ends: NDArray[np.int64]) -> Codes:
        """Codes of texts, one after the other in UTF-8, of which nobody wants to know but whether they are in a list.

        All that are not known have one code, and take no room.
        """
        found = self._names.known(asked, ends)
        return np.where(found < 0, self.code(_OTHER), found).astype(np.int32)

    def listed_codes(self, texts: Sequence[Any]) -> Codes:
        """The same, of texts as Python has them; ABSENT for None."""
        found = self.listed(*encoded([text if isinstance(text, str) else _OTHER for text in texts]))
        found[[text is None for text in texts]] = ABSENT
        return found

    def text(self, code: int) -> str | None:
        """The text of a code; None for ABSENT."""
        return None if code == ABSENT else self.texts[code]

    def dump(self) -> dict[str, Any]:
        """The content, for a snapshot."""
        return {"names": self._names.dump(), "others": list(self._others.items())}

    def load(self, content: Mapping[str, Any]) -> None:
        """Take over a dumped content."""
        self._names.load(content["names"])
        self._codes.clear()
        self.texts.forget()
        self._others.clear()
        self._others.update(content["others"])


class _AtHand(dict[int, str]):
    """Texts by code, read when they are first asked for. Most are there, and take no call."""

    def __init__(self, read: Callable[[int], str]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, code: int) -> str:
        if len(self) >= _AT_HAND_MAX:
            self.clear()
        text = self[code] = self._read(code)
        return text


class Texts(Sequence[str]):
    """The texts of a pool, by code."""

    def __init__(self, names: Names, others: Mapping[int, Any]) -> None:
        self._names, self._others = names, others
        self.at_hand = _AtHand(self._read)
        """Texts by code, as a dict that has them all; it holds some."""

    def __len__(self) -> int:
        return self._names.numbers_given

    @overload
    def __getitem__(self, code: int) -> str: ...
    @overload
    def __getitem__(self, code: slice) -> list[str]: ...
    def __getitem__(self, code: int | slice) -> str | list[str]:
        """The text of a code, which must be one of the pool's."""
        if isinstance(code, slice):
            return [self[each] for each in range(*code.indices(len(self)))]
        if code < 0 or code >= len(self):
            raise IndexError(code)
        return self.at_hand[code]

    def forget(self) -> None:
        """They may be others from now on."""
        self.at_hand.clear()

    def _read(self, code: int) -> str:
        other: str | None = self._others.get(code)
        return self._names.name(code) if other is None else other

    def __iter__(self) -> Iterator[str]:
        return map(self.__getitem__, range(len(self)))
