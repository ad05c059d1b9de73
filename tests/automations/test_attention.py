"""Marketing → Attention: groups in sentences, and settling one or many of them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from automations.models import Of, State
from credits import services as credits
from simplero.tenancy.actors import Actor
from tests import factories
from tests.assertions import figures, nothing_moved
from tests.factories import inside

from . import counter as desks
from .counter import told, words
from .flows import enter, flow, fresh, step, work

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def uses(world, amount=2):
    return step("consume", credit_type=world.session.pk, amount=amount, short="stop")


def ref(world, run):
    now = fresh(world, run)
    return f"{now.public_id}.{now.visit}.{now.attempt}"


def state(world, *runs):
    return [fresh(world, run).state for run in runs]


@pytest.fixture
def desk(acme):
    return desks.at(acme)


@pytest.fixture
def three(acme, zen, at):
    """Three contacts are short of sessions for a trigger, of two each: Ann has one. So is somebody of Zen."""
    at(MONDAY)
    enter(zen, flow(zen, uses(zen), name="Theirs"))
    factories.issue(acme, 1)
    acme.delivered = flow(acme, uses(acme), name="Session delivered", of=Of.TRIGGER)
    people = [acme.contact, factories.contact(acme, "Ben Ito"), factories.contact(acme, "Cas Ode")]
    runs = [enter(acme, acme.delivered, contact) for contact in people]
    work()
    return runs


def test_says_who_is_short_of_what_for_which_trigger_since_when(acme, three, desk):
    said = words(desk.get("attention/"))
    assert "3 contacts are short of sessions for the trigger “Session delivered”" in said
    assert "Consume 2 sessions · since today, 10:30" in said
    assert "Ann Lee Today, 10:30 Needs 2 sessions and has 1." in said
    assert "Ben Ito Today, 10:30 Needs 2 sessions and has none." in said
    assert "Theirs" not in said


def test_one_alone_is_called_by_name_and_ticked(acme, zen, desk):
    enter(acme, flow(acme, uses(acme)))
    work()
    page = desk.get("attention/")
    assert "Ann Lee is short of sessions for “Welcome”" in words(page)
    assert b"checked" in page.content


def test_groups_are_by_flow_step_and_reason_the_newest_first(acme, three, desk, at):
    at(MONDAY + timedelta(hours=1))
    other = flow(acme, step("tag", tag=99))
    enter(acme, other)
    work()
    page = desk.get("attention/")
    assert [one["sentence"] for one in page.context["groups"]] == [
        "Ann Lee is stuck in “Welcome”: something is gone",
        "3 contacts are short of sessions for the trigger “Session delivered”",
    ]
    assert "gone" in page.context["groups"][0]["rows"][0]["next"]


def test_is_narrowed_by_flow_and_by_reason(acme, three, desk):
    other = flow(acme, step("tag", tag=99))
    enter(acme, other)
    work()
    for query, left in (
        (f"flow={other.public_id}", "“Welcome”"),
        ("reason=short", "“Session delivered”"),
        (f"flow={acme.delivered.public_id}&reason=short", "“Session delivered”"),
    ):
        groups = desk.get(f"attention/?{query}").context["groups"]
        assert len(groups) == 1
        assert left in groups[0]["sentence"]
    assert "Nothing matches" in words(desk.get(f"attention/?flow={other.public_id}&reason=short"))


@pytest.mark.parametrize(
    "query", ["?reason=%00&step=x", "?flow={}&step=%00", "retry?all={}.%00.short.5", "stop?all={}.x.%00.5"]
)
def test_what_is_no_writing_in_an_address_is_left_out(acme, three, desk, query):
    answer = desk.get(f"attention/{query.format(acme.delivered.public_id)}")
    assert answer.status_code == 200
    if query.startswith("?"):
        assert len(answer.context["groups"]) == 1


def test_says_when_nothing_needs_attention(acme, zen, desk):
    enter(zen, flow(zen, uses(zen)))
    work()
    assert "Nothing needs attention" in words(desk.get("attention/"))


def test_what_a_deleted_trigger_left_undone_is_still_here(acme, three, desk):
    with inside(acme):
        acme.delivered.enabled, acme.delivered.deleted_at = False, MONDAY
        acme.delivered.save(update_fields=["enabled", "deleted_at"])
    assert "3 contacts are short of sessions for the trigger “Session delivered”" in words(desk.get("attention/"))
    desk.do("attention/skip", {"run": ref(acme, three[0]), "sure": "1"})
    assert state(acme, *three) == [State.ACTIVE, State.ATTENTION, State.ATTENTION]


def test_issue_and_retry_shows_what_is_missing_and_issues_exactly_that(acme, three, desk):
    data = {"run": [ref(acme, run) for run in three[:2]]}
    with nothing_moved():
        asked = words(desk.post("attention/issue", data))
    assert "1 session to Ann Lee" in asked
    assert "2 sessions to Ben Ito" in asked
    answer = desk.do("attention/issue", {**data, "sure": "1", "note": "Paid on site"})
    assert told(answer)[0].startswith("2 contacts have what was missing, and are on their way")
    assert figures(acme).free == 2
    work()
    assert state(acme, *three) == [State.FINISHED, State.FINISHED, State.ATTENTION]
    assert (figures(acme).issued, figures(acme).free) == (2, 0)


def test_sent_twice_it_issues_once(acme, three, desk):
    data = {"run": [ref(acme, run) for run in three], "sure": "1"}
    desk.do("attention/issue", data)
    work()
    with nothing_moved():
        assert told(desk.do("attention/issue", data))[0].startswith("Somebody was faster")


def test_a_whole_group_is_settled_and_what_came_since_is_not(acme, three, desk, at):
    everybody = desk.get("attention/").context["groups"][0]["all"]
    at(MONDAY + timedelta(minutes=5))
    late = enter(acme, acme.delivered, factories.contact(acme, "Late Lou"))
    work()
    assert "For 3 contacts" in words(desk.post("attention/issue", {"all": everybody}))
    answer = desk.do("attention/issue", {"all": everybody, "sure": "1"})
    assert told(answer)[0].startswith("3 contacts have what was missing")
    work()
    assert state(acme, *three, late) == [State.FINISHED] * 3 + [State.ATTENTION]


@pytest.mark.parametrize(("act", "limit"), [("retry", "MOST_AT_ONCE"), ("issue", "MOST_ISSUED")])
def test_of_a_large_group_so_many_at_once(acme, three, desk, monkeypatch, act, limit):
    monkeypatch.setattr(f"automations.views.settling.{limit}", 2)
    everybody = desk.get("attention/").context["groups"][0]["all"]
    answer = desk.do(f"attention/{act}", {"all": everybody, "sure": "1"})
    assert told(answer)[1] == "1 more is left. Do it again for the rest."
    assert state(acme, *three).count(State.ACTIVE) == 2


def test_retry_is_done_at_once(acme, three, desk):
    factories.issue(acme, 1)
    answer = desk.do("attention/retry", {"run": ref(acme, three[0])})
    assert told(answer) == ["Ann Lee is on the way: the step is tried again within seconds."]
    work()
    assert fresh(acme, three[0]).state == State.FINISHED


@pytest.mark.parametrize(
    ("act", "after", "says"),
    [
        ("skip", State.FINISHED, "2 contacts go on behind the step."),
        ("stop", State.STOPPED, "2 contacts were taken out."),
    ],
)
def test_skip_and_stop_are_confirmed_first(acme, three, desk, act, after, says):
    data = {"run": [ref(acme, run) for run in three[1:]], "flow": str(acme.delivered.public_id)}
    with nothing_moved():
        asked = desk.post(f"attention/{act}", data)
        assert "for 2 contacts?" in words(asked)
        assert "Ben Ito" in words(asked)
    answer = desk.do(f"attention/{act}", {**data, "sure": "1"})
    assert told(answer) == [says]
    assert desk.went_to.endswith(f"attention/?flow={acme.delivered.public_id}")
    work()
    assert state(acme, *three) == [State.ATTENTION, after, after]


def test_a_type_that_was_archived_is_told_and_nothing_is_issued(acme, three, desk):
    with inside(acme):
        credits.archive_type(account=acme.account, credit_type=acme.session, actor=acme.actor)
    with nothing_moved():
        answer = desk.do("attention/issue", {"run": [ref(acme, run) for run in three], "sure": "1"})
    [said] = told(answer)
    assert "This type is archived" in said
    assert said.endswith("(3 contacts)")


@pytest.mark.parametrize("act", ["retry", "skip", "stop", "issue"])
def test_nothing_ticked_and_spoiled_references_settle_nothing(acme, three, desk, act):
    for data in (
        {},
        {"run": "x"},
        {"run": "1.2.3"},
        {"all": "x.y.z"},
        {"all": f"{acme.delivered.public_id}.consume.short.x"},
    ):
        with nothing_moved():
            assert desk.post(f"attention/{act}", {**data, "sure": "1"}).status_code == 303
        assert "Nothing was ticked" in words(desk.get(f"attention/{act}"))


@pytest.mark.parametrize("act", ["retry", "skip", "stop", "issue"])
def test_another_accounts_are_left_alone(acme, zen, three, act):
    everybody = desks.at(acme).get("attention/").context["groups"][0]["all"]
    with nothing_moved():
        desks.at(zen).post(f"attention/{act}", {"run": [ref(acme, run) for run in three], "sure": "1"})
        desks.at(zen).post(f"attention/{act}", {"all": everybody, "sure": "1"})


def test_a_note_too_long_is_refused_and_kept(acme, three, desk):
    with nothing_moved():
        answer = desk.post("attention/issue", {"run": ref(acme, three[0]), "sure": "1", "note": "x" * 1001})
    assert answer.status_code == 422
    assert "The note" in words(answer)


def test_the_note_and_who_it_was_stand_with_what_was_issued(acme, three, desk):
    desk.do("attention/issue", {"run": ref(acme, three[0]), "sure": "1", "note": "Paid on site"})
    said = words(desk.get(f"/a/acme/contacts/{acme.contact.public_id}/credits/activity"))
    assert "Paid on site" in said
    assert Actor("user", acme.owner.pk) == acme.actor


def test_a_group_has_a_page_of_its_own_with_everybody_once(acme, zen, desk, monkeypatch):
    monkeypatch.setattr("automations.queries.attention.PAGE", 4)
    made = flow(acme, uses(acme))
    names = [f"Person {at:02}" for at in range(9)]
    for name in names:
        enter(acme, made, factories.contact(acme, name))
    work()
    first = desk.get("attention/").context["groups"][0]
    assert (len(first["rows"]), first["rest"]) == (5, 4)
    found, here = [], first["url"]
    while here:
        page = desk.get(here)
        found += [row["run"].contact.name for row in page.context["groups"][0]["rows"]]
        here = page.context["older"]
    assert sorted(found) == names


def test_many_groups_are_paged(acme, zen, desk, monkeypatch):
    monkeypatch.setattr("automations.queries.attention.GROUPS", 2)
    for at in range(5):
        enter(acme, flow(acme, uses(acme), name=f"Flow {at}"))
    work()
    found, here = [], "attention/"
    while here:
        page = desk.get(here)
        found += [one["group"].flow.name for one in page.context["groups"]]
        here = page.context["older"]
    assert sorted(found) == [f"Flow {at}" for at in range(5)]


def test_as_many_queries_for_one_as_for_many(acme, zen, desk):
    desk.get("attention/")
    counts = []
    for number in (1, 7):
        for at in range(number):
            made = flow(acme, uses(acme), name=f"Flow {number}-{at}")
            for each in range(at + 1):
                enter(acme, made, factories.contact(acme, f"Person {at} {each}"))
        work()
        with CaptureQueriesContext(connection) as asked:
            desk.get("attention/")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_assistants_do_not_see_it(acme, three):
    desk = desks.at(acme, "assistant")
    for path in ("attention/", "attention/issue"):
        assert desk.get(path).status_code == 404
        assert desk.post(path, {"run": ref(acme, three[0]), "sure": "1"}).status_code == 404
