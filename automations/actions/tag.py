"""Add a tag."""

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
    done = directory.tag_many(account=account, contacts=causes, tag=tag, actor=SYSTEM)
    results, told = [], set()
    for turn in turns:
        if turn.contact_id in done.full:
            results.append(Result(Outcome.REFUSED, detail, "too_many_tags"))
        elif turn.contact_id in done.added and turn.contact_id not in told:
            results.append(Result(Outcome.DONE, detail))
        else:
            results.append(Result(Outcome.NOTHING, detail))
        told.add(turn.contact_id)
    return results


def words(settings: Settings, names: Names) -> str:
    return f"Tag {names.tag(settings['tag'])}"


def foresee(account: Account, settings: Settings, contact: Contact, names: Names) -> Foreseen:
    said, theirs = names.tag(settings["tag"]), contacts.tags(account, contact)
    if settings["tag"] not in names.tags:
        return Foreseen("The tag of this step is gone: would stop and ask for attention.", "bad")
    if settings["tag"] in {tag.pk for tag in theirs}:
        return Foreseen(f"Has the tag {said} already: nothing to do.")
    if len(theirs) >= directory.MOST_TAGS:
        return Foreseen(f"Has {len(theirs)} tags, as many as fit: would stop and ask for attention.", "warn")
    return Foreseen(f"Would be tagged {said}.", "good")


ACTION = Action("tag", "Add a tag", "tag", perform, words, foresee)
