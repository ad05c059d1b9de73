"""The tables of the ledger. Only `ledger.sql` writes wallets, lots, entries and allocations."""

from django.db import models
from django.db.models import Case, CheckConstraint, F, Index, Q, UniqueConstraint, When
from django.db.models.functions import Now

from contacts.models import Contact
from simplero.tenancy.models import TenantForeignKey, TenantModel, TenantPart, public_id_field

LEVELS = 5
"""Of a wallet: the highest is a balance of 16 and more."""

UNITS = {"days": "days", "weeks": "weeks", "months": "months", "years": "years"}


class Kind(models.TextChoices):
    """What an entry did. The sign of its amount follows from it, but for a transfer, which is written twice: out of one wallet and,
    linked to that, into another, with nothing where lots go that have nothing left. `redate` moves nothing and names its lot."""

    ISSUE = "issue"
    CONSUME = "consume"
    REVERSE = "reverse"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    RESTORE = "restore"
    REDATE = "redate"
    TRANSFER = "transfer"


class CreditType(TenantModel):
    """What a credit is for, and how long one is good unless the issue says otherwise."""

    public_id = public_id_field()
    name = models.CharField(max_length=60)
    plural = models.CharField(max_length=60)
    name_key = models.CharField(max_length=60, db_collation="C")
    description = models.TextField(max_length=1000, blank=True)  # customers read it
    expires_after = models.PositiveIntegerField(null=True)
    expires_unit = models.CharField(max_length=6, blank=True)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="credit_type_public_id"),
            # Two types of one name could not be told apart on the contact page.
            UniqueConstraint("account", "name_key", name="credit_type_name"),
            CheckConstraint(
                condition=Q(expires_after__isnull=True, expires_unit="")
                | Q(expires_after__range=(1, 1000), expires_unit__in=sorted(UNITS)),
                name="credit_type_expiration",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Wallet(TenantPart):
    """One contact's credits of one type: the stored balance, and running totals kept by the posting functions.

    The stored balance still holds what is overdue but not yet written off: pages ask `queries`, which goes by the clock.
    """

    contact = TenantForeignKey(Contact, on_delete=models.PROTECT, db_index=False)
    credit_type = TenantForeignKey(CreditType, on_delete=models.PROTECT, db_index=False)
    balance = models.BigIntegerField(db_default=0)
    seq = models.BigIntegerField(db_default=0)  # of the newest entry
    issued = models.BigIntegerField(db_default=0)  # and transferred in, less transferred out
    used = models.BigIntegerField(db_default=0)  # less reversed
    expired = models.BigIntegerField(db_default=0)  # less restored
    withdrawn = models.BigIntegerField(db_default=0)
    # How many binary digits the balance has, up to 5: finds those who have few without reading all, and changes more seldom than
    # the balance, so that most postings touch no index.
    level = models.GeneratedField(
        expression=Case(
            When(balance=0, then=0),
            *(When(balance__lt=2**digits, then=digits) for digits in range(1, LEVELS)),
            default=LEVELS,
        ),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    moved_at = models.DateTimeField()  # when the newest entry happened

    class Meta(TenantPart.Meta):
        constraints = [
            # A second wallet would show a customer half of what they have.
            UniqueConstraint("account", "contact", "credit_type", name="wallet_once"),
            # The last line against overspending, whatever the code above it did.
            CheckConstraint(condition=Q(balance__gte=0), name="wallet_floor"),
            # The four numbers on every page add up, or the posting is refused.
            CheckConstraint(
                condition=Q(balance=F("issued") - F("used") - F("expired") - F("withdrawn")), name="wallet_totals"
            ),
        ]
        # The level before the type: whoever asks for one wallet is served by `wallet_once`, also before there are statistics.
        indexes = [Index(fields=["account", "level", "credit_type", "contact"], name="wallet_by_level")]

    def __str__(self) -> str:
        return f"wallet {self.pk}"


class Entry(TenantPart):
    """One line of the ledger, for ever: the database refuses to change or delete it. Its key is also its public name."""

    key = models.UUIDField()
    wallet = TenantForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="entries")
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    linked = TenantForeignKey("self", on_delete=models.PROTECT, null=True, db_index=False, related_name="answers")
    lot = TenantForeignKey("Lot", on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    service_date = models.DateField(null=True)  # as asked for; None is the day it was recorded
    expiry = models.CharField(max_length=20, blank=True)  # as asked for: "", "never", "2027-01-31" or "3 months"
    source = models.CharField(max_length=20)
    source_id = models.CharField(max_length=40, blank=True)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    happened_at = (
        models.DateTimeField()
    )  # by the ledger's clock; an expiry happened at its lot's end, whenever it was written
    recorded_at = models.DateTimeField()

    class Meta(TenantPart.Meta):
        constraints = [
            # Once: a repeat of the same request meets this row, in five years too.
            UniqueConstraint("account", "key", name="entry_once"),
            # Rule 1 of the product: a movement of more is a slip of the keyboard or of a program.
            CheckConstraint(condition=Q(amount__range=(-1_000_000, 1_000_000)), name="entry_size"),
            # The chain: no two entries follow the same one.
            UniqueConstraint("account", "wallet", "seq", name="entry_chain"),
            CheckConstraint(condition=Q(balance_after__gte=0), name="entry_floor"),
            CheckConstraint(
                condition=Q(kind__in=["issue", "reverse", "restore"], amount__gt=0)
                | Q(kind__in=["consume", "withdraw", "expire"], amount__lt=0)
                | Q(kind="redate", amount=0, lot__isnull=False)
                | Q(kind="transfer"),
                name="entry_sign",
            ),
            CheckConstraint(
                condition=Q(kind__in=["reverse", "restore"], linked__isnull=False)
                | Q(kind__in=["issue", "consume", "withdraw", "expire", "redate"], linked__isnull=True)
                | Q(kind="transfer", amount__lte=0, linked__isnull=True)
                | Q(kind="transfer", amount__gte=0, linked__isnull=False),
                name="entry_link",
            ),
        ]
        indexes = [
            Index(fields=["account", "linked"], condition=Q(linked__isnull=False), name="entry_answers"),
            # The account's own activity and the sums of a period go by when things happened. Grows at its end; what a batch
            # writes has one time, and stands in it once.
            Index(fields=["account", "happened_at"], name="entry_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount:+d}"


class Lot(TenantPart):
    """Credits issued together, in the wallet where they are now: a transfer takes whole lots along, with all that befell them.

    What was used is what is missing: amount − remaining − expired − withdrawn.
    """

    public_id = public_id_field()
    wallet = TenantForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="lots")
    entry = TenantForeignKey(Entry, on_delete=models.PROTECT, db_index=False, related_name="+")  # the one that made it
    replaces = TenantForeignKey("self", on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    expired = models.BigIntegerField(db_default=0)  # less restored
    withdrawn = models.BigIntegerField(db_default=0)
    open = models.BooleanField(db_default=True)
    last_good_day = models.DateField(null=True)  # None: never expires
    expires_at = models.DateTimeField(null=True)  # the first instant after it, in the account's zone
    times_expired = models.SmallIntegerField(db_default=0)
    withdrawn_at = models.DateTimeField(null=True)  # when a withdrawal took all that was left
    issued_at = models.DateTimeField()

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="lot_public_id"),
            CheckConstraint(
                condition=Q(amount__gt=0, remaining__gte=0, expired__gte=0, withdrawn__gte=0)
                & Q(amount__gte=F("remaining") + F("expired") + F("withdrawn")),
                name="lot_amounts",
            ),
            # The indexes below ask for `open`, which a partial draw leaves alone: the update stays in the page.
            CheckConstraint(condition=Q(open=Q(remaining__gt=0)), name="lot_open"),
            CheckConstraint(
                condition=Q(last_good_day__isnull=True, expires_at__isnull=True)
                | Q(last_good_day__isnull=False, expires_at__isnull=False),
                name="lot_expiry",
            ),
        ]
        indexes = [
            Index(fields=["account", "wallet", "expires_at", "id"], condition=Q(open=True), name="lot_burn_down"),
            Index(fields=["account", "wallet", "issued_at", "id"], name="lot_of_wallet"),
            Index(fields=["account", "expires_at"], condition=Q(open=True, expires_at__isnull=False), name="lot_due"),
        ]

    def __str__(self) -> str:
        return f"lot of {self.amount}"


class Allocation(TenantPart):
    """Which lots an entry touched, and by how much, with the entry's sign: a lot's remaining is the sum of its allocations."""

    entry = TenantForeignKey(Entry, on_delete=models.PROTECT, db_index=False, related_name="allocations")
    lot = TenantForeignKey(Lot, on_delete=models.PROTECT, db_index=False, related_name="allocations")
    amount = models.BigIntegerField()

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", "entry", "lot", name="allocation_once"),
            CheckConstraint(condition=~Q(amount=0), name="allocation_amount"),
        ]
        indexes = [Index(fields=["account", "lot"], name="allocation_of_lot")]

    def __str__(self) -> str:
        return f"{self.amount:+d}"


class EntryNote(TenantPart):
    """A note or reason beside an entry: free text, so it may be erased while the entry stays."""

    entry = TenantForeignKey(Entry, on_delete=models.PROTECT, db_index=False, related_name="notes")
    text = models.TextField(max_length=1000)
    for_customer = models.BooleanField(db_default=False)

    class Meta(TenantPart.Meta):
        constraints = [UniqueConstraint("account", "entry", name="entry_note_once")]

    def __str__(self) -> str:
        return self.text[:60]


class Tally(TenantPart):
    """What the entries of one type and kind come to that happened on a day, or in a month, before the account's mark."""

    span = models.CharField(max_length=5, choices=[("day", "Day"), ("month", "Month")])
    day = models.DateField()  # of the account's zone; of a month the first
    credit_type = TenantForeignKey(CreditType, on_delete=models.PROTECT, db_index=False, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind)
    amount = models.BigIntegerField()  # with its sign
    times = models.BigIntegerField()  # in how many entries

    class Meta(TenantPart.Meta):
        constraints = [UniqueConstraint("account", "span", "day", "credit_type", "kind", name="tally_once")]

    def __str__(self) -> str:
        return f"{self.span} {self.day}: {self.kind} {self.amount:+d}"


class EndTally(TenantPart):
    """How many credits of one type were, at the account's mark, good through one day and no longer."""

    last_good_day = models.DateField()
    credit_type = TenantForeignKey(CreditType, on_delete=models.PROTECT, db_index=False, related_name="+")
    amount = models.BigIntegerField()

    class Meta(TenantPart.Meta):
        constraints = [UniqueConstraint("account", "last_good_day", "credit_type", name="end_tally_once")]

    def __str__(self) -> str:
        return f"{self.amount} through {self.last_good_day}"


class TallyMark(TenantModel):
    """Up to when an account's tallies go, and by which time zone their days are."""

    at = models.DateTimeField()
    time_zone = models.CharField(max_length=60)
    ends = models.BooleanField(db_default=False)  # whether there are end tallies as of it

    class Meta(TenantModel.Meta):
        constraints = [UniqueConstraint("account", name="tally_mark_once")]

    def __str__(self) -> str:
        return f"through {self.at}"
