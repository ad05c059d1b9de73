"""The database is lost and put back as it was some time before (F29)."""

import time
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from contacts import services as contacts
from contacts.models import Contact
from credits.models import Wallet
from simplero.tenancy.scope import scope
from tests.faults import runs
from tests.faults.clients import Desk
from tests.faults.stage import manage, soon


def used(world):
    with scope(world.account):
        return Wallet.objects.get(contact=world.contact).used


def test_f29_put_back_from_a_backup(stage, acme, zen, number, counted, drained, rng, request):
    """What the backup has is not done again, what it has not is asked for again with the same keys, what was due goes on, and who was
    erased since is erased again."""
    stage.serve()
    stage.work()
    desk = Desk(stage.port, acme, credits=100_000)
    them, automation = runs.people(zen, 40), runs.uses(zen, 5)
    addresses = {"DATABASE_OWNER_URL": stage.postgres.owner_url, "BACKUP_DATABASE_URL": stage.postgres.everything_url}
    rounds = number(1, 10)
    leaving = runs.people(acme, rounds, credits=1)
    for at in range(rounds):
        file = stage.folder / "kept" / f"{at}.dump"
        with desk.hurry(10**9) as load:
            runs.enter(zen, automation, them)
            taken = manage("backup", str(file), **addresses)
            assert taken.returncode == 0, taken.stderr
            before = len(desk.told.keys)
            assert soon(lambda before=before: len(desk.told.keys) > before + 30, 30)
            load.left = 0
        with scope(acme.account):
            contacts.erase(account=acme.account, contact=leaving[at], actor=acme.actor)
        stage.rest()
        stage.web.stop()
        connection.close()
        began = time.monotonic()
        put_back = manage("restore", str(file), "--force", **addresses)
        took = time.monotonic() - began
        assert put_back.returncode == 0, put_back.stderr + put_back.stdout
        assert "Every ledger adds up" in put_back.stdout
        assert "1 erased again" in put_back.stdout
        with scope(acme.account):
            left = Contact.objects.get(pk=leaving[at].pk)
        assert left.erased_at is not None
        assert left.name != leaving[at].name
        connection.close()
        [aside] = [word for word in put_back.stdout.split() if "_before_" in word]
        with stage.postgres.superuser() as superuser:
            superuser.execute(f"DROP DATABASE {aside}")
        survived = used(acme)
        lost = len(desk.told.keys) - survived
        connection.close()
        assert lost > 0, "the backup has everything, so nothing is tried"
        stage.serve()
        stage.work()
        desk.sign_in()
        again, desk.told.keys = desk.told.keys, []
        rng.shuffle(again)
        with ThreadPoolExecutor(4) as clients:
            list(clients.map(desk.use, again))
        assert soon(lambda: not runs.inside(zen), 60, every=0.1), stage.worker.said()
    steps = runs.tally(zen, rounds * len(them) * 5)
    assert (steps["lost"], steps["doubled"], steps["attention"]) == (0, 0, 0)
    assert drained(60)
    counted(desk, survived=survived, posted_again=lost, steps=steps["done"], restore=f"{took:.1f} s")
