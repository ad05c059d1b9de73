"""The account's activity, and what ends: lists whose sums are those of their lines."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from credits.queries import account_movements
from tests import factories

from .conftest import NOON, assert_same_cost, counted, text

AUTUMN = datetime(2026, 10, 31, 22, 30, tzinfo=UTC)  # half an hour before November begins in Copenhagen


def url(world, query="", *, rest="credits/activity/"):
    return f"/a/{world.slug}/{rest}{'?' if query else ''}{query}"


def rows(answer):
    return [(moved.name, moved.row.line.kind, moved.row.line.amount) for moved in answer.context["rows"]]


def summed(answer):
    return {one.credit_type.name: (one.amount, one.times) for one in answer.context["sums"]}


@pytest.fixture
def autumn(acme, zen, at):
    """Movements of two months of two contacts; zen has some too."""
    at(AUTUMN)
    ben = factories.contact(acme, "Ben Ito", email="ben@x.example")
    seat = factories.credit_type(acme, "seat", expires_after=3, unit="days")
    factories.issue(acme, 5)
    factories.issue(acme, 4, to=ben, of=seat)
    factories.issue(zen, 9)
    at(AUTUMN + timedelta(hours=1))
    use = factories.consume(acme, 2, note="=1+1")
    factories.consume(acme, 1, to=ben, of=seat)
    factories.reverse(acme, use, 1)
    at(NOON)
    return acme


def test_every_movement_with_whose_it_is_and_what_they_come_to(admin, autumn, zen):
    answer = admin.get(url(autumn))
    # The three seats that are left ended on 3 November; nobody has written that down yet.
    assert rows(answer) == [
        ("Ben Ito", "expire", -3), ("Ben Ito", "consume", -1), ("Ann Lee", "reverse", 1), ("Ann Lee", "consume", -2),
        ("Ben Ito", "issue", 4), ("Ann Lee", "issue", 5),
    ]  # fmt: skip
    assert summed(answer) == {"session": (4, 3), "seat": (0, 3)}
    assert answer.context["total"].amount == 4
    factories.sweep(autumn)
    swept = admin.get(url(autumn))
    assert (rows(swept), summed(swept)) == (rows(answer), summed(answer))
    assert "Zen" not in text(answer)
    assert admin.get(url(zen)).status_code == 404
    assert admin.get(url(zen, rest="credits/activity.csv")).status_code == 404
    assert admin.get(url(zen, rest="credits/ends/")).status_code == 404


@pytest.mark.parametrize(
    ("query", "kinds", "amount"),
    [
        ("kind=used", ["consume", "reverse", "consume"], -2),
        ("kind=expired", ["expire"], -3),
        ("kind=consume", ["consume", "consume"], -3),
        ("since=2026-11-01", ["expire", "consume", "reverse", "consume"], -5),
        ("until=2026-10-31", ["issue", "issue"], 9),
        ("since=2026-11-01&until=2026-11-01&kind=used", ["consume", "reverse", "consume"], -2),
        ("by=source.clock&since=2026-11-01&until=2026-11-30", ["expire"], -3),
        ("by=source.staff&since=2026-11-01&until=2026-11-30", ["consume", "reverse", "consume"], -2),
        ("by=customer&since=2026-11-01&until=2026-11-30", [], 0),
        ("kind=redate", [], 0),
    ],
)
def test_the_sum_is_that_of_the_lines(assistant, autumn, query, kinds, amount):
    answer = assistant.get(url(autumn, query))
    assert [kind for _, kind, _ in rows(answer)] == kinds
    assert sum(value for *_, value in rows(answer)) == answer.context["total"].amount == amount


def test_by_person_and_type(admin, autumn):
    html = admin.get(url(autumn)).content.decode()
    owner = re.search(r'value="(member\.[0-9a-f-]+)"[^>]*>Acme owner', html)[1]
    seat = re.search(r'value="([0-9a-f-]{36})"[^>]*>Seat<', html)[1]
    answer = admin.get(url(autumn, f"by={owner}&type={seat}&since=2026-10-01&until=2026-11-30"))
    assert rows(answer) == [("Ben Ito", "consume", -1), ("Ben Ito", "issue", 4)]
    assert summed(answer) == {"seat": (3, 2)}
    # Added up for a quarter at most: of one person, that means reading all there is.
    assert admin.get(url(autumn, f"by={owner}")).context["sums"] is None
    assert "up to 92 days" in text(admin.get(url(autumn, f"by={owner}")))


def test_pages_and_the_download(admin, autumn, monkeypatch):
    monkeypatch.setitem(account_movements.movements.__kwdefaults__, "limit", 2)
    whole, at = [], url(autumn)
    while at:
        answer = admin.get(at)
        whole += rows(answer)
        at = answer.context["older"]
    assert len(whole) == 6
    answer = admin.get(url(autumn, "kind=used", rest="credits/activity.csv"))
    written = b"".join(answer.streaming_content).decode("utf-8-sig")
    first, *lines = csv.reader(io.StringIO(written))
    assert first[:4] == ["Date", "Time", "Contact", "Email"]
    assert [(line[2], line[5], line[10]) for line in lines] == [
        ("Ben Ito", "-1", ""), ("Ann Lee", "1", "not delivered"), ("Ann Lee", "-2", "'=1+1"),
    ]  # fmt: skip
    refused = admin.get(url(autumn, "since=x", rest="credits/activity.csv"))
    assert refused.status_code == 302


def test_a_page_looks_at_so_many_and_goes_on(admin, autumn, monkeypatch):
    monkeypatch.setattr(account_movements, "LOOKED_AT", 2)
    found, at, pages = [], url(autumn, "kind=issue"), 0
    while at:
        answer = admin.get(at)
        found += rows(answer)
        at, pages = answer.context["older"], pages + 1
    assert found == [("Ben Ito", "issue", 4), ("Ann Lee", "issue", 5)]
    assert pages > 2


@pytest.mark.parametrize(
    "spoiled", ["older=x", "older=99999999999999999-1-1", "older=1-1", "type=x", "kind=x", "by=member.x", "since=x", "until=9999-12-31"]
)  # fmt: skip
def test_a_spoiled_address_is_no_error(admin, autumn, spoiled):
    assert admin.get(url(autumn, spoiled)).status_code in {200, 422}


def test_one_and_many_cost_the_same(admin, acme, at):
    def cost():
        with counted() as asked:
            assert admin.get(url(acme)).status_code == 200
        return asked

    def more(number):
        for _ in range(number):
            factories.consume(acme, 1)

    factories.issue(acme, 30)
    more(2)
    cost()
    few = cost()
    more(12)
    assert_same_cost(few, cost())


def test_what_ends_soonest_first_with_its_sum(assistant, autumn):
    for days, amount in ((10, 2), (40, 3), (12, 1)):
        expiry = (date(2026, 11, 14) + timedelta(days)).isoformat()
        factories.issue(autumn, amount, expiry=expiry)
    answer = assistant.get(url(autumn, rest="credits/ends/"))
    assert [(row.name, row.lot.amount) for row in answer.context["rows"]] == [("Ann Lee", 2), ("Ann Lee", 1)]
    assert answer.context["total"] == 3
    answer = assistant.get(url(autumn, "since=2026-11-25&until=2026-12-24", rest="credits/ends/"))
    assert [row.lot.amount for row in answer.context["rows"]] == [1, 3]
    assert answer.context["total"] == 4
    assert assistant.get(url(autumn, "until=2099-01-01", rest="credits/ends/")).status_code == 422
    assert assistant.get(url(autumn, "later=x&since=&until=", rest="credits/ends/")).status_code == 200
