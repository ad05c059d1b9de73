"""Loading in chunks that may be cut off, and what becomes of uploaded rows."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from contacts.models import Contact, ContactTag, ContactWord
from credits.models import CreditType, Entry
from simplero.imports import loading, services, work
from simplero.imports.models import Import, ImportPart, ImportRow
from simplero.outbox import relay as relaying
from simplero.outbox.models import Event, Job
from simplero.tenancy.scope import now, scope
from tests import factories
from tests.assertions import nothing_moved

from .conftest import LIST, workbook

ROWS = "Name,Email,Tags,Sessions\n" + "".join(f"Person {n},p{n}@example.com,vip,{n}\n" for n in range(1, 8))


@pytest.fixture
def small_chunks(monkeypatch):
    for module in (work, loading):
        monkeypatch.setattr(module, "CHUNK", 3)


def checked(desk):
    factories.credit_type(desk.world, "session")
    page = desk.upload(ROWS)
    desk.match(page, "name", "email", "tags", f"credits:{type_id(desk.world)}")
    return page


def type_id(world):
    with scope(world.account, read_only=True):
        return CreditType.objects.get().public_id


def written(world):
    """Everything that an import writes, by its number of rows, and the sum of the credits."""
    with scope(world.account, read_only=True):
        kinds = Event.objects.filter(contact_id__isnull=False).count()
        return (
            Contact.objects.count(),
            ContactTag.objects.count(),
            sum(Entry.objects.values_list("amount", flat=True)),
            kinds,
        )


class Killed(BaseException):
    pass


def test_killed_half_way_finishes_the_rest_and_doubles_nothing(desk, small_chunks, monkeypatch):
    page = checked(desk)
    desk.client.post(f"{page}load")
    turns = []

    def dies(*arguments, **named):
        turns.append(1)
        if len(turns) == 2:  # contacts and credits are written, the note of it is not
            raise Killed
        return real(*arguments, **named)

    real = loading.write
    monkeypatch.setattr(loading, "write", dies)
    with pytest.raises(Killed):
        relaying.relay()
    assert written(desk.world) == (3, 3, 6, 9)
    assert 'value="3"' not in desk.text(page)  # rows are counted as they stand in the file: 2, 3, 4
    assert "Loading contacts" in desk.text(page)
    assert 'hx-trigger="every 1s"' in desk.text(page)
    with nothing_moved():
        assert desk.client.post(f"{page}abandon").status_code == 409
    Job.objects.filter(kind=work.LOAD).update(leased_until=None, attempts=0)
    relaying.relay()
    assert written(desk.world) == (7, 7, 28, 21)
    assert [row[1] for row in desk.rows()] == ["created"] * 7
    desk.client.post(f"{page}load")  # a second click, and a job that is delivered again
    with scope(desk.world.account):
        assert loading.load(desk.world.account, desk.batch.pk)
    assert written(desk.world) == (7, 7, 28, 21)
    assert "Loaded" in desk.text(page)


def test_what_others_did_meanwhile(desk):
    """A type archived after the check leaves its rows out; an address taken since is that contact's row."""
    page = checked(desk)
    factories.contact(desk.world, "Person 1", email="p1@example.com")
    desk.load(page)
    assert [row[1] for row in desk.rows()] == ["updated", *["created"] * 6]
    page = desk.upload(ROWS.replace("@", "@other."))
    desk.match(page, "name", "email", "tags", f"credits:{type_id(desk.world)}")
    desk.client.post(f"/a/acme/content/credits/{type_id(desk.world)}/archive")
    before = written(desk.world)
    desk.load(page)
    assert {row[1] for row in desk.rows()} == {"left_out"}
    assert "is archived" in desk.rows()[0][2][0]
    assert written(desk.world) == before


def test_rows_of_chunks_make_one_statement_each(desk, small_chunks, monkeypatch):
    """Twice as many rows in a chunk cost no more statements."""
    cost = []
    for size, of in ((2, "a"), (6, "b")):
        for module in (work, loading):
            monkeypatch.setattr(module, "CHUNK", size)
        page = desk.upload(ROWS.replace("@", f"@{of}."))
        desk.match(page, "name", "email", "tags")
        desk.client.post(f"{page}load")
        with scope(desk.world.account):
            before = len(connection.queries_log)
            connection.force_debug_cursor = True
            loading.load(desk.world.account, desk.batch.pk)
            connection.force_debug_cursor = False
            cost.append(len(connection.queries_log) - before)
        relaying.relay()
    assert cost[1] <= cost[0]


def test_given_up_and_cleared(desk, at):
    page = desk.upload(ROWS)
    assert "Give this import up?" in desk.text(f"{page}abandon")
    assert desk.client.post(f"{page}abandon").status_code == 303
    with scope(desk.world.account, read_only=True):
        assert not ImportRow.objects.exists()
        assert not ImportPart.objects.exists()
        later = now() + timedelta(days=8)
    assert "given up" in desk.text(page)
    for verb in ("load", "expect", "sheet", "undo"):
        with nothing_moved():
            assert desk.client.post(f"{page}{verb}", {"leave_out": "1"}).status_code in (409, 422), verb

    page = checked(desk)  # nobody goes on with this one
    bad = desk.upload("Name,Email\nBen,ben@example.com\nCy,cy@\n")
    desk.match(bad, "name", "email")
    desk.load(bad, leave_out="1")
    with scope(desk.world.account, read_only=True):
        assert ImportRow.objects.exclude(cells=[]).count() == 8
    at(later)
    relaying.relay()
    with scope(desk.world.account, read_only=True):
        assert not ImportRow.objects.exclude(cells=[], problems=[], email_key="").exists()
        assert list(Import.objects.order_by("pk").values_list("state", flat=True)) == [
            "abandoned",
            "abandoned",
            "loaded",
        ]
    assert "given up" in desk.text(page)


def test_forgotten_with_the_person(desk):
    """Rows of somebody who is erased are emptied, those of others stay."""
    acme = desk.world
    ann = factories.contact(acme, "Ann Lee", email="ann@example.com")
    page = desk.upload("Name,Email,Phone\nAnn Lee,ANN@example.com,1\nAnnika,annika@example.com,2\nBen,ben@,3\n")
    desk.match(page, "name", "email", "phone")
    with scope(acme.account):
        services.forget(account=acme.account, contacts=[ann.pk])
        assert not ImportRow.objects.filter(cells__icontains="ann@example.com").exists()
        assert [row.cells[:1] for row in ImportRow.objects.order_by("number")] == [[], ["Annika"], ["Ben"]]
    desk.load(page, leave_out="1")
    assert [row[1] for row in desk.rows()] == ["left_out", "created", "left_out"]


def test_too_large_is_said_before_it_is_read(desk):
    for length in (2 * 1024**3, 16 * 1024**2):
        with nothing_moved():
            answer = desk.client.generic("POST", LIST, b"--x", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(length))  # fmt: skip
        assert answer.status_code == 422
        assert "at most 15 MB can be taken at once" in answer.content.decode()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(desk.world.admin)
    assert strict.post(LIST, {"file": ""}).status_code == 403
    for content, words in ((b"", "This file is empty"), (b"%PDF", "This is a PDF")):
        answer = desk.post(content)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    with scope(desk.world.account, read_only=True):
        assert not Import.objects.exists()
    page = desk.upload("Name\n")
    assert "nothing under it" in desk.text(page)
    assert "Could not be read" in desk.text(LIST)


def test_another_sheet(desk):
    page = desk.upload(workbook([["Notes"]], [["Name", "Email"], ["Ben", "ben@example.com"]]), "book.xlsx")
    assert "nothing under it" in desk.text(page)
    desk.client.post(f"{page}sheet", {"sheet": "1"})
    relaying.relay()
    desk.match(page, "name", "email")
    assert desk.rows() == [(2, "create", [])]
    desk.load(page)
    with scope(desk.world.account, read_only=True):
        assert Contact.objects.get().name == "Ben"
        assert not ImportPart.objects.exists()
        assert ContactWord.objects.filter(word="ben").exists()


def test_of_another_account_or_role(desk, zen):
    page = checked(desk)
    for user, slug in ((zen.admin, "zen"), (zen.admin, "acme"), (desk.world.assistant, "acme")):
        client = Client()
        client.force_login(user)
        for path in ("", "match", "rows", "errors.csv", "result.csv", "undo", "abandon"):
            assert client.get(f"{page.replace('acme', slug)}{path}").status_code == 404, path
        with nothing_moved():
            assert client.post(f"{page.replace('acme', slug)}load").status_code == 404
    with scope(zen.account, read_only=True):
        assert not Import.objects.exists()
