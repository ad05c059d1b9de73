"""What staff type of filters, parsed and refused in words."""

from django import forms

from credits.forms import text_field

from .services import NAME


class NameForm(forms.Form):
    name = text_field(most=NAME, what="A name", label="Name", help_text="Everybody who works in this account sees it.")
