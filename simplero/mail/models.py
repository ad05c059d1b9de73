from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.db.models.functions import Now

from simplero.tenancy.models import public_id_field

WAITING, SENT, FAILED, LATE = "waiting", "sent", "failed", "late"  # late: not sent while its link still worked


class Message(models.Model):
    """One e-mail. Global: a password reset is written before any account is known, and one worker sends for all of them."""

    public_id = public_id_field()
    sender = models.CharField(max_length=320)
    to = models.JSONField()  # a list of addresses
    subject = models.CharField(max_length=998)  # the longest line RFC 5322 allows
    text = models.TextField()
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    confidential = models.BooleanField(default=False)  # holds a link that lets somebody in: erased at the end
    useful_until = models.DateTimeField(null=True)  # when that link stops working; for confidential messages only
    state = models.CharField(max_length=10, default=WAITING)
    attempts = models.SmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)  # what the last attempt met
    due = models.DateTimeField(db_default=Now())  # not before; a claim moves it ahead and so is its own lease
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            UniqueConstraint("public_id", name="message_public_id"),
            # Whatever ends a message ends its secret with it.
            CheckConstraint(
                condition=Q(confidential=False) | Q(state=WAITING, useful_until__isnull=False) | Q(text="", html=""),
                name="message_secret",
            ),
            CheckConstraint(condition=Q(state__in=[WAITING, SENT, FAILED, LATE]), name="message_state"),
        ]
        indexes = [
            Index(fields=["due", "id"], name="message_due", condition=Q(state=WAITING)),
            Index(fields=["useful_until"], name="message_useful", condition=Q(state=WAITING, confidential=True)),
        ]

    def __str__(self) -> str:
        return f"{self.state} message {self.pk}"
