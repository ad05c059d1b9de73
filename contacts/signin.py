"""Customers' sign-in to the storefront: the link and the code that come by mail, and the sessions they begin.

Rules run in the account's open scope. Times are the ledger's. Tokens are 256 random bits, so a plain hash of them is safe to keep
(OWASP ASVS 6.5.2); a code is short, so its hash is keyed. Whether an address is known shows in nothing that `ask` and `try_code`
do: a stranger's is asked after, counted and refused like a customer's.
"""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils.crypto import constant_time_compare, salted_hmac

from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from . import letters
from .directory import email_key
from .errors import TooOften
from .models import Contact, CustomerSession, SignIn
from .queries import addresses, contacts, stands_for, with_email

LIVES = timedelta(minutes=10)
GUESSES = 5  # wrong codes that end a sign-in
COUNTED = timedelta(hours=1)
PER_ASKER = 5  # mails in COUNTED that one address gets at the wish of one browser, or from one origin
PER_ADDRESS, PER_ORIGIN = (
    20,
    40,
)  # in all: nobody keeps another from signing in; a whole studio may sit behind one origin
KEPT = timedelta(days=1)
LONGEST_NEXT = 500  # characters

LinkTo = Callable[[str], str]
"""From a token to the address that stands in the mail."""

IDLE, LONGEST = timedelta(days=30), timedelta(days=90)
SEEN_EVERY = timedelta(hours=1)  # noting every request would write a row for each

SECRET = 43  # letters of 256 bits in base64


def secret() -> str:
    """256 random bits, in letters that stand in cookies and addresses."""
    return secrets.token_urlsafe(32)


def is_secret(text: str) -> bool:
    """Whether `text` has the shape of one of our secrets."""
    return len(text) == SECRET and text.isascii() and text.replace("-", "").replace("_", "").isalnum()


def digest(purpose: str, text: str) -> str:
    """What is kept of a secret; of another purpose it is another."""
    return sha256(f"{purpose}:{text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who proved to be whom, and the page to go on with: a path inside the shop, or ""."""

    contact: Contact
    next: str


@transaction.atomic
def ask(*, account: Account, email: str, origin: str, visitor_digest: str, next: str, link_to: LinkTo) -> None:
    """Send a link and a code to `email` if it is a customer's; they work for ten minutes, once, in the browser of `visitor_digest`.

    Raises TooOften when this asker's mails to this address, those to it in all, or this origin's to anybody, have reached their
    share for the hour, whosever the address is.
    """
    account_id, address = require(account), keyed("address", account, email_key(email))
    place = keyed("origin", account, origin)
    with connection.cursor() as cursor:  # or as many at once as there are workers would each count too few
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(address[:15], 16)])
    recent = SignIn.objects.filter(account_id=account_id, created_at__gt=now() - COUNTED)
    to_address = recent.filter(email_digest=address)
    by_asker = to_address.filter(Q(origin_digest=place) | Q(visitor_digest=visitor_digest))
    if by_asker.count() >= PER_ASKER or to_address.count() >= PER_ADDRESS:
        raise TooOften("We have sent several mails to this address already. Use the newest, or wait an hour.")
    if recent.filter(origin_digest=place).count() >= PER_ORIGIN:
        raise TooOften("Too many people have asked from where you are. Wait an hour and try again.")
    token, code = secret(), f"{secrets.randbelow(10**6):06}"
    wish = SignIn(
        account_id=account_id,
        public_id=uuid.uuid4(),
        contact=with_email(account, email_key(email)),
        email_digest=address,
        origin_digest=place,
        visitor_digest=visitor_digest,
        token_digest=digest("sign-in", token),
        next=next[:LONGEST_NEXT],
        created_at=now(),
    )
    wish.code_digest = _code_digest(account, wish, code)
    wish.save(force_insert=True)
    values = {"link": link_to(token), "code": f"{code[:3]} {code[3:]}"}
    if wish.contact is not None:
        if wish.contact.email_key != email_key(
            email
        ):  # of somebody merged into them: the mail goes where it was asked for
            wish.contact.email = Contact.objects.get(email_key=email_key(email)).email
        _send(account, wish.contact, wish, values)
    else:
        _pretend(account, email, wish, values)


def _send(account: Account, contact: Contact, wish: SignIn, values: dict[str, str]) -> None:
    letters.send(
        account=account,
        contact=contact,
        kind=letters.SIGN_IN.code,
        values=values,
        source="sign_in",
        source_id=str(wish.public_id),
        once=f"sign_in:{wish.public_id}",
    )


class _Undone(Exception):
    pass


def _pretend(account: Account, email: str, wish: SignIn, values: dict[str, str]) -> None:
    """Write a letter to nobody and take it back, so that an unknown address takes as long as a known one."""
    somebody = contacts(account).exclude(email_key="").order_by("pk").first()
    if somebody is None:
        return  # nobody could be told from anybody
    try:
        with transaction.atomic():
            somebody.email = email
            _send(account, somebody, wish, values)
            raise _Undone
    except _Undone:
        pass


def by_link(account: Any, token: str) -> SignIn | None:
    """The sign-in whose link holds `token`, while it can be used."""
    return _live(account).filter(token_digest=digest("sign-in", token)).first()


def is_of(wish: SignIn, visitor_digest: str) -> bool:
    """Whether the browser that asked is the one of `visitor_digest`."""
    return constant_time_compare(wish.visitor_digest, visitor_digest)


@transaction.atomic
def use_link(*, account: Any, token: str, visitor_digest: str) -> SignedIn | None:
    """Use up a link; None when it is gone, or was asked for in another browser, where it stays good."""
    wish = _live(account).select_for_update().filter(token_digest=digest("sign-in", token)).first()
    if wish is None or not is_of(wish, visitor_digest):
        return None
    return _used(account, wish)


@transaction.atomic
def try_code(*, account: Any, code: str, visitor_digest: str) -> SignedIn | None:
    """Use up the sign-in of this browser that `code` belongs to; None for a wrong one, which counts against all it has asked for."""
    typed = "".join(letter for letter in code if letter.isdigit())
    wishes = list(_live(account).select_for_update().filter(visitor_digest=visitor_digest).order_by("pk"))
    for wish in wishes:
        if constant_time_compare(wish.code_digest, _code_digest(account, wish, typed)):
            found = _used(account, wish)
            if found is not None:
                return found
    ids = [wish.pk for wish in wishes]
    SignIn.objects.filter(account_id=require(account), pk__in=ids).update(guesses=F("guesses") + 1)
    return None


def is_waiting(account: Any, visitor_digest: str) -> bool:
    """Whether a code typed in this browser could be right."""
    return _live(account).filter(visitor_digest=visitor_digest).exists()


def _live(account: Any) -> QuerySet[SignIn]:
    """Sign-ins that are neither used, nor too old, nor guessed at too often."""
    fresh = SignIn.objects.filter(account_id=require(account), created_at__gt=now() - LIVES)
    return fresh.filter(used_at__isnull=True, guesses__lt=GUESSES)


def _used(account: Any, wish: SignIn) -> SignedIn | None:
    """Who has signed in by `wish`, a locked row; None when the address is nobody's, or no longer theirs."""
    contact = Contact.objects.filter(pk=wish.contact_id).first() if wish.contact_id else None
    contact = stands_for(account, contact) if contact else None
    if contact is None or not any(
        constant_time_compare(keyed("address", account, address), wish.email_digest)
        for address in addresses(account, contact)
    ):
        return None
    # Whatever else this browser asked for is done with as well.
    mine = SignIn.objects.filter(account_id=require(account), visitor_digest=wish.visitor_digest, used_at__isnull=True)
    mine.update(used_at=now())
    return SignedIn(contact, wish.next)


def keyed(purpose: str, account: Any, text: str) -> str:
    """What is kept of a thing that could be guessed: an address, an origin, a code. Another account keeps another."""
    return salted_hmac(f"contacts.signin.{purpose}", f"{require(account)}:{text}", algorithm="sha256").hexdigest()


def _code_digest(account: Any, wish: SignIn, code: str) -> str:
    return keyed("code", account, f"{wish.public_id}:{code}")


def begin_session(*, account: Any, contact: Contact) -> str:
    """Sign `contact` in to one browser and return the token that its cookie is to hold."""
    account_id, token = require(account), secret()
    CustomerSession.objects.create(
        account_id=account_id,
        contact=contact,
        token_digest=digest("session", token),
        created_at=now(),
        seen_at=now(),
    )
    return token


def find_session(account: Any, token: str) -> CustomerSession | None:
    """The session whose token this is, its contact with it, unless it has ended: idle for 30 days, or 90 days old."""
    account_id = require(account)
    return (
        CustomerSession.objects.select_related("contact")
        .filter(account_id=account_id, token_digest=digest("session", token))
        .filter(seen_at__gt=now() - IDLE, created_at__gt=now() - LONGEST)
        .first()
    )


def is_seen_long_ago(session: CustomerSession) -> bool:
    """Whether it is time to note that `session` is in use."""
    return session.seen_at <= now() - SEEN_EVERY


def note_seen(*, account: Any, session: CustomerSession) -> None:
    """Note that `session` is in use; of several requests at once, one writes."""
    rows = CustomerSession.objects.filter(account_id=require(account), pk=session.pk)
    rows.filter(seen_at__lte=now() - SEEN_EVERY).update(seen_at=now())


def end_session(*, account: Any, session: CustomerSession) -> None:
    """Sign out of one browser; whoever still holds its token is nobody from now on."""
    CustomerSession.objects.filter(account_id=require(account), pk=session.pk).delete()


def end_sessions(*, account: Any, contact: Contact) -> int:
    """Sign `contact` out of every browser, and say how many that were."""
    return CustomerSession.objects.filter(account_id=require(account), contact=contact).delete()[0]


def sweep(account: Any) -> None:
    """Clear away what has ended by itself: old wishes to sign in, and sessions nobody has used or that are too old."""
    account_id = require(account)
    SignIn.objects.filter(account_id=account_id, created_at__lte=now() - KEPT).delete()
    ended = Q(seen_at__lte=now() - IDLE) | Q(created_at__lte=now() - LONGEST)
    CustomerSession.objects.filter(ended, account_id=account_id).delete()
