"""Time zones and currencies to choose from."""

import zoneinfo
from functools import cache

from babel.core import get_global
from babel.numbers import get_currency_name
from moneyed import CURRENCIES

# The regions under which IANA files its zones; the other names are aliases of these, kept for old systems.
_REGIONS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


@cache
def time_zones() -> dict[str, list[tuple[str, str]]]:
    """Region → (IANA name, name to read), in alphabetical order, and UTC last."""
    regions: dict[str, list[tuple[str, str]]] = {region: [] for region in _REGIONS}
    for name in sorted(zoneinfo.available_timezones()):
        region, _, rest = name.partition("/")
        if region in regions:
            regions[region].append((name, rest.replace("_", " ").replace("/", ", ")))
    return {**regions, "Other": [("UTC", "UTC")]}


@cache
def currencies() -> list[tuple[str, str]]:
    """(ISO 4217 code, "EUR: Euro") of every currency that is legal tender somewhere today and whose decimals we know, by code."""
    today: set[str] = set()
    for history in get_global("territory_currencies").values():
        today.update(code for code, _, until, tender in history if tender and until is None)
    return [(code, f"{code}: {get_currency_name(code, locale='en')}") for code in sorted(today & CURRENCIES.keys())]
