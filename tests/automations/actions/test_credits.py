"""Consume credits, Issue credits: what comes of them for each contact of a chunk."""

import pytest

from automations.models import Of, Outcome
from credits import queries as credits
from credits import services
from credits.models import Entry
from simplero.outbox.models import Event
from tests import factories
from tests.assertions import figures, nothing_moved
from tests.credits.pages.conftest import assert_same_cost
from tests.factories import inside

from .turns import cost, foresee, many, perform, said, turns

pytestmark = [pytest.mark.django_db, pytest.mark.steps_alone]


def use(world, amount=2, short="stop", **more):
    return {"credit_type": world.session.pk, "amount": amount, "short": short, **more}


def gift(world, amount=5, expiry="", **more):
    return {"credit_type": world.session.pk, "amount": amount, "expiry": expiry, **more}


def free(world, contact):
    return figures(world, to=contact).free


def test_each_uses_and_is_told_apart(acme, zen):
    ann, ben = acme.contact, factories.contact(acme, "Ben")
    factories.issue(acme, 5, to=ann)
    factories.issue(acme, 2, to=ben)
    factories.issue(zen, 9)
    come = turns(acme, ann, ben)
    done = perform(acme, "consume", come, **use(acme))
    kind = acme.session.pk
    assert [(one.outcome, one.detail, one.entry) for one in done] == [
        (Outcome.DONE, {"credit_type": kind, "amount": 2, "left": 3}, come[0].key),
        (Outcome.DONE, {"credit_type": kind, "amount": 2, "left": 0}, come[1].key),
    ]
    assert (free(acme, ann), free(acme, ben), free(zen, zen.contact)) == (3, 0, 9)
    with inside(acme):
        entry = Entry.objects.get(key=come[0].key)
        assert (entry.source, entry.source_id, entry.actor_kind) == ("automation", str(come[0].run.public_id), "system")
        told = Event.objects.get(kind="credits.consumed", body__entry=str(come[0].key))
        assert (told.contact_id, told.cause_id, told.depth) == (ann.pk, 41, 2)


@pytest.mark.parametrize("kind", ["consume", "issue"])
def test_done_again_under_its_key_it_is_done_once(acme, kind):
    factories.issue(acme, 5)
    come, settings = turns(acme, acme.contact, of=Of.TRIGGER), use(acme) if kind == "consume" else gift(acme)
    [first] = perform(acme, kind, come, **settings)
    left = free(acme, acme.contact)
    with nothing_moved():
        [again] = perform(acme, kind, come, **settings)
    assert (again.outcome, again.entry) == (first.outcome, first.entry) == (Outcome.DONE, come[0].key)
    assert free(acme, acme.contact) == left
    with inside(acme):
        assert Entry.objects.get(key=come[0].key).source == "trigger"


@pytest.mark.parametrize(
    ("short", "outcome", "reason"),
    [("stop", Outcome.REFUSED, "short"), ("skip", Outcome.SKIPPED, ""), ("branch", Outcome.BRANCHED, "")],
)
def test_who_is_short_is_dealt_with_as_the_step_says(acme, short, outcome, reason):
    ann, ben, never = acme.contact, factories.contact(acme, "Ben"), factories.contact(acme, "Cleo")
    factories.issue(acme, 2, to=ann)
    factories.issue(acme, 1, to=ben)
    done = perform(acme, "consume", turns(acme, ann, ben, never), **use(acme, short=short))
    assert done[0].outcome == Outcome.DONE
    assert [(one.outcome, one.reason, one.detail["asked"], one.detail["free"], one.entry) for one in done[1:]] == [
        (outcome, reason, 2, 1, None),
        (outcome, reason, 2, 0, None),
    ]
    assert (free(acme, ann), free(acme, ben)) == (0, 1)


def test_after_credits_were_issued_the_same_turn_goes_through(acme):
    come = turns(acme, acme.contact)
    [refused] = perform(acme, "consume", come, **use(acme))
    factories.issue(acme, 2)
    [done] = perform(acme, "consume", come, **use(acme))
    assert (refused.outcome, done.outcome, free(acme, acme.contact)) == (Outcome.REFUSED, Outcome.DONE, 0)


def test_a_contact_twice_in_a_chunk_uses_twice(acme):
    factories.issue(acme, 3)
    done = perform(acme, "consume", turns(acme, acme.contact, acme.contact), **use(acme))
    assert [(one.outcome, one.detail.get("free")) for one in done] == [(Outcome.DONE, None), (Outcome.REFUSED, 1)]


def test_issued_credits_are_good_as_the_step_says(acme, at):
    come = turns(acme, acme.contact)
    [done] = perform(acme, "issue", come, **gift(acme, expiry="3 months"))
    assert (done.outcome, done.detail["left"], free(acme, acme.contact)) == (Outcome.DONE, 5, 5)
    with inside(acme):
        [section] = credits.section(acme.account, acme.contact)
    assert section.open_lots[0].last_good_day is not None
    perform(acme, "issue", turns(acme, acme.contact), **gift(acme, expiry="never"))
    with inside(acme):
        [section] = credits.section(acme.account, acme.contact)
    assert [lot.last_good_day is None for lot in section.open_lots] == [False, True]


def test_of_an_archived_type_none_can_be_issued_but_used(acme):
    factories.issue(acme, 2)
    newcomer = factories.contact(acme, "Ben")
    with inside(acme):
        services.archive_type(account=acme.account, credit_type=acme.session, actor=acme.actor)
    come = turns(acme, acme.contact, newcomer)
    with nothing_moved():
        done = perform(acme, "issue", come, **gift(acme))
    assert [(one.outcome, one.reason, one.detail["credit_type"]) for one in done] == [
        (Outcome.REFUSED, "archived", acme.session.pk)
    ] * 2
    [used] = perform(acme, "consume", turns(acme, acme.contact), **use(acme))
    assert used.outcome == Outcome.DONE
    assert foresee(acme, "issue", **gift(acme)) == ("“session” is archived: would stop and ask for attention.", "warn")


@pytest.mark.parametrize("kind", ["consume", "issue"])
def test_a_type_of_another_account_is_none(acme, zen, kind):
    settings = use(zen) if kind == "consume" else gift(zen)
    come = turns(acme, acme.contact)
    with nothing_moved():
        [done] = perform(acme, kind, come, **settings)
    assert (done.outcome, done.reason, done.detail) == (
        Outcome.REFUSED,
        "gone",
        {"what": "type", "credit_type": zen.session.pk},
    )
    assert foresee(acme, kind, **settings)[1] == "bad"


@pytest.mark.parametrize("kind", ["consume", "issue"])
def test_sixty_cost_what_one_costs(acme, kind):
    settings = use(acme, 1) if kind == "consume" else gift(acme)
    one, people = cost(acme, kind, many(acme, 1), **settings), many(acme, 60)
    if kind == "consume":
        for person in people[:100]:
            factories.issue(acme, 3, to=person)
    assert_same_cost(one, cost(acme, kind, people, **settings))


def test_in_words(acme):
    assert said(acme, "consume", **use(acme, 1)) == "Consume 1 session"
    assert said(acme, "consume", **use(acme, 2)) == "Consume 2 sessions"
    assert said(acme, "issue", **gift(acme)) == "Issue 5 sessions"
    assert said(acme, "issue", **gift(acme, expiry="3 months")) == "Issue 5 sessions, good for 3 months"
    assert said(acme, "issue", **gift(acme, 1, expiry="1 months")) == "Issue 1 session, good for 1 month"
    assert said(acme, "issue", **gift(acme, expiry="never")) == "Issue 5 sessions, never expiring"


def test_what_would_happen_is_said_and_not_done(acme):
    assert foresee(acme, "consume", **use(acme, 1)) == (
        "Has no sessions, needs 1: would stop and ask for attention.",
        "warn",
    )
    factories.issue(acme, 4)
    with nothing_moved():
        assert foresee(acme, "consume", **use(acme, 1)) == ("Would use 1 session: 3 of 4 would be left.", "good")
        assert foresee(acme, "consume", **use(acme, 4)) == ("Would use 4 sessions: none would be left.", "good")
        assert foresee(acme, "consume", **use(acme, 5, short="skip")) == (
            "Has 4 sessions, needs 5: would skip this.",
            "",
        )
        assert foresee(acme, "consume", **use(acme, 5, short="branch"))[0].endswith("would take the other branch.")
        assert foresee(acme, "issue", **gift(acme)) == ("Would issue 5 sessions: there would be 9.", "good")
