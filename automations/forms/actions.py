"""The settings of an action, asked for with the same form in a step and in a trigger; FORMS has one for each kind of action.

A form is made from what is kept (`settings`) or from what was sent, shows its fields in their order (in a template:
`automations/_action_fields.html`), and says with `settings()` what is to be kept.
"""

from collections.abc import Mapping
from typing import Any

from django import forms

from automations.actions import email, notify
from automations.actions.consume import BRANCH, SKIP, STOP
from automations.models import Of
from automations.queries import choices
from automations.queries.choices import Choice
from contacts import wording
from contacts.directory import cleaned, tag_named
from credits import queries as credits
from credits.forms import ExpiryFields, amount_field, of_expiry, text_field
from credits.wording import capital
from simplero.lib.refusals import Unacceptable
from simplero.tenancy.models import Account
from simplero.web.forms import SuggestInput, TextField

from .choices import ChosenField

NOTICE = 2000
"""Characters of a notice to staff."""


class ActionForm(forms.Form):
    """What every one of them takes: the account, what is kept if anything is, and what the steps belong to."""

    def __init__(
        self,
        data: Any = None,
        *,
        account: Account,
        settings: Mapping[str, Any] | None = None,
        of: str = Of.AUTOMATION,
        prefix: str | None = None,
    ) -> None:
        self.account, self.kept, self.of = account, settings or {}, of
        super().__init__(data, initial=self.typed(), prefix=prefix)
        self.choose()
        self.order_fields(self.field_order)

    def typed(self) -> dict[str, Any]:
        """What the fields hold that say what is kept."""
        return dict(self.kept)

    def choose(self) -> None:
        """Add the fields that depend on what the account has."""

    def settings(self) -> dict[str, Any]:
        """What is to be kept, of a valid form."""
        return {name: self.cleaned_data[name] for name in self.fields}


def type_field(account: Account, *, kept: int | None = None) -> ChosenField:
    """The types in use, and the one that is `kept` although it is archived."""
    offered = choices.credit_types(account)
    if kept and kept not in {one.pk for one in offered}:
        archived = credits.types(account, archived=True).filter(pk=kept)
        offered += [Choice(one.pk, one.public_id, f"{capital(one.name)} (archived)") for one in archived]
    return ChosenField(
        label="Credit type",
        offered=offered,
        missing="Choose a credit type.",
        none="There is no type of credit in use. Add one under Content → Credits.",
    )


class ConsumeForm(ActionForm):
    amount = amount_field(initial=1)
    short = forms.ChoiceField(
        label="If the contact is short",
        initial=STOP,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what happens.", "invalid_choice": "Choose what happens."},
    )

    field_order = ("credit_type", "amount", "short")

    def choose(self) -> None:
        self.fields["credit_type"] = type_field(self.account, kept=self.kept.get("credit_type"))
        _say_amount(self)
        ways = [(STOP, "Stop and ask for attention"), (SKIP, "Skip")]
        if self.of == Of.AUTOMATION:
            ways.append((BRANCH, "Take the other branch"))
        self.fields["short"].choices = ways  # type: ignore[attr-defined]


class IssueForm(ActionForm, ExpiryFields):
    amount = amount_field(initial=1)

    field_order = ("credit_type", "amount", "good_for", "span", "span_unit")

    def typed(self) -> dict[str, Any]:
        return {**self.kept, **of_expiry(self.kept.get("expiry", ""))}

    def choose(self) -> None:
        self.fields["credit_type"] = type_field(self.account)
        _say_amount(self)
        self.fields["good_for"].label = "Good for"

    def settings(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("credit_type", "amount", "expiry")}


def _say_amount(form: forms.Form) -> None:
    form.fields["amount"].label, form.fields["amount"].help_text = "Amount", "Number of credits."


class TagForm(ActionForm):
    """A tag by its name: one that there is, or a new one."""

    tag = TextField(lambda name: cleaned("tag", name), label="Tag")

    def typed(self) -> dict[str, Any]:
        known = {one.pk: one.label for one in choices.tags(self.account)}
        return {"tag": known.get(self.kept.get("tag", 0), "")}

    def choose(self) -> None:
        suggested = [one.label for one in choices.tags(self.account)]
        self.fields["tag"].widget = SuggestInput(suggested, attrs={"autocomplete": "off"})
        self.fields["tag"].help_text = "Choose one, or type a new one."

    def settings(self) -> dict[str, Any]:
        """Makes the tag where there is none of that name. Raises TooMany where the account has enough of them."""
        return {"tag": tag_named(account=self.account, name=self.cleaned_data["tag"]).pk}


class UntagForm(ActionForm):
    """A tag that there is: what is not there cannot be removed."""

    def choose(self) -> None:
        self.fields["tag"] = ChosenField(
            label="Tag",
            offered=choices.tags(self.account),
            missing="Choose a tag.",
            none="There is no tag yet. Put one on a contact first.",
        )


class FlowForm(ActionForm):
    def choose(self) -> None:
        self.fields["flow"] = ChosenField(
            label="Automation",
            offered=choices.automations(self.account),
            missing="Choose an automation.",
            none="There is no automation yet. Add one under Marketing → Automations.",
        )


class EmailForm(ActionForm):
    subject = text_field(most=wording.SUBJECT, what="The subject", label="Subject", missing="Enter a subject.")
    text = text_field(
        most=wording.TEXT,
        what="The text",
        rows=10,
        label="Text",
        missing="Write something first.",
        help_text=f"{wording.braced(email.KIND.samples)} are filled in for each contact: their name, your business’s name, your shop’s "
        "address, and what they have left.",
    )

    def choose(self) -> None:
        self.fields["text"].widget.attrs["class"] = "letter__words"

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        try:
            wording.check(email.KIND, subject=data.get("subject", ""), text=data.get("text", ""))
        except Unacceptable as refusal:
            self.add_error(refusal.field, refusal.wording)
        return data


class EndpointForm(ActionForm):
    def choose(self) -> None:
        self.fields["endpoint"] = ChosenField(
            label="Address",
            offered=choices.endpoints(self.account),
            missing="Choose an address.",
            none="There is no address to call yet. Add one under Settings → Webhooks.",
        )


class NotifyForm(ActionForm):
    to = forms.ChoiceField(
        label="Whom",
        choices=[(code, capital(words)) for code, words in notify.WHOM.items()],
        initial="owner",
        error_messages={"required": "Choose whom to notify.", "invalid_choice": "Choose whom to notify."},
    )
    text = text_field(
        most=NOTICE,
        what="The text",
        rows=5,
        label="Text",
        missing="Write something first.",
        help_text=f"{wording.braced(notify.PLACEHOLDERS)} are filled in: the contact’s name, your business’s name, and where the contact’s "
        "page is.",
    )

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if unknown := [name for name in wording.placeholders(text) if name not in notify.PLACEHOLDERS]:
            there = wording.braced(notify.PLACEHOLDERS)
            raise forms.ValidationError(f"{wording.braced(unknown[:1])} cannot stand in this text. There are {there}.")
        return text


FORMS: dict[str, type[ActionForm]] = {
    "consume": ConsumeForm,
    "issue": IssueForm,
    "tag": TagForm,
    "untag": UntagForm,
    "start": FlowForm,
    "stop_automation": FlowForm,
    "email": EmailForm,
    "webhook": EndpointForm,
    "notify": NotifyForm,
}
