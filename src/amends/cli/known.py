"""Labels from a file: what was truly wrong, as somebody knows it."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from amends.detection.backtest import Label
from amends.model.errors import UnusableInputError
from amends.model.exceptions import EXCEPTIONS
from amends.model.instant import Instant, UnreadableTimeError, parse_instant
from amends.model.suggestion import suggestion

_COLUMNS: Final = ("exception", "subject", "order", "at", "healed_at")


class UnreadableLabelsError(UnusableInputError):
    """A file of labels, or a row of it, cannot be used; the message names the line."""


def read_labels(file: Path) -> list[Label]:
    """The labels of a CSV with the columns exception, order or subject, and perhaps at and healed_at.

    Raises UnreadableLabelsError. An empty `at` says that the exception was, and not when.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.DictReader(lines, restval="")
            _check_heading(file, rows.fieldnames or ())
            labels = [_label(f"{file}:{rows.line_num}", row) for row in rows]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableLabelsError(f"{file} is not CSV in UTF-8: {error}.") from error
    if not labels:
        raise UnreadableLabelsError(f"{file} holds no labels: give a row for each exception that truly was.")
    return labels


def _check_heading(file: Path, names: Sequence[str]) -> None:
    if "exception" not in names or not {"order", "subject"} & set(names):
        raise UnreadableLabelsError(
            f"{file}:1: the first line should name the columns exception, order or subject, "
            f"and perhaps at and healed_at"
            f"{_meant(names)}."
        )


def _meant(names: Sequence[str]) -> str:
    strange = [name for name in names if name not in _COLUMNS]
    return f"; it names {', '.join(names)}" if strange else ""


def _label(place: str, row: Mapping[str, str]) -> Label:
    exception, order, subject = (row.get(name, "").strip() for name in ("exception", "order", "subject"))
    if exception not in EXCEPTIONS:
        hint = suggestion(exception, EXCEPTIONS) or "."
        raise UnreadableLabelsError(f"{place}: `{exception}` is not in the catalogue{hint}")
    if not order and not subject:
        raise UnreadableLabelsError(f"{place}: `{exception}` of what? Give an order or a subject.")
    return Label(
        exception=exception,
        subject=subject,
        order=order,
        at=_instant(place, row, "at"),
        healed_at=_instant(place, row, "healed_at"),
    )


def _instant(place: str, row: Mapping[str, str], name: str) -> Instant | None:
    text = row.get(name, "").strip()
    try:
        return parse_instant(text) if text else None
    except UnreadableTimeError as error:
        raise UnreadableLabelsError(f"{place}: `{name}`: {error}.") from error
