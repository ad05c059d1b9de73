"""Saving filters under names, for everybody of the account."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from contacts.directory import constraint
from simplero.lib.folding import key as folded_key
from simplero.lib.refusals import Unacceptable
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

from . import events
from .errors import NameTaken, TooMany
from .filters import Filter
from .models import SavedFilter

NAME = 60  # characters
MOST = 50  # of one account


@transaction.atomic
def save_filter(*, account: Account, name: str, asked: Filter, actor: Actor) -> SavedFilter:
    """Keep what is asked for under a name that is fit to keep. Saved twice, it is there once.

    Raises NameTaken, TooMany and Unacceptable (too long)."""
    account_id = require(account)
    query = asked.query()
    if len(query) > SavedFilter.LONGEST_QUERY:
        raise Unacceptable(
            "This filter is too long to be saved. Search for fewer words, then save again.", field="name"
        )
    twin = SavedFilter.objects.filter(name=name, query=query).first()
    if twin is not None:
        return twin
    if SavedFilter.objects.count() >= MOST:
        raise TooMany(f"There can be at most {MOST} saved filters. Delete one that nobody uses first.")
    with _one_of_a_name(name):
        saved = SavedFilter.objects.create(
            account_id=account_id,
            name=name,
            name_key=name_key(name),
            query=query,
            author_id=actor.id if actor.kind == "user" else None,
            created_at=now(),
        )
    outbox.record(account=account, fact=events.FilterSaved(saved.pk), actor=actor)
    return saved


@transaction.atomic
def rename_filter(*, account: Account, saved: SavedFilter, name: str, actor: Actor) -> None:
    """Call it otherwise. Raises NameTaken."""
    require(account)
    if saved.name == name:
        return
    with _one_of_a_name(name):
        changed = SavedFilter.objects.filter(pk=saved.pk).update(name=name, name_key=name_key(name))
    if changed:
        outbox.record(account=account, fact=events.FilterRenamed(saved.pk), actor=actor)


@transaction.atomic
def delete_filter(*, account: Account, saved: SavedFilter, actor: Actor) -> None:
    """Forget it; whom it was about stays as it is. Doing it again changes nothing."""
    require(account)
    gone, _ = SavedFilter.objects.filter(pk=saved.pk).delete()
    if gone:
        outbox.record(account=account, fact=events.FilterDeleted(saved.pk), actor=actor)


def name_key(name: str) -> str:
    """What makes two names the same one: case and accents aside."""
    return folded_key(name, longest=NAME)


@contextmanager
def _one_of_a_name(name: str) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if constraint(error) != "saved_filter_name":
            raise
        raise NameTaken(name) from error
