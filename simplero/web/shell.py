"""What every staff page shows around its content: the menu, and the accounts one may switch to."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from simplero.tenancy.database import connection
from simplero.tenancy.models import Membership
from simplero.tenancy.roles import allows


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the menu. `can`: the permission its page asks for."""

    label: str
    url_name: str
    icon: str
    can: str = ""
    alone: bool = False  # what stands below its address is not of it


COUNTERS: dict[str, Callable[[Any], int]] = {}
"""By the URL name of an entry, how many of its things wait for somebody in an account: rooms add theirs when Django is ready."""

SHORTCUTS = 8  # more accounts than these are found on the list

# The menu of an account, by its address; what is not built is not shown.
ACCOUNT_MENU = {
    "": [Entry("Dashboard", "pages:dashboard", "layout-dashboard", "credits.read", alone=True)],
    "Contacts": [
        Entry("Contacts", "contacts:list", "users", "contacts"),
        Entry("Rosters", "bulk:rosters", "clipboard-check", "credits.consume"),
        Entry("Jobs", "bulk:jobs", "list-checks", "bulk"),
        Entry("Import", "imports:imports", "file-up", "imports"),
    ],
    "Sales": [
        Entry("Products", "products:products", "package", "products"),
        Entry("Purchases", "products:purchases", "receipt-text", "purchases"),
    ],
    "Marketing": [
        Entry("Triggers", "triggers:triggers", "zap", "automations"),
        Entry("Automations", "automations:automations", "workflow", "automations"),
        Entry("Attention", "automations:attention", "inbox", "automations"),
    ],
    "Content": [
        Entry("Credits", "credits:types", "ticket", "credits.read"),
        Entry("Activity", "credits:movements", "history", "credits.read"),
    ],
    "Settings": [
        Entry("Account", "team:account", "settings", "settings"),
        Entry("Storefront", "team:storefront", "store", "settings"),
        Entry("Mails", "letters:kinds", "mail", "settings"),
        Entry("Payments", "products:gateways", "credit-card", "gateways"),
        Entry("Renewals", "products:renewals", "repeat", "settings"),
        Entry("Webhooks", "automations:webhooks", "webhook", "automations"),
        Entry("Members", "team:members", "user-cog", "members"),
        Entry("Roles", "team:roles", "key-round", "settings"),
        Entry("Audit log", "audit:log", "scroll-text", "audit"),
    ],
}
# The menu of one's own pages, outside any account.
OWN_MENU = {
    "You": [
        Entry("Your accounts", "accounts", "layout-grid"),
        Entry("Email", "account_email", "mail"),
        Entry("Password", "account_change_password", "key-round"),
        Entry("Two-step sign-in", "mfa_index", "shield-check"),
        Entry("Sessions", "usersessions_list", "monitor-smartphone"),
    ]
}


def context(request: HttpRequest) -> dict[str, object]:
    """Template variables `menu`, `memberships` (asked for when shown) and `search_url`; nothing for a visitor,
    nor in a storefront, where being staff means nothing."""
    if hasattr(request, "shop"):
        return {}
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    membership = getattr(request, "membership", None)
    places = Membership.objects.select_related("account").filter(user_id=user.pk).order_by("account__name", "pk")
    if membership is None:
        return {"menu": _menu(OWN_MENU, request.path) + _businesses(places)}
    slug = membership.account.slug
    return {
        "menu": _menu(ACCOUNT_MENU, request.path, slug, role=membership.role, account=membership.account),
        "memberships": places,
        "search_url": reverse("contacts:list", args=[slug]),
    }


def _businesses(places: QuerySet[Membership]) -> list[dict[str, object]]:
    """The way back from one's own pages to the accounts one works in."""
    items = [
        {"label": place.account.name, "url": f"/a/{place.account.slug}/", "icon": "store", "current": False}
        for place in places[:SHORTCUTS]
    ]
    return [{"title": "Businesses", "items": items}] if items else []


def _menu(
    groups: dict[str, list[Entry]], path: str, *args: str, role: str = "", account: Any = None
) -> list[dict[str, object]]:
    menu: list[dict[str, object]] = []
    for title, entries in groups.items():
        shown = [entry for entry in entries if not entry.can or allows(role, entry.can)]
        if shown:
            menu.append({"title": title, "items": [_item(entry, path, args, account) for entry in shown]})
    items = [item for group in menu for item in group["items"] if item["current"]]  # type: ignore[attr-defined]
    for item in items:  # of addresses below one another the nearest is where one is
        item["current"] = item is max(items, key=lambda one: len(one["url"]))
    return menu


def _item(entry: Entry, path: str, args: tuple[str, ...], account: Any) -> dict[str, object]:
    url = reverse(entry.url_name, args=args)
    item = {
        "label": entry.label,
        "url": url,
        "icon": entry.icon,
        "current": path == url if entry.alone else path.startswith(url),
    }
    if account is not None and entry.url_name in COUNTERS:
        item["count"] = _counting(COUNTERS[entry.url_name], account)
    return item


def _counting(counter: Callable[[Any], int], account: Any) -> Callable[[], int]:
    """Counts when the menu is drawn, which a fragment does without, and once; 0 on a page that is drawn outside its account's scope."""

    @cache
    def count() -> int:
        return counter(account) if connection.account_id == account.pk else 0

    return count
