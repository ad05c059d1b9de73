"""Product → Settings → Pricing."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from products.forms.catalogue import PriceForm
from products.models import Price, PriceKind, Product
from products.queries import catalogue
from products.queries import shelf as shelves
from products.services import catalogue as services
from products.views.lookup import offered_types, price_or_404, product_or_404, product_url
from simplero.lib.refusals import Refusal
from simplero.web.access import staff
from simplero.web.forms import refused
from simplero.web.http import BAD_INPUT, StaffRequest, page_or_fragment, see_other

from . import rows
from .products import head

KINDS = (
    (PriceKind.SINGLE, "coins", "Paid once, in money."),
    (PriceKind.RECURRING, "repeat", "Paid every few weeks, months or years until it is stopped."),
    (PriceKind.CREDIT, "ticket", "Paid with credits that the customer has."),
    (PriceKind.FREE, "gift", "Costs nothing."),
)


@staff(can="products")
@require_safe
def pricing(request: StaffRequest, product: uuid.UUID) -> HttpResponse:
    found = product_or_404(request, product)
    prices = catalogue.prices(request.account, found)
    groups = rows.grouped(prices, found, shelves.sold_at(request.account, prices))
    context = {**head(request, found), "groups": groups, "add_url": product_url(request, found, "price-add")}
    return TemplateResponse(request, "products/price_list.html", context)


@staff(can="products")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: StaffRequest, product: uuid.UUID) -> HttpResponse:
    """First the kind, then the rest."""
    found = product_or_404(request, product)
    here, kind = product_url(request, found, "price-add"), request.GET.get("kind", "")
    if kind not in PriceKind.values:
        if request.method == "POST":
            raise Http404
        kinds = [
            {"code": code, "label": code.label, "words": words, "icon": icon, "url": f"{here}?kind={code}"}
            for code, icon, words in KINDS
        ]
        return _dialog(request, "kind", found, {"kinds": kinds})
    form, status = _form(request, found, kind), 200
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            try:
                made = services.add_price(
                    account=request.account,
                    product=found,
                    terms=form.terms(),
                    key=form.cleaned_data["key"],
                    actor=request.actor,
                )
            except Refusal as refusal:
                status = refused(form, refusal)
            else:
                messages.success(request, f"“{found.name}” can be had for {rows.words(made, found)} now.")
                return see_other(request, product_url(request, found, "pricing"))
    context = {"form": form, "title": f"Add price: {PriceKind(kind).label.lower()}", "action": f"{here}?kind={kind}", "done": "Add price"}  # fmt: skip
    return _dialog(request, "form", found, {**context, "kinds_url": here, **_types(request, kind)}, status)


def _form(request: StaffRequest, product: Product, kind: str, price: Price | None = None) -> PriceForm:
    offered = offered_types(request, price.credit_type if price else None) if kind == PriceKind.CREDIT else []
    return PriceForm(
        request.POST or None,
        kind=kind,
        product=product,
        currency=request.account.currency,
        offered=offered,
        price=price,
    )


def _types(request: StaffRequest, kind: str) -> dict[str, Any]:
    none = kind == PriceKind.CREDIT and not offered_types(request)
    return {"no_types": none, "types_url": reverse("credits:types", args=[request.account.slug])}


@staff(can="products")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: StaffRequest, product: uuid.UUID, price: uuid.UUID) -> HttpResponse:
    found = product_or_404(request, product)
    changed = price_or_404(request, found, price)
    form, status = _form(request, found, changed.kind, changed), 200
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            try:
                services.change_price(
                    account=request.account,
                    price=changed,
                    terms=form.terms(),
                    key=form.cleaned_data["key"],
                    actor=request.actor,
                )
            except Refusal as refusal:
                status = refused(form, refusal)
            else:
                messages.success(request, "Saved. What was sold before keeps its price.")
                return see_other(request, product_url(request, found, "pricing"))
    context = {
        "form": form,
        "title": f"Change price: {changed.get_kind_display().lower()}",
        "action": product_url(request, found, "price-edit", changed.public_id),
        "done": "Save",
        "editing": changed,
        "sold": shelves.sold_at(request.account, [changed]).get(changed.pk, 0),
    }
    return _dialog(request, "form", found, context, status)


@staff(can="products")
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: StaffRequest, product: uuid.UUID, price: uuid.UUID) -> HttpResponse:
    found = product_or_404(request, product)
    removed = price_or_404(request, found, price)
    if request.method == "POST":
        services.remove_price(account=request.account, price=removed, actor=request.actor)
        messages.success(request, f"“{found.name}” can no longer be had for {rows.words(removed, found)}.")
        return see_other(request, product_url(request, found, "pricing"))
    context = {
        "price": removed,
        "words": rows.words(removed, found),
        "action": product_url(request, found, "price-remove", removed.public_id),
        "sold": shelves.sold_at(request.account, [removed]).get(removed.pk, 0),
    }
    return _dialog(request, "remove", found, context)


@staff(can="products")
@require_POST
def switch(request: StaffRequest, product: uuid.UUID, price: uuid.UUID) -> HttpResponse:
    """Offer a price or not: `on` says which, so that a second click changes nothing."""
    found = product_or_404(request, product)
    switched = price_or_404(request, found, price)
    enabled = request.POST.get("on") == "1"
    services.switch_price(account=request.account, price=switched, enabled=enabled, actor=request.actor)
    return see_other(request, product_url(request, found, "pricing"))


def _dialog(
    request: StaffRequest, name: str, product: Product, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    fragment = f"products/_price_{name}.html"
    whole = {
        **head(request, product),
        "back": product_url(request, product, "pricing"),
        **context,
        "fragment": fragment,
    }
    return page_or_fragment(request, page="products/price_dialog.html", fragment=fragment, context=whole, status=status)
