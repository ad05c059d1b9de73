"""Consume credits."""

from collections.abc import Sequence

from automations.models import Outcome
from automations.queries.naming import Names
from contacts.models import Contact
from credits import ledger
from credits import queries as credits
from credits.wording import quantity
from simplero.tenancy.models import Account

from . import postings
from .action import Action, Foreseen, Result, Settings, Turn

STOP, SKIP, BRANCH = "stop", "skip", "branch"
"""What to do when the contact is short."""

_SHORT = {STOP: (Outcome.REFUSED, "short"), SKIP: (Outcome.SKIPPED, ""), BRANCH: (Outcome.BRANCHED, "")}
_WOULD = {STOP: "stop and ask for attention", SKIP: "skip this", BRANCH: "take the other branch"}


def perform(account: Account, settings: Settings, turns: Sequence[Turn]) -> list[Result]:
    if not postings.there(account, settings):
        return [postings.gone(settings) for _ in turns]
    rows = postings.rows(settings, turns)
    answers = ledger.consume_many(account=account, rows=rows, origin=postings.origin(turns))
    return [
        _short(settings, answer.free or 0) if answer.outcome == "short" else postings.result(settings, turn, answer)
        for turn, answer in zip(turns, answers, strict=True)
    ]


def _short(settings: Settings, free: int) -> Result:
    outcome, reason = _SHORT[settings["short"]]
    return Result(outcome, {"credit_type": settings["credit_type"], "asked": settings["amount"], "free": free}, reason)


def words(settings: Settings, names: Names) -> str:
    return f"Consume {quantity(settings['amount'], names.unit(settings['credit_type']))}"


def foresee(account: Account, settings: Settings, contact: Contact, names: Names) -> Foreseen:
    if not postings.there(account, settings):
        return Foreseen("The credit type of this step is gone: would stop and ask for attention.", "bad")
    amount, unit = settings["amount"], names.unit(settings["credit_type"])
    free = credits.free_by_type(account, contact).get(settings["credit_type"], 0)
    if free >= amount:
        left = f"{free - amount:,} of {free:,} would be left" if free > amount else "none would be left"
        return Foreseen(f"Would use {quantity(amount, unit)}: {left}.", "good")
    has = f"Has {quantity(free, unit)}" if free else f"Has no {unit.plural}"
    short = settings["short"]
    return Foreseen(f"{has}, needs {amount:,}: would {_WOULD[short]}.", "warn" if short == STOP else "")


ACTION = Action("consume", "Consume credits", "check", perform, words, foresee)
