"""Send an email, Call a webhook, Notify staff: written with the step, sent after it."""

import pytest

from automations.actions import notify
from automations.models import Call, Endpoint, Of, Outcome
from contacts import queries as contacts
from contacts.models import Letter
from simplero.mail.models import Message
from simplero.tenancy.models import Membership, User
from tests import factories
from tests.assertions import nothing_moved
from tests.automations.flows import enter, flow, step, work
from tests.contacts.world import url as contact_url
from tests.credits.pages.conftest import assert_same_cost, text
from tests.factories import inside

from .turns import cost, foresee, many, perform, said, turns

pytestmark = pytest.mark.django_db

HELLO = {"subject": "Welcome {customer}", "text": "You have {credits} with {business}."}


@pytest.fixture
def ann(acme, zen):
    factories.contact(zen, "Ann Lee", email="ann@x.example")
    return factories.contact(acme, "Ann Lee", email="ann@x.example")


def mails():
    return [(mail.to, mail.subject, mail.text) for mail in Message.objects.order_by("pk")]


def endpoint(world, name="Booking tool"):
    with inside(world):
        return Endpoint.objects.create(account=world.account, name=name, url="https://x.example/", secret="s")


def test_each_is_written_what_they_have(acme, ann):
    ben = factories.contact(acme, "Ben", email="ben@x.example")
    factories.issue(acme, 3, to=ann)
    factories.issue(acme, 1, to=ann, of=factories.credit_type(acme, "workshop"))
    come = turns(acme, ann, ben, of=Of.TRIGGER)
    done = perform(acme, "email", come, **HELLO)
    assert [to for to, *_ in mails()] == [["ann@x.example"], ["ben@x.example"]]
    assert [text for *_, text in mails()] == [
        "You have 3 sessions and 1 workshop with Acme.",
        "You have no credits with Acme.",
    ]
    assert mails()[0][1] == "Welcome Ann Lee"
    with inside(acme):
        [letter] = contacts.letters(acme.account, contact=ann)
        assert (letter.kind, letter.source, letter.source_id) == (
            "Email of an automation",
            "trigger",
            str(come[0].run.public_id),
        )
        assert done[0].outcome == Outcome.DONE
        assert done[0].detail == {"letter": str(letter.public_id)}


def test_done_again_it_is_sent_once(acme, ann):
    come = turns(acme, ann)
    [first] = perform(acme, "email", come, **HELLO)
    with nothing_moved():
        assert perform(acme, "email", come, **{**HELLO, "subject": "Other"}) == [first]
    assert len(mails()) == 1


def test_without_an_address_it_is_skipped_and_kept(acme):
    [done] = perform(acme, "email", turns(acme, acme.contact), **HELLO)
    assert (done.outcome, done.detail) == (Outcome.SKIPPED, {"reason": "no_email"})
    assert mails() == []
    with inside(acme):
        assert [one.state for one in contacts.letters(acme.account)] == ["Not sent: no email address"]
    assert foresee(acme, "email", **HELLO) == ("Has no email address: would skip this.", "warn")


def test_what_is_no_placeholder_stays_text(acme):
    eve = factories.contact(acme, "{{ settings.SECRET_KEY }} {shop}", email="eve@x.example")
    words = {"subject": "{customer} {% load x %}", "text": "{{ settings.SECRET_KEY }} {x.y} {% now 'Y' %}\n{customer}"}
    perform(acme, "email", turns(acme, eve), **words)
    [(_, subject, said_)] = mails()
    assert subject == "{{ settings.SECRET_KEY }} {shop} {% load x %}"
    assert said_ == "{{ settings.SECRET_KEY }} {x.y} {% now 'Y' %}\n{{ settings.SECRET_KEY }} {shop}"


def test_staff_read_it_among_the_contacts_mails(client, acme, ann):
    enter(acme, flow(acme, step("email", **HELLO)), ann)
    work()
    client.force_login(acme.admin)
    page = text(client.get(contact_url(acme, ann, "mails")))
    assert "Welcome Ann Lee" in page
    assert "Email of an automation" in page
    with inside(acme):
        letter = Letter.objects.get()
    assert "You have no credits with Acme." in text(client.get(contact_url(acme, ann, f"mails/{letter.public_id}")))
    assert "Email of an automation" not in text(client.get(f"/a/{acme.slug}/settings/mails/"))


def test_what_an_email_would_say(acme, ann):
    assert said(acme, "email", **HELLO) == "Email “Welcome {customer}”"
    with nothing_moved():
        assert foresee(acme, "email", ann, subject="{customer}: {credits}", text="x") == (
            "Would email ann@x.example: “Ann Lee: no credits”.",
            "good",
        )
    assert mails() == []


def test_a_call_is_written_down_once(acme, zen, ann):
    tool, come = endpoint(acme), turns(acme, ann)
    for _ in range(2):
        [done] = perform(acme, "webhook", come, endpoint=tool.pk)
        assert (done.outcome, done.detail) == (Outcome.DONE, {"endpoint": tool.pk, "call": str(come[0].key)})
    with inside(acme):
        [call] = Call.objects.all()
        assert (call.key, call.contact_id, call.run_id, call.state) == (come[0].key, ann.pk, come[0].run.pk, "waiting")
    with inside(zen):
        assert not Call.objects.exists()


@pytest.mark.parametrize("how", ["zen", "deleted"])
def test_an_address_that_is_gone_is_not_called(acme, zen, ann, how):
    tool = endpoint(zen if how == "zen" else acme)
    if how == "deleted":
        with inside(acme):
            Endpoint.objects.update(deleted_at=tool.created_at or "2026-01-01T00:00:00Z")
    come = turns(acme, ann)
    with nothing_moved():
        [done] = perform(acme, "webhook", come, endpoint=tool.pk)
    assert (done.outcome, done.reason, done.detail) == (
        Outcome.REFUSED,
        "gone",
        {"what": "endpoint", "endpoint": tool.pk},
    )
    assert foresee(acme, "webhook", ann, endpoint=tool.pk)[1] == "bad"


def test_what_a_call_would_be(acme, ann):
    tool = endpoint(acme)
    assert said(acme, "webhook", endpoint=tool.pk) == "Call “Booking tool”"
    assert foresee(acme, "webhook", ann, endpoint=tool.pk) == ("Would call “Booking tool”.", "good")


@pytest.mark.parametrize(
    ("to", "whom"),
    [
        ("owner", ["owner@acme.example"]),
        ("admins", ["owner@acme.example", "admin@acme.example"]),
        ("everybody", ["owner@acme.example", "admin@acme.example", "assistant@acme.example"]),
    ],
)
def test_staff_are_told_with_a_link(acme, zen, ann, settings, to, whom):
    settings.SITE_URL = "https://credits.example"
    [done] = perform(acme, "notify", turns(acme, ann), to=to, text="{customer} is short at {business}: {link}")
    assert (done.outcome, done.detail) == (Outcome.DONE, {"people": len(whom)})
    link = f"https://credits.example/a/acme/contacts/{ann.public_id}/"
    assert mails() == [([one], "Welcome: Ann Lee", f"Ann Lee is short at Acme: {link}") for one in whom]


def test_the_link_is_there_anyway_and_names_stay_text(acme):
    eve = factories.contact(acme, "{business} {{ x }}")
    perform(acme, "notify", turns(acme, eve, name="{customer}\tFlow"), to="owner", text="Look.")
    [(_, subject, said_)] = mails()
    assert subject == "{customer} Flow: {business} {{ x }}"
    assert said_.startswith("Look.\n\nhttp")


def test_who_may_not_sign_in_is_not_told(acme, ann):
    User.objects.filter(pk=acme.owner.pk).update(is_active=False)
    [done] = perform(acme, "notify", turns(acme, ann), to="owner", text="Look.")
    assert (done.outcome, done.detail, mails()) == (Outcome.NOTHING, {"people": 0}, [])
    Membership.objects.filter(account=acme.account).delete()
    assert foresee(acme, "notify", ann, to="everybody", text="Look.") == ("There is nobody to notify.", "warn")


def test_a_large_start_is_a_list_not_a_flood(acme, monkeypatch):
    monkeypatch.setattr(notify, "APART", 2)
    monkeypatch.setattr(notify, "LISTED", 3)
    people = many(acme, 7)
    done = perform(acme, "notify", turns(acme, *people), to="owner", text="Look at {customer}.")
    assert [one.outcome for one in done] == [Outcome.DONE] * 7
    assert [subject for _, subject, _ in mails()] == ["Welcome: Person 0", "Welcome: Person 1", "Welcome: 5 more"]
    listed = mails()[-1][2]
    assert "5 more contacts came to this step of “Welcome” at the same time:" in listed
    assert [f"Person {n}:" in listed for n in range(7)] == [False, False, True, True, True, False, False]
    assert listed.endswith("and 2 more")


def test_what_a_notice_would_be(acme, ann):
    assert said(acme, "notify", to="admins", text="x") == "Notify the admins"
    assert foresee(acme, "notify", ann, to="owner", text="x") == ("Would mail owner@acme.example.", "good")


@pytest.mark.parametrize("kind", ["email", "webhook", "notify"])
def test_sixty_cost_what_one_costs(acme, kind):
    settings = {"email": HELLO, "webhook": {"endpoint": endpoint(acme).pk}, "notify": {"to": "owner", "text": "x"}}[
        kind
    ]
    one = cost(acme, kind, many(acme, 1, email=True), **settings)
    assert_same_cost(one, cost(acme, kind, many(acme, 60, email=True), **settings))
