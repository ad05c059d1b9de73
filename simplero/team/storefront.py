"""Settings → Storefront: how an account's shop looks, and the domain it stands under."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from simplero.lib.moments import day
from simplero.lib.refusals import Refusal
from simplero.tenancy.models import Account, Domain
from simplero.tenancy.scope import scope
from simplero.web.access import staff, staff_outside
from simplero.web.hosts import named
from simplero.web.http import StaffRequest, see_other

from . import domains, queries, services
from .forms import DomainForm, StorefrontForm, refuse


@require_http_methods(["GET", "HEAD", "POST"])
@staff(can="settings")
def storefront(request: StaffRequest) -> HttpResponse:
    form, status = StorefrontForm.of(request.account), 200
    if request.method == "POST":
        form, status = StorefrontForm(request.POST, request.FILES), 422
        if dress(request, form):
            messages.success(request, "Saved.")
            return see_other(request, "team:storefront", request.account.slug)
    return page(request, form, DomainForm(), status=status)


def dress(request: StaffRequest, form: StorefrontForm) -> bool:
    """Keep the logo and the colour that were sent, here or under Account; False where the form says what is wrong with them."""
    if not form.is_valid():
        return False
    try:
        services.dress_storefront(
            account=request.account,
            colour=form.chosen_colour(),
            logo=form.cleaned_data["logo"] or None,
            without_logo=form.cleaned_data["without_logo"],
            actor=request.actor,
        )
    except Refusal as refusal:
        form.add_error(refusal.field or "logo", refusal.wording)
        return False
    return True


def logo_url(account: Account) -> str:
    return reverse("shop:pictures", args=[account.slug, account.logo]) if account.logo else ""


@require_POST
@staff(can="settings")
def domain_add(request: StaffRequest) -> HttpResponse:
    form, status = DomainForm(request.POST), 422
    if form.is_valid():
        try:
            domains.claim(account=request.account, host=form.cleaned_data["host"], actor=request.actor)
        except Refusal as refusal:
            refuse(form, refusal)
            status = 409
        else:
            return to_storefront(request)
    return page(request, StorefrontForm.of(request.account), form, status=status)


@require_POST
@staff_outside(can="settings")
def domain_check(request: StaffRequest, domain: UUID) -> HttpResponse:
    """Check now. Name servers may take seconds to answer, and no transaction waits for them."""
    claimed = claim_or_404(request, domain)
    found = domains.records(claimed)
    try:
        with scope(request.account):
            settled = domains.settle(account=request.account, domain=claimed, records=found, actor=request.actor)
    except Refusal as refusal:
        messages.warning(request, refusal.wording)
    else:
        say(request, settled, found)
    return to_storefront(request)


@require_POST
@staff(can="settings")
def domain_remove(request: StaffRequest, domain: UUID) -> HttpResponse:
    claimed = claim_or_404(request, domain)
    domains.remove(account=request.account, domain=claimed, actor=request.actor)
    messages.success(request, f"{claimed.host} is removed. Your storefront does not stand there any more.")
    return to_storefront(request)


def claim_or_404(request: StaffRequest, domain: UUID) -> Domain:
    return get_object_or_404(queries.domains(request.account), public_id=domain)


def say(request: StaffRequest, domain: Domain, found: list[str] | None) -> None:
    """What the check came to, and what to do about it."""
    name = domains.record_name(domain.host)
    if domain.verified_at and not domain.failing_since:
        messages.success(request, f"{domain.host} is yours. Your storefront stands there now.")
    elif found is None:
        messages.warning(request, f"The name servers of {domain.host} did not answer. Try again in a few minutes.")
    elif not found:
        messages.warning(request, f"There is no TXT record at {name} yet. New records can take an hour to be seen.")
    else:
        messages.warning(request, f"There is a TXT record at {name}, but it says something else than it should.")


def page(request: StaffRequest, form: StorefrontForm, domain_form: DomainForm, *, status: int) -> HttpResponse:
    shop = reverse("shop:catalogue", args=[request.account.slug])
    context = {
        "form": form,
        "domain_form": domain_form,
        "shop_url": request.build_absolute_uri(shop),
        "logo_url": logo_url(request.account),
        "domains": [
            {
                "row": domain,
                "record": domains.record_name(domain.host),
                "until": day((domain.failing_since + domains.GRACE).astimezone(request.account.zone).date())
                if domain.failing_since
                else "",
            }
            for domain in queries.domains(request.account)
        ],
        "full": len(queries.domains(request.account)) >= domains.MOST_DOMAINS,
        "our_host": named(request),
    }
    return TemplateResponse(request, "team/storefront_edit.html", context, status=status)


def to_storefront(request: StaffRequest) -> HttpResponse:
    return see_other(request, "team:storefront", request.account.slug)
