"""How purchases are paid: payments and refunds, and the accounts that businesses have with payment providers."""

from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint
from django.db.models.functions import Now

from simplero.tenancy.models import TenantForeignKey, TenantPart, public_id_field

from .sales import Purchase


class PaymentState(models.TextChoices):
    PENDING = "pending", "Waiting for payment"
    PAID = "paid", "Paid"
    FAILED = "failed", "Failed"


class RefundState(models.TextChoices):
    PENDING = "pending", "On its way"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class RefundWay(models.TextChoices):
    GATEWAY = "gateway", "Sent back the way it came"
    OUTSIDE = "outside", "Given back outside"
    CHARGEBACK = "chargeback", "Taken back by the bank"


class Payment(TenantPart):
    """Money asked for one period of a purchase, in minor units."""

    public_id = public_id_field()
    key = models.UUIDField()  # also the provider's idempotency key
    purchase = TenantForeignKey(Purchase, on_delete=models.PROTECT, db_index=False, related_name="payments")
    number = models.PositiveIntegerField()  # the period it pays, from 1
    attempt = models.PositiveSmallIntegerField(default=1)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    gateway = models.CharField(max_length=10)
    state = models.CharField(max_length=10, choices=PaymentState, default=PaymentState.PENDING)
    checkout_ref = models.CharField(max_length=255, blank=True)  # the provider's name for the page where it is paid
    checkout_url = models.TextField(blank=True)
    charge_ref = models.CharField(max_length=255, blank=True)  # … and for the charge
    reason = models.CharField(max_length=200, blank=True)  # why it failed, in words
    refunded = models.BigIntegerField(default=0)  # given back or on its way
    dispute = models.CharField(max_length=10, blank=True)  # "open", "won" or "lost"
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="payment_public_id"),
            UniqueConstraint("account", "key", name="payment_once"),
            # Two payments for one period would be money taken twice.
            UniqueConstraint("account", "purchase", "number", name="payment_period", condition=Q(state="paid")),
            # A second one on its way could be paid as well.
            UniqueConstraint("account", "purchase", "number", name="payment_pending", condition=Q(state="pending")),
            CheckConstraint(condition=Q(state__in=PaymentState.values), name="payment_state"),
            CheckConstraint(condition=Q(amount__gt=0), name="payment_amount"),
            # The last line against giving back more than was paid.
            CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("amount")) & (Q(refunded=0) | Q(state="paid")),
                name="payment_refunded",
            ),
            CheckConstraint(condition=Q(dispute__in=["", "open", "won", "lost"]), name="payment_dispute"),
        ]
        indexes = [
            Index(fields=["account", "purchase", "number"], name="payment_of_purchase"),
            Index(fields=["account", "charge_ref"], name="payment_by_charge", condition=~Q(charge_ref="")),
            Index(fields=["account", "checkout_ref"], name="payment_by_checkout", condition=~Q(checkout_ref="")),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} ({self.state})"


class Refund(TenantPart):
    """Money going back, reserved in its payment when it is asked for."""

    public_id = public_id_field()
    key = models.UUIDField()
    payment = TenantForeignKey(Payment, on_delete=models.PROTECT, db_index=False, related_name="refunds")
    amount = models.BigIntegerField()
    way = models.CharField(max_length=10, choices=RefundWay)
    state = models.CharField(max_length=10, choices=RefundState, default=RefundState.PENDING)
    refund_ref = models.CharField(max_length=255, blank=True)
    reason = models.CharField(max_length=200, blank=True)  # why it failed, in words
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="refund_public_id"),
            UniqueConstraint("account", "key", name="refund_once"),
            CheckConstraint(condition=Q(amount__gt=0), name="refund_amount"),
            CheckConstraint(condition=Q(state__in=RefundState.values), name="refund_state"),
            CheckConstraint(condition=Q(way__in=RefundWay.values), name="refund_way"),
        ]
        indexes = [Index(fields=["account", "payment"], name="refund_of_payment")]

    def __str__(self) -> str:
        return f"{self.amount} ({self.state})"


class GatewayAccount(TenantPart):
    """A business's account with one payment provider. Its keys are sealed; nothing shows them again."""

    gateway = models.CharField(max_length=10)
    enabled = models.BooleanField(default=False)
    sealed = models.BinaryField(blank=True)  # see products.gateways.vault
    hint = models.CharField(max_length=40, blank=True)  # the end of a key, to tell one from another
    instructions = models.TextField(max_length=2000, blank=True)  # how to pay, shown to customers (outside)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta(TenantPart.Meta):
        constraints = [UniqueConstraint("account", "gateway", name="gateway_account_once")]

    def __str__(self) -> str:
        return self.gateway


class GatewayAddress(models.Model):
    """Where a provider posts what happened. Global: the opaque token in the address is all that a request brings."""

    token_digest = models.CharField(max_length=64)
    account_id = models.BigIntegerField()
    gateway = models.CharField(max_length=10)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            UniqueConstraint("token_digest", name="gateway_address_token"),
            UniqueConstraint("account_id", "gateway", name="gateway_address_once"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} of account {self.account_id}"


class ProviderEvent(TenantPart):
    """A message of a provider, kept by its id: delivered again it does nothing."""

    gateway = models.CharField(max_length=10)
    event_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=80)
    payment = TenantForeignKey(Payment, on_delete=models.PROTECT, null=True, db_index=False)
    received_at = models.DateTimeField()

    class Meta(TenantPart.Meta):
        constraints = [UniqueConstraint("account", "gateway", "event_id", name="provider_event_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
