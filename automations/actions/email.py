"""Send an email, in the account's own words for this step."""

from collections.abc import Mapping, Sequence

from automations.models import Outcome
from automations.queries.naming import Names
from contacts import letters
from contacts.letters import Kind, Note
from contacts.models import Contact
from contacts.wording import CUSTOMER, fill_subject
from credits import queries as credits
from credits.wording import Unit, quantity
from simplero.lib.lists import listed
from simplero.tenancy.models import Account

from .action import Action, Foreseen, Result, Settings, Turn

KIND = Kind(
    code="automation_email",
    name="Email of an automation",
    about="When a step of an automation or trigger says so, in the words of that step.",
    placeholders={"credits": "3 coaching sessions and 1 workshop"},
    subject="",
    text="",
)


def perform(account: Account, settings: Settings, turns: Sequence[Turn]) -> list[Result]:
    contacts = Contact.objects.in_bulk({turn.contact_id for turn in turns})
    free = credits.free_by_contact(account, contacts)
    notes = [
        Note(
            contact=contacts[turn.contact_id],
            values=_values(free, turn.contact_id),
            source_id=str(turn.run.public_id),
            once=str(turn.key),
        )
        for turn in turns
    ]
    written = letters.write_all(
        account=account,
        kind=KIND.code,
        subject=settings["subject"],
        text=settings["text"],
        source=turns[0].run.flow.of,
        notes=notes,
    )
    return [
        Result(Outcome.SKIPPED, {"reason": "no_email"})
        if letter.withheld
        else Result(Outcome.DONE, {"letter": str(letter.public_id)})
        for letter in written
    ]


def _values(free: Mapping[int, Sequence[tuple[Unit, int]]], contact_id: int) -> dict[str, str]:
    """What the placeholders of this kind of letter say to one contact."""
    said = listed(quantity(amount, unit) for unit, amount in free.get(contact_id, ()))
    return {"credits": said or "no credits"}


def words(settings: Settings, names: Names) -> str:
    return f"Email “{settings['subject']}”"


def foresee(account: Account, settings: Settings, contact: Contact, names: Names) -> Foreseen:
    if not contact.email:
        return Foreseen("Has no email address: would skip this.", "warn")
    theirs = _values(credits.free_by_contact(account, [contact.pk]), contact.pk)
    values = {**letters.sample_values(KIND, account), CUSTOMER: contact.name, **theirs}
    return Foreseen(f"Would email {contact.email}: “{fill_subject(settings['subject'], values)}”.", "good")


ACTION = Action("email", "Send an email", "mail", perform, words, foresee)
