"""The first page of an account: how much is outstanding, what was used, what ends, and what to do first where nothing is yet.

Every number is the sum of the list it leads to. Figures come from `credits.queries.tallies`, which costs the same however much has
happened.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from automations.queries import attention
from credits.queries import account_ends, tallies
from credits.queries.account_movements import types_moved
from credits.wording import capital, quantity
from simplero.finding.filters import FEWER, HAS, Filter, Left
from simplero.lib.moments import day
from simplero.tenancy import roles
from simplero.tenancy.scope import today
from simplero.web.access import staff
from simplero.web.http import StaffRequest, see_other

from . import charts, first_steps

if TYPE_CHECKING:
    from credits.models import CreditType

WEEKS = 12
"""Weeks of each chart, the present one among them."""

SOON = 30
"""Days ahead of which the figures say what ends."""

MOST_TYPES = 12
"""Types of which the table tells; the list of types tells of all."""


@dataclass(frozen=True, slots=True)
class Days:
    """The periods that the page tells of. A month is compared with as many days of the one before."""

    today: date

    @property
    def month(self) -> date:
        return self.today.replace(day=1)

    @property
    def last_month(self) -> date:
        return (self.month - timedelta(1)).replace(day=1)

    @property
    def last_month_until(self) -> date:
        return min(self.last_month + (self.today - self.month), self.month - timedelta(1))

    @property
    def monday(self) -> date:
        return self.today - timedelta(self.today.weekday())

    @property
    def past(self) -> list[date]:
        """The Mondays of the weeks that have been, this one the last."""
        return [self.monday - timedelta(7 * back) for back in reversed(range(WEEKS))]

    @property
    def coming(self) -> list[date]:
        return [self.monday + timedelta(7 * ahead) for ahead in range(WEEKS)]

    @property
    def soon(self) -> date:
        return self.today + timedelta(SOON)


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A credit type in the table, each number with the list behind it."""

    name: str
    url: str
    free: int
    free_url: str
    used: int
    used_url: str
    before: int
    before_url: str
    ends: int
    ends_url: str
    last: int
    last_url: str


@staff(can="credits.read")
@require_safe
def dashboard(request: StaffRequest) -> HttpResponse:
    account, days = request.account, Days(today(request.account))
    types = types_moved(account)
    moved = tallies.sums(account, daily=days.past[0])
    ends = account_ends.ends(account, until=days.coming[-1] + timedelta(6))
    last = tallies.at_last_credit(account)
    page = _Page(request, days, types, moved, ends, last)
    may_settle = roles.allows(request.membership.role, "automations")
    context = {
        **page.figures(),
        "rows": page.rows()[:MOST_TYPES],
        "more_types": max(len(page.rows()) - MOST_TYPES, 0),
        "used_chart": page.used_chart(),
        "outstanding_chart": page.outstanding_chart(),
        "ends_chart": page.ends_chart(),
        "may_settle": may_settle,
        "attention": attention.number(account) if may_settle else 0,
        "steps": first_steps.panel(request, types=types, kinds={one.kind for one in moved}),
        "soon_days": SOON,
    }
    return TemplateResponse(request, "pages/dashboard.html", context)


@require_POST
@staff(can="credits.read")
def steps_dismiss(request: StaffRequest) -> HttpResponse:
    """First steps are shown no more, in this browser."""
    response = see_other(request, "pages:dashboard", request.account.slug)
    first_steps.dismiss(request, response)
    return response


class _Page:
    """The page's numbers, and the addresses of the lists behind them."""

    def __init__(
        self,
        request: StaffRequest,
        days: Days,
        types: "Sequence[CreditType]",
        moved: Sequence[tallies.Sum],
        ends: Sequence[account_ends.Ends],
        last: dict[int, int],
    ) -> None:
        self.slug, self.days, self.types, self.moved, self.ends, self.last = (
            request.account.slug, days, types, moved, ends, last,
        )  # fmt: skip
        self.free = {pk: total.amount for pk, total in tallies.by_type(moved).items()}
        self.used = self._used(days.month, days.today)
        self.before = self._used(days.last_month, days.last_month_until)
        self.soon = self._ending(days.today, days.soon)
        self.series = self._series()

    def _used(self, since: date, until: date) -> dict[int, int]:
        """Credits used less given back, by type; positive."""
        found = (one for one in self.moved if one.day and since <= one.day <= until)
        return {pk: -total.amount for pk, total in tallies.by_type(found, tallies.USED).items()}

    def _ending(self, since: date, until: date) -> dict[int, int]:
        found: dict[int, int] = defaultdict(int)
        for one in self.ends:
            if since <= one.last_good_day <= until:
                found[one.credit_type_id] += one.amount
        return found

    def _series(self) -> dict[int, int]:
        """The number of each type's colour and pattern, the same in every chart: those of which most was used and is outstanding first."""
        weight: dict[int, int] = defaultdict(int)
        for one in self.moved:
            if one.day and one.kind in tallies.USED:
                weight[one.credit_type_id] -= one.amount
        for pk, free in self.free.items():
            weight[pk] += free
        order = sorted((one.pk for one in self.types if one.pk in weight), key=lambda pk: -weight[pk])
        alone = charts.SERIES + 1 if len(order) == charts.SERIES + 1 else charts.SERIES
        return {pk: min(number, charts.SERIES + 1) for number, pk in enumerate(order[:alone], start=1)} | dict.fromkeys(
            order[alone:], charts.SERIES + 1
        )

    # Addresses of lists.

    def movements(self, *, kind: str = "", since: date | None = None, until: date | None = None, of: "CreditType | None" = None) -> str:  # fmt: skip
        asked = {"type": of and of.public_id, "kind": kind, "since": since, "until": until}
        return self._address("credits:movements", asked)

    def ending(self, since: date, until: date, of: "CreditType | None" = None) -> str:
        return self._address("credits:ends", {"type": of and of.public_id, "since": since, "until": until})

    def at_last(self, of: "CreditType") -> str:
        """The contacts who have some of the type, and fewer than 2."""
        wanted = Filter(credits=(Left(of.public_id, HAS), Left(of.public_id, FEWER, 2)))
        return f"{reverse('contacts:list', args=[self.slug])}?{wanted.query()}"

    def _address(self, name: str, asked: dict[str, Any]) -> str:
        query = urlencode({key: str(value) for key, value in asked.items() if value})
        url = reverse(name, args=[self.slug])
        return f"{url}?{query}" if query else url

    # What the page shows.

    def figures(self) -> dict[str, Any]:
        days, used, before = self.days, sum(self.used.values()), sum(self.before.values())
        at_last = [one for one in self.types if self.last.get(one.pk)]
        return {
            "free": sum(self.free.values()),
            "free_url": self.movements(),
            "used": used,
            "used_url": self.movements(kind="used", since=days.month, until=days.today),
            "before": before,
            "compared": _compared(used, before, days),
            "ending": sum(self.soon.values()),
            "ending_url": self.ending(days.today, days.soon),
            "first_end": next((day(one.last_good_day, today=days.today) for one in self.ends), ""),
            "at_last": sum(self.last.values()),
            "at_last_url": self.at_last(at_last[0]) if len(at_last) == 1 else "#types" if at_last else "",
            "totals": TypeRow(
                name="",
                url="",
                free=sum(self.free.values()),
                free_url=self.movements(),
                used=used,
                used_url=self.movements(kind="used", since=days.month, until=days.today),
                before=before,
                before_url=self.movements(kind="used", since=days.last_month, until=days.last_month_until),
                ends=sum(self.soon.values()),
                ends_url=self.ending(days.today, days.soon),
                last=sum(self.last.values()),
                last_url="",
            ),
            "before_words": _span(days.last_month, days.last_month_until),
            "month_words": f"{days.today:%B}",
        }

    def rows(self) -> list[TypeRow]:
        days = self.days
        rows = [
            TypeRow(
                name=capital(one.name),
                url=reverse("credits:type", args=[self.slug, one.public_id]),
                free=self.free.get(one.pk, 0),
                free_url=self.movements(of=one),
                used=self.used.get(one.pk, 0),
                used_url=self.movements(kind="used", since=days.month, until=days.today, of=one),
                before=self.before.get(one.pk, 0),
                before_url=self.movements(kind="used", since=days.last_month, until=days.last_month_until, of=one),
                ends=self.soon.get(one.pk, 0),
                ends_url=self.ending(days.today, days.soon, one),
                last=self.last.get(one.pk, 0),
                last_url=self.at_last(one),
            )
            for one in self.types
            if one.archived_at is None or any(found.get(one.pk) for found in (self.free, self.used, self.before))
        ]
        return sorted(rows, key=lambda row: -row.free)

    def used_chart(self) -> charts.Chart:
        weeks = [(monday, self._used(monday, monday + timedelta(6))) for monday in self.days.past]

        def url(monday: date, of: "CreditType | None" = None) -> str:
            return self.movements(kind="used", since=monday, until=monday + timedelta(6), of=of)

        def all_of(of: "CreditType | None" = None) -> str:
            return self.movements(kind="used", since=self.days.past[0], until=self.days.monday + timedelta(6), of=of)

        return self._by_week(weeks, url, all_of, "used")

    def ends_chart(self) -> charts.Chart:
        weeks = [
            (monday, self._ending(max(monday, self.days.today), monday + timedelta(6))) for monday in self.days.coming
        ]

        def url(monday: date, of: "CreditType | None" = None) -> str:
            return self.ending(max(monday, self.days.today), monday + timedelta(6), of)

        def all_of(of: "CreditType | None" = None) -> str:
            return self.ending(self.days.today, self.days.coming[-1] + timedelta(6), of)

        return self._by_week(weeks, url, all_of, "ending")

    def _by_week(self, weeks: Sequence[tuple[date, dict[int, int]]], url: Any, all_of: Any, verb: str) -> charts.Chart:
        """Stacked bars of one week each, of the types of which there is anything."""
        present = {pk for _, amounts in weeks for pk, amount in amounts.items() if amount}
        numbers = sorted({self.series[pk] for pk in present if pk in self.series})
        members = {number: [one for one in self.types if one.pk in present and self.series.get(one.pk) == number] for number in numbers}  # fmt: skip
        single = {number: mine[0] if len(mine) == 1 else None for number, mine in members.items()}
        series = [
            charts.Series(number, capital(one.plural) if (one := single[number]) else "Others", all_of(one))
            for number in numbers
        ]
        wanted = []
        for monday, amounts in weeks:
            values = [sum(amounts.get(one.pk, 0) for one in members[number]) for number in numbers]
            said = [quantity(amounts[one.pk], one) for one in self.types if amounts.get(one.pk)]
            total = sum(values)
            wanted.append(
                charts.Bar(
                    label=_short(monday),
                    said=f"Week of {_short(monday)}: {_said(total, said)} {verb}",
                    url=url(monday),
                    values=values,
                    urls=[url(monday, single[number]) for number in numbers],
                )
            )
        return charts.bars(wanted, series)

    def outstanding_chart(self) -> charts.Chart:
        """What was outstanding at the end of each day, from the eve of the first week on."""
        first, level = self.days.past[0], 0
        per_day: dict[date, int] = defaultdict(int)
        for one in self.moved:
            if one.day is None:
                level += one.amount
            else:
                per_day[one.day] += one.amount
        levels = [level]
        for number in range((self.days.today - first).days + 1):
            level += per_day[first + timedelta(number)]
            levels.append(level)
        wanted = []
        for index, monday in enumerate(self.days.past):
            then = levels[min((index + 1) * 7, len(levels) - 1)]
            end = "now" if monday == self.days.monday else "at its end"
            wanted.append(
                charts.Bar(
                    label=_short(monday),
                    said=f"Week of {_short(monday)}: {then:,} outstanding {end}",
                    url=self.movements(since=monday, until=monday + timedelta(6)),
                    values=[then],
                )
            )
        return charts.area(levels, wanted, each=7)


def _said(total: int, said: Sequence[str]) -> str:
    if not said:
        return "nothing"
    return said[0] if len(said) == 1 else f"{total:,} credits ({', '.join(said)})"


def _short(one: date) -> str:
    return f"{one.day} {one:%b}"


def _span(since: date, until: date) -> str:
    """ "1 October", "1 to 22 October"."""
    return f"{since.day} {since:%B}" if since == until else f"{since.day} to {until.day} {until:%B}"


def _compared(used: int, before: int, days: Days) -> str:
    """How this month stands beside as many days of the last: "+12% on 1 to 22 October (214)"."""
    then = _span(days.last_month, days.last_month_until)
    if before <= 0 or used < 0:
        return f"{before:,} from {then}" if days.last_month != days.last_month_until else f"{before:,} on {then}"
    change = round(100 * (used - before) / before)
    words = f"{change:+,}%".replace("-", "\u2212") if change else "As many as"
    return f"{words} on {then} ({before:,})" if change else f"As many as on {then}"
