"""The settings of a step: of every kind one form with the same face, `is_valid()` and `settings()`.

Actions bring their own (automations.forms.actions); here stand waits, conditions, jumps and stops.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from automations.descriptions import WEEKDAYS
from automations.forms.conditions import ConditionForms
from automations.forms.occasions import MOST_DAYS, OccasionForm
from automations.occasions import OCCASIONS, Occasion
from automations.queries import choices
from automations.waits import DATE, EVENT, EXPIRY, LONGEST, UNITS, WEEKDAY, WHILE
from credits.forms import DayField, WholeNumberField
from simplero.tenancy.models import Account

from .choices import ChosenField

Settings = Mapping[str, Any]


class TimeField(forms.CharField):
    """A time of day to the minute, as a browser's own time input sends it: "09:00"."""

    def __init__(self, **kwargs: Any) -> None:
        self.wrong = "Enter a time as hours and minutes, such as 09:00."
        super().__init__(
            label="Time",
            initial="09:00",
            widget=forms.TextInput(attrs={"type": "time"}),
            error_messages={"required": self.wrong},
            **kwargs,
        )

    def clean(self, value: Any) -> str:
        text = str(super().clean(value)).strip()
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d(:00)?", text, re.ASCII):
            raise ValidationError(self.wrong)
        return text[:5]


class StepForm(forms.Form):
    """What every one of them takes: the account, and what is kept if anything is."""

    def __init__(self, data: Any = None, *, account: Account, settings: Settings | None = None) -> None:
        self.account, self.kept = account, settings or {}
        super().__init__(data, initial=dict(self.kept))
        self.choose()

    def choose(self) -> None:
        """Add the fields that depend on what the account has."""

    def settings(self) -> dict[str, Any]:
        """What is to be kept, of a valid form."""
        return dict(self.cleaned_data)


def _number() -> WholeNumberField:
    return WholeNumberField(most=LONGEST, label="How long", initial=1)


def _unit() -> forms.ChoiceField:
    wrong = "Choose a unit."
    messages = {"required": wrong, "invalid_choice": wrong}
    return forms.ChoiceField(
        label="Unit", choices=[(one, one) for one in UNITS], initial="days", error_messages=messages
    )


class WhileForm(StepForm):
    number = _number()
    unit = _unit()

    def settings(self) -> dict[str, Any]:
        return {"for": WHILE, **super().settings()}


class WeekdayForm(StepForm):
    weekday = forms.TypedChoiceField(
        label="Day",
        choices=list(enumerate(WEEKDAYS)),
        coerce=int,
        error_messages={"required": "Choose a day.", "invalid_choice": "Choose a day."},
    )
    time = TimeField()

    def settings(self) -> dict[str, Any]:
        return {"for": WEEKDAY, **super().settings()}


class DateForm(StepForm):
    date = DayField(label="Date", missing="Choose a date.")
    time = TimeField()

    def settings(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"for": DATE, "date": data["date"].isoformat(), "time": data["time"]}


class ExpiryForm(StepForm):
    days = WholeNumberField(most=MOST_DAYS, label="Days before", initial=7)

    def choose(self) -> None:
        self.fields["credit_type"] = ChosenField(
            label="Credit type",
            offered=choices.credit_types(self.account),
            missing="Choose a credit type.",
            none="There is no type of credit in use. Add one under Content → Credits.",
        )
        self.order_fields(("credit_type", "days"))

    def settings(self) -> dict[str, Any]:
        return {"for": EXPIRY, **super().settings()}


class EventForm(StepForm):
    """Until something happens: what narrows the occasion down, and how long at most."""

    number = _number()
    unit = _unit()

    def __init__(
        self, data: Any = None, *, account: Account, settings: Settings | None = None, occasion: Occasion
    ) -> None:
        self.occasion = occasion
        event = (settings or {}).get("event", {})
        self.event = OccasionForm(data, account=account, occasion=occasion, settings=event, prefix="event")
        super().__init__(data, account=account, settings=settings)

    def choose(self) -> None:
        self.fields["number"].label = "At most"

    def is_valid(self) -> bool:
        event = self.event.is_valid()
        return super().is_valid() and event

    def settings(self) -> dict[str, Any]:
        return {"for": EVENT, "occasion": self.occasion.code, "event": self.event.settings(), **super().settings()}


class ConditionStepForm(StepForm):
    """One condition or several, all of which must hold."""

    def __init__(self, data: Any = None, *, account: Account, settings: Settings | None = None) -> None:
        said = (settings or {}).get("conditions", ())
        self.conditions = ConditionForms(data, account=account, said=said, required=True)
        super().__init__(data, account=account, settings=settings)

    def is_valid(self) -> bool:
        conditions = self.conditions.is_valid()
        return super().is_valid() and conditions

    def settings(self) -> dict[str, Any]:
        return {"conditions": self.conditions.said()}


class JumpForm(StepForm):
    """`targets` are the keys of the steps that may be jumped to, each with its words."""

    def __init__(
        self,
        data: Any = None,
        *,
        account: Account,
        settings: Settings | None = None,
        targets: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.targets = targets
        super().__init__(data, account=account, settings=settings)

    def choose(self) -> None:
        wrong = "Choose a step."
        self.fields["to"] = forms.ChoiceField(
            label="Go on at",
            choices=[("", "Choose a step"), *self.targets],
            error_messages={"required": wrong, "invalid_choice": wrong},
        )


class StopForm(StepForm):
    """Nothing is asked."""


WAITS: dict[str, type[StepForm]] = {
    WHILE: WhileForm,
    WEEKDAY: WeekdayForm,
    DATE: DateForm,
    EXPIRY: ExpiryForm,
}
"""Of the ways to wait, except for an event."""

AWAITED = {code: occasion for code, occasion in OCCASIONS.items() if occasion.awaited}
