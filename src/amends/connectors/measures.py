"""Reads the numbers of vendors: amounts of money, moments, ids, counts. Absent stays absent; nonsense raises."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from amends.connectors.delivery import UnreadableDeliveryError
from amends.connectors.document import Id, Number, Word
from amends.model.instant import SECOND, Instant, UnreadableTimeError, from_datetime, parse_instant
from amends.model.money import parse_amount

_EARLIEST: Final = parse_instant("1970-01-01T00:00:00Z")
_LATEST: Final = parse_instant("2200-01-01T00:00:00Z")
_LARGEST: Final = Decimal(10) ** 15
_TEXT_MAX: Final = 40


def text_of(word: Word) -> str | None:
    """The text without space around it; None where there is nothing to read."""
    return None if word is None else str(word).strip() or None


def id_of(value: Id) -> str | None:
    """An id as a text; of a GraphQL id such as gid://shopify/Order/1 the last part."""
    text = text_of(value)
    if text is not None and text.startswith("gid://"):
        return text.split("?")[0].rpartition("/")[2] or None
    return text


def moment_of(value: Word, name: str) -> Instant | None:
    """An RFC 3339 date-time. `name` names the field in the error."""
    text = text_of(value)
    if text is None:
        return None
    try:
        return plausible(parse_instant(text), name)
    except (UnreadableTimeError, OverflowError) as error:
        told = text[:_TEXT_MAX]
        raise UnreadableDeliveryError(f"`{name}` is {told!r}; it should be a date-time with an offset.") from error


def unix_moment_of(value: Number, name: str) -> Instant | None:
    """Whole seconds since 1970."""
    seconds = count_of(value, name)
    return None if seconds is None else plausible(Instant(seconds * SECOND), name)


def aware_moment(moment: datetime, name: str) -> Instant:
    """An aware datetime as an instant."""
    try:
        return plausible(from_datetime(moment), name)
    except OverflowError as error:
        raise UnreadableDeliveryError(f"`{name}` is {moment}; it should be a moment of our times.") from error


def plausible(moment: Instant, name: str) -> Instant:
    """The moment, unless it lies outside the years 1970 to 2199: then somebody has mixed up units."""
    if not _EARLIEST <= moment < _LATEST:
        raise UnreadableDeliveryError(f"`{name}` lies outside the years 1970 to 2199.")
    return moment


def count_of(value: Number, name: str) -> int | None:
    """A whole number."""
    number = _decimal_of(value, name)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise UnreadableDeliveryError(f"`{name}` is {value!r}; it should be a whole number.")
    return int(number)


def decimal_of(value: Number, name: str) -> float | None:
    """A number."""
    number = _decimal_of(value, name)
    return None if number is None else float(number)


def minor_of(value: Number, currency: str | None, name: str) -> int | None:
    """Minor units of an amount in major units. Without a currency nobody can tell: None."""
    number = _decimal_of(value, name)
    return None if number is None or currency is None else parse_amount(number, currency)


def currency_of(value: Word) -> str | None:
    """An ISO 4217 code in capitals."""
    text = text_of(value)
    if text is None:
        return None
    if len(text) != 3 or not (text.isascii() and text.isalpha()):
        raise UnreadableDeliveryError(f"The currency is {text[:_TEXT_MAX]!r}; it should be a code of three letters.")
    return text.upper()


def _decimal_of(value: Number, name: str) -> Decimal | None:
    if value is None:
        return None
    text = str(value).strip()
    if not text:
        return None
    try:
        number = Decimal(text) if len(text) <= _TEXT_MAX else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise UnreadableDeliveryError(f"`{name}` is {text[:_TEXT_MAX]!r}; it should be a number.")
    # Compared by its exponent first: 1e999999 must never be written out.
    if number.adjusted() > 15 or abs(number) >= _LARGEST:
        raise UnreadableDeliveryError(f"`{name}` is {text!r}, which is more than can be.")
    return number.quantize(Decimal(1).scaleb(-12)) if number.adjusted() < -12 else number
