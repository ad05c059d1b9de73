"""Writing down what happened and what is to be done, in the transaction that makes it so."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import now, require

from .models import Event, Job, Listener


class Fact(Protocol):
    """A frozen dataclass of ids, codes and amounts; `kind` names it, `contact_id`, where it has one, says whom it is about."""

    kind: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Cause:
    """What a fact follows from: the event that set it off, and how many events stand before the fact in that chain."""

    event_id: int | None = None
    depth: int = 0


NOBODYS = Cause()
"""Of what people do."""


def record(*, account: Any, fact: Fact, actor: Actor, cause: Cause = NOBODYS) -> Event:
    """Write `fact` of `account` into the caller's open transaction and return its row.

    Raises ScopeError when the account's scope is not open: a fact outside the change it tells of would be a rumour.
    """
    event = _event(account, fact, actor, cause)
    event.save(force_insert=True)
    return event


def record_all(*, account: Any, facts: Sequence[Fact], actor: Actor, causes: Sequence[Cause] = ()) -> list[Event]:
    """Write what happened at once, in that order, each with its cause where there are `causes`; see `record`."""
    because = causes or [NOBODYS] * len(facts)
    return Event.objects.bulk_create(
        [_event(account, fact, actor, cause) for fact, cause in zip(facts, because, strict=True)]
    )


def _event(account: Any, fact: Fact, actor: Actor, cause: Cause) -> Event:
    account_id = require(account)
    body = asdict(fact)
    contact_id = body.pop("contact_id", None)
    return Event(
        account_id=account_id,
        kind=fact.kind,
        contact_id=contact_id,
        body=body,
        actor_kind=actor.kind,
        actor_id=actor.id,
        cause_id=cause.event_id,
        depth=cause.depth,
        at=now(),
    )


def schedule(*, account: Any, kind: str, subject: int, due: datetime) -> None:
    """Let the work of `kind` about the row `subject` be done at `due` or soon after; said twice, it is done once.

    A job that is there already is held until the caller's transaction ends: done meanwhile, it would not have seen what the caller
    is still writing. Raises ScopeError when the account's scope is not open.
    """
    job = Job(account_id=require(account), kind=kind, subject=subject, due=due)
    once = ["account_id", "kind", "subject", "due"]
    Job.objects.bulk_create([job], update_conflicts=True, update_fields=["due"], unique_fields=once)


def listen(*, account: Any, who: str, kinds: Iterable[str]) -> None:
    """From now on the room `who` hears of these kinds of event in `account`, and of no other; see `outbox.subscribers`.

    What was written before it listened, it does not hear. Raises ScopeError when the account's scope is not open.
    """
    account_id, wanted = require(account), set(kinds)
    Listener.objects.filter(who=who).exclude(kind__in=wanted).delete()
    listeners = [Listener(account_id=account_id, who=who, kind=kind) for kind in sorted(wanted)]
    Listener.objects.bulk_create(listeners, ignore_conflicts=True)
