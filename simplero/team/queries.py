"""Reads. Memberships and invitations are global tables, so each names its account itself."""

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Lower, Now

from simplero.tenancy.models import Account, Membership, User

from .errors import InvitationGone
from .models import Invitation
from .tokens import digest


def accounts_of(user: User) -> QuerySet[Membership]:
    """The places `user` has, by the account's name."""
    places = Membership.objects.select_related("account").filter(user_id=user.pk)
    return places.order_by(Lower("account__name"), "pk")


def members(account: Account) -> QuerySet[Membership]:
    return Membership.objects.select_related("user").filter(account=account).order_by(Lower("user__name"), "pk")


def invitations(account: Account) -> QuerySet[Invitation]:
    """Open invitations, the newest first; those that ran out too, for they can be sent again. Annotated with `expired`."""
    rows = Invitation.objects.select_related("invited_by").filter(account=account)
    expired = ExpressionWrapper(Q(expires_at__lte=Now()), output_field=BooleanField())
    return rows.annotate(expired=expired).order_by("-created_at", "-pk")


def invitation(token: str) -> Invitation:
    """The invitation a link's token opens. Raises InvitationGone."""
    found = Invitation.objects.select_related("account", "invited_by").filter(
        token_hash=digest(token), expires_at__gt=Now()
    )
    row = found.first()
    if row is None:
        raise InvitationGone("This invitation cannot be used any more.")
    return row
