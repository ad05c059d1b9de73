"""The arithmetic of prices, against a slower way of saying the same, to the last minor unit."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from products import pricing
from simplero.lib import money
from simplero.lib.places import currencies
from simplero.lib.refusals import Unacceptable

CODES = st.sampled_from([code for code, _ in currencies()])
AMOUNTS = st.integers(1, 10**11)


@dataclass(frozen=True)
class Tier:
    minimum: int
    amount: int


LADDERS = st.dictionaries(st.integers(1, 50), AMOUNTS, min_size=1, max_size=6).map(
    lambda found: [Tier(minimum, amount) for minimum, amount in found.items()]
)


def test_the_example_of_the_product():
    """1–4 at $100, 5 and more at $85: 4 → $400, 5 → $425."""
    ladder = [Tier(1, 10_000), Tier(5, 8_500)]
    totals = {n: pricing.money(n, pricing.reached(ladder, n).amount) for n in (1, 4, 5, 6)}
    assert totals == {1: 10_000, 4: 40_000, 5: 42_500, 6: 51_000}
    assert money.round_reading(totals[5], "USD") == "$425"


@given(LADDERS, st.integers(1, 60))
def test_the_highest_tier_reached(ladder, count):
    by_hand = None
    for tier in sorted(ladder, key=lambda one: one.minimum):
        if count >= tier.minimum:
            by_hand = tier
    assert pricing.reached(ladder, count) == by_hand
    assert pricing.reached(list(reversed(ladder)), count) == by_hand


@given(st.integers(1, 10_000), st.none() | st.integers(1, 100), AMOUNTS)
def test_a_total_is_the_sum_of_its_units(quantity, included, each):
    count = pricing.units(quantity, included)
    assert count == sum(included or 1 for _ in range(quantity))
    assert pricing.money(count, each) == Decimal(count) * Decimal(each)


@given(CODES, AMOUNTS)
def test_what_is_typed_is_what_is_kept(code, amount):
    assert money.minor(money.typed(amount, code), code, most=10**11) == amount


@given(CODES, AMOUNTS)
def test_what_is_read_names_every_minor_unit(code, amount):
    digits = "".join(letter for letter in money.reading(amount, code) if letter.isdigit())
    assert int(digits) == amount
    assert money.reading(-amount, code) == f"-{money.reading(amount, code)}"


@pytest.mark.parametrize(
    ("text", "code", "amount"),
    [
        ("85", "EUR", 8_500),
        ("1,250.50", "EUR", 125_050),
        ("1.250,50", "EUR", 125_050),
        ("1250,5", "EUR", 125_050),
        ("1 250", "EUR", 125_000),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1_234),
    ],
)
def test_amounts_as_people_write_them(text, code, amount):
    assert money.minor(text, code, most=10**11) == amount


@pytest.mark.parametrize(
    "text", ["", "0", "0.00", "-5", "1e3", "1.250", "12.345", "NaN", "∞", "٣", "1,2,3", "10000000001"]
)
def test_amounts_that_are_none(text):
    with pytest.raises(Unacceptable, match="EUR|€") as refused:
        money.minor(text, "EUR", most=10**11, field="amount")
    assert refused.value.field == "amount"


def test_decimals_are_those_of_the_currency():
    """ISO 4217: two for most, none for yen, three for Kuwaiti dinars."""
    assert [money.decimals(code) for code in ("EUR", "JPY", "KWD")] == [2, 0, 3]
    with pytest.raises(Unacceptable, match="no decimals"):
        money.minor("5.5", "JPY", most=100)
    with pytest.raises(KeyError):
        money.decimals("EURO")


def test_a_start_on_the_31st_renews_on_the_last_day_of_shorter_months():
    zone = ZoneInfo("Europe/Copenhagen")
    first = datetime(2027, 1, 31, 9, 30, tzinfo=zone)
    days = [pricing.period_begins(first, number, 1, "months", zone).date() for number in range(1, 13)]
    assert days == [
        *(date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30), date(2027, 5, 31), date(2027, 6, 30)),
        *(date(2027, 7, 31), date(2027, 8, 31), date(2027, 9, 30), date(2027, 10, 31), date(2027, 11, 30)),
        *(date(2027, 12, 31), date(2028, 1, 31)),
    ]


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
    st.integers(1, 40),
    st.integers(1, 6),
    st.sampled_from(["weeks", "months", "years"]),
    st.sampled_from(["Europe/Copenhagen", "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kathmandu"]),
)
def test_periods_follow_one_another_at_the_same_time_of_day(start, number, every, period, name):
    zone = ZoneInfo(name)
    first = start.replace(tzinfo=zone)
    begins = pricing.period_begins(first, number, every, period, zone)
    assert pricing.period_begins(first, number + 1, every, period, zone) > begins > first
    assert begins.time() == first.time()
