"""Contacts → Contacts: contacts found and sorted by `contacts`, with what `credits` says each of them has left."""

import uuid
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from automations.queries import attention
from contacts import queries
from contacts.models import Contact, Tag
from contacts.views.lookup import as_uuid
from credits import queries as credits
from credits.wording import quantity
from simplero.lib.moments import day
from simplero.lib.text import one_line, unfit
from simplero.tenancy import roles
from simplero.tenancy.scope import today
from simplero.web.access import staff
from simplero.web.http import StaffRequest, page_or_fragment
from triggers import queries as triggers

LONGEST_SEARCH = 200  # characters


@dataclass(frozen=True, slots=True)
class Row:
    contact: Contact
    tags: list[Tag]
    credits: list[str]  # what is free, type by type: "4 coaching sessions"
    added: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; whatever is spoiled in it is left out."""

    text: str
    tag: uuid.UUID | None
    sort: str

    @classmethod
    def of(cls, request: StaffRequest) -> "Asked":
        text, sort = request.GET.get("q", ""), request.GET.get("sort", "")
        text = "".join(letter for letter in text[:LONGEST_SEARCH] if not unfit(letter))
        return cls(one_line(text), as_uuid(request.GET.get("tag", "")), sort if sort in queries.SORTS else "name")

    @property
    def narrowed(self) -> bool:
        return bool(self.text or self.tag)

    def query(self, **more: object) -> str:
        """The part of an address after "?" that asks for this, and `more`."""
        asked = {"q": self.text, "tag": self.tag, "sort": "" if self.sort == "name" else self.sort, **more}
        return urlencode({name: value for name, value in asked.items() if value})


@staff(can="contacts")
@require_safe
def contact_list(request: StaffRequest) -> HttpResponse:
    account, asked = request.account, Asked.of(request)
    found = queries.search(account, text=asked.text, tag=asked.tag)
    page = queries.page(
        account,
        found,
        sort=asked.sort,
        after=as_uuid(request.GET.get("after", "")),
        before=as_uuid(request.GET.get("before", "")),
    )
    total = queries.count(found)
    context: dict[str, object] = {
        "asked": asked,
        "rows": rows(request, page.contacts),
        "total": counted(total),
        "known_tags": queries.tags_in_use(account),
        "listening": _listening(request, asked.tag),
        "newer": f"?{asked.query(before=page.before)}" if page.before else "",
        "older": f"?{asked.query(after=page.after)}" if page.after else "",
        "by_name": f"?{Asked(asked.text, asked.tag, 'name').query()}",
        "by_newest": f"?{Asked(asked.text, asked.tag, 'newest').query()}",
        "attention": 0 if request.GET or request.htmx else waiting(request),
    }
    return page_or_fragment(
        request, page="pages/contact_list.html", fragment="pages/_contact_results.html", context=context
    )


def waiting(request: StaffRequest) -> int:
    """How much needs attention, for those who may settle it: this page is where one arrives after signing in."""
    return attention.number(request.account) if roles.allows(request.membership.role, "automations") else 0


def _listening(request: StaffRequest, tag: uuid.UUID | None) -> dict[str, object] | None:
    """How many triggers listen to the tag that is asked for, and where they are; None where there are none to be seen."""
    if tag is None or not roles.allows(request.membership.role, "automations"):
        return None
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
    if total > queries.COUNTED:
        return f"more than {queries.COUNTED:,} contacts"
    return f"{total:,} contact{'' if total == 1 else 's'}"
