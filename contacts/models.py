from django.db import models
from django.db.models import Index, Q, UniqueConstraint
from django.db.models.functions import Now

from simplero.tenancy.models import TenantForeignKey, TenantModel, TenantPart, public_id_field


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

    class Meta(TenantModel.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="contact_public_id"),
            # Two contacts of one address would each hold half of that person's credits.
            UniqueConstraint("account", "email_key", name="contact_email", condition=~Q(email_key="")),
        ]
        indexes = [
            Index(fields=["account", "name_key", "id"], name="contact_by_name"),
            Index(fields=["account", "created_at", "id"], name="contact_by_added"),
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
