"""What the account's letters say, and which it sends."""

from typing import Any

from django.db import transaction

from contacts import events, letters, wording
from contacts.errors import AlwaysSent
from contacts.models import LetterText
from simplero.lib.refusals import Stale
from simplero.lib.seals import seal
from simplero.lib.text import fit
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import require


def cleaned_letter(field: str, words: str) -> str:
    """The `field` of a letter, "subject" or "text", made fit to keep. Raises Unacceptable."""
    subject = field == "subject"
    return fit(
        words,
        what="The subject" if subject else "The text",
        longest=wording.SUBJECT if subject else wording.TEXT,
        lines=not subject,
        missing="Write something first, or go back to our words.",
        field=field,
    )


@transaction.atomic
def reword_letter(
    *, account: Any, kind: wording.Kind, subject: str, text: str, seen: str | None = None, actor: Actor
) -> None:
    """Let a kind of letter say this in `account` from now on; our own words are no words of the account's.

    `seen` is the seal of the words the person started from. Raises Stale when it says something else by now, Unacceptable for
    placeholders that this kind of letter does not have or must have.
    """
    subject, text = cleaned_letter("subject", subject), cleaned_letter("text", text)
    wording.check(kind, subject=subject, text=text)
    if (subject, text) == (kind.subject, kind.text):
        subject = text = ""
    own = _letter_text(account, kind)
    current = letters.words_of(account, kind)
    if (subject or kind.subject, text or kind.text) == (current.subject, current.text):
        return
    if seen is not None and seen != seal(current.subject, current.text):
        raise Stale(
            "Somebody else changed this mail while you were typing. Its subject is now "
            f"“{current.subject}”. What you typed is still here; save again to keep it instead."
        )
    own.subject, own.text = subject, text
    own.save(update_fields=["subject", "text"])
    outbox.record(account=account, fact=events.LetterChanged(kind.code, ("subject", "text")), actor=actor)


def restore_letter(*, account: Any, kind: wording.Kind, actor: Actor) -> None:
    """Let a kind of letter say what it says in our words."""
    reword_letter(account=account, kind=kind, subject=kind.subject, text=kind.text, actor=actor)


@transaction.atomic
def switch_letter(*, account: Any, kind: wording.Kind, enabled: bool, actor: Actor) -> None:
    """Send a kind of letter from now on, or send none of it. Raises AlwaysSent for one that lets somebody in."""
    if kind.secrets and not enabled:
        raise AlwaysSent(kind.name)
    own = _letter_text(account, kind)
    if own.enabled == enabled:
        return
    own.enabled = enabled
    own.save(update_fields=["enabled"])
    outbox.record(account=account, fact=events.LetterChanged(kind.code, ("enabled",)), actor=actor)


def _letter_text(account: Any, kind: wording.Kind) -> LetterText:
    """The account's row for a kind of letter, made on first use and held until the transaction ends."""
    account_id = require(account)
    LetterText.objects.bulk_create([LetterText(account_id=account_id, kind=kind.code)], ignore_conflicts=True)
    return LetterText.objects.select_for_update().get(kind=kind.code)
