"""Content → Credits: the types of credit."""

import threading
from uuid import uuid4

import pytest
from django.db import connection

from credits import services
from credits.models import CreditType
from simplero.lib.refusals import Stale
from simplero.outbox.models import Event
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import nothing_moved

from .conftest import assert_same_cost, counted, text

HERE = "/a/acme/content/credits/"


def sent(**other):
    return {"name": "coaching session", "plural": "coaching sessions", "description": "One hour", "expires_after": "6", "expires_unit": "months", **other}  # fmt: skip


def of(world, name="coaching session"):
    with scope(world.account):
        return CreditType.objects.get(name=name)


def test_the_first_one(admin, acme):
    assert "No types of credit yet" in text(admin.get(HERE))
    form = admin.get(HERE + "add")
    assert "Create credit" in text(form)
    answer = admin.client.post(HERE + "add", sent())
    made = of(acme)
    assert answer.status_code == 303
    assert answer["Location"] == f"{HERE}{made.public_id}/"
    page = text(admin.get(answer["Location"]))
    assert "“coaching session” can be issued now." in page
    assert "Good for 6 months" in page
    assert "Nobody has any yet" in page
    assert "One hour" in page
    assert "Coaching session One hour Good for 6 months 0 0 0 0" in text(admin.get(HERE))
    with scope(acme.account):
        assert Event.objects.filter(kind="credit_type.created").count() == 1


def test_a_plural_left_empty_is_made_from_the_name(admin, acme):
    admin.client.post(HERE + "add", sent(name="Group class", plural="", expires_after=""))
    made = of(acme, "Group class")
    assert (made.plural, made.expires_after, made.expires_unit) == ("Group classes", None, "")


def test_a_plural_is_suggested_until_one_is_written(admin):
    assert 'name="plural" value="therapies"' in admin.get(HERE + "plural?name=therapy").content.decode()
    again = admin.get(HERE + "plural?name=visit&plural=therapies&suggested=therapies").content.decode()
    assert 'name="plural" value="visits"' in again
    assert 'value="my own"' in admin.get(HERE + "plural?name=visit&plural=my own&suggested=visits").content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": " "}, "Enter the name."),
        ({"name": "x" * 61}, "The name can be at most 60 characters long; this has 61."),
        ({"plural": "x" * 61}, "The plural can be at most 60 characters long; this has 61."),
        ({"description": "x" * 1001}, "The description can be at most 1,000 characters long; this has 1,001."),
        ({"name": "a\u202eb"}, "The name contains characters that cannot be shown."),
        ({"expires_after": "0"}, "Enter a whole number from 1 to 1,000, or leave it empty"),
        ({"expires_after": "2.5"}, "Enter a whole number from 1 to 1,000, or leave it empty"),
        ({"expires_after": "1e30"}, "Enter a whole number from 1 to 1,000, or leave it empty"),
        ({"expires_unit": "eons"}, "Select a valid choice."),
    ],
)
def test_refused(admin, acme, wrong, words):
    with nothing_moved():
        answer = admin.client.post(HERE + "add", sent(**wrong))
    assert answer.status_code == 422
    assert words in text(answer)
    assert "One hour" in text(answer) or "description" in wrong
    with scope(acme.account):
        assert not CreditType.objects.exists()


def test_a_name_is_taken_whatever_its_case(admin, acme, zen):
    factories.credit_type(zen, "visit")
    admin.client.post(HERE + "add", sent(name="Visit"))
    with nothing_moved():
        answer = admin.client.post(HERE + "add", sent(name="visit", description="Another"))
    assert answer.status_code == 409
    assert "There is a credit type named “visit” already." in text(answer)
    assert "Another" in text(answer)


def test_sent_twice_is_made_once(admin, acme):
    first = admin.client.post(HERE + "add", sent())
    with nothing_moved():
        second = admin.client.post(HERE + "add", sent())
    assert first["Location"] == second["Location"]


def test_edit(admin, acme):
    made = acme.session
    url = f"{HERE}{made.public_id}/edit"
    assert 'value="session"' in admin.get(url).content.decode()
    changed = sent(expires_after="1", expires_unit="years", seen=seen(admin.get(url)))
    assert admin.client.post(url, changed).status_code == 303
    assert "Good for 1 year" in text(admin.get(HERE))
    factories.credit_type(acme, "massage")
    with nothing_moved():
        answer = admin.client.post(url, sent(name="massage", seen=seen(admin.get(url))))
    assert answer.status_code == 409
    assert "There is a credit type named “massage” already." in text(answer)
    assert "Edit coaching session" in text(answer)


def seen(form):
    return form.content.decode().split('name="seen" value="')[1].split('"')[0]


def test_changed_by_somebody_else_meanwhile(admin, acme):
    url = f"{HERE}{acme.session.public_id}/edit"
    first = seen(admin.get(url))
    assert admin.client.post(url, sent(name="theirs", seen=first)).status_code == 303
    with nothing_moved():
        answer = admin.client.post(url, sent(name="mine", seen=first))
    assert answer.status_code == 409
    assert "it now says “theirs”, “coaching sessions”, “One hour”, good for 6 months." in text(answer)
    assert 'value="mine"' in answer.content.decode()
    assert of(acme, "theirs")
    assert admin.client.post(url, sent(name="theirs", seen=first)).status_code == 303  # the first one, sent twice
    assert admin.client.post(url, sent(name="mine", seen=seen(answer))).status_code == 303


def test_an_edit_that_does_not_say_what_it_was_made_from_overwrites_nothing(admin, acme):
    url = f"{HERE}{acme.session.public_id}/edit"
    with nothing_moved():
        answer = admin.client.post(url, sent())
    assert answer.status_code == 409
    assert "it now says “session”, “sessions”, no description, never expires." in text(answer)


@pytest.mark.django_db(transaction=True)
def test_of_edits_at_the_same_moment_one_counts_and_the_others_are_told(acme):
    made, told = acme.session, []
    first = services.type_seal(made)

    def edit(name):
        try:
            with scope(acme.account):
                wanted = {"name": name, "plural": name, "description": "", "expires_after": None, "expires_unit": ""}
                services.edit_type(
                    account=acme.account, credit_type=made, **wanted, seen=first, actor=Actor("user", acme.admin.pk)
                )
                told.append("saved")
        except Stale:
            told.append("stale")
        finally:
            connection.close()

    threads = [threading.Thread(target=edit, args=[f"name {number}"]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["saved"] + ["stale"] * 5


@pytest.mark.parametrize("letter", ["ß", "æ", "ﬁ"])
def test_a_name_that_grows_when_folded_fits(admin, acme, letter):
    long = letter * 60
    assert admin.client.post(HERE + "add", sent(name=long)).status_code == 303
    made = of(acme, long)
    assert admin.client.post(HERE + "add", sent(name=long.upper()[:60], plural="x")).status_code == 409
    edit = f"{HERE}{made.public_id}/edit"
    assert admin.client.post(edit, sent(name=f"{letter * 59}x", seen=seen(admin.get(edit)))).status_code == 303


def test_the_name_of_an_archived_type(admin, acme):
    admin.client.post(f"{HERE}{acme.session.public_id}/archive")
    answer = admin.client.post(HERE + "add", sent(name="Session"))
    assert answer.status_code == 409
    assert "It is archived: you can bring it back instead." in text(answer)


def test_archive_and_bring_back(admin, acme):
    factories.issue(acme, 5)
    here = f"{HERE}{acme.session.public_id}/"
    assert "5 sessions are still free and can be used until they expire." in text(admin.get(here + "archive"))
    assert "is archived" in text(admin.get(admin.client.post(here + "archive")["Location"]))
    assert "No types of credit yet" in text(admin.get(HERE))
    assert "Session Never expires 5 0 0 5" in text(admin.get(HERE + "?show=archived"))
    with nothing_moved():
        assert admin.client.post(here + "archive").status_code == 303  # again
    assert "can be issued again" in text(admin.get(admin.client.post(here + "bring-back")["Location"]))
    assert "Session Never expires 5 0 0 5" in text(admin.get(HERE))


def test_who_holds_them(admin, acme, abroad):
    factories.issue(acme, 5)
    factories.consume(acme, 2)
    page = text(admin.get(f"{HERE}{acme.session.public_id}/"))
    assert "Free 3 sessions Issued 5 Used 2 Expired 0" in page
    assert "AL Ann Lee 5 2 0 3" in page
    assert page.count("Ann Lee") == 1


def test_holders_page_by_page(admin, acme, monkeypatch):
    monkeypatch.setattr("credits.views.types.HOLDERS", 2)
    for name in ("Cy", "Ada", "Ben", "Ada"):
        factories.issue(acme, 1, to=factories.contact(acme, name))
    url, seen = f"{HERE}{acme.session.public_id}/", []
    for _ in range(3):
        content = admin.get(url).content.decode()
        seen += [part.split("<")[0] for part in content.split('class="table__link" href="')[1:] for part in [part.split(">", 1)[1]]]  # fmt: skip
        if 'rel="next"' not in content:
            break
        url = content.split('rel="next" href="')[1].split('"')[0]
    assert seen == ["Ada", "Ada", "Ben", "Cy"]
    assert admin.get(f"{HERE}{acme.session.public_id}/?after=nonsense").status_code == 200


def test_assistants_see_and_do_not_change(assistant, acme):
    here = f"{HERE}{acme.session.public_id}/"
    assert "Add a new type" not in text(assistant.get(HERE))
    assert "Edit" not in text(assistant.get(here))
    with nothing_moved():
        for path in ("add", "plural", f"{acme.session.public_id}/edit", f"{acme.session.public_id}/archive", f"{acme.session.public_id}/bring-back"):  # fmt: skip
            assert assistant.get(HERE + path).status_code == 404
            assert assistant.client.post(HERE + path, sent()).status_code == 404


def test_a_type_stands_in_headings_with_a_capital_and_in_sentences_as_typed(admin, acme):
    factories.issue(acme, 2)
    here = f"{HERE}{acme.session.public_id}/"
    for url in (here, here + "edit", here + "archive"):
        html = admin.get(url).content.decode()
        assert ">Session</" in html or "<h1>Session</h1>" in html, url
        assert ">session<" not in html, url
    assert "<title>Session" in admin.get(here).content.decode()
    for url in (admin.page(), admin.at("activity"), admin.at("issue"), admin.at("consume"), HERE):
        html = admin.get(url).content.decode()
        assert "Session" in html, url
        assert ">session<" not in html, url
    assert "2 sessions issued" in text(admin.get(admin.at("activity")))
    assert "Ann Lee has 2 sessions." in text(admin.get(admin.at("consume")))


def test_another_accounts_are_not_here(admin, abroad):
    with nothing_moved():
        for public_id in (abroad.session.public_id, uuid4()):
            for path in ("", "edit", "archive", "bring-back"):
                assert admin.get(f"{HERE}{public_id}/{path}").status_code == 404
                if path:
                    assert admin.client.post(f"{HERE}{public_id}/{path}", sent()).status_code == 404
        assert admin.get(HERE.replace("acme", "zen")).status_code == 404


def test_costs_the_same_for_many(admin, acme):
    factories.issue(acme, 1)
    for url in (HERE, f"{HERE}{acme.session.public_id}/"):
        admin.get(url)
        with counted() as few:
            admin.get(url)
        for number in range(50):
            factories.issue(acme, 1, to=factories.contact(acme, f"Contact {number}"))
            if number < 25:
                factories.issue(acme, 1, of=factories.credit_type(acme, f"kind {number} {url[-9:]}"))
        with counted() as many:
            admin.get(url)
        assert_same_cost(few, many)


def test_the_list_adds_up_when_some_were_withdrawn(assistant, acme):
    lot = factories.lot_of(acme, factories.issue(acme, 5))
    assert "Issued Used Expired Free" in text(assistant.client.get("/a/acme/content/credits/"))
    factories.withdraw(acme, lot, 2)
    page = text(assistant.client.get("/a/acme/content/credits/"))
    assert "Issued Used Expired Withdrawn Free" in page
    assert "5 0 0 2 3" in page
