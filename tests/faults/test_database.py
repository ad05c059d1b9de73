"""Transactions that cross, a database that takes no changes, a disk that is full (F21, F27)."""

import os
import subprocess
import threading
import time

import pytest
from django.db import connection

from credits.models import Wallet
from simplero.tenancy.scope import scope
from tests.faults import runs
from tests.faults.clients import Desk, get
from tests.faults.stage import soon

CROSSING = """CREATE SEQUENCE fault_crossings;
CREATE FUNCTION fault_cross() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
  IF random() < 0.15 THEN
    PERFORM nextval('public.fault_crossings');
    IF random() < 0.5 THEN RAISE EXCEPTION 'on purpose' USING ERRCODE = '40P01'; END IF;
    RAISE EXCEPTION 'on purpose' USING ERRCODE = '40001';
  END IF;
  RETURN NULL; END $$;
CREATE TRIGGER fault_cross AFTER INSERT ON outbox_event FOR EACH STATEMENT EXECUTE FUNCTION fault_cross()"""

NO_CROSSING = "DROP TRIGGER fault_cross ON outbox_event; DROP FUNCTION fault_cross; DROP SEQUENCE fault_crossings"


class Opponent(threading.Thread):
    """Locks two wallets in the opposite order, again and again, and never gives way."""

    def __init__(self, postgres, wallets):
        super().__init__(daemon=True)
        self.postgres, self.wallets, self.over = postgres, sorted(wallets, reverse=True), threading.Event()

    def run(self):
        with self.postgres.superuser() as superuser:
            superuser.execute("SET deadlock_timeout = '20s'")
            while not self.over.is_set():
                with superuser.transaction():
                    for wallet in self.wallets:
                        superuser.execute("SELECT FROM credits_wallet WHERE id = %s FOR UPDATE", [wallet])
                        time.sleep(0.01)
                time.sleep(0.05)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join(60)
        assert not self.is_alive()


def deadlocks(superuser):
    [count] = superuser.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    return count


def test_f21_transactions_that_cross(stage, acme, zen, number, counted, request):
    """Who is rolled back to let another pass does the whole of it again, and nobody notices."""
    stage.serve()
    stage.work()
    desk = Desk(stage.port, acme, credits=100_000)
    them, automation, rounds = runs.people(zen, 20), runs.uses(zen, 3), number(3, 200)
    with scope(zen.account):
        wallets = [wallet.pk for wallet in Wallet.objects.order_by("pk")]
    with stage.postgres.superuser() as superuser:
        before = deadlocks(superuser)
        superuser.execute("ALTER SYSTEM SET deadlock_timeout = '50ms'")
        superuser.execute("SELECT pg_reload_conf()")
        try:
            with Opponent(stage.postgres, [wallets[0], wallets[-1]]):
                for _ in range(rounds):
                    runs.enter(zen, automation, them)
                    assert soon(lambda: not runs.inside(zen), 60, every=0.05), stage.worker.said()
            superuser.execute(CROSSING)
            with desk.hurry(number(250, 10_000)):
                pass
            [crossings] = superuser.execute("SELECT last_value FROM fault_crossings").fetchone()
        finally:
            superuser.execute(NO_CROSSING)
            superuser.execute("ALTER SYSTEM RESET deadlock_timeout")
            superuser.execute("SELECT pg_reload_conf()")
        crossed = deadlocks(superuser) - before
    steps = runs.tally(zen, rounds * len(them) * 3)
    assert (steps["lost"], steps["doubled"], steps["attention"]) == (0, 0, 0)
    assert crossings > 10
    assert crossed > 0, "nobody met the opponent"
    assert desk.told.again <= crossings / 20, "people had to ask again"
    counted(desk, crossings=crossings, deadlocks=crossed, steps=steps["done"])


@pytest.fixture
def read_only(stage):
    def turn(on):
        with stage.postgres.superuser() as superuser:
            superuser.execute(
                f"ALTER SYSTEM {'SET' if on else 'RESET'} default_transaction_read_only {'= on' if on else ''}"
            )
            superuser.execute("SELECT pg_reload_conf()")

    yield turn
    turn(False)


TABLES = ("credits_entry", "outbox_event")


class SmallDisk:
    """A disk of its own for the tables that grow with every use; None where nobody may mount one."""

    def __init__(self, stage):
        self.stage, self.folder = stage, stage.folder / "small"

    def __enter__(self):
        self.folder.mkdir(exist_ok=True)
        mounted = (
            os.geteuid() == 0
            and not subprocess.run(
                ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", self.folder], capture_output=True, check=False
            ).returncode
        )
        self.mounted = mounted
        with self.stage.postgres.superuser() as superuser:
            if not mounted:
                superuser.execute(FULL)
                return self
            owner = self.stage.postgres.data.stat()
            place = self.folder / "tables"
            place.mkdir(mode=0o700)
            os.chown(place, owner.st_uid, owner.st_gid)
            os.chmod(self.folder, 0o755)
            superuser.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
            for table in TABLES:
                superuser.execute(f"ALTER TABLE {table} SET TABLESPACE small")
        return self

    def fill(self):
        if not self.mounted:
            with self.stage.postgres.superuser() as superuser:
                superuser.execute("ALTER TABLE outbox_event ENABLE TRIGGER fault_full")
            return
        with (self.folder / "full").open("wb") as stuff:
            try:
                while True:
                    stuff.write(b"x" * 65536)
                    stuff.flush()
            except OSError:
                pass

    def empty(self):
        if not self.mounted:
            with self.stage.postgres.superuser() as superuser:
                superuser.execute("ALTER TABLE outbox_event DISABLE TRIGGER fault_full")
            return
        (self.folder / "full").unlink()

    def __exit__(self, *_):
        with self.stage.postgres.superuser() as superuser:
            if not self.mounted:
                superuser.execute("DROP TRIGGER fault_full ON outbox_event; DROP FUNCTION fault_full")
                return
            (self.folder / "full").unlink(missing_ok=True)
            for table in TABLES:
                superuser.execute(f"ALTER TABLE {table} SET TABLESPACE pg_default")
            superuser.execute("DROP TABLESPACE small")
        subprocess.run(["umount", self.folder], check=False)


FULL = """CREATE FUNCTION fault_full() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER fault_full AFTER INSERT ON outbox_event FOR EACH STATEMENT EXECUTE FUNCTION fault_full();
ALTER TABLE outbox_event DISABLE TRIGGER fault_full"""


def test_f27_read_only_and_full_disk(stage, acme, zen, number, counted, read_only, drained, request):
    """Changes are refused with a page that says so, pages are shown, nothing is half written, no job is to blame, and all goes on by
    itself."""
    stage.serve()
    stage.work()
    desk = Desk(stage.port, acme, credits=100_000)
    them, automation = runs.people(zen, 20), runs.uses(zen, 5)
    entered, seen = 0, {}
    with SmallDisk(stage) as disk, desk.hurry(10**9) as load:
        for _ in range(number(1, 10)):
            runs.enter(zen, automation, them)
            read_only(True)
            before = desk.told.statuses[503]
            assert soon(lambda before=before: desk.told.statuses[503] > before, 30), desk.told
            seen["ready"], seen["page"] = get(stage.port, "/readyz"), desk.look()
            time.sleep(1)
            read_only(False)
            done = len(desk.told.keys)
            assert soon(lambda done=done: len(desk.told.keys) > done, 5), "it does not come back by itself"
            assert soon(lambda: get(stage.port, "/readyz") == 200, 5)
            assert soon(lambda: not runs.inside(zen), 60, every=0.1), stage.worker.said()

            disk.fill()
            before = desk.told.statuses[503]
            assert soon(lambda before=before: desk.told.statuses[503] > before, 60), desk.told
            runs_were = runs.inside(zen)
            disk.empty()
            done = len(desk.told.keys)
            assert soon(lambda done=done: len(desk.told.keys) > done, 5), "it does not come back by itself"
            entered += 1
            assert not runs_were
        load.left = 0
    connection.close()
    steps = runs.tally(zen, entered * len(them) * 5)
    assert (steps["lost"], steps["doubled"], steps["attention"]) == (0, 0, 0)
    assert seen == {"ready": 503, "page": 200}
    assert set(desk.told.statuses) <= {303, 503}, stage.web.said()
    assert drained(60)
    counted(
        desk,
        refused=desk.told.statuses[503],
        steps=steps["done"],
        disk="really full" if disk.mounted else "said to be full",
    )
