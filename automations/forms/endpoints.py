"""What is typed under Settings → Webhooks."""

from functools import partial

from django import forms

from automations.services.calls import caller
from simplero.lib.text import fit
from simplero.web.forms import KeyField, TextField, seen_field

NAME = 80  # characters


class AddressInput(forms.URLInput):
    """No type="url": browsers have rules of their own for those, and other words."""

    input_type = "text"


def _address(text: str) -> str:
    return str(caller().read(text))


class EndpointForm(forms.Form):
    """`address` comes out as it is called."""

    name = TextField(
        partial(fit, what="The name", longest=NAME, missing="Give it a name, such as the system it belongs to."),
        label="Name",
    )
    address = TextField(
        _address,
        label="Address",
        widget=AddressInput(
            attrs={"placeholder": "https://", "inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text="Begins with https:// and can be reached from the internet.",
    )


class EndpointAddForm(EndpointForm):
    key = KeyField()


class EndpointEditForm(EndpointForm):
    seen = seen_field()


class RenewForm(forms.Form):
    seen = seen_field()


class SendForm(forms.Form):
    key = KeyField()
