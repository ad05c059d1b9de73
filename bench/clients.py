"""Python processes that do one thing over and over, each on a connection of its own that stays open."""

import gc
import multiprocessing
import multiprocessing.connection
import random
import resource
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection, transaction
from django.test import override_settings

from bench import automation, straightforward
from bench.shop import LEAST, LEAST_OURS, Buyer, Shop
from bench.world import ORIGIN, Grown, World
from contacts.models import Contact
from credits import ledger, services
from credits.ledger import Row
from simplero.launch.processes import end_with_parent
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import scope

STAFF = Actor("user", 1)

SETTINGS = {"least": LEAST, "least_ours": LEAST_OURS}
"""By verb, the settings it is done under where they are not the application's own."""


@dataclass(frozen=True)
class Job:
    """One contestant's turn. It ends after `seconds`, or, for a batch, after `rows` in calls of `chunk`."""

    verb: str
    seconds: float = 0.0
    hot: bool = False
    rows: int = 0
    chunk: int = 0
    large: bool = False


@dataclass
class Outcome:
    uses: int = 0
    cpu: float = 0.0
    waits: list[float] = field(default_factory=list)  # seconds that each took
    errors: Counter[str] = field(default_factory=Counter)
    memory: int = 0  # bytes that the process holds afterwards


class Clients:
    """`count` processes, forked once, so that what Python needs to start is no part of any measurement."""

    def __init__(self, world: World, grown: Grown, shops: dict[bool, Shop], count: int) -> None:
        fork = multiprocessing.get_context("fork")
        self._pipes = []
        self._processes = []
        for number in range(count):
            ours, theirs = fork.Pipe()
            process = fork.Process(target=_serve, args=(world, grown, shops, number, theirs), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def run(self, job: Job, count: int) -> tuple[Outcome, float]:
        """What `count` of them did together, and the seconds until the last was done."""
        pipes = self._pipes[:count]
        start = time.perf_counter()
        for pipe in pipes:
            pipe.send(job)
        total = Outcome()
        for pipe in pipes:
            one = pipe.recv()
            total.uses += one.uses
            total.cpu += one.cpu
            total.waits += one.waits
            total.errors += one.errors
            total.memory = max(total.memory, one.memory)
        return total, time.perf_counter() - start

    def stop(self) -> None:
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.send(None)
            process.join(10)


def _serve(
    world: World, grown: Grown, shops: dict[bool, Shop], number: int, pipe: multiprocessing.connection.Connection
) -> None:
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    gc.freeze()
    random.seed(number)
    client = _Client(world, grown, shops)
    while (job := pipe.recv()) is not None:
        outcome = Outcome()
        before = time.process_time()
        client.do(job, outcome)
        outcome.cpu = time.process_time() - before
        outcome.memory = resident()
        pipe.send(outcome)
    connection.close()


def resident() -> int:
    """Bytes of memory that this process holds, 0 where the system does not say."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * resource.getpagesize() if statm.exists() else 0


class _Client:
    def __init__(self, world: World, grown: Grown, shops: dict[bool, Shop]) -> None:
        self.world = world
        self.grown = grown
        self.shops = shops
        # Each keeps the middleware it was first answered through.
        self.buyer, self.visitor, self.our_visitor = Buyer(), Buyer(), Buyer()
        self.contacts = {pk: Contact(pk=pk, account=world.account) for pk in range(world.first, world.last + 1)}
        self.hot = Contact(pk=world.hot, account=world.account)

    def do(self, job: Job, outcome: Outcome) -> None:
        verb: Callable[[Job], int] = getattr(self, job.verb)
        with override_settings(
            **SETTINGS.get(job.verb, {})
        ):  # around the whole turn: what it costs is no part of a use
            self._repeat(verb, job, outcome)

    def _repeat(self, verb: Callable[[Job], int], job: Job, outcome: Outcome) -> None:
        end = time.perf_counter() + job.seconds
        while (outcome.uses < job.rows) if job.rows else (time.perf_counter() < end):
            began = time.perf_counter()
            try:
                outcome.uses += verb(job)
                outcome.waits.append(time.perf_counter() - began)
            except Exception as error:  # noqa: BLE001, each is counted by name and fails the run
                outcome.errors[f"{type(error).__name__}: {error}".splitlines()[0]] += 1
                if job.rows:
                    return

    def _whose(self, job: Job) -> Contact:
        return self.hot if job.hot else self.contacts[random.randint(self.world.first, self.world.last)]

    def consume(self, job: Job) -> int:
        world = self.world
        with scope(world.account):
            services.consume(
                account=world.account,
                contact=self._whose(job),
                credit_type=world.session,
                amount=1,
                key=uuid.uuid4(),
                actor=STAFF,
            )
        return 1

    def consume_grown(self, job: Job) -> int:
        grown = self.grown
        with scope(grown.account):
            services.consume(
                account=grown.account,
                contact=Contact(pk=random.choice(grown.holders), account=grown.account),
                credit_type=grown.credit_type,
                amount=1,
                key=uuid.uuid4(),
                actor=STAFF,
            )
        return 1

    def straightforward(self, job: Job) -> int:
        world = self.world
        with scope(world.account):
            straightforward.consume(
                account=world.account,
                contact=self._whose(job),
                credit_type=world.session,
                amount=1,
                key=uuid.uuid4(),
                actor=STAFF,
            )
        return 1

    def issue(self, job: Job) -> int:
        world = self.world
        with scope(world.account):
            services.issue(
                account=world.account,
                contact=self._whose(job),
                credit_type=world.group,
                amount=1,
                key=uuid.uuid4(),
                expiry="1 year",
                actor=STAFF,
            )
        return 1

    def consume_many(self, job: Job) -> int:
        rows = self._rows(job)
        with scope(self.world.account), transaction.atomic():
            answers = ledger.consume_many(account=self.world.account, rows=rows, origin=ORIGIN)
        return sum(answer.outcome == "posted" for answer in answers)

    def issue_many(self, job: Job) -> int:
        rows = self._rows(job)
        with scope(self.world.account), transaction.atomic():
            answers = ledger.issue_many(account=self.world.account, rows=rows, expiry="1 year", origin=ORIGIN)
        return sum(answer.outcome == "posted" for answer in answers)

    def automation(self, job: Job) -> int:
        return automation.through(self.shops[True], contacts=job.rows // automation.STEPS, chunk=job.chunk)

    def automation_plainly(self, job: Job) -> int:
        return automation.plainly(self.shops[True], contacts=job.rows // automation.STEPS)

    def buy(self, job: Job) -> int:
        self.buyer.buy(self.shops[job.large])
        return 1

    def least(self, job: Job) -> int:
        self.visitor.least()
        return 1

    def least_ours(self, job: Job) -> int:
        self.our_visitor.least()
        return 1

    def _rows(self, job: Job) -> list[Row]:
        world = self.world
        return [
            Row(contact, world.group.pk, 1, uuid.uuid4())
            for contact in random.sample(range(world.first, world.last + 1), job.chunk)
        ]
