"""Settings → Members: where each is signed in, and signing them out everywhere."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from simplero.outbox.models import Event
from simplero.tenancy.models import Membership
from simplero.tenancy.scope import scope


def address(world, person, what="sessions"):
    place = Membership.objects.get(account=world.account, user=person)
    return f"/a/{world.slug}/settings/members/{place.public_id}/{what}/"


def signed_in_as(person, browser="Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"):
    client = Client(headers={"User-Agent": browser})
    client.force_login(person)
    client.get("/me/")  # noted with the first request
    return client


def events(world):
    with scope(world.account, read_only=True):
        return list(Event.objects.filter(kind="member.signed_out").values_list("body", flat=True))


def test_an_owner_sees_where_somebody_is_signed_in_and_signs_them_out(acme, zen):
    owner = signed_in_as(acme.owner)
    phone, desk = signed_in_as(acme.assistant), signed_in_as(acme.assistant)
    stranger = signed_in_as(zen.assistant)
    page = owner.get(address(acme, acme.assistant)).text
    assert page.count("127.0.0.1") == 2
    assert "Firefox" in page
    assert "any other business of theirs too" in page
    assert address(acme, acme.assistant) in owner.get("/a/acme/settings/members/").text
    assert owner.post(address(acme, acme.assistant, "sign-out")).status_code == 303
    for gone in (phone, desk):
        assert gone.get("/a/acme/contacts/").status_code == 302
    for here in (owner, stranger):
        assert here.get("/me/").status_code == 200
    assert events(acme) == [{"user_id": acme.assistant.pk, "sessions": 2}]
    assert events(zen) == []
    assert acme.assistant.check_password("correct horse battery")
    assert "signed in nowhere" in owner.get(address(acme, acme.assistant)).text
    assert owner.post(address(acme, acme.assistant, "sign-out")).status_code == 303
    assert len(events(acme)) == 1  # nobody was signed out the second time


def test_only_of_members_and_only_by_owners(acme, zen):
    owner, admin = signed_in_as(acme.owner), signed_in_as(acme.admin)
    there = signed_in_as(zen.assistant)
    foreign = address(zen, zen.assistant).replace("/a/zen/", "/a/acme/")
    for client, url in ((owner, foreign), (owner, address(zen, zen.assistant)), (admin, address(acme, acme.owner))):
        assert client.get(url).status_code == 404
        assert client.post(url.replace("sessions", "sign-out")).status_code == 404
    assert there.get("/me/").status_code == 200
    assert owner.get("/me/").status_code == 200
    assert events(acme) == events(zen) == []


def test_ones_own_sessions_have_a_page_of_their_own(acme):
    owner = signed_in_as(acme.owner)
    for answer in (owner.get(address(acme, acme.owner)), owner.post(address(acme, acme.owner, "sign-out"))):
        assert answer["Location"] == "/accounts/sessions/"
    assert owner.get("/me/").status_code == 200


def test_somebody_of_two_businesses_is_signed_out_of_both(acme, zen):
    Membership.objects.create(account=zen.account, user=acme.assistant, role="admin")
    both, owner = signed_in_as(acme.assistant), signed_in_as(zen.owner)
    assert both.get("/a/acme/contacts/").status_code == 200
    assert owner.post(address(zen, acme.assistant, "sign-out")).status_code == 303
    assert both.get("/a/acme/contacts/").status_code == 302
    assert (len(events(acme)), len(events(zen))) == (0, 1)


@pytest.mark.parametrize("how", ["idle", "old", "expired"])
def test_what_would_not_let_anybody_in_is_not_listed(acme, how):
    owner = signed_in_as(acme.owner)
    signed_in_as(acme.assistant)
    past = timezone.now() - timedelta(days=15)
    rows = UserSession.objects.filter(user=acme.assistant)
    match how:
        case "idle":
            rows.update(last_seen_at=timezone.now() - timedelta(hours=13))
        case "old":
            rows.update(created_at=past)
        case _:
            Session.objects.filter(session_key__in=rows.values("session_key")).update(expire_date=past)
    assert "signed in nowhere" in owner.get(address(acme, acme.assistant)).text
    owner.post(address(acme, acme.assistant, "sign-out"))
    assert not rows.exists()
    assert events(acme) == []


def test_somebody_removed_meanwhile(acme):
    owner = signed_in_as(acme.owner)
    url = address(acme, acme.assistant)
    owner.post(url.replace("sessions", "remove"))
    for answer in (owner.get(url), owner.post(url.replace("sessions", "sign-out"))):
        assert answer["Location"] == "/a/acme/settings/members/"
