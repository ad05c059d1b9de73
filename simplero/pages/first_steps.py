"""What to do first in an account where nothing is yet. What is done is read from the data; only that somebody has seen enough is kept,
in their browser."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.urls import reverse

from contacts import queries as contacts
from simplero.tenancy import roles
from simplero.web.http import StaffRequest

if TYPE_CHECKING:
    from credits.models import CreditType

YEAR = 365 * 86400  # seconds


@dataclass(frozen=True, slots=True)
class Step:
    """`url` is empty while what it needs is not there; `dialog` when it opens in the page."""

    number: int
    title: str
    words: str
    button: str
    done: bool
    url: str
    dialog: bool
    needs: str


@dataclass(frozen=True, slots=True)
class Panel:
    steps: list[Step]

    @property
    def done(self) -> int:
        return sum(step.done for step in self.steps)

    @property
    def share(self) -> str:
        return f"{100 * self.done / len(self.steps):.0f}%"


def panel(request: StaffRequest, *, types: "Sequence[CreditType]", kinds: Collection[str]) -> Panel | None:
    """The steps this member may take, None when all are done or they have been put away. `kinds` are those of movements there have been."""
    if "consume" in kinds or request.COOKIES.get(_cookie(request)):
        return None  # who has used a credit has taken every step
    account, slug = request.account, request.account.slug
    newest = contacts.contacts(account).order_by("-created_at", "-pk").first()
    usable = any(one.archived_at is None for one in types)
    of = [slug, newest.public_id] if newest else []
    holder = newest if "issue" in kinds else None
    wanted: list[tuple[str, str, str, str, bool, str, bool, str]] = [
        ("credits.types", "Create a type of credit", "What one credit buys, and how long it is good.", "Create",
         bool(types), reverse("credits:type-add", args=[slug]), True, ""),
        ("contacts", "Add a contact", "Somebody who buys or uses your credits.", "Add",
         newest is not None, reverse("contacts:add", args=[slug]), True, ""),
        ("credits.issue", "Issue credits", "Give the contact what they have paid for.", "Issue",
         "issue" in kinds, reverse("credits:issue", args=of) if newest and usable else "", True,
         "Once there is a type and a contact."),
        ("credits.consume", "Consume a credit", "Deliver a session, and count it.", "Consume",
         False, reverse("contacts:contact", args=of) if holder else "", False, "Once credits are issued."),
    ]  # fmt: skip
    mine = [each[1:] for each in wanted if roles.allows(request.membership.role, each[0])]
    steps = [Step(number, *rest) for number, rest in enumerate(mine, start=1)]
    return Panel(steps) if any(not step.done for step in steps) else None


def dismiss(request: StaffRequest, response: HttpResponse) -> None:
    response.set_cookie(
        _cookie(request), "off", max_age=YEAR, path=f"/a/{request.account.slug}/", secure=request.is_secure(),
        httponly=True, samesite="Lax",
    )  # fmt: skip


def _cookie(request: StaffRequest) -> str:
    return f"steps-{request.account.pk}"
