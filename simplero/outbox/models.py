from functools import reduce
from operator import or_

from django.db import models
from django.db.models import Case, CheckConstraint, Func, Index, Q, UniqueConstraint, Value, When
from django.db.models.functions import Cast, Now, NullIf

from simplero.tenancy.models import TenantForeignKey, TenantPart

LEDGER = 1
"""The area of what the posting functions write: by far the most."""

AREAS = {
    LEDGER: ("credits",),
    2: ("credit_type",),
    3: ("contact", "filter", "bulk", "roster", "import"),
    4: ("product", "price", "purchase", "payment", "gateway", "sales", "renewal"),
    5: ("automation", "trigger", "endpoint", "hook", "flow"),
}
"""Kinds of event by what stands before their dot; area 0 is everything else, the account's settings among it."""


def said(name: str, field: models.Field) -> Cast:
    """What `simplero.tenancy.deeds` has told the database of the deed under way, None where it was told nothing."""
    return Cast(NullIf(Func(Value(f"app.{name}"), Value(True), function="current_setting"), Value("")), field)


class Event(TenantPart):
    """What happened, written in the transaction that made it true. Append-only: ids, codes and amounts, never names or free text."""

    kind = models.CharField(max_length=60)  # "credits.consumed": the room and a verb in the past tense
    contact_id = models.BigIntegerField(
        null=True
    )  # whom it is about; contacts stand above this room, so no foreign key
    body = models.JSONField(db_default={})
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    cause_id = models.BigIntegerField(null=True)  # the event that set this one off
    depth = models.SmallIntegerField(db_default=0)  # how many events stand before it in its chain
    at = models.DateTimeField()
    # By default, so that what the posting functions write has them too.
    origin = models.GenericIPAddressField(null=True, db_default=said("origin", models.GenericIPAddressField()))
    deed = models.UUIDField(null=True, db_default=said("deed", models.UUIDField()))
    area = models.GeneratedField(
        expression=Case(
            *(
                When(reduce(or_, (Q(kind__startswith=f"{room}.") for room in rooms)), then=number)
                for number, rooms in AREAS.items()
            ),
            default=0,
        ),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )

    class Meta(TenantPart.Meta):
        indexes = [
            Index(
                fields=["account", "contact_id", "at", "id"],
                name="event_timeline",
                condition=Q(contact_id__isnull=False),
            ),
            # The audit log, of one area or, an area at a time, of all.
            Index(fields=["account", "area", "at", "id"], name="event_log"),
            Index(fields=["account", "actor_id", "at", "id"], name="event_by_user", condition=Q(actor_kind="user")),
            # What goes with a change of a row; postings, which change none that is watched, need not pay for it.
            Index(fields=["account", "deed"], name="event_of_deed", condition=~Q(area=LEDGER)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M}"


class Listener(TenantPart):
    """A kind of event that a room listens to in this account. What nobody listens to costs nothing to deliver."""

    kind = models.CharField(max_length=60)
    who = models.CharField(max_length=20)  # the room

    class Meta(TenantPart.Meta):
        constraints = [UniqueConstraint("account", "kind", "who", name="listener_once")]

    def __str__(self) -> str:
        return f"{self.who} listens to {self.kind}"


class Delivery(TenantPart):
    """An event that its listeners are still to hear; gone once they have. The database writes it with the event itself, whoever
    wrote that: see the trigger `offer` in the migrations."""

    event = TenantForeignKey(Event, on_delete=models.PROTECT, db_index=False, related_name="+")
    tries = models.SmallIntegerField(db_default=0)  # in which somebody could not hear it; the log says why
    again_at = models.DateTimeField(null=True)  # when it is tried again; not any more after subscribers.MOST_TRIES

    class Meta(TenantPart.Meta):
        constraints = [UniqueConstraint("account", "event", name="delivery_once")]

    def __str__(self) -> str:
        return f"event {self.event_id}, not heard yet"


class Tick(models.Model):
    """A turn of a scheduled task, taken. Global: whoever writes the row takes the turn, however many schedulers sent it."""

    schedule = models.CharField(max_length=60)
    due = models.DateTimeField()  # the beginning of the turn

    class Meta:
        constraints = [UniqueConstraint("schedule", "due", name="tick_once")]

    def __str__(self) -> str:
        return f"{self.schedule} at {self.due:%Y-%m-%d %H:%M:%S}"


class Job(models.Model):
    """An address, not data: something of this account is due. Global, so that one query finds everybody's due work."""

    account_id = models.BigIntegerField()
    kind = models.CharField(max_length=60)
    subject = models.BigIntegerField(db_default=0)  # the row it is about, 0 for the account as a whole
    due = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True)  # or when a job that failed may be tried again
    attempts = models.SmallIntegerField(db_default=0)

    class Meta:
        constraints = [
            # One address for one thing due at one time: a thousand lots that expire on a day are one job.
            UniqueConstraint("account_id", "kind", "subject", "due", name="job_once"),
            # Begun before, so there is an instant from which it may be begun again.
            CheckConstraint(
                condition=Q(attempts=0, leased_until__isnull=True) | Q(attempts__gt=0, leased_until__isnull=False),
                name="job_lane",
            ),
        ]
        indexes = [
            # The two lanes of the relay, each from the head and account by account.
            Index(fields=["due", "id"], name="job_fresh", condition=Q(attempts=0)),
            Index(fields=["account_id", "due", "id"], name="job_fresh_account", condition=Q(attempts=0)),
            Index(fields=["leased_until", "id"], name="job_begun", condition=Q(attempts__gt=0)),
            Index(fields=["account_id", "leased_until", "id"], name="job_begun_account", condition=Q(attempts__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} of account {self.account_id}, due {self.due:%Y-%m-%d %H:%M}"
