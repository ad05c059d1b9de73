"""What an owner types under Settings → Payments. Keys are read like passwords: they never come back in a page."""

import re
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from simplero.lib.text import fit
from simplero.web.forms import TextField

INSTRUCTIONS = 2000  # characters


class SecretField(forms.CharField):
    """A key that begins with one of `prefixes`; `wrong` says so of whatever does not."""

    def __init__(self, *prefixes: str, wrong: str, **kwargs: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"})
        super().__init__(widget=widget, error_messages={"required": wrong}, **kwargs)
        self.pattern = re.compile(rf"(?:{'|'.join(prefixes)})[A-Za-z0-9+/=_-]{{10,240}}")
        self.wrong = wrong

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        if not self.pattern.fullmatch(typed):
            raise ValidationError(self.wrong)
        return typed


class KeyForm(forms.Form):
    key = SecretField(
        "sk_test_",
        "sk_live_",
        "rk_test_",
        "rk_live_",
        label="Secret key",
        wrong="Enter a secret key: it begins with sk_ or rk_. A publishable key, which begins with pk_, is not enough.",
        help_text="In Stripe under Developers → API keys. We ask Stripe whether it is good before we keep it.",
    )


class SigningSecretForm(forms.Form):
    secret = SecretField(
        "whsec_",
        label="Signing secret",
        wrong="Enter a signing secret: it begins with whsec_.",
        help_text="In Stripe on the page of the webhook endpoint.",
    )


class OutsideForm(forms.Form):
    enabled = forms.BooleanField(label="Offer payment by invoice or transfer", required=False)
    instructions = TextField(
        partial(fit, what="The text", longest=INSTRUCTIONS, lines=True),
        label="How to pay",
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Customers read this when they have ordered: an account number, or when the invoice comes.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("enabled") and not cleaned.get("instructions") and "instructions" not in self.errors:
            self.add_error("instructions", "Say how to pay, or customers will not know.")
        return cleaned


class SwitchForm(forms.Form):
    on = forms.BooleanField(required=False)
