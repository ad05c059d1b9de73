"""A customer's say in a subscription: whether it renews, and with which card."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts.views.customers import ShopRequest, customer, shop_url
from products import gateways
from products.errors import PaymentRefused, WrongMove
from products.gateways import test
from products.models import Purchase
from products.services import cards, payments, renewals
from simplero.lib.moments import day
from simplero.tenancy.scope import scope, today
from simplero.web.http import page_or_fragment, see_other

from .lookup import own_or_404
from .paying import ask_card, over_to, tested_or_404, unavailable


@require_http_methods(["GET", "HEAD", "POST"])
@customer(signed_in=True)
def stop(request: ShopRequest, purchase: uuid.UUID) -> HttpResponse:
    found, account = own_or_404(request, purchase), request.shop.account
    if request.method == "POST":
        try:
            found = renewals.stop(account=account, purchase=found, actor=request.shop.actor)
        except WrongMove as refusal:
            messages.error(request, refusal.wording)
        else:
            messages.success(request, f"The renewal is stopped. It ends on {ends(request, found)}.")
        return see_other(request, back(request, found))
    if found.renews_at is None:
        return see_other(request, back(request, found))
    context: dict[str, object] = {
        "purchase": found,
        "ends": ends(request, found),
        "action": shop_url(request, "stop", purchase),
        "back": back(request, found),
    }
    return page_or_fragment(
        request, page="shop/purchase_dialog.html", fragment="shop/_purchase_stop.html", context=context
    )


@require_POST
@customer(signed_in=True)
def resume(request: ShopRequest, purchase: uuid.UUID) -> HttpResponse:
    found = own_or_404(request, purchase)
    try:
        found = renewals.resume(account=request.shop.account, purchase=found, actor=request.shop.actor)
    except WrongMove as refusal:
        messages.error(request, refusal.wording)
    else:
        messages.success(request, f"It renews again, next on {ends(request, found)}.")
    return see_other(request, back(request, found))


@require_safe
@customer(signed_in=True, scoped=False)
def card(request: ShopRequest, purchase: uuid.UUID) -> HttpResponse:
    """Hand over to the provider's page for another card."""
    found = looked_up(request, purchase)
    try:
        address = payments.change_card(
            account=request.shop.account,
            purchase_id=found.pk,
            email=found.contact.email,
            return_url=request.build_absolute_uri(shop_url(request, "card-given", purchase)),
            cancel_url=request.build_absolute_uri(back(request, found)),
        )
    except PaymentRefused as refusal:
        messages.error(request, refusal.wording)
        return see_other(request, back(request, found))
    except (gateways.Unreachable, gateways.Rejected) as refusal:
        return unavailable(request, found, refusal)
    return over_to(request, address, found, "Give another card")


@require_safe
@customer(signed_in=True, scoped=False)
def card_given(request: ShopRequest, purchase: uuid.UUID) -> HttpResponse:
    """Back from there: the provider is asked which card was given for this very purchase. Opened again, it changes nothing."""
    found = looked_up(request, purchase)
    try:
        given = cards.take(
            account=request.shop.account,
            purchase=found,
            checkout_ref=request.GET.get("checkout", ""),
            actor=request.shop.actor,
        )
    except (gateways.Unreachable, gateways.Rejected) as refusal:
        return unavailable(request, found, refusal)
    if given == "before":
        messages.info(request, "This card was given before, so nothing has changed.")
    elif given:
        messages.success(request, "Renewals are charged to the new card from now on.")
    else:
        messages.warning(request, "No card was given, so nothing has changed.")
    return see_other(request, back(request, found))


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("number")
@customer(signed_in=True)
def test_card(request: ShopRequest, purchase: uuid.UUID) -> HttpResponse:
    """Where another card is given to the provider that moves no money."""
    tested_or_404()
    found = own_or_404(request, purchase)

    def given(answer: test.Answer) -> HttpResponse:
        return see_other(request, f"{shop_url(request, 'card-given', purchase)}?checkout={answer.reference}")

    context = {
        "title": "Another card",
        "name": found.product_name,
        "action": shop_url(request, "test-card", purchase),
        "back": back(request, found),
        "button": "Use this card",
    }
    return ask_card(request, context, lambda number, step: test.answer_card(number, purchase, confirmed=step), given)


def looked_up(request: ShopRequest, purchase: uuid.UUID) -> Purchase:
    with scope(request.shop.account, read_only=True):
        return own_or_404(request, purchase)


def back(request: ShopRequest, purchase: Purchase) -> str:
    return shop_url(request, "purchase", purchase.public_id)


def ends(request: ShopRequest, purchase: Purchase) -> str:
    """The day on which the period that is paid is over."""
    account = request.shop.account
    assert purchase.renews_at is not None
    return day(purchase.renews_at.astimezone(account.zone).date(), today=today(account))
