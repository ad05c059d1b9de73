"""Test it: what would happen for a contact, without doing it."""

import pytest

from automations.models import Run
from contacts import services as contacts
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import nothing_moved
from tests.automations.flows import flow, tag, work
from tests.credits.pages.conftest import text
from tests.products import shop
from triggers.models import HookCall

from .conftest import at
from .world import consume, fresh, issue, trigger

pytestmark = pytest.mark.django_db


def tried(desk, made, contact):
    with nothing_moved():
        answer = desk.get(at(made, f"test?contact={contact.public_id}"))
    assert answer.status_code == 200
    with scope(desk.world.account):
        assert not Run.objects.exists()
        assert not HookCall.objects.exists()
    return text(answer)


def test_says_what_each_action_would_come_to(desk, acme):
    vip = tag(acme)
    other = flow(acme, name="Welcome")
    made = trigger(
        acme,
        "tag.removed",
        consume(acme, 2),
        issue(acme, 1),
        ("tag", {"tag": vip.pk}),
        ("start", {"flow": other.pk}),
        ("email", {"subject": "Hello {customer}", "text": "Hi"}),
        ("notify", {"to": "owner", "text": "Look"}),
    )
    ann = factories.contact(acme, "Ann Lee", email="ann@example.com")
    factories.issue(acme, 5, to=ann)
    work()
    before = fresh(acme, made).flow.started
    with nothing_moved():
        page = text(desk.get(at(made, f"test?contact={ann.public_id}")))
    assert "For Ann Lee. As if any tag is removed." in page
    assert "Would use 2 sessions: 3 of 5 would be left." in page
    assert "Would be tagged “VIP”." in page
    assert "Would email ann@example.com" in page
    assert "Nothing was done." in page
    assert fresh(acme, made).flow.started == before


def test_says_which_conditions_hold(desk, acme):
    vip = tag(acme)
    only_if = [
        {"kind": "credits", "credit_type": acme.session.pk, "least": 1, "is": True},
        {"kind": "tag", "tag": vip.pk, "is": True},
    ]
    made = trigger(acme, "tag.removed", only_if=only_if)
    factories.issue(acme, 1)
    page = tried(desk, made, acme.contact)
    assert "Ann Lee has at least 1 session: holds" in page
    assert "Ann Lee has the tag “VIP”: does not hold" in page
    assert "It would not fire for Ann Lee." in page
    with scope(acme.account):
        contacts.add_tag(account=acme.account, contact=acme.contact, name="VIP", actor=acme.actor)
    assert "It would not fire" not in tried(desk, made, acme.contact)


def test_who_is_short(desk, acme):
    page = tried(desk, trigger(acme, "tag.added", consume(acme, 2)), acme.contact)
    assert "Has no sessions, needs 2: would stop and ask for attention." in page


def test_who_has_set_it_off_before_where_once_is_enough(desk, acme):
    made = trigger(acme, "tag.added", ("notify", {"to": "owner", "text": "Look"}), once=True)
    assert "Ann Lee has not set it off before: holds" in tried(desk, made, acme.contact)
    with scope(acme.account):
        contacts.add_tag(account=acme.account, contact=acme.contact, name="VIP", actor=acme.actor)
    work()
    page = text(desk.get(at(made, f"test?contact={acme.contact.public_id}")))
    assert "Ann Lee has set it off before: does not hold" in page


def test_a_contact_is_found_by_name_and_a_single_one_is_picked(desk, acme, zen):
    made = trigger(acme, "tag.added")
    factories.contact(acme, "Ann Berg")
    factories.contact(zen, "Ann Stranger")
    acme.contact  # noqa: B018  Ann Lee
    page = text(desk.get(at(made, "test?q=ann")))
    assert "Ann Berg" in page
    assert "Ann Lee" in page
    assert "Stranger" not in page
    assert "For Ann Lee" in text(desk.get(at(made, "test?q=lee")))
    assert "Nobody found." in text(desk.get(at(made, "test?q=zzz")))
    assert "For " not in text(desk.get(at(made, f"test?contact={zen.contact.public_id}")))


@pytest.mark.parametrize(
    ("occasion", "needs", "words"),
    [
        ("purchase.activated", ("product",), "As if “Pack” is bought."),
        ("purchase.ended", ("product",), "As if a purchase of “Pack” ends."),
        ("credits.low", ("credit_type", "n"), "As if: 1 session used, 2 left."),
        ("credits.used_up", ("credit_type",), "As if: 1 session used, none left."),
        ("credits.expiring", ("days",), "As if credits of any type expire in 7 days."),
        ("credits.expiring", ("days", "credit_type"), "As if: 3 sessions to expire within 7 days."),
        ("credits.expired", ("credit_type",), "As if: 1 session expired, 4 left."),
        ("automation.finished", (), "As if any automation is finished."),
        ("hook.received", (), "As if: its address was called."),
    ],
)
def test_with_sample_data_for_each_event(desk, acme, occasion, needs, words):
    there = {
        "product": shop.product(acme, "Pack").pk,
        "credit_type": acme.session.pk,
        "n": 2,
        "days": 7,
    }
    made = trigger(acme, occasion, **{name: there[name] for name in needs})
    assert words in tried(desk, made, acme.contact)
