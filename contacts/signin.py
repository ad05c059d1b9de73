"""Customers' sign-in to the storefront: who they are by what their browser holds, and for how long.

Rules run in the account's open scope. Times are the ledger's. Secrets are 256 random bits, so a plain hash of them is safe to keep
(OWASP ASVS 6.5.2).
"""

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.db.models import Q

from simplero.tenancy.scope import now, require

from .models import Contact, CustomerSession

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
    """Sign `contact` out of every browser; and clear away sessions of anybody's that have ended by themselves."""
    sessions = CustomerSession.objects.filter(account_id=require(account))
    gone, _ = sessions.filter(contact=contact).delete()
    sessions.filter(Q(seen_at__lte=now() - IDLE) | Q(created_at__lte=now() - LONGEST)).delete()
    return gone
