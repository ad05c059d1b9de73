"""Calls to other systems: where to, and what was said."""

from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.db.models.functions import Now

from contacts.models import Contact
from simplero.tenancy.models import TenantForeignKey, TenantModel, TenantPart, public_id_field

from .runs import Run


class Endpoint(TenantModel):
    """An address of another system that we call, and the secret by which it knows that it is us."""

    public_id = public_id_field()
    name = models.CharField(max_length=80)
    url = models.CharField(max_length=500)
    secret = models.TextField()  # sealed
    former_secret = models.TextField(blank=True)  # sealed; also signed with until `former_until`
    former_until = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(db_default=0)  # times in a row that no call got through
    rests_until = models.DateTimeField(null=True)  # no call before that: it was slow, or did not take the last one
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    deleted_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [UniqueConstraint("account", "public_id", name="endpoint_public_id")]

    def __str__(self) -> str:
        return self.name


class CallState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    DONE = "done", "Delivered"
    FAILED = "failed", "Failed"


class Call(TenantPart):
    """One call: made at least once, each time under the same name (`key`), so that who hears it twice can tell."""

    public_id = public_id_field()
    key = models.UUIDField()
    endpoint = TenantForeignKey(Endpoint, on_delete=models.PROTECT, db_index=False, related_name="calls")
    run = TenantForeignKey(Run, on_delete=models.PROTECT, null=True, db_index=False, related_name="calls")
    contact = TenantForeignKey(Contact, on_delete=models.CASCADE, null=True, db_index=False, related_name="+")
    body = models.TextField()  # JSON as it is signed and sent; emptied when the contact is erased
    state = models.CharField(max_length=10, choices=CallState, db_default=CallState.WAITING)
    attempts = models.PositiveSmallIntegerField(db_default=0)
    status = models.PositiveSmallIntegerField(null=True)  # of the last answer
    reason = models.CharField(max_length=200, blank=True)  # why the last one failed, in words
    created_at = models.DateTimeField()
    due = models.DateTimeField(null=True)  # of the next attempt, while waiting
    until = models.DateTimeField()  # after that it is not tried any more
    done_at = models.DateTimeField(null=True)

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="call_public_id"),
            UniqueConstraint("account", "key", name="call_once"),
            CheckConstraint(condition=Q(state__in=CallState.values), name="call_state"),
            # A call that waits for nothing would wait for ever.
            CheckConstraint(condition=Q(state="waiting", due__isnull=False) | Q(~Q(state="waiting"), due__isnull=True), name="call_due"),
        ]  # fmt: skip
        indexes = [
            Index(fields=["account", "endpoint", "created_at", "id"], name="call_of_endpoint"),
            Index(fields=["account", "endpoint", "due", "id"], name="call_due_next", condition=Q(due__isnull=False)),
            Index(fields=["account", "run"], name="call_of_run"),
        ]

    def __str__(self) -> str:
        return f"call {self.key}"
