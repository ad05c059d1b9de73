"""What was bought."""

from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint

from contacts.models import Contact
from products.states import State
from simplero.tenancy.models import TenantForeignKey, TenantPart, public_id_field

from .catalogue import MOST_UNITS, Price, PriceKind, Product


class Purchase(TenantPart):
    """A contact's purchase: what, how many and at which price, as it was agreed; only its state and its renewals change."""

    public_id = public_id_field()
    key = models.UUIDField()  # of the order: two tabs and a double click are one purchase
    contact = TenantForeignKey(Contact, on_delete=models.PROTECT, db_index=False, related_name="purchases")
    product = TenantForeignKey(Product, on_delete=models.PROTECT, db_index=False, related_name="purchases")
    price = TenantForeignKey(Price, on_delete=models.PROTECT, db_index=False, related_name="purchases")
    product_name = models.CharField(max_length=120)
    price_kind = models.CharField(max_length=10, choices=PriceKind)
    quantity = models.PositiveIntegerField()
    units = models.PositiveIntegerField()  # quantity × the product's included
    each = models.BigIntegerField()  # as the price's amount
    total = models.BigIntegerField()  # minor units, of each period; credits for a credit price
    currency = models.CharField(max_length=3, blank=True)
    credit_type = TenantForeignKey(
        "credits.CreditType", on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )  # of a credit price
    every = models.PositiveSmallIntegerField(null=True)
    period = models.CharField(max_length=6, blank=True)
    # What it issues in each period, as the product said when it was bought: [{"credit_type": id, "amount": 5, "expiry": ""}].
    issues = models.JSONField(default=list)

    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    gateway = models.CharField(max_length=10, blank=True)  # "" where no money is asked for
    source = models.CharField(max_length=10)  # "storefront" or "staff"
    visitor_digest = models.CharField(max_length=64, blank=True)  # of the browser that ordered
    created_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    periods = models.PositiveIntegerField(default=0)  # paid and issued so far
    renews_at = models.DateTimeField(null=True)  # when the next period begins; None: it does not
    retry_at = models.DateTimeField(null=True)  # when the failed charge of that period is tried again, or given up
    failures = models.PositiveSmallIntegerField(default=0)  # of that charge
    stopped_at = models.DateTimeField(null=True)  # the customer wants no renewal: it ends at renews_at
    payer_ref = models.CharField(max_length=255, blank=True)  # the provider's name for who pays, and with which card
    card_ref = models.CharField(max_length=255, blank=True)
    card_label = models.CharField(max_length=40, blank=True)  # "Visa ending in 4242"

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="purchase_public_id"),
            # Once: a repeat of the same order meets this row.
            UniqueConstraint("account", "key", name="purchase_once"),
            CheckConstraint(condition=Q(state__in=State.values), name="purchase_state"),
            CheckConstraint(
                condition=Q(quantity__range=(1, MOST_UNITS), units__range=(1, MOST_UNITS), units__gte=F("quantity")),
                name="purchase_units",
            ),
            CheckConstraint(
                condition=Q(
                    price_kind__in=["single", "recurring"], total=F("units") * F("each"), credit_type__isnull=True
                )
                & ~Q(currency="")
                & ~Q(gateway="")
                | Q(price_kind="credit", total=F("quantity") * F("each"), currency="", credit_type__isnull=False)
                | Q(price_kind="free", each=0, total=0, currency="", credit_type__isnull=True),
                name="purchase_total",
            ),
            CheckConstraint(
                condition=Q(price_kind="recurring", every__isnull=False)
                | (~Q(price_kind="recurring") & Q(every__isnull=True, renews_at__isnull=True, retry_at__isnull=True)),
                name="purchase_renewal",
            ),
            # A renewal would go on taking money for what has ended.
            CheckConstraint(
                condition=Q(state__in=["active", "delinquent"]) | Q(renews_at__isnull=True, retry_at__isnull=True),
                name="purchase_over",
            ),
        ]
        indexes = [
            Index(fields=["account", "created_at", "id"], name="purchase_by_day"),
            Index(fields=["account", "contact", "created_at"], name="purchase_of_contact"),
            Index(fields=["account", "product", "created_at"], name="purchase_of_product"),
            Index(fields=["account", "price"], name="purchase_at_price"),
            Index(
                fields=["account", "visitor_digest", "product"],
                name="purchase_by_visitor",
                condition=~Q(visitor_digest=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_name} × {self.quantity} ({self.state})"

    @property
    def reference(self) -> str:
        """What people call it by: on receipts, in a transfer, in the search of staff."""
        return str(self.public_id)[:8].upper()


class PurchaseEntry(TenantPart):
    """A movement of the ledger that a purchase made: the credits it issued in a period, or used to pay."""

    purchase = TenantForeignKey(Purchase, on_delete=models.PROTECT, db_index=False, related_name="entries")
    number = models.PositiveIntegerField()  # the period it was for, from 1
    verb = models.CharField(max_length=10)  # "issue" or "consume"
    entry_key = models.UUIDField()
    credit_type = TenantForeignKey("credits.CreditType", on_delete=models.PROTECT, db_index=False, related_name="+")
    amount = models.PositiveIntegerField()

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", "entry_key", name="purchase_entry_key"),
            # Issued twice for one payment: what this room exists to prevent.
            UniqueConstraint("account", "purchase", "number", "verb", "credit_type", name="purchase_entry_once"),
            CheckConstraint(condition=Q(verb__in=["issue", "consume"]), name="purchase_entry_verb"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.amount}"


class SalesSettings(TenantPart):
    """What an account wants done when a renewal's charge fails. No row: the defaults."""

    retry_after = models.JSONField(default=list)  # days after the failure of each retry, rising: [1, 3, 5]
    give_up_after = models.PositiveSmallIntegerField(default=14)  # days delinquent, then failed

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", name="sales_settings_once"),
            CheckConstraint(condition=Q(give_up_after__range=(1, 90)), name="sales_settings_give_up"),
        ]

    def __str__(self) -> str:
        return f"sales settings of account {self.account_id}"
