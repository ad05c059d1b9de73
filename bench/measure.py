"""The contestants, turn by turn. Run by `python -m bench`, in a process whose settings name the throw-away database."""

import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import django
import psycopg

django.setup()

from django.core.management import CommandError, call_command  # noqa: E402, nothing of Django may be imported before setup

from bench import automation, finding, pages, pgbench, report  # noqa: E402
from bench.clients import Clients, Job, Outcome  # noqa: E402
from bench.pgbench import Pgbench  # noqa: E402
from bench.processors import ServerClock  # noqa: E402
from bench.report import Turn  # noqa: E402
from bench.shop import Shop  # noqa: E402
from bench.sizes import SIZES, Size  # noqa: E402
from bench.world import Grown, World  # noqa: E402
from simplero.launch.processes import end_with_parent  # noqa: E402

APP = os.environ["DATABASE_URL"]
SUPERUSER = os.environ["BENCH_SUPERUSER_URL"]

SPREAD = 4
HOT = 16
"""Clients of the two loads."""


def main() -> int:
    end_with_parent()
    size = SIZES[sys.argv[1]]
    rounds = int(sys.argv[2])
    call_command("migrate", verbosity=0)
    with psycopg.connect(SUPERUSER, autocommit=True) as superuser:
        # Vacuuming is done between the rounds instead, or it would be a contestant's bad luck.
        superuser.execute("ALTER SYSTEM SET autovacuum = off")
        superuser.execute("SELECT pg_reload_conf()")
        _say("filling two accounts through the ledger")
        world = World.make("Bench", size)
        limit = World.make("Limit", size)  # where plain SQL moves balances and leaves the lots behind
        _say("opening a shop of one product and one of many")
        shops = {
            False: Shop.make("Small shop", customers=size.contacts, products=1),
            True: Shop.make("Large shop", customers=size.customers, products=size.products),
        }
        _say(f"growing an account to {size.grown.entries:,} entries")
        grown = Grown.make(superuser, size.grown)
        clients = Clients(world, grown, shops, HOT)
        with tempfile.TemporaryDirectory() as folder:
            bench = Pgbench(Path(os.environ["BENCH_BINDIR"]), Path(folder))
            if not bench.there:
                _say("there is no pgbench beside this Postgres or on the path: nothing to compare with plain SQL")
            contestants = _contestants(world, limit, size, clients, bench)
            clock = ServerClock(int(os.environ["BENCH_POSTMASTER"]))
            for name, turn in contestants.items():  # plans, caches and connections are made before it counts
                _say(f"warming up: {name}")
                turn(min(1, size.seconds))
            results = []
            for number in range(rounds):
                superuser.execute("VACUUM (ANALYZE)")
                superuser.execute("CHECKPOINT")
                _say(f"round {number + 1} of {rounds}")
                results.append({})
                names = list(contestants)
                for name in names[number % len(names) :] + names[: number % len(names)]:
                    before = clock.read()
                    outcome, seconds = contestants[name](size.seconds)
                    results[-1][name] = Turn(outcome, seconds, clock.read() - before)
        clients.stop()
        deadlocks, overdrafts = superuser.execute(
            "SELECT (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()),"
            " (SELECT count(*) FROM credits_wallet WHERE balance < 0)"
        ).fetchone()
        superuser.execute("VACUUM (ANALYZE)")  # as autovacuum would have
        _say("asking the grown account")
        found = finding.measure(grown.account, size.grown)
        looked_at = pages.measure(grown.account, superuser=SUPERUSER, times=size.pages)
        started = pages.start_up(rounds)
        proof, proved = _prove(world.account.slug, shops[True].account.slug)
    facts = {"deadlocks": deadlocks, "overdrafts": overdrafts}
    judged = sys.argv[1] != "smoke"  # too little for a judgment
    failed = report.show(results, facts, proof=proof, proved=proved, cpu_known=clock.known, judged=judged)
    report.show_pages(looked_at, size.grown, started)
    finding.show(found, size.grown)
    return failed


def _contestants(
    world: World, limit: World, size: Size, clients: Clients, bench: Pgbench
) -> dict[str, Callable[[float], tuple[Outcome, float]]]:
    """By name, what each does in its turn of so many seconds. The order is that of the first round."""

    def loop(verb: str, count: int, **how: bool) -> Callable[[float], tuple[Outcome, float]]:
        return lambda seconds: clients.run(Job(verb, seconds, **how), count)

    def batch(verb: str) -> Callable[[float], tuple[Outcome, float]]:
        return lambda seconds: clients.run(Job(verb, rows=size.batch, chunk=size.chunk), 1)

    def steps(verb: str, contacts: int, chunk: int = 0) -> Callable[[float], tuple[Outcome, float]]:
        rows = automation.STEPS * max(1, contacts)
        return lambda seconds: clients.run(Job(verb, rows=rows, chunk=chunk), 1)

    def plain(script: str, url: str, count: int) -> Callable[[float], tuple[Outcome, float]] | None:
        if not bench.there:
            return None
        return lambda seconds: bench.run(script, url=url, clients=count, seconds=seconds)

    contestants = {
        "service": loop("consume", SPREAD),
        "min4": plain(pgbench.least(limit, hot=False), SUPERUSER, SPREAD),
        "straightforward": loop("straightforward", SPREAD),
        "function": plain(pgbench.function(world, tenant=True), APP, SPREAD),
        "function, no tenant": plain(pgbench.function(world, tenant=False), SUPERUSER, SPREAD),
        "hot service": loop("consume", HOT, hot=True),
        "hot min4": plain(pgbench.least(limit, hot=True), SUPERUSER, HOT),
        "hot straightforward": loop("straightforward", HOT, hot=True),
        "service, grown account": loop("consume_grown", SPREAD),
        "service, 1 process": loop("consume", 1),
        "consume_many": batch("consume_many"),
        "issue, 1 process": loop("issue", 1),
        "issue_many": batch("issue_many"),
        "automation, chunks": steps("automation", size.batch),
        "automation, chunks of one": steps("automation", size.batch // 50, chunk=1),
        "automation, plainly": steps("automation_plainly", size.batch // 50),
        "purchase": loop("buy", SPREAD),
        "purchase, large shop": loop("buy", SPREAD, large=True),
        "bare view": loop("least", SPREAD),
        "bare view, our middleware": loop("least_ours", SPREAD),
    }
    return {name: turn for name, turn in contestants.items() if turn is not None}


def _prove(*slugs: str) -> tuple[str, bool]:
    """What `ledger_verify` says of the accounts, and whether it found them whole."""
    said = []
    whole = True
    for slug in slugs:
        answer = io.StringIO()
        start = time.perf_counter()
        try:
            call_command("ledger_verify", account=slug, stdout=answer, stderr=answer)
        except (SystemExit, CommandError) as end:
            whole = False
            answer.write(str(end))
        said.append(f"{answer.getvalue().strip()} Proved in {time.perf_counter() - start:.1f} s.")
    return "\n".join(said), whole


def _say(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
