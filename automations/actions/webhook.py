"""Call a webhook: another system, at an address of the account's."""

from collections.abc import Sequence

from automations import calls
from automations.models import Endpoint, Outcome
from automations.queries.naming import Names
from contacts.models import Contact
from simplero.tenancy.models import Account

from .action import Action, Foreseen, Result, Settings, Turn


def perform(account: Account, settings: Settings, turns: Sequence[Turn]) -> list[Result]:
    endpoint = Endpoint.objects.filter(pk=settings["endpoint"], deleted_at=None).first()
    detail = {"endpoint": settings["endpoint"]}
    if endpoint is None:
        return [Result(Outcome.REFUSED, {"what": "endpoint", **detail}, "gone") for _ in turns]
    wishes = [calls.Wish(turn.run, turn.key) for turn in turns]
    calls.write(account=account, endpoint=endpoint, wishes=wishes)
    return [Result(Outcome.DONE, {**detail, "call": str(turn.key)}) for turn in turns]


def words(settings: Settings, names: Names) -> str:
    return f"Call {names.endpoint(settings['endpoint'])}"


def foresee(account: Account, settings: Settings, contact: Contact, names: Names) -> Foreseen:
    endpoint = names.endpoints.get(settings["endpoint"])
    if endpoint is None or endpoint.deleted_at:
        return Foreseen("The address of this step is gone: would stop and ask for attention.", "bad")
    return Foreseen(f"Would call {names.endpoint(endpoint.pk)}.", "good")


ACTION = Action("webhook", "Call a webhook", "webhook", perform, words, foresee)
