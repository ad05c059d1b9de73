"""The guard bites: a statement that does not name the account for each tenant table in it fails the test that sends it (T2)."""

import threading

import pytest
from django.db import connection

from contacts.models import Contact
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import sql
from tests.sql_guard import UnscopedStatement, missing, unguarded

FINE = [
    "SELECT 1",
    "SELECT * FROM tenancy_account",
    "SELECT * FROM credits_wallet WHERE account_id = %s",
    "SELECT * FROM credits_wallet w WHERE w.account_id = current_setting('app.account_id')::bigint AND w.id = 5",
    'SELECT "credits_wallet"."id" FROM "credits_wallet" WHERE ("credits_wallet"."account_id" = %s AND "credits_wallet"."id" = %s)',
    "SELECT * FROM credits_wallet w JOIN credits_lot l ON l.account_id = w.account_id AND l.wallet_id = w.id WHERE w.account_id = %s",
    'SELECT * FROM "credits_lot" INNER JOIN "credits_wallet" ON ("credits_lot"."wallet_id" = "credits_wallet"."id" AND ("credits_lot"."account_id" = ("credits_wallet"."account_id"))) WHERE "credits_lot"."account_id" = %s',
    "SELECT (p.entry).id FROM credits_issue(%s::bigint, %s::bigint) AS p",
    "SELECT w.id FROM credits_wallet w, LATERAL credits_payers_on(w, %s, %s) p WHERE w.account_id = %s",
    'INSERT INTO "contacts_contact" ("account_id", "name") VALUES (%s, %s) RETURNING "contacts_contact"."id"',
    'UPDATE "contacts_contact" SET "name" = %s WHERE ("contacts_contact"."account_id" = %s AND "contacts_contact"."id" = %s)',
    "DELETE FROM credits_entrynote WHERE account_id = %s AND entry_id = %s",
    "SELECT 'FROM credits_wallet'",
    "WITH w AS (SELECT * FROM credits_wallet WHERE account_id = %s) SELECT * FROM w",
]

CAUGHT = [
    "SELECT count(*) FROM credits_wallet",
    "SELECT * FROM credits_wallet WHERE id = %s",
    "select * from Credits_Wallet where id = 5",
    'SELECT "credits_wallet"."account_id" FROM "credits_wallet" WHERE "credits_wallet"."id" = %s',
    "SELECT * FROM credits_wallet w JOIN credits_lot l ON l.wallet_id = w.id WHERE w.account_id = %s",
    "SELECT * FROM credits_wallet w JOIN credits_lot l ON l.account_id = w.account_id AND l.wallet_id = w.id",
    "SELECT * FROM credits_wallet w, credits_lot l WHERE w.account_id = %s AND l.wallet_id = w.id",
    "SELECT * FROM credits_wallet WHERE account_id = %s AND id IN (SELECT wallet_id FROM credits_lot WHERE open)",
    "SELECT * FROM tenancy_account a WHERE EXISTS (SELECT FROM credits_wallet WHERE balance > 0)",
    "DELETE FROM credits_entrynote WHERE id IN (%s)",
    "DELETE FROM contacts_contacttag USING contacts_tag t WHERE t.account_id = %s AND tag_id = t.id",
    "UPDATE credits_lot SET open = false WHERE id = %s",
    "UPDATE contacts_contact SET name = (SELECT name FROM credits_credittype LIMIT 1) WHERE account_id = %s",
    "INSERT INTO contacts_contact (name) VALUES (%s)",
    "INSERT INTO contacts_contact VALUES (1, 2, 3)",
    "INSERT INTO outbox_event (account_id, kind) SELECT account_id, 'x' FROM credits_entry",
    "WITH w AS (SELECT * FROM credits_wallet) SELECT * FROM w",
    "SELECT * FROM credits_wallet -- account_id = 5",
    "SELECT * FROM credits_wallet WHERE 'account_id = 5' <> ''",
    "SELECT a.id FROM credits_wallet a WHERE a.account_id = %s UNION SELECT b.id FROM credits_lot b",
]


@pytest.mark.parametrize("statement", FINE)
def test_lets_pass(statement):
    assert missing(statement) == ""


@pytest.mark.parametrize("statement", CAUGHT)
def test_catches(statement):
    assert missing(statement)


def test_stands_on_this_connection(acme):
    assert acme.contact
    with scope(acme.account):
        with pytest.raises(UnscopedStatement, match="contacts_contact is asked for without naming its account"):
            sql("SELECT * FROM contacts_contact WHERE id = %s", acme.contact.pk)
        with unguarded():
            assert len(sql("SELECT * FROM contacts_contact WHERE id = %s", acme.contact.pk)) == 1


@pytest.mark.django_db(transaction=True)
def test_stands_on_the_connections_of_threads():
    caught = []

    def ask():
        try:
            sql("SELECT * FROM contacts_contact")
        except UnscopedStatement as error:
            caught.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert len(caught) == 1


def test_catches_the_manager_without_its_filter(acme, monkeypatch):
    """The mutation that matters: were the account dropped from every query, the suite would fail."""
    assert acme.contact
    manager = type(Contact.objects)
    monkeypatch.setattr(manager, "get_queryset", lambda self: super(manager, self).get_queryset())
    with scope(acme.account), pytest.raises(UnscopedStatement):
        Contact.objects.count()


def test_posting_and_reading_pass_it(acme):
    factories.issue(acme, 5)
    factories.consume(acme, 1)
    assert factories.activity(acme) == [("issue", 5, 5), ("consume", -1, 4)]
