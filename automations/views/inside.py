"""The flow view of an automation: how many contacts stand where, who they are, and what to do with them."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from automations import programs
from automations.descriptions import BRANCHES, step_icon
from automations.models import Flow, Start, State, Version
from automations.programs import Node
from automations.queries import inside
from automations.queries.inside import At, Numbers
from automations.queries.naming import Names, names
from automations.runs import live_version
from automations.services import steering
from contacts import queries as contacts
from contacts.views.lookup import as_uuid
from simplero.lib.text import unfit
from simplero.tenancy.actors import Actor
from simplero.tenancy.people import actor_names
from simplero.web.access import staff
from simplero.web.http import StaffRequest, page_or_fragment, see_other

from . import lines, said
from .lookup import flow_or_404, flow_url

MOST_AT_ONCE = 500
"""Runs that one form may name."""

LISTED = 8
"""Contacts that a dialog names."""

LEAVING = "-"
"""Stands in addresses for the place behind the last step."""


@staff(can="automations")
@require_safe
def flow(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    """How many contacts stand at each step. While a start of many, or anything else, is under way it looks again by itself."""
    found = flow_or_404(request, flow)
    numbers = inside.numbers(request.account, found)
    version = live_version(found)
    starts = inside.starts(request.account, found)
    context = {
        "flow": found,
        "numbers": numbers,
        "inside_sub": _inside_words(numbers),
        "attention": numbers.of(State.ATTENTION),
        "attention_url": f"{reverse('automations:attention', args=[request.account.slug])}?flow={found.public_id}",
        "ended_starts": any(start.ended_at is not None for start in starts),
        "version": version,
        **_steps(request, found, version, numbers),
        "starts": _starts(request, found, starts),
        "live": any(start.ended_at is None for start in starts),
        "here": flow_url(request, found, "flow"),
        "contacts_url": flow_url(request, found, "contacts"),
        "start_url": flow_url(request, found, "start"),
        "start_many_url": flow_url(request, found, "start-many"),
        "tab": "flow",
    }
    return page_or_fragment(
        request, page="automations/inside_flow.html", fragment="automations/_inside_flow.html", context=context
    )


def _inside_words(numbers: Numbers) -> str:
    paused = numbers.of(State.PAUSED)
    return f"{paused:,} of them paused" if paused else ""


def _steps(request: StaffRequest, flow: Flow, version: Version | None, numbers: Numbers) -> dict[str, Any]:
    """The steps of the live version, and those of older ones at which somebody still stands."""
    program = programs.parse(version.steps) if version else programs.Program()
    elsewhere = [step for step in numbers.at if step and step not in program.nodes]
    former = inside.former(request.account, flow, elsewhere)
    known = names(request.account, version.steps if version else [], [node.settings for _, node in former.values()])
    url = flow_url(request, flow, "contacts")
    steps = [
        _step(node, numbers.at.get(key, At()), known, url, program) | {"place": place}
        for place, (key, node) in enumerate(program.nodes.items(), 1)
    ]
    opened: set[tuple[str, str]] = set()
    for step in steps:
        list_ = step["parent"], step["branch"]
        step["opens"] = step["label"] if list_ not in opened else ""
        opened.add(list_)
    older = [
        _step(former[step][1] if step in former else None, numbers.at[step], known, url)
        | {"key": step, "url": f"{url}?step={step}", "version": former[step][0].number if step in former else None}
        for step in elsewhere
    ]
    leaving = numbers.at.get("", At())
    return {"steps": steps, "older": older, "leaving": leaving.number, "leaving_url": f"{url}?step={LEAVING}"}


def _step(node: Node | None, at: At, known: Names, url: str, program: programs.Program | None = None) -> dict[str, Any]:
    return {
        "key": node.key if node else "",
        "words": lines.words_of(node, known, program),
        "icon": step_icon(node.kind if node else ""),
        "label": BRANCHES.get((program.nodes[node.parent].kind, node.branch), "")
        if node and node.parent and program
        else "",
        "depth": node.depth if node else 0,
        "parent": node.parent if node else "",
        "branch": node.branch if node else "",
        "number": at.number,
        "attention": at.of(State.ATTENTION),
        "paused": at.of(State.PAUSED),
        "url": f"{url}?step={node.key}" if node else "",
    }


def _starts(request: StaffRequest, flow: Flow, starts: list[Start]) -> list[dict[str, Any]]:
    who = {start.pk: Actor(start.actor_kind, start.actor_id) for start in starts}
    people = actor_names(who.values())
    known = names(request.account, [start.selection for start in starts])
    total = contacts.contacts(request.account).count() if any(start.ended_at is None for start in starts) else 0
    return [
        {
            "start": start,
            "whom": said.whom(start.selection, known),
            "who": people[who[start.pk]],
            "when": lines.when(request, start.created_at),
            "total": total,
            "rest": max(total - start.looked_at, 0),
            "stop_url": reverse("automations:start-stop", args=[request.account.slug, flow.public_id, start.public_id]),
        }
        for start in starts
    ]


@staff(can="automations")
@require_safe
def contacts_(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    """Who stands at a step, or came to an end in one way."""
    found = flow_or_404(request, flow)
    step, state = request.GET.get("step", ""), request.GET.get("state", "")
    after = inside.cursor(request.account, as_uuid(request.GET.get("after", "")))
    if state in (State.FINISHED, State.STOPPED):
        runs = inside.page(inside.ended(request.account, found, state), by="ended_at", after=after)
        query, title = f"?state={state}", State(state).label
    elif step and not unfit(step):
        runs = inside.page(inside.at_step(request.account, found, "" if step == LEAVING else step), by="since", after=after)  # fmt: skip
        query, title = f"?step={step}", _title(request, found, step)
    else:
        return see_other(request, flow_url(request, found, "flow"))
    more, runs = len(runs) > inside.PAGE, runs[: inside.PAGE]
    known = names(request.account, [run.detail for run in runs])
    url = flow_url(request, found, "contacts")
    context = {
        "flow": found,
        "title": title,
        "rows": [lines.row(request, run, known) for run in runs],
        "over": bool(state),
        "query": query,
        "stop_url": flow_url(request, found, "contacts-stop"),
        "newest": f"{url}{query}" if after else "",
        "older": f"{url}{query}&after={runs[-1].public_id}" if more else "",
        "flow_url": flow_url(request, found, "flow"),
    }
    return TemplateResponse(request, "automations/inside_contacts.html", context)


def _title(request: StaffRequest, flow: Flow, step: str) -> str:
    if step == LEAVING:
        return "Past the last step"
    version = live_version(flow)
    node = programs.parse(version.steps).nodes.get(step) if version else None
    if node is None:
        former = inside.former(request.account, flow, [step])
        if step not in former:
            raise Http404
        node = former[step][1]
    return lines.words_of(node, names(request.account, node.settings))


def asked(data: Any) -> list[steering.Seen]:
    """The runs that a form names, as they were seen."""
    return [one for one in map(lines.seen, data.getlist("run")[:MOST_AT_ONCE]) if one]


@staff(can="automations")
@require_POST
def contacts_steer(request: StaffRequest, flow: uuid.UUID, act: str) -> HttpResponse:
    """Continue now, pause or resume for those that were ticked."""
    found = flow_or_404(request, flow)
    runs = mine(request, found)
    settled = said.ACTS[act](account=request.account, runs=runs, actor=request.actor)
    said.tell(request, act, settled, asked=len(runs))
    return see_other(request, _back(request, found))


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def contacts_stop(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    """Take those that were ticked out of the automation, once that is confirmed."""
    found = flow_or_404(request, flow)
    if "sure" in request.POST:
        runs = mine(request, found)
        settled = steering.stop(account=request.account, runs=runs, actor=request.actor)
        said.tell(request, "stop", settled, asked=len(runs))
        return see_other(request, _back(request, found))
    known = inside.runs_named(request.account, [one.run for one in asked(request.POST)])
    runs_ = [run for run in known if run.flow_id == found.pk]
    context = {
        "flow": found,
        "runs": runs_[:LISTED],
        "number": len(runs_),
        "more": len(runs_[LISTED:]),
        "refs": [lines.reference(run) for run in runs_],
        "step": request.POST.get("step", ""),
        "action": flow_url(request, found, "contacts-stop"),
        "back": _back(request, found),
        "fragment": "automations/_inside_stop.html",
        "title": "Stop",
    }
    return page_or_fragment(
        request, page="automations/inside_dialog.html", fragment="automations/_inside_stop.html", context=context
    )


def mine(request: StaffRequest, flow: Flow) -> list[steering.Seen]:
    """Those of the runs a form names that are of this flow."""
    wanted = asked(request.POST)
    here = {run.public_id for run in inside.runs_named(request.account, [one.run for one in wanted]) if run.flow_id == flow.pk}  # fmt: skip
    return [one for one in wanted if one.run in here]


def _back(request: StaffRequest, flow: Flow) -> str:
    """The list that the form stood on."""
    data = request.POST if request.method == "POST" else request.GET
    step = data.get("step", "")
    return f"{flow_url(request, flow, 'contacts')}?{urlencode({'step': step})}" if step else flow_url(request, flow, "flow")  # fmt: skip
