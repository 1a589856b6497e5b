"""What each exception is called, what to do first, and where triage starts from: data, in two languages."""

from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec
import yaml

from amends.model.errors import UnusableInputError
from amends.model.exceptions import EXCEPTIONS

Language = Literal["en", "zh-Hans"]


class UnreadableCatalogueError(UnusableInputError):
    """The catalogue cannot be used; the message names the exception and the part."""


class CatalogueEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One exception. `name` and `first_move` by language; `likelihood` of losing the stake; `minutes` of work."""

    name: dict[Language, str]
    first_move: dict[Language, str]
    likelihood: Decimal
    minutes: int


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """Every exception by its id."""

    entries: dict[str, CatalogueEntry]

    def __getitem__(self, exception: str) -> CatalogueEntry:
        """Raises UnreadableCatalogueError for an exception that it does not hold."""
        try:
            return self.entries[exception]
        except KeyError as error:
            raise UnreadableCatalogueError(
                f"{exception!r} is not in the catalogue of exceptions: add it to cases/catalogue.yaml."
            ) from error


@cache
def built_in_catalogue() -> Catalogue:
    """The catalogue that comes with Amends."""
    return read_catalogue(files("amends.cases").joinpath("catalogue.yaml").read_text(encoding="utf-8"))


def read_catalogue(text: str) -> Catalogue:
    """The catalogue in a YAML text. Raises UnreadableCatalogueError."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UnreadableCatalogueError(f"The catalogue is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise UnreadableCatalogueError("The catalogue should be a mapping of exception ids.")
    entries = {str(exception): _entry(str(exception), part) for exception, part in document.items()}
    if missing := EXCEPTIONS - entries.keys():
        raise UnreadableCatalogueError(f"The catalogue lacks {', '.join(sorted(missing))}.")
    return Catalogue(entries=entries)


def _entry(exception: str, part: Any) -> CatalogueEntry:
    if exception not in EXCEPTIONS:
        raise UnreadableCatalogueError(f"{exception!r} is not an exception that Amends knows.")
    try:
        entry = msgspec.convert(part, CatalogueEntry)
    except msgspec.ValidationError as error:
        raise UnreadableCatalogueError(f"{exception}: {error}") from error
    for texts in (entry.name, entry.first_move):
        if texts.keys() != {"en", "zh-Hans"} or not all(texts.values()):
            raise UnreadableCatalogueError(f"{exception}: give `name` and `first_move` in both en and zh-Hans.")
    if not 0 <= entry.likelihood <= 1 or entry.minutes < 1:
        raise UnreadableCatalogueError(f"{exception}: `likelihood` is from 0 to 1, and `minutes` is at least 1.")
    return entry
