"""Settings → Audit log: who did what and from where, what it was before, to filter, to turn over and to take away."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts import services as contacts
from contacts.directory import Details
from credits import services as credits
from simplero.pages import timeline
from simplero.pages.audit import log
from simplero.pages.audit.words import SAID
from simplero.tenancy.actors import SYSTEM, Actor
from simplero.tenancy.deeds import Deed, doing
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import sql

EVENTS = [path for path in Path(settings.BASE_DIR).glob("**/events.py") if ".venv" not in path.parts]
KIND = re.compile(r'kind: ClassVar\[str\] = "([a-z_]+\.[a-z_]+)"')

LOG = "/a/acme/settings/audit/"


@pytest.fixture
def owner(acme):
    browser = Client()
    browser.force_login(acme.owner)
    return browser


def edit(world, actor, **details):
    contact = world.contact
    with doing(Deed(actor=actor, address="203.0.113.7")), scope(world.account):
        contact.refresh_from_db()
        contacts.edit_contact(
            account=world.account,
            contact=contact,
            details=Details(name=contact.name, **details),
            seen=Details.of(contact).seal,
            actor=actor,
        )


def words(html):
    """What a reader reads in the log."""
    body = html[html.index('id="log"') :]
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("&nbsp;", " ").split())


def test_a_change_with_who_where_and_what_it_was_before(acme, owner):
    edit(acme, Actor("user", acme.admin.pk), email="ann@example.com")
    edit(acme, Actor("user", acme.admin.pk), email="ann@other.example")
    page = words(owner.get(LOG).text)
    assert "Email changed · Ann Lee Before and after" in page
    assert "Email Before: ann@example.com After: ann@other.example" in page
    assert "Acme admin 203.0.113.7" in page
    assert "Email Before: — After: ann@example.com" in page


def test_settings_products_and_marketing_in_words(acme, owner):
    kind = acme.session
    with scope(acme.account):
        credits.archive_type(account=acme.account, credit_type=kind, actor=acme.actor)
    page = words(owner.get(LOG, {"what": "credits"}).text)
    assert "Credit type “session” archived" in page
    assert "Credit type “session” added" in page
    assert "Archived Before: — After:" in page


def test_a_change_that_nobody_told_of_stands_by_itself(acme, owner):
    assert acme.session
    edit(acme, acme.actor, phone="1")
    with scope(acme.account):
        sql(
            "UPDATE credits_credittype SET description = 'Quiet' WHERE account_id = %s AND id = %s",
            acme.account.pk,
            acme.session.pk,
        )
    page = words(owner.get(LOG).text)
    assert "Changed credit type “session”" in page
    assert "Description Before: — After: Quiet" in page
    assert "Changed contact" not in page  # its event tells of it


def test_a_kind_without_words_is_said_by_its_name(acme, owner):
    with scope(acme.account):
        sql(
            "INSERT INTO outbox_event (account_id, kind, body, actor_kind, at) VALUES (%s, 'widget.turned_round', '{}', 'system', now()),"
            " (%s, 'product.changed', '{}', 'system', now())",
            acme.account.pk,
            acme.account.pk,
        )
    page = words(owner.get(LOG).text)
    assert "Widget: turned round" in page
    assert "Product: changed" in page


def test_every_kind_of_fact_has_words():
    named = {kind for module in EVENTS for kind in KIND.findall(module.read_text())}
    assert len(named) > 50
    assert named - set(SAID) - set(timeline.SENTENCES) == set()
    of_contacts = {kind for kind in named if kind.startswith(("contact.", "credits."))}
    assert of_contacts - set(timeline.SENTENCES) == set()


class TestFilters:
    @pytest.fixture(autouse=True)
    def _deeds(self, acme):
        edit(acme, Actor("user", acme.admin.pk), email="ann@example.com")
        factories.issue(acme, 5)
        factories.consume(acme, 1, actor=SYSTEM)
        factories.contact(acme, "Ben Ito")

    def who(self, acme, user):
        [found] = sql(
            "SELECT public_id FROM tenancy_membership WHERE account_id = %s AND user_id = %s", acme.account.pk, user.pk
        )
        return str(found[0])

    def test_by_person(self, acme, owner):
        page = words(owner.get(LOG, {"who": self.who(acme, acme.admin)}).text)
        assert "Email changed" in page
        assert "issued" not in page
        system = words(owner.get(LOG, {"who": "system"}).text)
        assert "1 session used, 4 left" in system
        assert "Email changed" not in system

    def test_by_what(self, owner):
        page = words(owner.get(LOG, {"what": "credits"}).text)
        assert "5 sessions issued" in page
        assert "Contact added" not in page

    def test_by_contact(self, acme, owner):
        page = words(owner.get(LOG, {"whom": "ben"}).text)
        assert "Contact added · Ben Ito" in page
        assert "Ann Lee" not in page
        nobody = owner.get(LOG, {"whom": "nobody at all"})
        assert (nobody.status_code, "No contact has that name or email." in nobody.text) == (422, True)
        factories.contact(acme, "Ben Zimmer")
        several = owner.get(LOG, {"whom": "ben"})
        assert "Several contacts fit" in several.text
        [one] = re.findall(r'href="([^"]+contact=[^"]+)">Ben Zimmer', several.text)
        assert "Contact added · Ben Zimmer" in words(owner.get(one.replace("&amp;", "&")).text)

    def test_by_period(self, acme, owner):
        tomorrow = f"{datetime.now(acme.account.zone) + timedelta(days=1):%Y-%m-%d}"
        assert "Nothing matches" in owner.get(LOG, {"since": tomorrow}).text
        assert "Contact added" in owner.get(LOG, {"until": tomorrow}).text
        assert owner.get(LOG, {"since": "soon"}).status_code == 422

    def test_a_foreign_contact_is_not_here(self, zen, owner):
        with scope(zen.account):
            zen.contact.refresh_from_db()
        assert "That contact is not here." in owner.get(LOG, {"contact": zen.contact.public_id}).text

    def test_the_download_is_what_the_page_shows(self, acme, owner):
        factories.contact(acme, "=1+1")
        answer = owner.get(f"{LOG}csv", {"what": "contacts"})
        rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
        assert rows[0][:5] == ["Date", "Time", "Time zone", "Who", "From where"]
        assert {row[5] for row in rows[1:]} == {"Contact added", "Email changed"}
        [changed] = [row for row in rows if row[5] == "Email changed"]
        assert changed[3:5] == ["Acme admin", "203.0.113.7"]
        assert changed[7] == "Email: — → ann@example.com"
        assert "'=1+1" in {row[6] for row in rows}


def test_turning_pages_shows_each_line_once(acme, at, owner):
    """However many were done in one instant, and with changes that nobody told of between them."""
    at(datetime(2026, 11, 20, 12, tzinfo=UTC))
    for number in range(7):
        factories.contact(acme, f"Contact {number}")
    with scope(acme.account):
        sql("UPDATE contacts_contact SET phone = id::text WHERE account_id = %s", acme.account.pk)
        seen, cursor = [], ""
        for _ in range(20):
            page = log.page(acme.account, log.Filter(), cursor=cursor, limit=3)
            seen += [(type(entry.source).__name__, entry.source.pk) for entry in page.entries]
            cursor = page.older
            if not cursor:
                break
    assert len(seen) == len(set(seen))
    assert sum(name == "Event" for name, _ in seen) == 7
    assert sum(name == "Change" for name, _ in seen) >= 7
    assert owner.get(LOG, {"older": "spoiled"}).status_code == 200


def test_the_same_queries_for_few_and_for_many(acme, owner):
    edit(acme, acme.actor, phone="1")
    owner.get(LOG)
    with CaptureQueriesContext(connection) as few:
        owner.get(LOG)
    for number in range(12):
        edit(acme, acme.actor, phone=str(number + 2))
        factories.contact(acme, f"Contact {number}")
    with CaptureQueriesContext(connection) as many:
        owner.get(LOG)
    assert len(many) == len(few)


def test_nothing_of_another_account(acme, zen, owner):
    edit(zen, zen.actor, email="secret@zen.example")
    assert "secret@zen.example" not in owner.get(LOG).text
    assert b"secret@zen.example" not in b"".join(owner.get(f"{LOG}csv").streaming_content)
    with scope(acme.account):
        cursor = log.page(acme.account, log.Filter(), limit=1).older
    with scope(zen.account):
        assert log.page(zen.account, log.Filter(), cursor=cursor).entries  # opens nothing there: it is the first page
