"""An automation's own settings."""

from collections.abc import Sequence
from typing import Any

from django import forms

from automations.models import Flow
from automations.services import flows
from automations.services.examples import Example
from automations.services.flows import Terms
from simplero.web.forms import KeyField, TextField, seen_field

NOTHING = "nothing"


class FlowForm(forms.Form):
    """What it is called, and how it takes contacts."""

    name = TextField(flows.cleaned_name, label="Name", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    once = forms.ChoiceField(
        label="Each contact",
        choices=[("again", "May go through it again"), ("once", "Goes through it only once")],
        widget=forms.RadioSelect,
    )
    several = forms.ChoiceField(
        label="At a time",
        choices=[("one", "A contact is inside once"), ("several", "A contact may be inside several times")],
        widget=forms.RadioSelect,
    )

    def terms(self) -> Terms:
        data = self.cleaned_data
        return Terms(data["name"], once=data.get("once") == "once", several=data.get("several") == "several")


class FlowAddForm(FlowForm):
    key = KeyField()
    once = several = None  # type: ignore[assignment]  # asked for later, under Settings

    def begin_with(self, offered: Sequence[Example], chosen: Example | None) -> None:
        """Ask what it begins with."""
        if offered:
            self.fields["begin"] = forms.ChoiceField(
                label="Begin with",
                choices=[(NOTHING, "No steps"), *((one.code, f"{one.name}: {_lower(one.about)}") for one in offered)],
                initial=chosen.code if chosen else NOTHING,
                widget=forms.RadioSelect,
                error_messages={"required": "Choose one.", "invalid_choice": "Choose one."},
            )


class FlowEditForm(FlowForm):
    seen = seen_field()

    @classmethod
    def of(cls, flow: Flow) -> "FlowEditForm":
        terms = Terms.of(flow)
        typed: dict[str, Any] = {
            "once": "once" if terms.once else "again",
            "several": "several" if terms.several else "one",
        }
        return cls(initial={"name": terms.name, "seen": terms.seal, **typed})


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
