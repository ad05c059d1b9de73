"""Settings → Payments: the ways to pay that a business has. Keys come in here and are never shown again."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from products.forms.gateways import KeyForm, OutsideForm, SigningSecretForm, SwitchForm
from products.gateways import Rejected, Unreachable, accounts, offered, outside, stripe, test
from products.gateways.messages import KINDS
from products.services import gateways as services
from simplero.lib.refusals import Refusal
from simplero.tenancy.scope import scope
from simplero.web.access import staff, staff_outside
from simplero.web.http import AGAINST_A_RULE, BAD_INPUT, StaffRequest, page_or_fragment, see_other

UNREACHABLE = 503


@staff(can="gateways")
@require_safe
def gateways(request: StaffRequest) -> HttpResponse:
    return _page(request)


@sensitive_post_parameters("key")
@staff_outside(can="gateways")
@require_http_methods(["GET", "HEAD", "POST"])
def stripe_key(request: StaffRequest) -> HttpResponse:
    form, status = KeyForm(request.POST or None), 200
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            key = form.cleaned_data["key"]
            try:
                stripe.check(key)
            except Rejected:
                form.add_error("key", "Stripe does not accept this key, or the key may not read the balance.")
                status = AGAINST_A_RULE
            except Unreachable as refusal:
                form.add_error(None, f"{refusal.wording} Nothing was changed.")
                status = UNREACHABLE
            else:
                with scope(request.account):
                    services.keep_key(account=request.account, key=key, actor=request.actor)
                messages.success(request, "Stripe accepts the key. It is kept.")
                return _back(request)
    with scope(request.account, read_only=True):
        replacing = bool(services.token(request.account))
    context: dict[str, object] = {
        "form": form,
        "title": "Replace the secret key" if replacing else "Connect Stripe",
        "lede": "Payments already taken can only be refunded with a key of the same Stripe account."
        if replacing
        else "",
        "back": _url(request),
        "action": _url(request, "stripe-key"),
    }
    return page_or_fragment(
        request,
        page="products/gateway_key.html",
        fragment="products/_gateway_key.html",
        context=context,
        status=status,
    )


@sensitive_post_parameters("secret")
@staff(can="gateways")
@require_http_methods(["GET", "HEAD", "POST"])
def stripe_secret(request: StaffRequest) -> HttpResponse:
    form, status = SigningSecretForm(request.POST or None), 200
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            try:
                services.keep_webhook_secret(
                    account=request.account, secret=form.cleaned_data["secret"], actor=request.actor
                )
            except Refusal as refusal:
                form.add_error(refusal.field, refusal.wording)
                status = AGAINST_A_RULE
            else:
                messages.success(request, "The signing secret is kept.")
                return _back(request)
    context = {"form": form, "back": _url(request), "action": _url(request, "stripe-secret")}
    return page_or_fragment(
        request,
        page="products/gateway_secret.html",
        fragment="products/_gateway_secret.html",
        context=context,
        status=status,
    )


@staff(can="gateways")
@require_http_methods(["GET", "HEAD", "POST"])
def stripe_address(request: StaffRequest) -> HttpResponse:
    refusal = ""
    if request.method == "POST":
        try:
            services.renew_address(account=request.account, actor=request.actor)
        except Refusal as error:
            refusal = error.wording
        else:
            messages.success(request, "Here is the new address. Enter it in Stripe, or no message will arrive.")
            return _back(request)
    context: dict[str, object] = {"refusal": refusal, "back": _url(request), "action": _url(request, "stripe-address")}
    return page_or_fragment(
        request,
        page="products/gateway_address.html",
        fragment="products/_gateway_address.html",
        context=context,
        status=AGAINST_A_RULE if refusal else 200,
    )


@staff(can="gateways")
@require_POST
def stripe_switch(request: StaffRequest) -> HttpResponse:
    return _switch(request, stripe.code)


@staff(can="gateways")
@require_POST
def test_switch(request: StaffRequest) -> HttpResponse:
    if test.code not in offered():
        raise Http404
    return _switch(request, test.code)


def _switch(request: StaffRequest, gateway: str) -> HttpResponse:
    on = SwitchForm(request.POST)
    try:
        services.switch(
            account=request.account,
            gateway=gateway,
            on=on.is_valid() and on.cleaned_data["on"],
            actor=request.actor,
        )
    except Refusal as refusal:
        messages.error(request, refusal.wording)
    else:
        messages.success(request, "Saved.")
    return _back(request)


@staff(can="gateways")
@require_POST
def outside_(request: StaffRequest) -> HttpResponse:
    form = OutsideForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=BAD_INPUT)
    services.write_instructions(
        account=request.account,
        instructions=form.cleaned_data["instructions"],
        on=form.cleaned_data["enabled"],
        actor=request.actor,
    )
    messages.success(request, "Saved.")
    return _back(request)


def _page(request: StaffRequest, form: OutsideForm | None = None, *, status: int = 200) -> HttpResponse:
    rows = accounts.connected(request.account)
    paid_outside, cards = rows.get(outside.code), rows.get(stripe.code)
    token = services.token(request.account)
    written = {"enabled": paid_outside.enabled, "instructions": paid_outside.instructions} if paid_outside else {}
    context = {
        "stripe": cards if cards and token else None,
        "live": bool(cards) and stripe.mode_of(cards.hint if cards else "") == "live",
        "signed": bool(token) and services.hears(request.account),
        "address": request.build_absolute_uri(reverse("stripe_hook", args=[token])) if token else "",
        "kinds": KINDS,
        "form": form or OutsideForm(initial=written),
        "test": rows.get(test.code),
        "test_offered": test.code in offered(),
        "test_cards": [(_grouped(number), does) for number, does in test.CARDS.items()],
    }
    return TemplateResponse(request, "products/gateway_list.html", context, status=status)


def _grouped(number: str) -> str:
    """A card's number as it stands on the card."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def _url(request: StaffRequest, name: str = "gateways") -> str:
    return reverse(f"products:{name}", args=[request.account.slug])


def _back(request: StaffRequest) -> HttpResponse:
    return see_other(request, _url(request))
