"""Triggers that set each other off, and accounts that keep the workers busy for everybody else (F25, F26)."""

import time

from automations.models import Run, State
from contacts import services as contacts
from contacts.models import Contact
from credits.models import Entry
from simplero.tenancy.scope import scope
from tests.automations.flows import flow, step
from tests.automations.flows import tag as new_tag
from tests.faults import report, runs
from tests.faults.stage import soon
from tests.triggers.world import trigger

PATIENCE = 5
"""Seconds after which somebody else's step has begun, whatever an account asks for; beside what it takes on a busy machine."""


def crowd(world, count):
    """So many contacts at once."""
    with scope(world.account):
        made = [Contact(account=world.account, name=f"Person {n}", name_key=f"person {n}") for n in range(count)]
        return Contact.objects.bulk_create(made, batch_size=2000)


class Lag:
    """How long the steps of somebody else wait, meanwhile: one person enters and is waited for, again and again."""

    def __init__(self, world):
        self.world, self.waits = world, []
        [self.person] = runs.people(world, 1)
        self.automation = runs.uses(world, 1)
        began = time.monotonic()
        self._one()
        self.allowed = PATIENCE + 3 * (time.monotonic() - began)

    def _one(self):
        runs.enter(self.world, self.automation, [self.person])
        assert soon(lambda: not runs.inside(self.world), 60, every=0.05)

    def watch(self, until, *, most=600.0):
        deadline = time.monotonic() + most
        while not until():
            assert time.monotonic() < deadline, "it never ends"
            self._one()
        with scope(self.world.account):
            begun = dict(Run.objects.order_by("started_at").values_list("public_id", "started_at"))
            done = Entry.objects.filter(kind="consume").values_list("source_id", "happened_at")
            self.waits = sorted((at - begun[source]).total_seconds() for source, at in _by_run(done, begun))

    @property
    def worst(self):
        return self.waits[-1]

    @property
    def typical(self):
        return self.waits[int(len(self.waits) * 0.95)]


def _by_run(done, begun):
    named = {str(public_id): public_id for public_id in begun}
    return [(named[source], at) for source, at in done]


def test_f26_noisy_account(stage, acme, zen, number, request, drained):
    """One account queues thousands of steps; others' steps begin within five seconds."""
    stage.work()
    them = crowd(acme, number(1_000, 10_000))
    settings = {"credit_type": acme.session.pk, "amount": 1, "expiry": "never"}
    noisy = flow(acme, *(step("issue", f"issue{n}", **settings) for n in range(5)), several=True)
    quiet = Lag(zen)
    runs.enter(acme, noisy, them)
    began = time.monotonic()
    quiet.watch(lambda: not runs.inside(acme))
    took = time.monotonic() - began
    with scope(acme.account):
        issued = Entry.objects.filter(kind="issue").count()
    report.say(
        request.node,
        **{"steps": len(them) * 5, "issued": issued, "seconds": f"{took:.1f}", "others": len(quiet.waits)},
        typical=f"{quiet.typical:.1f} s",
        worst=f"{quiet.worst:.1f} s",
    )
    assert issued == len(them) * 5
    assert quiet.worst <= quiet.allowed
    assert drained(60)


def test_f25_triggers_that_set_each_other_off(stage, acme, zen, number, request, drained):
    """A chain of events ends after eight and waits for a person; others notice nothing."""
    stage.work()
    quiet = Lag(zen)
    one, other = new_tag(acme, "One"), new_tag(acme, "Other")
    trigger(acme, "tag.added", ("untag", {"tag": one.pk}), ("tag", {"tag": other.pk}), tag=one.pk)
    trigger(acme, "tag.added", ("untag", {"tag": other.pk}), ("tag", {"tag": one.pk}), tag=other.pk)
    them = crowd(acme, number(20, 10_000))
    with scope(acme.account):
        for person in them:
            contacts.add_tag(account=acme.account, contact=person, name="One", actor=acme.actor)

    def over():
        with scope(acme.account):
            return Run.objects.filter(state=State.ATTENTION).count() == len(them)

    quiet.watch(over, most=number(60, 900))
    with scope(acme.account):
        reasons = set(Run.objects.filter(state=State.ATTENTION).values_list("reason", flat=True))
        firings = Run.objects.count()
        deepest = max(Run.objects.values_list("depth", flat=True))
    report.say(request.node, people=len(them), firings=firings, deepest=deepest, worst=f"{quiet.worst:.1f} s")
    assert reasons == {"loop"}
    assert firings == len(them) * 9
    assert deepest == 9
    assert quiet.worst <= quiet.allowed
    assert drained(60)
