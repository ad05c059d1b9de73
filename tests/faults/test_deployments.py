"""A new version takes over while the old one works, and a migration meets somebody who holds its table (F22, F23)."""

import time

from django.db import connection

from simplero.launch.processes import free_port
from tests.faults import report, runs
from tests.faults.clients import Desk, answers
from tests.faults.stage import manage, soon, web, worker

NEXT = {"DJANGO_SETTINGS_MODULE": "tests.next_version.settings"}
STEADY = {"REMAP_SIGTERM": "SIGQUIT", "FAULT_VISIBILITY": "900"}
"""Workers as docker-compose.yml has them; what one of them left with the broker would lie there for a quarter of an hour."""


def migrate(stage, to):
    return manage("migrate", "web", to, "--verbosity=1", DATABASE_OWNER_URL=stage.postgres.owner_url, **NEXT)


def undo(stage):
    with stage.postgres.superuser() as superuser:
        superuser.execute("ALTER TABLE credits_wallet DROP COLUMN next_version; DROP TABLE next_version_first")
        superuser.execute("DELETE FROM django_migrations WHERE app = 'web'")


def columns():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM information_schema.columns WHERE column_name = 'next_version'")
        return cursor.fetchone()[0]


def test_f22_new_version_beside_the_old_one(stage, acme, zen, number, counted, request):
    """Migrate, start the new ones, send new requests to them, then let the old ones go: nobody's request fails, no task waits."""
    stage.serve()
    stage.rest()
    desk = Desk(stage.port, acme, credits=100_000)
    them, automation = runs.people(zen, 40), runs.uses(zen, 5)
    deployments, entered, left, slowest = number(1, 10), 0, 0.0, 0.0
    for at in range(deployments):
        old = worker(stage.folder, f"old{at}", **STEADY)
        new_port = free_port()
        new_web = web(stage.folder, new_port, f"web{at}", **NEXT)
        new = worker(stage.folder, f"new{at}", **STEADY, **NEXT)
        stage.work(old)
        try:
            with desk.hurry(10**9) as load:
                runs.enter(zen, automation, them)
                migrated = migrate(stage, "0001")
                assert migrated.returncode == 0, migrated.stderr
                new_web.start()
                new.start()
                runs.enter(zen, automation, them)
                assert soon(lambda port=new_port: answers(port), 60), new_web.said()
                desk.port = new_port  # as the proxy in front does
                time.sleep(0.3)
                left = max(left, stage.web.leave())
                runs.enter(zen, automation, them)
                began = time.monotonic()
                old.leave()
                assert soon(lambda: not runs.inside(zen), 60, every=0.05), new.said()
                slowest = max(slowest, time.monotonic() - began)
                load.left = 0
            entered += 3
        finally:
            desk.port = stage.port
            for one in (old, new, new_web):
                one.stop()
            undo(stage)
        if at + 1 < deployments:
            stage.serve()
    stage.beat.stop()
    steps = runs.tally(zen, entered * len(them) * 5)
    assert (steps["lost"], steps["doubled"], steps["attention"]) == (0, 0, 0)
    assert slowest < 20, "a task waits for the broker to hand it out again"
    assert set(desk.told.statuses) == {303}, "somebody's request failed"
    counted(
        desk,
        deployments=deployments,
        failed=desk.told.again,
        steps=steps["done"],
        old_web_left=f"{left:.1f} s",
        slowest_steps=f"{slowest:.1f} s",
    )


def test_f23_migration_meets_an_open_transaction(stage, acme, number, counted, request):
    """It gives up after three seconds and says why; requests wait for it that long at most, and all of them are answered."""
    stage.serve()
    desk = Desk(stage.port, acme, credits=100_000)
    with stage.postgres.superuser() as somebody, desk.hurry(10**9) as load:
        with somebody.transaction():
            somebody.execute("SELECT FROM credits_wallet LIMIT 1")
            tried = migrate(stage, "0001")
            assert tried.returncode == 1
            assert "web.0001_column gave up: for 3 seconds" in tried.stderr
            assert columns() == 0
        done = len(desk.told.keys)
        assert soon(lambda: len(desk.told.keys) > done, 10)
        load.left = 0
    assert set(desk.told.statuses) == {303}
    assert desk.told.slowest < 6
    report.LINES.append(f"    {tried.stderr.strip().splitlines()[-1]}")
    counted(desk)
