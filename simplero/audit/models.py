"""What a change of a watched row was: that it was (for ever), and from what to what (until somebody in it is erased)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Index, Q, UniqueConstraint

from simplero.tenancy.models import TenantForeignKey, TenantPart


class Change(TenantPart):
    """A row of a watched table added, changed or deleted: when, by whom, from where, and which of its columns. Append-only, and written
    by the database itself (see `watching`): names of columns only, never what stood in them."""

    at = models.DateTimeField()
    deed = models.UUIDField(null=True)  # simplero.tenancy.deeds; the events of the same deed say what it was for
    actor_kind = models.CharField(max_length=10, blank=True)  # "": the deed has said nobody
    actor_id = models.BigIntegerField(null=True)
    origin = models.GenericIPAddressField(null=True)
    thing = models.CharField(max_length=30)  # what the row is: "credit_type"
    row_id = models.BigIntegerField()
    contact_id = models.BigIntegerField(null=True)  # whom it is about
    op = models.CharField(max_length=6)  # insert, update or delete
    fields = ArrayField(models.CharField(max_length=63))

    class Meta(TenantPart.Meta):
        indexes = [
            Index(fields=["account", "at", "id"], name="change_log"),
            # Settings and products among a hundred thousand changed contacts.
            Index(fields=["account", "at", "id"], name="change_of_nobody", condition=Q(contact_id__isnull=True)),
            Index(fields=["account", "deed"], name="change_of_deed"),
            Index(
                fields=["account", "contact_id", "at", "id"],
                name="change_of_contact",
                condition=Q(contact_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.op} of {self.thing} {self.row_id}"


class ChangeDetail(TenantPart):
    """What stood in the columns before and after, secrets left out. Never altered, and deleted when the contact it is about is erased."""

    change = TenantForeignKey(Change, on_delete=models.PROTECT, db_index=False, related_name="+")
    contact_id = models.BigIntegerField(null=True)
    before = models.JSONField()
    after = models.JSONField()

    class Meta(TenantPart.Meta):
        constraints = [UniqueConstraint("account", "change", name="change_detail_once")]
        indexes = [
            Index(
                fields=["account", "contact_id"], name="change_detail_of_contact", condition=Q(contact_id__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"detail of change {self.change_id}"
