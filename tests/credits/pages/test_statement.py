"""A contact's statement: page, print, PDF and CSV, and the balance on a past day."""

import csv
import io
import re
from datetime import date, timedelta

import pytest

from credits.views import statement, statement_words
from simplero.tenancy.scope import scope
from tests import factories
from tests.documents import text_of

from .conftest import NOON, assert_same_cost, counted, text


@pytest.fixture
def year(acme, admin, at):
    """2 that lapse after 1 October, and 5 of which 3 are used, one of those for an earlier day, and 1 comes back."""
    at(NOON - timedelta(days=60))  # 15 September
    factories.issue(acme, 2, expiry="2026-10-01", note="A gift", note_for_customer=True)
    at(NOON - timedelta(days=20))  # 25 October
    factories.issue(acme, 5, expiry="2026-12-31", note="Talk to her about the price")
    acme.use = factories.consume(acme, 2)
    at(NOON - timedelta(days=4))  # 10 November
    factories.consume(acme, 1, on=date(2026, 11, 7))
    factories.reverse(acme, acme.use, 1, reason="Was ill")
    at(NOON)
    return acme


def where(desk, suffix=""):
    return f"{desk.page().rstrip('/')}/statement{suffix}"


SAID = (
    "From the first movement to 14 November 2026. As of 14 November 2026, 12:00 (Europe/Copenhagen).",
    "At the start 0 Issued 7 Used 2 Expired 2 Free at the end 3",
    "15 September 2026 2 sessions issued, good through 1 October 2026. A gift +2 2",
    "2 October 2026 2 sessions expired unused, from the 2 issued on 15 September 2026. −2 0",
    "25 October 2026 5 sessions issued, good through 31 December 2026. +5 5",
    "25 October 2026 2 sessions used for 25 October 2026, from the 5 issued on 25 October 2026. −2 3",
    "10 November 2026 1 session used for 7 November 2026, from the 5 issued on 25 October 2026. −1 2",
    "10 November 2026 1 session given back to the 5 issued on 25 October 2026, reversing the use for 25 October 2026. +1 3",
    "At the end of 14 November 2026 3",
)


def test_everything_by_day_in_a_sentence_with_what_was_left(assistant, year):
    page = text(assistant.get(where(assistant, "?period=everything")))
    for said in SAID:
        assert said in page
    for not_to_leave_the_house in ("Talk to her", "Was ill", "Acme owner"):
        assert not_to_leave_the_house not in page
    assert factories.sweep(year) in (0, 1)
    assert text(assistant.get(where(assistant, "?period=everything"))) == page
    section = text(assistant.get(assistant.page()))
    assert "Credit activity Statement" in section


@pytest.mark.parametrize(
    ("query", "sums", "rows"),
    [
        ("period=this-month", "At the start 3 Issued 0 Used 0 Expired 0 Free at the end 3", 2),
        ("period=last-month", "At the start 2 Issued 5 Used 2 Expired 2 Free at the end 3", 3),
        ("period=90-days", "At the start 0 Issued 7 Used 2 Expired 2 Free at the end 3", 6),
        ("", "At the start 0 Issued 7 Used 2 Expired 2 Free at the end 3", 6),
        ("since=2026-10-02&until=2026-10-24", "At the start 2 Issued 0 Used 0 Expired 2 Free at the end 0", 1),
        ("since=2026-10-01&until=2026-10-01", "At the start 2 Issued 0 Used 0 Expired 0 Free at the end 2", 0),
        ("until=2026-09-30", "At the start 0 Issued 2 Used 0 Expired 0 Free at the end 2", 1),
        ("until=2026-09-01", "At the start 0 Issued 0 Used 0 Expired 0 Free at the end 0", 0),
    ],
)
def test_periods(assistant, year, query, sums, rows):
    answer = assistant.get(where(assistant, f"?{query}"))
    assert sums in text(answer)
    [(_, part)] = answer.context["parts"]
    assert len(part.rows) == rows
    assert ("Nothing came or went in these days." in text(answer)) is (rows == 0)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=2026-11-15", "This day is still to come: choose 14 November 2026 or one before it."),
        ("until=2027-01-01", "This day is still to come: choose 14 November 2026 or one before it."),
        ("since=2026-11-02&until=2026-11-01", "This is before the first day."),
        ("since=yesterday", "Enter a day as year-month-day"),
        ("type=11111111-1111-4111-8111-111111111111", "Select a valid choice"),
        ("on=2026-11-15", "This day is still to come: choose 14 November 2026 or one before it."),
        ("on=", "Choose a day."),
        ("on=14.11.2026", "Enter a day as year-month-day"),
    ],
)
def test_what_is_no_day_is_said_beside_it(assistant, year, query, said):
    answer = assistant.get(where(assistant, f"?{query}"))
    assert answer.status_code == 422
    assert said in text(answer)
    if "on=" not in query:
        for suffix in ("/print", ".pdf", ".csv"):
            sent = assistant.get(where(assistant, f"{suffix}?{query}"))
            assert (sent.status_code, sent["Location"].partition("?")[0]) == (302, where(assistant))


@pytest.mark.parametrize(
    ("day", "left"),
    [
        ("1999-01-01", "0 sessions"),
        ("2026-09-14", "0 sessions"),
        ("2026-09-15", "2 sessions"),
        ("2026-10-01", "2 sessions"),
        ("2026-10-02", "0 sessions"),
        ("2026-10-25", "3 sessions"),
        ("2026-11-09", "3 sessions"),  # the use for 7 November was written down on the 10th
        ("2026-11-14", "3 sessions"),
    ],
)
def test_balance_on_a_day(assistant, year, day, left):
    massage = factories.credit_type(year, "massage")
    factories.issue(year, 4, of=massage)
    page = text(assistant.get(where(assistant, f"?on={day}")))
    of_massage = "4 massages" if day == "2026-11-14" else "0 massages"
    assert f"ended: Massages {of_massage} Sessions {left}" in page


def test_one_type_and_the_other(assistant, year):
    massage = factories.credit_type(year, "massage")
    factories.issue(year, 4, of=massage)
    both = assistant.get(where(assistant))
    assert [part.title for _, part in both.context["parts"]] == ["Massages", "Sessions"]
    one = assistant.get(where(assistant, f"?type={massage.public_id}"))
    assert [part.title for _, part in one.context["parts"]] == ["Massages"]


def test_who_has_none(assistant, abroad):
    assert "No credits yet" in text(assistant.get(where(assistant)))
    assert "There are no credits yet." in text(assistant.get(where(assistant, "/print")))
    assert assistant.get(where(assistant, ".pdf")).content.startswith(b"%PDF")
    for suffix in ("", "/print", ".pdf", ".csv"):
        url = f"/a/acme/contacts/{abroad.contact.public_id}/statement{suffix}"
        assert assistant.get(url).status_code == 404


def test_print(assistant, year):
    page = assistant.get(where(assistant, "/print?period=everything"))
    said = text(page)
    for words in ("Acme Statement of credits From the first movement to 14 November 2026", "For Ann Lee", *SAID[2:]):
        assert words in said
    html = page.content.decode()
    assert 'class="sidebar"' not in html
    assert "<nav" not in html


def test_csv(assistant, year):
    answer = assistant.get(where(assistant, ".csv?since=2026-10-01&until=2026-10-31"))
    assert answer["Content-Disposition"] == 'attachment; filename="statement-ann-lee.csv"'
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row[1:2] + row[3:5] for row in rows[1:]] == [
        ["2026-10-01", "", "2"],
        ["2026-10-02", "-2", "0"],
        ["2026-10-25", "5", "5"],
        ["2026-10-25", "-2", "3"],
        ["2026-10-31", "", "3"],
    ]


def test_pdf(assistant, year):
    with scope(year.account):
        type(year.contact).objects.filter(pk=year.contact.pk).update(name="Zoë Ångström 山田太郎")
    answer = assistant.get(where(assistant, ".pdf?period=everything"))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="statement-zoe-angstrom.pdf"'
    said = " ".join(text_of(answer.content).split())
    for words in ("Zoë Ångström", "Sessions", "A gift", "+5", "−2", "Page 1 of 1", "2 October 2026"):
        assert words in said
    assert "Talk to her" not in said


def test_a_long_history_in_pages_and_shortened_on_paper(assistant, year, monkeypatch):
    massage = factories.credit_type(year, "massage")
    factories.issue(year, 100, of=massage)
    for _ in range(60):
        factories.consume(year, 1, of=massage)
    monkeypatch.setattr(statement, "PAGE", 25)
    monkeypatch.setattr(statement_words, "MOST_LISTED", 50)
    base = where(assistant, "?period=everything")
    first, second, third = (assistant.get(f"{base}&page={number}") for number in (1, 2, 3))
    assert "36 more movements on the pages that follow" in text(first)
    assert "25 earlier movements on the pages before 76" in text(second)
    assert "11 more movements on the pages that follow" in text(second)
    assert "Page 3 of 3, 67 movements" in text(third)
    assert [(part.title, len(part.rows)) for _, part in third.context["parts"]] == [("Massages", 11), ("Sessions", 6)]
    assert assistant.get(f"{base}&page=4").status_code == 404
    for nonsense in ("0", "-1", "x", "9" * 5000):
        assert "Page 1 of 3" in text(assistant.get(f"{base}&page={nonsense}"))
    with counted() as few:
        assistant.get(where(assistant, "?since=2026-11-14&page=1"))
    with counted() as many:
        assistant.get(f"{base}&page=2")
    assert_same_cost(few, many)
    printed = text(assistant.get(where(assistant, "/print?period=everything")))
    assert "The newest 50 of 67 movements are listed." in printed
    assert "17 earlier movements not listed here 84" in printed
    pdf = assistant.get(where(assistant, ".pdf?period=everything")).content
    said = " ".join(text_of(pdf).split())
    assert "Massages, continued" in said
    assert re.search(r"Page 2 of [2-9]", said)
    whole = b"".join(assistant.get(where(assistant, ".csv?period=everything")).streaming_content)
    assert len(whole.decode().splitlines()) == 1 + 67 + 4
