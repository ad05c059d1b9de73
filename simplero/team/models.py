from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.db.models.functions import Now

from simplero.tenancy.models import Account, TenantModel, public_id_field
from simplero.tenancy.roles import ROLES


class Invitation(models.Model):
    """An offer of a place in an account. Accepted or revoked it has ended, and its row stays for a day, so that a click that came
    twice is told what the first one did. Global: whoever follows its link is not in any account yet, and the link's token is all
    there is to find the account by."""

    public_id = public_id_field()
    # No constraint into the accounts: once they are spread over servers, it would not be checked on delete.
    account = models.ForeignKey(Account, on_delete=models.CASCADE, db_constraint=False, related_name="invitations")
    email = models.EmailField(max_length=254)  # lower case
    role = models.CharField(max_length=20)
    token_hash = models.CharField(max_length=64)  # SHA-256 of the 256 random bits in the link, in hex
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    sent_with = models.UUIDField(null=True, editable=False)  # the form that sent it last, which sends one mail
    ended_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            UniqueConstraint("public_id", name="invitation_public_id"),
            UniqueConstraint("token_hash", name="invitation_token"),
            # Two forms at once would otherwise write to the same person twice.
            UniqueConstraint(fields=["account", "email"], condition=Q(ended_at__isnull=True), name="invitation_once"),
            CheckConstraint(condition=Q(role__in=sorted(ROLES)), name="invitation_role"),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.account} ({self.role})"

    @property
    def role_name(self) -> str:
        return ROLES[self.role]


class Rezoning(TenantModel):
    """A change of the account's time zone that somebody confirmed: asked for, under way, and what it came to."""

    public_id = public_id_field()
    before = models.CharField(max_length=60)  # IANA names
    after = models.CharField(max_length=60)
    seen = models.CharField(max_length=24)  # the seal of the lots that were said to be over by it
    asked_by = models.BigIntegerField()  # a user
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    stopped = models.BooleanField(db_default=False)  # nothing was changed: it would not have done what was confirmed
    moved = models.BigIntegerField(db_default=0)  # lots that end at another instant
    over = models.BigIntegerField(db_default=0)  # lots that were over at once

    class Meta(TenantModel.Meta):
        constraints = [
            UniqueConstraint("account", "public_id", name="rezoning_public_id"),
            # Two at once would each begin from a zone that the other has left.
            UniqueConstraint(fields=["account"], condition=Q(done_at__isnull=True), name="rezoning_once"),
        ]

    def __str__(self) -> str:
        return f"{self.before} to {self.after}"


class FormerMember(TenantModel):
    """Somebody who was removed, under the name their place had in addresses: removing them again finds them gone, not unknown."""

    public_id = models.UUIDField(editable=False)
    user_id = models.BigIntegerField()
    removed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        constraints = [UniqueConstraint("account", "public_id", name="formermember_public_id")]

    def __str__(self) -> str:
        return f"user {self.user_id}, removed {self.removed_at:%Y-%m-%d %H:%M}"
