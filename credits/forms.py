"""What staff typed, parsed and refused in words. Rules that need the ledger are the ledger's: these forms ask nothing of it."""

import re
import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, ClassVar, cast

from django import forms
from django.core.exceptions import ValidationError

from simplero.lib.moments import day
from simplero.lib.plurals import plural as plural_of
from simplero.lib.text import fit
from simplero.web.forms import KeyField, TextField, renew, seen_field

from .errors import FURTHEST_BACK, MOST, NAME
from .models import UNITS, CreditType, Kind
from .wording import capital

NOTE = 1000  # characters of a note or reason, and of a type's description
LONGEST = 1000  # of a type's expiration, in its unit
FAR_YEARS = 100  # how far off a last good day may be

NEVER = "never"


class WholeNumberField(forms.Field):
    """A whole number, typed in digits. The message names the limits, whatever it was that was typed."""

    widget = forms.NumberInput

    def __init__(self, *, most: int, wrong: str = "", **kwargs: Any) -> None:
        self.most = most
        self.wrong = wrong or f"Enter a whole number from 1 to {most:,}."
        super().__init__(**kwargs)
        self.error_messages["required"] = self.wrong

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"min": 1, "max": self.most, "step": 1, "inputmode": "numeric", "autocomplete": "off"}

    def to_python(self, value: Any) -> int | None:
        text = str(value).strip() if value is not None else ""
        if not text:
            return None
        if not re.fullmatch(r"\+?[0-9]{1,12}", text) or not 1 <= int(text) <= self.most:
            raise ValidationError(self.wrong, code="whole")
        return int(text)


class DayField(forms.DateField):
    """A day, as a browser's own date input sends it."""

    def __init__(self, *, missing: str = "", **kwargs: Any) -> None:
        wrong = "Enter a day as year-month-day, such as 2027-01-31."
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(
            widget=widget,
            input_formats=["%Y-%m-%d"],
            error_messages={"invalid": wrong, "required": missing or wrong},
            **kwargs,
        )


def text_field(
    *, most: int, what: str, rows: int = 0, missing: str = "", required: bool = True, **kwargs: Any
) -> TextField:
    """A text of at most `most` characters; with `rows` it may have lines. A required one that is `missing` is asked for by name."""
    asked = (missing or f"Enter {what[0].lower()}{what[1:]}.") if required else ""
    widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput(attrs={"autocomplete": "off"})
    fitting = partial(fit, what=what, longest=most, lines=bool(rows), missing=asked)
    return TextField(fitting, widget=widget, required=required, **kwargs)


class TypeChoiceField(forms.ChoiceField):
    """One of the credit types that the view offers; cleaned it is the type itself."""

    def __init__(self, *, offered: Sequence[tuple[CreditType, str]], blank: str = "", **kwargs: Any) -> None:
        self.offered = {str(credit_type.public_id): credit_type for credit_type, _ in offered}
        choices = [(str(credit_type.public_id), label) for credit_type, label in offered]
        wrong = "Choose a credit type."
        super().__init__(
            choices=[("", blank), *choices] if blank else choices,
            error_messages={"required": wrong, "invalid_choice": wrong},
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        return self.offered[super().clean(value)]


class OnceForm(forms.Form):
    """A form that counts once: it carries a key made when it was rendered, and keeps it while it is mended and sent again."""

    key = KeyField()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("key"):
            renew(self, "key", str(uuid.uuid4()))
            raise ValidationError(
                "This form came without its number, so we could not tell whether it was sent before. It has one now: "
                "look at the credit activity, then send it again."
            )
        return cleaned


class NotedForm(OnceForm):
    """With a note that staff keep beside the movement."""

    note = text_field(most=NOTE, what="The note", rows=2, label="Note", required=False)
    note_for_customer = forms.BooleanField(label="The customer may read this", required=False)

    field_order = ("amount", "credit_type", "service_date", "good_for", "note", "note_for_customer")


class ReasonedForm(OnceForm):
    """With a reason, which a correction always has."""

    reason = text_field(
        most=NOTE, what="The reason", rows=2, label="Reason", missing="Say why, in a few words: the reason stays beside the entry."
    )  # fmt: skip
    reason_for_customer = forms.BooleanField(label="The customer may read this", required=False)

    field_order = ("amount", "good_for", "revive", "reason", "reason_for_customer")


def amount_field(**kwargs: Any) -> WholeNumberField:
    return WholeNumberField(most=MOST, label="Number of credits", **kwargs)


class ConsumeForm(NotedForm):
    amount = amount_field(initial=1)
    service_date = DayField(label="Date of service", help_text=f"At most {FURTHEST_BACK.days} days back.")

    def __init__(
        self, data: Any = None, *, offered: Sequence[tuple[CreditType, str]], today: date, initial: dict[str, Any]
    ) -> None:
        super().__init__(data, initial={"service_date": today, **initial})
        self.fields["credit_type"] = TypeChoiceField(label="Credit type", offered=offered, blank="Choose a type")
        day = self.fields["service_date"].widget.attrs
        day["max"], day["min"] = today.isoformat(), (today - FURTHEST_BACK).isoformat()
        self.order_fields(self.field_order)


class LastGoodDayFields(forms.Form):
    """How long credits are good: by choice, a span, a day, or for ever. Cleaned, `expiry` is as the ledger takes it."""

    span = WholeNumberField(most=LONGEST, label="How long")
    span_unit = forms.ChoiceField(label="Unit", choices=list(UNITS.items()), initial="months")
    day = DayField(label="Last good day", missing="Choose the last good day.")

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["day"].widget.attrs["min"] = today.isoformat()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        choice = cleaned.get("good_for")
        # What was typed into a field that another choice has hidden says nothing.
        for field, belongs_to in (("span", "span"), ("span_unit", "span"), ("day", "day")):
            if choice != belongs_to and field in self.errors:
                del self.errors[field]
        day = cleaned.get("day")
        if choice == "day" and day and day.year > self.today.year + FAR_YEARS:
            self.add_error("day", f"Choose a day within {FAR_YEARS} years, or “Never expires”.")
        cleaned["expiry"] = self._expiry(choice, cleaned)
        return cleaned

    def _expiry(self, choice: Any, cleaned: dict[str, Any]) -> str:
        if choice == NEVER:
            return NEVER
        if choice == "span" and cleaned.get("span"):
            return f"{cleaned['span']} {cleaned.get('span_unit') or 'months'}"
        return cleaned["day"].isoformat() if choice == "day" and cleaned.get("day") else ""


class IssueForm(LastGoodDayFields, NotedForm):
    amount = amount_field()
    good_for = forms.ChoiceField(
        label="Good for",
        choices=[("type", "As the type says"), ("span", "A time"), ("day", "Through a day"), (NEVER, "Never expires")],
        initial="type",
        widget=forms.RadioSelect(attrs={"class": "segmented"}),
    )

    def __init__(
        self, data: Any = None, *, offered: Sequence[tuple[CreditType, str]], today: date, initial: dict[str, Any]
    ) -> None:
        super().__init__(data, today=today, initial=initial)
        self.fields["credit_type"] = TypeChoiceField(
            label="Credit type", offered=offered, blank="Choose a type" if len(offered) > 1 else ""
        )
        self.order_fields(self.field_order)


class ExpiryFields(forms.Form):
    """How long issued credits are good: as their type says, for a time, or for ever. Cleaned, `expiry` is as the ledger takes it."""

    good_for = forms.ChoiceField(
        label="Expiration override",
        choices=[("type", "As the type says"), ("span", "A time"), (NEVER, "Never expires")],
        initial="type",
        widget=forms.RadioSelect(attrs={"class": "segmented"}),
    )
    span = WholeNumberField(most=LONGEST, label="How long")
    span_unit = forms.ChoiceField(label="Unit", choices=list(UNITS.items()), initial="months")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        choice = cleaned.get("good_for")
        if choice != "span":  # what was typed into a field that another choice has hidden says nothing
            self.errors.pop("span", None)
            self.errors.pop("span_unit", None)
        span = f"{cleaned.get('span')} {cleaned.get('span_unit')}" if choice == "span" else ""
        cleaned["expiry"] = NEVER if choice == NEVER else span
        return cleaned


def of_expiry(expiry: str) -> dict[str, Any]:
    """The fields that say `expiry`."""
    if expiry in ("", NEVER):
        return {"good_for": expiry or "type"}
    number, unit = expiry.split()
    return {"good_for": "span", "span": number, "span_unit": unit}


class ReverseForm(ReasonedForm):
    amount = amount_field()

    def __init__(self, data: Any = None, *, revivable: int, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        if revivable:
            what = "the credit" if revivable == 1 else f"the {revivable:,} credits"
            self.fields["revive"] = forms.BooleanField(
                label=f"Also give back {what} of lots that have been withdrawn since", required=False
            )
        self.order_fields(self.field_order)


class WithdrawForm(ReasonedForm):
    amount = amount_field()


class RedateForm(LastGoodDayFields, ReasonedForm):
    good_for = forms.ChoiceField(
        label="Good",
        choices=[("day", "Through a day"), (NEVER, "For ever")],
        initial="day",
        widget=forms.RadioSelect(attrs={"class": "segmented"}),
    )
    was = seen_field()  # the last good day

    @property
    def last_good_day(self) -> date | None:
        expiry = self.cleaned_data["expiry"]
        return None if expiry == NEVER else date.fromisoformat(expiry)


class TypeForm(forms.Form):
    """A credit type. A plural left empty is made from the name."""

    name = text_field(most=NAME, what="The name", label="Name", help_text="For one, as in “1 coaching session”.")
    plural = text_field(
        most=NAME, what="The plural", label="Name plural", required=False, help_text="For many, as in “5 coaching sessions”."
    )  # fmt: skip
    description = text_field(
        most=NOTE, what="The description", rows=3, label="Description", required=False, help_text="Your customers read it."
    )  # fmt: skip
    expires_after = WholeNumberField(
        most=LONGEST,
        wrong=f"Enter a whole number from 1 to {LONGEST:,}, or leave it empty for credits that never expire.",
        label="Expiration",
        required=False,
    )
    expires_unit = forms.ChoiceField(label="Unit", choices=list(UNITS.items()), initial="months")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("name") and not cleaned.get("plural") and "plural" not in self.errors:
            cleaned["plural"] = plural_of(cleaned["name"])[:NAME]
        if not cleaned.get("expires_after"):
            self.errors.pop("expires_unit", None)
            cleaned["expires_unit"] = ""
        return cleaned


class TypeEditForm(TypeForm):
    seen = seen_field()  # the seal of what is edited


class ActivityFilterForm(forms.Form):
    """Which movements; everything unless said otherwise."""

    KINDS = (
        ("", "Everything"),
        (Kind.ISSUE, "Issued"),
        (Kind.CONSUME, "Used"),
        (Kind.REVERSE, "Reversed"),
        (Kind.WITHDRAW, "Withdrawn"),
        (Kind.EXPIRE, "Expired"),
        (Kind.RESTORE, "Restored"),
        (Kind.REDATE, "Last good day changed"),
        (Kind.TRANSFER, "Moved by a merge"),
    )
    kind = forms.ChoiceField(label="What happened", choices=KINDS, required=False)
    since = DayField(label="From", required=False)
    until = DayField(label="Through", required=False)

    def __init__(self, data: Any, *, types: Sequence[CreditType]) -> None:
        super().__init__(data)
        self.fields["type"] = forms.ChoiceField(
            label="Credit type",
            choices=[("", "All types"), *((str(one.public_id), capital(one.name)) for one in types)],
            required=False,
        )
        self.types = {str(one.public_id): one for one in types}
        self.order_fields(("type", "kind", "since", "until"))

    def chosen(self) -> dict[str, Any]:
        """The filter as `queries.activity` takes it. What is not valid filters nothing; the form says so beside it."""
        self.is_valid()
        cleaned = self.cleaned_data
        return {
            "credit_type": self.types.get(cleaned.get("type") or ""),
            "kinds": [cleaned["kind"]] if cleaned.get("kind") else [],
            "since": cleaned.get("since"),
            "until": cleaned.get("until"),
        }


class StatementForm(forms.Form):
    """Which days of which credits. `period` names some; of no `period` the two days count, each of which may be left open."""

    PERIODS: ClassVar[dict[str, str]] = {
        "this-month": "This month",
        "last-month": "Last month",
        "90-days": "Last 90 days",
        "this-year": "This year",
        "everything": "Everything",
    }
    USUAL = "this-year"

    type = forms.ChoiceField(label="Credit type", required=False)
    since = DayField(label="From", required=False)
    until = DayField(label="Through", required=False)

    def __init__(self, data: Any, *, types: Sequence[CreditType], today: date) -> None:
        values = data.copy()
        period = values.get("period", "")
        if period not in self.PERIODS:
            period = "" if values.get("since") or values.get("until") else self.USUAL
        if period:
            since, until = self._days(period, today)
            values["since"], values["until"] = since.isoformat() if since else "", until.isoformat()
        super().__init__(values)
        self.period, self.today = period, today
        self.types = {str(one.public_id): one for one in types}
        choices = [("", "All types"), *((key, capital(one.name)) for key, one in self.types.items())]
        cast(forms.ChoiceField, self.fields["type"]).choices = choices
        for name in ("since", "until"):
            self.fields[name].widget.attrs["max"] = today.isoformat()

    @staticmethod
    def _days(period: str, today: date) -> tuple[date | None, date]:
        match period:
            case "this-month":
                return today.replace(day=1), today
            case "last-month":
                last = today.replace(day=1) - timedelta(days=1)
                return last.replace(day=1), last
            case "90-days":
                return today - timedelta(days=89), today
            case "this-year":
                return today.replace(month=1, day=1), today
        return None, today

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        for name, one in (("since", since), ("until", until)):
            if one and one > self.today:
                self.add_error(name, f"This day is still to come: choose {day(self.today)} or one before it.")
        if since and until and until < since and not self.errors:
            self.add_error("until", "This is before the first day.")
        return cleaned

    def chosen(self) -> dict[str, Any]:
        """As `queries.statement` takes it. What is not valid is left out; the form says so beside it."""
        valid = self.is_valid()
        cleaned = self.cleaned_data
        return {
            "credit_type": self.types.get(cleaned.get("type") or ""),
            "since": cleaned.get("since") if valid else None,
            "until": (cleaned.get("until") if valid else None) or self.today,
        }


class BalanceOnForm(forms.Form):
    """On which past day."""

    on = DayField(label="Day", missing="Choose a day.")

    def __init__(self, data: Any = None, *, today: date) -> None:
        super().__init__(data)
        self.today = today
        self.fields["on"].widget.attrs["max"] = today.isoformat()

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > self.today:
            raise ValidationError(f"This day is still to come: choose {day(self.today)} or one before it.")
        return on
