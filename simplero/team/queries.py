"""Reads. Memberships and invitations are global tables, so each names its account itself."""

from datetime import timedelta
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Lower, Now
from django.utils import timezone

from simplero.tenancy.models import Account, Domain, Membership, User
from simplero.web.sessions import FRESH, IDLE, LONGEST

from .errors import InvitationGone
from .models import FormerMember, Invitation
from .tokens import digest


def accounts_of(user: User) -> QuerySet[Membership]:
    """The places `user` has, by the account's name."""
    places = Membership.objects.select_related("account").filter(user_id=user.pk)
    return places.order_by(Lower("account__name"), "pk")


def members(account: Account) -> QuerySet[Membership]:
    return Membership.objects.select_related("user").filter(account=account).order_by(Lower("user__name"), "pk")


def sessions(user: User) -> QuerySet[UserSession]:
    """Where `user` is signed in, the one used last first; in whatever account they work, since a sign-in is for all of them."""
    alive = Session.objects.filter(expire_date__gt=Now()).values("session_key")
    used = timezone.now() - timedelta(seconds=IDLE + FRESH)  # it is noted only so often
    begun = timezone.now() - timedelta(seconds=LONGEST)
    rows = UserSession.objects.filter(user_id=user.pk, session_key__in=alive)
    return rows.filter(last_seen_at__gt=used, created_at__gt=begun).order_by("-last_seen_at", "-pk")


def was_member(account: Account, public_id: UUID) -> bool:
    """Whether this was the place of somebody who has been removed since."""
    return FormerMember.objects.filter(account=account, public_id=public_id).exists()


def place_taken(token: str) -> Membership | None:
    """The place that somebody took with this link, as long as they have it; None for links that were never used."""
    used = Invitation.objects.filter(token_hash=digest(token), ended_at__isnull=False).first()
    if used is None:
        return None
    rows = Membership.objects.select_related("account")
    return rows.filter(account=used.account_id, user__email=used.email).first()


def signed_up_with(form: UUID | None, email: str, password: str) -> User | None:
    """Who signed up by the form with this key, if this is their address and their password."""
    owners = User.objects.filter(email=email.strip().lower(), memberships__account__opened_with=form)
    person = owners.first() if form else None
    return person if person and person.is_active and person.check_password(password) else None


def invitations(account: Account) -> QuerySet[Invitation]:
    """Open invitations, the newest first; those that ran out too, for they can be sent again. Annotated with `expired`."""
    rows = Invitation.objects.select_related("invited_by").filter(account=account, ended_at__isnull=True)
    expired = ExpressionWrapper(Q(expires_at__lte=Now()), output_field=BooleanField())
    return rows.annotate(expired=expired).order_by("-created_at", "-pk")


def invitation(token: str) -> Invitation:
    """The invitation a link's token opens. Raises InvitationGone."""
    found = Invitation.objects.select_related("account", "invited_by").filter(
        token_hash=digest(token), expires_at__gt=Now(), ended_at__isnull=True
    )
    row = found.first()
    if row is None:
        raise InvitationGone("This invitation cannot be used any more.")
    return row


def domains(account: Account) -> QuerySet[Domain]:
    """The hosts the account has claimed, proven ones first."""
    return Domain.objects.filter(account=account).order_by(F("verified_at").asc(nulls_last=True), "pk")
