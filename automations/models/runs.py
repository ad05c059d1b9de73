"""Who is where: runs, what they did at each step, and starts of many at once."""

from datetime import datetime

from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint

from contacts.models import Contact
from simplero.tenancy.models import TenantForeignKey, TenantModel, TenantPart, public_id_field

from .flows import Flow, Version


class State(models.TextChoices):
    """Where a run stands. An active one is done with, step by step, whenever it is due."""

    ACTIVE = "active", "Inside"
    PAUSED = "paused", "Paused"
    ATTENTION = "attention", "Needs attention"
    FINISHED = "finished", "Finished"
    STOPPED = "stopped", "Stopped"


INSIDE = (State.ACTIVE, State.PAUSED, State.ATTENTION)


class Outcome(models.TextChoices):
    """What came of a step."""

    DONE = "done", "Done"
    NOTHING = "nothing", "Nothing to do"  # the tag was there already, nobody was inside, …
    SKIPPED = "skipped", "Skipped"
    BRANCHED = "branched", "Took the other branch"
    WAITED = "waited", "Waited"
    YES = "yes", "Yes"
    NO = "no", "No"
    STOPPED = "stopped", "Stopped"
    REFUSED = "refused", "Could not be done"  # the run waits for a person


class Run(TenantPart):
    """One contact's way through one version of a flow. `key` names what began it: the same beginning makes no second run.

    `step` is the node it is at and `visit` the number of steps it came to, this one included: together with `key` they name
    what this step does, now and at each retry.
    """

    public_id = public_id_field()
    key = models.UUIDField()
    flow = TenantForeignKey(Flow, on_delete=models.PROTECT, db_index=False, related_name="runs")
    version = TenantForeignKey(Version, on_delete=models.PROTECT, db_index=False, related_name="runs")
    contact = TenantForeignKey(Contact, on_delete=models.PROTECT, db_index=False, related_name="runs")
    state = models.CharField(max_length=10, choices=State, db_default=State.ACTIVE)
    step = models.CharField(max_length=12, blank=True)  # "": past the last
    visit = models.PositiveIntegerField(db_default=1)
    attempt = models.PositiveSmallIntegerField(db_default=1)  # at this visit, from 1; more after refusals
    hops = models.PositiveSmallIntegerField(db_default=0)  # steps since it last waited
    due = models.DateTimeField(null=True)  # when it goes on; None: only a person moves it
    waiting = models.BooleanField(db_default=False)  # it came to its wait, and stands there until it is due
    awaits = models.CharField(max_length=60, blank=True)  # the occasion that lets it go on before it is due
    alone = models.BooleanField(
        db_default=False
    )  # done apart from others, since a worker did not come back from a chunk
    reason = models.CharField(max_length=20, blank=True)  # of ATTENTION, and of an end that was no finish
    detail = models.JSONField(db_default={})  # to that reason: ids, codes and amounts
    refused = models.BooleanField(db_default=False)  # it has ever needed attention
    source = models.CharField(
        max_length=12
    )  # what began it: "event", "staff", "bulk", or the flow that had it as a step: "automation", "trigger"
    source_id = models.CharField(max_length=40, blank=True)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    cause_id = models.BigIntegerField(null=True)  # the event that began it
    depth = models.SmallIntegerField(db_default=0)  # how many events stand before what it does in their chain
    once_for = models.BigIntegerField(null=True)  # the contact, where the flow takes each only once
    one_for = models.BigIntegerField(null=True)  # the contact while inside, where the flow takes each one at a time
    started_at = models.DateTimeField()
    since = models.DateTimeField()  # at its step; needing attention or over since then
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="run_public_id"),
            # An event heard twice begins nothing twice.
            UniqueConstraint("account", "key", name="run_once"),
            UniqueConstraint("account", "flow", "once_for", name="run_once_for_contact"),
            UniqueConstraint("account", "flow", "one_for", name="run_one_at_a_time"),
            CheckConstraint(condition=Q(state__in=State.values), name="run_state"),
            CheckConstraint(
                condition=Q(state__in=INSIDE, ended_at__isnull=True) | Q(ended_at__isnull=False, one_for__isnull=True, due__isnull=True),
                name="run_ended",
            ),
            # Who asks for attention says why.
            CheckConstraint(condition=~Q(state="attention", reason=""), name="run_reason"),
        ]  # fmt: skip
        indexes = [
            Index(fields=["account", "due", "id"], name="run_due", condition=Q(state="active", due__isnull=False)),
            # Covers the counts of the flow view; from it a step's list is read in order.
            Index(
                fields=["account", "flow", "step", "since", "id"],
                include=["state"],
                name="run_at_step",
                condition=Q(ended_at__isnull=True),
            ),
            Index(
                fields=["account", "flow", "state", "ended_at", "id"],
                name="run_over",
                condition=Q(ended_at__isnull=False),
            ),
            Index(fields=["account", "since", "id"], name="run_attention", condition=Q(state="attention")),
            Index(fields=["account", "flow", "state"], name="run_refused", condition=Q(refused=True)),
            Index(fields=["account", "awaits", "contact"], name="run_awaits", condition=~Q(awaits="")),
            Index(fields=["account", "flow", "started_at", "id"], name="run_log"),
            Index(fields=["account", "contact", "started_at", "id"], name="run_of_contact"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def paused_at(self) -> datetime:
        """Since when a paused one is paused."""
        at = self.detail.get("paused")
        return datetime.fromisoformat(at) if at else self.since

    @property
    def goes_on_at(self) -> datetime | None:
        """When it goes on, as far as is known; it may be looked at before that."""
        until = self.detail.get("until") if self.waiting else None
        return datetime.fromisoformat(until) if until else self.due


class Visit(TenantPart):
    """What a run did at a step, written in the transaction that did it. Append-only: ids, codes and amounts."""

    run = TenantForeignKey(Run, on_delete=models.PROTECT, db_index=False, related_name="visits")
    number = models.PositiveIntegerField()
    attempt = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=12)
    kind = models.CharField(max_length=20)  # of the step
    outcome = models.CharField(max_length=10, choices=Outcome)
    detail = models.JSONField(db_default={})
    entry = models.UUIDField(null=True)  # the ledger entry it posted
    began_at = models.DateTimeField()
    at = models.DateTimeField()

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", "run", "number", "attempt", name="visit_once"),
            # A step is left once, however often it was tried.
            UniqueConstraint("account", "run", "number", name="visit_left_once", condition=~Q(outcome="refused")),
            UniqueConstraint("account", "entry", name="visit_entry", condition=Q(entry__isnull=False)),
            CheckConstraint(condition=Q(outcome__in=Outcome.values), name="visit_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.outcome}"


class Start(TenantModel):
    """A start of many contacts at once, done in chunks in the order of their ids."""

    public_id = public_id_field()
    flow = TenantForeignKey(Flow, on_delete=models.PROTECT, db_index=False, related_name="starts")
    selection = models.JSONField()  # automations.conditions that a contact meets; none: everybody
    after = models.BigIntegerField(db_default=0)  # the last contact looked at
    until = models.BigIntegerField()  # the newest contact when it was asked for
    looked_at = models.BigIntegerField(db_default=0)
    started = models.BigIntegerField(db_default=0)
    passed_over = models.BigIntegerField(db_default=0)  # had been through it, or are inside
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [UniqueConstraint("account", "public_id", name="start_public_id")]
        indexes = [Index(fields=["account", "flow", "created_at"], name="start_of_flow")]

    def __str__(self) -> str:
        return f"start of {self.started}"
