"""Start an automation."""

from collections.abc import Sequence

from automations.models import INSIDE, Flow, Of, Outcome, Run
from automations.queries.naming import Names
from contacts.models import Contact
from simplero.tenancy.models import Account

from .action import Action, Foreseen, Result, Settings, Turn


def perform(account: Account, settings: Settings, turns: Sequence[Turn]) -> list[Result]:
    flow = Flow.objects.filter(pk=settings["flow"], of=Of.AUTOMATION, deleted_at=None).first()
    detail = {"flow": settings["flow"]}
    if flow is None:
        return [Result(Outcome.REFUSED, {"what": "flow", **detail}, "gone") for _ in turns]
    if not flow.enabled:
        return [Result(Outcome.REFUSED, detail, "off") for _ in turns]
    return [Result(Outcome.DONE, detail, begin=flow.pk) for _ in turns]


def words(settings: Settings, names: Names) -> str:
    return f"Start {names.flow(settings['flow'])}"


def foresee(account: Account, settings: Settings, contact: Contact, names: Names) -> Foreseen:
    flow = names.flows.get(settings["flow"])
    if flow is None or flow.deleted_at or flow.of != Of.AUTOMATION:
        return Foreseen("The automation of this step is gone: would stop and ask for attention.", "bad")
    said = names.flow(flow.pk)
    if not flow.enabled:
        return Foreseen(f"{said} is switched off: would stop and ask for attention.", "warn")
    theirs = Run.objects.filter(flow=flow, contact=contact)
    if flow.once and theirs.exists():
        return Foreseen(f"Has been through {said}, which takes each contact once: nothing to do.")
    if not flow.several and theirs.filter(state__in=INSIDE).exists():
        return Foreseen(f"Is inside {said} already: nothing to do.")
    return Foreseen(f"{said} would be started.", "good")


ACTION = Action("start", "Start an automation", "play", perform, words, foresee)
