"""The posting functions in the database are those of ledger.sql, whatever was there before."""

import pytest
from django.core.management import call_command
from django.db import ProgrammingError, connection

from credits import apps
from tests import factories


def installed():
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description('credits_origin'::regtype, 'pg_type'), 'credits_issue'::regproc::oid")
        return cursor.fetchone()


def test_migrate_puts_nothing_anew_where_nothing_changed(db):
    before = installed()
    apps.install_ledger(using="default")
    assert installed() == before


@pytest.mark.django_db(transaction=True)
def test_migrate_installs_a_changed_text_whole(acme, tmp_path, monkeypatch):
    before = installed()
    changed = tmp_path / "ledger.sql"
    changed.write_text(apps.LEDGER.read_text() + "\n-- changed\n")
    monkeypatch.setattr(apps, "LEDGER", changed)
    call_command("migrate", verbosity=0)
    after = installed()
    assert after[0] != before[0]
    assert after[1] != before[1]
    factories.issue(acme, 2)
    monkeypatch.undo()
    call_command("migrate", verbosity=0)
    assert installed()[0] == before[0]


def test_the_application_cannot_install_it(db, monkeypatch, tmp_path):
    changed = tmp_path / "ledger.sql"
    changed.write_text(apps.LEDGER.read_text() + "\n-- changed\n")
    monkeypatch.setattr(apps, "LEDGER", changed)
    with pytest.raises(ProgrammingError, match="must be owner"):
        apps.install_ledger(using="default")
