"""What automations and triggers did with credits is told by their names, to staff."""

import pytest
from django.test import Client

from automations.models import Of
from automations.queries.naming import flows_of
from contacts import queries as contacts
from credits import queries as credits
from tests.contacts.world import url as contact_url
from tests.credits.pages.conftest import assert_same_cost, counted, text
from tests.factories import inside
from tests.shop.world import customer

from .flows import enter, flow, fresh, step, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(acme, zen):
    """A browser in which acme's admin is signed in; zen is there to leak."""
    client = Client()
    client.force_login(acme.admin)
    return client


def went_through(world, *, of=Of.AUTOMATION, name="Welcome", several=False):
    """A run of a flow that issues five sessions and uses one; the use and the issue are in one flow."""
    kind = world.session.pk
    issue = step("issue", credit_type=kind, amount=5, expiry="never")
    use = step("consume", credit_type=kind, amount=1, short="stop")
    run = enter(world, flow(world, issue, use, name=name, of=of, several=several))
    work()
    return fresh(world, run)


def told(desk, world):
    return text(desk.get(contact_url(world, world.contact, "credits/activity")))


@pytest.mark.parametrize(("of", "said"), [(Of.AUTOMATION, "Automation: Welcome"), (Of.TRIGGER, "Trigger: Welcome")])
def test_staff_read_which_one_it_was(desk, acme, of, said):
    went_through(acme, of=of)
    page = told(desk, acme)
    assert "1 session used for Welcome on" in page
    assert "5 sessions issued with Welcome" in page
    assert said in page
    assert "Welcome (bought" not in page
    assert "from the 5 issued on" in page


def test_customers_do_not(acme):
    went_through(acme, name="Slow payers")
    browser = customer(acme)
    for path in ("credits/", "credits/activity/"):
        page = text(browser.get(f"/s/acme/account/{path}"))
        assert "1 session used" in page
        assert "Slow payers" not in page


def test_names_of_another_account_and_of_nothing_are_left_out(acme, zen):
    mine, theirs = went_through(acme), went_through(zen, name="Theirs")
    with inside(acme):
        found = flows_of(acme.account, [str(mine.public_id), str(theirs.public_id), "", "nonsense"])
    assert found == {str(mine.public_id): "Welcome"}


def test_no_letter_goes_out_by_itself(acme):
    """An email step tells of it, where the business wants one."""
    went_through(acme)
    with inside(acme):
        assert [one.kind for one in credits.activity(acme.account, acme.contact).lines] == ["consume", "issue"]
        assert contacts.letters(acme.account) == []


def test_one_and_several_cost_the_same(desk, acme):
    went_through(acme)
    told(desk, acme)
    with counted() as one:
        told(desk, acme)
    for number in range(4):
        went_through(acme, name=f"Welcome {number}")
    with counted() as five:
        told(desk, acme)
    assert_same_cost(one, five)
