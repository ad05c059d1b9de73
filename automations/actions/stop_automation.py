"""Stop an automation."""

from collections.abc import Sequence

from automations.models import INSIDE, Flow, Of, Outcome, Run
from automations.queries.naming import Names
from contacts.models import Contact
from simplero.tenancy.models import Account

from .action import Action, Foreseen, Result, Settings, Turn


def perform(account: Account, settings: Settings, turns: Sequence[Turn]) -> list[Result]:
    detail = {"flow": settings["flow"]}
    if not Flow.objects.filter(pk=settings["flow"], of=Of.AUTOMATION, deleted_at=None).exists():
        return [Result(Outcome.REFUSED, {"what": "flow", **detail}, "gone") for _ in turns]
    return [Result(Outcome.DONE, detail, halt=settings["flow"]) for _ in turns]


def words(settings: Settings, names: Names) -> str:
    return f"Stop {names.flow(settings['flow'])}"


def foresee(account: Account, settings: Settings, contact: Contact, names: Names) -> Foreseen:
    flow = names.flows.get(settings["flow"])
    if flow is None or flow.deleted_at or flow.of != Of.AUTOMATION:
        return Foreseen("The automation of this step is gone: would stop and ask for attention.", "bad")
    if Run.objects.filter(flow=flow, contact=contact, state__in=INSIDE).exists():
        return Foreseen(f"{names.flow(flow.pk)} would be stopped.", "good")
    return Foreseen(f"Is not inside {names.flow(flow.pk)}: nothing to do.")


ACTION = Action("stop_automation", "Stop an automation", "circle-stop", perform, words, foresee)
