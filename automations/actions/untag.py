"""Remove a tag."""

from collections.abc import Sequence

from automations.models import Outcome
from automations.queries.naming import Names
from contacts import directory
from contacts import queries as contacts
from contacts.models import Contact, Tag
from simplero.outbox.outbox import Cause
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.models import Account

from .action import Action, Foreseen, Result, Settings, Turn


def perform(account: Account, settings: Settings, turns: Sequence[Turn]) -> list[Result]:
    tag = Tag.objects.filter(pk=settings["tag"]).first()
    detail = {"tag": settings["tag"]}
    if tag is None:
        return [Result(Outcome.REFUSED, {"what": "tag", **detail}, "gone") for _ in turns]
    causes = {turn.contact_id: Cause(turn.run.cause_id, turn.run.depth) for turn in turns}
    gone = set(directory.untag_many(account=account, contacts=causes, tag=tag, actor=SYSTEM))
    results = []
    for turn in turns:
        results.append(Result(Outcome.DONE if turn.contact_id in gone else Outcome.NOTHING, detail))
        gone.discard(turn.contact_id)
    return results


def words(settings: Settings, names: Names) -> str:
    return f"Remove the tag {names.tag(settings['tag'])}"


def foresee(account: Account, settings: Settings, contact: Contact, names: Names) -> Foreseen:
    said = names.tag(settings["tag"])
    if settings["tag"] not in names.tags:
        return Foreseen("The tag of this step is gone: would stop and ask for attention.", "bad")
    if settings["tag"] in {tag.pk for tag in contacts.tags(account, contact)}:
        return Foreseen(f"The tag {said} would be removed.", "good")
    return Foreseen(f"Does not have the tag {said}: nothing to do.")


ACTION = Action("untag", "Remove a tag", "bookmark-x", perform, words, foresee)
