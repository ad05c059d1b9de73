"""Settings → Account: the business's name, logo and colour, its time zone and currency, and how its people sign in."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from credits.queries.rezoning import MOST_LISTED, Rezoned
from credits.wording import quantity
from products.queries.money import InMoney, in_money
from simplero.lib.moments import day, moment
from simplero.lib.places import currencies
from simplero.lib.refusals import Refusal
from simplero.tenancy.actors import Actor
from simplero.tenancy.people import actor_names
from simplero.tenancy.roles import allows
from simplero.tenancy.scope import now, today
from simplero.web.access import staff
from simplero.web.forms import refused, renew
from simplero.web.http import AGAINST_A_RULE, BAD_INPUT, StaffRequest, see_other

from . import services, zones
from .forms import AccountForm, CurrencyForm, RezoneForm, SecurityForm, StorefrontForm, ZoneForm
from .models import Rezoning
from .storefront import dress, logo_url


@require_http_methods(["GET", "HEAD", "POST"])
@staff(can="settings")
def account(request: StaffRequest) -> HttpResponse:
    if request.method != "POST":
        return page(request)
    form = AccountForm(request.POST)
    if form.is_valid():
        services.rename_account(account=request.account, name=form.cleaned_data["name"], actor=request.actor)
        return saved(request)
    return page(request, BAD_INPUT, form=form)


@require_POST
@staff(can="settings")
def look(request: StaffRequest) -> HttpResponse:
    form = StorefrontForm(request.POST, request.FILES)
    return saved(request) if dress(request, form) else page(request, BAD_INPUT, look=form)


@require_POST
@staff(can="settings")
def currency(request: StaffRequest) -> HttpResponse:
    form, status = CurrencyForm(request.POST), BAD_INPUT
    if form.is_valid():
        try:
            services.change_currency(
                account=request.account, currency=form.cleaned_data["currency"], actor=request.actor
            )
        except Refusal as refusal:
            status = refused(form, refusal)
        else:
            return saved(request)
    return page(request, status, currency=form)


@require_POST
@staff(can="members")
def security(request: StaffRequest) -> HttpResponse:
    form = _security_form(request, request.POST)
    if form.is_valid():
        try:
            services.require_second_factor(
                account=request.account, required=form.cleaned_data["second_factor_required"], actor=request.actor
            )
        except Refusal as refusal:
            refused(form, refusal)
        else:
            return saved(request)
    return page(request, AGAINST_A_RULE, security=form)


def _security_form(request: StaffRequest, answers: QueryDict | None = None) -> SecurityForm:
    return SecurityForm(answers, initial={"second_factor_required": request.account.second_factor_required})


def saved(request: StaffRequest) -> HttpResponse:
    messages.success(request, "Saved.")
    return see_other(request, "team:account", request.account.slug)


def page(request: StaffRequest, status: int = 200, **forms: Any) -> HttpResponse:
    """The page, with the `forms` that somebody sent and that said no: form, look, currency, security."""
    account, used = request.account, in_money(request.account)
    context = {
        "form": AccountForm(initial={"name": account.name}),
        "look": StorefrontForm.of(account),
        "currency": CurrencyForm(initial={"currency": account.currency}),
        "security": _security_form(request),
        **forms,
        "may_secure": allows(request.membership.role, "members"),
        "logo_url": logo_url(account),
        "here_and_now": here_and_now(request),
        "changing": zones.under_way(account),
        "fixed": fixed(used) if used else "",
        "currency_name": dict(currencies()).get(account.currency, account.currency),
    }
    return TemplateResponse(request, "team/account_edit.html", context, status=status)


def here_and_now(request: StaffRequest) -> str:
    at = now().astimezone(request.account.zone)
    return f"{at:%A}, {day(at.date())}, {at:%H:%M}"


def fixed(used: InMoney) -> str:
    """Why the currency stays, and what to do about that."""
    prices = f"{used.prices:,} {'price' if used.prices == 1 else 'prices'} in money"
    bought = f"{used.purchases:,} {'purchase' if used.purchases == 1 else 'purchases'} paid in money"
    if used.purchases:
        held = f"{bought} and {prices}" if used.prices else bought
        return (
            f"It stays as it is: {held} would mean other amounts in another currency. "
            "To sell in another one, open an account for that."
        )
    return f"It stays as it is while there {'is' if used.prices == 1 else 'are'} {prices}. Remove them under Products, then choose another here."


# Time zone.


@require_http_methods(["GET", "HEAD", "POST"])
@staff(can="settings")
def time_zone(request: StaffRequest) -> HttpResponse:
    """Choose one (GET, with `time_zone`: what it would do) and confirm what was shown (POST)."""
    if request.method != "POST":
        asked = "time_zone" in request.GET
        choose = ZoneForm(request.GET if asked else None, initial={"time_zone": request.account.time_zone})
        return _time_zone_page(request, choose, chosen=choose.cleaned_data["time_zone"] if choose.is_valid() else "")
    confirm = RezoneForm(request.POST)
    if not confirm.is_valid():
        return _time_zone_page(request, ZoneForm(request.POST), status=BAD_INPUT)
    chosen = confirm.cleaned_data["time_zone"]
    try:
        zones.ask(account=request.account, time_zone=chosen, seen=confirm.cleaned_data["seen"], actor=request.actor)
    except Refusal as refusal:
        status = refused(confirm, refusal)
        return _time_zone_page(
            request, ZoneForm(initial={"time_zone": chosen}), chosen=chosen, confirm=confirm, status=status
        )
    return see_other(request, "team:time_zone", request.account.slug)


def _time_zone_page(
    request: StaffRequest, choose: ZoneForm, *, chosen: str = "", confirm: RezoneForm | None = None, status: int = 200
) -> HttpResponse:
    preview, newest = None, zones.newest(request.account)
    if chosen and not zones.under_way(request.account):
        try:
            found, seal = zones.preview(request.account, chosen)
        except Refusal as refusal:
            if confirm is None and choose.is_bound:
                status = refused(choose, refusal)
        else:
            if confirm is None:
                confirm = RezoneForm(initial={"time_zone": chosen, "seen": seal})
            else:
                renew(confirm, "seen", seal)
            preview = told(request, found, chosen)
    if choose.is_bound and not choose.is_valid() and status == 200:
        status = BAD_INPUT
    context = {
        "choose": choose,
        "confirm": confirm,
        "preview": preview,
        "here": reverse("team:time_zone", args=[request.account.slug]),
        "here_and_now": here_and_now(request),
        "newest": newest and outcome(request, newest),
    }
    return TemplateResponse(request, "team/time_zone.html", context, status=status)


def told(request: StaffRequest, found: Rezoned, chosen: str) -> dict[str, Any]:
    """What a change would do, in words."""
    account = request.account
    clock = now().astimezone(ZoneInfo(chosen))
    return {
        "zone": chosen.replace("_", " "),
        "there_and_now": f"{clock:%A}, {day(clock.date())}, {clock:%H:%M}",
        "other_day": clock.date() != today(account),
        "lots": _lots(found),
        "over": [
            {
                "contact": one.contact,
                "url": reverse("contacts:contact", args=[account.slug, one.contact.public_id]),
                "what": quantity(one.amount, one.credit_type),
                "until": day(one.last_good_day),
            }
            for one in sorted(found.over, key=lambda one: (one.contact.name_key, one.public_id))[:MOST_LISTED]
        ],
        "over_lots": len(found.over),
        "over_more": max(len(found.over) - MOST_LISTED, 0),
        "over_credits": found.credits_over,
    }


def _lots(found: Rezoned) -> list[str]:
    """How many lots end when, sentence by sentence."""
    hours = (
        _hours(found.least)
        if found.least == found.most
        else f"{_hours(found.least, bare=True)} to {_hours(found.most)}"
    )
    said = [
        f"{count:,} {'lot keeps its last good day and ends' if count == 1 else 'lots keep their last good day and end'} {hours} {way}."
        for count, way in ((found.later, "later"), (found.earlier, "earlier"))
        if count
    ]
    if found.same and said:
        said.append(f"{found.same:,} {'ends' if found.same == 1 else 'end'} at the same instant.")
    return said or ["No lot ends at another instant."]


def _hours(span: timedelta, *, bare: bool = False) -> str:
    hours = f"{span / timedelta(hours=1):g}"
    return hours if bare else f"{hours} {'hour' if hours == '1' else 'hours'}"


def outcome(request: StaffRequest, asked: Rezoning) -> dict[str, Any]:
    """How far a change is, or what it came to."""
    who = Actor("user", asked.asked_by)
    return {
        "row": asked,
        "before": asked.before.replace("_", " "),
        "after": asked.after.replace("_", " "),
        "who": actor_names([who])[who],
        "when": moment(asked.done_at or asked.asked_at, now=now(), zone=request.account.zone),
    }
