"""Parsing and wording. A form keeps what was typed as it was typed; what may be kept is decided by `contacts.directory`."""

from functools import partial
from typing import Any

from django import forms

from simplero.lib.refusals import Unacceptable
from simplero.lib.seals import seal
from simplero.web.forms import KeyField, TextField, renew, seen_field

from . import directory, services, wording
from .directory import Details
from .letters import Words
from .models import Contact, ContactNote


def detail_field(detail: str, **kwargs: Any) -> TextField:
    return TextField(partial(directory.cleaned, detail), **kwargs)


def _text(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": "off", **attrs})


class ContactForm(forms.Form):
    name = detail_field("name", widget=_text())
    email = detail_field("email", required=False, widget=_text(inputmode="email", spellcheck="false"))
    phone = detail_field("phone", required=False, widget=_text(inputmode="tel"))
    company = detail_field("company", required=False, widget=_text())

    def details(self) -> Details:
        return Details(**{name: self.cleaned_data[name] for name in ("name", "email", "phone", "company")})


class ContactAddForm(ContactForm):
    key = KeyField()


class ContactEditForm(ContactForm):
    seen = seen_field()

    @classmethod
    def of(cls, contact: Contact) -> "ContactEditForm":
        details = Details.of(contact)
        return cls(initial={"seen": details.seal, **{name: getattr(details, name) for name in Details.__slots__}})


class MergeForm(forms.Form):
    """Which details are kept, where the two differ: "stays" those of the contact that stays, "goes" the other's."""

    key = KeyField()

    def __init__(self, *args: Any, stays: Contact, goes: Contact, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.both = {"stays": Details.of(stays), "goes": Details.of(goes)}
        for name in Details.__slots__:
            offered = {which: getattr(details, name) for which, details in self.both.items()}
            if len(set(offered.values())) > 1:
                self.fields[name] = forms.ChoiceField(
                    choices=[(which, value or "None") for which, value in offered.items()],
                    initial="stays" if offered["stays"] else "goes",
                    widget=forms.RadioSelect,
                )

    @property
    def choices(self) -> list[forms.BoundField]:
        return [self[name] for name in Details.__slots__ if name in self.fields]

    def details(self) -> Details:
        return Details(
            **{name: getattr(self.both[self.cleaned_data.get(name, "stays")], name) for name in Details.__slots__}
        )


class EraseForm(forms.Form):
    """The name, typed once more by whoever means it."""

    name = forms.CharField(label="Type the name to confirm", max_length=200, widget=_text())

    def __init__(self, *args: Any, contact: Contact, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.contact = contact
        self.fields["name"].help_text = contact.name

    def clean_name(self) -> str:
        typed = " ".join(self.cleaned_data["name"].split())
        if typed.casefold() != " ".join(self.contact.name.split()).casefold():
            raise forms.ValidationError(f"This is not the name. Type “{self.contact.name}” to erase this contact.")
        return typed


class TagForm(forms.Form):
    tag = detail_field("tag", label="Add a tag", widget=_text(list="tag-names", placeholder="Add a tag"))


class NoteForm(forms.Form):
    text = detail_field(
        "note",
        label="Note",
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "For staff only: customers never see it"}),
    )


class NoteAddForm(NoteForm):
    key = KeyField()


class NoteEditForm(NoteForm):
    seen = seen_field()

    @classmethod
    def of(cls, note: ContactNote) -> "NoteEditForm":
        return cls(initial={"seen": seal(note.text), "text": note.text})


class ProfileForm(forms.Form):
    """What customers change about themselves."""

    name = detail_field("name", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    phone = detail_field("phone", required=False, widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}))
    seen = seen_field()

    @classmethod
    def of(cls, contact: Contact) -> "ProfileForm":
        details = Details.of(contact)
        return cls(initial={"seen": details.seal, "name": details.name, "phone": details.phone})

    def look_again(self, contact: Contact) -> None:
        """Come back made from what `contact` is now."""
        renew(self, "seen", Details.of(contact).seal)


class SignInForm(forms.Form):
    """A customer's address, and the page of the shop to go on with."""

    email = forms.EmailField(
        label="Email",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false", "autofocus": True}),
    )
    next = forms.CharField(required=False, widget=forms.HiddenInput)


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}),
    )


class LetterForm(forms.Form):
    """What a kind of letter says in this account, with its placeholders."""

    def __init__(self, *args: Any, kind: wording.Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.fields["subject"] = TextField(partial(services.cleaned_letter, "subject"), widget=_text())
        self.fields["text"] = TextField(
            partial(services.cleaned_letter, "text"),
            widget=forms.Textarea(attrs={"rows": 14, "class": "letter__words"}),
        )
        self.fields["seen"] = seen_field()

    @classmethod
    def of(cls, words: Words) -> "LetterForm":
        seen = seal(words.subject, words.text)
        return cls(kind=words.kind, initial={"seen": seen, "subject": words.subject, "text": words.text})

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "subject" in data and "text" in data:
            try:
                wording.check(self.kind, subject=data["subject"], text=data["text"])
            except Unacceptable as refusal:
                self.add_error(refusal.field, refusal.wording)
        return data

    def typed(self, name: str) -> str:
        """What stands in the field now, fit or not, at a length that is worth a look."""
        return str(self[name].value() or "")[: 2 * wording.TEXT]
