"""The relay: what is due is done once, in turn, whatever fails, and whoever dies."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from simplero.outbox import handlers
from simplero.outbox import relay as relaying
from simplero.outbox.models import Job
from simplero.outbox.relay import LEASE, RUNNERS, claim, perform, relay
from simplero.tenancy.scope import require

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def done(monkeypatch):
    """Jobs of the kind "note" are noted here; a subject of 13 fails."""
    seen = []

    def note(*, account_id, subject, attempts):
        require(account_id)
        seen.append((account_id, subject))
        if subject == 13:
            raise ZeroDivisionError
        return True

    monkeypatch.setitem(handlers.HANDLERS, "note", note)
    return seen


@pytest.fixture
def run(monkeypatch):
    """Errands of the kind "call" are noted here; one whose subject is above 0 takes that many hundredths of a second."""
    seen = []

    def call(*, account_id, subject):
        seen.append((account_id, subject))
        time.sleep(subject / 100)

    monkeypatch.setitem(handlers.ERRANDS, "call", call)
    return seen


def add(world, subject=0, *, kind="note", due=NOON):
    return Job.objects.create(account_id=world.account.pk, kind=kind, subject=subject, due=due)


def test_does_what_is_due_and_no_more(acme, zen, at, done):
    at(NOON)
    add(acme, 1)
    add(zen, 2)
    later = add(acme, 3, due=NOON + timedelta(microseconds=1))
    assert relay() == 2
    assert sorted(done) == sorted([(acme.account.pk, 1), (zen.account.pk, 2)])
    assert list(Job.objects.all()) == [later]


def test_a_failure_is_logged_keeps_its_job_and_holds_up_nobody(acme, zen, at, done, caplog):
    at(NOON)
    job = add(acme, 13)
    add(zen, 1)
    assert relay() == 2
    assert (zen.account.pk, 1) in done
    assert f"job {job.pk} (note 13 of account {acme.account.pk}) failed at attempt 1; again in 0:00:05" in caplog.text
    job.refresh_from_db()
    assert (job.attempts, job.due, job.leased_until) == (1, NOON, NOON + timedelta(seconds=5))


def test_waits_longer_each_time_up_to_an_hour(acme, at, done):
    job = add(acme, 13)
    now, waits = NOON, []
    for _ in range(13):
        at(now)
        assert relay() == 1
        job.refresh_from_db()
        waits.append((job.leased_until - now).total_seconds())
        now = job.leased_until
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]


def test_a_kind_that_nobody_does_is_a_failure(acme, at, caplog):
    at(NOON)
    add(acme, kind="unheard.of")
    assert relay() == 1
    assert "KeyError: 'unheard.of'" in caplog.text
    assert Job.objects.get().attempts == 1


def test_what_a_failed_job_had_written_never_happened(acme, at, monkeypatch):
    at(NOON)

    def half(*, account_id, subject, attempts):
        Job.objects.create(account_id=account_id, kind="trace")
        raise ZeroDivisionError

    monkeypatch.setitem(handlers.HANDLERS, "note", half)
    add(acme)
    relay()
    assert not Job.objects.filter(kind="trace").exists()


def test_a_job_that_is_not_finished_gets_another_turn(acme, at, monkeypatch):
    at(NOON)
    turns = iter([False, False, True])
    monkeypatch.setitem(handlers.HANDLERS, "note", lambda **_: next(turns))
    add(acme)
    assert relay() == 3
    assert not Job.objects.exists()


def test_a_relay_that_died_lets_go_when_its_lease_runs_out(acme, at, done):
    at(NOON)
    add(acme, 1)
    [lost] = claim(10)
    at(NOON + LEASE - timedelta(seconds=1))
    assert relay() == 0
    at(NOON + LEASE)
    assert relay() == 1
    perform(lost)  # it was only slow: by now the job is somebody else's and done
    assert done == [(acme.account.pk, 1)]


def test_a_kind_has_one_handler():
    shipped = handlers.HANDLERS["credits.expire"]
    handlers.register("credits.expire", shipped)
    with pytest.raises(ValueError, match="credits.expire"):
        handlers.register("credits.expire", lambda **_: True)


def test_what_is_not_begun_in_time_is_let_go_as_it_was(acme, at, monkeypatch):
    at(NOON)
    begun = []
    monkeypatch.setitem(handlers.HANDLERS, "note", lambda *, subject, **_: begun.append(subject) or not time.sleep(0.1))
    failed_before = NOON - timedelta(seconds=1)
    jobs = [add(acme, subject) for subject in range(3)]
    Job.objects.filter(pk=jobs[2].pk).update(attempts=4, leased_until=failed_before)
    assert relay(seconds=0.05) == 1
    assert begun == [0]
    left = Job.objects.order_by("pk").values_list("subject", "attempts", "leased_until")
    assert list(left) == [(1, 0, None), (2, 4, failed_before)]
    assert relay() == 2


def test_a_batch_is_let_go_when_half_its_lease_is_over(acme, at, monkeypatch):
    """Whoever stands behind a slow job is done by another relay, and is not taken for one that killed the first."""
    at(NOON)
    monkeypatch.setattr(relaying, "LEASE", timedelta(seconds=0.1))
    attempted = []

    def slow(*, attempts, **_):
        attempted.append((attempts, Job.objects.filter(attempts=0).count()))
        return not time.sleep(0.1)

    monkeypatch.setitem(handlers.HANDLERS, "note", slow)
    for subject in range(3):
        add(acme, subject)
    assert relay() == 3
    assert attempted == [(1, 0), (1, 0), (1, 0)]


def test_handlers_hear_which_attempt_it_is(acme, at, monkeypatch):
    heard = []

    def hear(*, attempts, **_):
        heard.append(attempts)
        if attempts < 3:
            raise ZeroDivisionError
        return False

    monkeypatch.setitem(handlers.HANDLERS, "note", hear)
    job = add(acme)
    now = NOON
    for _ in range(3):
        at(now)
        relay()
        now += timedelta(minutes=1)
    assert heard == [1, 2, 3, 1]  # a turn that ended well is the end of the count
    job.refresh_from_db()
    assert job.attempts == 1


def test_who_is_at_it_when_a_relay_dies_takes_no_others_along(acme, zen, at, done):
    """All of the dead relay's batch are begun again one at a time: only the one that kills is ever under way when it does."""
    at(NOON)
    for subject in range(9):
        add(acme, subject)
    assert len(claim(10)) == 9  # and died
    at(NOON + LEASE)
    assert claim(10) == []
    assert len(claim(1, again=True)) == 1
    add(zen, 20)
    assert relay() == 9
    at(NOON + 2 * LEASE)
    assert relay() == 1
    assert sorted(subject for _, subject in done) == [*range(9), 20]


def test_what_was_begun_before_holds_up_nothing_new(acme, zen, at, monkeypatch):
    at(NOON)
    order = []
    monkeypatch.setitem(handlers.HANDLERS, "note", lambda *, attempts, **_: not order.append(attempts))
    for subject in range(4):
        add(acme, subject)
    claim(4)
    at(NOON + LEASE)
    for subject in range(4):
        add(zen, subject)
    relay(batch=2)
    assert order == [1, 1, 2, 1, 1, 2, 2, 2]


def test_errands_come_after_ordinary_jobs_and_make_way_for_them(acme, zen, at, done, monkeypatch):
    at(NOON)
    order = []

    def call(*, account_id, subject):
        order.append(("errand", subject))
        if subject == 1:
            add(zen, 5)

    monkeypatch.setitem(handlers.ERRANDS, "call", call)
    monkeypatch.setitem(handlers.HANDLERS, "note", lambda *, subject, **_: not order.append(("job", subject)))
    add(acme, 1, kind="call", due=NOON - timedelta(hours=1))
    add(acme, 2, kind="call", due=NOON - timedelta(hours=1))
    add(zen, 4)
    assert relay() == 4
    assert order == [("job", 4), ("errand", 1), ("job", 5), ("errand", 2)]
    assert not Job.objects.exists()


def test_jobs_that_never_end_leave_time_for_errands(acme, zen, at, run, monkeypatch):
    monkeypatch.setitem(handlers.HANDLERS, "endless", lambda **_: False)
    at(NOON)
    add(acme, kind="endless")
    add(zen, kind="call")
    relay(seconds=1)
    assert run == [(zen.account.pk, 0)]


def test_slow_errands_end_with_the_time_and_the_rest_is_let_go(acme, at, run):
    at(NOON)
    for subject in (20, 21, 22):
        add(acme, subject, kind="call")
    assert relay(seconds=0.1) == 1
    assert run == [(acme.account.pk, 20)]
    assert list(Job.objects.order_by("pk").values_list("subject", "attempts", "leased_until")) == [
        (21, 0, None),
        (22, 0, None),
    ]


def test_an_errand_that_is_somebody_elses_by_now_is_not_run(acme, at, run):
    at(NOON)
    add(acme, kind="call")
    [lost] = claim(10, queue=handlers.PROVIDERS)
    at(NOON + LEASE)
    [taken] = claim(10, again=True, queue=handlers.PROVIDERS)
    perform(lost)
    assert run == []
    perform(taken)
    perform(taken)
    assert run == [(acme.account.pk, 0)]


@pytest.mark.django_db(transaction=True)
def test_a_slow_errand_holds_up_nobody(acme, zen, done, monkeypatch):
    """While one relay waits for a provider, another does everybody's ordinary jobs, and begins no second errand."""
    calls, ready, over = [], threading.Event(), threading.Event()

    def call(*, account_id, subject):
        calls.append(subject)
        ready.set()
        assert over.wait(10)

    monkeypatch.setitem(handlers.ERRANDS, "call", call)
    add(acme, 1, kind="call")

    def work():
        try:
            relay()
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(10)
    try:
        add(acme, 2, kind="call")
        add(acme, 8)
        add(zen, 9)
        assert relay() == 2
        assert sorted(subject for _, subject in done) == [8, 9]
        assert calls == [1]
    finally:
        over.set()
        thread.join()
    assert calls == [1, 2]
    assert not Job.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND (classid, objid) = (%s, %s)",
            RUNNERS[handlers.PROVIDERS],
        )
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_a_slow_call_holds_up_no_payment(acme, zen, done, run, monkeypatch):
    """While the runner of one queue waits, another runs the other queue; nobody begins a second of the first."""
    rung, ready, over = [], threading.Event(), threading.Event()

    def ring(*, account_id, subject):
        rung.append(subject)
        ready.set()
        assert over.wait(10)

    monkeypatch.setitem(handlers.ERRANDS, "ring", ring)
    monkeypatch.setitem(handlers.QUEUE_OF, "ring", handlers.CALLS)
    add(acme, 1, kind="ring")
    add(acme, 2, kind="ring")

    def work():
        try:
            relay(queue=handlers.CALLS)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(10)
    try:
        add(zen, 0, kind="call")
        add(zen, 9)
        assert relay() == 2
        assert (run, done) == ([(zen.account.pk, 0)], [(zen.account.pk, 9)])
        add(zen, 8)
        assert relay(queue=handlers.CALLS) == 1
        assert done[-1] == (zen.account.pk, 8)
        assert rung == [1]
    finally:
        over.set()
        thread.join()
    assert rung == [1, 2]
    assert not Job.objects.exists()


def test_each_queue_has_its_own_kinds(acme, at, monkeypatch):
    at(NOON)
    monkeypatch.setitem(handlers.ERRANDS, "call", print)
    monkeypatch.setitem(handlers.ERRANDS, "ring", print)
    monkeypatch.setitem(handlers.QUEUE_OF, "ring", handlers.CALLS)
    for kind in ("note", "call", "ring"):
        add(acme, kind=kind)
    found = {queue: [job.kind for job in claim(10, queue=queue)] for queue in ("", *handlers.QUEUES)}
    assert found == {"": ["note"], handlers.PROVIDERS: ["call"], handlers.CALLS: ["ring"]}
    with pytest.raises(ValueError, match="no queue"):
        handlers.register_errand("other", print, queue="slow")


@pytest.mark.django_db(transaction=True)
def test_two_relays_share_the_work(acme, zen, done):
    for subject in range(60):
        add(acme if subject % 2 else zen, 100 + subject)

    def work():
        try:
            relay(batch=5)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(subject for _, subject in done) == list(range(100, 160))
    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_waits_for_no_lock(acme, done):
    """A job that somebody holds is passed by."""
    held, free = add(acme, 1), add(acme, 2)
    ready, over = threading.Event(), threading.Event()

    def hold():
        try:
            with transaction.atomic():
                Job.objects.select_for_update().get(pk=held.pk)
                ready.set()
                over.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert ready.wait(10)
    try:
        assert [job.id for job in claim(10)] == [free.pk]
    finally:
        over.set()
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_living_worker_keeps_its_job_beyond_its_lease(acme, monkeypatch):
    """Nobody begins what another is at, nor waits for it; and who comes too late with an older claim goes away at once."""
    begun, ready, over = [], threading.Event(), threading.Event()

    def work(*, attempts, **_):
        begun.append(attempts)
        ready.set()
        return over.wait(10)

    monkeypatch.setitem(handlers.HANDLERS, "note", work)
    job = add(acme, 1)
    [late] = claim(10)
    Job.objects.filter(pk=job.pk).update(leased_until=NOON)
    [taken] = claim(10, again=True)
    Job.objects.filter(pk=job.pk).update(leased_until=NOON)

    def hold():
        try:
            perform(taken)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert ready.wait(10)
    try:
        assert claim(10, again=True) == []
        began = time.monotonic()
        perform(late)
        assert time.monotonic() - began < 5
    finally:
        over.set()
        thread.join()
    assert begun == [2]
    assert not Job.objects.exists()
