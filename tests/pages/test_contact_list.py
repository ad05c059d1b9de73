import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from simplero.finding import queries
from tests import factories
from tests.contacts.world import person, tags_of, url

HTMX = {"HX-Request": "true"}


def names(answer):
    return [row.contact.name for row in answer.context["rows"]]


def test_an_empty_account_offers_the_first_step(desk, acme, zen):
    person(zen, "Stranger")
    html = desk.get(url(acme)).content.decode()
    assert "No contacts yet" in html
    assert f'href="{url(acme, rest="add")}"' in html
    assert "Stranger" not in html


def test_a_row_shows_who_tags_and_what_is_left(desk, acme, zen):
    ann = person(acme, "Ann Lee", email="ann@x.example", tags=["VIP"])
    factories.issue(acme, 5, to=ann)
    factories.consume(acme, 1, to=ann)
    stranger = person(zen, "Stranger", tags=["Theirs"])
    factories.issue(zen, 9, to=stranger)
    answer = desk.get(url(acme))
    (row,) = answer.context["rows"]
    assert (row.contact.name, [tag.name for tag in row.tags], row.credits) == ("Ann Lee", ["VIP"], ["4 sessions"])
    html = answer.content.decode()
    assert "ann@x.example" in html
    assert "1 contact<" in html
    assert f'href="{url(acme, ann)}"' in html
    assert "Theirs" not in html


def test_nothing_found_says_so_and_leads_back(desk, acme):
    person(acme, "Ann")
    html = desk.get(url(acme, rest="?q=qqq")).content.decode()
    assert "Nobody found" in html
    assert "0 contacts found" in html
    assert 'value="qqq"' in html
    assert f'href="{url(acme)}"' in html


def test_search_tag_and_sort_together(desk, acme):
    for name in ("Zoe One", "Zoe Two", "Ann"):
        person(acme, name, tags=["VIP"])
    person(acme, "Zoe Three", tags=["Other"])
    (vip,) = [tag for tag in desk.get(url(acme)).context["known_tags"] if tag.name == "VIP"]
    answer = desk.get(url(acme, rest=f"?q=zoe&tag={vip.public_id}&sort=newest"))
    assert names(answer) == ["Zoe Two", "Zoe One"]
    assert f"q=zoe&amp;tag={vip.public_id}" in answer.content.decode()


def test_htmx_gets_the_results_alone_with_their_count(desk, acme):
    person(acme, "Ann")
    answer = desk.get(url(acme, rest="?q=an"), headers=HTMX)
    html = answer.content.decode()
    assert "<!doctype" not in html
    assert "Ann" in html
    assert 'id="contact-count" role="status" hx-swap-oob="true"' in html
    assert "HX-Request" in answer["Vary"]


def test_pages_lead_on_and_back(desk, acme, monkeypatch):
    monkeypatch.setattr(queries.page, "__kwdefaults__", {**queries.page.__kwdefaults__, "size": 3})
    for number in range(7):
        person(acme, f"Zoe {number}")
    person(acme, "Ann")
    seen, at = [], url(acme, rest="?q=zoe")
    while at:
        answer = desk.get(at)
        seen.append(names(answer))
        at = answer.context["older"]
        assert not at or "q=zoe" in at
    assert seen == [["Zoe 0", "Zoe 1", "Zoe 2"], ["Zoe 3", "Zoe 4", "Zoe 5"], ["Zoe 6"]]
    assert names(desk.get(answer.context["newer"])) == seen[1]


@pytest.mark.parametrize(
    "spoiled",
    [
        "after=1",
        "after=%00",
        "before=null",
        "after=00000000-0000-0000-0000-000000000000",
        "tag=x",
        "tag=%FF",
        "sort=created_at;--",
        "q=%00",
        "q=%FF%FE",
        "q=" + "a%20" * 500,
        "page_size=1000000000",
    ],
)
def test_a_spoiled_address_is_no_error(desk, acme, spoiled):
    person(acme, "Ann")
    assert desk.get(url(acme, rest="?" + spoiled)).status_code == 200


def test_one_and_fifty_rows_cost_the_same(desk, acme):
    def cost(rest=""):
        desk.get(url(acme, rest=rest))  # what is remembered once is not counted
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(url(acme, rest=rest)).status_code == 200
        return len(asked)

    def populate(count, start=0):
        for number in range(start, count):
            contact = person(acme, f"Zoe {number:02}", tags=["VIP", "Other"])
            factories.issue(acme, 5, to=contact)

    populate(1)
    one = cost(), cost("?q=zoe+vip"), cost("?sort=newest")
    populate(queries.PAGE, 1)
    assert (cost(), cost("?q=zoe+vip"), cost("?sort=newest")) == one
    assert len(desk.get(url(acme)).context["rows"]) == queries.PAGE


def test_tags_nobody_has_are_not_offered(desk, acme):
    ann = person(acme, "Ann", tags=["VIP"])
    tag = desk.get(url(acme)).context["known_tags"][0]
    desk.post(url(acme, ann, f"tags/{tag.public_id}/remove"))
    assert tags_of(ann) == []
    assert desk.get(url(acme)).context["known_tags"] == []


TOO_MANY = "&".join(f"tag={uuid.uuid4()}" for _ in range(9))


@pytest.mark.parametrize(
    "unread",
    [
        "within=5000",
        "type={type}&left=fewer&below=0",
        "type=x&left=has",
        "tag=x",
        "from=yesterday",
        TOO_MANY,
        "credits={type}.few",
    ],
)
def test_a_filter_that_cannot_be_read_says_so_and_nothing_is_done_with_everybody(desk, acme, unread):
    desk.force_login(acme.admin)
    asked = unread.format(type=acme.session.public_id)
    page = desk.get(url(acme, rest="?" + asked)).content.decode()
    assert "Part of this filter could not be read" in page
    assert "All that match" not in page
    assert (
        "Part of this filter"
        not in desk.get(url(acme, rest=f"?type={acme.session.public_id}&left=has")).content.decode()
    )
    form = desk.get(f"{reverse('bulk:new', args=[acme.slug])}?do=issue&all=1&{asked}")
    assert form.context["number"] == 0
    assert desk.get(f"{reverse('imports:export-csv', args=[acme.slug])}?{asked}").status_code == 404
