"""Lists of steps, and their versions."""

from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.db.models.functions import Now

from simplero.tenancy.models import TenantForeignKey, TenantModel, public_id_field


class Of(models.TextChoices):
    """What a flow belongs to."""

    AUTOMATION = "automation"
    TRIGGER = "trigger"


class Flow(TenantModel):
    """Steps that contacts go through: an automation, or what a trigger does. Deleted, its history stays."""

    public_id = public_id_field()
    of = models.CharField(max_length=10, choices=Of)
    name = models.CharField(max_length=80)
    enabled = models.BooleanField(db_default=False)  # off: nobody enters; who is inside goes on
    once = models.BooleanField(db_default=False)  # each contact goes through at most once
    several = models.BooleanField(db_default=False)  # a contact may be inside more than once at a time
    started = models.BigIntegerField(db_default=0)  # runs that ever began
    last_started_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    deleted_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="flow_public_id"),
            CheckConstraint(condition=Q(of__in=Of.values), name="flow_of"),
            # Nobody enters what is gone, whichever of two people was faster.
            CheckConstraint(condition=Q(deleted_at__isnull=True) | Q(enabled=False), name="flow_deleted"),
        ]
        indexes = [Index(fields=["account", "of", "created_at"], name="flow_list")]

    def __str__(self) -> str:
        return self.name


class Version(TenantModel):
    """A flow's steps as they were published, for ever; or, not published yet, its draft.

    `steps` is a list of nodes `{"key", "kind", "settings"}`; one that branches has lists of nodes under "yes" and "no"
    (automations.programs). A step keeps its key from version to version.
    """

    flow = TenantForeignKey(Flow, on_delete=models.PROTECT, db_index=False, related_name="versions")
    number = models.PositiveIntegerField()
    steps = models.JSONField(db_default=[])
    revision = models.PositiveIntegerField(db_default=0)  # of a draft: changes since it was begun
    published_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            UniqueConstraint("account", "flow", "number", name="version_once"),
            # Two drafts of one flow would each publish away what the other changed.
            UniqueConstraint("account", "flow", name="version_draft", condition=Q(published_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"
