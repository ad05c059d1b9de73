"""A session that cannot be saved: gone, or the database is."""

import psycopg
import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.db import InternalError, OperationalError, connection, transaction

from simplero.tenancy.trouble import is_ill
from simplero.web.sessionstore import SessionStore
from tests.superuser import superuser_url

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def session():
    made = SessionStore()
    made.create()
    made["colour"] = "green"
    return made


def test_the_database_went_away(session):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [ours] = cursor.fetchone()
    with psycopg.connect(superuser_url(), autocommit=True) as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [ours])
    with pytest.raises(OperationalError):
        session.save()
    connection.close()
    session.save()
    assert SessionStore(session.session_key)["colour"] == "green"


def test_the_database_takes_no_changes(session):
    with transaction.atomic():
        connection.cursor().execute("SET TRANSACTION READ ONLY")
        with pytest.raises(InternalError, match="read-only") as refused:
            session.save()
        assert is_ill(refused.value), "who answers sees what is wrong"
        transaction.set_rollback(True)
    session.save()


def test_the_session_is_gone(session):
    session.delete(session.session_key)
    with pytest.raises(UpdateError):
        session.save()
