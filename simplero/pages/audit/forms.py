"""What of the log is asked for, read from an address: whatever is spoiled in it filters nothing, and the page says so."""

import uuid
from typing import Any

from django import forms

from contacts import queries as contacts
from contacts.models import Contact
from simplero.lib.text import one_line, unfit
from simplero.team.models import FormerMember
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account, Membership
from simplero.tenancy.people import actor_names
from simplero.tenancy.scope import require

from .log import GROUPS, Filter

WHICH = 6
"""Contacts that are offered where a name fits several."""

_NOBODYS = {"customers": Actor("contact"), "system": Actor("system")}
_DAY = "Enter a day as year-month-day, such as 2027-01-31."


class _Day(forms.DateField):
    def __init__(self, label: str) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        wrong = {"invalid": _DAY}
        super().__init__(label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"], error_messages=wrong)


class LogFilterForm(forms.Form):
    """Needs the account's open scope. `which` are contacts that fit what was typed, where it names not just one."""

    who = forms.ChoiceField(label="Who", required=False)
    what = forms.ChoiceField(
        label="What",
        required=False,
        choices=[("", "Everything"), *((code, label) for code, (label, _) in GROUPS.items())],
    )
    since = _Day("From")
    until = _Day("Through")
    whom = forms.CharField(
        label="Contact",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"placeholder": "Name or email", "type": "search"}),
    )
    contact = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, account: Account) -> None:
        super().__init__(data)
        self.account, self.which = account, list[Contact]()
        self.people = _people(account)
        names = actor_names(self.people.values())
        who = sorted((names[actor], code) for code, actor in self.people.items())
        self.fields["who"].choices = [  # type: ignore[attr-defined]
            ("", "Everybody"),
            *((code, name) for name, code in who),
            ("customers", "Customers"),
            ("system", "The system"),
        ]
        self.one: Contact | None = None
        self.wanted = self._wanted() if self.is_valid() else Filter()

    @property
    def narrowed(self) -> bool:
        return self.wanted != Filter()

    def clean_whom(self) -> str:
        return one_line("".join(letter for letter in self.cleaned_data["whom"] if not unfit(letter)))

    def clean(self) -> None:
        chosen, typed = self.cleaned_data.get("contact"), self.cleaned_data.get("whom", "")
        if typed:
            self.which = list(contacts.search(self.account, text=typed).order_by("name_key", "pk")[: WHICH + 1])
            if len(self.which) == 1:
                self.one = self.which.pop()
            elif not self.which:
                self.add_error("whom", "No contact has that name or email.")
            else:
                self.add_error("whom", "Several contacts fit. Choose one below.")
        elif chosen:
            self.one = Contact.objects.filter(account_id=require(self.account), public_id=chosen).first()
            if self.one is None:
                self.add_error("whom", "That contact is not here.")

    def _wanted(self) -> Filter:
        given = self.cleaned_data
        who = given["who"]
        return Filter(
            actor=_NOBODYS.get(who) or self.people.get(who),
            areas=GROUPS[given["what"]][1] if given["what"] else (),
            since=given["since"],
            until=given["until"],
            contact=self.one,
        )


def _people(account: Account) -> dict[str, Actor]:
    """Members and former members, by the name their place has in addresses."""
    account_id = require(account)
    places: list[tuple[uuid.UUID, int]] = [
        *FormerMember.objects.filter(account_id=account_id).values_list("public_id", "user_id"),
        *Membership.objects.filter(account_id=account_id).values_list("public_id", "user_id"),
    ]
    newest = {user_id: public_id for public_id, user_id in places}
    return {str(public_id): Actor("user", user_id) for user_id, public_id in newest.items()}
