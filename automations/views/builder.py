"""Marketing → Automations → automation: its steps, one by one, in a draft that is published or discarded."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from automations import programs, runs
from automations.descriptions import GROUPS, KINDS
from automations.models import Flow, Version
from automations.programs import Misplaced, Place, Steps
from automations.queries import flows as shelf
from automations.queries.naming import names
from automations.queries.problems import problems
from automations.services import flows as services
from simplero.lib.moments import moment
from simplero.lib.refusals import Refusal
from simplero.tenancy.scope import now
from simplero.web.access import staff
from simplero.web.forms import refused
from simplero.web.http import AGAINST_A_RULE, BAD_INPUT, StaffRequest, see_other

from . import steps as asking
from .drawing import Drawing
from .flows import dialog, status
from .lookup import flow_or_404, flow_url, list_url


@dataclass(slots=True)
class Bench:
    """A flow with the steps as they are in the builder, and what was live when it was read."""

    flow: Flow
    steps: Steps
    live: Version | None
    pending: bool  # there are changes that are not live
    seen: str
    drawing: Drawing


def bench(request: StaffRequest, flow: Flow) -> Bench:
    draft, live = services.draft_of(flow), runs.live_version(flow)
    steps: Steps = (draft or live or Version(steps=[])).steps
    drawing = Drawing(
        programs.parse(steps), names(request.account, list(steps)), problems(request.account, flow, steps)
    )
    pending = draft is not None and (live is None or draft.steps != live.steps)
    return Bench(flow, steps, live, pending, services.seen_of(flow), drawing)


@staff(can="automations")
@require_safe
def builder(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    found = flow_or_404(request, flow)
    return page(request, bench(request, found))


def page(request: StaffRequest, at: Bench, *, because: str = "", status_code: int = 200) -> HttpResponse:
    """The builder. `at` and `did` in the address say which step was changed last, and by which button: there one goes on."""
    context = {
        **head(request, at.flow, at.live),
        **_canvas(request, at),
        "tab": "steps",
        "refused": because,
        "at": request.GET.get("at", ""),
        "did": request.GET.get("did", ""),
    }
    return TemplateResponse(request, "automations/builder.html", context, status=status_code)


def head(request: StaffRequest, flow: Flow, live: Version | None) -> dict[str, Any]:
    """What stands above the pages of an automation."""
    return {
        "flow": flow,
        "status": status(flow, published=live is not None),
        "version": live,
        "list_url": list_url(request),
        "copy_key": uuid.uuid4(),
        "urls": {
            name: flow_url(request, flow, name)
            for name in ("builder", "versions", "settings", "duplicate", "delete", "switch")
        },
    }


def _canvas(request: StaffRequest, at: Bench) -> dict[str, Any]:
    """What the steps are drawn from, alone too."""
    return {
        "flow": at.flow,
        "version": at.live,
        "cards": at.drawing.cards(at.steps),
        "pending": at.pending,
        "problems": at.drawing.problems,
        "seen": at.seen,
        "end": urlencode({"at": str(programs.END)}),
        "do": {
            name.replace("-", "_"): flow_url(request, at.flow, name)
            for name in ("step-add", "step-edit", "step-delete", "step-move", "step-do", "publish", "discard")
        },
    }


def _canvas_answer(request: StaffRequest, at: Bench, *, said: str = "", stale: str = "") -> HttpResponse:
    """The steps alone, for htmx. `said` is read aloud."""
    context = {**_canvas(request, at), "said": said, "stale": stale}
    code = AGAINST_A_RULE if stale else 200
    return TemplateResponse(request, "automations/_builder.html", context, status=code)


@staff(can="automations")
@require_POST
def step_do(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    """Move a step, copy it or delete it, by one button: `do` is "up:key", "down:key", "copy:key", "delete:key" or "put:key:place"."""
    found = flow_or_404(request, flow)
    what, _, rest = request.POST.get("do", "").partition(":")
    key, _, place = rest.partition(":")
    new = programs.new_key()
    try:
        how = _how(what, key, place, new)
        services.change(
            account=request.account, flow=found, seen=request.POST.get("seen", ""), how=how, actor=request.actor
        )
    except Refusal as refusal:
        at = bench(request, found)
        if request.htmx:
            return _canvas_answer(request, at, stale=refusal.wording)
        return page(request, at, because=refusal.wording, status_code=AGAINST_A_RULE)
    at = bench(request, found)
    stands = new if what == "copy" else key
    if request.htmx:
        return _canvas_answer(request, at, said=_said(at, what, stands))
    return back_to(request, found, stands, what)


def _how(what: str, key: str, place: str, new: str) -> Any:
    match what:
        case "up" | "down":
            return lambda steps: programs.shift(steps, key, up=what == "up")
        case "copy":
            return lambda steps: programs.duplicate(steps, key, new)
        case "delete":
            return lambda steps: programs.remove(steps, key)
        case "put":
            to = Place.read(place)
            return lambda steps: programs.move(steps, key, to)
    raise Misplaced("Choose what to do with the step.")


def _said(at: Bench, what: str, key: str) -> str:
    many = len(at.drawing.program.nodes)
    if what == "delete":
        return f"Deleted. {many} {'step is' if many == 1 else 'steps are'} left."
    return f"{'Copied' if what == 'copy' else 'Moved'}: now {at.drawing.said(key)}, of {many}."


def back_to(request: StaffRequest, flow: Flow, key: str, did: str = "") -> HttpResponse:
    """To the builder, where the step `key` stands in view."""
    query = urlencode({"at": key, "did": did} if did else {"at": key})
    return see_other(request, f"{flow_url(request, flow)}?{query}")


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def step_add(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    """First the kind, for a wait how, for an event which; then what that asks. `at` is the place."""
    found = flow_or_404(request, flow)
    here, back = flow_url(request, found, "step-add"), flow_url(request, found)
    kind, place = request.GET.get("kind", ""), request.GET.get("at", str(programs.END))
    address = _address(here, {"at": place})
    if kind not in KINDS:
        if request.method == "POST":
            raise Http404
        groups = [
            {
                "title": group,
                "kinds": [{"kind": one, "url": address(kind=one.code)} for one in KINDS.values() if one.group == group],
            }
            for group in GROUPS
        ]
        return dialog(request, "kinds", found, {"groups": groups, "back": back})
    at = bench(request, found)
    ask = asking.Asking(request.account, at.drawing, kind, request.GET)
    if ask.choices():
        if request.method == "POST":
            raise Http404
        return dialog(request, "choose", found, {**ask.choosing(address(kind=kind)), "back": back, "up": address()})
    form, code, seen, key = ask.form(request.POST or None), 200, at.seen, programs.new_key()
    if request.method == "POST":
        form = ask.form(request.POST)
        seen, key, code = request.POST.get("seen", ""), request.POST.get("key", ""), BAD_INPUT
        if form.is_valid():
            if programs.find(at.steps, key):  # sent twice: it is there
                return back_to(request, found, key)
            try:
                step = {"key": asking.fit_key(key), "kind": kind, "settings": form.settings()}
                to = Place.read(place)
                services.change(
                    account=request.account,
                    flow=found,
                    seen=seen,
                    how=lambda steps: programs.insert(steps, step, to),
                    actor=request.actor,
                )
            except Refusal as refusal:
                code, seen = refused(form, refusal), services.seen_of(found)
            else:
                return back_to(request, found, step["key"])
    context = {
        **ask.asking(form),
        "action": address(**ask.query()),
        "seen": seen,
        "key": key,
        "done": "Add step",
        "back": back,
        "up": address(**ask.up()),
    }
    return dialog(request, "step", found, context, code)


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def step_edit(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    """What the step says, to be changed; of a wait, `choose` asks anew how."""
    found = flow_or_404(request, flow)
    here, back = flow_url(request, found, "step-edit"), flow_url(request, found)
    at, key = bench(request, found), request.GET.get("step", "")
    step = programs.find(at.steps, key)
    if step is None:
        return _gone(request, found)
    address = _address(here, {"step": key})
    ask = asking.Asking(request.account, at.drawing, step["kind"], request.GET, step)
    if request.method != "POST" and ask.choices():
        return dialog(request, "choose", found, {**ask.choosing(address()), "back": back, "up": ""})
    form, code, seen = ask.form(None), 200, at.seen
    if request.method == "POST":
        form = ask.form(request.POST)
        seen, code = request.POST.get("seen", ""), BAD_INPUT
        if form.is_valid():
            try:
                said = form.settings()
                services.change(
                    account=request.account,
                    flow=found,
                    seen=seen,
                    how=lambda steps: programs.replace(steps, key, said),
                    actor=request.actor,
                )
            except Refusal as refusal:
                code, seen = refused(form, refusal), services.seen_of(found)
            else:
                return back_to(request, found, key)
    context = {
        **ask.asking(form),
        "action": address(**ask.query(editing=True)),
        "seen": seen,
        "key": "",
        "done": "Save step",
        "back": back,
        "up": address(choose="1") if step["kind"] == programs.WAIT else "",
        "wrong": at.drawing.problems.of.get(key, []),
    }
    return dialog(request, "step", found, context, code)


@staff(can="automations")
@require_safe
def step_delete(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    """Asks, where there are steps in its branches; `step_do` deletes."""
    found = flow_or_404(request, flow)
    at, key = bench(request, found), request.GET.get("step", "")
    step = programs.find(at.steps, key)
    if step is None:
        return _gone(request, found)
    context = {
        "action": flow_url(request, found, "step-do"),
        "back": flow_url(request, found),
        "seen": at.seen,
        "key": key,
        "words": at.drawing.said(key),
        "inside": len(list(programs.walk([step]))) - 1,
    }
    return dialog(request, "step_delete", found, context)


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def step_move(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    """To any other place: before another step, or at the end of a branch."""
    found = flow_or_404(request, flow)
    at, key = bench(request, found), request.GET.get("step", "")
    if programs.find(at.steps, key) is None:
        return _gone(request, found)
    form, code, seen = asking.MoveForm(request.POST or None, places=at.drawing.places(at.steps, key)), 200, at.seen
    if request.method == "POST":
        seen, code = request.POST.get("seen", ""), BAD_INPUT
        if form.is_valid():
            to = Place.read(form.cleaned_data["place"])
            try:
                services.change(
                    account=request.account,
                    flow=found,
                    seen=seen,
                    how=lambda steps: programs.move(steps, key, to),
                    actor=request.actor,
                )
            except Refusal as refusal:
                code, seen = refused(form, refusal), services.seen_of(found)
            else:
                return back_to(request, found, key)
    context = {
        "form": form,
        "action": f"{flow_url(request, found, 'step-move')}?{urlencode({'step': key})}",
        "back": flow_url(request, found),
        "seen": seen,
        "words": at.drawing.said(key),
    }
    return dialog(request, "step_move", found, context, code)


def _gone(request: StaffRequest, flow: Flow) -> HttpResponse:
    """Somebody has deleted the step that was asked for."""
    messages.warning(request, "This step is not there any more.")
    return see_other(request, flow_url(request, flow))


def _address(here: str, always: dict[str, str]) -> Any:
    return lambda **more: f"{here}?{urlencode({**always, **more})}"


@staff(can="automations")
@require_POST
def publish(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    found = flow_or_404(request, flow)
    try:
        made = services.publish(
            account=request.account, flow=found, seen=request.POST.get("seen", ""), actor=request.actor
        )
    except Refusal as refusal:
        return page(request, bench(request, found), because=refusal.wording, status_code=AGAINST_A_RULE)
    if made is None:
        messages.info(request, "There was nothing new to publish.")
    elif found.enabled:
        messages.success(request, f"Version {made.number} is live: who enters from now on goes through it.")
    else:
        messages.success(request, f"Version {made.number} is published. Switch it on to let contacts enter.")
    return see_other(request, flow_url(request, found))


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def discard(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    found = flow_or_404(request, flow)
    at = bench(request, found)
    context: dict[str, Any] = {
        "action": flow_url(request, found, "discard"),
        "back": flow_url(request, found),
        "seen": at.seen,
        "version": at.live,
    }
    if request.method == "POST":
        try:
            services.discard(
                account=request.account, flow=found, seen=request.POST.get("seen", ""), actor=request.actor
            )
        except Refusal as refusal:
            return dialog(request, "discard", found, {**context, "refused": refusal.wording}, AGAINST_A_RULE)
        messages.success(request, "The changes are discarded. These are the steps that are live.")
        return see_other(request, flow_url(request, found))
    return dialog(request, "discard", found, context)


@staff(can="automations")
@require_safe
def versions(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    """The versions there were, and one of them to read: `show` is its number."""
    found = flow_or_404(request, flow)
    editions, live = shelf.editions(request.account, found), runs.live_version(found)
    asked = request.GET.get("show", "")
    shown = next((one.version for one in editions if str(one.version.number) == asked), None)
    here = flow_url(request, found, "versions")
    context = {
        **head(request, found, live),
        "tab": "versions",
        "rows": [
            {
                "edition": one,
                "when": moment(one.version.published_at, now=now(), zone=request.account.zone),  # type: ignore[arg-type]
                "many": len(programs.parse(one.version.steps).nodes),
                "url": f"{here}?show={one.version.number}",
            }
            for one in editions
        ],
        "older": sum(one.inside for one in editions if not one.live),
        "renew_url": flow_url(request, found, "renew"),
        "shown": shown,
    }
    if shown:
        program, known = programs.parse(shown.steps), names(request.account, shown.steps)
        context["cards"] = Drawing(program, known, problems(request.account, found, [])).cards(shown.steps)
    return TemplateResponse(request, "automations/version_list.html", context)


@staff(can="automations")
@require_POST
def renew(request: StaffRequest, flow: uuid.UUID) -> HttpResponse:
    """Let those inside older versions go on in the newest."""
    found = flow_or_404(request, flow)
    try:
        moved = services.move_to_newest(account=request.account, flow=found, actor=request.actor)
    except Refusal as refusal:
        messages.error(request, refusal.wording)
        return see_other(request, flow_url(request, found, "versions"))
    stay = (
        f" {_contacts(moved.stay)} where they are: the newest version does not have their step." if moved.stay else ""
    )
    if moved.later:
        messages.success(request, f"{moved.later:,} contacts are being moved to the newest version.{stay}")
    elif moved.moved:
        many = f"{moved.moved:,} {'contact goes' if moved.moved == 1 else 'contacts go'}"
        messages.success(request, f"{many} on in the newest version now.{stay}")
    else:
        messages.info(request, f"Nobody was moved.{stay}")
    return see_other(request, flow_url(request, found, "versions"))


def _contacts(number: int) -> str:
    return "1 contact stays" if number == 1 else f"{number:,} contacts stay"
