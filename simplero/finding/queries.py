"""Whom a filter is about. Every function runs in the account's open scope and sees that account only."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from contacts import queries as contacts
from contacts.models import Contact, Tag
from credits import queries as figures
from credits.queries import finding as credits
from credits.wording import quantity
from simplero.lib.folding import words
from simplero.lib.moments import day, span
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require, today

from .filters import FEWER, HAS, SORTS, Filter, Left
from .models import SavedFilter
from .search import COUNTED, Condition, Order, Search, by_ids, cut

PAGE = 50  # contacts on a page of a list


def matching(account: Account, asked: Filter) -> QuerySet[Contact]:
    """The contacts that `asked` is about, in no order: for exports, bulk jobs and counting."""
    require(account)
    found = contacts.contacts(account)
    for one in _conditions(account, asked):
        found = found.filter(pk__in=one.ids) if one.wanted else found.exclude(pk__in=one.ids)
    return found


def _conditions(account: Account, asked: Filter) -> list[Condition]:
    """What `asked` asks for; a tag or type that is gone is a condition that nobody meets, or a filter would widen by itself."""
    nobody = Condition(Contact.objects.none().values("pk"))
    found: list[Condition] = []
    if asked.text:
        wanted = sorted(words(asked.text)[: contacts.SEARCH_WORDS], key=len, reverse=True)
        found += [Condition(contacts.ids_by_word(account, word)) for word in wanted] or [nobody]
    tags = dict(Tag.objects.filter(public_id__in=asked.tags).values_list("public_id", "pk")) if asked.tags else {}
    found += [Condition(contacts.ids_by_tag(account, tags[tag])) if tag in tags else nobody for tag in asked.tags]
    types = _types(account, asked)
    for public_id, left in _by_type(asked.credits).items():
        credit_type = types.get(public_id)
        found.append(_of_left(account, credit_type, *left) if credit_type else nobody)
    if asked.within is not None:
        credit_type = types.get(asked.within_type) if asked.within_type else None
        _, before = span(None, today(account) + timedelta(days=asked.within), account.zone)
        known = credit_type is not None or asked.within_type is None
        found.append(_of_ending(account, credit_type, before) if known and before is not None else nobody)
    if asked.since or asked.until:
        since, until = span(asked.since, asked.until, account.zone)
        found.append(Condition(contacts.ids_by_added(account, since, until)))
    return found


def _by_type(credits_left: Iterable[Left]) -> dict[uuid.UUID, tuple[bool, int | None]]:
    """Of each type, whether some must be left, and below how many."""
    found: dict[uuid.UUID, tuple[bool, int | None]] = {}
    for left in credits_left:
        some, below = found.get(left.credit_type, (False, None))
        if left.test == HAS:
            some = True
        else:
            bound = left.below if left.test == FEWER else 1
            below = bound if below is None else min(below, bound)
        found[left.credit_type] = some, below
    return found


def _of_left(account: Account, credit_type: Any, some: bool, below: int | None) -> Condition:
    if some:
        return Condition(credits.with_free(account, credit_type, at_least=1, below=below))
    assert below is not None
    return Condition(
        credits.with_free(account, credit_type, at_least=below),
        wanted=False,  # who never had a wallet has none too
        surely=credits.with_little(account, credit_type, below=below),
    )


def _of_ending(account: Account, credit_type: Any, by: datetime) -> Condition:
    how: dict[str, Any] = {"by": by, "credit_type": credit_type}
    return Condition(credits.with_ending(account, **how), taken=credits.taken_with_ending(account, **how))


def _types(account: Account, asked: Filter) -> dict[uuid.UUID, Any]:
    named = [left.credit_type for left in asked.credits] + ([asked.within_type] if asked.within_type else [])
    return credits.types_named(account, named) if named else {}


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
    search = Search(account, _conditions(account, asked))
    order = Order(*SORTS[asked.sort])
    cursor = after or before
    at = contacts.contacts(account).filter(public_id=cursor).first() if cursor else None
    behind = (getattr(at, order.column), at.pk) if at is not None else None
    backwards = at is not None and after is None
    way = order.turned() if backwards else order
    few = search.few(way)
    if few is None:
        ids, total = search.page(way, behind=behind, number=size + 1), COUNTED + 1
    else:
        ids, total = [pk for _, pk in (cut(few, way, behind) if behind else few)[: size + 1]], len(few)
    more, ids = len(ids) > size, ids[:size]
    if backwards:
        ids.reverse()
    shown = by_ids(account, ids)
    if not shown:
        return Found([], None, None, total)
    has_before = more if backwards else at is not None
    has_after = more if not backwards else True
    first, last = shown[0].public_id, shown[-1].public_id
    return Found(shown, first if has_before else None, last if has_after else None, total)


def first(account: Account, asked: Filter, *, number: int) -> list[Contact]:
    """The first contacts of those that match."""
    search, order = Search(account, _conditions(account, asked)), Order(*SORTS[asked.sort])
    few = search.few(order) if asked.narrowed else None
    ids = search.page(order, behind=None, number=number) if few is None else [pk for _, pk in few[:number]]
    return by_ids(account, ids)


def count(account: Account, asked: Filter) -> int:
    """How many contacts match; COUNTED + 1 stands for any number beyond COUNTED."""
    few = Search(account, _conditions(account, asked)).few(Order("created_at", down=False))
    return COUNTED + 1 if few is None else len(few)


def types(account: Account) -> list[Any]:
    """The credit types that a filter can ask about: those in use, then the archived ones; by name."""
    return [*figures.types(account), *figures.types(account, archived=True)]


def saved(account: Account) -> list[SavedFilter]:
    """The account's saved filters, by name."""
    return list(SavedFilter.objects.filter(account_id=require(account)).order_by("name_key"))
