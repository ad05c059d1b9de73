"""One contact's way through a flow: each step with its time and what came of it, what is next and when, and what to do about it."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from automations import programs
from automations.descriptions import step_icon
from automations.forms.settling import IssueForm
from automations.models import Of, Outcome, Run, Visit
from automations.occasions import OCCASIONS
from automations.queries import log
from automations.queries.naming import Names, names
from automations.services import attention, steering
from automations.services.starts import BULK, STAFF
from automations.wording import outcome
from contacts.views.lookup import contact_url
from simplero.lib.refusals import Refusal
from simplero.tenancy.actors import Actor
from simplero.tenancy.people import actor_names
from simplero.web.access import staff
from simplero.web.http import AGAINST_A_RULE, BAD_INPUT, StaffRequest, page_or_fragment, see_other

from . import lines, said
from .lookup import home_url
from .settling import may_issue, missing

TONES = {
    Outcome.DONE: "good",
    Outcome.REFUSED: "bad",
    Outcome.SKIPPED: "warn",
    Outcome.BRANCHED: "warn",
}


@staff(can="automations")
@require_safe
def run(request: StaffRequest, run: uuid.UUID) -> HttpResponse:
    """While a worker is about to take it on, the page looks again by itself."""
    found = lines.run_or_404(request, run)
    return page_or_fragment(
        request, page="automations/run.html", fragment="automations/_run.html", context=_context(request, found)
    )


def _context(request: StaffRequest, run: Run) -> dict[str, Any]:
    visits = log.visits(request.account, run)
    event = log.beginning(request.account, run)
    known = names(
        request.account,
        run.version.steps,
        run.detail,
        [visit.detail for visit in visits],
    )
    program = programs.parse(run.version.steps)
    people = actor_names([*_actors(visits), Actor(run.actor_kind, run.actor_id)])
    over = run.ended_at is not None
    facts = [
        ("Contact", run.contact.name, contact_url(request, run.contact)),
        ("Trigger" if run.flow.of == Of.TRIGGER else "Automation", run.flow.name, home_url(request, run.flow)),
        ("Began", lines.when(request, run.started_at), ""),
        ("How", _how(request, run, people, event.kind if event else ""), ""),
        ("Steps", f"Version {run.version.number}", ""),
    ]
    if run.ended_at:
        facts.insert(3, ("Ended", lines.when(request, run.ended_at), ""))
    return {
        "run": run,
        "line": lines.row(request, run, known),
        "at": "" if over else lines.here(run, {run.version_id: program}, known),
        "can": lines.can(request, run),
        "visits": [_visit(request, run, visit, program, known, people) for visit in visits],
        "facts": facts,
        "on_its_way": lines.on_its_way(run),
        "trigger": run.flow.of == Of.TRIGGER,
        "contact_url": contact_url(request, run.contact),
        "flow_url": home_url(request, run.flow),
        "urls": {act: lines.run_url(request, run, f"run-{act}") for act in said.ACTS},
        "here": lines.run_url(request, run),
    }


def _actors(visits: list[Visit]) -> list[Actor]:
    return [Actor(*by) for visit in visits for by in [_by(visit)] if by]


def _by(visit: Visit) -> list[Any]:
    """Who did it by hand, [] where nobody did."""
    by = visit.detail.get("by") or visit.detail.get("hurried")
    return by if isinstance(by, list) else []


def _how(request: StaffRequest, run: Run, people: dict[Actor, str], kind: str) -> str:
    """What began it, and who."""
    who = people[Actor(run.actor_kind, run.actor_id)]
    match run.source:
        case source if source == STAFF:
            return f"By hand, by {who}"
        case source if source == BULK:
            return f"With many others at once, by {who}"
        case "automation" | "trigger":
            return f"By {'an automation' if run.source == 'automation' else 'a trigger'}"
    label = next((one.label for one in OCCASIONS.values() if kind in one.kinds), "")
    return f"By itself: {label[:1].lower()}{label[1:]}" if label else "By itself"


def _visit(
    request: StaffRequest, run: Run, visit: Visit, program: programs.Program, known: Names, people: dict[Actor, str]
) -> dict[str, Any]:
    by = _by(visit)
    return {
        "step": lines.words_of(program.nodes.get(visit.step), known) if visit.step else "Past the last step",
        "words": outcome(visit, known),
        "icon": "triangle-alert" if visit.outcome == Outcome.REFUSED else step_icon(visit.kind),
        "tone": TONES.get(Outcome(visit.outcome), ""),
        "when": lines.when(request, visit.at),
        "at": visit.at.isoformat(),
        "who": people[Actor(*by)] if by else "",
        "attempt": visit.attempt if visit.attempt > 1 else 0,
        "entry_url": lines.entry_url(request, run, visit),
    }


@staff(can="automations")
@require_POST
def run_do(request: StaffRequest, run: uuid.UUID, act: str) -> HttpResponse:
    """Continue now, pause, resume, retry or skip: once, however often it is sent."""
    found = lines.run_or_404(request, run)
    asked = [one for one in [lines.seen(request.POST.get("run", ""))] if one and one.run == found.public_id]
    settled = said.ACTS[act](account=request.account, runs=asked or [found.public_id], actor=request.actor)
    said.tell(request, act, settled, asked=1, now=found)
    return see_other(request, lines.run_url(request, found))


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def run_stop(request: StaffRequest, run: uuid.UUID) -> HttpResponse:
    """Take a contact out for good, once that is confirmed."""
    found = lines.run_or_404(request, run)
    if request.method == "POST":
        settled = steering.stop(account=request.account, runs=[found.public_id], actor=request.actor)
        said.tell(request, "stop", settled, asked=1, now=found)
        return see_other(request, lines.run_url(request, found))
    return _dialog(request, found, "stop")


@staff(can="automations")
@require_http_methods(["GET", "HEAD", "POST"])
def run_issue(request: StaffRequest, run: uuid.UUID) -> HttpResponse:
    """Issue exactly what is missing, and try the step again."""
    may_issue(request)
    found = lines.run_or_404(request, run)
    form, status = IssueForm(request.POST or None, initial={"run": lines.reference(found)}), 200
    if request.method == "POST":
        status = BAD_INPUT
        if form.is_valid():
            asked = [one for one in [lines.seen(form.cleaned_data["run"])] if one and one.run == found.public_id]
            try:
                settled = attention.issue_and_retry(
                    account=request.account,
                    runs=asked,
                    note=form.cleaned_data["note"],
                    actor=request.actor,
                )
            except Refusal as refusal:
                form.add_error(None, refusal.wording)
                status = AGAINST_A_RULE
            else:
                said.tell(request, "issue", settled, asked=1)
                return see_other(request, lines.run_url(request, found))
    return _dialog(request, found, "issue", status, form=form, missing=missing(request, [found]))


def _dialog(request: StaffRequest, run: Run, name: str, status: int = 200, **context: Any) -> HttpResponse:
    return page_or_fragment(
        request,
        page="automations/run_dialog.html",
        fragment=f"automations/_run_{name}.html",
        context={
            "run": run,
            "action": lines.run_url(request, run, f"run-{name}"),
            "back": lines.run_url(request, run),
            "fragment": f"automations/_run_{name}.html",
            "title": {"stop": "Stop", "issue": "Issue and retry"}[name],
            **context,
        },
        status=status,
    )
