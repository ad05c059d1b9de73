"""What each role may do: the one table that views, menus, buttons, Settings → Roles and the route matrix read."""

from dataclasses import dataclass

ASSISTANT, ADMIN, OWNER = "assistant", "admin", "owner"

ROLES = {ASSISTANT: "Assistant", ADMIN: "Admin", OWNER: "Owner"}


@dataclass(frozen=True, slots=True)
class Permission:
    code: str
    wording: str
    roles: frozenset[str]


_EVERYBODY = frozenset({ASSISTANT, ADMIN, OWNER})
_ADMINS = frozenset({ADMIN, OWNER})
_OWNER = frozenset({OWNER})

PERMISSIONS = {
    permission.code: permission
    for permission in (
        Permission("contacts", "See, add and edit contacts, their tags and notes", _EVERYBODY),
        Permission("credits.read", "See credits, lots and activity of any contact", _EVERYBODY),
        Permission("credits.consume", "Consume credits", _EVERYBODY),
        Permission("credits.undo", "Undo their own use for 15 minutes", _EVERYBODY),
        Permission("credits.issue", "Issue credits", _ADMINS),
        Permission("credits.correct", "Reverse any use, withdraw credits, change a last good day", _ADMINS),
        Permission("credits.types", "Add, edit and archive credit types", _ADMINS),
        Permission("imports", "Import contacts from a spreadsheet, and undo an import", _ADMINS),
        Permission("contacts.merge", "Merge two contacts, and erase one", _ADMINS),
        Permission("contacts.export", "Download contacts as a spreadsheet", _ADMINS),
        Permission("bulk", "Issue, consume and tag for many contacts at once, and undo that", _ADMINS),
        Permission("products", "Add and change products and prices", _ADMINS),
        Permission("purchases", "See and add purchases, mark them paid, cancel and refund them", _ADMINS),
        Permission(
            "automations", "Build triggers and automations, start them, and settle what needs attention", _ADMINS
        ),
        Permission("gateways", "Connect payment gateways", _OWNER),
        Permission("audit", "See and download the audit log", _ADMINS),
        Permission("settings", "See and change the account's settings", _ADMINS),
        Permission("members", "Invite and remove members, change roles, sign members out", _OWNER),
    )
}


def allows(role: str, code: str) -> bool:
    """Whether `role` has the permission `code`. Raises KeyError for a code that is not in the table."""
    return role in PERMISSIONS[code].roles
