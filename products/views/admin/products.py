"""Sales → Products: the list, one product, its settings, and what it issues."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from credits import queries as credits
from credits.views.lookup import type_or_404
from credits.wording import quantity
from products import descriptions, mentions
from products.forms.catalogue import IncludeForm, PictureForm, ProductAddForm, ProductForm
from products.models import Kind, Product, Status
from products.queries import catalogue
from products.queries import shelf as shelves
from products.services import catalogue as services
from products.services.catalogue import Details
from products.views.lookup import offered_types, order_url, picture_url, preview_url, product_or_404, product_url
from simplero.lib.refusals import Refusal, Stale
from simplero.tenancy.roles import allows
from simplero.web.access import staff
from simplero.web.forms import refused, renew
from simplero.web.http import BAD_INPUT, StaffRequest, page_or_fragment, see_other

from . import rows, why

ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at the list."""

    code: str
    label: str
    statuses: tuple[Status, ...]
    empty: str


VIEWS = (
    View("", "In use", (Status.LIVE, Status.DRAFT), ""),
    View("live", "Live", (Status.LIVE,), "What you publish is listed here, and stands in your shop."),
    View("draft", "Drafts", (Status.DRAFT,), "A new product is a draft until you publish it."),
    View(
        "archived",
        "Archived",
        (Status.ARCHIVED,),
        "A product you no longer sell can be archived: what was sold stays good.",
    ),
)

KINDS = (
    (Kind.CREDIT, "Packages of credits: the customer buys them now and uses them later."),
    (Kind.SERVICE, "Something you do for a customer, paid with money or with credits."),
    (Kind.OTHER, "A course, a book, a membership: whatever else you sell."),
)


@staff(can="products")
@require_safe
def products(request: StaffRequest) -> HttpResponse:
    view = next((one for one in VIEWS if one.code == request.GET.get("show", "")), VIEWS[0])
    after = _cursor(request)
    found = shelves.shelf(request.account, statuses=view.statuses, after=after, limit=ON_A_PAGE)
    more, found = len(found) > ON_A_PAGE, found[:ON_A_PAGE]
    prices = catalogue.prices_of(request.account, [one.pk for one in found])
    sold = shelves.sold(request.account, [one.pk for one in found])
    here = reverse("products:products", args=[request.account.slug])
    shown = f"show={view.code}" if view.code else ""
    context = {
        "rows": [
            {
                "product": one,
                "url": product_url(request, one),
                "status": rows.status(one),
                "icon": rows.ICONS[Kind(one.kind)],
                "picture_url": picture_url(request, one),
                "prices": rows.in_short(prices.get(one.pk, []), one),
                "sold": sold.get(one.pk, 0),
            }
            for one in found
        ],
        "views": [
            {"label": one.label, "url": f"{here}?show={one.code}" if one.code else here, "current": one is view}
            for one in VIEWS
        ],
        "view": view,
        "movable": not view.code and (len(found) > 1 or after is not None),
        "first": after is None,
        "newer": f"{here}?{shown}" if after else "",
        "older": f"{here}?{shown}&after={found[-1].public_id}" if more else "",
        "new_url": reverse("products:product-new", args=[request.account.slug]),
    }
    return TemplateResponse(request, "products/product_list.html", context)


def _cursor(request: StaffRequest) -> Product | None:
    """The product behind which the page begins. A cursor is a public id, so it says nothing of how many there are."""
    try:
        return catalogue.get_product(request.account, uuid.UUID(request.GET.get("after", "")))
    except (ValueError, Product.DoesNotExist):
        return None


@staff(can="products")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """First the kind, then the rest."""
    here = reverse("products:product-new", args=[request.account.slug])
    back = reverse("products:products", args=[request.account.slug])
    kind = request.GET.get("kind", "")
    if kind not in Kind.values:
        if request.method == "POST":
            raise Http404
        kinds = [
            {"code": code, "label": code.label, "words": words, "icon": rows.ICONS[code], "url": f"{here}?kind={code}"}
            for code, words in KINDS
        ]
        return _dialog(request, "kind", {"kinds": kinds, "back": back})
    offered = offered_types(request) if kind == Kind.CREDIT else []
    form, status = (
        ProductAddForm(request.POST or None, kind=kind, currency=request.account.currency, offered=offered),
        200,
    )
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            try:
                made = services.add_product(account=request.account, **form.command(), actor=request.actor)
            except Refusal as refusal:
                status = refused(form, refusal)
            else:
                messages.success(request, f"“{made.name}” is a draft. Publish it when it is ready.")
                return see_other(request, product_url(request, made))
    context = {
        "form": form,
        "kind": Kind(kind),
        "no_types": kind == Kind.CREDIT and not offered,
        "action": f"{here}?kind={kind}",
        "kinds_url": here,
        "types_url": reverse("credits:types", args=[request.account.slug]),
        "back": back,
    }
    return _dialog(request, "new", context, status)


@staff(can="products")
@require_safe
def product_(request: StaffRequest, product: uuid.UUID) -> HttpResponse:
    found = product_or_404(request, product)
    prices = catalogue.prices(request.account, found)
    context = {
        **head(request, found),
        "description": descriptions.shown(found.description),
        "groups": rows.grouped(prices, found, shelves.sold_at(request.account, prices)),
        "priceless": not any(price.enabled for price in prices),
        "sold": shelves.sold(request.account, [found.pk]).get(found.pk, 0),
        "order_url": order_url(request, found),
        "preview_url": preview_url(request, found) if found.status == Status.LIVE else "",
        "facts": _facts(found),
        "issues": [_included(request, found, extra) for extra in catalogue.extra_credits(request.account, found)],
        "why": why.context(request, found, prices),
        "sections": [
            tell(request.account, found)
            for can, tell in mentions.TELLERS.items()
            if allows(request.membership.role, can)
        ],
    }
    return TemplateResponse(request, "products/product.html", context)


def head(request: StaffRequest, product: Product) -> dict[str, Any]:
    """What every page of one product has above its content."""
    return {
        "product": product,
        "status": rows.status(product),
        "icon": rows.ICONS[Kind(product.kind)],
        "url": product_url(request, product),
        "picture_url": picture_url(request, product),
        "list_url": reverse("products:products", args=[request.account.slug]),
    }


def _facts(product: Product) -> list[tuple[str, str]]:
    found = [("Kind", product.get_kind_display())]
    if product.kind == Kind.CREDIT:
        found.append(
            ("Included", rows.units(product.included, product) if product.included else "The customer chooses")
        )
    found += [
        (label, rows.units(number, product))
        for label, number in (("At least", product.minimum), ("At most", product.maximum))
        if number
    ]
    if product.expiry:
        found.append(("Its credits", _good_for(product.expiry)))
    return found


def _good_for(expiry: str) -> str:
    if expiry == "never":
        return "Never expire"
    number, unit = expiry.split()
    return f"Good for {number} {unit.removesuffix('s') if number == '1' else unit}"


def _included(request: StaffRequest, product: Product, extra: Any) -> dict[str, Any]:
    return {
        "words": quantity(extra.amount, extra.credit_type),
        "good": _good_for(extra.expiry) if extra.expiry else "",
        "archived": extra.credit_type.archived_at is not None,
        "remove_url": product_url(request, product, "credits-remove", extra.credit_type.public_id),
    }


@staff(can="products")
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: StaffRequest, product: uuid.UUID) -> HttpResponse:
    found = product_or_404(request, product)
    form, status = ProductForm(request.POST or None, product=found), 200
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            try:
                services.edit_product(
                    account=request.account,
                    product=found,
                    details=form.details(),
                    seen=form.cleaned_data["seen"],
                    actor=request.actor,
                )
            except Refusal as refusal:
                status = refused(form, refusal)
                if isinstance(refusal, Stale):  # what they were told of is now what they have seen
                    found = product_or_404(request, product)
                    renew(form, "seen", Details.of(found).seal)
            else:
                messages.success(request, "Saved.")
                return see_other(request, product_url(request, found, "settings"))
    return _settings(request, found, form, PictureForm(), status)


def _settings(
    request: StaffRequest, found: Product, form: ProductForm, picture_form: PictureForm, status: int
) -> HttpResponse:
    context = {
        **head(request, found),
        "form": form,
        "picture_form": picture_form,
        "issues": [_included(request, found, extra) for extra in catalogue.extra_credits(request.account, found)],
        "sold": shelves.sold(request.account, [found.pk]).get(found.pk, 0),
    }
    return TemplateResponse(request, "products/product_settings.html", context, status=status)


@staff(can="products")
@require_http_methods(["GET", "HEAD", "POST"])
def picture(request: StaffRequest, product: uuid.UUID) -> HttpResponse:
    """The settings again where the picture is refused; without a picture, there is nothing here but them."""
    found = product_or_404(request, product)
    if request.method != "POST":
        return see_other(request, product_url(request, found, "settings") + "#picture")
    form, status = PictureForm(request.POST, request.FILES), BAD_INPUT
    if form.is_valid():
        try:
            services.show_picture(
                account=request.account, product=found, file=form.cleaned_data["picture"], actor=request.actor
            )
        except Refusal as refusal:
            form.add_error("picture", refusal.wording)
        else:
            messages.success(request, f"“{found.name}” has a new picture.")
            return see_other(request, product_url(request, found, "settings") + "#picture")
    return _settings(request, found, ProductForm(product=found), form, status)


@staff(can="products")
@require_POST
def picture_remove(request: StaffRequest, product: uuid.UUID) -> HttpResponse:
    found = product_or_404(request, product)
    services.take_picture_off(account=request.account, product=found, actor=request.actor)
    messages.success(request, f"“{found.name}” has no picture now.")
    return see_other(request, product_url(request, found, "settings") + "#picture")


@staff(can="products")
@require_POST
def publish(request: StaffRequest, product: uuid.UUID) -> HttpResponse:
    found = product_or_404(request, product)
    services.publish(account=request.account, product=found, actor=request.actor)
    messages.success(request, f"“{found.name}” is in your shop now.")
    return see_other(request, product_url(request, found))


@staff(can="products")
@require_POST
def move(request: StaffRequest, product: uuid.UUID) -> HttpResponse:
    """Up or down in the shop, by one place. What was not sent by the list moves nothing."""
    found, seen = product_or_404(request, product), request.POST.get("seen", "")
    if seen.isdecimal() and len(seen) < 10 and request.POST.get("to") in ("up", "down"):
        up = request.POST["to"] == "up"
        services.move_product(account=request.account, product=found, up=up, seen=int(seen), actor=request.actor)
    return see_other(request, reverse("products:products", args=[request.account.slug]))


@staff(can="products")
@require_http_methods(["GET", "HEAD", "POST"])
def archive(request: StaffRequest, product: uuid.UUID) -> HttpResponse:
    found = product_or_404(request, product)
    if request.method == "POST":
        services.archive(account=request.account, product=found, actor=request.actor)
        messages.success(request, f"“{found.name}” is archived. What was sold stays as it is.")
        return see_other(request, product_url(request, found))
    return _dialog(request, "archive", {**head(request, found), "back": product_url(request, found)})


@staff(can="products")
@require_POST
def bring_back(request: StaffRequest, product: uuid.UUID) -> HttpResponse:
    found = product_or_404(request, product)
    services.bring_back(account=request.account, product=found, actor=request.actor)
    messages.success(request, f"“{found.name}” is a draft again. Publish it when it is ready.")
    return see_other(request, product_url(request, found))


@staff(can="products")
@require_http_methods(["GET", "HEAD", "POST"])
def include_credits(request: StaffRequest, product: uuid.UUID) -> HttpResponse:
    found = product_or_404(request, product)
    form, status = IncludeForm(request.POST or None, offered=offered_types(request)), 200
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            data = form.cleaned_data
            try:
                services.include_credits(
                    account=request.account,
                    product=found,
                    credit_type=data["credit_type"],
                    amount=data["amount"],
                    expiry=data["expiry"],
                    actor=request.actor,
                )
            except Refusal as refusal:
                status = refused(form, refusal)
            else:
                included = quantity(data["amount"], data["credit_type"])
                messages.success(request, f"Each “{found.name}” sold from now on issues {included} more.")
                return see_other(request, product_url(request, found, "settings") + "#issues")
    back = product_url(request, found, "settings")
    context = {
        **head(request, found),
        "form": form,
        "no_types": not credits.types(request.account).exists(),
        "types_url": reverse("credits:types", args=[request.account.slug]),
        "back": back,
    }
    return _dialog(request, "include", context, status)


@staff(can="products")
@require_POST
def leave_out_credits(request: StaffRequest, product: uuid.UUID, credit_type: uuid.UUID) -> HttpResponse:
    found, left_out = product_or_404(request, product), type_or_404(request, credit_type)
    services.leave_out_credits(account=request.account, product=found, credit_type=left_out, actor=request.actor)
    messages.success(request, f"“{found.name}” no longer issues {left_out.plural}. What was sold stays as it is.")
    return see_other(request, product_url(request, found, "settings") + "#issues")


def _dialog(request: StaffRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    fragment = f"products/_product_{name}.html"
    return page_or_fragment(
        request,
        page="products/product_dialog.html",
        fragment=fragment,
        context={**context, "fragment": fragment},
        status=status,
    )
