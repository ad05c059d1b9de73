"""Credit activity: the page, its filters, and the download."""

import csv
import io
import uuid
from datetime import date, timedelta
from urllib.parse import unquote

import pytest

from contacts import services as contacts
from contacts.directory import Details
from credits.forms import ActivityFilterForm
from credits.models import Kind
from credits.views.lines import SOURCES
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import nothing_moved

from .conftest import NOON, assert_same_cost, counted, text


@pytest.fixture
def history(acme, admin, at):
    """A lot that lapses, and one that is used, reversed in part, withdrawn from and given another day."""
    at(NOON - timedelta(days=60))
    factories.issue(acme, 2, expiry="2026-10-01", note="A gift", note_for_customer=True)
    at(NOON - timedelta(days=20))
    acme.lot = factories.lot_of(acme, factories.issue(acme, 5, expiry="2026-12-31"))
    acme.use = factories.consume(acme, 3, actor=Actor("user", acme.assistant.pk))
    acme.reversal = factories.reverse(acme, acme.use, 1)
    at(NOON)
    factories.withdraw(acme, acme.lot, 1)
    factories.redate(acme, acme.lot, date(2027, 1, 31))
    return acme


def test_every_entry_in_a_sentence(assistant, history):
    page = text(assistant.get(assistant.at("activity")))
    for said in (
        "15 September 2026 13:00 2 sessions issued, good through 1 October. A gift (the customer may read this) +2 sessions 2 By hand Acme owner",
        "2 sessions expired unused, from the 2 issued on 15 September. −2 sessions 0 By the calendar",
        "5 sessions issued, now good through 31 January 2027. +5 sessions 5 By hand Acme owner",
        "3 sessions used for 25 October, from the 5 issued on 25 October."
        " 1 of 3 reversed See the reversal −3 sessions 2 By hand Acme assistant",
        "1 session given back to the 5 issued on 25 October, reversing the use for 25 October."
        " See the use not delivered +1 session 3 By hand Acme owner",
        "1 session withdrawn from the 5 issued on 25 October. a mistake −1 session 2",
        "Last good day of the 5 issued on 25 October changed to 31 January 2027. holidays 0 sessions 2",
    ):
        assert said in page
    assert page.index("Last good day") < page.index("3 sessions used") < page.index("A gift")


@pytest.mark.parametrize(
    ("default", "expiry", "said"),
    [
        ((3, "months"), "", "good through 28 February 2027."),
        ((3, "months"), "never", "never expiring."),
        ((None, ""), "", "never expiring."),
        ((None, ""), "2 weeks", "good through 14 December."),
        ((2, "years"), "2027-01-31", "good through 31 January 2027."),
    ],
)
def test_an_issue_tells_of_the_day_it_was_issued_with_until_that_is_changed(assistant, acme, at, default, expiry, said):
    at(NOON + timedelta(days=16))
    massage = factories.credit_type(acme, "massage", expires_after=default[0], unit=default[1])
    lot = factories.lot_of(acme, factories.issue(acme, 1, of=massage, expiry=expiry))
    assert f"1 massage issued, {said}" in text(assistant.get(assistant.at("activity")))
    factories.redate(acme, lot, date(2027, 6, 30))
    page = text(assistant.get(assistant.at("activity")))
    assert "1 massage issued, now good through 30 June 2027." in page


def test_an_overdue_expiry_reads_the_same_before_and_after_the_sweep(assistant, acme, at):
    factories.issue(acme, 2, expiry="2026-11-20")
    at(NOON + timedelta(days=10))
    before = text(assistant.get(assistant.at("activity")))
    assert "2 sessions expired unused, from the 2 issued on 14 November. −2 sessions 0" in before
    assert factories.sweep(acme) == 1
    assert text(assistant.get(assistant.at("activity"))) == before


def test_links_between_entries(admin, assistant, history):
    page = admin.get(admin.at("activity")).content.decode()
    use, reversal = history.use.key, history.reversal.key
    assert f'id="e-{use}"' in page
    assert f'href="#e-{use}"' in page
    assert f'href="#e-{reversal}"' in page
    assert admin.at(f"uses/{use}/reverse") in page
    assert "Reverse the use for 25 October 2026, 2 can still be given back" in text(admin.get(admin.at("activity")))
    only = admin.get(admin.at("activity") + "?kind=reverse").content.decode()
    assert f"{admin.at('activity')}?entry={use}#e-{use}" in only
    alone = text(admin.get(admin.at("activity") + f"?entry={use}"))
    assert "One entry is shown." in alone
    assert "1 entry shown" in alone
    assert "/reverse" not in assistant.get(assistant.at("activity")).content.decode()


def test_a_use_wholly_reversed_says_so(admin, history):
    factories.reverse(history, history.use, 2)
    page = text(admin.get(admin.at("activity")))
    assert "Reversed See the reversal 1 See the reversal 2" in page
    assert admin.at(f"uses/{history.use.key}/reverse") not in admin.get(admin.at("activity")).content.decode()


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 7),
        ("kind=consume", 1),
        ("kind=expire", 1),
        ("since=2026-11-14", 2),
        ("until=2026-10-01", 1),
        ("since=2026-10-02&until=2026-10-25", 4),
        ("type=&kind=&since=&until=", 7),
        ("older=nonsense", 7),
        ("older=9-9-9-9", 7),
        ("entry=nonsense", 7),
    ],
)
def test_filters(assistant, history, query, count):
    page = text(assistant.get(assistant.at("activity") + f"?{query}"))
    assert f"{count} {'entry' if count == 1 else 'entries'} shown" in page


def test_every_kind_and_source_has_a_choice(assistant, history):
    """What a merge moved is found among the rest."""
    old = factories.contact(history, "Anna Old")
    factories.issue(history, 4, to=old)
    with scope(history.account):
        contacts.merge(
            account=history.account,
            source=old,
            target=history.contact,
            details=Details.of(history.contact),
            key=uuid.uuid4(),
            actor=history.actor,
        )
    assert {kind for kind, _ in ActivityFilterForm.KINDS if kind} == set(Kind.values)
    assert {"bulk", "roster", "import", "merge", "unmerge"} <= set(SOURCES)
    page = text(assistant.get(assistant.at("activity") + "?kind=transfer"))
    assert "1 entry shown" in page
    assert "came from Anna Old" in page


def test_filter_by_type(assistant, history):
    other = factories.credit_type(history, "massage")
    factories.issue(history, 1, of=other)
    page = text(assistant.get(assistant.at("activity") + f"?type={other.public_id}"))
    assert "1 entry shown" in page
    assert "1 massage issued, never expiring" in page


@pytest.mark.parametrize("query", ["since=yesterday", "kind=steal", "type=8"])
def test_a_filter_that_makes_no_sense_says_so(assistant, history, query):
    answer = assistant.get(assistant.at("activity") + f"?{query}")
    assert answer.status_code == 422
    assert "7 entries shown" in text(answer)


def test_nothing_matches_and_nothing_yet(assistant, acme):
    assert "Nothing has happened yet" in text(assistant.get(assistant.at("activity")))
    assert "Nothing matches" in text(assistant.get(assistant.at("activity") + "?kind=issue"))


def test_pages_meet_without_a_gap(assistant, acme):
    factories.issue(acme, 200)
    for _ in range(70):
        factories.consume(acme)
    first = assistant.get(assistant.at("activity"))
    assert "50 entries shown" in text(first)
    older = unquote(first.content.decode().split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&"))
    second = assistant.get(older)
    assert "21 entries shown" in text(second)
    assert "Newest" in text(second)


def rows(answer):
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    content = b"".join(answer.streaming_content).decode()
    assert content.startswith("\ufeff")
    return list(csv.reader(io.StringIO(content[1:])))


def test_download(assistant, history):
    answer = assistant.get(assistant.at("activity.csv"))
    assert answer["Content-Disposition"] == 'attachment; filename="credit-activity-ann-lee.csv"'
    head, *entries = rows(answer)
    assert head[:6] == ["Date", "Time", "What happened", "Amount", "Unit", "Left after"]
    assert len(entries) == 7
    assert entries[-1] == [
        "2026-09-15",
        "13:00",
        "2 sessions issued, good through 1 October",
        "2",
        "sessions",
        "2",
        "By hand",
        "Acme owner",
        "A gift",
        "yes",
    ]
    assert entries[3][3:6] == ["-3", "sessions", "2"]
    filtered = rows(assistant.get(assistant.at("activity.csv?kind=consume")))
    assert len(filtered) == 2


def test_download_to_the_end(assistant, acme, monkeypatch):
    monkeypatch.setattr("credits.views.activity.AT_A_TIME", 20)
    factories.issue(acme, 200)
    for _ in range(70):
        factories.consume(acme)
    entries = rows(assistant.get(assistant.at("activity.csv")))[1:]
    assert [int(row[5]) for row in entries] == [*range(130, 200), 200]


@pytest.mark.parametrize(
    "typed", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "＝1", 'say "hi", friend', "two\nlines"]
)
def test_download_runs_no_formula(assistant, acme, typed):
    odd = factories.credit_type(acme, "=cmd|' /C calc'!A0")
    factories.issue(acme, 1, of=odd, note=typed)
    [row] = rows(assistant.get(assistant.at("activity.csv")))[1:]
    dangerous = typed.strip()[:1] in "=+-@＝"
    assert row[8] == (f"'{typed}" if dangerous else typed)
    assert row[4].startswith("'=cmd")
    assert row[3] == "1"


def test_another_accounts_are_not_here(assistant, history, abroad):
    for path in ("activity", "activity.csv"):
        assert assistant.get(assistant.at(path, abroad.contact)).status_code == 404
        assert assistant.get(assistant.at(path).replace("/a/acme/", "/a/zen/")).status_code == 404
    assert "7 entries shown" in text(assistant.get(assistant.at("activity") + f"?entry={abroad.use.key}"))
    assert assistant.get(assistant.at("activity") + f"?type={abroad.session.public_id}").status_code == 422
    with nothing_moved():
        assert assistant.client.post(assistant.at("activity")).status_code == 405


def test_what_people_typed_is_never_markup(admin, acme):
    evil = '"><script>alert(1)</script>{{ 7|add:35 }}'
    odd = factories.credit_type(acme, evil)
    person = factories.contact(acme, evil)
    lot = factories.lot_of(acme, factories.issue(acme, 5, to=person, of=odd, note=evil, expiry="3 months"))
    use = factories.consume(acme, 2, to=person, of=odd)
    withdrawal = factories.withdraw(acme, lot, 1, reason=evil)
    for url in (
        admin.at("activity", person),
        admin.page(person),
        f"{admin.page(person)}?done={withdrawal.key}",
        admin.at("issue", person),
        admin.at("consume", person),
        admin.at(f"uses/{use.key}/reverse", person),
        admin.at(f"lots/{lot.public_id}/withdraw", person),
        admin.at(f"lots/{lot.public_id}/last-good-day", person),
        "/a/acme/content/credits/",
        f"/a/acme/content/credits/{odd.public_id}/",
        f"/a/acme/content/credits/{odd.public_id}/edit",
        f"/a/acme/content/credits/{odd.public_id}/archive",
    ):
        whole, part = admin.get(url), admin.htmx(url)
        assert "&lt;script&gt;" in whole.content.decode(), url
        for answer in (whole, part):
            assert "<script>alert" not in answer.content.decode(), url
            assert "42" not in text(answer), url


def test_undo_of_ones_own_from_here(assistant, acme):
    factories.issue(acme, 5)
    mine = factories.consume(acme, 1, actor=Actor("user", acme.assistant.pk))
    others = factories.consume(acme, 1)
    page = assistant.get(assistant.at("activity")).content.decode()
    assert assistant.at(f"uses/{mine.key}/undo") in page
    assert assistant.at(f"uses/{others.key}/undo") not in page


def test_the_filter_offers_what_the_contact_has_had_and_asks_for_no_balance(admin, acme):
    factories.issue(acme, 1)
    factories.credit_type(acme, "massage")
    admin.client.post(f"/a/acme/content/credits/{acme.session.public_id}/archive")
    with counted() as asked:
        page = text(admin.get(admin.at("activity")))
    assert "All types Session What happened" in page
    assert not any('SUM(U0."remaining")' in sql for sql in asked)


def test_more_lots_than_the_contact_page_lists(admin, acme, monkeypatch):
    monkeypatch.setattr("credits.queries.lots.MOST_LOTS", 2)
    for _ in range(5):
        factories.issue(acme, 1)
    answer = admin.get(admin.page())
    assert "And 3 more in the credit activity" in text(answer)
    monkeypatch.setattr("credits.queries.lots.MOST_LOTS", 100)
    assert "more in the credit activity" not in text(admin.get(admin.page()))


def test_costs_the_same_for_many_entries(assistant, acme, zen):
    lot = factories.lot_of(acme, factories.issue(acme, 100, expiry="3 months"))
    use = factories.consume(acme)
    factories.reverse(acme, use, 1)
    factories.withdraw(acme, lot, 1)
    factories.redate(acme, lot, date(2027, 1, 31))
    for url in (assistant.at("activity"), assistant.page()):
        assistant.get(url)
        with counted() as few:
            assistant.get(url)
        for number in range(25):
            factories.issue(acme, 1, expiry="2 months", note="more")
            factories.reverse(acme, factories.consume(acme, 1), 1)
            factories.issue(acme, 1, of=factories.credit_type(acme, f"kind {number} {url[-9:]}"))
        factories.redate(acme, lot, date(2027, 3, len(url) % 28 + 1))
        with counted() as many:
            assistant.get(url)
        assert_same_cost(few, many)


def test_a_download_with_a_filter_that_makes_no_sense_leads_to_the_page_that_says_so(assistant, acme):
    factories.issue(acme, 1)
    answer = assistant.get(f"{assistant.at('activity.csv')}?since=foo")
    assert answer.status_code == 302
    assert assistant.client.get(answer.url).status_code == 422
