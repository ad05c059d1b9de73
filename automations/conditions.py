"""Only if: what must be true of a contact for a trigger to fire, or for a run to take one way or the other."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from automations.queries.naming import Names
from contacts.models import ContactTag
from credits.queries import free_of_type
from credits.wording import quantity
from products.models import Purchase, State
from simplero.tenancy.models import Account

Said = Mapping[str, Any]

MOST = 10
"""Conditions that may stand together."""

BOUGHT = (State.ACTIVE, State.DELINQUENT, State.EXPIRED)
"""How a purchase stands that counts as bought: it was paid, and neither cancelled nor refunded."""


@dataclass(frozen=True, slots=True)
class Condition:
    """`true_of` answers for many contacts with one query; `words` says the condition, the way round that `said["is"]` wants it."""

    code: str
    label: str
    true_of: Callable[[Account, Said, Sequence[int]], set[int]]
    words: Callable[[Said, Names], str]


def met(account: Account, conditions: Iterable[Said], contact_ids: Iterable[int]) -> set[int]:
    """Those of these contacts of whom every one of the conditions holds; without any, all of them."""
    left = set(contact_ids)
    for said in conditions:
        if not left:
            break
        true_of = CONDITIONS[said["kind"]].true_of(account, said, sorted(left))
        left = left & true_of if said["is"] else left - true_of
    return left


def words(conditions: Iterable[Said], names: Names) -> list[str]:
    """Each condition as a person reads it: "has at least 2 coaching sessions"."""
    return [CONDITIONS[said["kind"]].words(said, names) for said in conditions]


def _tagged(account: Account, said: Said, contact_ids: Sequence[int]) -> set[int]:
    found = ContactTag.objects.filter(tag_id=said["tag"], contact_id__in=contact_ids)
    return set(found.values_list("contact_id", flat=True))


def _credits(account: Account, said: Said, contact_ids: Sequence[int]) -> set[int]:
    free = free_of_type(account, said["credit_type"], contact_ids)
    return {contact_id for contact_id, amount in free.items() if amount >= said["least"]}


def _bought(account: Account, said: Said, contact_ids: Sequence[int]) -> set[int]:
    found = Purchase.objects.filter(product_id=said["product"], contact_id__in=contact_ids, state__in=BOUGHT)
    return set(found.values_list("contact_id", flat=True))


def _has(said: Said) -> str:
    return "has" if said["is"] else "does not have"


ALL = [
    Condition("tag", "Tag", _tagged, lambda s, n: f"{_has(s)} the tag {n.tag(s['tag'])}"),
    Condition(
        "credits",
        "Credits",
        _credits,
        lambda s, n: f"has {'at least' if s['is'] else 'fewer than'} {quantity(s['least'], n.unit(s['credit_type']))}",
    ),
    Condition(
        "bought",
        "Product bought",
        _bought,
        lambda s, n: f"has {'' if s['is'] else 'not '}bought {n.product(s['product'])}",
    ),
]

CONDITIONS: dict[str, Condition] = {condition.code: condition for condition in ALL}
