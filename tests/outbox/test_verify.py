"""`manage.py outbox_verify`: whether anybody does what is due (I9)."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from simplero.outbox.models import Job

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def said():
    out = StringIO()
    call_command("outbox_verify", stdout=out)
    return out.getvalue()


def add(world, seconds, **more):
    return Job.objects.create(
        account_id=world.account.pk, kind="note", subject=seconds, due=NOON - timedelta(seconds=seconds), **more
    )


def test_what_is_done_in_time_is_nothing_to_tell(acme, at):
    at(NOON)
    add(acme, -3600)
    add(acme, 60)
    add(acme, 600, attempts=1, leased_until=NOON + timedelta(seconds=20))  # somebody is at it, or it failed and waits
    assert said() == "Nothing waits that should be done.\n"


def test_what_nobody_does_is_named(acme, zen, at):
    at(NOON)
    add(acme, 61)
    add(zen, 900, attempts=2, leased_until=NOON - timedelta(seconds=90))
    out = StringIO()
    with pytest.raises(CommandError, match="see whether worker and scheduler run"):
        call_command("outbox_verify", stdout=out)
    assert out.getvalue() == "note: 2 due, the first for 90 seconds\n"
