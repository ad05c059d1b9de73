"""The web server, the database and the broker die while members of staff use credits (F5, F11, F12, F13)."""

import time

from django.db import connection

from simplero.outbox.models import Job
from tests.faults import runs
from tests.faults.clients import Desk
from tests.faults.failpoints import WEB_POINTS
from tests.faults.stage import soon


def test_f5_web_process_killed_at_a_point(stage, acme, rng, number, counted):
    """Whoever was not answered asks again with the same key, and pays once."""
    stage.serve()
    desk = Desk(stage.port, acme, credits=100_000)
    uses, kills = number((150, 6), (20_000, 100))
    before = stage.web.kills
    at = [*WEB_POINTS] + [rng.choice(WEB_POINTS) for _ in range(kills - len(WEB_POINTS))]
    rng.shuffle(at)
    with desk.hurry(uses) as load:
        for done, point in enumerate(at):
            wanted = uses - uses * (done + 1) // (kills + 1)
            while load.left > wanted and load.busy:
                time.sleep(0.005)
            stage.web.kill_at(point)
    assert stage.web.kills - before == kills
    counted(desk, kills=kills)


def test_f12_database_crashes(stage, acme, rng, number, counted):
    """What was acknowledged was on disk; what was not is asked for again."""
    stage.serve()
    desk = Desk(stage.port, acme, credits=100_000)
    uses, crashes = number((200, 2), (20_000, 30))
    with desk.hurry(uses) as load:
        for done in range(crashes):
            wanted = uses - uses * (done + 1) // (crashes + 1) + rng.randrange(5)
            while load.left > wanted and load.busy:
                time.sleep(0.005)
            stage.postgres.crash()
            time.sleep(rng.random() / 2)
            stage.postgres.start()
            connection.close()
    counted(desk, crashes=crashes)


def test_f13_backends_terminated(stage, acme, zen, rng, number, counted):
    """A connection that breaks costs one request, which is told to ask again, and not the next. Workers go on where they were."""
    stage.serve()
    stage.work()
    desk = Desk(stage.port, acme, credits=100_000)
    them, automation, rounds = runs.people(zen, 20), runs.uses(zen, 5), number(3, 300)
    for _ in range(rounds):
        runs.enter(zen, automation, them)
    seconds = number(5, 600)
    ended, until = 0, time.monotonic() + seconds
    with stage.postgres.superuser() as superuser, desk.hurry(10**9) as load:
        while time.monotonic() < until:
            backends = [
                pid for [pid] in superuser.execute("SELECT pid FROM pg_stat_activity WHERE usename = 'simplero_app'")
            ]
            if backends:
                superuser.execute("SELECT pg_terminate_backend(%s)", [rng.choice(backends)])
                ended += 1
            time.sleep(0.1)
        load.left = 0
    connection.close()
    assert desk.told.keys
    assert desk.told.slowest < 5
    assert set(desk.told.statuses) <= {303, 503, 0}, "nobody is shown a page that says it was our fault"
    assert soon(lambda: not runs.inside(zen), 60, every=0.1), stage.worker.said()
    steps = runs.tally(zen, rounds * len(them) * 5)
    assert (steps["lost"], steps["doubled"], steps["attention"]) == (0, 0, 0)
    counted(desk, ended=ended, told_to_ask_again=desk.told.statuses[503], steps=steps["done"])


def test_f11_broker_gone_while_credits_are_used(stage, acme, number, counted, drained):
    """Nobody waits for the broker: requests are answered, jobs stand in the database, and are done when it is back."""
    stage.serve()
    stage.work()
    desk = Desk(stage.port, acme, credits=100_000)
    away = number(3, 20)
    for _ in range(number(1, 5)):
        stage.redis.kill()
        until = time.monotonic() + away
        with desk.hurry(10**9) as load:
            while time.monotonic() < until:
                time.sleep(0.1)
            load.left = 0
        waiting = Job.objects.filter(account_id=acme.account.pk).count()
        assert waiting
        stage.redis.start()
        back = time.monotonic()
        assert drained(60), stage.worker.said()
    assert desk.told.again == 0
    assert desk.told.slowest < 2
    counted(desk, waited=waiting, drained=f"{time.monotonic() - back:.1f} s")
