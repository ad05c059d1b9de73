"""Who comes, who goes and who may do what. Each is one transaction with its facts and its mail."""

from collections.abc import Callable
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string

from simplero.lib.slugs import slug
from simplero.mail.backend import CONFIDENTIAL
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account, Membership, User
from simplero.tenancy.roles import OWNER

from . import errors, tokens
from .events import (
    AccountOpened,
    AccountRenamed,
    InvitationRevoked,
    MemberInvited,
    MemberJoined,
    MemberRemoved,
    MemberRoleChanged,
)
from .models import Invitation

GOOD_FOR = timedelta(days=7)
MOST_INVITATIONS = 50  # open at a time: an account must not become a way to write to strangers

# Addresses that would read as something of ours, under /a/ or as a host name later.
RESERVED_SLUGS = frozenset(
    [
        "a",
        "account",
        "accounts",
        "admin",
        "api",
        "app",
        "assets",
        "demo",
        "help",
        "invitations",
        "mail",
        "me",
        "new",
        "outbox",
        "root",
        "settings",
        "sign-in",
        "sign-up",
        "static",
        "status",
        "styleguide",
        "support",
        "system",
        "www",
    ]
)

LinkTo = Callable[[str], str]  # from a token to the absolute address that takes it


# Coming in from outside. A new account's scope is opened on the id that it will have.


def next_account_id() -> int:
    """An id that no account has and none will be given: the scope of an account is open before its first row is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [Account._meta.db_table])
        return cursor.fetchone()[0]


@transaction.atomic
def sign_up(
    *,
    account_id: int,
    email: str,
    password: str,
    name: str,
    account_name: str,
    time_zone: str,
    currency: str,
    verified: bool = False,
) -> tuple[User, Account]:
    """A person and their business, both or neither; the person owns it. `verified`: the address is known to be theirs.

    `account_id` comes from `next_account_id`, and its scope is open. Raises AddressTaken.
    """
    user = _add_person(email=email, password=password, name=name, verified=verified)
    return user, open_account(
        account_id=account_id, owner=user, name=account_name, time_zone=time_zone, currency=currency
    )


@transaction.atomic
def open_account(*, account_id: int, owner: User, name: str, time_zone: str, currency: str) -> Account:
    """A new business with `owner` as its owner, at an address made of its name: a second "Studio" gets studio-2.

    `account_id` comes from `next_account_id`, and its scope is open.
    """
    name = one_line(name)
    base = slug(name, otherwise="account")
    number = 2 if base in RESERVED_SLUGS else 1
    while True:
        candidate = base if number == 1 else f"{base}-{number}"
        try:
            with transaction.atomic():  # the database says who was first
                account = Account.objects.create(
                    pk=account_id, name=name, slug=candidate, time_zone=time_zone, currency=currency
                )
        except IntegrityError:
            number = max(number + 1, _next_number(base))
        else:
            Membership.objects.create(account=account, user=owner, role=OWNER)
            outbox.record(account=account, fact=AccountOpened(), actor=Actor("user", owner.pk))
            return account


def _next_number(base: str) -> int:
    """One more than the highest number seen behind `base`; somebody may still take it first."""
    taken = Account.objects.filter(slug__startswith=f"{base}-").values_list("slug", flat=True)
    numbers = [int(rest) for rest in (each[len(base) + 1 :] for each in taken) if rest.isascii() and rest.isdigit()]
    return max(numbers, default=1) + 1


def _add_person(*, email: str, password: str, name: str, verified: bool) -> User:
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, name=one_line(name))
            EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    except IntegrityError as conflict:
        raise errors.AddressTaken("Somebody signs in with this address already. Sign in instead.") from conflict
    return user


def one_line(text: str) -> str:
    """`text` without line breaks or doubled blanks: names stand in subjects of e-mails."""
    return " ".join(text.split())


# Members. The account's scope is open.


@transaction.atomic
def invite(*, account: Account, email: str, role: str, link_to: LinkTo, actor: Actor) -> Invitation:
    """Offer a place in `account` by mail. Raises AlreadyMember, AlreadyInvited, TooManyInvitations."""
    email = email.strip().lower()
    if Membership.objects.filter(account=account, user__email=email).exists():
        raise errors.AlreadyMember(f"{email} is a member already.")
    if Invitation.objects.filter(account=account).count() >= MOST_INVITATIONS:
        raise errors.TooManyInvitations(
            f"{MOST_INVITATIONS} invitations are open, which is the most there can be. Withdraw one that is no longer needed."
        )
    token = tokens.fresh()
    try:
        with transaction.atomic():
            invitation = Invitation.objects.create(
                account=account,
                email=email,
                role=role,
                token_hash=tokens.digest(token),
                invited_by_id=actor.id,
                expires_at=Now() + GOOD_FOR,
            )
    except IntegrityError as conflict:
        raise errors.AlreadyInvited(
            f"{email} has an invitation already. You can send it again from the list of members."
        ) from conflict
    _send(invitation, link_to(token))
    fact = MemberInvited(invitation_id=invitation.pk, role=role)
    outbox.record(account=account, fact=fact, actor=actor)
    return invitation


@transaction.atomic
def resend(*, account: Account, invitation: Invitation, link_to: LinkTo, actor: Actor) -> None:
    """Send the invitation again with a new link, good for seven days more; the old link is dead. Raises InvitationGone."""
    token = tokens.fresh()
    rows = Invitation.objects.filter(account=account, pk=invitation.pk)
    if not rows.update(token_hash=tokens.digest(token), expires_at=Now() + GOOD_FOR):
        raise errors.InvitationGone("This invitation was used or withdrawn meanwhile.")
    _send(invitation, link_to(token))
    fact = MemberInvited(invitation_id=invitation.pk, role=invitation.role)
    outbox.record(account=account, fact=fact, actor=actor)


@transaction.atomic
def revoke(*, account: Account, invitation: Invitation, actor: Actor) -> None:
    """Take the offer back; its link is dead. Raises InvitationGone when it was used meanwhile."""
    gone, _ = Invitation.objects.filter(account=account, pk=invitation.pk).delete()
    if not gone:
        raise errors.InvitationGone("This invitation was used or withdrawn meanwhile.")
    outbox.record(account=account, fact=InvitationRevoked(invitation_id=invitation.pk), actor=actor)


def _send(invitation: Invitation, link: str) -> None:
    words = {"invitation": invitation, "account": invitation.account, "link": link, "role": invitation.role_name}
    EmailMessage(
        subject=one_line(f"Join {invitation.account.name} on Simplero Credits"),
        body=render_to_string("team/email/invitation.txt", words),
        to=[invitation.email],
        headers={CONFIDENTIAL: "yes"},
    ).send()


@transaction.atomic
def accept(*, account: Account, token: str, user: User) -> Membership:
    """`user`, signed in, takes the place offered. Raises InvitationGone, InvitationForSomebodyElse."""
    invitation = _take(account, token)
    if invitation.email != user.email:
        raise errors.InvitationForSomebodyElse(
            f"This invitation is for {invitation.email}, and you are signed in as {user.email}."
        )
    return _join(account, invitation, user)


@transaction.atomic
def join(*, account: Account, token: str, name: str, password: str) -> User:
    """The person invited is new here: they get a sign-in and take their place. The link came by mail, so the address is theirs.

    Raises InvitationGone, AddressTaken.
    """
    invitation = _take(account, token)
    user = _add_person(email=invitation.email, password=password, name=name, verified=True)
    _join(account, invitation, user)
    return user


def _take(account: Account, token: str) -> Invitation:
    """The invitation, locked: of two who come with one link the second finds it gone."""
    rows = Invitation.objects.select_for_update().filter(
        account=account, token_hash=tokens.digest(token), expires_at__gt=Now()
    )
    invitation = rows.first()
    if invitation is None:
        raise errors.InvitationGone("This invitation cannot be used any more.")
    return invitation


def _join(account: Account, invitation: Invitation, user: User) -> Membership:
    membership, _ = Membership.objects.get_or_create(account=account, user=user, defaults={"role": invitation.role})
    fact = MemberJoined(user_id=user.pk, role=membership.role, invitation_id=invitation.pk)
    outbox.record(account=account, fact=fact, actor=Actor("user", user.pk))
    invitation.delete()
    return membership


@transaction.atomic
def change_role(*, account: Account, membership: Membership, role: str, actor: Actor) -> None:
    """Raises LastOwner when nobody would be left to own the account."""
    place = _locked(account, membership)
    if place.role == role:
        return
    before, place.role = place.role, role
    if before == OWNER:
        _keep_an_owner(account, place, "Make somebody else an owner first: an account needs one.")
    place.save(update_fields=["role"])
    fact = MemberRoleChanged(user_id=place.user_id, before=before, after=role)
    outbox.record(account=account, fact=fact, actor=actor)


@transaction.atomic
def remove(*, account: Account, membership: Membership, actor: Actor) -> None:
    """The person is out at their next click; their sign-in and their other accounts stay. Raises LastOwner."""
    place = _locked(account, membership)
    if place.role == OWNER:
        _keep_an_owner(account, place, "The last owner cannot be removed. Make somebody else an owner first.")
    place.delete()
    fact = MemberRemoved(user_id=place.user_id, role=place.role)
    outbox.record(account=account, fact=fact, actor=actor)


def _locked(account: Account, membership: Membership) -> Membership:
    """The member's place, with every place of the account locked in one order: two owners may be removing each other."""
    rows = Membership.objects.select_for_update(of=("self",)).filter(account=account).order_by("pk")
    places = {place.pk: place for place in rows}
    if membership.pk not in places:
        raise errors.MemberGone("This person is not a member any more.")
    return places[membership.pk]


def _keep_an_owner(account: Account, leaving: Membership, wording: str) -> None:
    if not Membership.objects.filter(account=account, role=OWNER).exclude(pk=leaving.pk).exists():
        raise errors.LastOwner(wording)


@transaction.atomic
def rename_account(*, account: Account, name: str, actor: Actor) -> None:
    """The name changes, the address does not: links people keep go on working."""
    name = one_line(name)
    if Account.objects.filter(pk=account.pk).exclude(name=name).update(name=name):
        outbox.record(account=account, fact=AccountRenamed(), actor=actor)
