"""My credits: what a customer has, until when, and every movement of it in a sentence.

The business speaks with one voice here: whoever of its staff did something, the customer reads the business's name. Notes are for
staff, but for those marked as for the customer.
"""

from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from contacts.models import Contact
from contacts.views.customers import ShopRequest, customer, shop_url
from credits import queries, wording
from credits.forms import StatementForm
from credits.queries import Line, LotView, statements
from credits.queries.movements import movement
from credits.sentences import sentence
from credits.sources import BOUGHT
from simplero.lib.moments import day
from simplero.tenancy.models import Account
from simplero.tenancy.scope import today

from . import statement_words as paper
from .lines import until_words

LATEST, PAGE = 8, 30  # movements below the wallets, and on a page of their own


@require_safe
@customer(signed_in=True)
def wallets(request: ShopRequest) -> HttpResponse:
    found = wallets_of(request.shop.account, mine(request))
    context = {
        "wallets": found,
        "has_some": any(wallet.figures.free for wallet in found),
        "has_none": any(not wallet.figures.free for wallet in found),
        "statements": [
            (label, f"{shop_url(request, 'statement-pdf')}?period={name}")
            for name, label in StatementForm.PERIODS.items()
        ],
        **_movements(request, limit=LATEST),
    }
    return TemplateResponse(request, "shop/credits.html", context)


@require_safe
@customer(signed_in=True)
def movements(request: ShopRequest) -> HttpResponse:
    """All of them, newest first, a page at a time."""
    return TemplateResponse(request, "shop/credit_activity.html", _movements(request, limit=PAGE))


@require_safe
@customer(signed_in=True)
def statement_pdf(request: ShopRequest) -> HttpResponse:
    """What came, what went and what was left, on paper; the days as a form of staff's statement says them."""
    account, contact = request.shop.account, mine(request)
    form = StatementForm(request.GET, types=list(queries.types_held(account, contact)), today=today(account))
    if not form.is_valid():
        return redirect(shop_url(request, "credits"))
    found = statements.statement(account, contact, **form.chosen())
    listed = statements.newest(account, found, most=paper.MOST_LISTED)
    return paper.pdf_answer(paper.document(account, found, listed, partial(_told, request)))


def _told(request: ShopRequest, line: Line) -> str:
    return paper.telling_customer(line, by=_who(request, line), what=_what(line))


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot as its owner sees it."""

    lot: LotView
    name: str
    until: str
    good: str  # the same within a sentence
    when: str
    soon: bool
    next: bool = False


@dataclass(frozen=True, slots=True)
class Wallet:
    """What a customer has of one type: the four numbers, the lots still good, the first one first, and the newest of the others."""

    credit_type: Any  # its name, plural, description and public_id
    figures: queries.Figures
    unit: str
    open: list[Lot]
    past: list[Lot]
    more: int  # open ones that are not shown

    @property
    def past_count(self) -> int:
        return len(self.past)

    @property
    def soonest(self) -> str:
        """How long what goes first is good; with nothing left, what became of all."""
        if not self.open:
            ends = {"used": self.figures.used, "expired": self.figures.expired, "withdrawn": self.figures.withdrawn}
            return ", ".join(f"{amount:,} {end}" for end, amount in ends.items() if amount)
        first = self.open[0].lot
        if first.last_good_day is None:
            return "No end date"
        return self.open[0].until if first.free == self.figures.free else f"{first.free:,} of them {self.open[0].good}"


@dataclass(frozen=True, slots=True)
class Move:
    """A movement: `left` of the type after it."""

    sentence: str
    on: str
    iso: str
    amount: int
    unit: str
    left: int
    note: str


def mine(request: ShopRequest) -> Contact:
    """Whoever is signed in."""
    assert request.shop.contact is not None, "this page is for customers"
    return request.shop.contact


def wallets_of(account: Account, contact: Contact) -> list[Wallet]:
    """What `contact` has, by name, what is left to use first."""
    this_day = today(account)
    found = [
        Wallet(
            credit_type=part.credit_type,
            figures=part.figures,
            unit=wording.unit(part.figures.free, part.credit_type),
            open=[
                _lot(lot, this_day, next=index == 0 and len(part.open_lots) > 1)
                for index, lot in enumerate(part.open_lots)
            ],
            past=[_lot(lot, this_day) for lot in part.past_lots],
            more=part.more_lots,
        )
        for part in queries.section(account, contact)
    ]
    return sorted(found, key=lambda wallet: not wallet.figures.free)


def _lot(lot: LotView, this_day: date, *, next: bool = False) -> Lot:
    until, when, soon = until_words(lot, today=this_day)
    came = "given back" if lot.replacement else "bought" if lot.source == "purchase" else "received"
    on = f"{came} {day(lot.issued_on, today=this_day)}"
    name = f"{lot.name}, {on}" if lot.name else wording.capital(on)
    return Lot(lot, name, until, wording.good(lot.last_good_day, today=this_day), when, soon, next)


def _movements(request: ShopRequest, *, limit: int) -> dict[str, Any]:
    account, this_day = request.shop.account, today(request.shop.account)
    page = queries.activity(account, mine(request), cursor=request.GET.get("older", ""), limit=limit)
    here = shop_url(request, "credit-activity")
    return {
        "moves": [_move(request, line, this_day) for line in page.lines],
        "older": f"{here}?older={page.older}" if page.older else "",
        "newest": here if request.GET.get("older") else "",
        "all": here,
    }


def _move(request: ShopRequest, line: Line, this_day: date) -> Move:
    happened = line.happened_at.astimezone(request.shop.account.zone)
    said = replace(movement(line, today=this_day, by=False), by=_who(request, line), what=_what(line))
    return Move(
        sentence=wording.capital(sentence(said)),
        on=day(happened.date(), today=this_day),
        iso=happened.isoformat(timespec="minutes"),
        amount=line.amount,
        unit=wording.unit(line.amount, line.credit_type),
        left=line.balance_after,
        note=line.note if line.note_for_customer else "",
    )


def _who(request: ShopRequest, line: Line) -> str:
    return {"user": request.shop.account.name, "contact": "you"}.get(line.actor.kind, "")


def _what(line: Line) -> str:
    return line.named if line.source in BOUGHT else ""
