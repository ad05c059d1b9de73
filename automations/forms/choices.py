"""A field in which one thing is chosen: the page carries its public id, what is kept its own."""

from collections.abc import Sequence
from typing import Any

from django import forms

from automations.queries.choices import Choice


class ChosenField(forms.ChoiceField):
    """One of the things that are offered; cleaned it is the id of its row, None where nothing need be chosen and nothing is.

    `blank` are the words of choosing nothing. Where one must be chosen and only one is offered, it is chosen. What was kept and is
    offered no more has to be chosen anew.
    """

    def __init__(
        self, *, offered: Sequence[Choice], missing: str, blank: str = "", none: str = "", **kwargs: Any
    ) -> None:
        self.ids = {str(one.public_id): one.pk for one in offered}
        self.public = {one.pk: str(one.public_id) for one in offered}
        required = kwargs.get("required", True)
        alone = required and len(offered) == 1
        super().__init__(
            choices=_choices(offered, "" if alone else (blank or "Choose one")),
            error_messages={"required": missing, "invalid_choice": missing},
            **kwargs,
        )
        if required and not offered and none:
            self.help_text = none

    def prepare_value(self, value: Any) -> Any:
        return self.public.get(value, "") if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        return self.ids.get(super().clean(value))


def _choices(offered: Sequence[Choice], blank: str) -> list[Any]:
    choices: list[Any] = [("", blank)] if blank else []
    groups: dict[str, list[tuple[str, str]]] = {}
    for one in offered:
        if one.group:
            groups.setdefault(one.group, []).append((str(one.public_id), one.label))
        else:
            choices.append((str(one.public_id), one.label))
    return choices + list(groups.items())
