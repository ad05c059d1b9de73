"""Consume, from the contact page."""

from datetime import timedelta
from uuid import uuid4

import pytest

from credits.models import Entry, EntryNote
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures, nothing_moved

from .conftest import NOON, assert_same_cost, counted, text

TODAY = "2026-11-14"


@pytest.fixture
def five(acme, admin):
    return factories.issue(acme, 5, expiry="3 months")


def sent(world, **other):
    return {"credit_type": str(world.session.public_id), "amount": "1", "service_date": TODAY, **other}


def test_from_the_contact_page(assistant, five, acme):
    page = text(assistant.get(assistant.page()))
    assert "sessions free 5 issued 5 used 0 expired 0" in page
    form = assistant.get(assistant.at("consume"))
    assert f'value="{acme.session.public_id}" selected' in form.content.decode()  # the only one with something free
    assert "Will be taken from 1 from the 5 issued on 14 November good through 14 February 2027" in text(form)
    assert "4 sessions will be left." in text(form)
    page = assistant.confirmed(assistant.post(assistant.at("consume"), sent(acme, note="Went well.")))
    assert "1 session used. 4 left. Taken from the 5 issued on 14 November." in page
    assert "Undo" in page
    assert figures(acme).free == 4
    with scope(acme.account):
        assert EntryNote.objects.get().text == "Went well."
        assert not EntryNote.objects.get().for_customer


def test_asked_by_htmx_answers_with_the_dialog_alone_and_then_redirects_the_page(assistant, five, acme):
    form = assistant.htmx(assistant.at("consume"))
    assert "<html" not in form.content.decode()
    assert "hx-post" in form.content.decode()
    answer = assistant.htmx(assistant.at("consume"), sent(acme))
    assert answer.status_code == 200
    assert answer["HX-Redirect"].startswith(assistant.page() + "?done=")


def test_sent_twice_is_used_once(assistant, five, acme):
    once = sent(acme, key=str(uuid4()))
    first, second = (assistant.post(assistant.at("consume"), once) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert "1 session used. 4 left." in assistant.confirmed(second)
    assert figures(acme).used == 1


def test_sent_again_with_other_values_is_refused(assistant, five, acme):
    key = str(uuid4())
    assistant.post(assistant.at("consume"), sent(acme, key=key))
    with nothing_moved():
        answer = assistant.post(assistant.at("consume"), sent(acme, key=key, amount="2"))
    assert answer.status_code == 409
    assert "already sent with other values" in text(answer)


@pytest.mark.parametrize("amount", ["0", "-1", "1e30", "2.5", "two", "", "1000001", "9" * 5000, "NaN", "1_0", "٣"])
def test_no_such_amount(assistant, five, acme, amount):
    with nothing_moved():
        answer = assistant.post(assistant.at("consume"), sent(acme, amount=amount, note="Kept <b>"))
    assert answer.status_code == 422
    assert "Enter a whole number from 1 to 1,000,000." in text(answer)
    assert "Kept &lt;b&gt;" in answer.content.decode()
    assert f'value="{amount}"' in answer.content.decode() or not amount


def test_the_key_stays_when_the_form_comes_back(assistant, five, acme):
    key = str(uuid4())
    answer = assistant.post(assistant.at("consume"), sent(acme, key=key, amount="9"))
    assert f'name="key" value="{key}"' in answer.content.decode()


def test_too_few_says_how_many_and_offers_issue(admin, assistant, five, acme):
    with nothing_moved():
        answer = admin.post(admin.at("consume"), sent(acme, amount="7"))
    assert answer.status_code == 409
    assert "Ann Lee has 5 sessions, and 7 were asked for. Nothing has been used." in text(answer)
    assert f"{admin.at('issue')}?type={acme.session.public_id}&amp;amount=2" in answer.content.decode()
    assert "Ask an admin" not in text(answer)
    answer = assistant.post(assistant.at("consume"), sent(acme, amount="7"))
    said = "Ann Lee has 5 sessions, and 7 were asked for. Nothing has been used. Ask an admin to issue more."
    assert said in text(answer)
    shown = text(assistant.get(assistant.at("consume/payers"), data=sent(acme, amount="7")))
    assert "Ann Lee has 5 sessions, and 7 were asked for. Ask an admin to issue more." in shown
    assert assistant.at("issue") not in answer.content.decode()
    admin.client.post(f"/a/acme/content/credits/{acme.session.public_id}/archive")
    assert "Ask an admin" not in text(assistant.post(assistant.at("consume"), sent(acme, amount="7")))


def test_none_at_all(assistant, acme):
    assert acme.contact
    assert acme.session
    with nothing_moved():
        answer = assistant.post(assistant.at("consume"), sent(acme))
    assert answer.status_code == 409
    assert "Ann Lee has no sessions, and 1 was asked for." in text(answer)


@pytest.mark.parametrize(
    ("day", "status", "words"),
    [
        ("2026-11-15", 409, "The date of service can't be in the future. Choose today or an earlier day."),
        ("2026-08-15", 409, "The date of service can be at most 90 days back."),
        ("9999-12-31", 409, "The date of service can't be in the future."),
        ("14/11/2026", 422, "Enter a day as year-month-day"),
        ("", 422, "Enter a day as year-month-day"),
        ("2026-02-30", 422, "Enter a day as year-month-day"),
    ],
)
def test_day_refused(assistant, five, acme, day, status, words):
    with nothing_moved():
        answer = assistant.post(assistant.at("consume"), sent(acme, service_date=day))
    assert answer.status_code == status
    assert words in text(answer)


def test_ninety_days_back_takes_what_was_good_then(assistant, acme, at):
    at(NOON - timedelta(days=89))
    factories.issue(acme, 2, expiry="2026-08-31")
    at(NOON)
    factories.issue(acme, 3)
    shown = text(assistant.get(assistant.at("consume/payers"), data=sent(acme, service_date="2026-08-17", amount="3")))
    assert "2 from the 2 issued on 17 August expired since, restored for this" in shown
    assert "1 from the 3 issued on 14 November never expires" in shown
    page = assistant.confirmed(
        assistant.post(assistant.at("consume"), sent(acme, service_date="2026-08-17", amount="3"))
    )
    assert "3 sessions used. 2 left." in page


def test_an_archived_type_can_still_be_used(admin, assistant, five, acme):
    admin.client.post(f"/a/acme/content/credits/{acme.session.public_id}/archive")
    assert "1 session used. 4 left." in assistant.confirmed(assistant.post(assistant.at("consume"), sent(acme)))


@pytest.mark.parametrize("type_", ["", "nonsense", "0"])
def test_no_type(assistant, five, acme, type_):
    with nothing_moved():
        answer = assistant.post(assistant.at("consume"), sent(acme, credit_type=type_))
    assert answer.status_code == 422
    assert "Choose a credit type." in text(answer)


def test_a_note_too_long_or_unfit_comes_back(assistant, five, acme):
    with nothing_moved():
        answer = assistant.post(assistant.at("consume"), sent(acme, note="x" * 1001))
        assert answer.status_code == 422
        assert "The note can be at most 1,000 characters long; this has 1,001." in text(answer)
        assert "x" * 1001 in answer.content.decode()
        answer = assistant.post(assistant.at("consume"), sent(acme, note="a\x00b"))
        assert answer.status_code == 422


def test_without_its_key_the_form_comes_back_with_one(assistant, five, acme):
    with nothing_moved():
        answer = assistant.client.post(assistant.at("consume"), sent(acme))
    assert answer.status_code == 422
    assert "This form came without its number" in text(answer)
    assert 'name="key" value="' in answer.content.decode()


def test_without_a_script_changed_values_are_previewed_before_they_count(assistant, five, acme):
    form = assistant.get(assistant.at("consume")).content.decode()
    seen = f"{acme.session.public_id}/1/{TODAY}"
    assert f'name="seen" value="{seen}"' in form
    with nothing_moved():
        answer = assistant.post(assistant.at("consume"), sent(acme, amount="2", seen=seen))
        assert answer.status_code == 200
        assert "Nothing has been used yet." in text(answer)
        assert "2 from the 5 issued on 14 November" in text(answer)
        assert assistant.post(assistant.at("consume"), sent(acme, preview="1")).status_code == 200
    seen = seen.replace("/1/", "/2/")
    assert "2 sessions used. 3 left." in assistant.confirmed(
        assistant.post(assistant.at("consume"), sent(acme, amount="2", seen=seen))
    )


def test_two_types_with_free_credits_are_a_choice(assistant, five, acme):
    other = factories.credit_type(acme, "massage")
    factories.issue(acme, 1, of=other)
    assert " selected" not in assistant.get(assistant.at("consume")).content.decode().split("Choose a type")[1]
    chosen = assistant.get(assistant.at(f"consume?type={other.public_id}")).content.decode()
    assert f'value="{other.public_id}" selected' in chosen


@pytest.mark.parametrize("where", ["contact", "type"])
def test_another_accounts_are_not_here(assistant, five, acme, abroad, where):
    ours, theirs = assistant.at("consume"), assistant.at("consume", abroad.contact)
    with nothing_moved():
        if where == "contact":
            assert assistant.get(theirs).status_code == 404
            assert assistant.post(theirs, sent(acme)).status_code == 404
            assert assistant.get(assistant.at("consume/payers", abroad.contact)).status_code == 404
        else:
            assert assistant.get(ours + f"?type={abroad.session.public_id}").status_code == 404
            assert assistant.post(ours, sent(abroad)).status_code == 404
            assert assistant.get(assistant.at("consume/payers"), data=sent(abroad)).status_code == 404
        assert assistant.post(ours.replace("/a/acme/", "/a/zen/"), sent(acme)).status_code == 404


def test_one_key_in_two_accounts_is_two_uses(assistant, five, acme, abroad):
    key = uuid4()
    factories.consume(abroad, 1, key=key)
    assert "1 session used. 4 left." in assistant.confirmed(
        assistant.post(assistant.at("consume"), sent(acme, key=str(key)))
    )


def test_extra_fields_change_nothing(assistant, five, acme):
    smuggled = sent(acme, balance="1000", account="2", account_id="2", actor_id="1", kind="issue", contact="1")
    assistant.confirmed(assistant.post(assistant.at("consume"), smuggled))
    assert figures(acme).free == 4
    with scope(acme.account):
        assert Entry.objects.get(kind="consume").actor_id == acme.assistant.pk


def test_only_with_the_token(five, acme, assistant):
    assistant.client.handler.enforce_csrf_checks = True
    with nothing_moved():
        assert assistant.post(assistant.at("consume"), sent(acme)).status_code == 403


def test_costs_the_same_for_many_lots_and_types(assistant, five, acme):
    url = assistant.at(f"consume?type={acme.session.public_id}")
    assistant.get(url)
    with counted() as few:
        assistant.get(url)
    for number in range(50):
        factories.issue(acme, 1)
        factories.issue(acme, 1, of=factories.credit_type(acme, f"kind {number}"))
    with counted() as many:
        assistant.get(url)
    assert_same_cost(few, many)
    assert sum('SUM(U0."remaining")' in sql for sql in many) == 1, "what is free is asked for once"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"service_date": "2026-12-24"}, "can't be in the future"),
        ({"service_date": "2025-01-01"}, "at most 90 days back"),
        ({"amount": "9"}, "and 9 were asked for"),
    ],
    ids=["future", "far back", "short"],
)
def test_a_preview_says_what_would_be_refused(assistant, five, acme, wrong, words):
    with nothing_moved():
        answer = assistant.post(assistant.at("consume"), sent(acme, **{"preview": "1", **wrong}))
    assert answer.status_code == 409
    assert words in text(answer)
    assert "Nothing has been used yet" not in text(answer)


def test_a_dialog_has_one_button_that_enter_presses(assistant, five):
    """htmx makes live elements of what stands in a noscript, and the first submit button is the form's default."""
    assert b'name="preview"' in assistant.get(assistant.at("consume")).content
    assert b'name="preview"' not in assistant.get(assistant.at("consume"), headers={"HX-Request": "true"}).content
