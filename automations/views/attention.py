"""Marketing → Attention: everything that could not be done, in sentences, with what can be done about it."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from automations.models import Flow, Of, Run
from automations.queries import attention as queries
from automations.queries import inside
from automations.queries.attention import Filter, Group
from automations.queries.naming import Names, names
from contacts.views.lookup import as_uuid
from simplero.lib.text import unfit
from simplero.tenancy.roles import allows
from simplero.web.access import staff
from simplero.web.http import StaffRequest

from . import lines, said
from .lookup import home_url
from .settling import whole_reference

MOST_PAGES = 500


@staff(can="automations")
@require_safe
def attention(request: StaffRequest) -> HttpResponse:
    """Groups with their newest runs; narrowed to one flow, step and reason, all runs of that group, page by page."""
    wanted = _wanted(request)
    here = reverse("automations:attention", args=[request.account.slug])
    page = min(int(text), MOST_PAGES) if (text := request.GET.get("page", "")).isdecimal() and text != "0" else 1
    passed = (page - 1) * queries.GROUPS
    groups = queries.groups(request.account, wanted, passed=passed)
    more, groups = len(groups) > queries.GROUPS, groups[: queries.GROUPS]
    chosen = [(name, request.GET[name]) for name in ("flow", "step", "reason") if request.GET.get(name)]
    single, older, after = wanted.step is not None and len(groups) == 1, "", None
    if single:
        after = inside.cursor(request.account, as_uuid(request.GET.get("after", "")))
        runs = queries.page(queries.waiting(request.account, wanted), after=after)
        groups[0].runs = runs[: queries.PAGE]
        if len(runs) > queries.PAGE:
            older = f"{here}?{urlencode([*chosen, ('after', str(groups[0].runs[-1].public_id))])}"
    elif more:
        older = f"{here}?{urlencode([*chosen, ('page', page + 1)])}"
    known = names(
        request.account,
        [run.version.steps for run in {run.version_id: run for one in groups for run in one.runs}.values()],
        [run.detail for one in groups for run in one.runs],
    )
    context = {
        "groups": [_group(request, one, known, here, single=single) for one in groups],
        "single": single,
        "flows": _flows(request, wanted),
        "reasons": [(code, said.label(code)) for code in queries.reasons(request.account)],
        "wanted": wanted,
        "filtered": bool(chosen),
        "chosen": chosen,
        "here": here,
        "may_issue": allows(request.membership.role, "credits.issue"),
        "older": older,
        "newest": f"{here}?{urlencode(chosen)}" if after or page > 1 else "",
        "urls": {act: reverse(f"automations:attention-{act}", args=[request.account.slug]) for act in ("retry", "skip", "stop", "issue")},
    }  # fmt: skip
    return TemplateResponse(request, "automations/attention.html", context)


def _wanted(request: StaffRequest) -> Filter:
    """What the address narrows the inbox to; what it names and is not here narrows nothing."""
    public_id, flow = as_uuid(request.GET.get("flow", "")), None
    if public_id:
        try:
            flow = queries.get_flow(request.account, public_id)
        except Flow.DoesNotExist:
            flow = None
    step, reason = (text if not unfit(text := request.GET.get(name, "")) else "" for name in ("step", "reason"))
    return Filter(flow=flow, step=step if flow and step else None, reason=reason)


def _flows(request: StaffRequest, wanted: Filter) -> list[tuple[str, str]]:
    return [
        (str(one.public_id), f"{one.name}{' (trigger)' if one.of == Of.TRIGGER else ''}")
        for one in queries.flows(request.account)
    ]


def _group(request: StaffRequest, group: Group, known: Names, here: str, *, single: bool) -> dict[str, Any]:
    first: Run = group.runs[0]
    programs = lines.programs_of(group.runs)
    query = {"flow": group.flow.public_id, "step": group.step, "reason": group.reason}
    alone = group.number == 1
    return {
        "group": group,
        "sentence": said.group(group.reason, first.contact.name, group.number, lines.what(group.flow), first.detail, known),
        "flow_url": home_url(request, group.flow),
        "of": group.flow.of,
        "deleted": group.flow.deleted_at is not None,
        "step": lines.here(first, programs, known),
        "since": lines.inside_a_sentence(lines.when(request, group.first)),
        "alone": alone,
        "rows": [lines.row(request, run, known) for run in group.runs],
        "can_issue": group.reason == "short" and allows(request.membership.role, "credits.issue"),
        "all": whole_reference(group),
        "rest": 0 if single else group.number - len(group.runs),
        "url": f"{here}?{urlencode(query)}",
    }  # fmt: skip
