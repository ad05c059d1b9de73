"""What a trigger did, and what it would do."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from automations import conditions
from automations.actions import ACTIONS
from automations.models import Outcome, Run, State, Visit
from automations.queries.naming import Names, names
from automations.services.steering import Seen
from automations.views.lines import TONES, can, entry_url, reference, run_url
from automations.views.lines import seen as seen_of
from automations.views.said import ACTS, FASTER
from automations.wording import ended, outcome, reason
from contacts import queries as contacts
from contacts.models import Contact
from contacts.views.lookup import as_uuid, contact_url
from credits.wording import capital
from simplero.lib.text import one_line, unfit
from simplero.web.access import staff
from simplero.web.http import StaffRequest, page_or_fragment, see_other
from triggers import queries
from triggers.models import Trigger

from .frame import head, trigger_or_404, trigger_url, when

FOUND = 8  # contacts shown of a search
LONGEST_SEARCH = 200  # characters

LABELS = {State.ACTIVE: "Under way", State.FINISHED: "Done"}
MARKS = {
    Outcome.DONE: ("check", "good"),
    Outcome.REFUSED: ("circle-alert", "bad"),
    Outcome.SKIPPED: ("skip-forward", "warn"),
    Outcome.STOPPED: ("circle-stop", ""),
}

SETTLED = {
    "retry": "{name}: it is tried again within seconds.",
    "skip": "{name}: the action is skipped, and the rest goes on.",
    "stop": "{name}: stopped. What was done before stays.",
}


@staff(can="automations")
@require_safe
def log(request: StaffRequest, trigger: uuid.UUID) -> HttpResponse:
    found = trigger_or_404(request, trigger)
    here = trigger_url(request, found, "log")
    show = request.GET.get("show", "") if request.GET.get("show", "") in queries.OUTCOMES else ""
    page = queries.log(request.account, found, outcome=show, after=_cursor(request, found))
    more, page = len(page) > queries.PAGE, page[: queries.PAGE]
    firings, known = queries.firings(request.account, page)
    query = f"show={show}&" if show else ""
    context = {
        **head(request, found, "log"),
        "firings": [_firing(request, one, known) for one in firings],
        "show": show,
        "views": [
            {"label": label, "url": f"{here}?show={code}" if code else here, "current": code == show}
            for code, label in [("", "All"), *((code, label) for code, (label, _) in queries.OUTCOMES.items())]
        ],
        "newer": f"{here}?{query}".rstrip("?&") if request.GET.get("after") else "",
        "older": f"{here}?{query}after={page[-1].public_id}" if more else "",
        "settle_url": trigger_url(request, found, "settle"),
    }
    return TemplateResponse(request, "triggers/trigger_log.html", context)


def _cursor(request: StaffRequest, trigger: Trigger) -> Run | None:
    cursor = as_uuid(request.GET.get("after", ""))
    try:
        return queries.get_firing(request.account, trigger, cursor) if cursor else None
    except Run.DoesNotExist:
        return None


def _firing(request: StaffRequest, firing: queries.Firing, known: Names) -> dict[str, Any]:
    run = firing.run
    state = State(run.state)
    refused = run.reason if state == State.ATTENTION else ""
    visits = [_visit(request, run, visit, known) for visit in firing.visits]
    asks = visits.pop()["label"] if refused and visits and visits[-1]["refused"] else ""  # what it asks says the same
    said = reason(refused, run.detail, known) if refused else ""
    return {
        "run": run,
        "event": firing.event,
        "contact_url": contact_url(request, run.contact),
        "url": run_url(request, run),
        "when": when(request, run.started_at),
        "state": LABELS.get(state, state.label),
        "tone": TONES[state],
        "visits": visits,
        "reason": f"{asks}: {said[0].lower()}{said[1:]}" if asks else said,
        "ended": ended(run.reason) if state == State.STOPPED else "",
        "settle": bool(refused),
        "issue_url": run_url(request, run, "run-issue") if can(request, run)["issue"] else "",
        "seen": reference(run),
    }


def _visit(request: StaffRequest, run: Run, visit: Visit, known: Names) -> dict[str, Any]:
    icon, tone = MARKS.get(Outcome(visit.outcome), ("minus", ""))
    return {
        "words": capital(outcome(visit, known)),
        "label": ACTIONS[visit.kind].label if visit.kind in ACTIONS else "",
        "icon": icon,
        "tone": tone,
        "entry_url": entry_url(request, run, visit),
        "refused": visit.outcome == Outcome.REFUSED,
        "when": when(request, visit.at),
    }


@staff(can="automations")
@require_POST
def settle(request: StaffRequest, trigger: uuid.UUID) -> HttpResponse:
    """Retry, skip or stop a firing that needs attention, as it was shown."""
    found = trigger_or_404(request, trigger)
    seen, act = seen_of(request.POST.get("run", "")), request.POST.get("act", "")
    if seen is not None and act in SETTLED and _theirs(request, found, seen):
        settled = ACTS[act](account=request.account, runs=[seen], actor=request.actor)
        if settled.done:
            messages.success(request, SETTLED[act].format(name=settled.done[0].contact.name))
        else:
            messages.info(request, FASTER)
    return see_other(request, trigger_url(request, found, "log"))


def _theirs(request: StaffRequest, trigger: Trigger, seen: Seen) -> bool:
    try:
        return bool(queries.get_firing(request.account, trigger, seen.run))
    except Run.DoesNotExist:
        return False


@staff(can="automations")
@require_safe
def test(request: StaffRequest, trigger: uuid.UUID) -> HttpResponse:
    """What would happen for a contact, without doing it: only asked, in a transaction that cannot write."""
    found = trigger_or_404(request, trigger)
    here = trigger_url(request, found, "test")
    picked = _picked(request)
    text = one_line("".join(one for one in request.GET.get("q", "")[:LONGEST_SEARCH] if not unfit(one)))
    people = list(contacts.search(request.account, text=text).order_by("name_key", "pk")[: FOUND + 1]) if text else []
    if picked is None and len(people) == 1:
        picked = people[0]
    context = {
        **head(request, found, "test"),
        "here": here,
        "q": text,
        "picked": picked,
        "picked_url": contact_url(request, picked) if picked else "",
        "people": [{"contact": one, "url": f"{here}?contact={one.public_id}"} for one in people[:FOUND]]
        if picked is None
        else [],
        "more": len(people) > FOUND,
        "foreseen": _foreseen(request, found, picked) if picked else None,
    }
    return page_or_fragment(
        request, page="triggers/trigger_test.html", fragment="triggers/_trigger_test.html", context=context
    )


def _picked(request: StaffRequest) -> Contact | None:
    try:
        return contacts.get_contact(request.account, uuid.UUID(request.GET.get("contact", "")))
    except (ValueError, Contact.DoesNotExist):
        return None


def _foreseen(request: StaffRequest, trigger: Trigger, contact: Contact) -> dict[str, Any]:
    account = request.account
    steps = queries.steps(account, [trigger.flow_id]).get(trigger.flow_id, [])
    known = names(account, trigger.asked, trigger.conditions, steps)
    asked = [
        {
            "words": f"{contact.name} {words}",
            "met": contact.pk in conditions.met(account, [said], [contact.pk]),
        }
        for said, words in zip(trigger.conditions, conditions.words(trigger.conditions, known), strict=True)
    ]
    if trigger.flow.once:
        been = Run.objects.filter(flow=trigger.flow_id, contact=contact).exists()
        asked.append({"words": f"{contact.name} has {'' if been else 'not '}set it off before", "met": not been})
    return {
        "sample": queries.sample(trigger, known),
        "asked": asked,
        "fires": all(one["met"] for one in asked),
        "steps": [
            {
                "words": words,
                "icon": ACTIONS[node["kind"]].icon,
                "would": ACTIONS[node["kind"]].foresee(account, node["settings"], contact, known),
            }
            for node, words in zip(steps, queries.does(steps, known), strict=True)
        ],
    }
