"""What steps that move credits have in common: for what the ledger is told it is, and what it answers in words of a step."""

from collections.abc import Sequence

from automations.models import Outcome
from credits import queries as credits
from credits.ledger import Answer, Origin, Row
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.models import Account

from .action import Result, Settings, Turn

POSTED = ("posted", "replayed")


def rows(settings: Settings, turns: Sequence[Turn]) -> list[Row]:
    """A movement for each turn, under its key, each for its own run and in its own chain of events."""
    return [
        Row(
            contact_id=turn.contact_id,
            credit_type_id=settings["credit_type"],
            amount=settings["amount"],
            key=turn.key,
            source_id=str(turn.run.public_id),
            cause_id=turn.run.cause_id,
            depth=turn.run.depth,
        )
        for turn in turns
    ]


def origin(turns: Sequence[Turn]) -> Origin:
    """Of a chunk's movements: the runs of a chunk are of one flow."""
    return Origin(SYSTEM, turns[0].run.flow.of)


def there(account: Account, settings: Settings) -> bool:
    """Whether the account has this credit type, archived or not."""
    types = credits.types(account) | credits.types(account, archived=True)
    return types.filter(pk=settings["credit_type"]).exists()


def gone(settings: Settings) -> Result:
    return Result(Outcome.REFUSED, {"what": "type", "credit_type": settings["credit_type"]}, "gone")


def result(settings: Settings, turn: Turn, answer: Answer) -> Result:
    """What came of a turn that moved credits or was refused; shortness is the caller's."""
    detail = {"credit_type": settings["credit_type"], "amount": settings["amount"]}
    if answer.outcome == "posted":
        return Result(Outcome.DONE, {**detail, "left": answer.free}, entry=turn.key)
    if answer.outcome == "replayed":
        return Result(Outcome.DONE, detail, entry=turn.key)
    if answer.reason == "not_here":
        return gone(settings)
    return Result(Outcome.REFUSED, detail, answer.reason)
