"""Automations to begin with: a few that most businesses want, made with the account's own credit type."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from automations.programs import new_key
from credits import queries as credits
from simplero.tenancy.models import Account


@dataclass(frozen=True, slots=True)
class Example:
    code: str
    name: str
    about: str
    icon: str
    steps: Callable[[], list[dict[str, Any]]]


def offered(account: Account) -> list[Example]:
    """What there is to begin with; nothing where there is no credit type yet."""
    of = credits.types(account).first()
    if of is None:
        return []
    return [
        Example(
            "welcome",
            "Welcome",
            f"Issue 1 free {of.name}, and say so in an email.",
            "sparkles",
            lambda: [
                _step("issue", credit_type=of.pk, amount=1, expiry=""),
                _email(
                    f"Your first {of.name} is on us",
                    f"Hello {{customer}},\n\nWelcome. There is 1 free {of.name} waiting for you: you have {{credits}}.\n\nSee {{shop}}\n\n{{business}}",
                ),
            ],
        ),
        Example(
            "expiring",
            "Before credits expire",
            f"Wait until a week before {of.plural} expire, and remind who still has some.",
            "hourglass",
            lambda: [
                _step("wait", **{"for": "expiry", "credit_type": of.pk, "days": 7}),
                _step(
                    "condition",
                    conditions=[{"kind": "credits", "credit_type": of.pk, "least": 1, "is": True}],
                    yes=[
                        _email(
                            f"Your {of.plural} expire in a week",
                            "Hello {customer},\n\nYou still have {credits}, and some of them expire in a week. Book soon.\n\n{business}",
                        )
                    ],
                ),
            ],
        ),
        Example(
            "monthly",
            "One every month",
            f"Use 1 {of.name} a month, and ask who has none left whether they go on.",
            "repeat",
            lambda: _monthly(of.pk, of.name, of.plural),
        ),
    ]


def _monthly(credit_type: int, name: str, plural: str) -> list[dict[str, Any]]:
    asking = _email(
        f"You have no {plural} left",
        f"Hello {{customer}},\n\nYour last {name} is used. Shall we go on? You find more at {{shop}}\n\n{{business}}",
    )
    consume = _step("consume", credit_type=credit_type, amount=1, short="branch", no=[asking, _step("stop")])
    wait = _step("wait", **{"for": "while", "number": 1, "unit": "months"})
    return [consume, wait, _step("jump", to=consume["key"])]


def _email(subject: str, text: str) -> dict[str, Any]:
    return _step("email", subject=subject, text=text)


def _step(kind: str, *, yes: Any = None, no: Any = None, **settings: Any) -> dict[str, Any]:
    branches = {name: steps for name, steps in (("yes", yes), ("no", no)) if steps}
    return {"key": new_key(), "kind": kind, "settings": settings, **branches}
