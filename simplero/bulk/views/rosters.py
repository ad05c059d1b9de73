"""Rosters: make one, tick who came, take a tick back, use it again."""

import uuid
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts import queries as contacts
from contacts.views.lookup import as_uuid, contact_or_404, contact_url
from credits import queries as credits
from credits.errors import InsufficientCredits
from credits.forms import OnceForm
from credits.wording import capital, quantity
from simplero.bulk.forms import RosterForm
from simplero.bulk.models import Place, Roster
from simplero.bulk.queries import rosters as queries
from simplero.bulk.selection import Selection
from simplero.bulk.services import rosters
from simplero.lib.moments import day
from simplero.lib.refusals import Refusal
from simplero.tenancy import roles
from simplero.tenancy.scope import now, today
from simplero.web.access import staff
from simplero.web.forms import refused
from simplero.web.http import AGAINST_A_RULE, BAD_INPUT, StaffRequest, page_or_fragment, see_other

FOUND = 8  # contacts shown of a search
A_WEEK = timedelta(days=7)


@staff(can="credits.consume")
@require_safe
def listed(request: StaffRequest) -> HttpResponse:
    """All rosters, the latest day first."""
    page = queries.rosters(request.account, older=as_uuid(request.GET.get("older", "")))
    this_day = today(request.account)
    here = reverse("bulk:rosters", args=[request.account.slug])
    context = {
        "rows": [
            {
                "roster": roster,
                "url": _url(request, roster),
                "day": "Today" if roster.day == this_day else day(roster.day, today=this_day),
                "type": capital(roster.credit_type.name),
                "came": f"{came:,} of {many:,} came",
            }
            for roster, many, came in page.rosters
        ],
        "older": f"{here}?older={page.older}" if page.older else "",
        "newest": here if request.GET.get("older") else "",
        "add_url": reverse("bulk:roster-add", args=[request.account.slug]),
    }
    return TemplateResponse(request, "bulk/roster_list.html", context)


@staff(can="credits.consume")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: StaffRequest) -> HttpResponse:
    """A roster for those whom the address names: ticked in the list, or all that match, or all with a `tag`; else for nobody yet."""
    selection = Selection.of(request.GET)
    found = selection.contacts(request.account)
    number = found[: rosters.MOST + 1].count()
    in_use = list(credits.types(request.account))
    data = request.POST if request.method == "POST" else None
    form = RosterForm(
        data, offered=[(one, capital(one.name)) for one in in_use], today=today(request.account), initial={}
    )
    tags = [] if request.GET else contacts.tags_in_use(request.account)
    status = 200
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            tag = as_uuid(request.POST.get("tag", ""))
            if not request.GET and tag:
                found = contacts.search(request.account, tag=tag)
            try:
                roster = rosters.add(
                    account=request.account,
                    name=form.cleaned_data["name"],
                    credit_type=form.cleaned_data["credit_type"],
                    day=form.cleaned_data["day"],
                    contacts=found,
                    key=form.cleaned_data["key"],
                    actor=request.actor,
                )
            except Refusal as refusal:
                status = refused(form, refusal)
            else:
                return see_other(request, _url(request, roster))
    action = reverse("bulk:roster-add", args=[request.account.slug])
    return _dialog(
        request,
        "new",
        status,
        form=form,
        tags=tags,
        asked_tag=request.POST.get("tag", ""),
        no_types=not in_use,
        whom=f"{number:,} contact{'' if number == 1 else 's'}" if number else "",
        too_many=f"{rosters.MOST:,}" if number > rosters.MOST else "",
        action=f"{action}?{selection.query}" if request.GET else action,
        title="New roster",
        back=reverse("bulk:rosters", args=[request.account.slug]),
    )


@staff(can="credits.consume")
@require_safe
def roster(request: StaffRequest, roster: uuid.UUID) -> HttpResponse:
    """Who is on it. `q` finds contacts to be put on it."""
    found = _roster_or_404(request, roster)
    text = request.GET.get("q", "").strip()[:200]
    people = list(contacts.search(request.account, text=text).order_by("name_key", "pk")[: FOUND + 1]) if text else []
    on = queries.on(request.account, found, [one.pk for one in people])
    context = {
        **_frame(request, found),
        "q": text,
        "found": [{"contact": one, "on": one.pk in on} for one in people[:FOUND]],
        "more": len(people) > FOUND,
        "rows": [_row(request, found, one) for one in queries.expected(request.account, found)],
        "again_url": _url(request, found, "roster-again"),
        "here": _url(request, found),
    }
    fragment = "bulk/_roster_found.html" if request.htmx else "bulk/_roster.html"
    return page_or_fragment(request, page="bulk/roster.html", fragment=fragment, context=context)


@staff(can="credits.consume")
@require_safe
def place(request: StaffRequest, roster: uuid.UUID, contact: uuid.UUID) -> HttpResponse:
    """One line of a roster: what a click leads to, for htmx; without it, the roster at that line."""
    found = _roster_or_404(request, roster)
    whom = contact_or_404(request, contact)
    places = queries.expected(request.account, found, contact=whom)
    if not places:
        raise Http404
    if not request.htmx:
        return see_other(request, f"{_url(request, found)}#p-{whom.public_id}")
    return _place(request, found, places[0])


def _place(request: StaffRequest, roster: Roster, one: queries.Expected, *, said: str = "", status: int = 200) -> HttpResponse:  # fmt: skip
    context = {**_frame(request, roster), "row": _row(request, roster, one, said=said)}
    return TemplateResponse(request, "bulk/_place.html", context, status=status)


@staff(can="credits.consume")
@require_POST
def tick(request: StaffRequest, roster: uuid.UUID, contact: uuid.UUID, came: bool) -> HttpResponse:
    """Tick or untick. The form's `turn` says which turn it means: a place that has moved on since stays as it is."""
    found = _roster_or_404(request, roster)
    whom = contact_or_404(request, contact)
    turn = request.POST.get("turn", "")
    common: dict[str, Any] = {
        "account": request.account,
        "roster": found,
        "contact": whom,
        "turn": int(turn[:9]) if turn.isdecimal() else -1,
        "actor": request.actor,
    }
    try:
        if came:
            rosters.tick(**common)
        else:
            rosters.untick(**common, may_correct=roles.allows(request.membership.role, "credits.correct"))
    except Place.DoesNotExist:
        raise Http404 from None
    except Refusal as refusal:
        said = _short(found, refusal) if isinstance(refusal, InsufficientCredits) else refusal.wording
        if request.htmx:
            [one] = queries.expected(request.account, found, contact=whom)
            return _place(request, found, one, said=said, status=AGAINST_A_RULE)
        messages.warning(request, f"{whom.name}: {said}")
    if request.htmx:  # htmx follows, and shows the line that it finds there
        return HttpResponse(status=303, headers={"Location": _url(request, found, "place", whom.public_id)})
    return see_other(request, f"{_url(request, found)}#p-{whom.public_id}")


def _short(roster: Roster, refusal: InsufficientCredits) -> str:
    left = quantity(refusal.free, roster.credit_type) if refusal.free else f"no {roster.credit_type.plural}"
    return f"There {'is' if refusal.free == 1 else 'are'} {left} left. Nothing was used."


@staff(can="credits.consume")
@require_POST
def expect(request: StaffRequest, roster: uuid.UUID, contact: uuid.UUID) -> HttpResponse:
    found = _roster_or_404(request, roster)
    whom = contact_or_404(request, contact)
    try:
        rosters.expect(account=request.account, roster=found, contact=whom)
    except Refusal as refusal:
        messages.warning(request, refusal.wording)
    return see_other(request, f"{_url(request, found)}#p-{whom.public_id}")


@staff(can="credits.consume")
@require_POST
def dismiss(request: StaffRequest, roster: uuid.UUID, contact: uuid.UUID) -> HttpResponse:
    found = _roster_or_404(request, roster)
    whom = contact_or_404(request, contact)
    try:
        rosters.dismiss(account=request.account, roster=found, contact=whom)
    except Refusal as refusal:
        messages.warning(request, refusal.wording)
    return see_other(request, _url(request, found))


@staff(can="credits.consume")
@require_http_methods(["GET", "HEAD", "POST"])
def again(request: StaffRequest, roster: uuid.UUID) -> HttpResponse:
    """The same roster a week later, without its ticks."""
    found = _roster_or_404(request, roster)
    this_day = today(request.account)
    on = max(found.day + A_WEEK, this_day - A_WEEK * 12)
    form, status = OnceForm(request.POST or None), 200
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            try:
                new = rosters.use_again(
                    account=request.account, roster=found, day=on, key=form.cleaned_data["key"], actor=request.actor
                )
            except Refusal as refusal:
                status = refused(form, refusal)
            else:
                return see_other(request, _url(request, new))
    many, _ = queries.counts(request.account, found)
    return _dialog(
        request,
        "again",
        status,
        form=form,
        roster=found,
        people=f"{many:,} {'contact' if many == 1 else 'contacts'}",
        on=day(on, today=this_day),
        action=_url(request, found, "roster-again"),
        title="Use again",
        back=_url(request, found),
    )


def _roster_or_404(request: StaffRequest, public_id: uuid.UUID) -> Roster:
    try:
        return queries.get_roster(request.account, public_id)
    except Roster.DoesNotExist:
        raise Http404 from None


def _url(request: StaffRequest, roster: Roster, name: str = "roster", *args: object) -> str:
    return reverse(f"bulk:{name}", args=[request.account.slug, roster.public_id, *args])


def _frame(request: StaffRequest, roster: Roster) -> dict[str, Any]:
    """What stands around the lines."""
    this_day = today(request.account)
    many, came = queries.counts(request.account, roster)
    return {
        "roster": roster,
        "many": many,
        "came": came,
        "day": "today" if roster.day == this_day else day(roster.day, today=this_day),
        "type": roster.credit_type,
        "ahead": roster.day > this_day,
    }


def _row(request: StaffRequest, roster: Roster, one: queries.Expected, *, said: str = "") -> dict[str, Any]:
    place, contact = one.place, one.place.contact
    ticked = place.entry is not None
    role = request.membership.role
    issue = ""
    if not one.free and not ticked and roles.allows(role, "credits.issue") and not roster.credit_type.archived_at:
        asked = f"?type={roster.credit_type.public_id}&amount=1"
        issue = reverse("credits:issue", args=[request.account.slug, contact.public_id]) + asked
    return {
        "contact": contact,
        "url": contact_url(request, contact),
        "ticked": ticked,
        "turn": place.turn,
        "left": f"{one.free:,} left" if one.free else "none left",
        "short": not one.free and not ticked,
        "locked": _locked(request, place) if ticked else "",
        "tick_url": _url(request, roster, "untick" if ticked else "tick", contact.public_id),
        "off_url": "" if ticked else _url(request, roster, "dismiss", contact.public_id),
        "issue_url": issue,
        "said": said,
    }


def _locked(request: StaffRequest, place: Place) -> str:
    """Why this person cannot take the tick back here, "" where they can."""
    if place.contact.merged_into_id is not None:
        return "merged into another contact since: reverse the use there"
    if place.contact.erased_at is not None:
        return "erased since"
    lately = place.ticked_at is not None and place.ticked_at >= now() - rosters.UNDO_WITHIN
    if roles.allows(request.membership.role, "credits.correct") or (lately and place.ticked_by == request.actor.id):
        return ""
    return "ticked more than 15 minutes ago, or by somebody else"


def _dialog(request: StaffRequest, name: str, status: int, **context: Any) -> HttpResponse:
    fragment = f"bulk/_roster_{name}.html"
    return page_or_fragment(
        request,
        page="bulk/roster_dialog.html",
        fragment=fragment,
        context={"fragment": fragment, **context},
        status=status,
    )
