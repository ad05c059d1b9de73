"""Requests that the database rolls back, cannot take or breaks off: done again as a whole, or refused with a page that says so."""

import uuid
from contextlib import contextmanager

import pytest
from django.contrib.messages import get_messages, info
from django.contrib.messages.middleware import MessageMiddleware
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from contacts.models import SignIn
from credits.models import Entry
from simplero.outbox import handlers
from simplero.outbox import relay as relaying
from simplero.outbox.models import Job
from simplero.tenancy import trouble
from simplero.tenancy.scope import scope, today
from simplero.web.again import answered
from simplero.web.sessionstore import SessionStore
from tests import factories
from tests.assertions import nothing_moved

CROSSED = ("40001", "40P01")


@contextmanager
def raising(code, *, after, times=1):
    """Postgres refuses the transaction with this code after statements that contain `after`, so many times."""
    left = [times]

    def statement(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if after in sql and left[0] > 0:
            left[0] -= 1
            context["cursor"].execute(f"DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '{code}'; END $$")
        return answer

    with connection.execute_wrapper(statement):
        yield


class Desk:
    """A member of staff with the form for a use of one credit."""

    def __init__(self, world):
        factories.issue(world, 5, expiry="never")
        self.world, self.key = world, uuid.uuid4()
        self.browser = Client(raise_request_exception=False)
        self.browser.force_login(world.owner)
        self.page = reverse("contacts:contact", args=[world.slug, world.contact.public_id])
        self.browser.get(self.page)
        with scope(world.account):
            self.day = today(world.account).isoformat()

    def use(self):
        form = {"credit_type": self.world.session.public_id, "amount": 1, "service_date": self.day, "note": ""}
        return self.browser.post(
            reverse("credits:consume", args=[self.world.slug, self.world.contact.public_id]), {**form, "key": self.key}
        )

    def uses(self):
        with scope(self.world.account):
            return Entry.objects.filter(kind="consume").count()


@pytest.fixture
def desk(acme):
    return Desk(acme)


@pytest.mark.parametrize("code", CROSSED)
def test_what_was_rolled_back_to_let_another_pass_is_done_again(desk, code):
    with raising(code, after="credits_consume", times=trouble.AGAIN):
        assert desk.use().status_code == 303
    assert desk.uses() == 1
    assert desk.browser.get(desk.page).content.decode().count("c-toast") <= 1


def test_not_for_ever(desk, monkeypatch):
    """The control: without another turn, or with one too few, it is the person who asks again."""
    for again in (trouble.AGAIN, 0):
        monkeypatch.setattr(trouble, "AGAIN", again)
        with raising("40P01", after="credits_consume", times=again + 1), nothing_moved():
            response = desk.use()
        assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert desk.use().status_code == 303
    assert desk.uses() == 1


def test_a_customers_request_too(acme):
    factories.contact(acme, "Ann Lee", email="ann@example.com")
    with raising("40P01", after="contacts_signin", times=2):
        assert Client().post("/s/acme/sign-in/", {"email": "ann@example.com"}).status_code == 303
    with scope(acme.account):
        assert SignIn.objects.count() == 1


def test_the_second_attempt_finds_the_request_as_it_came(db):
    request = RequestFactory().post("/", {"file": SimpleUploadedFile("a.csv", b"Ann")})
    request.session = SessionStore()
    MessageMiddleware(HttpResponse).process_request(request)
    read = []

    def attempt():
        info(request, "Saved.")
        read.append(request.FILES["file"].read())
        if len(read) == 1:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '40001'; END $$")
        return HttpResponse()

    assert answered(request, attempt).status_code == 200
    assert read == [b"Ann", b"Ann"]
    assert [message.message for message in get_messages(request)] == ["Saved."]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("53100", "Nothing was changed"),  # disk full
        ("57P01", "counts once, even if it has arrived"),  # ended by an administrator
    ],
)
def test_an_ill_database_is_a_page_that_says_so(desk, code, says):
    with raising(code, after="credits_consume"), nothing_moved():
        response = desk.use()
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert says in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert desk.use().status_code == 303
    assert desk.uses() == 1


def test_read_only(desk):
    """Pages are shown, changes are refused, and whoever asks whether we are ready hears that we are not."""
    assert desk.browser.get("/readyz").json()["database"] is True
    newcomer = Client()
    newcomer.force_login(desk.world.owner)  # whose first visit would be noted
    before = transaction.savepoint()
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
    response = desk.use()
    assert (response.status_code, "Nothing was changed" in response.content.decode()) == (503, True)
    assert desk.browser.get(desk.page).status_code == 200
    assert newcomer.get(desk.page).status_code == 200
    ready = desk.browser.get("/readyz")
    assert (ready.status_code, ready.json()["database"]) == (503, False)
    transaction.savepoint_rollback(before)
    assert desk.use().status_code == 303


def test_a_page_of_ours_that_writes_where_it_must_not_is_our_fault(desk):
    with raising("25006", after="contacts_contact"):
        assert desk.browser.get(desk.page).status_code == 500


def add(world, count):
    return Job.objects.bulk_create(Job(account_id=world.account.pk, kind="note", subject=n) for n in range(count))


def test_a_job_is_done_again_too(acme, monkeypatch):
    seen = []

    def note(*, attempts, **_):
        seen.append(attempts)
        with connection.cursor() as cursor:
            if len(seen) <= 2:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '40P01'; END $$")
        return True

    monkeypatch.setitem(handlers.HANDLERS, "note", note)
    add(acme, 1)
    assert relaying.relay() == 1
    assert (seen, Job.objects.count()) == ([1, 1, 1], 0)


@pytest.mark.parametrize("code", ["53100", "25006", "57P01"])
def test_an_ill_database_is_no_failure_of_a_job(acme, monkeypatch, code):
    """No attempt is counted, not of the others in its batch either; the turn ends, and the next one finds them all."""
    ill = [True]

    def note(**_):
        if ill[0]:
            with connection.cursor() as cursor:
                cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '{code}'; END $$")
        return True

    monkeypatch.setitem(handlers.HANDLERS, "note", note)
    add(acme, 3)
    for _ in range(6):
        with pytest.raises(Exception, match="on purpose"):
            relaying.relay()
        assert set(Job.objects.values_list("attempts", "leased_until")) == {(0, None)}
    Job.objects.update(attempts=2, leased_until=a_second_ago())
    with pytest.raises(Exception, match="on purpose"):
        relaying.relay()
    assert set(Job.objects.values_list("attempts", flat=True)) == {2}
    ill.clear()
    ill.append(False)
    Job.objects.update(leased_until=a_second_ago())
    assert relaying.relay() == 3
    assert not Job.objects.exists()


def a_second_ago():
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_now() - interval '1 second'")
        return cursor.fetchone()[0]


def test_other_errors_are_raised_at_once(db):
    calls = []

    def work():
        calls.append(1)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '55P03'; END $$")

    with pytest.raises(OperationalError):
        trouble.repeated(work)
    assert calls == [1]
