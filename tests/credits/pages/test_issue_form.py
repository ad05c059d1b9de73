"""Issue, from the contact page."""

from datetime import date
from uuid import uuid4

import pytest

from credits.models import EntryNote
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures, nothing_moved

from .conftest import text


@pytest.fixture(autouse=True)
def here(acme):
    """The contact and the type stand before anything is asked."""
    return acme.contact, acme.session


def sent(world, **other):
    return {"credit_type": str(world.session.public_id), "amount": "5", "good_for": "type", **other}


def test_empty_at_first(admin, assistant, acme):
    page = text(admin.get(admin.page()))
    assert "No credits yet Issue some to Ann Lee" in page
    assert admin.at("issue") in admin.get(admin.page()).content.decode()
    assert assistant.at("issue") not in assistant.get(assistant.page()).content.decode()
    assert "5 sessions issued. 5 left. Never expires." in admin.confirmed(admin.post(admin.at("issue"), sent(acme)))


@pytest.mark.parametrize(
    ("chosen", "last_good_day"),
    [
        ({"good_for": "type"}, None),
        ({"good_for": "never"}, None),
        ({"good_for": "span", "span": "3", "span_unit": "months"}, date(2027, 2, 14)),
        ({"good_for": "span", "span": "1", "span_unit": "weeks"}, date(2026, 11, 21)),
        ({"good_for": "day", "day": "2027-01-31"}, date(2027, 1, 31)),
        ({"good_for": "day", "day": "2026-11-14"}, date(2026, 11, 14)),
        # What stands in a field that another choice hides says nothing.
        ({"good_for": "never", "day": "1999-01-01", "span": "-4", "span_unit": "eons"}, None),
    ],
)
def test_good_for(admin, acme, chosen, last_good_day):
    admin.confirmed(admin.post(admin.at("issue"), sent(acme, **chosen)))
    [lot] = factories.lots(acme)
    assert lot.last_good_day == last_good_day


def test_the_types_default(admin, acme):
    massage = factories.credit_type(acme, "massage", expires_after=6, unit="months")
    assert "Massage (6 months)" in text(admin.get(admin.at("issue")))
    page = admin.confirmed(admin.post(admin.at("issue"), sent(acme, credit_type=str(massage.public_id), amount="1")))
    assert "1 massage issued. 1 left. Good through 14 May 2027." in page


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"amount": "0"}, 422, "Enter a whole number from 1 to 1,000,000."),
        ({"amount": "1e30"}, 422, "Enter a whole number from 1 to 1,000,000."),
        ({"amount": "-5"}, 422, "Enter a whole number from 1 to 1,000,000."),
        ({"amount": "2.5"}, 422, "Enter a whole number from 1 to 1,000,000."),
        ({"amount": "five"}, 422, "Enter a whole number from 1 to 1,000,000."),
        ({"good_for": "day", "day": "2026-11-13"}, 409, "The last good day can't be before today."),
        ({"good_for": "day", "day": ""}, 422, "Choose the last good day."),
        ({"good_for": "day", "day": "9999-12-31"}, 422, "Choose a day within 100 years"),
        ({"good_for": "day", "day": "soon"}, 422, "Enter a day as year-month-day"),
        ({"good_for": "span", "span": ""}, 422, "Enter a whole number from 1 to 1,000."),
        ({"good_for": "span", "span": "1001"}, 422, "Enter a whole number from 1 to 1,000."),
        ({"good_for": "whenever"}, 422, "Select a valid choice."),
        ({"credit_type": ""}, 422, "Choose a credit type."),
    ],
)
def test_refused(admin, acme, wrong, status, words):
    with nothing_moved():
        answer = admin.post(admin.at("issue"), sent(acme, note="Kept", **wrong))
    assert answer.status_code == status
    assert words in text(answer)
    assert "Kept" in text(answer)


def test_an_archived_type_is_not_offered_and_refused_in_words(admin, acme):
    admin.client.post(f"/a/acme/content/credits/{acme.session.public_id}/archive")
    assert str(acme.session.public_id) not in admin.get(admin.at("issue")).content.decode()
    with nothing_moved():
        answer = admin.post(admin.at("issue"), sent(acme))
    assert answer.status_code == 409
    assert "This type is archived" in text(answer)
    assert f'value="{acme.session.public_id}" selected' in answer.content.decode()


def test_sent_twice_is_issued_once(admin, acme):
    once = sent(acme, key=str(uuid4()))
    first, second = (admin.post(admin.at("issue"), once) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert figures(acme).issued == 5
    with nothing_moved():
        assert admin.post(admin.at("issue"), {**once, "amount": "6"}).status_code == 409


def test_the_note_may_be_for_the_customer(admin, acme):
    admin.confirmed(admin.post(admin.at("issue"), sent(acme, note="Welcome\r\n", note_for_customer="on")))
    with scope(acme.account):
        note = EntryNote.objects.get()
    assert (note.text, note.for_customer) == ("Welcome", True)


def test_prefilled_with_what_was_missing(admin, acme):
    form = admin.get(admin.at(f"issue?type={acme.session.public_id}&amount=2")).content.decode()
    assert 'name="amount" value="2"' in form
    assert admin.get(admin.at('issue?amount="><b>')).status_code == 200


def test_not_for_assistants(assistant, acme):
    with nothing_moved():
        assert assistant.get(assistant.at("issue")).status_code == 404
        assert assistant.post(assistant.at("issue"), sent(acme)).status_code == 404


def test_another_accounts_are_not_here(admin, acme, abroad):
    with nothing_moved():
        assert admin.post(admin.at("issue", abroad.contact), sent(acme)).status_code == 404
        assert admin.post(admin.at("issue"), sent(abroad)).status_code == 404
        assert admin.post(admin.at("issue").replace("/a/acme/", "/a/zen/"), sent(acme)).status_code == 404


def test_without_any_type_the_first_step_is_offered(admin, zen):
    admin.client.force_login(zen.admin)
    answer = admin.client.get(f"/a/zen/contacts/{zen.contact.public_id}/credits/issue")
    assert "There is no type of credit in use." in text(answer)
    assert "/a/zen/content/credits/add" in answer.content.decode()
