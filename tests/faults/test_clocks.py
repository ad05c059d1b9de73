"""Schedulers that are two, or away (F14, F15)."""

import time
from datetime import timedelta

from django.db import connection

from automations.models import Run
from simplero.outbox.models import Job, Tick
from simplero.tenancy.scope import scope
from tests.faults import report, runs
from tests.faults.stage import beat, soon

RELAY = "simplero.outbox.tasks.relay"


def taken(stage):
    """Turns of the relay so far, and messages about them."""
    said = stage.turns.read_text().splitlines()
    return said.count(f"turn {RELAY}"), sum(line.startswith(f"message {RELAY} ") for line in said)


def test_f14_two_schedulers(stage, number, request):
    """Each turn is taken once, whoever asks for it."""
    stage.work()
    assert soon(lambda: taken(stage)[0], 30)
    second = beat(stage.folder, "second-beat")
    second.start()
    try:
        began, (turns, messages), ticks = runs.clock(), taken(stage), Tick.objects.filter(schedule=RELAY).count()
        time.sleep(number(0, 60))
        assert soon(lambda: taken(stage)[1] - messages >= taken(stage)[0] - turns + 3, 30), "it sent nothing"
        (turns_after, messages_after), ticks_after = taken(stage), Tick.objects.filter(schedule=RELAY).count()
    finally:
        second.stop()
    seconds = (runs.clock() - began).total_seconds()
    done, asked, noted = turns_after - turns, messages_after - messages, ticks_after - ticks
    report.say(request.node, seconds=f"{seconds:.1f}", asked=asked, turns=done, ticks=noted)
    assert asked >= done + 2
    assert done <= seconds + 2
    assert abs(done - noted) <= 1  # one may have been noted and not yet begun


def test_f15_scheduler_away_for_ten_minutes(stage, acme, request, drained):
    """Everything that came due meanwhile is done once, soon after it is back; turns are not made up."""
    stage.work()
    them, automation = runs.people(acme, 20), runs.uses(acme, 1)
    stage.beat.stop()
    assert soon(lambda: not _under_way(), 20)
    runs.enter(acme, automation, them)
    with scope(acme.account):
        for number, run in enumerate(Run.objects.order_by("pk")):
            away = runs.clock() - timedelta(seconds=30 * number)
            Run.objects.filter(pk=run.pk).update(due=away)
            Job.objects.create(account_id=acme.account.pk, kind="automations.advance", due=away)
    turns, _ = taken(stage)
    Tick.objects.filter(schedule=RELAY).delete()
    time.sleep(2)
    assert runs.inside(acme) == len(them)
    stage.beat.start()
    began = time.monotonic()
    assert soon(lambda: not runs.inside(acme), 30, every=0.1), stage.worker.said()
    after = time.monotonic() - began
    numbers = runs.tally(acme, len(them))
    report.say(request.node, **numbers, turns=taken(stage)[0] - turns, after=f"{after:.1f} s")
    assert taken(stage)[0] - turns <= after + 2
    assert (numbers["lost"], numbers["doubled"], numbers["attention"]) == (0, 0, 0)
    assert drained(30)


def _under_way():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'simplero_app' AND state = 'active'")
        return cursor.fetchone()[0] - 1
