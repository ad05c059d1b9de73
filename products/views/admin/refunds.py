"""Refund: what would go back is shown first, then money is sent and credits move."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from credits.views.lookup import address
from credits.wording import capital, quantity
from products import states
from products.forms.purchases import RefundForm
from products.models import PriceKind, Purchase, Refund, RefundState, RefundWay
from products.queries import sales
from products.services import refunds as services
from simplero.lib.keys import derive_key
from simplero.lib.lists import listed
from simplero.lib.moments import day
from simplero.lib.money import reading, typed
from simplero.lib.refusals import Refusal
from simplero.lib.seals import seal
from simplero.tenancy.scope import scope, today
from simplero.web.access import staff_outside
from simplero.web.forms import renew
from simplero.web.http import AGAINST_A_RULE, BAD_INPUT, StaffRequest, see_other

from . import sold
from .purchase import dialog, head

CHANGED = (
    "What can be given back has changed since this form was opened. Nothing was given back: look at what it says now, then "
    "send it again."
)


@staff_outside(can="purchases")
@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: StaffRequest, purchase: uuid.UUID) -> HttpResponse:
    with scope(request.account, read_only=True):
        found = sold.purchase_or_404(request, purchase)
        preview = services.preview(request.account, found)
        form = _form(request, found, preview)
        if request.method != "POST":
            return _shown(request, found, preview, form, 200)
        if not form.is_valid():
            return _shown(request, found, preview, form, BAD_INPUT)
        if _has_changed(found, preview, form.cleaned_data):
            form.add_error(None, CHANGED)
            renew(form, "seen", _seen(preview))
            return _shown(request, found, preview, form, AGAINST_A_RULE)
    data = form.cleaned_data
    try:
        made = services.give_back(
            account=request.account,
            purchase=found,
            amount=data["amount"],
            way=RefundWay(data["way"]),
            withdraw=data.get("withdraw", False),
            cancel=data.get("cancel", False),
            key=data["key"],
            note=data["note"],
            actor=request.actor,
        )
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.wording)
        with scope(request.account, read_only=True):
            found = sold.purchase_or_404(request, purchase)  # as it is now: the refusal may be about what has changed
            return _shown(request, found, services.preview(request.account, found), form, AGAINST_A_RULE)
    with scope(request.account, read_only=True):
        _confirm(request, found, made)
    return see_other(request, sold.purchase_url(request, found))


def _form(request: StaffRequest, found: Purchase, preview: services.Preview) -> RefundForm:
    currency, left = preview.currency, preview.left
    ways = [(RefundWay.OUTSIDE, "Given back outside"), (RefundWay.CHARGEBACK, "Taken back by the bank (chargeback)")]
    if preview.automatic:
        ways.insert(0, (RefundWay.GATEWAY, f"Sent back by {sold.way_name(found.gateway)}"))
    initial: dict[str, Any] = {"cancel": request.GET.get("cancel") == "1", "seen": _seen(preview)}
    if left and (again := _asked_again(request, found, left)):
        initial |= {"money": RefundForm.PART, "amount": typed(again, currency)}
    posted = request.POST if request.method == "POST" else None
    # Sent again, a form must mean the same, though by then there is less to give back.
    money, withdraw = (name in (posted or {}) for name in ("money", "withdraw"))
    return RefundForm(
        posted,
        left=left or int(money),
        currency=currency,
        whole=reading(left, currency) if currency else "",
        ways=ways,
        withdrawing=_withdrawing(preview) or ("Withdraw what is unspent" if withdraw else ""),
        cancels="cancel" in (posted or {}) or _may_cancel(request, found),
        initial=initial,
    )


def _seen(preview: services.Preview) -> str:
    """What the form was made from: "all of it" means this much, and no more."""
    lots = (f"{lot.public_id}:{lot.free}" for _, lot in preview.unspent.free)
    return seal(str(preview.left), preview.currency, str(preview.reversible), *lots)


def _has_changed(found: Purchase, preview: services.Preview, data: dict[str, Any]) -> bool:
    """Whether what is asked for is no longer what the form showed. Of what there is nothing left of, or was done already by
    this very form, the service says so."""
    moves = (data["amount"] and preview.left) or (data.get("withdraw") and (preview.unspent.free or preview.reversible))
    return bool(moves) and data["seen"] != _seen(preview) and not _sent_before(found, data["key"])


def _sent_before(found: Purchase, key: uuid.UUID) -> bool:
    keys = [derive_key("refund", key, payment.pk) for payment in found.payments.all()]
    return Refund.objects.filter(key__in=keys).exists()


def _may_cancel(request: StaffRequest, found: Purchase) -> bool:
    """Whether the form offers to cancel too: what renews, or what somebody came here to cancel."""
    return found.state in states.CANCEL.since and (bool(found.every) or request.GET.get("cancel") == "1")


def _asked_again(request: StaffRequest, found: Purchase, left: int) -> int:
    """The amount of the refund that did not go through, which somebody wants to try again; 0 for none, or for all that is left."""
    if request.GET.get("again") != "1":
        return 0
    failed = sales.failed_refund(sales.refunds(request.account, found))
    return failed.amount if failed and failed.amount < left else 0


def _withdrawing(preview: services.Preview) -> str:
    """The label of the box for credits, "" where there are none to move."""
    free: dict[Any, int] = {}
    for of, lot in preview.unspent.free:
        free[of] = free.get(of, 0) + lot.free
    unspent = listed(quantity(number, of) for of, number in free.items())
    parts = []
    if unspent:
        parts.append(f"withdraw the {unspent} not used yet")
    if preview.reversible:
        parts.append(f"give back the {preview.reversible:,} that paid for it")
    return capital(listed(parts)) if parts else ""


def _shown(
    request: StaffRequest, found: Purchase, preview: services.Preview, form: RefundForm, status: int
) -> HttpResponse:
    this_day = today(request.account)
    activity = address(request, found.contact, "activity")

    def lots(of_kind: list[tuple[Any, Any]], number: str) -> list[dict[str, str]]:
        return [
            {
                "words": f"{quantity(getattr(lot, number), of)} of {lot.amount:,}, issued on {day(lot.issued_on, today=this_day)}",
                "url": f"{activity}?entry={lot.made_by}#e-{lot.made_by}",
            }
            for of, lot in of_kind
        ]

    context = {
        **head(request, found),
        "form": form,
        "left": reading(preview.left, preview.currency) if preview.left else "",
        "unspent": lots(preview.unspent.free, "free"),
        "used": lots(preview.unspent.used, "used"),
        "reversible": quantity(preview.reversible, found.credit_type)
        if preview.reversible and found.credit_type
        else "",
        "paid_with_credits": found.price_kind == PriceKind.CREDIT,
        "nothing": not (preview.left or preview.unspent.free or preview.reversible),
        "activity_url": activity,
    }
    return dialog(request, "refund", context, status).render()


def _confirm(request: StaffRequest, found: Purchase, made: list[Refund]) -> None:
    """Say what became of a refund: what was told to a provider is as that answered."""
    now_is = list(Refund.objects.filter(pk__in=[one.pk for one in made]).select_related("payment"))
    currency = found.currency
    sums = {state: sum(one.amount for one in now_is if one.state == state) for state in RefundState}
    if sums[RefundState.FAILED]:
        messages.error(request, f"{reading(sums[RefundState.FAILED], currency)} did not go back. See below why.")
    if sums[RefundState.PENDING]:
        messages.info(request, f"{reading(sums[RefundState.PENDING], currency)} is on its way back.")
    if sums[RefundState.DONE]:
        messages.success(request, f"{reading(sums[RefundState.DONE], currency)} refunded.")
    if not now_is:
        messages.success(request, "Done. The money stays as it was.")
