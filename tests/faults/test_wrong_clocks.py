"""Workers whose clocks are wrong (F16). Last, since everybody else's worker has to be gone."""

from datetime import timedelta

from automations.models import Run, State
from credits.models import Entry
from simplero.outbox.models import Job
from simplero.tenancy.scope import scope
from tests.faults import report, runs
from tests.faults.stage import ROOT, soon, worker


def test_f16_clocks_of_workers_are_wrong(stage, acme, request, drained):
    """What is due is decided by the database's clock: nothing is early, nothing late, and no message is thrown away."""
    stage.rest()
    path = str(ROOT / "tests/faults/skewed")
    skewed = [
        worker(stage.folder, f"skewed{by}", children=1, PYTHONPATH=path, FAULT_SKEW=str(by)) for by in (300, -300)
    ]
    them, automation = runs.people(acme, 5), runs.uses(acme, 1)
    try:
        for one in skewed:  # each alone, or the other would do what it leaves
            one.start()
            stage.work(one)
            due = runs.clock() + timedelta(seconds=4)
            runs.enter(acme, automation, them)
            with scope(acme.account):
                Run.objects.filter(state=State.ACTIVE).update(due=due)
                Job.objects.filter(account_id=acme.account.pk, kind="automations.advance").update(due=due)
            assert soon(lambda: not runs.inside(acme), 30, every=0.05), one.said()
            with scope(acme.account):
                at = list(
                    Entry.objects.filter(kind="consume").order_by("-pk").values_list("happened_at", flat=True)[:5]
                )
            assert min(at) >= due
            assert max(at) - due < timedelta(seconds=10)
            one.stop()
    finally:
        for one in skewed:
            one.stop()
        stage.rest()
    assert stage.turns.read_text().count("skewed") >= 2
    numbers = runs.tally(acme, 2 * len(them))
    report.say(request.node, **numbers, late=f"{(max(at) - due).total_seconds():.1f} s")
    assert (numbers["lost"], numbers["doubled"]) == (0, 0)
