"""Amounts of money: whole numbers of a currency's smallest unit, and how they are typed and read.

Which currencies there are, and how many decimals each has, is ISO 4217 as the moneyed library knows it.
"""

import re
from decimal import Decimal
from functools import cache

from babel.numbers import get_currency_symbol
from moneyed import CurrencyDoesNotExist, get_currency

from .refusals import Unacceptable


@cache
def decimals(currency: str) -> int:
    """How many digits of `currency`, an ISO 4217 code, stand behind the point: EUR 2, JPY 0, KWD 3. Raises KeyError for no currency."""
    try:
        subunits = get_currency(currency).sub_unit
    except CurrencyDoesNotExist:
        raise KeyError(currency) from None
    return len(str(subunits)) - 1


def minor(text: str, currency: str, *, most: int, field: str | None = None) -> int:
    """What somebody typed ("1,250.50", "1250,5", "1250") in the smallest unit of `currency`.

    Raises Unacceptable about `field`: not a number, more decimals than the currency has, not above zero, or more than `most`.
    """
    places = decimals(currency)
    example = f"100.{'0' * places}" if places else "100"
    number = _number(text)
    if number is None:
        raise Unacceptable(f"Enter an amount in {currency}, such as {example}.", field=field)
    scaled = number.scaleb(places)
    # "1.250" is a quarter more than one to some and over a thousand to others: nobody's price is guessed.
    if -int(number.as_tuple().exponent) > places:
        at_most = f"at most {places} decimals" if places else "no decimals"
        raise Unacceptable(f"{currency} has {at_most}: enter an amount such as {example}.", field=field)
    if not 0 < scaled <= most:
        raise Unacceptable(f"Enter an amount from {reading(1, currency)} to {reading(most, currency)}.", field=field)
    return int(scaled)


def _number(text: str) -> Decimal | None:
    """A number with a decimal point or comma; blanks, and commas or points between groups of three digits, are let through."""
    bare = re.sub(r"[\s\u00a0\u202f']", "", text)
    for group, point in ((",", "."), (".", ",")):
        pattern = (
            rf"(?:[0-9]{{1,15}}|[0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}}){{1,4}})(?:{re.escape(point)}[0-9]{{1,4}})?"
        )
        if re.fullmatch(pattern, bare):
            return Decimal(bare.replace(group, "").replace(point, "."))
    return None


def typed(amount: int, currency: str) -> str:
    """`amount` minor units as a person would type it into a field: "1250.50"."""
    places = decimals(currency)
    return f"{Decimal(amount).scaleb(-places):.{places}f}"


def reading(amount: int, currency: str) -> str:
    """`amount` minor units as it is read, with all decimals: "€1,250.50", "-$400.00", "¥500", "DKK 90.00"."""
    places, sign = decimals(currency), "-" if amount < 0 else ""
    mark = symbol(currency)
    gap = "\u00a0" if mark[-1].isalpha() else ""
    return f"{sign}{mark}{gap}{Decimal(abs(amount)).scaleb(-places):,.{places}f}"


def round_reading(amount: int, currency: str) -> str:
    """As `reading`, without decimals where they are all nought: "$400", "$8.50"."""
    places = decimals(currency)
    return reading(amount, currency).removesuffix("." + "0" * places) if places else reading(amount, currency)


def symbol(currency: str) -> str:
    """What stands before a field for an amount: "€", "$", "DKK"."""
    return get_currency_symbol(currency, locale="en")
