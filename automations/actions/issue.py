"""Issue credits."""

from collections.abc import Sequence

from automations.queries.naming import Names
from contacts.models import Contact
from credits import ledger
from credits import queries as credits
from credits.wording import expiration, quantity
from simplero.tenancy.models import Account

from . import postings
from .action import Action, Foreseen, Result, Settings, Turn


def perform(account: Account, settings: Settings, turns: Sequence[Turn]) -> list[Result]:
    if not postings.there(account, settings):
        return [postings.gone(settings) for _ in turns]
    rows, expiry = postings.rows(settings, turns), settings.get("expiry", "")
    answers = ledger.issue_many(account=account, rows=rows, expiry=expiry, origin=postings.origin(turns))
    return [postings.result(settings, turn, answer) for turn, answer in zip(turns, answers, strict=True)]


def words(settings: Settings, names: Names) -> str:
    return f"Issue {quantity(settings['amount'], names.unit(settings['credit_type']))}{_good(settings)}"


def _good(settings: Settings) -> str:
    expiry = settings.get("expiry", "")
    if not expiry:
        return ""
    if expiry == ledger.NEVER:
        return ", never expiring"
    number, unit = expiry.split()
    return f", {expiration(int(number), unit)}"


def foresee(account: Account, settings: Settings, contact: Contact, names: Names) -> Foreseen:
    if not postings.there(account, settings):
        return Foreseen("The credit type of this step is gone: would stop and ask for attention.", "bad")
    amount, unit = settings["amount"], names.unit(settings["credit_type"])
    if credits.types(account, archived=True).filter(pk=settings["credit_type"]).exists():
        return Foreseen(f"“{unit.name}” is archived: would stop and ask for attention.", "warn")
    free = credits.free_by_type(account, contact).get(settings["credit_type"], 0)
    said = f"Would issue {quantity(amount, unit)}{_good(settings)}"
    return Foreseen(f"{said}: there would be {free + amount:,}." if free else f"{said}.", "good")


ACTION = Action("issue", "Issue credits", "plus", perform, words, foresee)
