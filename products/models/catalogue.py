"""What is sold, and for what."""

from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.db.models.functions import Now

from simplero.tenancy.models import TenantForeignKey, TenantModel, TenantPart, public_id_field

MOST_UNITS = 1_000_000
MOST_MINOR = 100_000_000_000  # of the smallest unit of a currency, for one unit of a product


class Kind(models.TextChoices):
    CREDIT = "credit", "Credit"
    SERVICE = "service", "Service"
    OTHER = "other", "Other"


class Status(models.TextChoices):
    DRAFT = "draft", "Draft"
    LIVE = "live", "Live"
    ARCHIVED = "archived", "Archived"


class PriceKind(models.TextChoices):
    SINGLE = "single", "Single payment"
    RECURRING = "recurring", "Recurring"
    CREDIT = "credit", "Credit"
    FREE = "free", "Free"


PERIODS = ("weeks", "months", "years")


class Product(TenantModel):
    """Something to buy. It is counted in units: of a credit product one credit, of any other one piece.

    A credit product issues its units as credits; any product may issue more (`ProductCredit`).
    """

    public_id = public_id_field()
    name = models.CharField(max_length=120)
    slug = models.CharField(max_length=60, db_collation="C")  # its address in the storefront
    kind = models.CharField(max_length=10, choices=Kind)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    summary = models.CharField(max_length=200, blank=True)  # one plain line for the catalogue
    description = models.TextField(max_length=20_000, blank=True)  # as typed; only `descriptions.shown` shows it
    picture = models.UUIDField(null=True)  # the public id of one of the account's pictures
    credit_type = TenantForeignKey(
        "credits.CreditType", on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    included = models.PositiveIntegerField(null=True)  # credits in one quantity; None: the customer chooses how many
    minimum = models.PositiveIntegerField(null=True)  # units of one purchase
    maximum = models.PositiveIntegerField(null=True)
    expiry = models.CharField(max_length=20, blank=True)  # of the credits it issues: "" the type's, "never", "3 months"
    position = models.PositiveIntegerField(default=0)  # in the catalogue, the lowest first
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="product_public_id"),
            # Two products under one address: a customer would buy the other one.
            UniqueConstraint("account", "slug", name="product_slug"),
            CheckConstraint(condition=Q(kind__in=Kind.values), name="product_kind"),
            CheckConstraint(condition=Q(status__in=Status.values), name="product_status"),
            # A credit product without a type would be paid for and issue nothing.
            CheckConstraint(
                condition=Q(kind="credit", credit_type__isnull=False)
                | (~Q(kind="credit") & Q(credit_type__isnull=True, included__isnull=True)),
                name="product_credit",
            ),
            CheckConstraint(
                condition=(Q(included__isnull=True) | Q(included__range=(1, MOST_UNITS)))
                & (Q(minimum__isnull=True) | Q(minimum__range=(1, MOST_UNITS)))
                & (Q(maximum__isnull=True) | Q(maximum__range=(1, MOST_UNITS)))
                & (Q(minimum__isnull=True) | Q(maximum__isnull=True) | Q(maximum__gte=models.F("minimum"))),
                name="product_units",
            ),
        ]
        indexes = [Index(fields=["account", "status", "position", "id"], name="product_catalogue")]

    def __str__(self) -> str:
        return self.name


class ProductCredit(TenantPart):
    """Credits that a product issues besides its own units: for each quantity bought, and again at each renewal."""

    product = TenantForeignKey(Product, on_delete=models.CASCADE, db_index=False, related_name="credits")
    credit_type = TenantForeignKey("credits.CreditType", on_delete=models.PROTECT, db_index=False, related_name="+")
    amount = models.PositiveIntegerField()
    expiry = models.CharField(max_length=20, blank=True)

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", "product", "credit_type", name="product_credit_once"),
            CheckConstraint(condition=Q(amount__range=(1, MOST_UNITS)), name="product_credit_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of type {self.credit_type_id}"


class Price(TenantPart):
    """One way to pay for a product. What it asks for never changes (the database refuses it): a change is a new price, and the
    old one is retired. It may be switched off and on."""

    public_id = public_id_field()
    product = TenantForeignKey(Product, on_delete=models.PROTECT, db_index=False, related_name="prices")
    kind = models.CharField(max_length=10, choices=PriceKind)
    amount = models.BigIntegerField(default=0)  # money: minor units for one unit; credit: credits for one quantity
    currency = models.CharField(max_length=3, blank=True)  # ISO 4217, of money only
    credit_type = TenantForeignKey(
        "credits.CreditType", on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    every = models.PositiveSmallIntegerField(null=True)  # a recurring price: every 2 …
    period = models.CharField(max_length=6, blank=True)  # … weeks, months or years
    minimum = models.PositiveIntegerField(default=1)  # units from which it applies: the tiers of a price are prices
    enabled = models.BooleanField(default=True)
    retired_at = models.DateTimeField(null=True)  # replaced or removed; kept for the purchases made at it
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="price_public_id"),
            # "The highest tier reached" must be one price.
            UniqueConstraint(
                "account",
                "product",
                "kind",
                "credit_type",
                "every",
                "period",
                "minimum",
                name="price_tier",
                nulls_distinct=False,
                condition=Q(retired_at__isnull=True),
            ),
            CheckConstraint(
                condition=Q(kind__in=["single", "recurring"], amount__range=(1, MOST_MINOR), credit_type__isnull=True)
                & ~Q(currency="")
                | Q(kind="credit", amount__range=(1, MOST_UNITS), currency="", credit_type__isnull=False)
                | Q(kind="free", amount=0, currency="", credit_type__isnull=True),
                name="price_amount",
            ),
            CheckConstraint(
                condition=Q(kind="recurring", every__range=(1, 100), period__in=PERIODS)
                | (~Q(kind="recurring") & Q(every__isnull=True, period="")),
                name="price_period",
            ),
            CheckConstraint(condition=Q(minimum__range=(1, MOST_UNITS)), name="price_minimum"),
        ]
        indexes = [Index(fields=["account", "product", "minimum", "id"], name="price_of_product")]

    def __str__(self) -> str:
        return f"{self.kind} price {self.amount} {self.currency}"
