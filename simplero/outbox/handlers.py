"""Who does what is due: each room registers its kinds of job when Django is ready."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from django.db.models import Model

Row = TypeVar("Row", bound=Model)


class Misdirected(Exception):
    """A job names a row that its account does not have. It is refused for good: no later attempt would find it."""


def addressed(model: type[Row], subject: int) -> Row:
    """The row of the open account that a job is about. Raises Misdirected."""
    found = model._default_manager.filter(pk=subject).first()
    if found is None:
        raise Misdirected(f"there is no {model._meta.verbose_name} {subject} here")
    return found


class Handler(Protocol):
    """Does one job inside its account's open scope; safe to run twice. False keeps the job for another turn at once.

    `attempts` is 1 at the first; above it, somebody began the job before and failed, died or was too slow. It begins anew with
    every turn that ended well.
    """

    def __call__(self, *, account_id: int, subject: int, attempts: int) -> bool: ...


Errand = Callable[..., None]
"""Does one job that talks to the outside, called with `account_id` and `subject` and without a scope: it opens short ones of its
own around what it says. Safe to run twice, also where the first was killed between the saying and the noting down."""


HANDLERS: dict[str, Handler] = {}
ERRANDS: dict[str, Errand] = {}

PROVIDERS, CALLS = "providers", "calls"
QUEUES = (PROVIDERS, CALLS)
"""Errands are run in queues of their own, one at a time in each: whoever is slow in one holds up nobody in another."""

QUEUE_OF: dict[str, str] = {}
"""By kind of errand, where it is not PROVIDERS."""


def register(kind: str, handler: Handler) -> None:
    """Let `handler` do jobs of `kind`. Raises ValueError when another one does already."""
    _claim(kind, HANDLERS.setdefault(kind, handler) is handler and kind not in ERRANDS)


def register_errand(kind: str, errand: Errand, *, queue: str = PROVIDERS) -> None:
    """Let `errand` do jobs of `kind`, outside any scope, one at a time with the others of its `queue`. Raises ValueError when another
    one does already, or for a queue that nobody runs."""
    if queue not in QUEUES:
        raise ValueError(f"there is no queue {queue}")
    _claim(kind, ERRANDS.setdefault(kind, errand) is errand and kind not in HANDLERS)
    QUEUE_OF[kind] = queue


def _claim(kind: str, ours: bool) -> None:
    if not ours:
        raise ValueError(f"jobs of kind {kind} are done by {HANDLERS.get(kind) or ERRANDS.get(kind)} already")
