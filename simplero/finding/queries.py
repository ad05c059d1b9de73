"""Whom a filter is about. Every function runs in the account's open scope and sees that account only."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet

from contacts import queries as contacts
from contacts.models import Contact, ContactTag, ContactWord, Tag
from credits import queries as figures
from credits.queries import finding as credits
from credits.wording import quantity
from simplero.lib.folding import words
from simplero.lib.moments import day, span
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require, today

from .filters import FEWER, HAS, SORTS, Filter, Left
from .models import SavedFilter

PAGE = 50  # contacts on a page of a list
COUNTED = 1000  # beyond it a list says "more than"

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


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that a filter asks for, as a sentence would go on after "contacts", and the filter that asks for all but this."""

    words: str
    rest: Filter


def pieces(account: Account, asked: Filter) -> list[Piece]:
    """What `asked` asks for besides the words of a search: "tagged VIP", "added since 1 May"."""
    found = []
    tags = dict(Tag.objects.filter(public_id__in=asked.tags).values_list("public_id", "name")) if asked.tags else {}
    for tag in asked.tags:
        words_ = f"tagged {tags[tag]}" if tag in tags else "with a tag that is gone"
        found.append(Piece(words_, asked.but(tags=tuple(one for one in asked.tags if one != tag))))
    types = _types(account, asked)
    for left in asked.credits:
        others = tuple(one for one in asked.credits if one != left)
        found.append(Piece(_left(left, types.get(left.credit_type)), asked.but(credits=others)))
    if asked.within is not None:
        named = types.get(asked.within_type) if asked.within_type else None
        what = named.plural if named else "credits of a type that is gone" if asked.within_type else "credits"
        when = "today" if not asked.within else f"within {asked.within:,} day{'' if asked.within == 1 else 's'}"
        found.append(Piece(f"with {what} expiring {when}", asked.but(within=None, within_type=None)))
    this_day = today(account)
    if asked.since:
        found.append(Piece(f"added since {day(asked.since, today=this_day)}", asked.but(since=None)))
    if asked.until:
        found.append(Piece(f"added until {day(asked.until, today=this_day)}", asked.but(until=None)))
    return found


def _left(left: Left, credit_type: Any) -> str:
    if credit_type is None:
        return "with credits of a type that is gone"
    if left.test == FEWER:
        return f"with fewer than {quantity(left.below, credit_type)}"
    return f"with {'' if left.test == HAS else 'no '}{credit_type.plural}"


def sentence(account: Account, asked: Filter) -> str:
    """ "tagged VIP, with fewer than 3 coaching sessions, added since 1 May"; "all contacts" where nothing is asked for."""
    searched = [f"found by “{asked.text}”"] if asked.text else []
    return ", ".join(searched + [piece.words for piece in pieces(account, asked)]) or "all contacts"


@dataclass(frozen=True, slots=True)
class Found:
    """One page of contacts: `before` and `after` are the cursors of the pages around it, None where there is none.

    `total` is how many match in all; COUNTED + 1 stands for any number beyond COUNTED, so that counting stays cheap.
    """

    contacts: list[Contact]
    before: uuid.UUID | None
    after: uuid.UUID | None
    total: int


def page(
    account: Account,
    asked: Filter,
    *,
    after: uuid.UUID | None = None,
    before: uuid.UUID | None = None,
    size: int = PAGE,
) -> Found:
    """The page of contacts that match `asked` behind (or before) the contact whose public id is the cursor.

    A cursor is a contact and not a number, so it says nothing of how many there are. An unknown one means the first page.
    """
    column, descending = SORTS[asked.sort]
    matches = matching(account, asked)
    cursor = after or before
    at = contacts.contacts(account).filter(public_id=cursor).first() if cursor else None
    backwards = at is not None and after is None
    down = descending != backwards  # which way the index is read
    rows = matches
    if at is not None:
        value, beyond = getattr(at, column), "lt" if down else "gt"
        # The first condition alone bounds the index scan; the second only settles ties.
        rows = rows.filter(
            Q(**{f"{column}__{beyond}e": value}) & (Q(**{f"{column}__{beyond}": value}) | Q(**{f"pk__{beyond}": at.pk}))
        )
    sign = "-" if down else ""
    taken = list(rows.order_by(f"{sign}{column}", f"{sign}id")[: size + 1])
    more, shown = len(taken) > size, taken[:size]
    if backwards:
        shown.reverse()
    total = count(account, asked)
    if not shown:
        return Found([], None, None, total)
    has_before = more if backwards else at is not None
    has_after = more if not backwards else True
    first, last = shown[0].public_id, shown[-1].public_id
    return Found(shown, first if has_before else None, last if has_after else None, total)


def count(account: Account, asked: Filter) -> int:
    """How many contacts match; COUNTED + 1 stands for any number beyond COUNTED."""
    return matching(account, asked)[: COUNTED + 1].count()


def types(account: Account) -> list[Any]:
    """The credit types that a filter can ask about: those in use, then the archived ones; by name."""
    return [*figures.types(account), *figures.types(account, archived=True)]


def saved(account: Account) -> list[SavedFilter]:
    """The account's saved filters, by name."""
    return list(SavedFilter.objects.filter(account_id=require(account)).order_by("name_key"))
