"""Add a purchase by hand: whose, of what, then at which price and how many, with what that comes to before it counts."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from contacts import queries as contacts
from contacts.models import Contact
from contacts.views.lookup import as_uuid, contact_url
from credits import queries as credits
from credits.errors import InsufficientCredits
from credits.views.lines import lot_name
from credits.views.lookup import address, may
from credits.wording import good, quantity
from products.errors import NotOffered
from products.forms.purchases import AddForm
from products.models import PriceKind, Product, Purchase, State, Status
from products.queries import catalogue, offering
from products.queries.offering import MONEY, Choice
from products.services import ordering
from simplero.lib.lists import listed
from simplero.lib.refusals import Refusal
from simplero.tenancy.scope import today
from simplero.web.access import staff
from simplero.web.http import AGAINST_A_RULE, BAD_INPUT, StaffRequest, page_or_fragment, see_other

from . import rows, sold

FOUND = 8  # contacts, or products, shown of a search


@staff(can="purchases")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: StaffRequest) -> HttpResponse:
    """One step after the other, each with an address: ?contact=…&product=…"""
    whose, product = _asked(request)
    if request.method == "POST" and not (whose and product):
        raise Http404
    if whose is None:
        return _whose(request)
    if product is None:
        return _which(request, whose)
    return _terms(request, whose, product)


def _asked(request: StaffRequest) -> tuple[Contact | None, Product | None]:
    """What the address names so far. Raises Http404 for what is not here."""
    contact, product = (as_uuid(request.GET.get(name, "")) for name in ("contact", "product"))
    try:
        return (
            contacts.get_contact(request.account, contact) if contact else None,
            catalogue.get_product(request.account, product) if product else None,
        )
    except (Contact.DoesNotExist, Product.DoesNotExist):
        raise Http404 from None


def _here(request: StaffRequest, whose: Contact | None = None, product: Product | None = None, name: str = "") -> str:
    asked = {"contact": whose and whose.public_id, "product": product and product.public_id}
    query = urlencode({key: value for key, value in asked.items() if value})
    here = reverse(f"products:purchase-add{name}", args=[request.account.slug])
    return f"{here}?{query}" if query else here


def _whose(request: StaffRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:200]
    found = list(contacts.search(request.account, text=text).order_by("name_key", "pk")[: FOUND + 1]) if text else []
    context = {
        "q": text,
        "found": [{"contact": one, "url": _here(request, one)} for one in found[:FOUND]],
        "more": len(found) > FOUND,
        "here": _here(request),
    }
    return _dialog(request, "whose", context)


def _which(request: StaffRequest, whose: Contact) -> HttpResponse:
    text = request.GET.get("p", "").strip()[:200]
    offered = catalogue.products(request.account).exclude(status=Status.ARCHIVED)
    if text:
        offered = offered.filter(name__icontains=text)
    found = list(offered.order_by("position", "pk")[: FOUND + 1])
    prices = catalogue.prices_of(request.account, [one.pk for one in found])
    context = {
        "contact": whose,
        "p": text,
        "found": [
            {
                "product": one,
                "icon": rows.ICONS[one.kind],  # type: ignore[index]
                "prices": rows.in_short(prices.get(one.pk, []), one),
                "url": _here(request, whose, one),
            }
            for one in found[:FOUND]
        ],
        "more": len(found) > FOUND,
        "search": bool(text) or len(found) > FOUND,
        "here": _here(request),
        "whose_url": _here(request),
        "products_url": reverse("products:products", args=[request.account.slug]),
    }
    return _dialog(request, "which", context)


def _terms(request: StaffRequest, whose: Contact, product: Product) -> HttpResponse:
    form, status = _form(request, whose, product, request.POST or None), 200
    choice = _choice(request, whose, product, form)
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid() and choice:
            if "preview" in request.POST or form.cleaned_data["seen"] != _seen(choice):
                status = 200 if "preview" in request.POST else AGAINST_A_RULE
            else:
                try:
                    return _done(request, _add(request, whose, product, choice, form))
                except Refusal as refusal:
                    _refuse(form, whose, choice, refusal)
                    status = AGAINST_A_RULE
    context = {
        "contact": whose,
        "product": product,
        "form": form,
        "preview": _preview(request, whose, product, form, choice),
        "looked": form.is_bound and not form.errors,
        "action": _here(request, whose, product),
        "preview_url": _here(request, whose, product, "-preview"),
        "which_url": _here(request, whose),
        "pricing_url": reverse("products:pricing", args=[request.account.slug, product.public_id]),
    }
    return _dialog(request, "add", context, status)


@staff(can="purchases")
@require_safe
def preview(request: StaffRequest) -> HttpResponse:
    """What the form comes to as it stands now; alone, since only the form asks for it."""
    whose, product = _asked(request)
    if not (whose and product):
        return see_other(request, _here(request, whose))
    form = _form(request, whose, product, request.GET)
    choice = _choice(request, whose, product, form)
    context = {"form": form, "preview": _preview(request, whose, product, form, choice)}
    return TemplateResponse(request, "products/_purchase_preview.html", context)


def _form(request: StaffRequest, whose: Contact, product: Product, data: Any) -> AddForm:
    smallest = offering.smallest(product)
    found = _choices(request, whose, product, smallest)
    initial = {"quantity": smallest, **({"price": str(found[0].tiers[0].price.public_id)} if found else {})}
    return AddForm(data, choices=[(choice, _label(choice, product)) for choice in found], initial=initial)


def _choices(request: StaffRequest, whose: Contact, product: Product, count: int) -> list[Choice]:
    """The ways to pay that have a price switched on."""
    found = offering.choices(request.account, product, contact=whose, quantity=count, by_staff=True)
    return [choice for choice in found if any(tier.price.enabled for tier in choice.tiers)]


def _label(choice: Choice, product: Product) -> str:
    kind = choice.price.kind
    title = PriceKind(kind).label if kind == PriceKind.CREDIT else rows.way_title(choice.price)
    if kind == PriceKind.FREE:
        return title
    return f"{title}: {rows.in_short([tier.price for tier in choice.tiers], product)}"


def _choice(request: StaffRequest, whose: Contact, product: Product, form: AddForm) -> Choice | None:
    """What the form asks for, judged; None where it does not say enough yet."""
    count, price = form.value("quantity"), form.value("price")
    if not (count and price):
        return None
    found = _choices(request, whose, product, count)
    return next((one for one in found if str(one.tiers[0].price.public_id) == price), None)


def _seen(choice: Choice) -> str:
    return f"{choice.price.public_id}/{choice.quantity}/{choice.total}"


def _preview(
    request: StaffRequest, whose: Contact, product: Product, form: AddForm, choice: Choice | None
) -> dict[str, Any]:
    """What it would cost, which lots would pay, and what it would issue; or why it would be refused, and the next step."""
    if choice is None:
        return {"ready": False}
    price, verdict = choice.price, choice.verdict
    told: dict[str, Any] = {
        "ready": True,
        "seen": _seen(choice),
        "offered": verdict.offered,
        "sentence": verdict.sentence,
        "total": offering.in_words(choice.total, price),
        "money": price.kind in MONEY,
        "recurring": price.kind == PriceKind.RECURRING,
        "issues": listed(quantity(issue.amount, issue.credit_type) for issue in choice.issues),
    }
    if price.kind == PriceKind.CREDIT and price.credit_type:
        told |= _paying(request, whose, choice)
    return told


def _paying(request: StaffRequest, whose: Contact, choice: Choice) -> dict[str, Any]:
    of = choice.price.credit_type
    assert of is not None  # noqa: S101  a credit price has one: the database sees to it
    payment = credits.payers(request.account, whose, of, amount=choice.total)
    left, this_day = payment.free - choice.total, today(request.account)
    issuing = may(request)["issue"] and not of.archived_at and left < 0
    return {
        "lots": [
            {
                "amount": payer.amount,
                "name": f"the {lot_name(payer.lot, today=this_day)}",
                "good": good(payer.lot.last_good_day, today=this_day),
            }
            for payer in payment.payers
        ]
        if left >= 0
        else [],
        "after": f"{quantity(left, of) if left > 0 else f'No {of.plural}'} will be left.",
        "issue_url": f"{address(request, whose, 'issue')}?type={of.public_id}&amount={-left}" if issuing else "",
    }


def _add(request: StaffRequest, whose: Contact, product: Product, choice: Choice, form: AddForm) -> Purchase:
    asks = choice.price.kind in MONEY
    return ordering.add(
        account=request.account,
        contact=whose,
        product=product,
        price=choice.price,
        quantity=choice.quantity,
        key=form.cleaned_data["key"],
        gateway="outside" if asks else "",
        paid=asks and form.cleaned_data["paid"],
        actor=request.actor,
    )


def _refuse(form: AddForm, whose: Contact, choice: Choice, refusal: Refusal) -> None:
    """Put a refusal where it belongs. Short of credits it is the preview that says who has how many, and the way to issue more."""
    if isinstance(refusal, InsufficientCredits) and choice.price.credit_type:
        has = quantity(refusal.free, choice.price.credit_type) if refusal.free else "none"
        form.add_error("price", f"{whose.name} has {has}, this needs {refusal.asked:,}. Nothing was bought.")
        return
    form.add_error("price" if isinstance(refusal, NotOffered) else None, refusal.wording)


def _done(request: StaffRequest, made: Purchase) -> HttpResponse:
    words = "It waits for its payment." if made.state == State.NEW else "It is active."
    messages.success(request, f"The purchase is added. {words}")
    return see_other(request, sold.purchase_url(request, made))


def _dialog(request: StaffRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    fragment = f"products/_purchase_{name}.html"
    whose = context.get("contact")
    back = contact_url(request, whose) if whose else reverse("products:purchases", args=[request.account.slug])
    return page_or_fragment(
        request,
        page="products/purchase_dialog.html",
        fragment=fragment,
        context={
            "list_url": reverse("products:purchases", args=[request.account.slug]),
            "back": back,
            **context,
            "fragment": fragment,
        },
        status=status,
    )
