from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.db.models.functions import Now

from simplero.tenancy.models import Account, public_id_field
from simplero.tenancy.roles import ROLES


class Invitation(models.Model):
    """An open offer of a place in an account; accepted or revoked, the row goes. Global: whoever follows its link is not in any
    account yet, and the link's token is all there is to find the account by."""

    public_id = public_id_field()
    # No constraint into the accounts: once they are spread over servers, it would not be checked on delete.
    account = models.ForeignKey(Account, on_delete=models.CASCADE, db_constraint=False, related_name="invitations")
    email = models.EmailField(max_length=254)  # lower case
    role = models.CharField(max_length=20)
    token_hash = models.CharField(max_length=64)  # SHA-256 of the 256 random bits in the link, in hex
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint("public_id", name="invitation_public_id"),
            UniqueConstraint("token_hash", name="invitation_token"),
            # A double click would otherwise write to the same person twice.
            UniqueConstraint("account", "email", name="invitation_once"),
            CheckConstraint(condition=Q(role__in=sorted(ROLES)), name="invitation_role"),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.account} ({self.role})"

    @property
    def role_name(self) -> str:
        return ROLES[self.role]
