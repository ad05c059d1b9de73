"""Filters under names: everybody of the account sees them, saves, renames and deletes them."""

import pytest

from simplero.finding.models import SavedFilter
from simplero.tenancy.scope import scope
from tests.contacts.world import facts, person, url

ADD = "saved/add"


def at(world, rest):
    return f"/a/{world.slug}/find/{rest}"


def saved(world):
    with scope(world.account, read_only=True):
        return list(SavedFilter.objects.order_by("name_key").values_list("name", "query"))


def one(world, name):
    with scope(world.account, read_only=True):
        return SavedFilter.objects.get(name=name)


def test_saved_shown_used_renamed_and_deleted(desk, acme):
    person(acme, "Ann Lee")
    page = desk.get(url(acme, rest="?q=ann&sort=newest"))
    assert f"{at(acme, ADD)}?q=ann&amp;sort=newest" in page.content.decode()
    answer = desk.post(at(acme, ADD) + "?q=ann&sort=newest", {"name": "  Anns "})
    assert (answer.status_code, answer["Location"]) == (303, url(acme, rest="?q=ann&sort=newest"))
    assert saved(acme) == [("Anns", "q=ann&sort=newest")]
    (entry,) = desk.get(url(acme, rest="?q=ann&sort=newest")).context["saved"]
    assert entry["current"]
    assert 'href="/a/acme/contacts/?q=ann&amp;sort=newest"' in desk.get(url(acme)).content.decode()
    found = one(acme, "Anns")
    answer = desk.post(at(acme, f"saved/{found.public_id}/rename"), {"name": "All the Anns"})
    assert answer.status_code == 303
    assert saved(acme) == [("All the Anns", "q=ann&sort=newest")]
    assert desk.post(at(acme, f"saved/{found.public_id}/delete")).status_code == 303
    assert saved(acme) == []
    assert [kind for kind, _ in facts(acme) if kind.startswith("filter.")] == [
        "filter.saved",
        "filter.renamed",
        "filter.deleted",
    ]


def test_a_name_that_is_taken_is_refused_and_twice_the_same_is_once(desk, acme, zen):
    desk.post(at(acme, ADD) + "?q=ann", {"name": "Mine"})
    before = facts(acme)
    answer = desk.post(at(acme, ADD) + "?q=bo", {"name": "MINE"})
    assert answer.status_code == 409
    assert "already" in answer.context["form"].errors["name"][0]
    assert desk.post(at(acme, ADD) + "?q=ann", {"name": "Mine"}).status_code == 303
    assert desk.post(at(acme, ADD) + "?q=bo", {"name": " "}).status_code == 422
    assert (saved(acme), facts(acme)) == ([("Mine", "q=ann")], before)
    desk.post(at(acme, ADD) + "?q=bo", {"name": "Other"})
    before = facts(acme)
    other = one(acme, "Other")
    assert desk.post(at(acme, f"saved/{other.public_id}/rename"), {"name": "mine"}).status_code == 409
    assert (saved(acme), facts(acme)) == ([("Mine", "q=ann"), ("Other", "q=bo")], before)


def test_what_is_too_long_to_be_kept_is_refused_with_the_way_out(desk, acme):
    answer = desk.post(at(acme, ADD), {"name": "Long"}, query_params={"q": "\U0001f9d8" * 200})
    assert answer.status_code == 409
    assert "too long to be saved. Search for fewer words" in answer.content.decode()
    assert saved(acme) == []


def test_there_is_an_end_to_how_many(desk, acme, monkeypatch):
    monkeypatch.setattr("simplero.finding.services.MOST", 1)
    assert desk.post(at(acme, ADD) + "?q=a", {"name": "One"}).status_code == 303
    answer = desk.post(at(acme, ADD) + "?q=b", {"name": "Two"})
    assert answer.status_code == 409
    assert "at most 1" in answer.context["form"].errors["name"][0]
    assert saved(acme) == [("One", "q=a")]


@pytest.mark.parametrize("verb", ["rename", "delete"])
def test_another_accounts_filter_is_not_there(client, desk, acme, zen, verb):
    client.force_login(zen.admin)
    client.post(at(zen, ADD) + "?q=ann", {"name": "Theirs"})
    theirs = one(zen, "Theirs")
    client.force_login(acme.assistant)
    assert client.post(at(acme, f"saved/{theirs.public_id}/{verb}"), {"name": "Mine"}).status_code == 404
    assert client.get(at(zen, f"saved/{theirs.public_id}/{verb}")).status_code == 404
    assert saved(zen) == [("Theirs", "q=ann")]
    assert client.get(url(acme)).context["saved"] == []
