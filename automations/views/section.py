"""The Automations card of the contact page, which `simplero.pages` composes."""

from typing import Any

from django.urls import reverse

from automations.models import Of, Run
from automations.queries import inside
from automations.queries.naming import names
from automations.wording import ended
from contacts.models import Contact
from simplero.web.http import StaffRequest

from . import lines

PAST = 5  # runs that the card shows of those that are over


def section(request: StaffRequest, contact: Contact) -> dict[str, Any]:
    """The context of `automations/_section.html`."""
    found = inside.of_contact(request.account, contact, most=PAST)
    known = names(
        request.account,
        [run.version.steps for run in {run.version_id: run for run in found.inside}.values()],
        [run.detail for run in found.inside],
    )
    programs = lines.programs_of(found.inside)
    return {
        "inside": [
            {
                **lines.row(request, run, known),
                "since": lines.inside_a_sentence(lines.when(request, run.since)),
                "at": lines.here(run, programs, known),
                **_of(request, run),
            }
            for run in found.inside
        ],
        "past": [
            {**lines.row(request, run, known), "why": ended(run.reason), **_of(request, run)} for run in found.past
        ],
        "more": found.more,
        "start_url": f"{reverse('automations:start-which', args=[request.account.slug])}?contact={contact.public_id}",
    }


def _of(request: StaffRequest, run: Run) -> dict[str, Any]:
    return {"name": run.flow.name, "trigger": run.flow.of == Of.TRIGGER}
