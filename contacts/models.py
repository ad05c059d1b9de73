from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint
from django.db.models.functions import Now

from simplero.tenancy.models import TenantForeignKey, TenantModel, TenantPart, public_id_field

ERASED = "Erased contact"
"""What an erased contact is called."""

LISTED = Q(merged_into__isnull=True, erased_at__isnull=True)
"""Who stands in lists: neither merged into another nor erased."""


class Contact(TenantModel):
    """A person the account knows. The `_key` columns are folded copies for finding and sorting, kept by `contacts.directory`."""

    public_id = public_id_field()
    name = models.CharField(max_length=120)
    name_key = models.CharField(max_length=120, db_collation="C")
    email = models.CharField(max_length=254, blank=True)  # as typed
    email_key = models.CharField(max_length=254, blank=True, db_collation="C")
    phone = models.CharField(max_length=40, blank=True)
    company = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # Merged: a signpost. Its address and its e-mail lead on, its history stays, and it stands in no list.
    merged_into = TenantForeignKey("self", on_delete=models.PROTECT, null=True, db_index=False, related_name="merged")
    erased_at = models.DateTimeField(null=True)  # the person is gone; what the ledger's numbers hang on stays

    class Meta(TenantModel.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="contact_public_id"),
            # Two contacts of one address would each hold half of that person's credits.
            UniqueConstraint("account", "email_key", name="contact_email", condition=~Q(email_key="")),
            CheckConstraint(condition=~Q(merged_into=F("id")), name="contact_merged"),
            # The last line against a name that comes back, from a form that was open meanwhile.
            CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(name=ERASED, email="", email_key="", phone="", company=""),
                name="contact_erased",
            ),
        ]
        indexes = [
            # Lists are read from these alone, so they hold none but who stands in lists (`queries.contacts`).
            Index(fields=["account", "name_key", "id"], name="contact_by_name", condition=LISTED),
            Index(fields=["account", "created_at", "id"], name="contact_by_added", condition=LISTED),
            Index(
                fields=["account", "merged_into"], name="contact_merged_into", condition=Q(merged_into__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ContactWord(TenantPart):
    """One folded word of a contact's name, e-mail or tags. Row-level security shuts LIKE and trigram indexes out (their operators
    are not leakproof), so words are found as ranges: word >= 'ann' and word < 'ano'."""

    contact = TenantForeignKey(Contact, on_delete=models.CASCADE, db_index=False)
    word = models.CharField(max_length=254, db_collation="C")

    class Meta(TenantPart.Meta):
        constraints = [UniqueConstraint("account", "word", "contact", name="contact_word_once")]
        indexes = [Index(fields=["account", "contact"], name="contact_word_of")]

    def __str__(self) -> str:
        return self.word


class Tag(TenantModel):
    public_id = public_id_field()
    name = models.CharField(max_length=60)
    name_key = models.CharField(max_length=60, db_collation="C")

    class Meta(TenantModel.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="tag_public_id"),
            # "VIP" and "vip" are one tag.
            UniqueConstraint("account", "name_key", name="tag_name"),
        ]

    def __str__(self) -> str:
        return self.name


class ContactTag(TenantPart):
    contact = TenantForeignKey(Contact, on_delete=models.CASCADE, db_index=False, related_name="taggings")
    tag = TenantForeignKey(Tag, on_delete=models.PROTECT, db_index=False, related_name="taggings")

    class Meta(TenantPart.Meta):
        constraints = [UniqueConstraint("account", "contact", "tag", name="contact_tag_once")]
        indexes = [Index(fields=["account", "tag", "contact"], name="contact_tag_by_tag")]

    def __str__(self) -> str:
        return f"{self.contact_id}:{self.tag_id}"


class ContactNote(TenantPart):
    """What staff wrote down about a contact. Free text, so it may be edited and erased."""

    public_id = public_id_field()
    contact = TenantForeignKey(Contact, on_delete=models.CASCADE, db_index=False, related_name="notes")
    text = models.TextField(max_length=5000)
    author_id = models.BigIntegerField(null=True)  # a user; users are global, so no foreign key from an account's row
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    edited_at = models.DateTimeField(null=True)

    class Meta(TenantPart.Meta):
        constraints = [UniqueConstraint("account", "public_id", name="contact_note_public_id")]
        indexes = [Index(fields=["account", "contact", "created_at"], name="contact_note_of")]

    def __str__(self) -> str:
        return self.text[:60]


class SignIn(TenantPart):
    """A wish to sign in to the storefront by mail: a link and a code, for ten minutes, once, in the browser that asked.

    Written for an unknown address too (`contact` None), so that it takes the same work and counts towards the same limits.
    """

    public_id = public_id_field()
    contact = TenantForeignKey(Contact, on_delete=models.CASCADE, null=True, db_index=False)
    email_digest = models.CharField(max_length=64)  # keyed: rows of strangers hold no address
    origin_digest = models.CharField(max_length=64)  # of where the request came from
    visitor_digest = models.CharField(max_length=64)  # of the browser's own cookie
    token_digest = models.CharField(max_length=64)
    code_digest = models.CharField(max_length=64)
    next = models.CharField(max_length=500, blank=True)  # the page of the storefront to go on with
    guesses = models.SmallIntegerField(db_default=0)  # codes tried
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="sign_in_public_id"),
            UniqueConstraint("account", "token_digest", name="sign_in_token"),
        ]
        indexes = [
            Index(fields=["account", "email_digest", "created_at"], name="sign_in_by_email"),
            Index(fields=["account", "origin_digest", "created_at"], name="sign_in_by_origin"),
        ]

    def __str__(self) -> str:
        return f"sign-in {self.pk}"


class CustomerSession(TenantPart):
    """A customer signed in to the storefront, in one browser: its cookie holds the token, this row the token's digest."""

    contact = TenantForeignKey(Contact, on_delete=models.CASCADE, db_index=False)
    token_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta(TenantPart.Meta):
        constraints = [UniqueConstraint("account", "token_digest", name="customer_session_token")]
        indexes = [Index(fields=["account", "contact"], name="customer_session_of")]

    def __str__(self) -> str:
        return f"session of contact {self.contact_id}"


OFF, NO_ADDRESS = "off", "address"
"""Why a letter was not sent: the account wants none of its kind, or the contact has no address."""


class Letter(TenantPart):
    """A mail to a contact about something of theirs. Its words are the message's; this says to whom, of what kind, about what."""

    public_id = public_id_field()
    contact = TenantForeignKey(Contact, on_delete=models.CASCADE, db_index=False)
    kind = models.CharField(max_length=30)  # one of contacts.wording.KINDS, or of FREE
    source = models.CharField(max_length=20)  # "purchase", "entry", "lot", …
    source_id = models.CharField(max_length=40)
    once = models.CharField(max_length=120)  # what makes it the same letter: sent again, it is not sent again
    message = models.UUIDField(null=True)  # the public id of simplero.mail's row; None: it was not sent
    withheld = models.CharField(max_length=10, blank=True)  # why not: OFF or NO_ADDRESS
    created_at = models.DateTimeField()

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="letter_public_id"),
            UniqueConstraint("account", "once", name="letter_once"),
            # What was not sent says why, for ever: the switch and the address may be others by then.
            CheckConstraint(
                condition=Q(message__isnull=False, withheld="")
                | Q(message__isnull=True, withheld__in=[OFF, NO_ADDRESS]),
                name="letter_withheld",
            ),
        ]
        indexes = [
            Index(fields=["account", "contact", "created_at"], name="letter_of_contact"),
            Index(fields=["account", "source", "source_id"], name="letter_about"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to contact {self.contact_id}"


class LetterText(TenantPart):
    """An account's own words for a kind of letter, where they differ from ours, or that it wants none of it."""

    kind = models.CharField(max_length=30)
    enabled = models.BooleanField(default=True)
    subject = models.CharField(max_length=200, blank=True)  # "": ours
    text = models.TextField(max_length=5000, blank=True)  # "": ours

    class Meta(TenantPart.Meta):
        constraints = [
            UniqueConstraint("account", "kind", name="letter_text_once"),
            # A letter of ours under a subject of theirs would say something nobody has read.
            CheckConstraint(
                condition=Q(subject="", text="") | (~Q(subject="") & ~Q(text="")), name="letter_text_words"
            ),
        ]

    def __str__(self) -> str:
        return self.kind


class Merge(TenantModel):
    """One contact merged into another: what was handed over, so that within a day exactly that can be handed back."""

    public_id = public_id_field()
    source = TenantForeignKey(Contact, on_delete=models.PROTECT, db_index=False, related_name="+")
    target = TenantForeignKey(Contact, on_delete=models.PROTECT, db_index=False, related_name="+")
    moved = models.JSONField(default=dict)  # by room: see contacts.joining
    before = models.JSONField(default=dict)  # details of both as they were; emptied after a day
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="merge_public_id"),
            # Merged twice, a contact would stand in two places.
            UniqueConstraint("account", "source", name="merge_once", condition=Q(undone_at__isnull=True)),
        ]
        indexes = [Index(fields=["account", "target", "at"], name="merge_of_target")]

    def __str__(self) -> str:
        return f"{self.source_id} into {self.target_id}"


class Erasure(TenantModel):
    """That a contact was erased: ids, and a keyed digest of the address by which it is known again. Append-only.

    Replayed after an older backup was restored (`manage.py erase_again`), it keeps erased people erased.
    """

    contact = TenantForeignKey(Contact, on_delete=models.PROTECT, db_index=False, related_name="+")
    email_digest = models.CharField(max_length=64, blank=True)  # "": there was none
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [UniqueConstraint("account", "contact", name="erasure_once")]
        indexes = [
            Index(fields=["account", "email_digest", "at"], name="erasure_by_address", condition=~Q(email_digest=""))
        ]

    def __str__(self) -> str:
        return f"contact {self.contact_id}, erased"
