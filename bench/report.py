"""The table: what each contestant did, and the goals that follow from it."""

import os
import platform
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.clients import Outcome
from bench.pages import GOAL, Pages, p95
from bench.sizes import Many


@dataclass(frozen=True)
class Turn:
    """One contestant's share of one round; seconds of wall time and of processor time."""

    outcome: Outcome
    seconds: float
    server_cpu: float

    @property
    def rate(self) -> float:
        return self.outcome.uses / self.seconds

    @property
    def server(self) -> float:
        """Milliseconds of the server's processor time for each use."""
        return 1000 * self.server_cpu / max(1, self.outcome.uses)

    @property
    def client(self) -> float:
        """Milliseconds of the client's processor time for each use."""
        return 1000 * self.outcome.cpu / max(1, self.outcome.uses)

    @property
    def total(self) -> float:
        return self.server + self.client


Round = dict[str, Turn]


@dataclass(frozen=True)
class Goal:
    """A ratio of two contestants of one round; a floor that falls below its stretch wants to be exceeded, else undercut."""

    text: str
    ratio: Callable[[Round], float]
    needs: tuple[str, str]
    floor: float
    stretch: float
    cpu: bool = False  # a missed floor fails the run: processor time, unlike rates, does not depend on the neighbours

    def verdict(self, value: float) -> str:
        sign = 1 if self.floor < self.stretch else -1
        if sign * value >= sign * self.stretch:
            return "stretch met"
        return "met" if sign * value >= sign * self.floor else "MISSED"


GOALS = [
    Goal(
        "service, 4 processes, to min4, 4 clients: rate",
        lambda r: r["service"].rate / r["min4"].rate,
        ("service", "min4"),
        0.20,
        0.40,
    ),
    Goal(
        "total CPU of a use to min4's",
        lambda r: r["service"].total / r["min4"].total,
        ("service", "min4"),
        4.5,
        3.0,
        cpu=True,
    ),
    Goal(
        "the function's server CPU to min4's",
        lambda r: r["function"].server / r["min4"].server,
        ("function", "min4"),
        2.4,
        1.7,
        cpu=True,
    ),
    Goal(
        "a use in the grown account to one in the small: total CPU",
        lambda r: r["service, grown account"].total / r["service"].total,
        ("service, grown account", "service"),
        1.35,
        1.2,
        cpu=True,
    ),
    Goal(
        "service to the straightforward version: rate",
        lambda r: r["service"].rate / r["straightforward"].rate,
        ("service", "straightforward"),
        4.0,
        7.0,
    ),
    Goal(
        "hot wallet, 16 clients, to min4 on one: rate",
        lambda r: r["hot service"].rate / r["hot min4"].rate,
        ("hot service", "hot min4"),
        0.5,
        1.0,
    ),
    Goal(
        "batch of uses to a transaction each, one process: rate",
        lambda r: r["consume_many"].rate / r["service, 1 process"].rate,
        ("consume_many", "service, 1 process"),
        5.0,
        8.0,
    ),
    Goal(
        "a transaction each to a batch of uses: total CPU",
        lambda r: r["service"].total / r["consume_many"].total,
        ("consume_many", "service"),
        5.0,
        8.0,
        cpu=True,
    ),
    Goal(
        "batch of issues to a transaction each, one process: rate",
        lambda r: r["issue_many"].rate / r["issue, 1 process"].rate,
        ("issue_many", "issue, 1 process"),
        5.0,
        8.0,
    ),
    Goal(
        "a transaction each to a batch of issues: total CPU",
        lambda r: r["issue, 1 process"].total / r["issue_many"].total,
        ("issue_many", "issue, 1 process"),
        5.0,
        8.0,
        cpu=True,
    ),
    Goal(
        "steps of automations in chunks to a transaction each",
        lambda r: r["automation, chunks"].rate / r["automation, plainly"].rate,
        ("automation, chunks", "automation, plainly"),
        5.0,
        8.0,
    ),
    Goal(
        "a transaction each to steps in chunks: total CPU",
        lambda r: r["automation, plainly"].total / r["automation, chunks"].total,
        ("automation, chunks", "automation, plainly"),
        5.0,
        8.0,
        cpu=True,
    ),
    Goal(
        "storefront purchase to a bare view: rate",
        lambda r: r["purchase"].rate / r["bare view"].rate,
        ("purchase", "bare view"),
        0.25,
        0.4,
    ),
    Goal(
        "the same to one under our middleware: rate",
        lambda r: r["purchase"].rate / r["bare view, our middleware"].rate,
        ("purchase", "bare view, our middleware"),
        0.25,
        0.4,
    ),
    Goal(
        "purchase in the large shop to the small: total CPU",
        lambda r: r["purchase, large shop"].total / r["purchase"].total,
        ("purchase, large shop", "purchase"),
        1.2,
        1.05,
        cpu=True,
    ),
]

HOW = (
    "Service and straightforward: 4 Python processes where nothing else is said, a transaction each. min4 and function: pgbench, 4 clients; min4 is\n"
    "UPDATE wallet and INSERT entry in plain SQL by a superuser, so without row-level security. Hot: 16 clients on one wallet.\n"
    "Automations: wait, consume, tag for each of many contacts, one process; the uses are steps. Plainly: a run and a step at a time,\n"
    "a transaction with single rows for each, for a fiftieth of the contacts.\n"
    "Batches: one process. CPU: what client processes and server connections used for each use, from the kernel's accounts.\n"
    "Purchases: whole requests through every middleware, paid with one credit, 4 processes; the large shop has more of everything (README).\n"
    "Bare view: a request that inserts one row in one transaction, with no middleware at all, or through all of the application's own."
)

NOT_HERE = "Not measured here: pgledger and django-hordak (foreign code), ten million entries (`SIZE=--large`), the proof of 500,000 entries."


def show(rounds: list[Round], facts: dict[str, int], *, proof: str, proved: bool, cpu_known: bool, judged: bool) -> int:
    """Print it all. 1 when a use went wrong, the ledger does not add up, or a floor on CPU is missed; else 0."""
    print(_machine())
    print(f"{len(rounds)} rounds, contestants in turn within each; medians.\n{HOW}\n")
    _show_contestants(rounds, cpu_known)
    _show_waits(rounds)
    _show_memory(rounds)
    missed = _show_goals(rounds, cpu_known, judged)
    errors: Counter[str] = Counter()
    for turns in rounds:
        for name, turn in turns.items():
            errors.update({f"{name}: {what}": count for what, count in turn.outcome.errors.items()})
    print(f"\nErrors {errors.total()}, " + ", ".join(f"{name} {count}" for name, count in facts.items()) + ".")
    for what, count in errors.most_common(10):
        print(f"  {count} × {what}")
    print(proof)
    print(NOT_HERE)
    return 1 if missed or errors or any(facts.values()) or not proved else 0


def _show_contestants(rounds: list[Round], cpu_known: bool) -> None:
    print(f"{'':26}{'per second':>12}{'client ms':>12}{'server ms':>12}{'total ms':>12}   CPU of each use")
    for name in rounds[0]:
        turns = [turns[name] for turns in rounds]
        client, server, total = (
            median(getattr(turn, part) for turn in turns) for part in ("client", "server", "total")
        )
        cpu = f"{client:12.2f}{server:12.2f}{total:12.2f}" if cpu_known else f"{client:12.2f}{'unknown':>12}"
        print(f"{name:26}{median(turn.rate for turn in turns):12,.0f}{cpu}")


def _show_waits(rounds: list[Round]) -> None:
    """How long one request takes while four processes ask at once."""
    for name in ("purchase", "purchase, large shop", "bare view", "bare view, our middleware"):
        waits = sorted(wait for turns in rounds for wait in turns[name].outcome.waits)
        if waits:
            p50, p99 = (1000 * waits[int(part * (len(waits) - 1))] for part in (0.5, 0.99))
            print(f"{name:26}p50 {p50:6.1f} ms   p99 {p99:6.1f} ms   of {len(waits):,}")


def _show_memory(rounds: list[Round]) -> None:
    """What the process that takes runs on holds after the first round and after the last."""
    held = [turns["automation, chunks"].outcome.memory / 2**20 for turns in rounds]
    steps = sum(turns["automation, chunks"].outcome.uses for turns in rounds)
    print(
        f"{'automation, chunks':26}memory {held[0]:.1f} MB after the first round, {held[-1]:.1f} MB after {steps:,} steps"
    )


def _show_goals(rounds: list[Round], cpu_known: bool, judged: bool) -> bool:
    """Print them; whether one is missed that must not be."""
    print(f"\n{'goal':52}{'measured':>10}{'(rounds)':>16}{'floor':>8}{'stretch':>9}")
    missed = False
    for goal in GOALS:
        if goal.cpu and not cpu_known or not all(name in rounds[0] for name in goal.needs):
            print(f"{goal.text:52}{'not measured':>26}{goal.floor:8g}{goal.stretch:9g}")
            continue
        ratios = [goal.ratio(turns) for turns in rounds]
        value = median(ratios)
        verdict = goal.verdict(value) if judged else ""
        missed |= goal.cpu and verdict == "MISSED"
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(f"{goal.text:52}{value:10.2f}{spread:>16}{goal.floor:8g}{goal.stretch:9g}   {verdict}".rstrip())
    return missed


def show_pages(looked_at: Pages, grown: Many, started: tuple[float, float]) -> None:
    """Print what whole pages of the grown account took, by both roles, and how long it takes to start."""
    print(
        f"\nWhole pages of the grown account ({grown.contacts:,} contacts, {grown.entries:,} entries), by both roles in turn; milliseconds."
    )
    print(
        f"{'':26}{'queries':>9}{'p50':>8}{'p95':>8}{'no RLS p50':>12}{'ratio':>8}{'slowest query p95':>20}{'goal':>6}"
    )
    for name, page in looked_at.bound.items():
        free, slowest = looked_at.free[name], page.slowest_p95
        verdict = "met" if slowest <= GOAL else "MISSED"
        print(
            f"{name:26}{len(page.queries):9}{median(page.whole):8.1f}{p95(page.whole):8.1f}{median(free.whole):12.1f}"
            f"{median(page.whole) / median(free.whole):8.2f}{slowest:20.2f}{GOAL:6g}   {verdict}"
        )
    ours, bare = started
    print(
        f"The application can answer {ours:.2f} s after its process began; of these, Python and bare Django take {bare:.2f} s."
    )


def _machine() -> str:
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    today = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    return (
        f"{today} UTC · {os.cpu_count()} × {model} · {platform.system()} {platform.release()} · "
        f"Python {platform.python_version()}{load}"
    )
