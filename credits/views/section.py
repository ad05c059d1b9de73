"""The Credits section of the contact page, which `simplero.pages` composes: what it shows, and the confirmation above it."""

from typing import Any, cast

from django.http import HttpRequest

from contacts.models import Contact
from credits import queries
from simplero.web.http import StaffRequest

from .lines import done_words, may_undo, sections
from .lookup import address, line_or_none, may


def section(request: HttpRequest, contact: Contact) -> dict[str, Any]:
    """The context of `credits/_section.html`. `?done=` in the address names the entry just made, which it confirms."""
    can = may(request)
    return {
        "contact": contact,
        "types": sections(request, contact, queries.section(cast(StaffRequest, request).account, contact), can),
        "may": can,
        "done": _done(request, contact),
        "issue_url": address(request, contact, "issue"),
        "consume_url": address(request, contact, "consume"),
        "activity_url": address(request, contact, "activity"),
        "statement_url": address(request, contact, "statement"),
    }


def _done(request: HttpRequest, contact: Contact) -> dict[str, Any] | None:
    line = line_or_none(request, contact, request.GET["done"]) if "done" in request.GET else None
    if line is None:
        return None
    title, words = done_words(request, line)
    if line.kind == "consume" and line.given_back:
        return {"tone": "info", "title": title, "words": "It has been reversed since.", "undo_url": ""}
    undo = address(request, contact, "undo", line.key) if may_undo(request, line) else ""
    return {"tone": "good", "title": title, "words": words, "undo_url": undo}
