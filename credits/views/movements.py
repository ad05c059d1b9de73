"""Issue, consume, reverse, undo, withdraw and change the last good day: a form, one service call, and the contact page again."""

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts.models import Contact
from contacts.views.lookup import contact_or_404, contact_url
from credits import errors, queries, services, wording
from credits.forms import ConsumeForm, IssueForm, RedateForm, ReverseForm, WithdrawForm
from credits.models import CreditType
from credits.wording import capital, expiration, good
from simplero.lib.lists import listed
from simplero.lib.refusals import Refusal
from simplero.tenancy.scope import today
from simplero.web.access import staff
from simplero.web.forms import renew
from simplero.web.http import AGAINST_A_RULE, BAD_INPUT, StaffRequest, page_or_fragment, see_other

from .lines import good_again, lot_name, row
from .lookup import address, asked_type, lot_or_404, may, use_or_404


@staff(can="credits.issue")
@require_http_methods(["GET", "HEAD", "POST"])
def issue(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    asked = asked_type(request, "credit_type" if request.method == "POST" else "type")
    offered = [(one, _lasting(one)) for one in queries.types(request.account)]
    if asked and asked.archived_at:  # it was archived after the form was rendered: the ledger says so, in words
        offered.append((asked, f"{capital(asked.name)} (archived)"))
    initial: dict[str, Any] = {"amount": request.GET.get("amount", "1")[:9]}
    if asked:
        initial["credit_type"] = str(asked.public_id)
    form = IssueForm(request.POST or None, offered=offered, today=today(request.account), initial=initial)

    def post() -> services.Posting:
        data = form.cleaned_data
        return services.issue(
            account=request.account,
            contact=found,
            credit_type=data["credit_type"],
            amount=data["amount"],
            key=data["key"],
            expiry=data["expiry"],
            note=data["note"],
            note_for_customer=data["note_for_customer"],
            actor=request.actor,
        )

    status, answer = _send(request, found, form, post)
    return answer or _dialog(request, "issue", found, form, status, types=bool(offered))


def _lasting(credit_type: CreditType) -> str:
    """A type as the form for issuing offers it: with how long its credits are good."""
    lasting = expiration(credit_type.expires_after, credit_type.expires_unit).removeprefix("good for ")
    return f"{capital(credit_type.name)} ({lasting})"


@staff(can="credits.consume")
@require_http_methods(["GET", "HEAD", "POST"])
def consume(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    asked = asked_type(request, "credit_type" if request.method == "POST" else "type")
    held = queries.types_for(request.account, found)
    form = _consume_form(request, held, asked)
    if request.method == "POST" and form.is_valid() and _to_preview(request, form):
        foreseen = _foreseen(request, found, form)
        if foreseen:
            _refuse(request, found, form, foreseen)
        return _consume_dialog(request, found, held, form, AGAINST_A_RULE if foreseen else 200)

    def post() -> services.Posting:
        data = form.cleaned_data
        return services.consume(
            account=request.account,
            contact=found,
            credit_type=data["credit_type"],
            amount=data["amount"],
            key=data["key"],
            service_date=data["service_date"],
            note=data["note"],
            note_for_customer=data["note_for_customer"],
            actor=request.actor,
        )

    status, answer = _send(request, found, form, post)
    if status == AGAINST_A_RULE:
        held = queries.types_for(request.account, found)  # as it is now: the refusal may be about what has changed
    return answer or _consume_dialog(request, found, held, form, status)


@staff(can="credits.consume")
@require_safe
def payers(request: StaffRequest, contact: uuid.UUID) -> HttpResponse:
    """The lots that would pay for what the form says now; alone, since only the form asks for it."""
    found = contact_or_404(request, contact)
    held = queries.types_for(request.account, found)
    form = _consume_form(request, held, asked_type(request, "credit_type"), data=request.GET)
    return TemplateResponse(request, "credits/_payers.html", {"paying": _paying(request, found, form)})


Held = list[tuple[CreditType, int]]
"""Types by name, each with what a contact has free."""


def _consume_form(request: StaffRequest, held: Held, asked: CreditType | None, data: Any = None) -> ConsumeForm:
    kinds = sorted(held, key=lambda one: one[1] == 0)  # by name, those with something free first
    offered = [
        (one, f"{capital(one.name)}: {free:,} free" if free else f"{capital(one.name)}: none free")
        for one, free in kinds
    ]
    if asked and asked.pk not in {one.pk for one, _ in kinds}:
        offered.append((asked, f"{capital(asked.name)}: none free"))
    initial: dict[str, Any] = {}
    with_free = [one for one, free in kinds if free]
    if asked or len(with_free) == 1:
        initial["credit_type"] = str((asked or with_free[0]).public_id)
    return ConsumeForm(data or request.POST or None, offered=offered, today=today(request.account), initial=initial)


def _to_preview(request: StaffRequest, form: ConsumeForm) -> bool:
    """Without a script the page cannot renew the list of lots that pay: then what was changed is shown again before it counts."""
    if "preview" in request.POST:
        return True
    return not request.htmx and "seen" in request.POST and request.POST["seen"] != _seen(form.cleaned_data)


def _foreseen(request: StaffRequest, contact: Contact, form: ConsumeForm) -> errors.LedgerRefusal | None:
    """What the ledger would say to a use that is only previewed."""
    amount, credit_type, day = (form.cleaned_data[name] for name in ("amount", "credit_type", "service_date"))
    if wrong := _wrong_day(day, today(request.account)):
        return wrong
    payment = queries.payers(request.account, contact, credit_type, amount=amount, service_date=day)
    return errors.InsufficientCredits(free=payment.free, asked=amount) if payment.short else None


def _wrong_day(day: date, this_day: date) -> errors.LedgerRefusal | None:
    if day > this_day:
        return errors.DayInFuture()
    return errors.DayTooFarBack() if day < this_day - errors.FURTHEST_BACK else None


def _seen(data: dict[str, Any]) -> str:
    return f"{data['credit_type'].public_id}/{data['amount']}/{data['service_date']}"


def _paying(request: StaffRequest, contact: Contact, form: ConsumeForm) -> dict[str, Any]:
    """Which lots would pay for what stands in the form; empty where it does not say enough yet."""
    amount, credit_type, day = (_value(form, name) for name in ("amount", "credit_type", "service_date"))
    if not (amount and credit_type and day):
        return {"ready": False}
    this_day = today(request.account)
    if _wrong_day(day, this_day):
        return {"ready": False}
    payment = queries.payers(request.account, contact, credit_type, amount=amount, service_date=day)
    left = payment.free - amount
    return {
        "ready": True,
        "seen": _seen({"amount": amount, "credit_type": credit_type, "service_date": day}),
        "short": payment.short,
        "has": _has(contact, payment.free, credit_type, amount) + _ask_an_admin(request, credit_type),
        "issue_url": _issue_url(request, contact, credit_type, amount - payment.free),
        "lots": [
            {
                "amount": payer.amount,
                "name": f"the {lot_name(payer.lot, today=this_day)}",
                "good": good(payer.lot.last_good_day, today=this_day),
                "restored": payer.restored,
            }
            for payer in payment.payers
        ],
        "after": f"{wording.quantity(left, credit_type) if left else f'No {credit_type.plural}'} will be left.",
    }


def _holding(contact: Contact, held: Held) -> str:
    """What a contact has free: "Ann Lee has 3 coaching sessions and 1 workshop seat."."""
    free = listed(wording.quantity(free, one) for one, free in held if free)
    return f"{contact.name} has {free or 'no credits'}."


def _value(form: Form, name: str) -> Any:
    """What stands in a field, cleaned; None when that is nothing valid. A refusal takes a field out of the cleaned data, not out of this."""
    try:
        return form.fields[name].clean(form[name].value())
    except ValidationError:
        return None


def _has(contact: Contact, free: int, credit_type: CreditType, asked: int) -> str:
    """Why a use is refused: how many there are, and how many were asked for."""
    had = wording.quantity(free, credit_type) if free else f"no {credit_type.plural}"
    return f"{contact.name} has {had}, and {asked:,} {'was' if asked == 1 else 'were'} asked for."


def _issue_url(request: HttpRequest, contact: Contact, credit_type: CreditType, amount: int) -> str:
    """The form for issuing what is missing; "" for those who may not, and for a type of which no more are issued."""
    if not may(request)["issue"] or credit_type.archived_at:
        return ""
    return f"{address(request, contact, 'issue')}?type={credit_type.public_id}&amount={max(amount, 1)}"


def _ask_an_admin(request: HttpRequest, credit_type: CreditType) -> str:
    """The next step of those who are short of credits and may not issue any; "" for a type of which nobody may."""
    return "" if may(request)["issue"] or credit_type.archived_at else " Ask an admin to issue more."


def _consume_dialog(
    request: StaffRequest, contact: Contact, held: Held, form: ConsumeForm, status: int
) -> HttpResponse:
    return _dialog(
        request,
        "consume",
        contact,
        form,
        status,
        paying=_paying(request, contact, form),
        payers_url=address(request, contact, "payers"),
        any_types=bool(cast(Any, form.fields["credit_type"]).offered),
        previewed=status == 200 and form.is_bound,
        has=_holding(contact, held),
        may_issue=may(request)["issue"],
    )


@staff(can="credits.correct")
@require_http_methods(["GET", "HEAD", "POST"])
def reverse(request: StaffRequest, contact: uuid.UUID, key: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    use = use_or_404(request, found, key)
    form = ReverseForm(request.POST or None, revivable=_revivable(request, use), initial={"amount": use.plainly or 1})

    def post() -> services.Posting:
        data = form.cleaned_data
        return services.reverse(
            account=request.account,
            use=key,
            amount=data["amount"],
            key=data["key"],
            revive=data.get("revive", False),
            reason=data["reason"],
            reason_for_customer=data["reason_for_customer"],
            actor=request.actor,
        )

    status, answer = _send(request, found, form, post)
    if answer:
        return answer
    this_day = today(request.account)
    lots = [
        {
            "amount": amount,
            "name": f"the {lot_name(lot, today=this_day)}",
            "good": good(lot.last_good_day, today=this_day),
            "again": good(again, today=this_day) if again else "",
            "withdrawn": withdrawn,
        }
        for lot, amount, withdrawn in use.lots
        for again in [good_again(lot, served=use.line.day, today=this_day)]
    ]
    what = row(request, found, use.line, shown=set(), may_correct=True)
    left = use.plainly + use.withdrawn
    return _dialog(request, "reverse", found, form, status, use=what, lots=lots, left=left, unit=wording.unit(left, use.line.credit_type))  # fmt: skip


def _revivable(request: StaffRequest, use: queries.Reversible) -> int:
    """Credits that only come back if staff say so. The box stays on a form that was sent with it ticked: a repeat must mean the same."""
    return use.withdrawn or int(request.method == "POST" and "revive" in request.POST)


@staff(can="credits.undo")
@require_POST
def undo(request: StaffRequest, contact: uuid.UUID, key: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    use = use_or_404(request, found, key)
    can = may(request)
    if use.line.actor != request.actor and not can["correct"]:
        raise Http404
    try:
        posting = services.undo(account=request.account, use=key, actor=request.actor)
    except errors.LedgerRefusal as refusal:
        said = refusal.wording
        if isinstance(refusal, errors.OverReversal):
            said = refusal.of_undo(may_reverse=can["correct"])
        context = {
            "contact": found,
            "back": contact_url(request, found),
            "refusal": said,
            "reverse_url": address(request, found, "reverse", key) if can["correct"] else "",
        }
        return TemplateResponse(request, "credits/use_undo.html", context, status=AGAINST_A_RULE)
    return _done(request, found, posting)


@staff(can="credits.correct")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: StaffRequest, contact: uuid.UUID, lot: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    credit_type, view = lot_or_404(request, found, lot)
    form = WithdrawForm(request.POST or None, initial={"amount": view.free or 1})

    def post() -> services.Posting:
        data = form.cleaned_data
        return services.withdraw(
            account=request.account,
            lot=lot,
            amount=data["amount"],
            key=data["key"],
            reason=data["reason"],
            reason_for_customer=data["reason_for_customer"],
            actor=request.actor,
        )

    status, answer = _send(request, found, form, post)
    return answer or _lot_dialog(request, "withdraw", found, form, status, credit_type, view)


@staff(can="credits.correct")
@require_http_methods(["GET", "HEAD", "POST"])
def last_good_day(request: StaffRequest, contact: uuid.UUID, lot: uuid.UUID) -> HttpResponse:
    found = contact_or_404(request, contact)
    credit_type, view = lot_or_404(request, found, lot)
    this_day = today(request.account)
    is_now = view.last_good_day.isoformat() if view.last_good_day else "never"
    initial = {"day": view.last_good_day if view.free else None, "was": is_now}
    form = RedateForm(request.POST or None, today=this_day, initial=initial)

    def post() -> services.Posting:
        data = form.cleaned_data
        if data["was"] and is_now not in (data["was"], data["expiry"]):
            renew(form, "was", is_now)  # told of it, they may decide anew
            raise Refusal(
                f"Meanwhile somebody changed this lot: it is now {good(view.last_good_day, today=this_day)}. "
                "Nothing has been changed by you; send it again if yours is to stand.",
                field="day",
            )
        return services.redate(
            account=request.account,
            lot=lot,
            last_good_day=form.last_good_day,
            key=data["key"],
            reason=data["reason"],
            reason_for_customer=data["reason_for_customer"],
            actor=request.actor,
        )

    status, answer = _send(request, found, form, post)
    return answer or _lot_dialog(request, "last_good_day", found, form, status, credit_type, view)


def _lot_dialog(
    request: StaffRequest, name: str, contact: Contact, form: Form, status: int, credit_type: CreditType, lot: queries.LotView
) -> HttpResponse:  # fmt: skip
    this_day = today(request.account)
    return _dialog(
        request,
        name,
        contact,
        form,
        status,
        lot=lot,
        lot_name=lot_name(lot, today=this_day),
        lot_good=good(lot.last_good_day, today=this_day),
        free=wording.quantity(lot.free, credit_type),
        expired=wording.quantity(lot.expired, credit_type) if lot.expired else "",
    )


def _send(
    request: StaffRequest, contact: Contact, form: Form, post: Callable[[], services.Posting]
) -> tuple[int, HttpResponse | None]:
    """Make the posting of a form that was sent: the answer when it was made, else the status with which the form comes back."""
    if request.method != "POST":
        return 200, None
    if not form.is_valid():
        return BAD_INPUT, None
    try:
        return 303, _done(request, contact, post())
    except errors.NotHere:
        raise Http404 from None
    except Refusal as refusal:
        _refuse(request, contact, form, refusal)
    return AGAINST_A_RULE, None


def _refuse(request: StaffRequest, contact: Contact, form: Form, refusal: Refusal) -> None:
    """Put a refusal beside the field it is about; short of credits it says who has how many, and what to do."""
    if isinstance(refusal, errors.InsufficientCredits):
        credit_type = form.cleaned_data["credit_type"]
        had = _has(contact, refusal.free, credit_type, refusal.asked)
        form.add_error("amount", f"{had} Nothing has been used.{_ask_an_admin(request, credit_type)}")
        return
    field = {"last_good_day": "day"}.get(refusal.field or "", refusal.field)
    form.add_error(field if field in form.fields else None, refusal.wording)


def _done(request: StaffRequest, contact: Contact, posting: services.Posting) -> HttpResponse:
    return see_other(request, f"{contact_url(request, contact)}?done={posting.key}")


def _dialog(
    request: StaffRequest, name: str, contact: Contact, form: Form, status: int, **context: object
) -> HttpResponse:
    return page_or_fragment(
        request,
        page="credits/movement.html",
        fragment=f"credits/_{name}.html",
        context={
            "contact": contact,
            "form": form,
            "back": contact_url(request, contact),
            "fragment": f"credits/_{name}.html",
            "title": _TITLES[name],
            **context,
        },
        status=status,
    )


_TITLES = {
    "issue": "Issue credits",
    "consume": "Consume credits",
    "reverse": "Reverse a use",
    "withdraw": "Withdraw credits",
    "last_good_day": "Change the last good day",
}
