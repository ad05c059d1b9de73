"""What staff typed of triggers, parsed and refused in words. Fields of occasions, conditions and actions are the automations'."""

from django import forms

from credits.forms import text_field
from simplero.web.forms import KeyField, seen_field

from .services.triggers import NAME


class KeyForm(forms.Form):
    """A form that counts once."""

    key = KeyField()


class SeenForm(forms.Form):
    """A form that says what it was made from."""

    seen = seen_field()


class OnceForm(SeenForm):
    once = forms.BooleanField(
        label="Only once per contact",
        required=False,
        help_text="Who has set it off before is passed over, whatever came of it.",
    )


class NameForm(SeenForm):
    name = text_field(
        most=NAME,
        what="The name",
        label="Name",
        required=False,
        help_text="For you and your team. Left empty, it is called by what sets it off.",
    )
