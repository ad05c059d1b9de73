"""Marketing → Triggers: the list, and Add a trigger."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from automations.forms.occasions import OccasionForm
from automations.occasions import OCCASIONS
from contacts.models import Tag
from contacts.views.lookup import as_uuid
from credits.wording import capital
from products.models import Product
from products.queries import catalogue
from simplero.lib.refusals import Refusal
from simplero.web.access import staff
from simplero.web.forms import refused
from simplero.web.http import BAD_INPUT, StaffRequest, see_other
from triggers import queries
from triggers.forms import KeyForm
from triggers.models import Trigger
from triggers.services import triggers as services
from triggers.services.triggers import Details

from .frame import dialog, list_url, status, trigger_url, when

VIEWS = (("", "All", None), ("on", "On", True), ("off", "Off", False))

ABOUT = {
    "purchase.activated": "A product, or any, the first time or each time.",
    "purchase.at_price": "Only at one of its prices.",
    "purchase.ended": "Cancelled, failed, expired or refunded.",
    "credits.issued": "By purchase, by hand or by itself.",
    "credits.consumed": "Each use of a type.",
    "credits.reversed": "A use was reversed.",
    "credits.low": "When the number left comes down to one you choose.",
    "credits.used_up": "The last one was used.",
    "credits.expiring": "So many days before their last good day is over.",
    "credits.expired": "They were not used in time.",
    "tag.added": "By hand, or by an automation.",
    "tag.removed": "By hand, or by an automation.",
    "contact.created": "By hand, or with a first order.",
    "automation.finished": "A contact came to its end.",
    "hook.received": "Your booking tool says: session delivered.",
}
"""What each occasion is, in half a sentence."""

EXAMPLES = (
    ("hook.received", "When a session was delivered, consume a credit"),
    ("purchase.activated", "When a product is bought, issue credits or add a tag"),
    ("credits.low", "When credits run low, send an email"),
)
"""What the empty list offers to begin with."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; whatever is spoiled in it is left out."""

    show: str
    product: Product | None
    tag: Tag | None

    @classmethod
    def of(cls, request: StaffRequest) -> "Asked":
        show = request.GET.get("show", "")
        product, tag = as_uuid(request.GET.get("product", "")), as_uuid(request.GET.get("tag", ""))
        return cls(
            show if show in {code for code, _, _ in VIEWS} else "",
            catalogue.products(request.account).filter(public_id=product).first() if product else None,
            Tag.objects.filter(public_id=tag).first() if tag else None,
        )

    def query(self, **more: Any) -> str:
        asked = {"show": self.show, "product": self.product and self.product.public_id, "tag": self.tag and self.tag.public_id, **more}  # fmt: skip
        return "&".join(f"{name}={value}" for name, value in asked.items() if value)


@staff(can="automations")
@require_safe
def triggers(request: StaffRequest) -> HttpResponse:
    asked, here = Asked.of(request), list_url(request)
    found = queries.triggers(request.account)
    on = {code: on for code, _, on in VIEWS}[asked.show]
    if on is not None:
        found = found.filter(flow__enabled=on)
    if asked.product:
        found = found.filter(product=asked.product)
    if asked.tag:
        found = found.filter(tag=asked.tag)
    cursor = as_uuid(request.GET.get("after", ""))
    after = Trigger.objects.filter(public_id=cursor).first() if cursor else None
    page = queries.page(found, after=after)
    more, page = len(page) > queries.PAGE, page[: queries.PAGE]
    context = {
        "rows": [_row(request, row) for row in queries.rows(request.account, page)],
        "asked": asked,
        "narrowed": asked.product or asked.tag,
        "views": [
            {"label": label, "url": _here(here, asked.query(show=code)), "current": code == asked.show}
            for code, label, _ in VIEWS
        ],
        "first": after is None,
        "newer": _here(here, asked.query()) if after else "",
        "older": _here(here, asked.query(after=page[-1].public_id)) if more else "",
        "here": here,
        "new_url": _new(request),
        "examples": [
            {"words": words, "icon": OCCASIONS[code].icon, "url": f"{_new(request)}?when={code}"}
            for code, words in EXAMPLES
        ],
    }
    return TemplateResponse(request, "triggers/trigger_list.html", context)


def _here(here: str, query: str) -> str:
    return f"{here}?{query}" if query else here


def _new(request: StaffRequest) -> str:
    return reverse("triggers:new", args=[request.account.slug])


def _row(request: StaffRequest, row: queries.Row) -> dict[str, Any]:
    flow = row.trigger.flow
    return {
        "row": row,
        "when": capital(row.when),
        "named": flow.name != capital(row.when),
        "name": flow.name,
        "status": status(row.trigger),
        "url": trigger_url(request, row.trigger),
        "refused_url": f"{trigger_url(request, row.trigger, 'log')}?show=refused",
        "attention_url": f"{trigger_url(request, row.trigger, 'log')}?show=attention",
        "switch_url": trigger_url(request, row.trigger, "switch"),
        "last": when(request, flow.last_started_at) if flow.last_started_at else "",
    }


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """First what happened, then what narrows it down; the rest is done on the trigger's own page."""
    here, code = _new(request), request.GET.get("when", "")
    if code not in OCCASIONS:
        if request.method == "POST":
            raise Http404
        return dialog(request, "trigger_which", {"groups": _groups(here)})
    occasion = OCCASIONS[code]
    data = request.POST if request.method == "POST" else None
    form = OccasionForm(data, account=request.account, occasion=occasion, settings=_preset(request, occasion.fields))
    key, status_ = KeyForm(data), 200
    if data is not None:
        status_ = BAD_INPUT
        if form.is_valid() and key.is_valid():
            try:
                made = services.add(
                    account=request.account,
                    occasion=code,
                    details=Details(settings=form.settings()),
                    key=key.cleaned_data["key"] or uuid.uuid4(),
                    actor=request.actor,
                )
            except Refusal as refusal:
                status_ = refused(form, refusal)
            else:
                messages.success(
                    request, "The trigger is there, switched off. Say what it is to do, then switch it on."
                )
                return see_other(request, trigger_url(request, made))
    context = {
        "form": form,
        "key": key,
        "occasion": occasion,
        "about": ABOUT[code],
        "action": f"{here}?{request.GET.urlencode()}",
        "which_url": here,
    }
    return dialog(request, "trigger_new", context, status=status_)


def _groups(here: str) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for code, one in OCCASIONS.items():
        groups.setdefault(one.group, []).append(
            {
                "code": code.replace(".", "-"),
                "label": one.label,
                "icon": one.icon,
                "about": ABOUT[code],
                "url": f"{here}?when={code}",
            }  # fmt: skip
        )
    return [{"title": title, "occasions": found} for title, found in groups.items()]


def _preset(request: StaffRequest, fields: tuple[str, ...]) -> dict[str, Any]:
    """What the page one came from was about: its product, or its tag."""
    asked = Asked.of(request)
    found = {"product": asked.product, "tag": asked.tag}
    return {name: one.pk for name, one in found.items() if one and name in fields}
