"""The dashboard: every number is the sum of the list behind it, and what to do first where nothing is yet."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from credits import tallies
from simplero.pages import charts
from simplero.tenancy.scope import scope
from tests import factories

NOW = datetime(2026, 10, 31, 22, 30, tzinfo=UTC)  # the last half hour of October in Copenhagen


def url(world):
    return f"/a/{world.slug}/"


@pytest.fixture
def admin(acme, zen):
    client = Client()
    client.force_login(acme.admin)
    return client


@pytest.fixture
def busy(acme, zen, at):
    """Movements around the turn of a month, seen two days after it."""
    at(NOW - timedelta(days=40))
    ben = factories.contact(acme, "Ben Ito")
    seat = factories.credit_type(acme, "seat", expires_after=60, unit="days")
    factories.issue(acme, 8)
    factories.issue(acme, 6, to=ben, of=seat)
    factories.issue(zen, 50)
    factories.consume(zen, 5)
    at(NOW - timedelta(days=31))
    factories.consume(acme, 2)  # on 1 October
    at(NOW)
    factories.consume(acme, 3)  # on 31 October
    at(NOW + timedelta(hours=1))
    use = factories.consume(acme, 3)  # on 1 November
    factories.consume(acme, 4, to=ben, of=seat)
    factories.reverse(acme, use, 1)
    at(NOW + timedelta(days=1))
    return acme


def total(client, address):
    """The sum at the head of the list at that address."""
    answer = client.get(address)
    assert answer.status_code == 200
    found = answer.context["total"]
    return getattr(found, "amount", found)


def test_every_number_is_the_sum_of_its_list(admin, busy):
    page = admin.get(url(busy))
    shown = page.context
    assert (shown["free"], shown["used"], shown["before"], shown["ending"], shown["at_last"]) == (3, 6, 2, 2, 1)
    assert total(admin, shown["free_url"]) == 3
    assert total(admin, shown["used_url"]) == -6
    assert total(admin, shown["totals"].before_url) == -2
    assert total(admin, shown["ending_url"]) == 2
    listed = admin.get(shown["at_last_url"])
    assert [row.contact.name for row in listed.context["rows"]] == ["Ann Lee"]
    for row in shown["rows"]:
        assert (row.free, -row.used, row.ends) == (
            total(admin, row.free_url), total(admin, row.used_url), total(admin, row.ends_url),
        )  # fmt: skip
    for column in shown["used_chart"].columns:
        assert -column.total == total(admin, column.url)
        assert [-total(admin, address) for value, address in column.cells if value] == [
            value for value, _ in column.cells if value
        ]
    assert sum(column.total for column in shown["used_chart"].columns) == 11
    for column in shown["ends_chart"].columns:
        assert column.total == total(admin, column.url)
    levels = [column.total for column in shown["outstanding_chart"].columns]
    assert levels[-7:] == [0, 14, 12, 12, 12, 12, 3]
    assert shown["compared"] == "+200% on 1 October (2)"


def test_the_same_after_a_sweep_and_with_tallies(admin, busy, at):
    at(NOW + timedelta(days=30))  # the seats have ended, and nobody has written that down
    before = admin.get(url(busy)).context["free"], admin.get(url(busy)).context["ends_chart"].empty
    assert before == (1, True)
    with scope(busy.account):
        tallies.advance(account=busy.account)
    assert admin.get(url(busy)).context["free"] == 1
    factories.sweep(busy)
    page = admin.get(url(busy)).context
    assert (page["free"], total(admin, page["free_url"])) == (1, 1)


def test_whose_it_is_and_who_may_see_what(busy, zen, client):
    client.force_login(busy.assistant)
    assert client.get(url(zen)).status_code == 404
    page = client.get(url(busy))
    assert page.status_code == 200
    assert "Need attention" not in page.content.decode()
    client.force_login(busy.owner)
    assert "Need attention" in client.get(url(busy)).content.decode()


def test_it_costs_the_same_however_much_has_happened(admin, busy):
    def cost():
        admin.get(url(busy))
        with CaptureQueriesContext(connection) as asked:
            assert admin.get(url(busy)).status_code == 200
        return len(asked)

    few = cost()
    for number in range(6):
        ben = factories.contact(busy, f"Person {number}")
        kind = factories.credit_type(busy, f"kind {number}", expires_after=20, unit="days")
        factories.issue(busy, 5, to=ben, of=kind)
        factories.consume(busy, 2, to=ben, of=kind)
    assert cost() == few
    page = admin.get(url(busy)).context
    assert [one.name for one in page["used_chart"].series][-1] == "Others"
    assert len(page["used_chart"].series) == 6
    assert total(admin, page["used_url"]) == -page["used"]


def steps(answer):
    panel = answer.context["steps"]
    return panel and [(step.button, step.done, bool(step.url)) for step in panel.steps]


def test_first_steps_are_ticked_as_they_are_taken(admin, acme, zen, client):
    factories.issue(zen, 5)
    page = admin.get(url(acme))
    assert steps(page) == [
        ("Create", False, True), ("Add", False, True), ("Issue", False, False), ("Consume", False, False),
    ]  # fmt: skip
    html = page.content.decode()
    assert "0 of 4 done" in html
    assert "Nothing used in 12 weeks" in html
    assert "Nothing outstanding yet" in html
    kind = factories.credit_type(acme, "session")
    ann = factories.contact(acme, "Ann")
    page = admin.get(url(acme))
    assert [done for _, done, _ in steps(page)] == [True, True, False, False]
    issue = page.context["steps"].steps[2].url
    assert admin.get(issue).status_code == 200
    assert str(ann.public_id) in issue
    client.force_login(acme.assistant)
    assert steps(client.get(url(acme))) == [("Add", True, True), ("Consume", False, False)]
    factories.issue(acme, 2, to=ann, of=kind)
    page = admin.get(url(acme))
    assert "3 of 4 done" in page.content.decode()
    assert admin.get(page.context["steps"].steps[3].url).status_code == 200
    factories.consume(acme, 1, to=ann, of=kind)
    assert steps(admin.get(url(acme))) is None


def test_first_steps_can_be_put_away(admin, acme, zen):
    assert admin.get(f"{url(acme)}first-steps/dismiss").status_code == 405
    answer = admin.post(f"{url(acme)}first-steps/dismiss")
    assert (answer.status_code, answer["Location"]) == (303, url(acme))
    assert admin.get(url(acme)).context["steps"] is None
    assert admin.post(f"{url(zen)}first-steps/dismiss").status_code == 404


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0, 0], ["0", "1"]),
        ([1, 0], ["0", "1"]),
        ([7, 3], ["0", "2", "4", "6", "8"]),
        ([4, -1], ["\u22122", "0", "2", "4"]),
        ([1_250_000, 3], ["0", "500k", "1M", "1.5M"]),
        ([48_000, 0], ["0", "20k", "40k", "60k"]),
    ],
)
def test_scales_have_round_numbers(values, labels):
    wanted = [charts.Bar("", "", "", [value]) for value in values]
    chart = charts.bars(wanted, [charts.Series(1, "")])
    assert [tick.label for tick in chart.ticks] == labels


def test_the_parts_of_a_bar_lie_on_each_other():
    chart = charts.bars([charts.Bar("", "", "", [6, 2, -2])], [charts.Series(n, "") for n in (1, 2, 3)])
    first, second, below = chart.columns[0].parts
    assert float(second.y) + float(second.height) + charts.GAP == pytest.approx(float(first.y), abs=0.11)
    assert float(below.y) >= float(first.y) + float(first.height) - 0.11
    assert re.fullmatch(r"[0-9.]+%", chart.columns[0].x)
