"""Workers, their scheduler and the broker die while automations use credits (F6, F7, F8, F10, F17)."""

import time

from automations.models import Run, State
from simplero.tenancy.scope import scope
from tests.faults import report, runs
from tests.faults.failpoints import WORKER_POINTS
from tests.faults.stage import soon


def busy(world, automation, them):
    """Keeps the workers busy: whenever everybody is through, they enter again. How often is counted in `rounds`."""

    def more():
        runs.enter(world, automation, them)
        more.rounds += 1

    more.rounds = 0
    return more


def test_f6_child_of_a_worker_killed_at_a_point(stage, acme, rng, number, drained, request):
    """Each step is done once, and none is tried more than five times, whatever else was under way when a child died."""
    stage.work()
    kills = number(6, 200)
    them, automation = runs.people(acme, number(20, 16)), runs.uses(acme, 3)
    at = [*WORKER_POINTS] + [rng.choice(WORKER_POINTS) for _ in range(kills - len(WORKER_POINTS))]
    rng.shuffle(at)
    more, most = busy(acme, automation, them), 0
    for point in at:
        stage.worker.load(point)
        more()
        assert soon(lambda point=point: stage.worker.fired(point), 30), f"nobody came by {point}"
        most = max(most, runs.most_attempts())
    assert soon(lambda: not runs.inside(acme), number(60, 300), every=0.1), stage.worker.said()
    numbers = runs.tally(acme, more.rounds * len(them) * 3)
    report.say(request.node, kills=kills, **numbers, most_attempts=most)
    assert (numbers["lost"], numbers["doubled"], numbers["attention"]) == (0, 0, 0)
    assert most <= 5
    assert drained(30)


def test_f7_whole_worker_killed(stage, acme, rng, number, drained, request):
    """Another one goes on as soon as the leases of the dead one run out, whatever the broker still thinks is under way."""
    stage.work()
    kills = number(2, 50)
    them, automation = runs.people(acme, 40), runs.uses(acme, 5)
    more, slowest = busy(acme, automation, them), 0.0
    for _ in range(kills):
        more()
        time.sleep(rng.random() * 2)
        stage.worker.kill()
        time.sleep(number(0.5, 2))
        stage.work()
        up = time.monotonic()
        assert soon(lambda: not runs.inside(acme), 60, every=0.1), stage.worker.said()
        slowest = max(slowest, time.monotonic() - up)
    numbers = runs.tally(acme, more.rounds * len(them) * 5)
    report.say(request.node, kills=kills, **numbers, slowest=f"{slowest:.1f} s")
    assert (numbers["lost"], numbers["doubled"], numbers["attention"]) == (0, 0, 0)
    assert slowest <= 5 + 2 + 5
    assert drained(30)


def test_f10_broker_loses_everything(stage, acme, rng, number, drained, request):
    """What is due stands in the database: an empty broker is told again within a few seconds."""
    stage.work()
    them, automation = runs.people(acme, 40), runs.uses(acme, 5)
    more, slowest = busy(acme, automation, them), 0.0
    for _ in range(number(1, 20)):
        more()
        time.sleep(rng.random())
        stage.redis.lose_everything()
        time.sleep(rng.random() * 2)
        stage.redis.start()
        back = time.monotonic()
        more()  # for a worker that hears of the new broker, and not only ends what it was at
        assert soon(lambda: not runs.inside(acme), 60, every=0.1), stage.worker.said()
        slowest = max(slowest, time.monotonic() - back)
    numbers = runs.tally(acme, more.rounds * len(them) * 5)
    report.say(request.node, **numbers, slowest=f"{slowest:.1f} s")
    assert (numbers["lost"], numbers["doubled"], numbers["attention"]) == (0, 0, 0)
    assert drained(30)


def test_f17_poison_steps(stage, acme, zen, request, drained):
    """A step that takes its worker with it is set apart and waits for a person after five attempts; all others go on."""
    stage.work()
    them, good = runs.people(acme, 10), runs.uses(acme, 2)
    theirs, fine = runs.people(zen, 10), runs.uses(zen, 2)
    poison = runs.uses(acme, 0, exit={})
    runs.enter(acme, poison, them[:1])
    for _ in range(3):
        runs.enter(acme, good, them)
        runs.enter(zen, fine, theirs)
        time.sleep(0.5)
    began = time.monotonic()
    assert soon(lambda: not runs.inside(zen), 30, every=0.1), stage.worker.said()
    others = time.monotonic() - began
    assert soon(lambda: not runs.inside(acme), 90, every=0.1), stage.worker.said()
    with scope(acme.account):
        [parked] = Run.objects.filter(state=State.ATTENTION)
    assert (parked.flow_id, parked.reason) == (poison.pk, "failed")
    died = stage.turns.read_text().splitlines().count("step exit")
    numbers = runs.tally(acme, 60)
    report.say(request.node, **numbers, died=died, others=f"{others:.1f} s", parked=f"{time.monotonic() - began:.1f} s")
    assert died <= 5 + 4  # five times alone, and once with each job of its account whose chunk it stood in
    assert (numbers["lost"], numbers["doubled"], numbers["attention"]) == (0, 0, 1)
    assert drained(30)


def test_f8_message_handed_out_again_while_its_first_copy_runs(stage, acme, number, request):
    """Both copies run; the second finds the job taken, and there is one entry."""
    stage.work()
    them, slow = runs.people(acme, number(3, 20)), runs.uses(acme, 0, dawdle={"seconds": 5})
    mark = len(stage.turns.read_text())
    runs.enter(acme, slow, them)
    assert soon(lambda: not runs.inside(acme), 60, every=0.2), stage.worker.said()
    said = stage.turns.read_text()[mark:].splitlines()
    messages = [line.split()[2] for line in said if line.startswith("message simplero.outbox.tasks.relay")]
    again = len(messages) - len(set(messages))
    numbers = runs.tally(acme, len(them))
    report.say(request.node, **numbers, handed_out_again=again, begun=said.count("step dawdle"))
    assert again, "the broker handed nothing out twice"
    assert said.count("step dawdle") == 1
    assert (numbers["lost"], numbers["doubled"]) == (0, 0)
