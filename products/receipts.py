"""Receipts as PDF, A4. Plain text in, bytes out: no table is read here."""

from dataclasses import dataclass
from datetime import datetime

from simplero.web.documents import QUIET, Paper


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says, in the words it says it."""

    number: str
    business: str
    name: str  # of the customer
    email: str
    on: str
    at: datetime
    what: str
    counted: str  # "5 coaching sessions × €85.00"
    total: str
    paid: str  # "Paid on 3 May 2026 with Visa ending in 4242"
    credits: tuple[str, ...] = ()
    back: tuple[str, ...] = ()


def pdf(receipt: Receipt) -> bytes:
    """The same receipt gives the same bytes."""
    page = Paper(title=f"Receipt {receipt.number}", author=receipt.business, at=receipt.at)
    page.words(receipt.business, size=20, style="B", after=12)
    page.words("Receipt", size=13, style="B", after=7)
    page.words(f"{receipt.number} · {receipt.on}", colour=QUIET, after=12)
    page.words("For", colour=QUIET, after=5.5)
    page.words(receipt.name, after=5.5)
    if receipt.email:
        page.words(receipt.email, after=5.5)
    page.ln(8)
    page.rule()
    page.pair(receipt.what, "", style="B")
    page.pair(receipt.counted, receipt.total)
    page.rule()
    page.pair("Total", receipt.total, style="B", size=13)
    page.ln(4)
    page.words(receipt.paid, after=6)
    for said in receipt.back:
        page.words(said, after=6)
    if receipt.credits:
        page.ln(6)
        page.words("Credits", style="B", after=6)
        for said in receipt.credits:
            page.words(said, after=6)
    return bytes(page.output())
