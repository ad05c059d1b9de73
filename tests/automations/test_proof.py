"""Each way in which runs, what they did and the ledger could tell different stories is found."""

from contextlib import suppress

import pytest
from django.conf import settings as db_settings
from django.db import connection

from automations.models import Run, State
from automations.services import attention, steering
from credits import proof
from simplero.tenancy.scope import scope
from tests import factories
from tests.factories import inside
from tests.sql_guard import unguarded
from tests.superuser import as_superuser

from .flows import enter, flow, step, work


@pytest.fixture
def gone_through(acme, zen):
    """One has used and been issued and finished, one waits, one was short, was issued and finished, one is short, one was stopped."""
    of = {"credit_type": acme.session.pk}
    made = flow(acme, step("consume", **of, amount=2, short="stop"), step("issue", **of, amount=1, expiry=""), step("stop"), name="Used")  # fmt: skip
    factories.issue(acme, 2)
    enter(acme, made)
    short = [enter(acme, made, factories.contact(acme, name)) for name in ("Short", "Shorter")]
    wait = flow(acme, step("jump", to="wait"), step("wait", **{"for": "while", "number": 2, "unit": "days"}))
    enter(acme, wait)
    out = enter(acme, wait, factories.contact(acme, "Out"))
    for _ in range(3):
        work()
    with inside(acme):
        steering.stop(account=acme.account, runs=[out.public_id], actor=acme.actor)
        attention.issue_and_retry(account=acme.account, runs=[short[0].public_id], actor=acme.actor)
    for _ in range(3):
        work()


@pytest.mark.django_db
def test_nothing_is_wrong_with_what_was_gone_through(acme, zen, gone_through):
    for world in (acme, zen):
        with scope(world.account):
            assert proof.verify(world.account) == []
    with inside(acme):
        states = sorted(Run.objects.values_list("state", flat=True))
    assert states == [State.ACTIVE, State.ATTENTION, State.FINISHED, State.FINISHED, State.STOPPED]


DAMAGES = [
    ("A1", "DELETE FROM automations_visit WHERE kind = 'consume' AND outcome = 'done'"),
    ("A1", "DELETE FROM automations_visit WHERE kind = 'issue'"),
    ("A1", "UPDATE automations_visit SET entry = gen_random_uuid() WHERE kind = 'consume' AND outcome = 'done'"),
    ("A1", "UPDATE automations_visit SET entry = NULL WHERE kind = 'consume' AND outcome = 'done'"),
    ("A1", "UPDATE automations_visit SET detail = detail || '{\"amount\": 3}' WHERE kind = 'consume' AND outcome = 'done'"),
    ("A1", "UPDATE automations_visit SET detail = detail || '{\"credit_type\": 0}' WHERE kind = 'issue'"),
    ("A1", "UPDATE automations_run SET contact_id = contact_id + 1"),
    ("A1", "UPDATE credits_entry SET source_id = 'another' WHERE source = 'automation' AND kind = 'consume'"),
    ("A1", "UPDATE credits_entry SET source = 'trigger' WHERE source = 'automation'"),
    ("A1", "UPDATE credits_entry SET source = 'automation' WHERE source = 'staff'"),
    ("A2", "DELETE FROM outbox_job WHERE kind = 'automations.advance'"),
    ("A2", "UPDATE outbox_job SET due = due + interval '1 second' WHERE kind = 'automations.advance'"),
    ("A2", "UPDATE automations_run SET due = NULL WHERE state = 'active'"),
    ("A2", "UPDATE automations_run SET alone = true WHERE state = 'active'"),
    ("A2", "UPDATE outbox_job SET account_id = account_id + 1 WHERE kind = 'automations.advance'"),
    ("A3", "UPDATE automations_run SET visit = visit + 1 WHERE state = 'active'"),
    ("A3", "UPDATE automations_run SET visit = visit - 1 WHERE state = 'finished'"),
    ("A3", "DELETE FROM automations_visit WHERE kind = 'jump'"),
    ("A3", "UPDATE automations_visit SET number = number + 1 WHERE kind = 'stop'"),
    ("A3", "UPDATE automations_visit SET run_id = -run_id WHERE kind = 'stop'"),
    ("A4", "UPDATE automations_run SET due = since WHERE state = 'attention'"),
    ("A4", "UPDATE automations_run SET waiting = true WHERE state = 'finished'"),
    ("A4", "ALTER TABLE automations_run DROP CONSTRAINT run_reason; UPDATE automations_run SET reason = '' WHERE state = 'attention'"),
    ("A4", "ALTER TABLE automations_run DROP CONSTRAINT run_ended; UPDATE automations_run SET one_for = contact_id WHERE state = 'finished'"),
    ("A4", "ALTER TABLE automations_run DROP CONSTRAINT run_ended; UPDATE automations_run SET ended_at = NULL WHERE state = 'stopped'"),
]  # fmt: skip


class Damaged(Exception):
    """Takes the damage back."""


@pytest.mark.django_db(transaction=True)
def test_every_kind_of_damage_is_found(acme, zen, gone_through, subtests):
    with as_superuser(), unguarded():
        for invariant, statement in DAMAGES:
            with subtests.test(statement), suppress(Damaged), scope(acme.account):
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL session_replication_role = replica")
                    for part in statement.split("; "):
                        cursor.execute(part)
                    assert cursor.rowcount >= 1, "nothing was damaged"
                    cursor.execute(f"SET LOCAL ROLE {db_settings.APP_ROLE}")
                assert invariant in {found.invariant for found in proof.verify(acme.account)}
                raise Damaged
