"""Who comes, who goes and who may do what. Each is one transaction with its facts and its mail.

`form` is the key a page gave its form: what one form asked for happens once, however often it is sent.
"""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.mail import EmailMessage
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string

from products.queries.money import in_money
from simplero.lib.colours import is_colour
from simplero.lib.places import currencies
from simplero.lib.refusals import Unacceptable
from simplero.lib.slugs import slug
from simplero.lib.text import one_line
from simplero.mail.backend import confidential
from simplero.outbox import outbox
from simplero.pictures import services as pictures
from simplero.pictures.services import Upload
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account, Membership, User
from simplero.tenancy.roles import OWNER

from . import errors, names, queries, tokens
from .events import (
    AccountCurrencyChanged,
    AccountOpened,
    AccountRenamed,
    AccountSecurityChanged,
    InvitationRevoked,
    MemberInvited,
    MemberJoined,
    MemberRemoved,
    MemberRoleChanged,
    MemberSignedOut,
    StorefrontDressed,
)
from .models import FormerMember, Invitation

GOOD_FOR = timedelta(days=7)
KEPT = timedelta(
    days=1
)  # an invitation that has ended: long enough for any second click, and then nobody's address stays
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
    form: UUID | None = None,
) -> tuple[User, Account]:
    """A person and their business, both or neither; the person owns it. `verified`: the address is known to be theirs.

    `account_id` comes from `next_account_id`, and its scope is open. Raises AddressTaken, UnfitName.
    """
    user = _add_person(email=email, password=password, name=name, verified=verified)
    return user, open_account(
        account_id=account_id, owner=user, name=account_name, time_zone=time_zone, currency=currency, form=form
    )


@transaction.atomic
def open_account(
    *, account_id: int, owner: User, name: str, time_zone: str, currency: str, form: UUID | None = None
) -> Account:
    """A new business with `owner` as its owner, at an address made of its name: a second "Studio" gets studio-2.

    The business that `form` opened before is returned as it is. `account_id` comes from `next_account_id`, and its scope is
    open. Raises UnfitName, and FormUsed when `form` opened another business than this one, or somebody else's.
    """
    name = names.cleaned(name, what="The business name")
    base = slug(name, otherwise="account")
    number = 2 if base in RESERVED_SLUGS else 1
    while True:
        candidate = base if number == 1 else f"{base}-{number}"
        try:
            with transaction.atomic():  # the database says who was first
                account = Account.objects.create(
                    pk=account_id,
                    name=name,
                    slug=candidate,
                    time_zone=time_zone,
                    currency=currency,
                    opened_with=form,
                )
        except IntegrityError as conflict:
            match _broken(conflict):
                case "account_slug":
                    number = max(number + 1, _next_number(base))
                case "account_opened_with":
                    return _opened(form, owner=owner, name=name, time_zone=time_zone, currency=currency)
                case _:
                    raise
        else:
            Membership.objects.create(account=account, user=owner, role=OWNER)
            outbox.record(account=account, fact=AccountOpened(), actor=Actor("user", owner.pk))
            return account


def _broken(conflict: IntegrityError) -> str:
    """The name of the constraint that refused the row."""
    diagnosis = getattr(conflict.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""


def _opened(form: UUID | None, *, owner: User, **answers: str) -> Account:
    account = Account.objects.filter(opened_with=form, memberships__user=owner, **answers).first()
    if account is None:
        raise errors.FormUsed("This form was sent before. Reload the page to open another business.")
    return account


def _next_number(base: str) -> int:
    """One more than the highest number seen behind `base`; somebody may still take it first."""
    taken = Account.objects.filter(slug__startswith=f"{base}-").values_list("slug", flat=True)
    numbers = [int(rest) for rest in (each[len(base) + 1 :] for each in taken) if rest.isascii() and rest.isdigit()]
    return max(numbers, default=1) + 1


def _add_person(*, email: str, password: str, name: str, verified: bool) -> User:
    name = names.cleaned(name, what="Your name")
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, name=name)
            EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    except IntegrityError as conflict:
        raise errors.AddressTaken("Somebody signs in with this address already. Sign in instead.") from conflict
    return user


# Members. The account's scope is open.


@transaction.atomic
def invite(
    *, account: Account, email: str, role: str, link_to: LinkTo, actor: Actor, form: UUID | None = None
) -> Invitation:
    """Offer a place in `account` by mail; the invitation that `form` sent before is returned as it is.

    Raises AlreadyMember, AlreadyInvited, TooManyInvitations.
    """
    email = email.strip().lower()
    if sent := _sent_with(form, account, email, role):
        return sent
    if Membership.objects.filter(account=account, user__email=email).exists():
        raise errors.AlreadyMember(f"{email} is a member already.")
    Invitation.objects.filter(account=account, ended_at__lte=Now() - KEPT).delete()
    if Invitation.objects.filter(account=account, ended_at__isnull=True).count() >= MOST_INVITATIONS:
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
                sent_with=form,
            )
    except IntegrityError as conflict:
        if sent := _sent_with(form, account, email, role):  # by the same form, a moment ago
            return sent
        raise errors.AlreadyInvited(
            f"{email} has an invitation already. You can send it again from the list of members."
        ) from conflict
    _send(invitation, link_to(token))
    fact = MemberInvited(invitation_id=invitation.pk, role=role)
    outbox.record(account=account, fact=fact, actor=actor)
    return invitation


def _sent_with(form: UUID | None, account: Account, email: str, role: str) -> Invitation | None:
    if form is None:
        return None
    rows = Invitation.objects.filter(account=account, email=email, role=role, ended_at__isnull=True)
    return rows.filter(sent_with=form).first()


@transaction.atomic
def resend(
    *, account: Account, invitation: Invitation, link_to: LinkTo, actor: Actor, form: UUID | None = None
) -> None:
    """Send the invitation again with a new link, good for seven days more; the old link is dead. Once for one `form`.

    Raises InvitationGone.
    """
    token = tokens.fresh()
    rows = Invitation.objects.filter(account=account, pk=invitation.pk, ended_at__isnull=True)
    unsent = rows.exclude(sent_with=form) if form else rows
    if not unsent.update(token_hash=tokens.digest(token), expires_at=Now() + GOOD_FOR, sent_with=form):
        if form and rows.filter(sent_with=form).exists():
            return
        raise errors.InvitationGone("This invitation was used or withdrawn meanwhile.")
    _send(invitation, link_to(token))
    fact = MemberInvited(invitation_id=invitation.pk, role=invitation.role)
    outbox.record(account=account, fact=fact, actor=actor)


@transaction.atomic
def revoke(*, account: Account, invitation: Invitation, actor: Actor) -> None:
    """Take the offer back; its link is dead. Raises InvitationGone when it was used meanwhile."""
    if not _end(account, invitation):
        raise errors.InvitationGone("This invitation was used or withdrawn meanwhile.")
    outbox.record(account=account, fact=InvitationRevoked(invitation_id=invitation.pk), actor=actor)


def _end(account: Account, invitation: Invitation) -> int:
    return Invitation.objects.filter(account=account, pk=invitation.pk, ended_at__isnull=True).update(ended_at=Now())


def _send(invitation: Invitation, link: str) -> None:
    words = {"invitation": invitation, "account": invitation.account, "link": link, "role": invitation.role_name}
    EmailMessage(
        subject=one_line(f"Join {invitation.account.name} on Simplero Credits"),
        body=render_to_string("team/email/invitation.txt", words),
        to=[invitation.email],
        headers=confidential(GOOD_FOR),
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
        account=account, token_hash=tokens.digest(token), expires_at__gt=Now(), ended_at__isnull=True
    )
    invitation = rows.first()
    if invitation is None:
        raise errors.InvitationGone("This invitation cannot be used any more.")
    return invitation


def _join(account: Account, invitation: Invitation, user: User) -> Membership:
    membership, _ = Membership.objects.get_or_create(account=account, user=user, defaults={"role": invitation.role})
    fact = MemberJoined(user_id=user.pk, role=membership.role, invitation_id=invitation.pk)
    outbox.record(account=account, fact=fact, actor=Actor("user", user.pk))
    _end(account, invitation)
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
    """The person is out at their next click; their sign-in and their other accounts stay. Raises LastOwner, MemberGone."""
    place = _locked(account, membership)
    if place.role == OWNER:
        _keep_an_owner(account, place, "The last owner cannot be removed. Make somebody else an owner first.")
    place.delete()
    FormerMember.objects.create(account=account, public_id=place.public_id, user_id=place.user_id)
    fact = MemberRemoved(user_id=place.user_id, role=place.role)
    outbox.record(account=account, fact=fact, actor=actor)


@transaction.atomic
def sign_out(*, account: Account, membership: Membership, actor: Actor) -> int:
    """End every session of a member, wherever they work: a sign-in is for all of that. How many were in use. Raises MemberGone."""
    place = _locked(account, membership)
    ended = queries.sessions(place.user).count()
    for session in UserSession.objects.filter(user_id=place.user_id):
        session.end()
    if ended:
        outbox.record(account=account, fact=MemberSignedOut(place.user_id, ended), actor=actor)
    return ended


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
    """The name changes, the address does not: links people keep go on working. Raises UnfitName."""
    name = names.cleaned(name, what="The business name")
    if Account.objects.filter(pk=account.pk).exclude(name=name).update(name=name):
        outbox.record(account=account, fact=AccountRenamed(), actor=actor)


@transaction.atomic
def change_currency(*, account: Account, currency: str, actor: Actor) -> None:
    """Another currency for prices to come. Raises Unacceptable, and CurrencyInUse once there is a price or a purchase in money.

    Whoever adds a price in money at the same moment waits for this, or this for them.
    """
    if currency not in dict(currencies()):
        raise Unacceptable("Choose a currency from the list.", field="currency")
    before = Account.objects.select_for_update().get(pk=account.pk).currency
    if before == currency:
        return
    if in_money(account):
        raise errors.CurrencyInUse("Nothing was changed: there are prices or purchases in money by now.")
    Account.objects.filter(pk=account.pk).update(currency=currency)
    outbox.record(account=account, fact=AccountCurrencyChanged(before, currency), actor=actor)


@transaction.atomic
def require_second_factor(*, account: Account, required: bool, actor: Actor) -> None:
    """Whether owners and admins need a second factor from their next click on. Raises SecondFactorMissing.

    A choice of the account and off at first, where a rule for everybody would be safer: somebody who has lost both their phone
    and their recovery codes is helped by nobody yet, so an account says itself that it is ready for that.
    """
    if required and not Authenticator.objects.filter(user_id=actor.id, type=Authenticator.Type.TOTP).exists():
        raise errors.SecondFactorMissing("Set up two-step sign-in for yourself first: you would be shut out otherwise.")
    rows = Account.objects.filter(pk=account.pk, second_factor_required=not required)
    if rows.update(second_factor_required=required):
        fact = AccountSecurityChanged(second_factor_required=required)
        outbox.record(account=account, fact=fact, actor=actor)


@transaction.atomic
def dress_storefront(
    *, account: Account, colour: str, logo: Upload | None, without_logo: bool = False, actor: Actor
) -> None:
    """The colour and the logo of the account's shop: "" is the house's own look, no `logo` leaves the one there is.

    Raises UnfitColour and NoPicture.
    """
    if colour and not is_colour(colour):
        raise errors.UnfitColour("Choose a colour such as #2f6b4f.")
    now_there = Account.objects.select_for_update().get(pk=account.pk)
    picture, old = now_there.logo, now_there.logo
    if logo is not None:
        picture = pictures.keep(account, logo).public_id
    elif without_logo:
        picture = None
    changed = tuple(
        name
        for name, before, after in (("colour", now_there.colour, colour), ("logo", old, picture))
        if before != after
    )
    if not changed:
        return
    Account.objects.filter(pk=account.pk).update(colour=colour, logo=picture)
    if old is not None and old != picture:
        pictures.remove(account=account, picture=old)
    outbox.record(account=account, fact=StorefrontDressed(changed), actor=actor)
