"""Jobs for many contacts with a row for each of them, and rosters with a place for each who is expected."""

from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint

from contacts.models import Contact, Tag
from simplero.tenancy.models import TenantForeignKey, TenantModel, TenantPart, public_id_field


class Kind(models.TextChoices):
    """What a job does with each of its contacts."""

    ISSUE = "issue", "Issue"
    CONSUME = "consume", "Consume"
    TAG = "tag", "Add a tag"
    UNTAG = "untag", "Remove a tag"


CREDITS = (Kind.ISSUE, Kind.CONSUME)


class State(models.TextChoices):
    """Where a job stands. A worker is at those that are running or being undone."""

    RUNNING = "running", "Running"
    DONE = "done", "Done"
    STOPPED = "stopped", "Stopped"  # some rows still wait, and will for ever
    UNDOING = "undoing", "Being undone"
    UNDONE = "undone", "Undone"


UNDER_WAY = (State.RUNNING, State.UNDOING)


class Outcome(models.TextChoices):
    """What became of a contact in a job."""

    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    SAME = "same", "Nothing to do"  # it had the tag, or had it not
    SHORT = "short", "Short"
    REFUSED = "refused", "Refused"


class Undone(models.TextChoices):
    """What became of a done row when its job was undone."""

    NOT = "", "Not undone"
    WHOLE = "whole", "Taken back"
    PART = "part", "Taken back in part"
    NOTHING = "nothing", "Nothing to take back"


class Bulk(TenantModel):
    """One thing to be done with many contacts, by a worker in chunks. Its numbers are kept by the chunks that make them true."""

    public_id = public_id_field()  # the key of the form that started it, which starts one job
    kind = models.CharField(max_length=10, choices=Kind)
    asked = models.CharField(max_length=24)  # seal of all that the form said
    credit_type = TenantForeignKey("credits.CreditType", on_delete=models.PROTECT, null=True, db_index=False)
    tag = TenantForeignKey(Tag, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    amount = models.PositiveIntegerField(null=True)  # of credits, for each contact
    expiry = models.CharField(max_length=20, blank=True)  # of what is issued, as the ledger takes it
    service_date = models.DateField(null=True)
    note = models.TextField(
        max_length=1000, blank=True
    )  # free text, and so nowhere else than here and beside the entries
    note_for_customer = models.BooleanField(db_default=False)
    state = models.CharField(max_length=10, choices=State, db_default=State.RUNNING)
    total = models.PositiveIntegerField(db_default=0)
    done = models.PositiveIntegerField(db_default=0)
    same = models.PositiveIntegerField(db_default=0)
    short = models.PositiveIntegerField(db_default=0)
    refused = models.PositiveIntegerField(db_default=0)
    whole = models.PositiveIntegerField(db_default=0)  # of the done rows, taken back
    part = models.PositiveIntegerField(db_default=0)
    nothing = models.PositiveIntegerField(db_default=0)
    after = models.BigIntegerField(db_default=0)  # the last row that was looked at for undoing
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    undone_by = models.BigIntegerField(null=True)  # a user
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="bulk_public_id"),
            CheckConstraint(condition=Q(kind__in=Kind.values), name="bulk_kind"),
            CheckConstraint(condition=Q(state__in=State.values), name="bulk_state"),
            # A worker that does not know what to do would do it a hundred thousand times.
            CheckConstraint(
                condition=Q(kind__in=CREDITS, credit_type__isnull=False, amount__gte=1, tag__isnull=True)
                | Q(kind__in=["tag", "untag"], tag__isnull=False, credit_type__isnull=True, amount__isnull=True),
                name="bulk_settings",
            ),
        ]
        indexes = [Index(fields=["account", "id"], name="bulk_under_way", condition=Q(state__in=UNDER_WAY))]

    def __str__(self) -> str:
        return f"{self.kind} for {self.total}"

    @property
    def looked_at(self) -> int:
        """Contacts that are no longer waiting."""
        return self.done + self.same + self.short + self.refused

    @property
    def taken_back(self) -> int:
        """Done rows that the undoing has looked at."""
        return self.whole + self.part + self.nothing

    @property
    def under_way(self) -> bool:
        return self.state in UNDER_WAY


class Row(TenantPart):
    """One contact of a job, and what became of it: ids, codes and amounts. Rows stand in the order of the contacts' names."""

    bulk = TenantForeignKey(Bulk, on_delete=models.PROTECT, db_index=False, related_name="rows")
    contact = TenantForeignKey(Contact, on_delete=models.PROTECT, db_index=False, related_name="+")
    outcome = models.CharField(max_length=8, choices=Outcome, db_default=Outcome.WAITING)
    reason = models.CharField(max_length=20, db_default="")  # why it was refused
    free = models.BigIntegerField(null=True)  # what the contact had when it was short, has when it was not
    entry = models.UUIDField(null=True)  # the key of the ledger's entry
    undone = models.CharField(max_length=8, choices=Undone, db_default=Undone.NOT)
    back = models.BigIntegerField(null=True)  # credits taken back
    undo_reason = models.CharField(max_length=20, db_default="")

    class Meta(TenantPart.Meta):
        constraints = [
            # Twice in a job would be done twice.
            UniqueConstraint("account", "bulk", "contact", name="row_once"),
            UniqueConstraint("account", "entry", name="row_entry", condition=Q(entry__isnull=False)),
            CheckConstraint(condition=Q(outcome__in=Outcome.values), name="row_outcome"),
            CheckConstraint(condition=Q(undone="") | Q(outcome="done", undone__in=Undone.values), name="row_undone"),
        ]
        indexes = [Index(fields=["account", "bulk", "outcome", "id"], name="row_of_bulk")]

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.outcome}"


class Roster(TenantModel):
    """Who is expected at something on a day, such as a class: whoever comes uses one credit."""

    public_id = public_id_field()  # the key of the form that made it, which makes one roster
    name = models.CharField(max_length=80)
    credit_type = TenantForeignKey("credits.CreditType", on_delete=models.PROTECT, db_index=False)
    day = models.DateField()
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [UniqueConstraint("account", "public_id", name="roster_public_id")]
        indexes = [Index(fields=["account", "day", "id"], name="roster_by_day")]

    def __str__(self) -> str:
        return f"{self.name} on {self.day}"


class Place(TenantPart):
    """One contact on a roster. Every tick and every untick is a turn, and its number names what it posts."""

    roster = TenantForeignKey(Roster, on_delete=models.PROTECT, db_index=False, related_name="places")
    contact = TenantForeignKey(Contact, on_delete=models.PROTECT, db_index=False, related_name="+")
    turn = models.PositiveIntegerField(db_default=0)  # ticks and unticks so far
    entry = models.UUIDField(null=True)  # the key of the use, while it is ticked
    ticked_at = models.DateTimeField(null=True)
    ticked_by = models.BigIntegerField(null=True)  # a user

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", "roster", "contact", name="place_once"),
            UniqueConstraint("account", "entry", name="place_entry", condition=Q(entry__isnull=False)),
            CheckConstraint(
                condition=Q(entry__isnull=True, ticked_at__isnull=True)
                | Q(entry__isnull=False, ticked_at__isnull=False),
                name="place_ticked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id}: {'came' if self.entry else 'not yet'}"
