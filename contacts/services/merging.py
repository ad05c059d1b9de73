"""Merging two contacts who are one person, and parting them again within a day.

The one who goes stays as a signpost: its addresses lead to the other, its history is read with the other's. What is still to be done
with it, such as credits to use and automations under way, is handed over, and written down so that it can be handed back.
"""

import uuid
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db import transaction

from contacts import directory, events, joining, queries
from contacts.directory import MOST_TAGS, Details
from contacts.errors import NotMerged
from contacts.joining import Joint, Moved
from contacts.models import Contact, ContactNote, ContactTag, CustomerSession, Letter, Merge
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, require

WITHIN = timedelta(days=1)
"""How long a merge can be undone."""


def preview(account: Account, source: Contact, target: Contact) -> list[str]:
    """What would move from `source` to `target`, in words."""
    lines = _own_preview(source)
    for room in joining.ROOMS.values():
        lines += room.preview(account, source, target)
    return lines


@transaction.atomic
def merge(
    *, account: Account, source: Contact, target: Contact, details: Details, key: uuid.UUID, actor: Actor
) -> Merge:
    """Let `source` go into `target`, which keeps `details`, each of them one of the two contacts'. Once for each `key`.

    Raises NotMerged for two that cannot be merged, with the way out, and Merged or Erased for one that is not there any more.
    """
    account_id = require(account)
    if source.pk == target.pk:
        raise NotMerged("These are one and the same contact. Choose another.")
    if known := Merge.objects.filter(public_id=key).first():
        return known
    source, target = _held(account, source, target)
    if known := Merge.objects.filter(public_id=key).first():  # the same form at the same moment
        return known
    for one in (source, target):
        directory.check_there(account=account, contact=one)
    _check_tags(source, target)
    joint = Joint(account, source, target, key, actor)
    row = Merge.objects.create(
        account_id=account_id,
        public_id=key,
        source=source,
        target=target,
        before={"source": asdict(Details.of(source)), "target": asdict(Details.of(target)), "kept": asdict(details)},
        at=now(),
        actor_kind=actor.kind,
        actor_id=actor.id,
    )
    own = _join(joint)
    directory.join(account=account, source=source, target=target, details=details)
    outbox.record(account=account, fact=events.ContactMerged(target.pk, source.pk), actor=actor)
    row.moved = {room.name: room.join(joint) for room in joining.highest_first()} | {"contacts": own}
    row.save(update_fields=["moved"])
    return row


@transaction.atomic
def undo_merge(*, account: Account, merge: Merge, actor: Actor) -> None:
    """Part what was merged: exactly what was handed over goes back, as far as it is there. Asked twice, it is done once.

    Raises NotMerged after a day, and where something was merged since that must be undone first.
    """
    require(account)
    source, target = _held(account, merge.source, merge.target)
    merge = Merge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
    if merge.undone_at is not None:
        return
    if reason := why_not_undone(account, merge):
        raise NotMerged(reason)
    joint = Joint(account, source, target, merge.public_id, actor)
    for room in joining.highest_first():
        if room.name in merge.moved:
            room.part(joint, merge.moved[room.name])
    _part(joint, merge.moved["contacts"])
    directory.part(account=account, source=source, target=target, before=merge.before)
    merge.undone_at = now()
    merge.save(update_fields=["undone_at"])
    facts = [events.MergeUndone(source.pk, target.pk), events.MergeUndone(target.pk, source.pk)]
    outbox.record_all(account=account, facts=facts, actor=actor)


def why_not_undone(account: Account, merge: Merge) -> str:
    """Why a merge cannot be undone, or not yet; "" where it can."""
    require(account)
    if merge.at <= now() - WITHIN:
        return "It was more than a day ago. A merge can be undone within 24 hours."
    target = Contact.objects.get(pk=merge.target_id)
    if target.erased_at is not None:
        return "The contact was erased since."
    if target.merged_into_id is not None:
        into = queries.stands_for(account, target)
        return f"{target.name} was merged into {into.name} since. Undo that first, on the page of {into.name}."
    later = Merge.objects.filter(target=target, undone_at__isnull=True, pk__gt=merge.pk).select_related("source")
    newest = later.order_by("-pk").first()
    return f"{newest.source.name} was merged into this contact since. Undo that first." if newest else ""


def forget_details(account: Any) -> None:
    """Clear away what contacts were called before merges that cannot be undone any more."""
    Merge.objects.filter(account_id=require(account), at__lte=now() - WITHIN).exclude(before={}).update(before={})


def _held(account: Account, source: Contact, target: Contact) -> tuple[Contact, Contact]:
    """Both as they stand now, with what the rooms are going to change, locked in one order everywhere."""
    for room in joining.highest_first():
        if room.hold is not None:
            room.hold(account, [source.pk, target.pk])
    held = directory.lock_all(account=account, ids=[source.pk, target.pk])
    return held[source.pk], held[target.pk]


def _tag_ids(contact: Contact) -> set[int]:
    return set(ContactTag.objects.filter(contact=contact).values_list("tag_id", flat=True))


def _check_tags(source: Contact, target: Contact) -> None:
    both = _tag_ids(source) | _tag_ids(target)
    if len(both) > MOST_TAGS:
        raise NotMerged(
            f"Together they have {len(both)} tags, and a contact can have at most {MOST_TAGS}. Remove some from either first."
        )


def _own_preview(source: Contact) -> list[str]:
    counted = (
        (ContactTag.objects.filter(contact=source).count(), "tag", "tags"),
        (ContactNote.objects.filter(contact=source).count(), "note", "notes"),
        (Letter.objects.filter(contact=source).count(), "mail", "mails"),
    )
    return [f"{number:,} {one if number == 1 else many}" for number, one, many in counted if number]


def _join(joint: Joint) -> Moved:
    """Hand over tags, notes and mails; the one who goes is signed out everywhere."""
    source, target = joint.source, joint.target
    theirs, added = _tag_ids(source), _tag_ids(source) - _tag_ids(target)
    ContactTag.objects.filter(contact=source).exclude(tag__in=added).delete()
    ContactTag.objects.filter(contact=source).update(contact=target)
    moved: Moved = {"tags": sorted(theirs), "added": sorted(added)}
    for name, model in (("notes", ContactNote), ("letters", Letter)):
        rows = model._default_manager.filter(contact=source)
        moved[name] = sorted(rows.values_list("pk", flat=True))
        rows.update(contact=target)
    CustomerSession.objects.filter(contact=source).delete()
    return moved


def _part(joint: Joint, moved: Moved) -> None:
    source, target = joint.source, joint.target
    ContactTag.objects.filter(contact=target, tag__in=moved["added"]).delete()
    ContactTag.objects.bulk_create(
        [ContactTag(account_id=joint.account.pk, contact=source, tag_id=tag) for tag in moved["tags"]],
        ignore_conflicts=True,
    )
    for name, model in (("notes", ContactNote), ("letters", Letter)):
        model._default_manager.filter(contact=target, pk__in=moved[name]).update(contact=source)
