"""Amounts and dates as a language writes them, exactly."""

import re
from datetime import datetime, tzinfo
from typing import Final

from babel import Locale, dates, numbers

from amends.messaging.errors import UnsayableError
from amends.model.instant import Instant, to_datetime
from amends.model.money import Money, exponent

_LENGTH: Final = "long"
# CLDR sets them apart (`currencySpacing`), which Babel leaves undone: IQD1.500.
_LETTER_AND_DIGIT: Final = re.compile(r"(?<=[^\W\d_])(?=\d)")


def say_amount(money: Money, locale: Locale) -> str:
    """An amount with its currency, to the last minor unit. Raises UnsayableError for one that is below nothing.

    How many digits it has is said by ISO 4217, as everywhere: CLDR leaves out those that are not in use any more.
    """
    if money.minor < 0:
        raise UnsayableError(f"{money.minor} {money.currency} is less than nothing, and cannot be told to a buyer")
    digits = exponent(money.currency)
    pattern = numbers.parse_pattern(str(locale.currency_formats["standard"].pattern))
    pattern.frac_prec = (digits, digits)
    said = str(pattern.apply(money.amount, locale, currency=money.currency, currency_digits=False))
    return _LETTER_AND_DIGIT.sub("\u00a0", said)


def say_day(instant: Instant, zone: tzinfo, locale: Locale) -> str:
    """The date on the buyer's calendar."""
    return str(dates.format_date(_local(instant, zone), _LENGTH, locale=locale))


def say_moment(instant: Instant, zone: tzinfo, locale: Locale) -> str:
    """The date on the buyer's calendar, and hour and minute on the buyer's clock."""
    moment = _local(instant, zone)
    day = dates.format_date(moment, _LENGTH, locale=locale)
    hour = dates.format_time(moment, "short", tzinfo=zone, locale=locale)
    both = dates.get_datetime_format(_LENGTH, locale=locale)
    return str(both).replace("'", "").replace("{0}", hour).replace("{1}", day)


def _local(instant: Instant, zone: tzinfo) -> datetime:
    try:
        return to_datetime(instant).astimezone(zone)
    except OverflowError as error:
        raise UnsayableError(f"{instant} is not a moment that any calendar has") from error
