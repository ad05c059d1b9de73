"""The command box: what one may jump to, found by what one types. A little of each kind, so that each keystroke costs a little."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from automations.queries import flows
from contacts.models import Contact
from credits.wording import capital
from products.queries import catalogue
from simplero.lib.folding import words
from simplero.tenancy.models import Account
from simplero.tenancy.roles import allows
from simplero.web.shell import ACCOUNT_MENU

from . import queries
from .filters import LONGEST_TEXT, Filter

CONTACTS = 6
OTHERS = 5  # of each other kind
LOOKED_THROUGH = 500  # products, and automations, whose names are looked at


@dataclass(frozen=True, slots=True)
class Place:
    label: str
    sub: str
    url: str
    icon: str


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    places: list[Place]


def look(account: Account, role: str, typed: str) -> list[Group]:
    """What a member with that role may jump to: by what is typed, or where that is nothing the newest contacts and all pages."""
    asked = Filter(text=typed[:LONGEST_TEXT], sort="name" if typed else "newest")
    wanted = words(asked.text)
    if typed and not wanted:
        return []
    groups = [
        Group("Contacts" if typed else "Newest contacts", _contacts(account, asked)),
        Group("Pages", _pages(account, role, wanted)),
    ]
    if typed:
        groups[1:1] = [
            Group("Credit types", _types(account, role, wanted)),
            Group("Products", _products(account, role, wanted)),
            Group("Automations", _automations(account, role, wanted)),
        ]
    return [group for group in groups if group.places]


def _contacts(account: Account, asked: Filter) -> list[Place]:
    return [
        Place(one.name, one.email, _url(account, "contacts:contact", one), "user-round")
        for one in queries.first(account, asked, number=CONTACTS)
    ]


def _types(account: Account, role: str, wanted: list[str]) -> list[Place]:
    if not allows(role, "credits.read"):
        return []
    found = _named(queries.types(account), wanted)
    return [
        Place(capital(one.name), "Archived" if one.archived_at else "", _url(account, "credits:type", one), "ticket")
        for one in found
    ]


def _products(account: Account, role: str, wanted: list[str]) -> list[Place]:
    if not allows(role, "products"):
        return []
    found = _named(catalogue.products(account).order_by("-pk")[:LOOKED_THROUGH], wanted)
    return [Place(one.name, "", _url(account, "products:product", one), "package") for one in found]


def _automations(account: Account, role: str, wanted: list[str]) -> list[Place]:
    if not allows(role, "automations"):
        return []
    found = _named(flows.shelf(account, limit=LOOKED_THROUGH), wanted)
    return [Place(one.name, "", _url(account, "automations:builder", one), "workflow") for one in found]


def _pages(account: Account, role: str, wanted: list[str]) -> list[Place]:
    """Entries of the menu that the member may open."""
    return [
        Place(entry.label, title, reverse(entry.url_name, args=[account.slug]), entry.icon)
        for title, entries in ACCOUNT_MENU.items()
        for entry in entries
        if (not entry.can or allows(role, entry.can)) and _begins(wanted, entry.label)
    ]


def _named(found: Iterable[Any], wanted: list[str]) -> list[Any]:
    return [one for one in found if _begins(wanted, one.name)][:OTHERS]


def _begins(wanted: list[str], name: str) -> bool:
    """Whether each of the folded words `wanted` begins a word of `name`."""
    there = words(name)
    return all(any(word.startswith(one) for word in there) for one in wanted)


def _url(account: Account, name: str, one: Contact | Any) -> str:
    return reverse(name, args=[account.slug, one.public_id])
