"""Writing down what happened and what is to be done, in the transaction that makes it so."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, ClassVar, Protocol

from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import now, require

from .models import Event, Job


class Fact(Protocol):
    """A frozen dataclass of ids, codes and amounts; `kind` names it, `contact_id`, where it has one, says whom it is about."""

    kind: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


def record(*, account: Any, fact: Fact, actor: Actor, cause: Event | None = None) -> Event:
    """Write `fact` of `account` into the caller's open transaction and return its row.

    Raises ScopeError when the account's scope is not open: a fact outside the change it tells of would be a rumour.
    """
    event = _event(account, fact, actor, cause)
    event.save(force_insert=True)
    return event


def record_all(*, account: Any, facts: Sequence[Fact], actor: Actor) -> None:
    """Write what happened at once, in that order; see `record`."""
    Event.objects.bulk_create([_event(account, fact, actor, None) for fact in facts])


def _event(account: Any, fact: Fact, actor: Actor, cause: Event | None) -> Event:
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
        cause_id=cause.pk if cause else None,
        depth=cause.depth + 1 if cause else 0,
        at=now(),
    )


def schedule(*, account: Any, kind: str, subject: int, due: datetime) -> None:
    """Let the work of `kind` about the row `subject` be done at `due` or soon after; said twice, it is done once.

    Raises ScopeError when the account's scope is not open.
    """
    job = Job(account_id=require(account), kind=kind, subject=subject, due=due)
    Job.objects.bulk_create([job], ignore_conflicts=True)
