"""On the way to a payment and back. Providers are asked here, so most of these views run outside any scope."""

import uuid
from typing import Any
from urllib.parse import urlsplit

from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts.views.customers import ShopRequest, customer, shop_url
from products import gateways
from products.errors import PaymentRefused
from products.forms.storefront import TestCardForm
from products.gateways import test
from products.models import Payment, PaymentState, Purchase
from products.services import payments
from simplero.lib.money import reading
from simplero.tenancy.scope import scope
from simplero.web.http import see_other

from .lookup import payment_or_404, purchase_or_404


@require_safe
@customer(scoped=False)
def pay(request: ShopRequest, payment: uuid.UUID) -> HttpResponse:
    """Hand over to the provider's page."""
    found = looked_up(request, payment)
    bought = shop_url(request, "purchase", found.purchase.public_id)
    if found.state != PaymentState.PENDING or found.gateway == "outside":
        return see_other(request, bought)
    try:
        address = payments.begin(
            account=request.shop.account,
            payment_id=found.pk,
            return_url=request.build_absolute_uri(shop_url(request, "paid", payment)),
            cancel_url=request.build_absolute_uri(bought),
        )
    except PaymentRefused:  # paid meanwhile
        return see_other(request, bought)
    except (gateways.Unreachable, gateways.Rejected) as refusal:
        return unavailable(request, found.purchase, refusal)
    return over_to(request, address, found.purchase, f"Pay {amount(found)}")


def over_to(request: ShopRequest, address: str, purchase: Purchase, words: str) -> HttpResponse:
    """To a provider's page. A form's answer may redirect within our own pages only (form-action of the content policy holds for
    redirects too), so elsewhere the browser is led by a page: at once by its Refresh header, or by its link."""
    at = urlsplit(address)
    if at.netloc in ("", request.get_host()):
        return see_other(request, at.path)
    response = page(
        request, "shop/pay.html", {"address": address, "host": at.hostname, "words": words, "purchase": purchase}
    )
    response["Refresh"] = f"0; url={address}"
    return response


@require_safe
@customer(scoped=False)
def paid(request: ShopRequest, payment: uuid.UUID) -> HttpResponse:
    """Back from the provider, which is asked what became of it."""
    found = looked_up(request, payment)
    problem: gateways.Unreachable | gateways.Rejected | None = None
    if found.state == PaymentState.PENDING:
        try:
            payments.look(account=request.shop.account, payment_id=found.pk)
        except (gateways.Unreachable, gateways.Rejected) as refusal:
            problem = refusal
        found = looked_up(request, payment)
    if found.state == PaymentState.PAID:
        return see_other(request, shop_url(request, "purchase", found.purchase.public_id))
    if request.htmx and found.state == PaymentState.PENDING:
        return HttpResponse(status=204)  # the page asks again
    if request.htmx:
        return see_other(request, request.path)
    context = {
        "payment": found,
        "purchase": found.purchase,
        "amount": amount(found),
        "problem": problem,
        "later": isinstance(problem, gateways.Unreachable),
    }
    return page(request, "shop/paid.html", context)


@require_POST
@customer(scoped=False)
def pay_again(request: ShopRequest, purchase: uuid.UUID) -> HttpResponse:
    """To the payment of an order that is not paid yet; where the last one failed or lapsed, to a new one."""
    account = request.shop.account
    with scope(account, read_only=True):
        found = purchase_or_404(request, purchase)
        waits = Payment.objects.filter(purchase=found, state=PaymentState.PENDING).first()
    if waits is not None and waits.checkout_ref:
        try:
            payments.look(account=account, payment_id=waits.pk)  # its page may have lapsed, or been paid
        except (gateways.Unreachable, gateways.Rejected) as refusal:
            return unavailable(request, found, refusal)
    try:
        with scope(account):
            due = payments.ask_again(account=account, purchase=found)
            due.refresh_from_db(fields=["public_id"])
    except PaymentRefused:
        return see_other(request, shop_url(request, "purchase", purchase))
    return see_other(request, shop_url(request, "pay", due.public_id))


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("number")
@customer()
def test_pay(request: ShopRequest, payment: uuid.UUID) -> HttpResponse:
    """The page of the provider that moves no money: a card number, and for some cards the bank's other step."""
    tested_or_404()
    found = payment_or_404(request, payment)
    if found.gateway != test.code:
        raise Http404
    if found.state != PaymentState.PENDING:
        return see_other(request, shop_url(request, "purchase", found.purchase.public_id))

    def given(answer: test.Answer) -> HttpResponse:
        payments.checked_out(account=request.shop.account, payment_id=found.pk, checkout_ref=answer.reference)
        return see_other(request, shop_url(request, "paid", payment))

    context = {
        "title": f"Pay {amount(found)}",
        "name": found.purchase.product_name,
        "action": shop_url(request, "test-pay", payment),
        "back": shop_url(request, "purchase", found.purchase.public_id),
        "button": f"Pay {amount(found)}",
    }
    return ask_card(request, context, lambda number, step: test.answer(number, payment, confirmed=step), given)


def ask_card(request: ShopRequest, context: dict[str, Any], answers: Any, given: Any) -> HttpResponse:
    """A test card's number, what the card `answers` to it, and on to what follows once it is `given`."""
    form = TestCardForm(request.POST or None)
    step, status = None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            answer = answers(form.cleaned_data["number"], form.cleaned_data["step"])
            if answer.outcome == "paid":
                response: HttpResponse = given(answer)
                return response
            if answer.outcome == "step":
                step, status = answer.sentence, 200
            else:
                form.add_error("number", answer.sentence)
                status = 409
    more = {"form": form, "step": step, "cards": test.CARDS}
    return TemplateResponse(request, "shop/pay_test.html", context | more, status=status)


def tested_or_404() -> None:
    """Test cards exist in development and demonstration only."""
    if test.code not in gateways.offered():
        raise Http404


def looked_up(request: ShopRequest, payment: uuid.UUID) -> Payment:
    with scope(request.shop.account, read_only=True):
        return payment_or_404(request, payment)


def unavailable(
    request: ShopRequest, purchase: Purchase, refusal: gateways.Unreachable | gateways.Rejected
) -> HttpResponse:
    """The provider could not be asked, or would not have it: nothing is lost."""
    later = isinstance(refusal, gateways.Unreachable)
    return page(request, "shop/pay_unavailable.html", {"purchase": purchase, "later": later}, status=503)


def page(request: ShopRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    with scope(request.shop.account, read_only=True):
        return TemplateResponse(request, template, context, status=status).render()


def amount(payment: Payment) -> str:
    return reading(payment.amount, payment.currency)
