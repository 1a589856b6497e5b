"""Money: whole minor units and a currency; sums never mix currencies."""

from decimal import Decimal, InvalidOperation

import msgspec

from amends.model.errors import UnusableInputError

EXPONENTS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
"""ISO 4217 currencies whose minor unit is not a hundredth (source: ISO 4217 list one)."""


class MixedCurrenciesError(UnusableInputError):
    """Two amounts of different currencies cannot be added or compared."""


class UnreadableMoneyError(UnusableInputError):
    """A text that should be an amount of money is not one."""


def exponent(currency: str) -> int:
    """How many decimal digits the minor unit of an ISO 4217 currency has (2 for most, 0 for JPY, 3 for KWD)."""
    return EXPONENTS.get(currency, 2)


class Money(msgspec.Struct, frozen=True, order=False):
    """`minor` whole minor units of the ISO 4217 `currency`: 1050 USD is 10.50 dollars, 1050 JPY is 1050 yen."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise MixedCurrenciesError(f"{self.currency} and {other.currency} cannot be added")
        return Money(self.minor + other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return self + -other

    @property
    def amount(self) -> Decimal:
        """The amount in major units, exactly."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))


def parse_amount(text: str | int | float | Decimal, currency: str) -> int:
    """Minor units of an amount in major units ("10.50", USD: 1050); digits beyond the currency's round half up."""
    try:
        amount = Decimal(str(text))
    except InvalidOperation as error:
        raise UnreadableMoneyError(f"{text!r} is not an amount of money") from error
    if not amount.is_finite():
        raise UnreadableMoneyError(f"{text!r} is not an amount of money")
    return int(amount.scaleb(exponent(currency)).to_integral_value(rounding="ROUND_HALF_UP"))
