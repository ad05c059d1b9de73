"""Form fields that every room's forms are made of."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from simplero.lib.refusals import Refusal

from .http import AGAINST_A_RULE


class TextField(forms.CharField):
    """What a person wrote. `fit` makes it fit to keep, or says in a Refusal why it is not.

    No maxlength in the page: browsers would cut off what is pasted without a word.
    """

    def __init__(self, fit: Callable[[str], str], **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)
        self.fit = fit

    def clean(self, value: Any) -> str:
        try:
            return self.fit(value or "")
        except Refusal as refusal:
            raise ValidationError(refusal.wording) from None


class KeyField(forms.UUIDField):
    """A key made when the form was rendered, which makes a form sent twice one change; a spoiled one is as good as none."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False, initial=uuid.uuid4)

    def clean(self, value: Any) -> uuid.UUID | None:
        try:
            return cast(uuid.UUID | None, super().clean(value))
        except ValidationError:
            return None


def seen_field() -> forms.CharField:
    """What the form was made from, such as a seal of it: tells whether somebody has changed it since."""
    return forms.CharField(required=False, widget=forms.HiddenInput)


def renew(form: forms.Form, field: str, value: str) -> None:
    """Let a form that was sent come back with another `value` in a hidden field."""
    data = cast(QueryDict, form.data).copy()
    data[form.add_prefix(field)] = value
    form.data = data


class SuggestInput(forms.TextInput):
    """A text, with suggestions that the browser shows while one types; anything else may be typed too."""

    template_name = "django/forms/widgets/suggest.html"

    def __init__(self, suggestions: Sequence[str], attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.suggestions = suggestions

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        written: dict[str, Any] = context["widget"]["attrs"]
        written["list"] = f"{written.get('id', name)}_suggestions"
        return {**context, "suggestions": self.suggestions}


def refused(form: forms.Form, refusal: Refusal) -> int:
    """Let the form say what a rule said, beside the field that it is about where there is one; the status of its page."""
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal.wording)
    return AGAINST_A_RULE
