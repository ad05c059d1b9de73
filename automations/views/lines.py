"""Runs and steps as pages show them: words, tones, and what can be done about them."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.http import Http404
from django.urls import reverse

from automations import programs
from automations.descriptions import step_words
from automations.models import INSIDE, Flow, Of, Run, State, Visit
from automations.programs import Node, Program
from automations.queries import log
from automations.queries.naming import Names
from automations.services.attention import lacks
from automations.services.steering import Seen
from automations.wording import ended
from automations.wording import reason as reason_words
from contacts.views.lookup import contact_url
from credits.views.lookup import address
from credits.wording import capital
from simplero.lib.moments import moment
from simplero.tenancy.roles import allows
from simplero.tenancy.scope import now
from simplero.web.http import StaffRequest

TONES = {
    State.ACTIVE: "brand",
    State.PAUSED: "",
    State.ATTENTION: "warn",
    State.FINISHED: "good",
    State.STOPPED: "",
}


def run_or_404(request: StaffRequest, run: uuid.UUID) -> Run:
    """A run of the request's account. Raises Http404."""
    try:
        return log.get_run(request.account, run)
    except Run.DoesNotExist:
        raise Http404 from None


def run_url(request: StaffRequest, run: Run, name: str = "run") -> str:
    return reverse(f"automations:{name}", args=[request.account.slug, run.public_id])


def words_of(node: Node | None, known: Names, program: Program | None = None) -> str:
    """What a step does: "Consume 1 coaching session", "Wait 3 days"."""
    if node is None:
        return "A step that is not there any more"
    return step_words(node.kind, node.settings, known, program)


def programs_of(runs: Iterable[Run]) -> dict[int, Program]:
    """The program of each version that these runs are in."""
    versions = {run.version_id: run.version for run in runs}
    return {pk: programs.parse(version.steps) for pk, version in versions.items()}


def here(run: Run, known: Mapping[int, Program], names: Names) -> str:
    """Where a run stands: the words of its step."""
    if not run.step:
        return "Past the last step"
    program = known[run.version_id]
    return words_of(program.nodes.get(run.step), names, program)


def what(flow: Flow) -> str:
    """ "the trigger “Session delivered”"; said of an automation, its name does."""
    return f"the trigger “{flow.name}”" if flow.of == Of.TRIGGER else f"“{flow.name}”"


def when(request: StaffRequest, at: datetime) -> str:
    return moment(at, now=now(), zone=request.account.zone)


def coming(request: StaffRequest, run: Run, names: Names) -> str:
    """What is next of a run, and when."""
    match run.state:
        case State.ATTENTION:
            return reason_words(run.reason, run.detail, names)
        case State.PAUSED:
            at = run.goes_on_at
            over = f" The wait is over {inside_a_sentence(when(request, at))}." if at and at > now() else ""
            return f"Paused {inside_a_sentence(when(request, run.paused_at))}.{over}" if not over else f"Paused.{over}"
        case State.ACTIVE:
            if on_its_way(run):
                return "On its way"
            if (at := run.goes_on_at) is None:
                return ""
            return f"{'Goes on at the latest' if run.awaits else 'Goes on'} {inside_a_sentence(when(request, at))}"
    return ended(run.reason)


def inside_a_sentence(words: str) -> str:
    """ "today, 10:42", as it stands behind other words."""
    return words[:1].lower() + words[1:] if words.startswith(("Today", "Yesterday")) else words


def entry_url(request: StaffRequest, run: Run, visit: Visit) -> str:
    """Where the contact's activity shows the entry that a visit made; "" where it made none."""
    return f"{address(request, run.contact, 'activity')}?entry={visit.entry}#e-{visit.entry}" if visit.entry else ""


def on_its_way(run: Run) -> bool:
    """Whether a worker is to take it on now."""
    at = run.goes_on_at
    return run.state == State.ACTIVE and at is not None and at <= now()


def reference(run: Run) -> str:
    """A run as it is shown, for a form to say which it means."""
    return f"{run.public_id}.{run.visit}.{run.attempt}"


def seen(text: str) -> Seen | None:
    """What `reference` said; None of anything else."""
    try:
        public_id, visit, attempt = text.split(".")
        return Seen(uuid.UUID(public_id), int(visit), int(attempt))
    except ValueError:
        return None


def can(request: StaffRequest, run: Run) -> dict[str, bool]:
    """What can be done about a run in its state, by this member."""
    attention = run.state == State.ATTENTION
    may_issue = allows(request.membership.role, "credits.issue")
    return {
        "hurry": run.waiting and run.state in (State.ACTIVE, State.PAUSED),
        "pause": run.state == State.ACTIVE,
        "resume": run.state == State.PAUSED,
        "stop": run.state in INSIDE,
        "retry": attention,
        "skip": attention,
        "issue": attention and run.reason == "short" and may_issue and lacks(run) is not None,
    }


def row(request: StaffRequest, run: Run, names: Names) -> dict[str, Any]:
    """A run in a list."""
    over = run.ended_at is not None
    return {
        "run": run,
        "ref": reference(run),
        "url": run_url(request, run),
        "contact_url": contact_url(request, run.contact),
        "since": when(request, run.ended_at or run.since),
        "iso": (run.ended_at or run.since).isoformat(),
        "next": capital(coming(request, run, names)),
        "state": "On its way" if on_its_way(run) else "Waits" if run.waiting and not over and run.state == State.ACTIVE else State(run.state).label,
        "tone": TONES[State(run.state)],
    }  # fmt: skip
