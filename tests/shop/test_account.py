"""My account: what I have, what happened to it, who I am."""

import re
import uuid

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact
from credits import services as credits
from simplero.outbox.models import Event
from simplero.tenancy.scope import scope
from tests import factories

from .world import customer


def post(world, verb, contact=None, **more):
    with scope(world.account):
        return getattr(credits, verb)(
            account=world.account,
            contact=contact or world.contact,
            credit_type=world.session,
            key=uuid.uuid4(),
            actor=world.actor,
            **more,
        )


def words(response):
    assert response.status_code == 200
    text = re.sub(r"<(script|template|svg).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_the_four_numbers_and_the_lots(acme):
    post(acme, "issue", amount=5)
    post(acme, "consume", amount=2)
    browser = customer(acme)
    page = words(browser.get("/s/acme/account/credits/"))
    assert "sessions left 3 issued 5 used 2 expired 0" in page
    assert "3 of 5 left" in page
    assert "Never expires" in page
    assert "3 sessions" in words(browser.get("/s/acme/account/"))


def test_who_did_it_is_the_business_and_notes_are_for_staff(acme):
    post(acme, "issue", amount=5, note="For a complaint nobody should read about")
    post(acme, "consume", amount=1, note="Breathing, lesson 2", note_for_customer=True)
    browser = customer(acme)
    for url in ("/s/acme/account/credits/", "/s/acme/account/credits/activity/"):
        page = words(browser.get(url))
        assert re.search(r"1 session used for [^.]*, from the 5 issued on [^.]*, by Acme\.", page)
        assert "Breathing, lesson 2" in page
        assert "complaint" not in page
        for person in (acme.owner, acme.admin, acme.assistant):
            assert person.name not in page


def test_pages_go_back_to_the_first_movement(acme):
    post(acme, "issue", amount=100)
    for number in range(40):
        post(acme, "consume", amount=1, note=f"use {number:02}", note_for_customer=True)
    browser, url, seen = customer(acme), "/s/acme/account/credits/activity/", []
    while url:
        page = browser.get(url)
        seen += re.findall(r"use (\d\d)", page.content.decode())
        [url] = re.findall(r'rel="next" href="([^"]+)"', page.content.decode()) or [""]
    assert seen == [f"{number:02}" for number in reversed(range(40))]


def test_a_page_costs_the_same_with_one_and_with_many(acme):
    browser, costs = customer(acme), []
    for more in (1, 12):
        for _ in range(more):
            post(acme, "issue", amount=3)
        with CaptureQueriesContext(connection) as asked:
            browser.get("/s/acme/account/credits/")
        costs.append(len(asked))
    assert costs[0] == costs[1]


def test_nothing_of_anybody_else_is_shown(acme, zen):
    other = factories.contact(acme, "Ben Ito")
    post(acme, "issue", contact=other, amount=77)
    post(zen, "issue", amount=88)
    browser = customer(acme)
    for url in ("", "credits/", "credits/activity/", "profile/"):
        page = words(browser.get(f"/s/acme/account/{url}"))
        assert not re.search(r"77|88|Ben|Zen", page)
    assert "No credits yet" in words(browser.get("/s/acme/account/credits/"))


def test_profile(acme):
    browser = customer(acme)
    form = browser.get("/s/acme/account/profile/").context["form"]
    changed = {"seen": form["seen"].value(), "name": "Ann Marie Lee", "phone": "+45 12 34 56 78"}
    response = browser.post("/s/acme/account/profile/", {**changed, "email": "evil@example.com", "company": "x"})
    assert (response.status_code, response["Location"]) == (303, "/s/acme/account/profile/")
    with scope(acme.account, read_only=True):
        ann = Contact.objects.get(pk=acme.contact.pk)
        event = Event.objects.get(kind="contact.changed")
    assert (ann.name, ann.phone, ann.email, ann.company) == ("Ann Marie Lee", "+45 12 34 56 78", acme.contact.email, "")
    assert (event.actor_kind, event.actor_id) == ("contact", ann.pk)
    assert "Ann Marie Lee" in words(browser.get("/s/acme/account/"))


def test_a_profile_changed_in_between_is_not_written_over(acme):
    browser = customer(acme)
    old = browser.get("/s/acme/account/profile/").context["form"]["seen"].value()
    with scope(acme.account):
        Contact.objects.filter(pk=acme.contact.pk).update(company="Difficult Ltd", phone="1")
    response = browser.post("/s/acme/account/profile/", {"seen": old, "name": "Ann B", "phone": ""})
    assert response.status_code == 409
    assert "Difficult" not in response.content.decode()  # what staff wrote down is not for the customer
    with scope(acme.account, read_only=True):
        assert Contact.objects.get(pk=acme.contact.pk).name == acme.contact.name
    again = response.context["form"]["seen"].value()
    assert browser.post("/s/acme/account/profile/", {"seen": again, "name": "Ann B", "phone": ""}).status_code == 303


def test_a_name_is_needed(acme):
    browser = customer(acme)
    response = browser.post("/s/acme/account/profile/", {"name": " ", "phone": ""})
    assert response.status_code == 422
    assert "Enter a name." in response.content.decode()


def test_sign_out_everywhere(acme, zen):
    here, there, other = customer(acme), customer(acme), customer(acme, factories.contact(acme, "Ben Ito"))
    yoga = customer(zen)
    assert here.post("/s/acme/account/sign-out-everywhere/").status_code == 303
    for browser in (here, there):
        assert browser.get("/s/acme/account/").status_code == 303
    assert other.get("/s/acme/account/").status_code == 200
    assert yoga.get("/s/zen/account/").status_code == 200
    assert Client().post("/s/acme/account/sign-out-everywhere/").status_code == 303
