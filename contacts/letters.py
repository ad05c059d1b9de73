"""Letters: the mails that contacts get, in our words or in the account's own, written inside the caller's open transaction.

Each room registers its kinds of letter when Django is ready (`register`) and sends them with `send`, with the change that they
tell of: the mail is a row, sent by a worker after the commit. Here stand the words of the letters of this room.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.headerregistry import Address
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage

from simplero.lib.text import one_line
from simplero.mail import backend
from simplero.tenancy import shops
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from .models import NO_ADDRESS, OFF, Contact, Letter, LetterText
from .queries import stands_for
from .wording import BUSINESS, CUSTOMER, FREE, KINDS, SHOP, Kind, fill_subject, fill_text, register, register_free

__all__ = [
    "ALL",
    "FREE",
    "KINDS",
    "SIGN_IN",
    "Kind",
    "Note",
    "Rendered",
    "Words",
    "preview",
    "register",
    "register_free",
    "render",
    "sample_values",
    "send",
    "words",
    "words_of",
    "write_all",
]

SENDER = 320  # characters that a message keeps of its sender

SIGN_IN = Kind(
    code="sign_in",
    name="Sign-in",
    about="When a customer asks to sign in to your storefront. It holds what lets them in, so you cannot read it here or switch it off.",
    placeholders={"link": "https://shop.example/sign-in/k3Jx…", "code": "482 913"},
    subject="Sign in to {business}",
    text="""Hello {customer},

Open this link in the browser you started from to sign in to {business}:

{link}

Or type this code there: {code}

Both work once, for ten minutes. If you did not ask for this, do nothing: nobody gets in without it.""",
    secrets=("link", "code"),
    useful_for=timedelta(minutes=10),
)
ALL = [SIGN_IN]
"""The letters of this room."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a kind of letter says in one account, its placeholders not filled in. `own`: in the account's words."""

    kind: Kind
    subject: str
    text: str
    own: bool
    enabled: bool


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str


def words(account: Account) -> list[Words]:
    """What each kind of letter says in `account`, in the order in which the rooms registered them."""
    own = {text.kind: text for text in LetterText.objects.filter(account_id=require(account))}
    return [_words(kind, own.get(kind.code)) for kind in KINDS.values()]


def words_of(account: Account, kind: Kind) -> Words:
    """What this kind of letter says in `account`."""
    return _words(kind, LetterText.objects.filter(account_id=require(account), kind=kind.code).first())


def _words(kind: Kind, own: LetterText | None) -> Words:
    enabled = own is None or own.enabled or bool(kind.secrets)
    if own is None or not own.text:
        return Words(kind, kind.subject, kind.text, own=False, enabled=enabled)
    return Words(kind, own.subject, own.text, own=True, enabled=enabled)


def render(words: Words, values: Mapping[str, str]) -> Rendered:
    """A letter with its placeholders filled in: the subject on one line, the text with its own."""
    return Rendered(fill_subject(words.subject, values), fill_text(words.text, values))


def preview(words: Words, account: Account) -> Rendered:
    """The letter as a customer might get it, with sample values and the account's own name."""
    return render(words, sample_values(words.kind, account))


def sample_values(kind: Kind, account: Account) -> dict[str, str]:
    """What each placeholder of a kind of letter might say in `account`."""
    return {**kind.samples, **_of(account)}


def send(
    *, account: Account, contact: Contact, kind: str, values: Mapping[str, str], source: str, source_id: str, once: str
) -> Letter | None:
    """Write a letter to `contact`, or to whom they were merged into, and the mail it is sent as; None when the account has a letter of that `once` already.

    `kind` is a code of KINDS, `values` are for its placeholders; those of every letter (COMMON) are filled in here. `source` and
    `source_id` say what the letter is about. Where it cannot be sent, because the contact has no address or the account has
    switched its kind off, the letter is kept without a mail and says why. Raises KeyError for a kind or a value that is not there.
    """
    account_id, spoken = require(account), words_of(account, KINDS[kind])
    contact = stands_for(account, contact)
    values = {CUSTOMER: contact.name, **_of(account), **values}
    if missing := spoken.kind.samples.keys() - values.keys():
        raise KeyError(f"{kind} needs {', '.join(sorted(missing))}")
    note = Note(contact, values, source_id, once)
    letter = _letter(account_id, kind, source, note, withheld="" if spoken.enabled else OFF)
    # Of two at once the second waits here for the first to commit, and then finds its letter.
    Letter.objects.bulk_create([letter], ignore_conflicts=True)
    written = Letter.objects.filter(public_id=letter.public_id).first()
    if written is not None and written.message is not None:
        backend.write(_mail(account, contact, spoken.kind, render(spoken, values)), public_id=written.message)
    return written


@dataclass(frozen=True, slots=True)
class Note:
    """A letter to be written: to whom, with which values beyond COMMON, about what, and what makes it the same letter (`once`)."""

    contact: Contact
    values: Mapping[str, str]
    source_id: str
    once: str


def write_all(
    *, account: Account, kind: str, subject: str, text: str, source: str, notes: Sequence[Note]
) -> list[Letter]:
    """Write a letter of these words for each note, as `send` does, in as many statements as for one; in the order of `notes`.

    `kind` is a code of FREE. A letter of a `once` that the account has already is the one it has. Raises KeyError for another kind.
    """
    account_id, spoken = require(account), Words(FREE[kind], subject, text, own=True, enabled=True)
    new = {note.once: _letter(account_id, kind, source, note) for note in notes}
    Letter.objects.bulk_create(new.values(), ignore_conflicts=True)
    kept = {letter.once: letter for letter in Letter.objects.filter(once__in=list(new))}
    common, mails = _of(account), []
    for note in {note.once: note for note in notes}.values():
        letter = kept[note.once]
        if letter.message is not None and letter.public_id == new[note.once].public_id:
            said = render(spoken, {CUSTOMER: note.contact.name, **common, **note.values})
            mails.append((_mail(account, note.contact, spoken.kind, said), letter.message))
    backend.write_all(mails)
    return [kept[note.once] for note in notes]


def _letter(account_id: int, kind: str, source: str, note: Note, *, withheld: str = "") -> Letter:
    """The unsaved row of a letter; withheld where it cannot be sent."""
    withheld = withheld or ("" if note.contact.email else NO_ADDRESS)
    return Letter(
        account_id=account_id,
        public_id=uuid.uuid4(),
        contact=note.contact,
        kind=kind,
        source=source,
        source_id=note.source_id,
        once=note.once,
        message=None if withheld else uuid.uuid4(),
        withheld=withheld,
        created_at=now(),
    )


def _of(account: Account) -> dict[str, str]:
    return {BUSINESS: account.name, SHOP: shops.address(account)}


def _mail(account: Account, contact: Contact, kind: Kind, said: Rendered) -> EmailMessage:
    headers = backend.confidential(kind.useful_for) if kind.useful_for else {}
    return EmailMessage(said.subject, said.text, _sender(account), [contact.email], headers=headers)


def _sender(account: Account) -> str:
    """The account's name before the address that all our mail comes from."""
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    named = str(Address(one_line(account.name), addr_spec=address))
    return named if len(named) <= SENDER else address
