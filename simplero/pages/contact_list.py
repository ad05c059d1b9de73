"""Contacts → Contacts: contacts found by `simplero.finding`, with what `credits` says each of them has left."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from automations.queries import attention
from contacts import queries
from contacts.models import Contact, Tag
from credits import queries as credits
from credits.wording import capital, quantity
from simplero.finding import queries as finding
from simplero.finding.filters import Filter, as_uuid
from simplero.lib.moments import day
from simplero.tenancy import roles
from simplero.tenancy.scope import today
from simplero.web.access import staff
from simplero.web.http import StaffRequest, page_or_fragment
from triggers import queries as triggers

SORT_WORDS = {"name": "Name, A to Z", "-name": "Name, Z to A", "newest": "Newest first", "oldest": "Oldest first"}


@dataclass(frozen=True, slots=True)
class Row:
    contact: Contact
    tags: list[Tag]
    credits: list[str]  # what is free, type by type: "4 coaching sessions"
    added: str


@staff(can="contacts")
@require_safe
def contact_list(request: StaffRequest) -> HttpResponse:
    account, asked = request.account, Filter.of(request.GET)
    found = finding.page(
        account, asked, after=as_uuid(request.GET.get("after", "")), before=as_uuid(request.GET.get("before", ""))
    )
    here = reverse("contacts:list", args=[account.slug])
    saved = finding.saved(account)
    context: dict[str, object] = {
        "asked": asked,
        "rows": rows(request, found.contacts),
        "total": counted(found.total),
        "chips": [
            {"words": capital(piece.words), "url": _url(here, piece.rest)} for piece in finding.pieces(account, asked)
        ],
        "search_alone": _url(here, Filter(text=asked.text, sort=asked.sort)),
        "saved": [{"filter": one, "current": Filter.read(one.query) == asked} for one in saved],
        "save_query": asked.query(),
        "known_tags": [tag for tag in queries.tags_in_use(account) if tag.public_id not in asked.tags],
        "types": finding.types(account),
        "sorts": SORT_WORDS,
        "listening": _listening(request, asked),
        "newer": _url(here, asked, before=found.before) if found.before else "",
        "older": _url(here, asked, after=found.after) if found.after else "",
        "by_name": _url(here, asked.but(sort="-name" if asked.sort == "name" else "name")),
        "by_added": _url(here, asked.but(sort="oldest" if asked.sort == "newest" else "newest")),
        "choose": _choose(request, asked),
        "may_export": roles.allows(request.membership.role, "contacts.export"),
        "may_import": roles.allows(request.membership.role, "imports"),
        "attention": 0 if request.GET or request.htmx else waiting(request),
    }
    response = page_or_fragment(
        request, page="pages/contact_list.html", fragment="pages/_contact_results.html", context=context
    )
    if request.htmx:
        response["HX-Replace-Url"] = _url(here, asked)
    return response


def _choose(request: StaffRequest, asked: Filter) -> dict[str, object] | None:
    """The bar that does something with chosen contacts (`bulk/_choose.html`); None for those who may do nothing with many, and
    where more are found than were asked for."""
    if asked.spoiled or not roles.allows(request.membership.role, "credits.consume"):
        return None
    slug = request.account.slug
    return {
        "action": reverse("bulk:new", args=[slug]),
        "roster": reverse("bulk:roster-add", args=[slug]),
        "hidden": parse_qsl(asked.query()),
        "bulk": roles.allows(request.membership.role, "bulk"),
    }


def _url(here: str, asked: Filter, **more: object) -> str:
    query = asked.query(**more)
    return f"{here}?{query}" if query else here


def waiting(request: StaffRequest) -> int:
    """How much needs attention, for those who may settle it: this page is where one arrives after signing in."""
    return attention.number(request.account) if roles.allows(request.membership.role, "automations") else 0


def _listening(request: StaffRequest, asked: Filter) -> dict[str, object] | None:
    """How many triggers listen to the tag that is asked for, and where they are; None where there are none to be seen."""
    if len(asked.tags) != 1 or not roles.allows(request.membership.role, "automations"):
        return None
    [tag] = asked.tags
    number = triggers.of_tag(request.account, tag).count()
    url = f"{reverse('triggers:triggers', args=[request.account.slug])}?tag={tag}"
    return {"number": number, "url": url} if number else None


def rows(request: StaffRequest, contacts: list[Contact]) -> list[Row]:
    account, ids = request.account, [contact.pk for contact in contacts]
    tags = queries.tags_by_contact(account, ids)
    free = credits.free_by_contact(account, ids)
    this_day = today(account)
    return [
        Row(
            contact=contact,
            tags=tags.get(contact.pk, []),
            credits=[quantity(amount, kind) for kind, amount in free.get(contact.pk, [])],
            added=day(contact.created_at.astimezone(account.zone).date(), today=this_day),
        )
        for contact in contacts
    ]


def counted(total: int) -> str:
    """ "1 contact", "312 contacts", "more than 1,000 contacts"."""
    if total > finding.COUNTED:
        return f"more than {finding.COUNTED:,} contacts"
    return f"{total:,} contact{'' if total == 1 else 's'}"
