"""Whose turn it is when there is more to do than can be done at once: nobody waits for another account's backlog."""

import time
from datetime import timedelta

import pytest
from django.db import connection

from simplero.outbox import relay as relaying
from simplero.outbox.models import Job
from simplero.outbox.relay import claim

from .test_relay import NOON, add


def test_one_of_each_account_before_the_second_of_any(acme, zen, at):
    at(NOON)
    for subject in range(5):
        add(acme, subject, due=NOON - timedelta(hours=1))
    add(zen, 9)
    assert [(job.account_id, job.subject) for job in claim(3)] == [
        (zen.account.pk, 9),  # before what takes turn after turn
        (acme.account.pk, 0),
        (acme.account.pk, 1),
    ]


def test_one_of_each_account_also_behind_a_long_backlog(acme, zen, at, monkeypatch):
    """The head of the lane is one account's alone, and so says nothing of the others."""
    at(NOON)
    monkeypatch.setattr(relaying, "FRONT", 5)
    for subject in range(40):
        add(acme, subject, due=NOON - timedelta(hours=1))
    add(zen, 9)
    assert {job.account_id for job in claim(2)} == {acme.account.pk, zen.account.pk}
    Job.objects.filter(account_id=acme.account.pk).update(attempts=1, leased_until=NOON - timedelta(hours=1))
    Job.objects.filter(account_id=zen.account.pk).update(attempts=1, leased_until=NOON)
    assert {job.account_id for job in claim(2, again=True)} == {acme.account.pk, zen.account.pk}


def test_no_account_is_last_for_good(at):
    """With more accounts than a claim takes, none has to wait until the others' backlogs are done."""
    at(NOON)
    Job.objects.bulk_create(
        Job(account_id=account_id, kind="note", subject=subject, due=NOON - timedelta(hours=1))
        for account_id in range(1, 41)
        for subject in range(10)
    )
    Job.objects.create(account_id=41, kind="note", due=NOON)
    assert 41 in {job.account_id for _ in range(35) for job in claim(10)}


@pytest.mark.django_db(transaction=True)
def test_an_account_with_50_000_jobs_costs_the_others_nothing(acme, zen):
    """A claim looks at no more rows when a backlog is long, of fresh jobs or of those begun before."""

    def load(attempts, leased, kind):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO outbox_job (account_id, kind, subject, due, attempts, leased_until) "
                "SELECT %s, %s, n, %s, %s, %s FROM generate_series(1, 50000) n",
                [acme.account.pk, kind, NOON, attempts, leased],
            )
            cursor.execute("ANALYZE outbox_job")

    for attempts, leased in ((0, None), (1, NOON)):
        Job.objects.all().delete()
        load(attempts, leased, "note")
        fair = add(zen, 9)
        Job.objects.filter(pk=fair.pk).update(attempts=attempts, leased_until=leased)
        began = time.perf_counter()
        claimed = claim(10, again=attempts > 0)
        assert time.perf_counter() - began < 0.1
        assert fair.pk in {job.id for job in claimed}
