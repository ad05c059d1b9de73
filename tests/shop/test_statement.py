"""My credits: the statement that a customer takes away."""

from datetime import UTC, datetime

from tests import factories
from tests.documents import text_of

from .world import customer

URL = "/s/acme/account/credits/statement.pdf"


def test_a_statement_in_the_customers_words(acme, zen, at):
    at(datetime(2026, 10, 25, 11, tzinfo=UTC))
    factories.issue(acme, 5, note="Enjoy", note_for_customer=True)
    factories.issue(zen, 9)
    other = factories.contact(acme, "Bo Nilsson")
    factories.issue(acme, 8, to=other)
    at(datetime(2026, 11, 14, 11, tzinfo=UTC))
    factories.consume(acme, 1, note="Was in a bad mood")
    ann = customer(acme)
    page = ann.get("/s/acme/account/credits/").text
    assert f"{URL}?period=everything" in page
    answer = ann.get(f"{URL}?period=everything")
    assert answer["Content-Type"] == "application/pdf"
    said = " ".join(text_of(answer.content).split())
    for words in (
        "Acme Statement of credits",
        "For Ann Lee",
        "5 sessions issued, never expiring, by Acme.",
        "Enjoy",
        "+5",
        "−1",
        "Page 1 of 1",
    ):
        assert words in said
    for words in ("bad mood", "Acme owner", "+9", "+8", "Bo Nilsson"):
        assert words not in said
    this_month = " ".join(text_of(ann.get(f"{URL}?period=this-month").content).split())
    assert "At the start of 1 November 2026 5" in this_month
    assert ann.get(f"{URL}?until=2027-01-01")["Location"] == "/s/acme/account/credits/"
