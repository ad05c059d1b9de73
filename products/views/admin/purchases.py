"""Sales → Purchases: the list with its filters and totals, to look at and to download."""

from collections.abc import Iterator

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from contacts import queries as contacts
from contacts.models import Contact
from contacts.views.lookup import as_uuid, contact_url
from credits.wording import capital, unit
from products.forms.purchases import FilterForm
from products.models import PriceKind, Purchase
from products.queries import sales
from simplero.lib.money import reading, typed
from simplero.lib.spreadsheet import BOM, lines
from simplero.tenancy.scope import scope
from simplero.web.access import staff, staff_stream
from simplero.web.http import StaffRequest

from . import sold

PRODUCTS = 200  # that the filter names, those sold most often
AT_A_TIME = 500  # rows of a download that are read in one transaction

HEADINGS = ("Date", "Time", "Contact", "Email", "Product", "Quantity", "Price", "Total", "Unit", "State", "Paid by", "Paid", "Refunded", "Added by", "Number")  # fmt: skip


@staff(can="purchases")
@require_safe
def purchases(request: StaffRequest) -> HttpResponse:
    form, whose = _filter(request), _whose(request)
    found = sales.find(request.account, form.wanted(contact=whose))
    after = _cursor(request)
    rows = sales.page(found, after=after)
    more, rows = len(rows) > sales.PAGE, rows[: sales.PAGE]
    totals = sales.totals(request.account, found)
    here = reverse("products:purchases", args=[request.account.slug])
    chosen = request.GET.copy()
    chosen.pop("after", None)
    for name in [name for name in chosen if not chosen[name]]:
        del chosen[name]
    query = f"?{chosen.urlencode()}" if chosen else ""
    older = chosen.copy()
    if more:
        older["after"] = str(rows[-1].public_id)
    add = reverse("products:purchase-add", args=[request.account.slug])
    context = {
        "form": form,
        "whose": whose,
        "whose_url": contact_url(request, whose) if whose else "",
        "rows": [sold.row(request, one) for one in rows],
        "totals": totals,
        "money": [
            {
                "paid": reading(one.paid, one.currency),
                "refunded": reading(one.refunded, one.currency) if one.refunded else "",
                "currency": one.currency,
            }
            for one in totals.money
        ],
        "credits": [
            {
                "name": capital(one.credit_type.plural),
                "used": one.used,
                "used_sub": f"{one.used:,} used to pay" if one.used else "",
                "issued": one.issued,
            }
            for one in totals.credits
        ],
        "filtered": bool(chosen),
        "here": here,
        "newest": f"{here}{query}" if after else "",
        "older": f"{here}?{older.urlencode()}" if more else "",
        "csv_url": f"{reverse('products:purchases-csv', args=[request.account.slug])}{query}",
        "add_url": f"{add}?contact={whose.public_id}" if whose else add,
    }
    return TemplateResponse(request, "products/purchase_list.html", context, status=200 if form.is_valid() else 422)


def _filter(request: StaffRequest) -> FilterForm:
    known = sales.products_sold(request.account, most=PRODUCTS)
    return FilterForm(request.GET, products=[one for one, _ in known])


def _whose(request: StaffRequest) -> Contact | None:
    """The contact that the address names, if it is one of this account's."""
    public_id = as_uuid(request.GET.get("contact", ""))
    try:
        return contacts.get_contact(request.account, public_id) if public_id else None
    except Contact.DoesNotExist:
        return None


def _cursor(request: StaffRequest) -> Purchase | None:
    """The purchase behind which the page begins. A cursor is a public id, so it says nothing of how many there are."""
    public_id = as_uuid(request.GET.get("after", ""))
    return sales.purchases(request.account).filter(public_id=public_id).first() if public_id else None


@staff_stream(can="purchases")
@require_safe
def purchases_csv(request: StaffRequest) -> HttpResponseBase:
    with scope(request.account, read_only=True):
        form = _filter(request)
        wanted = form.wanted(contact=_whose(request))
    if not form.is_valid():  # a download cannot say what is wrong with its filter; the page can
        return redirect(f"{reverse('products:purchases', args=[request.account.slug])}?{request.GET.urlencode()}")
    response = StreamingHttpResponse(_download(request, wanted), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="purchases-{request.account.slug}.csv"'
    return response


def _download(request: StaffRequest, wanted: sales.Filter) -> Iterator[str]:
    """All rows, newest first, each page read in a scope of its own: a slow reader holds no transaction open."""
    yield BOM + next(lines([HEADINGS]))
    after, more = None, True
    while more:
        with scope(request.account, read_only=True):
            page = sales.page(sales.find(request.account, wanted), after=after, limit=AT_A_TIME)
            more, page = len(page) > AT_A_TIME, page[:AT_A_TIME]
            paid = sales.paid_by(request.account, [one.pk for one in page])
            read = list(lines(_cells(request, one, *paid.get(one.pk, (0, 0))) for one in page))
        yield from read
        after = page[-1] if page else None


def _cells(request: StaffRequest, purchase: Purchase, paid: int, refunded: int) -> list[str | int]:
    made = purchase.created_at.astimezone(request.account.zone)
    of, currency = purchase.credit_type, purchase.currency
    return [
        made.date().isoformat(),
        f"{made:%H:%M}",
        purchase.contact.name,
        purchase.contact.email,
        purchase.product_name,
        purchase.quantity,
        PriceKind(purchase.price_kind).label,
        typed(purchase.total, currency) if currency else purchase.total,
        currency or (unit(purchase.total, of) if of else ""),
        purchase.get_state_display(),
        sold.way_name(purchase.gateway) if purchase.gateway else "",
        typed(paid, currency) if currency else "",
        typed(refunded, currency) if currency else "",
        purchase.source,
        str(purchase.public_id),
    ]
