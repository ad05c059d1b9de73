"""Every kind of movement in words, in both numbers."""

from datetime import date
from types import SimpleNamespace

import pytest

from credits.sentences import LotWords, Movement, Part, event_sentence, sentence

SESSION = SimpleNamespace(name="coaching session", plural="coaching sessions")
TODAY = date(2026, 11, 22)
MAY = LotWords(amount=5, issued_on=date(2026, 5, 3), last_good_day=date(2026, 8, 3))
JUNE = LotWords(amount=10, issued_on=date(2026, 6, 1), last_good_day=None)
PACK = LotWords(amount=5, issued_on=date(2025, 5, 3), last_good_day=date(2027, 5, 3), name="Pack of 5")


def words(kind, amount, *parts, **more):
    more = {"on": date(2026, 11, 14), "by": "Maria Holm", **more}
    return sentence(Movement(kind=kind, amount=amount, unit=SESSION, today=TODAY, parts=parts, **more))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words("issue", 5, Part(5, MAY)), "5 coaching sessions issued, good through 3 August, by Maria Holm"),
        (
            words("issue", 5, Part(5, MAY), redated=True, by=""),
            "5 coaching sessions issued, now good through 3 August",
        ),
        (words("issue", 1, Part(1, JUNE)), "1 coaching session issued, never expiring, by Maria Holm"),
        (
            words("consume", -2, Part(2, MAY)),
            "2 coaching sessions used for 14 November, from the 5 issued on 3 May, by Maria Holm",
        ),
        (
            words("consume", -1, Part(1, PACK), service_day=date(2025, 12, 31), by=""),
            "1 coaching session used for 31 December 2025, from Pack of 5 (bought 3 May 2025)",
        ),
        (
            words("consume", -3, Part(1, MAY), Part(2, JUNE)),
            "3 coaching sessions used for 14 November, by Maria Holm: 1 from the 5 issued on 3 May"
            " and 2 from the 10 issued on 1 June",
        ),
        (
            words("consume", -1500, *[Part(300, JUNE)] * 5, by=""),
            "1,500 coaching sessions used for 14 November: "
            + "300 from the 10 issued on 1 June, " * 2
            + "300 from the 10 issued on 1 June and 600 from 2 more lots",
        ),
        (
            words("reverse", 1, Part(1, MAY), service_day=date(2026, 11, 9)),
            "1 coaching session given back to the 5 issued on 3 May, reversing the use for 9 November, by Maria Holm",
        ),
        (
            words("consume", -1, Part(1, LotWords(2, date(2026, 11, 1), date(2026, 12, 1), given_back=True)), by=""),
            "1 coaching session used for 14 November, from the 2 given back on 1 November",
        ),
        (
            words(
                "reverse",
                1,
                Part(1, LotWords(1, date(2026, 11, 14), date(2026, 12, 1)), made=True),
                service_day=date(2026, 11, 9),
            ),
            "1 coaching session given back as a new lot, now good through 1 December, reversing the use for 9 November,"
            " by Maria Holm",
        ),
        (
            words("reverse", 3, Part(2, JUNE), Part(1, MAY), service_day=date(2026, 11, 9)),
            "3 coaching sessions given back, reversing the use for 9 November, by Maria Holm: 2 to the 10 issued on"
            " 1 June and 1 to the 5 issued on 3 May",
        ),
        (
            words("withdraw", -2, Part(2, MAY)),
            "2 coaching sessions withdrawn from the 5 issued on 3 May, by Maria Holm",
        ),
        (words("expire", -3, Part(3, MAY), by=""), "3 coaching sessions expired unused, from the 5 issued on 3 May"),
        (words("expire", -1, Part(1, MAY), by=""), "1 coaching session expired unused, from the 5 issued on 3 May"),
        (
            words("restore", 1, Part(1, MAY)),
            "1 coaching session restored to the 5 issued on 3 May after expiring, by Maria Holm",
        ),
        (
            words("redate", 0, Part(0, MAY), last_good_day=date(2027, 1, 31)),
            "Last good day of the 5 issued on 3 May changed to 31 January 2027, by Maria Holm",
        ),
        (
            words("redate", 0, Part(0, PACK)),
            "Last good day of Pack of 5 (bought 3 May 2025) removed, so that they never expire, by Maria Holm",
        ),
    ],
)
def test_movement(said, expected):
    assert said == expected


@pytest.mark.parametrize(
    ("kind", "amount", "balance", "expected"),
    [
        ("credits.issued", 5, 5, "5 coaching sessions issued, 5 left"),
        ("credits.consumed", -1, 4, "1 coaching session used, 4 left"),
        ("credits.consumed", -4, 0, "4 coaching sessions used, none left"),
        ("credits.reversed", 1, 1000, "1 coaching session given back, 1,000 left"),
        ("credits.withdrawn", -2, 2, "2 coaching sessions withdrawn, 2 left"),
        ("credits.expired", -2, 0, "2 coaching sessions expired, none left"),
        ("credits.restored", 2, 2, "2 coaching sessions restored, 2 left"),
        ("credits.redated", 0, 2, "Last good day of some coaching sessions changed"),
    ],
)
def test_event(kind, amount, balance, expected):
    assert event_sentence({"amount": amount, "balance": balance}, kind, SESSION) == expected


def test_event_of_an_unknown_type():
    assert event_sentence({"amount": -1, "balance": 1}, "credits.consumed", None) == "1 credit used, 1 left"
