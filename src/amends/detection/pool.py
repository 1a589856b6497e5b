"""Texts as small integers, so that they fit in columns."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]

ABSENT = -1
"""The code of no text."""


class Pool:
    """Gives each text a code, for as long as the pool lives; codes say nothing of order (see `ranks`)."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts: list[str] = list(texts)
        self._codes: dict[str | None, int] = {text: code for code, text in enumerate(self.texts)}

    def code(self, text: str | None) -> int:
        """The code of a text, new if need be; ABSENT for None."""
        if text is None:
            return ABSENT
        known = self._codes.get(text)
        if known is None:
            known = self._codes[text] = len(self.texts)
            self.texts.append(text)
        return known

    def codes(self, texts: Iterable[str | None], count: int) -> Codes:
        """Codes of `count` texts."""
        wanted = list(texts)
        found = list(map(self._codes.get, wanted))
        if None in found:
            missing = zip(wanted, found, strict=True)
            new = list(dict.fromkeys(text for text, code in missing if code is None and text is not None))
            self._codes.update(zip(new, range(len(self.texts), len(self.texts) + len(new)), strict=True))
            self.texts.extend(new)
            found = [ABSENT if text is None else self._codes[text] for text in wanted]
        return np.array(found, dtype=np.int32)

    def text(self, code: int) -> str | None:
        """The text of a code; None for ABSENT."""
        return None if code == ABSENT else self.texts[code]

    def ranks(self, *arrays: Codes) -> tuple[Codes, list[NDArray[np.int64]]]:
        """Codes in code point order of their texts, and each array as ranks into that order (ABSENT stays -1)."""
        unique = np.unique(np.concatenate(arrays))
        unique = unique[unique != ABSENT]
        order = np.array(sorted(unique.tolist(), key=self.texts.__getitem__), dtype=np.int32)
        by_code = np.argsort(order, kind="stable")
        ranked: list[NDArray[np.int64]] = []
        for codes in arrays:
            ranks = np.full(len(codes), -1, dtype=np.int64)
            present = codes != ABSENT
            if len(order):
                ranks[present] = by_code[np.searchsorted(order[by_code], codes[present])]
            ranked.append(ranks)
        return order, ranked
