"""Letting contacts enter: one by hand, from either side, and many at once."""

from uuid import uuid4

import pytest

from automations.models import Run, Start, State
from automations.services import starts
from contacts import services as contacts
from tests import factories
from tests.assertions import nothing_moved
from tests.factories import inside

from . import counter as desks
from .counter import told, words
from .flows import enter, flow, step, work

pytestmark = pytest.mark.django_db

WAIT = step("wait", **{"for": "while", "number": 2, "unit": "weeks"})


@pytest.fixture
def desk(acme, zen):
    return desks.at(acme)


def url(flow, rest=""):
    return f"automations/{flow.public_id}/{rest}"


def entered(world):
    with inside(world):
        return sorted(Run.objects.values_list("contact__name", flat=True))


def begun(world):
    with inside(world):
        return list(Start.objects.order_by("pk"))


def test_from_the_automation_one_is_searched_and_started(acme, desk):
    made = flow(acme, WAIT)
    factories.contact(acme, "Ann Marie")
    assert acme.contact.pk
    found = desk.get(url(made, "start?q=ann")).context["found"]
    assert [one["contact"].name for one in found] == ["Ann Lee", "Ann Marie"]
    assert "Ann Lee enters at the first step" in words(desk.get(found[0]["url"]))
    answer = desk.do(found[0]["url"])
    assert told(answer) == ["Ann Lee has entered “Welcome”."]
    assert entered(acme) == ["Ann Lee"]


def test_sent_twice_it_is_one_run(acme, desk):
    made, key = flow(acme, WAIT, several=True), str(uuid4())
    for _ in range(2):
        desk.do(url(made, f"start?contact={acme.contact.public_id}"), {"key": key})
    assert entered(acme) == ["Ann Lee"]
    desk.do(url(made, f"start?contact={acme.contact.public_id}"))
    assert entered(acme) == ["Ann Lee", "Ann Lee"]


def test_from_the_contact_page_the_automation_is_chosen(acme, zen, desk):
    made, off = flow(acme, WAIT), flow(acme, WAIT, name="Switched off")
    flow(zen, WAIT, name="Theirs")
    with inside(acme):
        off.enabled = False
        off.save(update_fields=["enabled"])
    page = desk.get(f"automations/start?contact={acme.contact.public_id}")
    assert [one["flow"].pk for one in page.context["found"]] == [made.pk]
    desk.do(page.context["found"][0]["url"])
    assert entered(acme) == ["Ann Lee"]


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"once": True}, "has been in “Welcome” before"),
        ({}, "is in “Welcome” already"),
    ],
)
def test_who_is_inside_or_has_been_is_refused(acme, desk, terms, says):
    made = flow(acme, WAIT, **terms)
    enter(acme, made)
    with nothing_moved():
        answer = desk.post(url(made, f"start?contact={acme.contact.public_id}"))
    assert answer.status_code == 409
    assert says in words(answer)


def test_what_is_switched_off_lets_nobody_in(acme, desk):
    made = flow(acme, WAIT)
    with inside(acme):
        made.enabled = False
        made.save(update_fields=["enabled"])
    for path, data in ((f"start?contact={acme.contact.public_id}", {}), ("start/many", {})):
        with nothing_moved():
            answer = desk.post(url(made, path), data)
        assert answer.status_code == 409
        assert "is switched off" in words(answer)


def test_a_form_without_its_key_is_sent_back(acme, desk):
    made = flow(acme, WAIT)
    for path in (f"start?contact={acme.contact.public_id}", "start/many"):
        with nothing_moved():
            assert desk.post(url(made, path), {"key": ""}).status_code == 422


def test_a_contact_of_another_account_cannot_enter(acme, zen, desk):
    made = flow(acme, WAIT)
    assert zen.contact.pk
    with nothing_moved():
        assert desk.post(url(made, f"start?contact={zen.contact.public_id}")).status_code == 404
    assert desk.get(f"automations/start?contact={zen.contact.public_id}").status_code == 404


def tagged(world, *names, tag="VIP"):
    for name in names:
        with inside(world):
            found = contacts.add_tag(account=world.account, contact=factories.contact(world, name), name=tag, actor=world.actor)  # fmt: skip
    with inside(world):
        found.refresh_from_db()
    return found


def test_many_are_started_by_conditions_after_seeing_how_many(acme, zen, desk):
    made = flow(acme, WAIT)
    vip = tagged(acme, "Vera", "Vic")
    tagged(zen, "Zoe")
    assert acme.contact.pk
    rows = {"if0-holds": "tag", "if0-tag": str(vip.public_id)}
    counted = words(desk.get(url(made, "start/many/count"), data=rows))
    assert "2 contacts match now: everybody who has the tag “VIP”." in counted
    with nothing_moved():
        assert "2 contacts match now" in words(desk.post(url(made, "start/many"), {**rows, "preview": "1"}))
    desk.do(url(made, "start/many"), rows)
    assert entered(acme) == []
    work()
    assert entered(acme) == ["Vera", "Vic"]
    assert entered(zen) == []


def test_without_conditions_everybody_is(acme, desk):
    made = flow(acme, WAIT)
    for name in ("A", "B", "C"):
        factories.contact(acme, name)
    assert "3 contacts match now: everybody." in words(desk.get(url(made, "start/many/count")))
    desk.do(url(made, "start/many"), {"if0-holds": ""})
    work()
    assert entered(acme) == ["A", "B", "C"]


def test_sent_twice_it_is_one_start(acme, desk):
    made, data = flow(acme, WAIT, several=True), {"key": str(uuid4())}
    assert acme.contact.pk
    for _ in range(2):
        desk.do(url(made, "start/many"), data)
    work()
    assert len(begun(acme)) == 1
    assert entered(acme) == ["Ann Lee"]


def test_a_condition_half_filled_in_is_sent_back(acme, desk):
    made = flow(acme, WAIT)
    with nothing_moved():
        answer = desk.post(url(made, "start/many"), {"if0-holds": "tag", "if0-tag": ""})
    assert answer.status_code == 422
    assert "Choose a tag." in words(answer)


def test_the_flow_view_shows_how_far_it_is_and_looks_again(acme, desk):
    made = flow(acme, WAIT)
    for at in range(3):
        factories.contact(acme, f"Person {at}")
    desk.do(url(made, "start/many"))
    [one] = begun(acme)
    with inside(acme):
        starts.go_on(account=acme.account, start_id=one.pk, limit=2)
    page = desk.get(url(made))
    assert "2 of 3 contacts looked at: 2 entered" in words(page)
    assert b'hx-trigger="every 2s"' in page.content
    work()
    page = desk.get(url(made))
    assert b"every 2s" not in page.content
    assert "everybody. 3 entered" in words(page)


def test_a_start_is_stopped_and_who_has_entered_stays(acme, desk):
    made = flow(acme, WAIT)
    for at in range(5):
        factories.contact(acme, f"Person {at}")
    desk.do(url(made, "start/many"))
    [one] = begun(acme)
    with inside(acme):
        starts.go_on(account=acme.account, start_id=one.pk, limit=2)
    for _ in range(2):
        desk.do(url(made, f"starts/{one.public_id}/stop"))
    work()
    assert entered(acme) == ["Person 0", "Person 1"]
    with inside(acme):
        assert set(Run.objects.values_list("state", flat=True)) == {State.ACTIVE}


def test_another_flows_or_accounts_start_is_not_here(acme, zen, desk):
    made, other = flow(acme, WAIT), flow(acme, WAIT, name="Other")
    desk.do(url(made, "start/many"))
    [one] = begun(acme)
    assert desk.post(url(other, f"starts/{one.public_id}/stop")).status_code == 404
    assert desks.at(zen).post(url(made, f"starts/{one.public_id}/stop")).status_code == 404
    assert begun(acme)[0].ended_at is None
