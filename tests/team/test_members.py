from threading import Barrier
from uuid import uuid4

import pytest
from django.test import Client

from simplero.team import errors, services
from simplero.team.models import Invitation
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Membership
from simplero.tenancy.scope import scope
from tests.team.steps import INVITE, MEMBERS, bare, everything, facts, in_threads, place


def routes(world, other=None):
    """Every settings page with objects of `world` (or, in the address of `world`, those of `other`)."""
    whose = other or world
    member = place(whose.assistant, whose.account).public_id
    invitation = Invitation.objects.get(account=whose.account).public_id
    base = f"/a/{world.slug}/settings/"
    return {
        f"{base}account/": "settings",
        f"{base}roles/": "settings",
        f"{base}members/": "members",
        f"{base}members/invite/": "members",
        f"{base}members/{member}/role/": "members",
        f"{base}members/{member}/remove/": "members",
        f"{base}invitations/{invitation}/resend/": "members",
        f"{base}invitations/{invitation}/revoke/": "members",
    }


@pytest.mark.parametrize(
    ("role", "may"), [("assistant", set()), ("admin", {"settings"}), ("owner", {"settings", "members"})]
)
def test_pages_of_each_role(client, acme, invited, role, may):
    client.force_login(getattr(acme, role))
    before = everything()
    for path, permission in routes(acme).items():
        for method in (client.get, client.post):
            answer = method(path, {})
            if permission in may and ("invitations/" not in path or method == client.post):
                continue
            assert answer.status_code in (404, 405), path
    if "members" not in may:
        assert everything() == before


def test_menus_show_what_one_may_use(client, acme):
    seen = {}
    for role in ("assistant", "admin", "owner"):
        client.force_login(getattr(acme, role))
        menu = client.get("/a/acme/contacts/").context["menu"]
        seen[role] = {item["label"] for group in menu for item in group["items"]} - {"Credits"}
    assert {"Contacts", "Rosters"} <= seen["assistant"] <= {"Dashboard", "Contacts", "Rosters", "Activity"}
    assert seen["admin"] >= {"Contacts", "Account", "Storefront", "Roles"}
    assert seen["owner"] - seen["admin"] == {"Members", "Payments"}


def test_another_account_does_not_exist(client, acme, zen, invited):
    client.force_login(acme.owner)
    before = everything()
    unknown = client.get("/a/unknown/settings/members/")
    for path in routes(zen):
        for method in (client.get, client.post):
            answer = method(path, {"role": "owner", "email": "x@x.example", "name": "Mine"})
            if method == client.get and "invitations/" not in path:
                assert (answer.status_code, bare(answer)) == (unknown.status_code, bare(unknown))
            assert answer.status_code in (404, 405)
    # Their things under our address: as unknown as ids nobody has.
    for path in routes(acme, zen):
        if "members/invite" in path or not any(char.isdigit() for char in path):
            continue
        assert client.post(path, {"role": "owner"}).status_code == 404
    assert everything() == before


def test_changing_a_role(client, acme):
    member = place(acme.assistant, acme.account)
    client.force_login(acme.owner)
    path = f"{MEMBERS}{member.public_id}/role/"
    assert client.get(path).status_code == 200
    assert client.post(path, {"role": "root"}).status_code == 422
    assert client.post(path, {"role": "admin", "user": acme.owner.pk, "account": 99}).status_code == 303
    assert place(acme.assistant, acme.account).role == "admin"
    assert facts(acme.account) == ["member.role_changed"]
    assert client.post(path, {"role": "admin"}).status_code == 303
    assert facts(acme.account) == ["member.role_changed"], "nothing changed, nothing to tell"


def test_removing_a_member_shuts_the_door_at_once(client, acme):
    assistant = Client()
    assistant.force_login(acme.assistant)
    assert assistant.get("/a/acme/contacts/").status_code == 200
    member = place(acme.assistant, acme.account)
    client.force_login(acme.owner)
    path = f"{MEMBERS}{member.public_id}/remove/"
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 303
    assert assistant.get("/a/acme/contacts/").status_code == 404
    assert assistant.get("/me/").status_code == 200
    again = client.post(path)
    assert (again.status_code, again["Location"]) == (303, MEMBERS), "a second click lands on the list"
    assert "This person was removed already." in client.get(MEMBERS).text
    assert client.post(path.replace("remove", "role"), {"role": "admin"}).status_code == 303
    assert client.post(f"{MEMBERS}{uuid4()}/remove/").status_code == 404
    assert facts(acme.account) == ["member.removed"]


def test_nobody_learns_who_was_removed_elsewhere(client, acme, zen):
    member = place(zen.assistant, zen.account)
    client.force_login(zen.owner)
    assert client.post(f"/a/zen/settings/members/{member.public_id}/remove/").status_code == 303
    client.force_login(acme.owner)
    assert client.post(f"{MEMBERS}{member.public_id}/remove/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_removed_by_two_clicks_at_once(acme):
    member = place(acme.assistant, acme.account).public_id

    def click():
        client = Client()
        client.force_login(acme.owner)
        return client.post(f"{MEMBERS}{member}/remove/").status_code

    assert in_threads(click, click) == [303, 303]
    assert facts(acme.account) == ["member.removed"]


def test_the_last_owner_stays(client, acme):
    member = place(acme.owner, acme.account)
    client.force_login(acme.owner)
    before = everything()
    removed = client.post(f"{MEMBERS}{member.public_id}/remove/")
    demoted = client.post(f"{MEMBERS}{member.public_id}/role/", {"role": "admin"})
    assert (removed.status_code, demoted.status_code) == (409, 409)
    assert "The last owner cannot be removed" in removed.text
    assert "Make somebody else an owner first" in demoted.text
    assert everything() == before
    assert facts(acme.account) == []


def test_an_owner_among_several_may_go(client, acme):
    Membership.objects.filter(user=acme.admin).update(role="owner")
    member = place(acme.owner, acme.account)
    client.force_login(acme.owner)
    answer = client.post(f"{MEMBERS}{member.public_id}/remove/")
    assert (answer.status_code, answer["Location"]) == (303, "/")
    assert client.get(MEMBERS).status_code == 404


def both_owners_leave(acme):
    """Each of two owners removes the other at the same moment."""
    Membership.objects.filter(user=acme.admin, account=acme.account).update(role="owner")
    places = [place(user, acme.account) for user in (acme.owner, acme.admin)]

    def leave(membership):
        with scope(acme.account):
            services.remove(account=acme.account, membership=membership, actor=Actor("user", membership.user_id))

    return in_threads(*[lambda membership=membership: leave(membership) for membership in places])


@pytest.mark.django_db(transaction=True)
def test_two_owners_cannot_leave_at_once(acme):
    answers = both_owners_leave(acme)
    assert [type(answer) for answer in answers if answer] == [errors.LastOwner]
    assert Membership.objects.filter(account=acme.account, role="owner").count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_they_could(acme, monkeypatch):
    """The negative control: the race is there, and the lock is what stops it."""
    both_have_looked, keep_an_owner = Barrier(2), services._keep_an_owner

    def look_then_wait(*args):
        keep_an_owner(*args)
        both_have_looked.wait(10)

    monkeypatch.setattr(services, "_locked", lambda account, membership: Membership.objects.get(pk=membership.pk))
    monkeypatch.setattr(services, "_keep_an_owner", look_then_wait)
    assert both_owners_leave(acme) == [None, None]
    assert not Membership.objects.filter(account=acme.account, role="owner").exists()


@pytest.mark.parametrize("htmx", [False, True])
def test_dialogs_are_pages_too(client, acme, htmx):
    client.force_login(acme.owner)
    member = place(acme.assistant, acme.account).public_id
    for path in (INVITE, f"{MEMBERS}{member}/role/", f"{MEMBERS}{member}/remove/", "/me/new/"):
        answer = client.get(path, headers={"HX-Request": "true"} if htmx else {})
        assert answer.status_code == 200
        assert ("<!doctype html>" in answer.text) is not htmx
    answer = client.post(
        INVITE, {"email": "q@x.example", "role": "admin"}, headers={"HX-Request": "true"} if htmx else {}
    )
    assert answer.headers.get("HX-Redirect", answer.headers.get("Location")) == MEMBERS


def test_the_list_costs_the_same_for_many(client, acme, django_assert_num_queries, django_assert_max_num_queries):
    client.force_login(acme.owner)
    client.get(MEMBERS)
    with django_assert_max_num_queries(20) as few:
        client.get(MEMBERS)
    number_of_queries = len(few.captured_queries)
    for number in range(20):
        user = type(acme.owner).objects.create_user(f"m{number}@x.example", name=f"M {number}")
        Membership.objects.create(user=user, account=acme.account, role="assistant")
        client.post(INVITE, {"email": f"i{number}@x.example", "role": "admin"})
    client.get(MEMBERS)
    with django_assert_num_queries(number_of_queries):
        client.get(MEMBERS)
