"""Parsing and wording of what staff say about an import."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from credits.wording import capital
from simplero.web.forms import KeyField

from .matching import (
    AMOUNT,
    DAY,
    EMAIL,
    FIRST,
    KNOWN,
    LAST,
    LASTING,
    NAME,
    NOTE,
    OF_BALANCES,
    OF_CONTACTS,
    OF_TYPE,
    ORDERS,
    TYPE,
    Matching,
)
from .models import Import

MOST_TOTAL = 10**12


class UploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        max_length=1000,
        allow_empty_file=True,
        help_text="CSV, or Excel as .xlsx: up to 50,000 rows and 15 MB. The first row names the columns.",
        error_messages={"required": "Choose a file."},
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
    )
    key = KeyField()


class SheetForm(forms.Form):
    sheet = forms.TypedChoiceField(label="Sheet", coerce=int)

    def __init__(self, *args: Any, batch: Import) -> None:
        super().__init__(*args)
        self.fields["sheet"].initial = batch.sheet
        self.fields["sheet"].choices = list(enumerate(batch.sheets))  # type: ignore[attr-defined]


class MatchForm(forms.Form):
    """A choice for each column, and what is to be done with what they hold."""

    known = forms.ChoiceField(
        label="Contacts who are here already, found by their email",
        choices=list(KNOWN.items()),
        widget=forms.RadioSelect,
    )
    credit_type = forms.ChoiceField(
        label="Type of these credits", required=False, help_text="For rows in which no column says it."
    )
    dates = forms.ChoiceField(label="A day such as 03/04/2027 means", choices=list(ORDERS.items()))
    lasting = forms.ChoiceField(label="Credits without a last good day", choices=list(LASTING.items()))

    def __init__(self, *args: Any, batch: Import, types: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.headings, self.types = batch.headings, types
        choices: list[Any] = [
            ("", "Leave out"),
            ("Contact", list(OF_CONTACTS.items())),
            ("Opening balance", list(OF_BALANCES.items())),
        ]
        if types:
            choices.append(
                (
                    "Opening balance of one type",
                    [(f"{OF_TYPE}{one.public_id}", f"{capital(one.plural)}, how many") for one in types],
                )
            )
        for at, heading in enumerate(batch.headings):
            self.fields[f"c{at}"] = forms.ChoiceField(label=heading, choices=choices, required=False)
        self.fields["credit_type"].choices = [  # type: ignore[attr-defined]
            ("", "Each row says it"),
            *((str(one.public_id), capital(one.plural)) for one in types),
        ]

    @classmethod
    def of(cls, matching: Matching, *, batch: Import, types: Sequence[Any]) -> "MatchForm":
        there = {str(one.public_id) for one in types}
        only = str(types[0].public_id) if len(types) == 1 and not matching.has(TYPE) else ""
        initial = {
            "known": matching.known,
            "credit_type": matching.credit_type if matching.credit_type in there else only,
            "dates": matching.dates,
            "lasting": matching.lasting,
            **{f"c{at}": code for at, code in matching.columns.items()},
        }
        return cls(batch=batch, types=types, initial=initial)

    @property
    def columns(self) -> list[Any]:
        """The fields of the columns, in their order."""
        return [self[f"c{at}"] for at in range(len(self.headings))]

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        chosen: dict[str, int] = {}
        for at in range(len(self.headings)):
            code = data.get(f"c{at}", "")
            if code and code in chosen:
                self.add_error(f"c{at}", f"“{self.headings[chosen[code]]}” is that already. Leave one of the two out.")
            elif code:
                chosen[code] = at
        if not {NAME, FIRST, LAST, EMAIL} & set(chosen):
            self.add_error(
                None, "Say which column holds the names, or the email addresses by which contacts are found."
            )
        amounts = [code for code in chosen if code == AMOUNT or code.startswith(OF_TYPE)]
        for code in (TYPE, DAY, NOTE):
            if code in chosen and not amounts:
                self.add_error(
                    f"c{chosen[code]}", "This belongs to an opening balance: say which column holds how many credits."
                )
        if TYPE in chosen and AMOUNT not in chosen and amounts:
            self.add_error(f"c{chosen[TYPE]}", "Say which column holds how many credits of this type.")
        if AMOUNT in chosen and TYPE not in chosen and not data.get("credit_type"):
            self.add_error("credit_type", "Choose the type of the credits, or say which column names it.")
        return data

    def matching(self) -> Matching:
        data = self.cleaned_data
        columns = {at: data[f"c{at}"] for at in range(len(self.headings)) if data.get(f"c{at}")}
        return Matching(
            columns=columns,
            known=data["known"],
            credit_type=data["credit_type"],
            dates=data["dates"],
            lasting=data["lasting"],
        )


class ExpectForm(forms.Form):
    """What the old system says there are, type by type."""

    def __init__(self, *args: Any, types: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in types:
            self.fields[str(one.public_id)] = forms.IntegerField(
                label=capital(one.plural), min_value=0, max_value=MOST_TOTAL, required=False
            )

    def totals(self) -> Mapping[str, int]:
        return {name: number for name, number in self.cleaned_data.items() if number is not None}
