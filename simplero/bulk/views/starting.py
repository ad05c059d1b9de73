"""Doing one thing with many contacts: what, then a preview of what would come of it, then the start."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from contacts import queries as contacts
from contacts.directory import tag_key
from credits import queries as credits
from credits.errors import FURTHEST_BACK
from credits.forms import ConsumeForm, IssueForm
from credits.queries import preview as foresight
from credits.wording import capital, expiration, good, quantity
from simplero.bulk.forms import TagForm, UntagForm
from simplero.bulk.models import Kind
from simplero.bulk.queries import jobs as queries
from simplero.bulk.selection import Selection
from simplero.bulk.services import jobs
from simplero.bulk.wording import contacts as counted
from simplero.lib.moments import day
from simplero.lib.refusals import Refusal
from simplero.tenancy.scope import today
from simplero.web.access import staff
from simplero.web.forms import refused
from simplero.web.http import BAD_INPUT, StaffRequest, page_or_fragment, see_other

from .lookup import bulk_url, kind_or_404, url

TITLES = {
    Kind.ISSUE: "Issue credits to many",
    Kind.CONSUME: "Consume credits of many",
    Kind.TAG: "Add a tag to many",
    Kind.UNTAG: "Remove a tag from many",
}

VERBS = {Kind.ISSUE: "Issue", Kind.CONSUME: "Consume", Kind.TAG: "Add the tag", Kind.UNTAG: "Remove the tag"}


@staff(can="bulk")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """`do` in the address says what, and the selection with whom. A form is previewed first; only sent from there it counts."""
    if not request.GET:
        return see_other(request, reverse("contacts:list", args=[request.account.slug]))
    kind = kind_or_404(request, request.GET.get("do", ""))
    selection = Selection.of(request.GET)
    number = selection.contacts(request.account)[: jobs.MOST + 1].count()
    form = _form(request, kind)
    if request.method != "POST" or "change" in request.POST or not number:
        return _dialog(request, kind, selection, number, form)
    if not form.is_valid():
        return _dialog(request, kind, selection, number, form, status=BAD_INPUT)
    if number > jobs.MOST or (problem := _wrong_day(request, form)):
        form.add_error(*(("service_date", problem) if number <= jobs.MOST else (None, str(jobs.TooMany(jobs.MOST)))))
        return _dialog(request, kind, selection, number, form, status=BAD_INPUT)
    expected = request.POST.get("expected", "")
    status = 200
    if "start" in request.POST and expected.isdecimal():
        try:
            bulk = jobs.start(
                account=request.account,
                order=_order(kind, form),
                contacts=selection.contacts(request.account),
                selection=selection.query,
                expected=int(expected[:9]),
                key=form.cleaned_data["key"],
                actor=request.actor,
            )
        except Refusal as refusal:
            order = _order(kind, form)
            status = refused(form, refusal)
            return _preview(request, kind, selection, form, order, status)
        return see_other(request, bulk_url(request, bulk))
    return _preview(request, kind, selection, form, _order(kind, form), status)


def _wrong_day(request: StaffRequest, form: forms.Form) -> str:
    served = form.cleaned_data.get("service_date")
    if served is None:
        return ""
    this_day = today(request.account)
    if served > this_day:
        return "The date of service can't be in the future. Choose today or an earlier day."
    if served < this_day - FURTHEST_BACK:
        return f"The date of service can be at most {FURTHEST_BACK.days} days back."
    return ""


def _form(request: StaffRequest, kind: Kind) -> forms.Form:
    data = request.POST if request.method == "POST" else None
    if kind == Kind.TAG:
        return TagForm(data, known=contacts.tags_in_use(request.account))
    if kind == Kind.UNTAG:
        return UntagForm(data, known=contacts.tags_in_use(request.account))
    this_day = today(request.account)
    in_use = list(credits.types(request.account))
    if kind == Kind.ISSUE:
        offered = [
            (one, f"{capital(one.name)} ({expiration(one.expires_after, one.expires_unit).removeprefix('good for ')})")
            for one in in_use
        ]
        return IssueForm(data, offered=offered, today=this_day, initial={"amount": 1})
    archived = list(credits.types(request.account, archived=True))  # what was issued of them can still be used
    offered = [(one, capital(one.name)) for one in in_use]
    offered += [(one, f"{capital(one.name)} (archived)") for one in archived]
    initial = {"credit_type": str(in_use[0].public_id)} if len(in_use) == 1 else {}
    return ConsumeForm(data, offered=offered, today=this_day, initial=initial)


def _order(kind: Kind, form: forms.Form) -> jobs.Order:
    data = form.cleaned_data
    return jobs.Order(
        kind,
        credit_type=data.get("credit_type"),
        amount=data.get("amount"),
        expiry=data.get("expiry", ""),
        service_date=data.get("service_date"),
        tag=data.get("tag", ""),
        note=data.get("note", ""),
        note_for_customer=data.get("note_for_customer", False),
    )


def _dialog(
    request: StaffRequest, kind: Kind, selection: Selection, number: int, form: forms.Form, *, status: int = 200
) -> HttpResponse:
    return _show(request, "new", kind, selection, form, status, number=number)


def _preview(
    request: StaffRequest,
    kind: Kind,
    selection: Selection,
    form: forms.Form,
    order: jobs.Order,
    status: int,
) -> HttpResponse:
    found = selection.contacts(request.account)
    foreseen = _of_tags(request, found, order) if kind in (Kind.TAG, Kind.UNTAG) else _of_credits(request, found, order)
    return _show(request, "preview", kind, selection, form, status, number=foreseen["total"], **foreseen)


def _of_tags(request: StaffRequest, found: Any, order: jobs.Order) -> dict[str, Any]:
    total = found.count()
    tag = next((one for one in contacts.tags_in_use(request.account) if tag_key(one.name) == tag_key(order.tag)), None)
    having = queries.bearers(request.account, found, tag.pk) if tag else 0
    getting = total - having if order.kind == Kind.TAG else having
    if order.kind == Kind.TAG:
        lines = [f"{counted(getting)} will get the tag “{order.tag}”."]
        rest = f"{having:,} {'has' if having == 1 else 'have'} it already."
    else:
        lines = [f"The tag “{order.tag}” will be taken off {counted(getting)}."]
        rest = f"{total - having:,} {'does' if total - having == 1 else 'do'} not have it."
    if getting < total:
        lines.append(rest)
    return {"total": total, "lines": lines, "useful": getting, "button": f"{VERBS[Kind(order.kind)]}"}


def _of_credits(request: StaffRequest, found: Any, order: jobs.Order) -> dict[str, Any]:
    account, credit_type, amount = request.account, order.credit_type, order.amount
    assert credit_type is not None
    assert amount is not None
    if order.kind == Kind.ISSUE:
        total = found.count()
        return {
            "total": total,
            "useful": total,
            "lines": [
                f"{quantity(amount * total, credit_type)} will be issued: {amount:,} to {'each of ' if total > 1 else ''}{counted(total)}.",
                f"{capital(_lasting(order, today(account)))}.",
            ],
            "button": f"Issue {quantity(amount * total, credit_type)}",
        }
    served = order.service_date or today(account)
    uses = foresight.uses(account, found, credit_type, amount=amount, service_date=served)
    lines = [
        f"{uses.enough:,} of {counted(uses.total)} {'has' if uses.enough == 1 else 'have'} enough: "
        f"{quantity(amount * uses.enough, credit_type)} will be used, for {day(served, today=today(account))}."
    ]
    if uses.soon:
        first = (uses.first_end - timedelta(seconds=1)).astimezone(account.zone).date() if uses.first_end else None
        lines.append(
            f"{quantity(uses.soon, credit_type)} of these will come from lots that expire within {foresight.SOON.days} days"
            + (f", the first after {day(first, today=today(account))}." if first else ".")
        )
    if uses.restored:
        lines.append(
            f"{quantity(uses.restored, credit_type)} will come from lots that have expired since that day: they were still good then."
        )
    return {
        "total": uses.total,
        "useful": uses.enough,
        "lines": lines,
        "short": uses.short,
        "shorts": [
            {
                "name": one.contact.name,
                "has": quantity(one.free, credit_type) if one.free else f"no {credit_type.plural}",
            }
            for one in uses.shorts
        ],
        "more": uses.short - len(uses.shorts),
        "button": f"Consume {quantity(amount * uses.enough, credit_type)}",
    }


def _lasting(order: jobs.Order, this_day: Any) -> str:
    """How long what is issued is good."""
    of = order.credit_type
    assert of is not None
    if not order.expiry:
        return expiration(of.expires_after, of.expires_unit)
    if order.expiry == "never":
        return "never expires"
    if order.expiry[0].isdigit() and order.expiry[4:5] == "-":
        return good(this_day.fromisoformat(order.expiry), today=this_day)
    number, unit = order.expiry.split()
    return expiration(int(number), unit)


def _show(
    request: StaffRequest,
    name: str,
    kind: Kind,
    selection: Selection,
    form: forms.Form,
    status: int,
    **context: Any,
) -> HttpResponse:
    number = context["number"]
    matching = selection.matching
    back = reverse("contacts:list", args=[request.account.slug])
    fragment = f"bulk/_{name}.html"
    return page_or_fragment(
        request,
        page="bulk/dialog.html",
        fragment=fragment,
        context={
            "kind": kind.value,
            "title": TITLES[kind],
            "whom": f"more than {jobs.MOST:,} contacts" if number > jobs.MOST else counted(number),
            "which": selection.words(request.account),
            "form": form,
            "none": not number,
            "no_types": kind == Kind.ISSUE and not form.fields["credit_type"].offered,  # type: ignore[attr-defined]
            "no_tags": kind == Kind.UNTAG and len(form.fields["tag"].choices) == 1,  # type: ignore[attr-defined]
            "action": f"{url(request, 'new')}?do={kind.value}&{selection.query}",
            "back": f"{back}?{matching.query()}" if matching is not None else back,
            "fragment": fragment,
            **context,
        },
        status=status,
    )
