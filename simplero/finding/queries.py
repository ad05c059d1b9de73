"""Whom a filter is about. Every function runs in the account's open scope and sees that account only."""

import uuid
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from contacts import queries as contacts
from contacts.models import Contact, ContactTag, ContactWord, Tag
from credits.queries import finding as credits
from credits.wording import quantity
from simplero.lib.folding import words
from simplero.lib.moments import day, span
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require, today

from .filters import FEWER, HAS, Filter

_LAST = "\U0010ffff"


def matching(account: Account, asked: Filter) -> QuerySet[Contact]:
    """The contacts that `asked` is about, in no order: for exports, bulk jobs and counting."""
    require(account)
    found = contacts.contacts(account)
    for ids, wanted in _conditions(account, asked):
        found = found.filter(pk__in=ids) if wanted else found.exclude(pk__in=ids)
    return found


def _conditions(account: Account, asked: Filter) -> list[tuple[QuerySet[Any], bool]]:
    """Sets of contact ids, each with whether one must be in it or must not."""
    found: list[tuple[QuerySet[Any], bool]] = []
    nobody = Contact.objects.none().values("pk")
    if asked.text:
        wanted = words(asked.text)[: contacts.SEARCH_WORDS]
        found += [
            (ContactWord.objects.filter(word__gte=word, word__lt=word + _LAST).values("contact_id"), True)
            for word in wanted
        ] or [(nobody, True)]
    for tag in asked.tags:
        found.append((ContactTag.objects.filter(tag__public_id=tag).values("contact_id"), True))
    types = _types(account, asked)
    for left in asked.credits:
        credit_type = types.get(left.credit_type)
        if credit_type is None:
            found.append((nobody, True))
        elif left.test == HAS:
            found.append((credits.with_free(account, credit_type, at_least=1), True))
        else:
            found.append(
                (credits.with_free(account, credit_type, at_least=left.below if left.test == FEWER else 1), False)
            )
    if asked.within is not None:
        credit_type = types.get(asked.within_type) if asked.within_type else None
        _, before = span(None, today(account) + timedelta(days=asked.within), account.zone)
        if (asked.within_type and credit_type is None) or before is None:
            found.append((nobody, True))
        else:
            found.append((credits.with_ending(account, before=before, credit_type=credit_type), True))
    since, until = span(asked.since, asked.until, account.zone)
    if since or until:
        added = contacts.contacts(account)
        if since:
            added = added.filter(created_at__gte=since)
        if until:
            added = added.filter(created_at__lt=until)
        found.append((added.values("pk"), True))
    return found


def _types(account: Account, asked: Filter) -> dict[uuid.UUID, Any]:
    named = [left.credit_type for left in asked.credits] + ([asked.within_type] if asked.within_type else [])
    return credits.types_named(account, named)


def described(account: Account, asked: Filter) -> list[str]:
    """What `asked` asks for, piece by piece, as a sentence would go on after "contacts": "tagged VIP", "added since 1 May"."""
    pieces = [f"found by “{asked.text}”"] if asked.text else []
    tags = dict(Tag.objects.filter(public_id__in=asked.tags).values_list("public_id", "name"))
    pieces += [f"tagged {tags[tag]}" if tag in tags else "with a tag that is gone" for tag in asked.tags]
    types = _types(account, asked)
    for left in asked.credits:
        credit_type = types.get(left.credit_type)
        if credit_type is None:
            pieces.append("with credits of a type that is gone")
        elif left.test == FEWER:
            pieces.append(f"with fewer than {quantity(left.below, credit_type)}")
        else:
            pieces.append(f"with {'' if left.test == HAS else 'no '}{credit_type.plural}")
    this_day = today(account)
    if asked.within is not None:
        named = types.get(asked.within_type) if asked.within_type else None
        what = named.plural if named else "credits of a type that is gone" if asked.within_type else "credits"
        when = "today" if not asked.within else f"within {asked.within:,} day{'' if asked.within == 1 else 's'}"
        pieces.append(f"with {what} expiring {when}")
    if asked.since:
        pieces.append(f"added since {day(asked.since, today=this_day)}")
    if asked.until:
        pieces.append(f"added until {day(asked.until, today=this_day)}")
    return pieces


def sentence(account: Account, asked: Filter) -> str:
    """ "tagged VIP, with fewer than 3 coaching sessions, added since 1 May"; "all contacts" where nothing is asked for."""
    return ", ".join(described(account, asked)) or "all contacts"
