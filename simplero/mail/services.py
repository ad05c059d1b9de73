"""Sending what waits. At least once: a worker killed between the server's yes and our note of it sends again."""

import logging
import uuid
from collections.abc import Iterable
from datetime import timedelta
from smtplib import SMTPException
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.db import transaction
from django.db.models import Case, F, TextField, Value, When
from django.db.models.functions import Now

from . import smtp
from .models import FAILED, LATE, SENT, WAITING, Message

logger = logging.getLogger(__name__)

BATCH = 20  # with the server's timeout of 10 s this stays within a task's limit
LEASE = timedelta(minutes=1)  # for one message: of a worker that is killed, only the one it was at waits, and so long
# How long to wait after the first, second, third and fourth failure; the fifth is the last.
WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
ATTEMPTS = len(WAITS) + 1

_NOTHING = Value("", output_field=TextField())
ERASED: dict[str, Any] = {
    name: Case(When(confidential=True, then=_NOTHING), default=F(name), output_field=TextField())
    for name in ("text", "html")
}
"""Part of every update that ends a message: what lets somebody in does not outlive its purpose."""


def send_waiting() -> int:
    """Send up to one batch of messages that are due and return how many went. Without a server they stay in the outbox.

    A link that lets somebody in is never sent, nor kept, beyond the time it works.
    """
    Message.objects.filter(state=WAITING, confidential=True, useful_until__lte=Now()).update(state=LATE, **ERASED)
    server = smtp.server()
    if server is None:
        return 0
    sent = 0
    for _ in range(BATCH):
        message = _claim()
        if message is None:
            break
        sent += _attempt(message, server)
    return sent


@transaction.atomic
def _claim() -> Message | None:
    """The message that has been due longest, put out of other workers' reach for the length of the lease."""
    # Killed in its last attempt: nobody was left to write down how that went.
    Message.objects.filter(state=WAITING, due__lte=Now(), attempts__gte=ATTEMPTS).update(
        state=FAILED, error="The worker stopped during the last attempt", **ERASED
    )
    waiting = Message.objects.select_for_update(skip_locked=True).filter(state=WAITING, due__lte=Now())
    message = waiting.order_by("due", "id").first()
    if message is not None:
        message.attempts += 1
        Message.objects.filter(pk=message.pk).update(due=Now() + LEASE, attempts=message.attempts)
    return message


def _attempt(message: Message, server: EmailBackend) -> bool:
    mail = EmailMultiAlternatives(
        message.subject, message.text, message.sender, message.to, headers=message.headers, connection=server
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    try:
        mail.send()
    except (SMTPException, OSError, ValueError) as error:  # ValueError: a header that cannot be written
        _note_failure(message, error)
        return False
    Message.objects.filter(pk=message.pk).update(state=SENT, sent_at=Now(), error="", **ERASED)
    return True


def _note_failure(message: Message, error: Exception) -> None:
    # The kind of error only: a server's answer repeats addresses, and this goes to the log too.
    logger.warning("message %s: attempt %s failed: %s", message.pk, message.attempts, type(error).__name__)
    wording = f"{type(error).__name__}: {error}"[:300]
    rows = Message.objects.filter(pk=message.pk)
    if message.attempts >= ATTEMPTS:
        rows.update(state=FAILED, error=wording, **ERASED)
    else:
        rows.update(due=Now() + WAITS[message.attempts - 1], error=wording)


def erase(*, messages: Iterable[uuid.UUID], naming: Iterable[str] = ()) -> None:
    """Remove messages for good, those of these public ids and those whose text names any of `naming`, sent or not.

    The second way reads every message there is: there is no other to find those that tell staff about somebody.
    """
    Message.objects.filter(public_id__in=list(messages)).delete()
    for name in naming:
        Message.objects.filter(text__contains=name).delete()
