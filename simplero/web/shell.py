"""What every staff page shows around its content: the menu, and the accounts one may switch to."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from simplero.tenancy.models import Membership
from simplero.tenancy.roles import allows


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the menu. `can`: the permission its page asks for."""

    label: str
    url_name: str
    icon: str
    can: str = ""


# The menu of an account, by its address; what is not built is not shown.
ACCOUNT_MENU = {
    "Contacts": [Entry("Contacts", "contacts:list", "users", "contacts")],
    "Content": [Entry("Credits", "credits:types", "ticket", "credits.read")],
    "Settings": [
        Entry("Account", "team:account", "settings", "settings"),
        Entry("Members", "team:members", "user-cog", "members"),
        Entry("Roles", "team:roles", "key-round", "settings"),
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
    """Template variables `menu`, `memberships` (asked for when shown) and `search_url`; nothing for a visitor."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    membership = getattr(request, "membership", None)
    if membership is None:
        return {"menu": _menu(OWN_MENU, request.path)}
    slug = membership.account.slug
    places = Membership.objects.select_related("account").filter(user_id=user.pk).order_by("account__name", "pk")
    return {
        "menu": _menu(ACCOUNT_MENU, request.path, slug, role=membership.role),
        "memberships": places,
        "search_url": f"/a/{slug}/contacts/",
    }


def _menu(groups: dict[str, list[Entry]], path: str, *args: str, role: str = "") -> list[dict[str, object]]:
    menu: list[dict[str, object]] = []
    for title, entries in groups.items():
        shown = [entry for entry in entries if not entry.can or allows(role, entry.can)]
        items = [item for entry in shown if (item := _item(entry, path, args))]
        if items:
            menu.append({"title": title, "items": items})
    return menu


def _item(entry: Entry, path: str, args: tuple[str, ...]) -> dict[str, object] | None:
    try:
        url = reverse(entry.url_name, args=args)
    except NoReverseMatch:
        return None
    return {"label": entry.label, "url": url, "icon": entry.icon, "current": path.startswith(url)}
