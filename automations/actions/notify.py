"""Notify staff, by mail."""

from collections.abc import Iterator, Sequence

from django.conf import settings as django
from django.core.mail import EmailMessage
from django.urls import reverse

from automations.models import Outcome
from automations.queries.naming import Names
from contacts.models import Contact
from contacts.wording import BUSINESS, CUSTOMER, fill_subject, fill_text, placeholders
from simplero.mail.backend import RowsBackend
from simplero.tenancy.models import Account, Membership
from simplero.tenancy.roles import ADMIN, ASSISTANT, OWNER

from .action import Action, Foreseen, Result, Settings, Turn

LINK = "link"
PLACEHOLDERS = {CUSTOMER: "Ann Lee", BUSINESS: "Your business", LINK: "https://…/contacts/…"}
"""What may stand in the text, with samples; `link` leads to the contact's page."""

TO = {"owner": (OWNER,), "admins": (OWNER, ADMIN), "everybody": (OWNER, ADMIN, ASSISTANT)}
WHOM = {"owner": "the owner", "admins": "the admins", "everybody": "everybody on the team"}

APART = 10
"""Contacts of one chunk about whom a mail each is written; about the others of a large start there is one list."""

LISTED = 50
"""Contacts that such a list names."""


def perform(account: Account, settings: Settings, turns: Sequence[Turn]) -> list[Result]:
    people = _addresses(account, settings)
    if not people:
        return [Result(Outcome.NOTHING, {"people": 0}) for _ in turns]
    contacts = Contact.objects.in_bulk({turn.contact_id for turn in turns})
    about = [contacts[turn.contact_id] for turn in turns]
    flow = turns[0].run.flow
    mails = [
        EmailMessage(subject, text, to=[address])
        for subject, text in _said(account, settings, flow.name, about)
        for address in people
    ]
    RowsBackend().send_messages(mails)
    return [Result(Outcome.DONE, {"people": len(people)}) for _ in turns]


def _said(account: Account, settings: Settings, flow: str, about: Sequence[Contact]) -> Iterator[tuple[str, str]]:
    """Subject and text of each mail."""
    for contact in about[:APART]:
        values = {CUSTOMER: contact.name, BUSINESS: account.name, LINK: _link(account, contact)}
        text = settings["text"] if LINK in placeholders(settings["text"]) else f"{settings['text']}\n\n{{{LINK}}}"
        yield fill_subject("{flow}: {customer}", {"flow": flow, **values}), fill_text(text, values)
    if rest := about[APART:]:
        lines = [f"{contact.name}: {_link(account, contact)}" for contact in rest[:LISTED]]
        more = [f"and {len(rest) - LISTED:,} more"] if len(rest) > LISTED else []
        own = fill_text(settings["text"], {CUSTOMER: "A contact", BUSINESS: account.name, LINK: "see below"})
        said = f"{len(rest):,} more {'contact' if len(rest) == 1 else 'contacts'} came to this step of “{flow}” at the same time:"
        yield (
            fill_subject("{flow}: {many} more", {"flow": flow, "many": f"{len(rest):,}"}),
            "\n".join([own, "", said, "", *lines, *more]),
        )


def _addresses(account: Account, settings: Settings) -> list[str]:
    members = Membership.objects.filter(account=account, role__in=TO[settings["to"]], user__is_active=True)
    return list(members.order_by("pk").values_list("user__email", flat=True))


def _link(account: Account, contact: Contact) -> str:
    return f"{django.SITE_URL}{reverse('contacts:contact', args=[account.slug, contact.public_id])}"


def words(settings: Settings, names: Names) -> str:
    return f"Notify {WHOM[settings['to']]}"


def foresee(account: Account, settings: Settings, contact: Contact, names: Names) -> Foreseen:
    people = _addresses(account, settings)
    if not people:
        return Foreseen("There is nobody to notify.", "warn")
    return Foreseen(f"Would mail {', '.join(people)}.", "good")


ACTION = Action("notify", "Notify staff", "bell", perform, words, foresee)
