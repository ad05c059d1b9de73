"""Names for the actors that entries and events keep by id."""

from collections.abc import Iterable

from .actors import Actor
from .models import User


def actor_names(actors: Iterable[Actor]) -> dict[Actor, str]:
    """A name for each of `actors`, in one query whatever their number; nobody's is "the system", a removed user's "a former member"."""
    wanted = set(actors)
    users = {actor.id for actor in wanted if actor.kind == "user" and actor.id is not None}
    known = dict(User.objects.filter(pk__in=users).values_list("pk", "name")) if users else {}
    return {
        actor: known.get(actor.id or 0, "a former member")
        if actor.kind == "user"
        else _WITHOUT_NAME.get(actor.kind, actor.kind)
        for actor in wanted
    }


_WITHOUT_NAME = {"system": "the system", "contact": "the customer"}
