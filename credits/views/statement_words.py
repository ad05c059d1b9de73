"""A statement in the words of its page, its print and its PDF.

It may leave the house: it names nobody of the staff, and shows notes only where they were written for the customer. All the rest
stands in the credit activity.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date

from django.http import HttpResponse
from django.utils.text import slugify

from credits import wording
from credits.queries import Line
from credits.queries.movements import movement
from credits.queries.statements import Extract, Section, Statement
from credits.sentences import sentence
from credits.sources import BOUGHT
from credits.statements import Document, Part, Row, pdf
from simplero.lib.moments import day
from simplero.pictures.models import Picture
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

MOST_LISTED = 1_000
"""Movements in one print or PDF: some 40 pages, and a second or two of work."""

ALL_YEARS = date.min
"""Beside it a day of any year is told with its year: a document is read in other years too."""

Telling = Callable[[Line], str]
"""Says a line as a sentence, with its full stop."""


def document(account: Account, found: Statement, extracts: Iterable[Extract], telling: Telling) -> Document:
    parts = [part(account, found, one, telling) for one in extracts]
    listed = sum(len(one.rows) for one in parts)
    return Document(
        business=account.name,
        name=found.contact.name,
        email=found.contact.email,
        period=period(found),
        as_of=as_of(account, found),
        at=found.at,
        parts=parts,
        logo=logo(account),
        shortened=(
            f"The newest {listed:,} of {found.count:,} movements are listed. Choose a shorter period to see the others."
            if listed < found.count
            else ""
        ),
    )


def part(account: Account, found: Statement, one: Extract, telling: Telling) -> Part:
    section, of = one.section, one.section.credit_type
    return Part(
        title=title(section),
        opening_words=f"At the start of {day(found.since)}" if found.since else "At the start",
        opening=f"{section.opening:,}",
        figures=figures(section),
        rows=[row(account, line, telling) for line in one.lines],
        closing_words=closing_words(found),
        closing=f"{section.closing:,}",
        earlier=f"{one.skipped:,} earlier {_movements(one.skipped)} not listed here" if one.skipped else "",
        carried=f"{one.carried:,}",
        later=f"{one.left_out:,} more {_movements(one.left_out)}" if one.left_out else "",
        free=wording.quantity(section.closing, of),
    )


def title(section: Section) -> str:
    name = wording.capital(section.credit_type.plural)
    return f"{name}, as {section.of_self}" if section.of_self else name


def row(account: Account, line: Line, telling: Telling) -> Row:
    return Row(
        on=day(line.happened_at.astimezone(account.zone).date()),
        sentence=telling(line),
        note=line.note if line.note_for_customer else "",
        amount=signed(line.amount),
        left=f"{line.balance_after:,}",
    )


def figures(section: Section) -> list[tuple[str, str]]:
    """What came and went in the period; what was withdrawn, and what was given back beyond what was used, only where there is any."""
    of = section.figures
    found = [("Issued", of.issued), ("Used", of.used), ("Expired", of.expired)]
    return [
        (label, f"{number:,}".replace("-", "−"))
        for label, number in [*found, *([("Withdrawn", of.withdrawn)] if of.withdrawn else []), ("Free", of.free)]
    ]


def period(found: Statement) -> str:
    through = day(found.until)
    return f"{day(found.since)} to {through}" if found.since else f"From the first movement to {through}"


def closing_words(found: Statement) -> str:
    return f"At the end of {day(found.until)}"


def as_of(account: Account, found: Statement) -> str:
    here = found.at.astimezone(account.zone)
    return f"As of {day(here.date())}, {here:%H:%M} ({account.time_zone.replace('_', ' ')})"


def telling_staff(line: Line) -> str:
    """What an automation or a trigger is called is no customer's business; what they bought is."""
    return telling_customer(line, by="", what=line.named if line.source in BOUGHT else "")


def telling_customer(line: Line, *, by: str, what: str) -> str:
    """As a customer reads it: done `by` whom, in words such as "you", and for `what`."""
    said = replace(movement(line, today=ALL_YEARS, by=False), by=by, what=what)
    return f"{wording.capital(sentence(said))}."


def signed(amount: int) -> str:
    return f"+{amount:,}" if amount > 0 else f"−{-amount:,}" if amount else "0"


def logo(account: Account) -> bytes:
    if account.logo is None:
        return b""
    kept = Picture.objects.filter(account_id=require(account), public_id=account.logo)
    return bytes(kept.values_list("data", flat=True).first() or b"")


def _movements(count: int) -> str:
    return "movement" if count == 1 else "movements"


def pdf_answer(document: Document) -> HttpResponse:
    response = HttpResponse(pdf(document), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{file_name(document.name)}.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def file_name(name: str) -> str:
    return f"statement-{slugify(name) or 'contact'}"
