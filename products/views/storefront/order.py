"""The order form: a price, how many, what it comes to, and the order itself."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from allauth.core import ratelimit
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from contacts.directory import email_key
from contacts.views.customers import ShopRequest, customer, shop_url, sign_in_url
from credits import queries as credits
from credits.errors import InsufficientCredits
from credits.wording import good, quantity
from products.forms.storefront import ChoosingForm, OrderForm
from products.gateways import accounts
from products.models import Payment, PaymentState, PriceKind, Product, Purchase, State
from products.queries import bought, offering
from products.queries import catalogue as shelves
from products.queries.offering import BELOW, MONEY, SHORT, SIGNED_OUT, Choice
from products.services import ordering
from simplero.lib.moments import day
from simplero.lib.refusals import Refusal, Unacceptable
from simplero.tenancy.scope import now, today
from simplero.web.http import page_or_fragment, see_other

from . import words
from .lookup import buyer, digest, product_or_404

SAID = {BELOW, SHORT, "few", "many"}
"""Reasons whose sentences are for customers too; the others are the business's own affair."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an order form asks for; what is missing or cannot be is None or empty."""

    price: uuid.UUID | None = None
    quantity: int | None = None
    gateway: str = ""
    wrong: str = ""  # what is the matter with the quantity

    @classmethod
    def of(cls, form: ChoosingForm) -> "Asked":
        form.is_valid()
        cleaned = form.cleaned_data
        wrong = str(next(iter(form.errors.get("quantity", [])), "")) if form.data.get("quantity") else ""
        return cls(cleaned.get("price"), cleaned.get("quantity"), cleaned.get("gateway") or "", wrong)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("name", "email")
@customer()
def order(request: ShopRequest, slug: str) -> HttpResponse:
    product = product_or_404(request, slug)
    if request.method == "POST":
        return place(request, product)
    asked = Asked.of(ChoosingForm(request.GET, product=product))
    before = bought.just_bought(request.shop.account, buyer(request), product)
    if before and not request.htmx and "again" not in request.GET:
        return bought_before(request, product, before, asked)
    return page(request, product, asked)


def place(request: ShopRequest, product: Product) -> HttpResponse:
    shop = request.shop
    form = OrderForm(request.POST, product=product, signed_in=shop.contact is not None)
    asked = Asked.of(form)
    if "update" in request.POST:  # only the total, for a browser without scripts
        return page(request, product, asked, form=order_form(request, product, initial=request.POST.dict()))
    if asked.price is None:
        form.add_error(None, "Choose a price.")
    if not form.is_valid() or asked.price is None:
        return page(request, product, asked, form=form, status=422)
    # A stranger's order writes to whatever address it names, so a machine may not send them by the thousand.
    if shop.contact is None and (refused := too_many(request, form.cleaned_data["email"])):
        form.add_error(None, refused)
        return page(request, product, asked, form=form, status=429)
    try:
        purchase = ordering.order(
            account=shop.account,
            product=product,
            price=asked.price,
            quantity=form.cleaned_data["quantity"],
            seal=request.POST.get("order", ""),
            contact=shop.contact,
            details=form.details(),
            gateway=asked.gateway,
            visitor_digest=digest(request),
            actor=shop.actor,
        )
    except InsufficientCredits:
        form.add_error(None, "You do not have enough credits for this any more. Nothing was bought.")
    except Refusal as refusal:
        own = refusal.field if refusal.field in ("name", "email") and refusal.field in form.fields else None
        form.add_error(own, refusal.wording)
        if isinstance(refusal, Unacceptable):
            return page(request, product, asked, form=form, status=422)
    else:
        return go_on(request, purchase)
    return page(request, product, asked, form=form, status=409)


def too_many(request: ShopRequest, email: str) -> str:
    """Why a stranger's order for `email` is not taken now; "" when it is, and then it counts."""
    if not ratelimit.consume(request, action="order"):
        return "There were too many orders from here. Nothing was bought: wait an hour, or sign in."
    if not ratelimit.consume(request, action="order_for", key=f"{request.shop.account.pk}:{email_key(email)}"):
        return "There were too many orders for this address. Nothing was bought: wait an hour, or sign in."
    return ""


def go_on(request: ShopRequest, purchase: Purchase) -> HttpResponse:
    """To where it is paid, or to what was bought."""
    if purchase.state == State.NEW and purchase.gateway != "outside":
        waits = Payment.objects.filter(purchase=purchase, state=PaymentState.PENDING).first()
        if waits:
            return see_other(request, shop_url(request, "pay", waits.public_id))
    return see_other(request, shop_url(request, "purchase", purchase.public_id))


def bought_before(request: ShopRequest, product: Product, before: Purchase, asked: Asked) -> HttpResponse:
    """Somebody who has just bought this is told so before they buy it again."""
    context = {
        "product": product,
        "purchase": before,
        "ago": words.ago(before.created_at, now=now()),
        "waits": before.state == State.NEW,
        "again": f"{order_url(request, product, asked)}&again=1",
    }
    return TemplateResponse(request, "shop/order_again.html", context)


def order_url(request: ShopRequest, product: Product, asked: Asked) -> str:
    """The order form as it stands."""
    chosen = {"price": asked.price, "quantity": asked.quantity}
    query = urlencode({name: value for name, value in chosen.items() if value})
    return f"{shop_url(request, 'order', product.slug)}?{query}"


def order_form(request: ShopRequest, product: Product, **more: Any) -> OrderForm:
    return OrderForm(None, product=product, signed_in=request.shop.contact is not None, **more)


def choices(request: ShopRequest, product: Product, number: int) -> list[Choice]:
    """The ways to pay that are switched on."""
    shop = request.shop
    found = offering.choices(shop.account, product, contact=shop.contact, quantity=number, you=True)
    return [choice for choice in found if any(one.price.enabled for one in choice.tiers)]


def names(choice: Choice, price: uuid.UUID | None) -> bool:
    """Whether a form that says `price` means this way to pay: its tiers are one choice, of which the quantity picks."""
    return any(one.price.public_id == price for one in choice.tiers)


def page(
    request: ShopRequest, product: Product, asked: Asked, *, form: OrderForm | None = None, status: int = 200
) -> HttpResponse:
    number = asked.quantity or offering.smallest(product)
    found = choices(request, product, number)
    choice = next((one for one in found if names(one, asked.price)), None) or next(
        (one for one in found if one.offered), found[0] if found else None
    )
    context: dict[str, Any] = {
        "product": product,
        "motif": words.motif(product),
        "form": form or order_form(request, product),
        "options": [option(request, product, one, is_picked=one is choice, number=number) for one in found],
        "quantity": asked.quantity or (form.data.get("quantity") if form and asked.wrong else number),
        "least": offering.smallest(product),
        "most": offering.largest(product),
        "sum": summary(request, product, choice, asked) if choice else None,
    }
    return page_or_fragment(
        request, page="shop/order.html", fragment="shop/_order_sum.html", context=context, status=status
    )


def option(request: ShopRequest, product: Product, choice: Choice, *, is_picked: bool, number: int) -> dict[str, Any]:
    """A way to pay, as a card to choose."""
    enabled = [one.price for one in choice.tiers if one.price.enabled]
    price = enabled[0]
    said = {
        "value": price.public_id,
        "title": words.first(price, product),
        "more": words.tiers(enabled, product),
        "picked": is_picked,
        "sign_in": "",
        "note": "",
    }
    if price.kind == PriceKind.RECURRING:
        said["note"] = words.renewal(price)
    elif choice.verdict.reason == SIGNED_OUT:
        asked = Asked(price.public_id, number)
        said["sign_in"] = sign_in_url(request, order_url(request, product, asked))
        said["sign_in_words"] = choice.verdict.sentence.removesuffix(".")
    elif price.kind == PriceKind.CREDIT and price.credit_type:
        has = choice.verdict.has
        said["note"] = f"You have {quantity(has, price.credit_type) if has else f'no {price.credit_type.plural}'}"
    return said


def summary(request: ShopRequest, product: Product, choice: Choice, asked: Asked) -> dict[str, Any]:
    """What is bought as the form stands: what it comes to, what comes with it, and how it is paid; or why it is not."""
    account, price = request.shop.account, choice.price
    said: dict[str, Any] = {
        "counted": words.counted(choice, product),
        "total": offering.in_words(choice.total, price),
        "cheaper": words.cheaper(choice, product),
        "renewal": words.renewal(price) if price.kind == PriceKind.RECURRING else "",
        "issues": [words.issued(issue) for issue in choice.issues],
        "offered": choice.offered and not asked.wrong,
    }
    if asked.wrong:
        return said | {"refusal": asked.wrong, "no_total": True}
    if not choice.offered:
        return said | refusal(request, product, choice, asked)
    said["seal"] = ordering.quote(
        account=account,
        product=product,
        choice=choice,
        contact=request.shop.contact,
        visitor_digest=digest(request),
    ).sealed()
    if price.kind in MONEY:
        ways = accounts.ways(account, recurring=price.kind == PriceKind.RECURRING)
        chosen = asked.gateway if asked.gateway in {way.code for way in ways} else ways[0].code
        said |= {"ways": ways, "gateway": chosen, "button": f"Buy for {offering.in_words(choice.total, price)}"}
    elif price.kind == PriceKind.CREDIT:
        said |= {"paying": paying(request, choice), "button": f"Buy with {said['total']}"}
    else:
        said["button"] = "Buy for free"
    return said


def refusal(request: ShopRequest, product: Product, choice: Choice, asked: Asked) -> dict[str, Any]:
    """Why it cannot be bought like this, and the way on."""
    verdict, of = choice.verdict, choice.price.credit_type
    if verdict.reason == SIGNED_OUT:
        here = order_url(request, product, Asked(choice.price.public_id, choice.quantity))
        return {"sign_in": sign_in_url(request, here), "sign_in_words": verdict.sentence.removesuffix(".")}
    if verdict.reason == SHORT and of is not None:
        sellers = [one for one in shelves.sellers(request.shop.account, of) if one.pk != product.pk]
        return {"refusal": verdict.sentence, "sellers": sellers, "unit": of.plural}
    if verdict.reason in SAID:
        return {"refusal": verdict.sentence, "no_total": True}
    return {"refusal": "This can't be bought here at the moment.", "no_total": True}


def paying(request: ShopRequest, choice: Choice) -> dict[str, Any]:
    """Which lots will pay, and what is left after."""
    shop, of = request.shop, choice.price.credit_type
    assert shop.contact is not None
    assert of is not None
    found = credits.payers(shop.account, shop.contact, of, amount=choice.total)
    left, this_day = found.free - choice.total, today(shop.account)
    return {
        "after": f"{quantity(left, of) if left else f'No {of.plural}'} will be left.",
        "lots": [
            {
                "amount": payer.amount,
                "name": f"the {payer.lot.amount:,} issued on {day(payer.lot.issued_on, today=this_day)}",
                "good": good(payer.lot.last_good_day, today=this_day),
            }
            for payer in found.payers
        ],
    }
