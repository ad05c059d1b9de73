"""Workers whose clocks are wrong (F16). Last, since everybody else's worker has to be gone."""

from datetime import timedelta

from automations.models import Run
from credits.models import Entry
from simplero.outbox.models import Job
from simplero.tenancy.scope import scope
from tests.faults import report, runs
from tests.faults.stage import ROOT, soon, worker

AHEAD = (300, -300)
"""Seconds by which the clocks of two workers are wrong."""


def test_f16_clocks_of_workers_are_wrong(stage, acme, request, drained):
    """What is due is decided by the database's clock: nothing is early, nothing late, and no message is thrown away."""
    stage.rest()
    path = str(ROOT / "tests/faults/skewed")
    skewed = [
        worker(stage.folder, f"skewed{by}", children=1, PYTHONPATH=path, FAULT_SKEW=str(by)) for by in (300, -300)
    ]
    them, automation = runs.people(acme, 20), runs.uses(acme, 1)
    mark = len(stage.turns.read_text())

    def at_work():
        said = stage.turns.read_text()[mark:]
        return all(f" {by}\n" in said for by in AHEAD)

    try:
        for one in skewed:
            one.start()
        stage.work(skewed[0])
        assert soon(at_work, 60), "a worker throws its messages away"
        due = runs.clock() + timedelta(seconds=3)
        runs.enter(acme, automation, them)
        with scope(acme.account):
            Run.objects.update(due=due)
            Job.objects.filter(account_id=acme.account.pk, kind="automations.advance").update(due=due)
        assert soon(lambda: not runs.inside(acme), 30, every=0.05), skewed[0].said()
    finally:
        for one in skewed:
            one.stop()
        stage.rest()
    with scope(acme.account):
        at = list(Entry.objects.filter(kind="consume").values_list("happened_at", flat=True))
    numbers = runs.tally(acme, len(them))
    late = (max(at) - due).total_seconds()
    report.say(request.node, **numbers, late=f"{late:.1f} s")
    assert min(at) >= due
    assert late < 10
    assert (numbers["lost"], numbers["doubled"]) == (0, 0)
