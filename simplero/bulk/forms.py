"""What is typed for a job or a roster. What a job does with credits is asked for by the forms that do it for one contact."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms

from contacts.directory import cleaned
from contacts.models import Tag
from credits.errors import FURTHEST_BACK
from credits.forms import DayField, OnceForm, TypeChoiceField, text_field
from simplero.web.forms import SuggestInput, TextField

if TYPE_CHECKING:
    from credits.models import CreditType

AHEAD = timedelta(days=366)
"""How far ahead a roster may be made."""


class TagForm(OnceForm):
    """Which tag is put on; a new one is made."""

    def __init__(self, data: Any = None, *, known: Sequence[Tag]) -> None:
        super().__init__(data)
        names = [tag.name for tag in known]
        self.fields["tag"] = TextField(
            partial(cleaned, "tag"), label="Tag", required=False, widget=SuggestInput(names, {"autocomplete": "off"})
        )


class UntagForm(OnceForm):
    """Which tag is taken off: one that somebody has."""

    def __init__(self, data: Any = None, *, known: Sequence[Tag]) -> None:
        super().__init__(data)
        wrong = "Choose a tag."
        self.fields["tag"] = forms.ChoiceField(
            label="Tag",
            choices=[("", "Choose a tag"), *((tag.name, tag.name) for tag in known)],
            error_messages={"required": wrong, "invalid_choice": wrong},
        )


class RosterForm(OnceForm):
    """A roster; `day` may lie ahead, but ticks then wait until it has come."""

    name = text_field(most=80, what="The name", label="Name", missing="Enter a name, such as Tuesday yoga.")
    day = DayField(label="Day")

    def __init__(
        self, data: Any = None, *, offered: Sequence[tuple["CreditType", str]], today: date, initial: dict[str, Any]
    ) -> None:
        super().__init__(data, initial={"day": today, **initial})
        self.today = today
        self.fields["credit_type"] = TypeChoiceField(
            label="Credit type", offered=offered, blank="Choose a type" if len(offered) > 1 else ""
        )
        day = self.fields["day"].widget.attrs
        day["min"], day["max"] = (today - FURTHEST_BACK).isoformat(), (today + AHEAD).isoformat()
        self.order_fields(("name", "credit_type", "day"))

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if day < self.today - FURTHEST_BACK:
            raise forms.ValidationError(f"The day can be at most {FURTHEST_BACK.days} days back.")
        if day > self.today + AHEAD:
            raise forms.ValidationError("The day can be at most a year ahead.")
        return day
