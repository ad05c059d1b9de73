"""The settings of each action, as staff choose and type them."""

import uuid

import pytest
from django.template.loader import render_to_string

from automations.actions import ACTIONS
from automations.forms.actions import FORMS
from automations.models import Endpoint, Of
from automations.queries.choices import endpoints
from contacts import directory
from contacts.errors import TooMany
from contacts.models import Tag
from credits import services
from tests import factories
from tests.automations.flows import flow, tag
from tests.factories import inside

pytestmark = pytest.mark.django_db


def sent(world, kind, data=None, *, of=Of.AUTOMATION, settings=None, prefix=None):
    """The form of an action with this sent, or as it is first shown; use it inside the world."""
    return FORMS[kind](data, account=world.account, settings=settings, of=of, prefix=prefix)


def kept(world, kind, data, **more):
    with inside(world):
        form = sent(world, kind, data, **more)
        assert form.is_valid(), form.errors
        return form.settings()


def refused(world, kind, data, **more):
    """What the form says of each field it refuses."""
    with inside(world):
        form = sent(world, kind, data, **more)
        assert not form.is_valid()
        return {field: [str(one) for one in said] for field, said in form.errors.items()}


def shown(world, kind, **more):
    """Each field's name and what it holds at first."""
    with inside(world):
        form = sent(world, kind, **more)
        return {field.name: field.value() for field in form.visible_fields()}


def endpoint(world, name="Booking tool"):
    with inside(world):
        made = Endpoint.objects.create(account=world.account, name=name, url="https://x.example/", secret="s")
        made.refresh_from_db(fields=["public_id"])
        return made


def test_every_action_has_a_form():
    assert list(FORMS) == list(ACTIONS)


USE = {"amount": "2", "short": "stop"}


def test_consume(acme):
    kind = acme.session
    assert list(shown(acme, "consume")) == ["credit_type", "amount", "short"]
    data = {**USE, "credit_type": str(kind.public_id)}
    assert kept(acme, "consume", data) == {"credit_type": kind.pk, "amount": 2, "short": "stop"}
    assert kept(acme, "consume", {**data, "short": "branch"})["short"] == "branch"
    again = shown(acme, "consume", settings={"credit_type": kind.pk, "amount": 3, "short": "skip"})
    assert (again["amount"], again["short"]) == (3, "skip")
    with inside(acme):
        assert f'value="{kind.public_id}" selected' in str(
            sent(acme, "consume", settings={"credit_type": kind.pk, "amount": 3, "short": "skip"})["credit_type"]
        )


def test_a_trigger_has_no_other_branch(acme):
    data = {**USE, "credit_type": str(acme.session.public_id), "short": "branch"}
    assert refused(acme, "consume", data, of=Of.TRIGGER) == {"short": ["Choose what happens."]}
    assert "Stop and ask for attention" in str_of(acme, "consume", of=Of.TRIGGER)
    assert "Take the other branch" not in str_of(acme, "consume", of=Of.TRIGGER)
    assert "Take the other branch" in str_of(acme, "consume")


def str_of(world, kind, **more):
    with inside(world):
        return render_to_string("automations/_action_fields.html", {"form": sent(world, kind, **more)})


@pytest.mark.parametrize("amount", ["", "0", "-1", "1.5", "1000001", "two"])
@pytest.mark.parametrize("kind", ["consume", "issue"])
def test_an_amount_is_a_whole_number(acme, kind, amount):
    data = {**USE, "credit_type": str(acme.session.public_id), "good_for": "type", "amount": amount}
    assert refused(acme, kind, data) == {"amount": ["Enter a whole number from 1 to 1,000,000."]}


@pytest.mark.parametrize("kind", ["consume", "issue"])
@pytest.mark.parametrize("whose", ["zen", "nobody", "number", "archived"])
def test_only_types_in_use_of_this_account(acme, zen, kind, whose):
    factories.credit_type(acme, "class")
    old = factories.credit_type(acme, "old")
    with inside(acme):
        services.archive_type(account=acme.account, credit_type=old, actor=acme.actor)
    chosen = {
        "zen": zen.session.public_id,
        "nobody": uuid.uuid4(),
        "number": acme.session.pk,
        "archived": old.public_id,
    }
    data = {**USE, "good_for": "type", "credit_type": str(chosen[whose])}
    assert refused(acme, kind, data) == {"credit_type": ["Choose a credit type."]}


def test_a_step_that_uses_an_archived_type_keeps_it(acme):
    with inside(acme):
        services.archive_type(account=acme.account, credit_type=acme.session, actor=acme.actor)
    before = {"credit_type": acme.session.pk, "amount": 1, "short": "stop"}
    assert "Session (archived)" in str_of(acme, "consume", settings=before)
    data = {**USE, "credit_type": str(acme.session.public_id)}
    assert kept(acme, "consume", data, settings=before)["credit_type"] == acme.session.pk
    assert "archived" not in str_of(acme, "issue", settings=before)


@pytest.mark.parametrize(
    ("typed", "expiry"),
    [
        ({"good_for": "type", "span": "x"}, ""),
        ({"good_for": "never"}, "never"),
        ({"good_for": "span", "span": "3", "span_unit": "months"}, "3 months"),
    ],
)
def test_issue(acme, typed, expiry):
    data = {"credit_type": str(acme.session.public_id), "amount": "5", **typed}
    settings = kept(acme, "issue", data)
    assert settings == {"credit_type": acme.session.pk, "amount": 5, "expiry": expiry}
    again = shown(acme, "issue", settings=settings)
    assert list(again) == ["credit_type", "amount", "good_for", "span", "span_unit"]
    assert again["good_for"] == typed["good_for"]


def test_a_time_is_needed_where_a_time_is_chosen(acme):
    data = {"credit_type": str(acme.session.public_id), "amount": "5", "good_for": "span", "span_unit": "months"}
    assert refused(acme, "issue", data) == {"span": ["Enter a whole number from 1 to 1,000."]}


def test_a_tag_is_one_there_is_or_a_new_one(acme, zen):
    vip, theirs = tag(acme), tag(zen, "Theirs")
    assert kept(acme, "tag", {"tag": " vip "}) == {"tag": vip.pk}
    new = kept(acme, "tag", {"tag": "Regular"})
    with inside(acme):
        assert Tag.objects.get(pk=new["tag"]).name == "Regular"
        assert Tag.objects.count() == 2
    assert kept(acme, "tag", {"tag": "Theirs"})["tag"] != theirs.pk
    assert shown(acme, "tag", settings=new) == {"tag": "Regular"}
    page = str_of(acme, "tag", settings=new, prefix="a")
    assert 'list="id_a-tag_suggestions"' in page
    assert '<datalist id="id_a-tag_suggestions">' in page
    assert '<option value="VIP">' in page
    assert refused(acme, "tag", {"tag": " "}) == {"tag": ["Enter a tag."]}
    assert "at most 60 characters" in refused(acme, "tag", {"tag": "x" * 61})["tag"][0]


def test_there_is_an_end_to_new_tags(acme, monkeypatch):
    monkeypatch.setattr(directory, "MOST_TAGS_OF_ACCOUNT", 1)
    tag(acme)
    with inside(acme):
        form = sent(acme, "tag", {"tag": "Regular"})
        assert form.is_valid()
        with pytest.raises(TooMany):
            form.settings()


def test_a_tag_to_remove_is_one_there_is(acme, zen):
    vip, theirs = tag(acme), tag(zen, "Theirs")
    with inside(acme):
        vip.refresh_from_db()
    with inside(zen):
        theirs.refresh_from_db()
    assert kept(acme, "untag", {"tag": str(vip.public_id)}) == {"tag": vip.pk}
    for unknown in (str(theirs.public_id), "VIP", str(vip.pk), ""):
        assert refused(acme, "untag", {"tag": unknown}) == {"tag": ["Choose a tag."]}


@pytest.mark.parametrize("kind", ["start", "stop_automation"])
def test_an_automation_is_one_of_this_account(acme, zen, kind):
    mine, theirs = flow(acme), flow(zen)
    trigger, gone = flow(acme, name="Bought", of=Of.TRIGGER), flow(acme, name="Gone")
    with inside(acme):
        gone.enabled, gone.deleted_at = False, gone.created_at
        gone.save()
    assert kept(acme, kind, {"flow": str(mine.public_id)}) == {"flow": mine.pk}
    for other in (theirs, trigger, gone):
        assert refused(acme, kind, {"flow": str(other.public_id)}) == {"flow": ["Choose an automation."]}


def test_an_address_is_one_of_this_account(acme, zen):
    mine, theirs = endpoint(acme), endpoint(zen)
    assert kept(acme, "webhook", {"endpoint": str(mine.public_id)}) == {"endpoint": mine.pk}
    for other in (str(theirs.public_id), ""):
        assert refused(acme, "webhook", {"endpoint": other}) == {"endpoint": ["Choose an address."]}


def test_without_anything_to_choose_it_says_where_to_add_it(acme):
    assert "Add one under Settings → Webhooks" in str_of(acme, "webhook")
    assert "Add one under Marketing → Automations" in str_of(acme, "start")
    with inside(acme):
        assert endpoints(acme.account) == []


def test_email(acme):
    data = {"subject": "Welcome {customer}", "text": "You have {credits}.\r\n\r\n{business}, {shop}"}
    assert kept(acme, "email", data) == {
        "subject": "Welcome {customer}",
        "text": "You have {credits}.\n\n{business}, {shop}",
    }
    assert set(refused(acme, "email", {"subject": "", "text": "{oops}"})) == {"subject", "text"}
    assert refused(acme, "email", {"subject": "", "text": ""}) == {
        "subject": ["Enter a subject."],
        "text": ["Write something first."],
    }
    assert "201" in refused(acme, "email", {**data, "subject": "x" * 201})["subject"][0]


@pytest.mark.parametrize("field", ["subject", "text"])
def test_an_email_has_no_other_placeholders(acme, field):
    data = {"subject": "Hi", "text": "Hello", field: "{password} {{ settings.SECRET_KEY }}"}
    there = "There are {customer}, {business}, {shop} and {credits}."
    assert refused(acme, "email", data) == {field: [f"{{password}} cannot stand in this {field}. {there}"]}


def test_a_subject_is_one_line(acme):
    data = {"subject": "Hi\r\nBcc: eve@x.example", "text": "Hello {{ x }} {% load y %} {a.b}"}
    assert kept(acme, "email", data) == {"subject": "Hi Bcc: eve@x.example", "text": "Hello {{ x }} {% load y %} {a.b}"}


def test_notify(acme):
    data = {"to": "admins", "text": "{customer} is short: {link}"}
    assert kept(acme, "notify", data) == data
    assert refused(acme, "notify", {"to": "eve@x.example", "text": "{credits}"}) == {
        "to": ["Choose whom to notify."],
        "text": ["{credits} cannot stand in this text. There are {customer}, {business} and {link}."],
    }


def test_a_sent_form_keeps_what_was_typed(acme):
    with inside(acme):
        form = sent(acme, "email", {"p-subject": "<b>", "p-text": "{oops}"}, prefix="p")
        assert not form.is_valid()
        page = render_to_string("automations/_action_fields.html", {"form": form})
    assert "&lt;b&gt;" in page
    assert "{oops}" in page
    assert page.count("cannot stand in this text") == 1
