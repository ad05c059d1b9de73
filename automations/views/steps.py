"""What is asked of a step: which kind of wait, which event, and the form of each kind."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms

from automations import programs
from automations.descriptions import KINDS
from automations.forms.actions import FORMS
from automations.forms.steps import AWAITED, WAITS, ConditionStepForm, EventForm, JumpForm, StopForm
from automations.programs import new_key
from automations.waits import DATE, EVENT, EXPIRY, WEEKDAY, WHILE
from simplero.tenancy.models import Account

from .drawing import Drawing

WAYS = (
    (WHILE, "A while", "timer", "So many minutes, hours, days, weeks or months."),
    (WEEKDAY, "Until a weekday", "calendar-days", "Until the next Monday at 09:00, say."),
    (DATE, "Until a date", "calendar", "Until a day and a time that you choose."),
    (EXPIRY, "Until credits expire", "hourglass", "So many days before the contact’s credits expire."),
    (EVENT, "Until something happens", "bell-ring", "A purchase, a tag, credits used up; at most so long."),
)
"""How one may wait: code, title, drawing, and a sentence."""

TITLES = {code: title for code, title, _, _ in WAYS}


class MoveForm(forms.Form):
    def __init__(self, data: Any = None, *, places: list[tuple[str, str]]) -> None:
        super().__init__(data)
        wrong = "Choose a place."
        self.fields["place"] = forms.ChoiceField(
            label="Move to",
            choices=[("", "Choose a place"), *places],
            error_messages={"required": wrong, "invalid_choice": wrong},
        )


class Asking:
    """A kind of step, with what was chosen of it so far in the address (`for`, `occasion`) or is kept in `step`."""

    def __init__(
        self,
        account: Account,
        drawing: Drawing,
        kind: str,
        chosen: Mapping[str, str],
        step: Mapping[str, Any] | None = None,
    ) -> None:
        self.account, self.drawing, self.kind, self.step = account, drawing, kind, step
        kept: Mapping[str, Any] = step["settings"] if step else {}
        asked = chosen.get("for", "")
        self.anew = bool(chosen.get("choose"))
        self.way = asked if asked in TITLES else kept.get("for", "")
        occasion = chosen.get("occasion", "")
        self.occasion = occasion if occasion in AWAITED else kept.get("occasion", "")
        if asked == EVENT and not occasion:
            self.occasion = ""
        same = self.way == kept.get("for") and self.occasion == kept.get("occasion", "")
        self.kept = kept if kind != programs.WAIT or same else None

    def choices(self) -> bool:
        """Whether something is to be chosen before the form."""
        if self.kind != programs.WAIT:
            return False
        return self.anew or not self.way or (self.way == EVENT and not self.occasion)

    def choosing(self, here: str) -> dict[str, Any]:
        """What is to be chosen, as options under headings; `here` is the address, to which what is chosen is added."""
        if self.way and not self.anew:
            groups: dict[str, list[dict[str, str]]] = {}
            for code, one in AWAITED.items():
                option = {
                    "code": code,
                    "title": one.label,
                    "icon": one.icon,
                    "url": f"{here}&for={EVENT}&occasion={code}",
                }
                groups.setdefault(one.group, []).append(option)
            found = [{"title": title, "options": options} for title, options in groups.items()]
            return {"title": "Wait until something happens", "lede": "Until what?", "groups": found}
        ways = [
            {"code": code, "title": title, "icon": icon, "words": words, "url": f"{here}&for={code}"}
            for code, title, icon, words in WAYS
        ]
        return {"title": "Wait", "lede": "How long?", "groups": [{"title": "", "options": ways}]}

    def form(self, data: Any) -> Any:
        common: dict[str, Any] = {"account": self.account, "settings": self.kept}
        if self.kind in FORMS:
            return FORMS[self.kind](data, **common)
        if self.kind == programs.CONDITION:
            return ConditionStepForm(data, **common)
        if self.kind == programs.JUMP:
            return JumpForm(data, **common, targets=self.drawing.targets(self.step["key"] if self.step else ""))
        if self.kind == programs.STOP:
            return StopForm(data, **common)
        if self.way == EVENT:
            return EventForm(data, **common, occasion=AWAITED[self.occasion])
        return WAITS[self.way](data, **common)

    def asking(self, form: Any) -> dict[str, Any]:
        """What the form's page shows."""
        title, lede = KINDS[self.kind].label, ""
        if self.kind == programs.WAIT:
            title = f"Wait {_lower(TITLES[self.way])}"
            if self.way == EVENT:
                title, lede = "Wait until something happens", f"{AWAITED[self.occasion].label}."
        elif self.kind == programs.CONDITION:
            lede = "Whom all of this holds of goes one way, everybody else the other."
        elif self.kind == programs.STOP:
            lede = "Whoever comes here is done with this automation."
        elif self.kind == programs.JUMP:
            lede = "Whoever comes here goes on at another step. Back to an earlier one needs a wait in between."
        return {
            "form": form,
            "title": title,
            "lede": lede,
            "kind": self.kind,
            "way": self.way if self.kind == programs.WAIT else "",
            "conditions": getattr(form, "conditions", None),
            "event": getattr(form, "event", None),
            "none": self.kind == programs.JUMP and not self.drawing.targets(self.step["key"] if self.step else ""),
        }

    def query(self, *, editing: bool = False) -> dict[str, str]:
        """What was chosen, for the address that the form is sent to."""
        found = {} if editing else {"kind": self.kind}
        if self.kind == programs.WAIT:
            found["for"] = self.way
            if self.way == EVENT:
                found["occasion"] = self.occasion
        return found

    def up(self) -> dict[str, str]:
        """The step of choosing before the form."""
        if self.kind != programs.WAIT:
            return {}
        return {"kind": self.kind, "for": EVENT} if self.way == EVENT else {"kind": self.kind}


def fit_key(key: str) -> str:
    """The key that the form was made with, or a new one where it was spoiled."""
    return key if re.fullmatch(r"k[0-9a-f]{10}", key) else new_key()


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
