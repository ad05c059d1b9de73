"""Parsing and wording. A form keeps what was typed as it was typed; what may be kept is decided by `contacts.directory`."""

import uuid

from django import forms
from django.core.exceptions import ValidationError

from . import directory
from .directory import Details
from .errors import Unacceptable
from .models import Contact, ContactNote


class DetailField(forms.CharField):
    """One detail, cleaned by the directory. No maxlength in the page: browsers would cut off what is pasted without a word."""

    def __init__(self, detail: str, *, required: bool = False, **kwargs: object) -> None:
        super().__init__(required=required, strip=False, **kwargs)  # type: ignore[arg-type]
        self.detail = detail
        self.validators = []

    def clean(self, value: str | None) -> str:
        try:
            return directory.cleaned(self.detail, value or "")
        except Unacceptable as refusal:
            raise ValidationError(refusal.wording) from None


class KeyField(forms.UUIDField):
    """A key made when the form was rendered, which makes a form sent twice one change; a spoiled one is as good as none."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False, initial=uuid.uuid4)

    def clean(self, value: object) -> uuid.UUID | None:
        try:
            return super().clean(value)
        except ValidationError:
            return None


def _text(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": "off", **attrs})


class ContactForm(forms.Form):
    name = DetailField("name", required=True, widget=_text())
    email = DetailField("email", widget=_text(inputmode="email", spellcheck="false"))
    phone = DetailField("phone", widget=_text(inputmode="tel"))
    company = DetailField("company", widget=_text())

    def details(self) -> Details:
        return Details(**{name: self.cleaned_data[name] for name in ("name", "email", "phone", "company")})


class ContactAddForm(ContactForm):
    key = KeyField()


class ContactEditForm(ContactForm):
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, contact: Contact) -> "ContactEditForm":
        details = Details.of(contact)
        return cls(initial={"seen": details.seal, **{name: getattr(details, name) for name in Details.__slots__}})


class TagForm(forms.Form):
    tag = DetailField("tag", required=True, label="Add a tag", widget=_text(list="tag-names", placeholder="Add a tag"))


class NoteForm(forms.Form):
    text = DetailField(
        "note",
        required=True,
        label="Note",
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "For staff only: customers never see it"}),
    )


class NoteAddForm(NoteForm):
    key = KeyField()


class NoteEditForm(NoteForm):
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, note: ContactNote) -> "NoteEditForm":
        return cls(initial={"seen": directory.seal(note.text), "text": note.text})
