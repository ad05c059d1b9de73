"""The credit activity of the whole account: every movement, what those that are asked for come to, and a table to take away."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from contacts.models import Contact
from contacts.views.lookup import contact_url
from credits import wording
from credits.forms import ActivityFilterForm, DayField
from credits.models import CreditType
from credits.queries import Line
from credits.queries import account_movements as queries
from credits.queries.account_movements import Movements, Wanted
from credits.queries.tallies import EXPIRED, USED, Total
from simplero.lib.spreadsheet import BOM, lines
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Membership
from simplero.tenancy.scope import scope, today
from simplero.web.access import staff, staff_stream
from simplero.web.http import StaffRequest

from .lines import SOURCES, Row, line_sentence, row, source_words, who_words

AT_A_TIME = 500  # rows of a download that are read in one transaction

HEADINGS = (
    "Date",
    "Time",
    "Contact",
    "Email",
    "What happened",
    "Amount",
    "Unit",
    "Left after",
    "Source",
    "Who",
    "Note",
)

TOGETHER = {"used": USED, "expired": EXPIRED}
"""Kinds that one choice takes together, as the dashboard's numbers do."""


class MovementFilterForm(forms.Form):
    """Which movements of an account; everything unless said otherwise."""

    KINDS = (
        ("", "Everything"),
        ("used", "Used, less given back"),
        ("expired", "Expired, less restored"),
        ("Alone", [(kind, label) for kind, label in ActivityFilterForm.KINDS if kind]),
    )
    type = forms.ChoiceField(label="Credit type", required=False)
    kind = forms.ChoiceField(label="What happened", choices=KINDS, required=False)
    by = forms.ChoiceField(label="Who or what", required=False)
    since = DayField(label="From", required=False)
    until = DayField(label="Through", required=False)

    def __init__(self, data: Any, *, types: Sequence[CreditType], members: Sequence[Membership]) -> None:
        super().__init__(data)
        self.types = {str(one.public_id): one for one in types}
        self.actors = {f"member.{one.public_id}": Actor("user", one.user_id) for one in members}
        self.actors["customer"] = Actor("contact")
        self.fields["type"].choices = [  # type: ignore[attr-defined]
            ("", "All types"),
            *((key, wording.capital(one.name)) for key, one in self.types.items()),
        ]
        self.fields["by"].choices = [  # type: ignore[attr-defined]
            ("", "Anybody, anything"),
            (
                "People",
                [*((f"member.{one.public_id}", one.user.name) for one in members), ("customer", "The customer")],
            ),
            ("Sources", [(f"source.{name}", label) for name, label in SOURCES.items()]),
        ]

    def wanted(self) -> Wanted:
        """What is not valid filters nothing; the form says so beside it."""
        self.is_valid()
        cleaned = self.cleaned_data
        kind, by = cleaned.get("kind") or "", cleaned.get("by") or ""
        return Wanted(
            credit_type=self.types.get(cleaned.get("type") or ""),
            kinds=TOGETHER.get(kind, (kind,) if kind else ()),
            since=cleaned.get("since"),
            until=cleaned.get("until"),
            actor=self.actors.get(by),
            source=by.removeprefix("source.") if by.startswith("source.") else "",
        )


@dataclass(frozen=True, slots=True)
class Moved:
    """A movement as a row of the table: its line, and whose it is."""

    row: Row
    name: str
    email: str
    url: str
    entry_url: str  # of its line in the contact's own activity; "" while it is not written


@dataclass(frozen=True, slots=True)
class TypeSum:
    credit_type: CreditType
    amount: int
    unit: str
    times: int


@staff(can="credits.read")
@require_safe
def movement_list(request: StaffRequest) -> HttpResponse:
    form = _filter(request)
    wanted = form.wanted()
    page = queries.movements(request.account, wanted, cursor=request.GET.get("older", ""))
    summed = queries.added_up(request.account, wanted)
    here = reverse("credits:movements", args=[request.account.slug])
    chosen = request.GET.copy()
    chosen.pop("older", None)
    filtered = any(chosen.values())
    query = f"?{chosen.urlencode()}" if filtered else ""
    chosen["older"] = page.older
    context = {
        "rows": _rows(request, page),
        "form": form,
        "filtered": filtered,
        "presets": _presets(request, here),
        "sums": None if summed is None else _sums(form, summed),
        "total": Total(sum(one.amount for one in summed.values()), sum(one.times for one in summed.values()))
        if summed
        else Total(),
        "total_unit": "credit" if summed and abs(sum(one.amount for one in summed.values())) == 1 else "credits",
        "most_days": queries.ADDED_UP,
        "here": here,
        "cut": page.cut,
        "looked_at": queries.LOOKED_AT,
        "older": f"{here}?{chosen.urlencode()}" if page.older else "",
        "newest": f"{here}{query}" if request.GET.get("older") else "",
        "csv_url": f"{reverse('credits:movements-csv', args=[request.account.slug])}{query}",
    }
    return TemplateResponse(request, "credits/movement_list.html", context, status=200 if form.is_valid() else 422)


def _filter(request: StaffRequest) -> MovementFilterForm:
    members = Membership.objects.filter(account=request.account).select_related("user").order_by("user__name", "pk")
    return MovementFilterForm(request.GET, types=queries.types_moved(request.account), members=list(members))


def _rows(request: StaffRequest, page: Movements) -> list[Moved]:
    rows = []
    for contact, line in page.lines:
        own = reverse("credits:activity", args=[request.account.slug, contact.public_id])
        rows.append(
            Moved(
                row=row(request, contact, line, shown=set(), may_correct=False),
                name=contact.name,
                email=contact.email,
                url=contact_url(request, contact),
                entry_url=f"{own}?entry={line.key}#e-{line.key}" if line.key else "",
            )
        )
    return rows


def _sums(form: MovementFilterForm, summed: dict[int, Total]) -> list[TypeSum]:
    return [
        TypeSum(one, total.amount, wording.unit(total.amount, one), total.times)
        for one in form.types.values()
        if (total := summed.get(one.pk))
    ]


def _presets(request: StaffRequest, here: str) -> list[dict[str, Any]]:
    """Periods that are often asked for, with what else is chosen."""
    this_day = today(request.account)
    last_month = this_day.replace(day=1) - timedelta(1)
    spans: list[tuple[str, date | None, date | None]] = [
        ("Any time", None, None),
        ("This week", this_day - timedelta(this_day.weekday()), this_day),
        ("This month", this_day.replace(day=1), this_day),
        ("Last month", last_month.replace(day=1), last_month),
    ]
    kept = {name: request.GET[name] for name in ("type", "kind", "by") if request.GET.get(name)}
    presets = []
    for label, since, until in spans:
        days = {"since": since.isoformat() if since else "", "until": until.isoformat() if until else ""}
        asked = {**kept, **{name: value for name, value in days.items() if value}}
        current = all(request.GET.get(name, "") == value for name, value in days.items())
        presets.append({"label": label, "url": f"{here}?{urlencode(asked)}" if asked else here, "current": current})
    return presets


@staff_stream(can="credits.read")
@require_safe
def movement_csv(request: StaffRequest) -> HttpResponseBase:
    with scope(request.account, read_only=True):
        form = _filter(request)
        wanted = form.wanted()
        name = f"credit-activity-{request.account.slug}-{today(request.account).isoformat()}.csv"
    if not form.is_valid():  # a download cannot say what is wrong with its filter; the page can
        return redirect(f"{reverse('credits:movements', args=[request.account.slug])}?{request.GET.urlencode()}")
    response = StreamingHttpResponse(_download(request, wanted), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _download(request: StaffRequest, wanted: Wanted) -> Iterator[str]:
    """All lines, newest first, each page read in a scope of its own: a slow reader holds no transaction open."""
    yield BOM + next(lines([HEADINGS]))
    cursor = ""
    while True:
        with scope(request.account, read_only=True):
            page = queries.movements(request.account, wanted, cursor=cursor, limit=AT_A_TIME)
            read = list(lines(_cells(request, contact, line) for contact, line in page.lines))
        yield from read
        cursor = page.older
        if not cursor:
            return


def _cells(request: StaffRequest, contact: Contact, line: Line) -> list[str | int]:
    happened = line.happened_at.astimezone(request.account.zone)
    return [
        happened.date().isoformat(),
        f"{happened:%H:%M}",
        contact.name,
        contact.email,
        line_sentence(line, today=today(request.account), by=False),
        line.amount,
        wording.unit(line.amount, line.credit_type),
        line.balance_after,
        source_words(line),
        who_words(line),
        line.note,
    ]
