"""Django's mail functions write rows here, in the transaction of whoever sends: no change without its mail, no mail without its change."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models.functions import Now

from .models import Message

# A header for us, never sent: the message holds a link that lets somebody in for so many seconds, so its text is erased when it
# is sent, given up, or too old to be of use.
CONFIDENTIAL = "X-Confidential"


def confidential(useful_for: timedelta) -> dict[str, str]:
    """The header of a message with a link that lets somebody in; `useful_for`: how long the link works."""
    return {CONFIDENTIAL: str(int(useful_for.total_seconds()))}


class UnsupportedMessage(ValueError):
    """The message has something a row does not keep: copies or attachments."""


class RowsBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write a row for each message and return how many. Raises BadHeaderError for a line break in a header, UnsupportedMessage."""
        rows = [row(message) for message in email_messages if message.recipients()]
        Message.objects.bulk_create(rows)
        return len(rows)


def write(message: EmailMessage, *, public_id: uuid.UUID) -> None:
    """Keep `message` as the row of that public id, by which its writer finds it again. Raises BadHeaderError, UnsupportedMessage."""
    write_all([(message, public_id)])


def write_all(messages: Iterable[tuple[EmailMessage, uuid.UUID]]) -> None:
    """Keep many at once, as `write` keeps one."""
    rows = []
    for message, public_id in messages:
        kept = row(message)
        kept.public_id = public_id
        rows.append(kept)
    Message.objects.bulk_create(rows)


def row(message: EmailMessage) -> Message:
    """`message` as an unsaved row."""
    if message.cc or message.bcc or message.attachments:
        raise UnsupportedMessage("a message kept as a row has neither copies nor attachments")
    message.message()  # builds every header, and so refuses the ones with line breaks now rather than in the worker
    html = ""
    if isinstance(message, EmailMultiAlternatives):
        html = next((str(part[0]) for part in message.alternatives if part[1] == "text/html"), "")
    headers = dict(message.extra_headers)
    seconds = headers.pop(CONFIDENTIAL, None)
    if message.reply_to:
        headers["Reply-To"] = ", ".join(message.reply_to)
    return Message(
        sender=message.from_email,
        to=list(message.to),
        subject=str(message.subject),
        text=str(message.body),
        html=html,
        headers=headers,
        confidential=seconds is not None,
        useful_until=None if seconds is None else Now() + timedelta(seconds=int(seconds)),
    )
