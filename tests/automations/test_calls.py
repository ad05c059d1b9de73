"""Calls to other systems: each made at least once under one name, signed, for about three days; nobody waits for a dead one."""

import json
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from automations import calls
from automations.models import Call, CallState, Endpoint, Flow, Of, Run, Version
from automations.services import calls as services
from automations.services import endpoints
from simplero.lib.calling import Address, Caller, is_public
from simplero.outbox import handlers
from simplero.outbox.models import Event, Job
from simplero.outbox.relay import relay
from simplero.tenancy.scope import now
from tests import factories, listener
from tests.factories import inside
from tests.listener import listening, says

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def other(settings):
    """Another system, at an address of a developer's own."""
    with listening(plain=True) as started:
        settings.DEBUG, settings.TRIAL_HOSTS = True, {f"stub.example:{started.port}": "127.0.0.1"}
        yield started


def endpoint(world, to, name="Booking tool"):
    address = Address("stub.example", "/in", to if isinstance(to, int) else to.port, "http")
    with inside(world):
        made = endpoints.add(account=world.account, name=name, address=address, actor=world.actor)
        made.refresh_from_db()
        return made


def run(world, *, of=Of.AUTOMATION, cause=None):
    account_id = world.account.pk
    with inside(world):
        flow = Flow.objects.create(account_id=account_id, of=of, name="Welcome")
        flow.refresh_from_db()
        version = Version.objects.create(account_id=account_id, flow=flow, number=1)
        return Run.objects.create(
            account_id=account_id, key=uuid.uuid4(), flow=flow, version=version, contact=world.contact,
            source="event", actor_kind="system", started_at=NOON, since=NOON, cause_id=cause, state="paused",
        )  # fmt: skip


def write(world, to, *runs):
    wishes = [calls.Wish(one, uuid.uuid4()) for one in runs]
    with inside(world):
        calls.write(account=world.account, endpoint=to, wishes=wishes)
    return wishes


def ring():
    return relay(queue=handlers.CALLS)


def states(world):
    with inside(world):
        return [(call.state, call.attempts, call.status) for call in Call.objects.order_by("pk")]


def fresh(world, of):
    with inside(world):
        return Endpoint.objects.get(pk=of.pk)


def due(world):
    """When what waits is due, and when somebody will look."""
    with inside(world):
        waiting = [call.due for call in Call.objects.filter(state="waiting").order_by("pk")]
    return waiting, [job.due for job in Job.objects.filter(kind=calls.CALL).order_by("pk")]


def test_a_call_says_who_and_why_and_is_signed(acme, zen, at, other):
    acme.contact = factories.contact(acme, "Ann Müller", email="ann@example.com")
    factories.issue(acme, 5)
    factories.consume(acme, 2)
    with inside(acme):
        used = Event.objects.get(kind="credits.consumed")
    here = endpoint(acme, other)
    endpoint(zen, other)
    [wish] = write(acme, here, run(acme, cause=used.pk))
    assert other.heard == [], "nothing is called in the caller's transaction"
    ring()
    assert states(acme) == [("done", 1, 200)]
    [heard] = other.heard
    assert (heard.method, heard.target, heard.headers["content-type"]) == ("POST", "/in", "application/json")
    assert heard.headers["webhook-id"] == str(wish.key)
    with inside(acme):
        secret = endpoints.secret_of(acme.account, fresh(acme, here))
    said = Webhook(secret).verify(heard.body, heard.headers)
    assert said["type"] == "automation.step"
    assert said["data"] == {
        "contact": {"id": str(acme.contact.public_id), "name": "Ann Müller", "email": "ann@example.com"},
        "automation": {"id": str(wish.run.flow.public_id), "name": "Welcome"},
        "event": {
            "type": "credits.consumed",
            "at": used.at.isoformat(),
            "credit_type": str(acme.session.public_id),
            "entry": used.body["entry"],
            "amount": -2,
            "balance": 3,
        },
    }


def test_no_number_of_a_row_is_told(acme, at, other):
    with inside(acme):
        event = Event.objects.create(
            account_id=acme.account.pk, kind="contact.tagged", contact_id=acme.contact.pk, actor_kind="system", at=NOON,
            body={"tag_id": 77, "credit_type_id": acme.session.pk, "note_id": 5, "price_id": None, "first": True},
        )  # fmt: skip
    write(acme, endpoint(acme, other), run(acme, of=Of.TRIGGER, cause=event.pk))
    ring()
    said = json.loads(other.heard[0].body)
    assert said["type"] == "trigger.fired"
    assert set(said["data"]) == {"contact", "trigger", "event"}
    told = {"type": "contact.tagged", "at": NOON.isoformat(), "credit_type": str(acme.session.public_id), "first": True}
    assert said["data"]["event"] == told


def test_many_cost_what_one_costs(acme, at, other, django_assert_num_queries):
    here = endpoint(acme, other)
    runs = [run(acme) for _ in range(21)]
    with inside(acme):
        now()
        for wishes in (runs[:1], runs[1:]):
            with django_assert_num_queries(4):
                calls.write(
                    account=acme.account, endpoint=here, wishes=[calls.Wish(one, uuid.uuid4()) for one in wishes]
                )
    assert Job.objects.filter(kind=calls.CALL).count() <= 2


def test_the_same_wish_calls_once(acme, at, other):
    at(NOON)
    here = endpoint(acme, other)
    wish = calls.Wish(run(acme), uuid.uuid4())
    with inside(acme):
        for _ in range(2):
            calls.write(account=acme.account, endpoint=here, wishes=[wish])
    ring()
    assert len(other.heard) == 1
    assert Job.objects.count() == 0


def test_a_failure_is_tried_again_by_the_book_under_the_same_name(acme, at, other):
    at(NOON)
    other.behave = says("500 Oops")
    here = endpoint(acme, other)
    [wish] = write(acme, here, run(acme))
    clock = NOON
    for attempt, wait in enumerate(services.WAITS, start=1):
        assert ring() == 1
        assert states(acme) == [("waiting", attempt, 500)]
        [again], [job] = due(acme)
        assert again == clock + wait
        assert job == max(again, fresh(acme, here).rests_until)
        clock = job
        at(clock)
    ring()
    assert states(acme) == [("failed", 12, 500)]
    assert due(acme) == ([], [])
    assert {heard.headers["webhook-id"] for heard in other.heard} == {str(wish.key)}
    assert len({heard.headers["webhook-timestamp"] for heard in other.heard}) == 12, "each is signed for its own time"
    assert timedelta(days=2.5) < sum(services.WAITS, timedelta()) < calls.LASTS
    with inside(acme):
        assert Call.objects.get().reason == "The answer was 500."


def test_what_gets_through_at_last_is_done(acme, at, other):
    at(NOON)
    other.behave = says("503 Busy")
    here = endpoint(acme, other)
    write(acme, here, run(acme))
    ring()
    assert fresh(acme, here).failures == 1
    other.behave = says("204 No Content")
    at(NOON + timedelta(seconds=5))
    ring()
    assert states(acme) == [("done", 2, 204)]
    assert (fresh(acme, here).failures, fresh(acme, here).rests_until) == (0, None)
    with inside(acme):
        assert Call.objects.get().reason == ""


def test_gone_is_not_asked_again(acme, at, other):
    at(NOON)
    other.behave = says("410 Gone")
    write(acme, endpoint(acme, other), run(acme))
    ring()
    assert states(acme) == [("failed", 1, 410)]
    assert due(acme) == ([], [])


def test_a_redirect_is_not_followed(acme, at, other):
    at(NOON)
    other.behave = says("302 Found", Location=f"http://stub.example:{other.port}/elsewhere")
    write(acme, endpoint(acme, other), run(acme))
    ring()
    assert (states(acme), len(other.heard)) == ([("waiting", 1, 302)], 1)
    with inside(acme):
        assert "redirect" in Call.objects.get().reason


def test_a_dead_endpoint_costs_one_attempt_at_a_time(acme, zen, at, other):
    """A handful at first, then one a minute, however much waits for it; and whoever comes after it in the queue is served."""
    at(NOON)
    other.behave = lambda connection: None  # hangs up on everybody
    dead = endpoint(acme, other)
    write(acme, dead, *[run(acme) for _ in range(20)])
    write(zen, endpoint(zen, other), run(zen))
    ring()
    assert sum(attempts for _, attempts, _ in states(acme)) == services.HANDFUL
    assert sum(attempts for _, attempts, _ in states(zen)) == 1
    assert fresh(acme, dead).rests_until == NOON + timedelta(seconds=5)
    for minutes in range(1, 6):
        at(NOON + timedelta(minutes=minutes))
        ring()
    assert sum(attempts for _, attempts, _ in states(acme)) == services.HANDFUL + 5
    assert fresh(acme, dead).rests_until == NOON + timedelta(minutes=6)


def test_a_slow_one_rests_ten_times_as_long(acme, at, other, monkeypatch):
    at(NOON)
    monkeypatch.setattr(services, "SLOW", 0.1)

    def slowly(connection):
        time.sleep(0.15)
        says()(connection)

    other.behave = slowly
    here = endpoint(acme, other)
    write(acme, here, *[run(acme) for _ in range(services.HANDFUL + 1)])
    began = time.monotonic()
    ring()
    assert time.monotonic() - began < 0.15 * 4, "a handful at once"
    assert [state for state, _, _ in states(acme)] == ["done"] * services.HANDFUL + ["waiting"]
    assert timedelta(seconds=1.5) < fresh(acme, here).rests_until - NOON < timedelta(seconds=5)
    assert fresh(acme, here).failures == 0


def test_those_whose_turn_never_came_end_too(acme, at, other, monkeypatch):
    monkeypatch.setattr(services, "HANDFUL", 1)
    at(NOON)
    other.behave = says("500 Oops")
    write(acme, endpoint(acme, other), run(acme), run(acme))
    ring()
    at(NOON + calls.LASTS)
    ring()
    assert [state for state, _, _ in states(acme)] == ["failed", "failed"]
    with inside(acme):
        assert "its turn never came" in Call.objects.order_by("pk").last().reason


def test_who_dies_after_the_call_has_called_and_calls_again(acme, at, other, monkeypatch):
    at(NOON)
    [wish] = write(acme, endpoint(acme, other), run(acme))

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(services, "_note", die)
        with pytest.raises(KeyboardInterrupt):
            ring()
    assert states(acme) == [("waiting", 1, None)]
    at(NOON + timedelta(minutes=10))
    ring()
    ring()
    assert states(acme) == [("done", 2, 200)]
    assert [heard.headers["webhook-id"] for heard in other.heard] == [str(wish.key)] * 2


def test_one_that_is_not_wanted_holds_up_no_other(acme, at, other):
    at(NOON)
    answers = iter([says("400 No"), says(), says()])
    other.behave = lambda connection: next(answers)(connection)
    here = endpoint(acme, other)
    write(acme, here, *[run(acme) for _ in range(3)])
    ring()
    assert sorted(state for state, _, _ in states(acme)) == ["done", "done", "waiting"]
    assert (fresh(acme, here).failures, fresh(acme, here).rests_until) == (0, None)


def test_what_is_deleted_meanwhile_is_not_called(acme, at, other):
    at(NOON)
    here = endpoint(acme, other)
    write(acme, here, run(acme))
    with inside(acme):
        endpoints.delete(account=acme.account, endpoint=here, actor=acme.actor)
    ring()
    assert (other.heard, states(acme)) == ([], [("failed", 0, None)])
    assert due(acme) == ([], [])
    with inside(acme), pytest.raises(services.NotAgain):
        services.send_again(account=acme.account, call=Call.objects.get(), actor=acme.actor)


def test_an_erased_contact_is_not_told_of(acme, at, other):
    at(NOON)
    write(acme, endpoint(acme, other), run(acme))
    with inside(acme):
        Call.objects.update(body="")
    ring()
    assert (other.heard, states(acme)) == ([], [("failed", 0, None)])


def test_an_address_that_is_not_allowed_any_more_is_not_called(acme, at, other, settings):
    """What stands in the table is read again by the rules of today; this one was a developer's own."""
    at(NOON)
    write(acme, endpoint(acme, other), run(acme))
    settings.DEBUG = settings.DEMO = False
    ring()
    assert (other.heard, states(acme)) == ([], [("failed", 0, None)])
    with inside(acme):
        assert "https://" in Call.objects.get().reason


def test_the_rules_are_those_of_the_caller(settings):
    """Nothing of a developer's own outside development and demonstration; what the rules are, tests/lib/test_calling.py says."""
    settings.TRIAL_HOSTS = {"stub.example:80": "127.0.0.1"}
    settings.DEBUG = settings.DEMO = False
    who = services.caller()
    assert (who.may_reach, who.port, who.trust, who.trials, who.seconds) == (is_public, 443, Caller().trust, {}, 5.0)


def test_a_new_secret_and_the_one_before_both_sign_for_a_day(acme, at, other):
    at(NOON)
    here = endpoint(acme, other)
    with inside(acme):
        before = endpoints.secret_of(acme.account, here)
        seen = endpoints.seal_of_secret(here)
        renewed = endpoints.renew_secret(account=acme.account, endpoint=here, seen=seen, actor=acme.actor)
        after = endpoints.secret_of(acme.account, renewed)
    assert before != after
    for hours, expected in ((0, 2), (23, 2), (24, 1)):
        at(NOON + timedelta(hours=hours))
        write(acme, here, run(acme))
        ring()
        heard = other.heard[-1]
        sent = heard.headers["webhook-signature"].split(" ")
        assert len(sent) == expected
        at_ = datetime.fromtimestamp(int(heard.headers["webhook-timestamp"]), UTC)
        good = [Webhook(one).sign(heard.headers["webhook-id"], at_, heard.body.decode()) for one in (after, before)]
        assert sent == good[:expected]


def test_sent_again_by_hand(acme, at, other):
    at(NOON)
    other.behave = says("410 Gone")
    [wish] = write(acme, endpoint(acme, other), run(acme))
    ring()
    other.behave = says()
    at(NOON + timedelta(days=30))
    with inside(acme):
        services.send_again(account=acme.account, call=Call.objects.get(), actor=acme.actor)
        assert Event.objects.filter(kind="endpoint.call_sent_again").count() == 1
    ring()
    assert states(acme) == [("done", 1, 200)]
    assert [heard.headers["webhook-id"] for heard in other.heard] == [str(wish.key)] * 2


def test_another_address_is_called_at_once(acme, at, other):
    at(NOON)
    here = endpoint(acme, other)
    other.behave = listener.says("500 Oops")
    write(acme, here, run(acme), run(acme))
    ring()
    other.behave = says()
    address = Address("stub.example", "/new", other.port, "http")
    with inside(acme):
        seen = endpoints.seal_of(here)
        endpoints.change(
            account=acme.account, endpoint=here, name="Booking tool", address=address, seen=seen, actor=acme.actor
        )
    ring()
    assert [heard.target for heard in other.heard] == ["/in", "/in", "/new", "/new"]
    assert [state for state, _, _ in states(acme)] == [CallState.DONE] * 2


def test_there_are_only_so_many(acme, at, other, monkeypatch):
    monkeypatch.setattr(endpoints, "MOST", 1)
    first = endpoint(acme, other)
    with inside(acme), pytest.raises(endpoints.TooManyEndpoints):
        endpoint(acme, other)
    with inside(acme):
        endpoints.delete(account=acme.account, endpoint=first, actor=acme.actor)
    endpoint(acme, other)
