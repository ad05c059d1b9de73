from typing import Any

from django.db import models
from django.db.models import Index, UniqueConstraint
from django.db.models.functions import Now

from automations.models import Flow
from contacts.models import Contact, Tag
from products.models import Price, Product
from simplero.tenancy.models import TenantForeignKey, TenantModel, TenantPart, public_id_field


class Trigger(TenantModel):
    """When a flow begins: what happened (an occasion of automations.occasions), to which product, tag or type, and only if.

    Its name, whether it is on, whether it takes each contact only once, and what it does stand in its flow.
    """

    flow = TenantForeignKey(Flow, on_delete=models.PROTECT, db_index=False, related_name="trigger")
    public_id = public_id_field()
    occasion = models.CharField(max_length=40)
    settings = models.JSONField(db_default={})  # of the occasion: {"n": 2}, {"days": 7}, {"first": true}
    product = TenantForeignKey(Product, on_delete=models.PROTECT, null=True, db_index=False, related_name="triggers")
    price = TenantForeignKey(Price, on_delete=models.PROTECT, null=True, db_index=False, related_name="triggers")
    tag = TenantForeignKey(Tag, on_delete=models.PROTECT, null=True, db_index=False, related_name="triggers")
    credit_type = TenantForeignKey(
        "credits.CreditType", on_delete=models.PROTECT, null=True, db_index=False, related_name="triggers"
    )
    automation = TenantForeignKey(
        Flow, on_delete=models.PROTECT, null=True, db_index=False, related_name="finish_triggers"
    )
    conditions = models.JSONField(db_default=[])  # of automations.conditions
    on_since = models.DateTimeField(null=True)  # what became due before it was switched on does not count
    address = models.TextField(blank=True)  # the token of its incoming address, sealed
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="trigger_public_id"),
            UniqueConstraint("account", "flow", name="trigger_flow"),
        ]
        indexes = [Index(fields=["account", "occasion"], name="trigger_of_occasion")]

    def __str__(self) -> str:
        return f"trigger {self.pk}"

    @property
    def asked(self) -> dict[str, Any]:
        """What it asks of its occasion, as automations.occasions has it."""
        named = {
            "product": self.product_id,
            "price": self.price_id,
            "tag": self.tag_id,
            "credit_type": self.credit_type_id,
            "automation": self.automation_id,
            "trigger": self.pk,
        }
        return {**self.settings, **{name: number for name, number in named.items() if number}}


class Hook(models.Model):
    """The address at which a trigger is called. Global: the token in a request is known before any account is."""

    token_digest = models.CharField(max_length=64)
    account_id = models.BigIntegerField()
    trigger_id = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            UniqueConstraint("token_digest", name="hook_token"),
            UniqueConstraint("account_id", "trigger_id", name="hook_once"),
        ]

    def __str__(self) -> str:
        return f"address of trigger {self.trigger_id}"


class HookCall(TenantPart):
    """A call that came in at a trigger's address, and what it was taken for. What it said beyond that is not kept."""

    trigger = TenantForeignKey(Trigger, on_delete=models.PROTECT, db_index=False, related_name="calls")
    call_id = models.CharField(max_length=120)  # the caller's name for it, or ours; said again, it is the same call
    contact = TenantForeignKey(Contact, on_delete=models.CASCADE, null=True, db_index=False, related_name="+")
    outcome = models.CharField(max_length=20)  # "taken", or why not
    at = models.DateTimeField()

    class Meta(TenantPart.Meta):
        constraints = [UniqueConstraint("account", "trigger", "call_id", name="hook_call_once")]
        indexes = [Index(fields=["account", "trigger", "at", "id"], name="hook_call_log")]

    def __str__(self) -> str:
        return f"call {self.call_id}"
