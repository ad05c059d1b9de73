"""A backup holds everything at one instant, says what it holds, and is put back whole or not at all."""

import json
import stat
from datetime import UTC, datetime, timedelta
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DataError, ProgrammingError, connection
from django.test import Client
from psycopg import sql

from contacts import services as contacts
from contacts import signin
from contacts.models import Contact, CustomerSession
from credits import proof
from simplero.tenancy import backups
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures
from tests.assertions import sql as sql_of
from tests.sql_guard import unguarded
from tests.superuser import superuser_connection, superuser_url


@pytest.fixture
def address(settings):
    """As the role that sees everything, to the test's database."""
    settings.BACKUP_DATABASE_URL = superuser_url().rpartition("/")[0] + "/" + connection.settings_dict["NAME"]
    return settings.BACKUP_DATABASE_URL


@pytest.fixture
def place(address):
    """The name of a database that is not there yet; whatever is made of it goes again."""
    name = connection.settings_dict["NAME"] + "_elsewhere"
    yield name
    connection.close()
    with superuser_connection() as superuser:
        like = [name for [name] in superuser.execute("SELECT datname FROM pg_database") if place_of(name)]
        for one in like:
            superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(one)))


def place_of(name):
    return name.startswith(connection.settings_dict["NAME"] + "_elsewhere")


def run(command, *arguments, **options):
    said = StringIO()
    call_command(command, *map(str, arguments), stdout=said, **options)
    return said.getvalue()


def databases():
    with superuser_connection() as superuser:
        return sorted(name for [name] in superuser.execute("SELECT datname FROM pg_database") if place_of(name))


@pytest.mark.django_db(transaction=True)
def test_there_and_back(acme, zen, address, place, tmp_path):
    factories.issue(acme, 5)
    factories.consume(acme, 2)
    factories.issue(zen, 7)
    canary = factories.contact(acme, "Zoe Canary", email="zoe@canary.example")
    Client().force_login(acme.owner)
    with scope(acme.account):
        signin.begin_session(account=acme.account, contact=canary)
        signin.begin_session(account=acme.account, contact=acme.contact)
    file = tmp_path / "kept" / "all.dump"
    said = run("backup", file)
    assert "rows of" in said
    assert [stat.S_IMODE(one.stat().st_mode) for one in (file, backups.manifest_of(file))] == [0o600, 0o600]
    manifest = json.loads(backups.manifest_of(file).read_text())
    assert manifest["rows"]["credits_entry"] == 3
    assert manifest["rows"]["tenancy_account"] == 2
    with pytest.raises(CommandError, match="is there already"):
        run("backup", file)

    factories.consume(acme, 1)  # lost, since it came after
    with scope(acme.account):  # and this is not: what was erased stays erased
        contacts.erase(account=acme.account, contact=canary, actor=acme.actor)
    assert ": 1 erased for good" in run("backup", file, "--only-erased")
    with backups.looking_at(place):
        said = run("restore", file)
        assert "Every ledger adds up: 2 accounts" in said
        assert "1 erased again" in said
        with scope(acme.account):
            found = Contact.objects.get(pk=canary.pk)
            assert (found.erased_at is not None, "Canary" in found.name, found.email) == (True, False, "")
        assert [figures(acme).free, figures(zen).free] == [3, 7]
        for world in (acme, zen):
            with scope(world.account):
                assert proof.verify(world.account) == []
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM django_session")
            assert cursor.fetchone()[0] == 0
        with scope(acme.account):
            assert not CustomerSession.objects.exists()
        assert Account.objects.create(name="New", slug="new").pk > acme.account.pk + 100_000, (
            "numbers are not used twice"
        )
        factories.consume(acme, 3)
        with (
            unguarded(),
            pytest.raises(DataError),
        ):  # without an account's scope the walls still stand, and so do the grants
            sql_of("SELECT count(*) FROM credits_entry")
        with unguarded(), scope(acme.account), pytest.raises(ProgrammingError, match="permission denied"):
            sql_of("DELETE FROM credits_entry")
        with pytest.raises(CommandError, match="is not empty.*Nothing was changed"):
            run("restore", file)
        assert figures(acme).free == 0
        with psycopg.connect(address_of_app(place)), pytest.raises(CommandError, match="is in use"):
            run("restore", file, "--force")
        said = run("restore", file, "--force")
        assert f"{place}_before_" in said
        assert figures(acme).free == 3
    assert len(databases()) == 2, "the new one, and what was set aside"


def address_of_app(database):
    at = connection.settings_dict
    return psycopg.conninfo.make_conninfo(
        host=at["HOST"], port=at["PORT"], user=at["USER"], password=at["PASSWORD"], dbname=database
    )


@pytest.mark.django_db(transaction=True)
def test_what_is_not_whole_is_not_put_back(acme, address, place, tmp_path):
    file = tmp_path / "all.dump"
    run("backup", file)
    note = backups.manifest_of(file)
    whole, said = file.read_bytes(), note.read_text()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    for words in (
        "its checksum is another",
        "a version that has migrations this one has not: credits.9999",
        "credits_entry",
    ):
        with backups.looking_at(place), pytest.raises(CommandError, match=words):
            run("restore", file)
        file.write_bytes(whole)
        manifest = json.loads(said)
        if "checksum" in words:
            manifest["migrations"].append("credits.9999_later")
        else:
            manifest["rows"]["credits_entry"] += 1
        note.write_text(json.dumps(manifest))
    note.unlink()
    with pytest.raises(CommandError, match="a backup is both files"):
        run("restore", file)
    assert databases() == []


@pytest.mark.django_db(transaction=True)
def test_a_role_that_sees_nothing_makes_no_backup(acme, settings, tmp_path):
    settings.BACKUP_DATABASE_URL = superuser_url().rpartition("/")[0]  # any address: its role is what counts
    at = connection.settings_dict
    settings.BACKUP_DATABASE_URL = f"postgresql://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"
    with pytest.raises(CommandError, match="does not get past row-level security"):
        run("backup", tmp_path / "all.dump")
    assert list(tmp_path.iterdir()) == []
    settings.BACKUP_DATABASE_URL = ""
    with pytest.raises(CommandError, match="BACKUP_DATABASE_URL"):
        run("backup", tmp_path / "all.dump")


def test_old_ones_go_and_the_list_of_the_erased_stays(tmp_path):
    now = datetime(2026, 3, 3, 12, tzinfo=UTC)
    for days in (1, 34, 36, 400):
        file = tmp_path / backups.file_name(now - timedelta(days=days))
        file.touch()
        backups.manifest_of(file).write_text(json.dumps({"made_at": (now - timedelta(days=days)).isoformat()}))
    stranger = tmp_path / "mine.dump"
    stranger.touch()
    assert backups.note_erased(tmp_path, ["one", "two"]) == 2
    assert backups.note_erased(tmp_path, ["two", "three", ""]) == 3
    assert backups.note_erased(tmp_path, []) == 3
    gone = backups.forget_old(tmp_path, days=35, now=now)
    assert len(gone) == 2
    assert len(list(tmp_path.glob("simplero-*.dump"))) == len(list(tmp_path.glob("*.json"))) == 2
    assert stranger.exists()
    assert (tmp_path / backups.ERASED).read_text().split() == ["one", "two", "three"]
