"""Calls that come in at a trigger's address: heard once, for a known contact, within limits, and never from who lacks the token."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from automations.models import Flow, Of
from simplero.lib.redaction import redacted
from simplero.outbox.models import Event
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import nothing_moved
from tests.factories import inside
from tests.sql_guard import unguarded
from triggers.models import Hook, HookCall, Trigger
from triggers.services import hooks

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def trigger(world, *, occasion=hooks.OCCASION, on=True):
    with inside(world):
        flow = Flow.objects.create(account_id=world.account.pk, of=Of.TRIGGER, name="Delivered", enabled=on)
        made = Trigger.objects.create(account_id=world.account.pk, flow=flow, occasion=occasion)
        made.refresh_from_db()
        return made


def opened(world, of):
    with inside(world):
        return hooks.open_address(account=world.account, trigger=of, actor=world.actor)


def switch(world, of, **fields):
    with inside(world):
        Flow.objects.filter(pk=of.flow_id).update(**fields)


@pytest.fixture
def called(acme, zen):
    """Acme's trigger. Zen has one of its own, and an Ann of the same address."""
    acme.contact = factories.contact(acme, "Ann Lee", email="ann@example.com")
    zen.contact = factories.contact(zen, "Ann Lee", email="ann@example.com")
    opened(zen, trigger(zen))
    return trigger(acme)


@pytest.fixture
def token(acme, called):
    return opened(acme, called)


def post(token, said, **more):
    body = said if isinstance(said, bytes) else json.dumps(said)
    return Client().post(reverse("hook_in", args=[token]), body, content_type="application/json", **more)


def told(world):
    """What the account's triggers were called for: the facts, and the log."""
    with inside(world):
        facts = Event.objects.filter(kind="hook.received").order_by("pk")
        calls = HookCall.objects.order_by("pk")
        return [(fact.contact_id, fact.body) for fact in facts], [call.outcome for call in calls]


@pytest.mark.parametrize("by", ["contact", "email", "form"])
def test_a_call_is_taken_for_its_contact(acme, zen, called, token, by):
    if by == "form":
        answer = Client().generic(
            *("POST", f"/hooks/in/{token}", "email=ANN%40Example.com&other=1"),
            content_type="application/x-www-form-urlencoded",
        )
    else:
        answer = post(token, {by: str(acme.contact.public_id) if by == "contact" else "Ann@example.com "})
    assert answer.status_code == 202, answer.content
    assert answer.json()["accepted"] is True
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies
    [(contact, body)], outcomes = told(acme)
    assert (contact, body["trigger_id"], outcomes) == (acme.contact.pk, called.pk, ["taken"])
    assert told(zen) == ([], [])


@pytest.mark.parametrize("where", ["body", "webhook-id", "Idempotency-Key"])
def test_one_name_is_one_call(acme, token, where):
    said, headers = {"email": "ann@example.com"}, {}
    if where == "body":
        said["id"] = "booking-7"
    else:
        headers[where] = "booking-7"
    answers = [post(token, said, headers=headers) for _ in range(3)]
    assert [(one.status_code, one.json()) for one in answers] == [(202, {"accepted": True, "id": "booking-7"})] * 3
    facts, outcomes = told(acme)
    assert len(facts) == 1
    assert outcomes == ["taken", "again", "again"]
    assert "booking-7" not in str(facts), "the caller's text stays out of facts"


def test_the_same_name_at_another_trigger_is_another_call(acme, called, token):
    other = opened(acme, trigger(acme))
    said = {"email": "ann@example.com", "id": 7}
    assert post(token, said).status_code == post(other, said).status_code == 202
    facts, _ = told(acme)
    assert len(facts) == len({body["call"] for _, body in facts}) == 2


def test_without_a_name_each_is_a_call_of_its_own(acme, token):
    ids = {post(token, {"email": "ann@example.com"}).json()["id"] for _ in range(2)}
    assert len(ids) == len(told(acme)[0]) == 2


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b"", "JSON object"),
        (b"[]", "JSON object"),
        (b"\xff\xfe", "JSON object"),
        (b"[" * 60_000, "JSON object"),
        (b'{"id": "7"}', "neither contact nor email"),
        (b'{"contact": "ann"}', "contact is not an id"),
        (b'{"contact": ["x"]}', "contact must be a text"),
        (b'{"email": {"a": 1}}', "email must be a text"),
        (b'{"email": "a\\u0000b@example.com"}', "email must be a text"),
        (b'{"email": "\\ud800@example.com"}', "email must be a text"),
        (b'{"email": "ann@example.com", "id": true}', "id must be a text"),
        (json.dumps({"email": "ann@example.com", "id": "x" * 121}).encode(), "at most 120 characters"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_name(acme, token, body, names):
    answer = post(token, body)
    assert (answer.status_code, answer.json()["accepted"]) == (422, False)
    assert names in answer.json()["error"]
    assert told(acme) == ([], ["unreadable"])


def test_too_long(acme, token):
    answer = post(token, json.dumps({"email": "ann@example.com", "more": "x" * 64 * 1024}).encode())
    assert (answer.status_code, told(acme)[0]) == (413, [])
    assert post(token, b" " * 3_000_000).status_code == 413


@pytest.mark.parametrize("said", [{"email": "nobody@example.com"}, {"contact": str(uuid.uuid4())}])
def test_an_unknown_contact_is_refused_and_can_come_later(acme, token, said):
    answer = post(token, {**said, "id": "7"})
    assert answer.status_code == 422
    assert "no such contact" in answer.json()["error"]
    assert told(acme) == ([], ["nobody"])
    assert post(token, {"email": "ann@example.com", "id": "7"}).status_code == 202


def test_a_contact_of_another_account_is_nobody(acme, zen, token):
    assert post(token, {"contact": str(zen.contact.public_id)}).status_code == 422
    assert told(acme)[0] == told(zen)[0] == []


def test_a_trigger_that_is_off_takes_nothing(acme, called, token):
    switch(acme, called, enabled=False)
    answer = post(token, {"email": "ann@example.com", "id": "7"})
    assert answer.status_code == 409
    assert "is off" in answer.json()["error"]
    assert told(acme) == ([], ["off"])
    switch(acme, called, enabled=True)
    assert post(token, {"email": "ann@example.com", "id": "7"}).status_code == 202


def test_nobody_is_at_a_wrong_address(acme, called, token):
    said = {"email": "ann@example.com"}
    with nothing_moved():
        assert post("x" * 43, said).status_code == 404
        assert post(token[:-1], said).status_code == 404
    switch(acme, called, enabled=False, deleted_at=NOON)
    with nothing_moved():
        assert post(token, said).status_code == 404
    assert told(acme) == ([], [])


def test_a_trigger_of_another_occasion_has_no_address(acme, zen):
    acme.contact = factories.contact(acme, "Ann Lee", email="ann@example.com")
    tagged = opened(acme, trigger(acme, occasion="tag.added"))
    assert post(tagged, {"email": "ann@example.com"}).status_code == 404
    assert told(acme) == ([], [])


@pytest.mark.parametrize("verb", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_post(token, verb):
    with nothing_moved():
        answer = Client().generic(verb, f"/hooks/in/{token}")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    if verb == "GET":
        assert "Send a POST with JSON" in answer.json()["error"]


def test_needs_no_csrf_token_and_begins_no_session(token):
    answer = Client(enforce_csrf_checks=True).post(
        f"/hooks/in/{token}", json.dumps({"email": "ann@example.com"}), content_type="application/json"
    )
    assert answer.status_code == 202
    assert not answer.cookies


def test_so_many_a_minute(acme, zen, called, token, at, monkeypatch):
    monkeypatch.setattr(hooks, "LIMIT", 3)
    at(NOON)
    said = {"email": "ann@example.com", "id": "1"}
    assert [post(token, said).status_code for _ in range(2)] == [202, 202]
    at(NOON + timedelta(seconds=20))
    assert post(token, b"?").status_code == 422
    answer = post(token, {**said, "id": "2"})
    assert (answer.status_code, answer["Retry-After"]) == (429, "40")
    assert len(told(acme)[0]) == 1
    assert post(opened(acme, trigger(acme)), said).status_code == 202, "another trigger has its own share"
    at(NOON + timedelta(seconds=61))
    assert post(token, {**said, "id": "2"}).status_code == 202


def test_a_new_address_ends_the_one_before(acme, called, token):
    assert opened(acme, called) == token, "opened again it is the same"
    with inside(acme):
        fresh = hooks.new_address(account=acme.account, trigger=called, actor=acme.actor)
        assert hooks.address_of(acme.account, called) == fresh
    said = {"email": "ann@example.com"}
    assert (post(token, said).status_code, post(fresh, said).status_code) == (404, 202)
    with inside(acme):
        hooks.close_address(account=acme.account, trigger=called, actor=acme.actor)
        hooks.close_address(account=acme.account, trigger=called, actor=acme.actor)
        assert hooks.address_of(acme.account, called) == ""
        changes = Event.objects.filter(kind="trigger.address_changed").order_by("pk")
        assert [fact.body["change"] for fact in changes] == ["opened", "new", "closed"]
    assert post(fresh, said).status_code == 404


def test_the_database_holds_no_usable_token(acme, called, token):
    """Every column of every row, as text: the token is there only hashed and sealed (T14)."""
    post(token, {"email": "ann@example.com"})
    with unguarded(), scope(acme.account), connection.cursor() as cursor:
        texts = []
        for table in ("triggers_trigger", "triggers_hook", "triggers_hookcall", "outbox_event", "outbox_job"):
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t")
            texts.append(cursor.fetchone()[0] or "")
    whole = " ".join(texts)
    assert hooks.digest(token) in whole
    assert token not in whole
    assert token.encode().hex() not in whole


def test_a_sealed_token_opens_in_no_other_row(acme, zen, called, token):
    other = trigger(acme)
    with inside(acme):
        called.refresh_from_db()
        other.address = called.address
        assert hooks.address_of(acme.account, other) == ""
    theirs = trigger(zen)
    theirs.address = called.address
    with inside(zen):
        assert hooks.address_of(zen.account, theirs) == ""


def test_the_token_is_left_out_of_logs(token):
    assert redacted(f"POST /hooks/in/{token} 202") == "POST /hooks/in/[key] 202"
    assert Hook.objects.filter(token_digest=token).count() == 0


def test_a_name_is_not_good_for_another_contact(acme, token):
    ben = factories.contact(acme, "Ben Ito", email="ben@example.com")
    assert post(token, {"email": "ann@example.com", "id": "booking-7"}).status_code == 202
    refused = post(token, {"email": "ben@example.com", "id": "booking-7"})
    assert (refused.status_code, refused.json()["accepted"]) == (409, False)
    assert "another contact" in refused.json()["error"]
    facts, outcomes = told(acme)
    assert (len(facts), sorted(outcomes)) == (1, ["another", "taken"])
    assert post(token, {"email": ben.email, "id": "booking-8"}).status_code == 202


def test_contact_and_email_must_name_the_same(acme, token):
    ben = factories.contact(acme, "Ben Ito", email="ben@example.com")
    said = {"contact": str(ben.public_id), "email": "ann@example.com"}
    assert post(token, said).status_code == 422
    assert told(acme)[0] == []
    assert post(token, {**said, "email": "BEN@example.com"}).status_code == 202
