"""The letters that tell customers of their credits: what was issued and used, what expires soon, what runs low.

Plain values come from the rows, never the notes that are for staff only. Each letter goes once (`contacts.letters`).
"""

from datetime import timedelta

from contacts import letters
from contacts.letters import Kind
from contacts.models import Contact, Letter
from simplero.lib.moments import day
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, today

from .models import CreditType
from .queries.ending import ending, ending_once
from .queries.movements import Line, line_of, movement
from .sentences import sentence
from .wording import capital, good, quantity

RECEIPTED = "purchase"
"""The source of movements that a receipt tells of."""

OF_TYPE = "credit_type"
"""The source of a letter about one wallet, which contact and type name together."""

LOW = 1
"""What is left when a balance is low."""

QUIET = timedelta(days=7)
"""After a letter of a low balance, for how long none of the same wallet follows."""

_CREDITS = "3 coaching sessions"
_LEFT = {"left": "2 coaching sessions"}
_NOTE = {"note": "See you on Monday."}

ISSUED = Kind(
    code="credits_issued",
    name="Credits issued",
    about="When you issue credits to one contact by hand. A purchase is told of by its receipt, what triggers and automations issue "
    "by an email step of theirs.",
    placeholders={"credits": _CREDITS, "until": "good through 3 August", **_NOTE, "left": "5 coaching sessions"},
    subject="{credits} for you",
    text="""Hello {customer},

You have new credits with {business}: {credits}, {until}.

{note}

In all you have {left} now: {shop}

{business}""",
)
USED = Kind(
    code="credits_used",
    name="Credits used",
    about="When you use credits of one contact by hand. A purchase paid with credits is told of by its receipt, what triggers and "
    "automations use by an email step of theirs.",
    placeholders={
        "credits": "1 coaching session",
        "movement": "1 coaching session used for 3 May, from the 5 issued on 12 March",
        **_NOTE,
        **_LEFT,
    },
    subject="{credits} used",
    text="""Hello {customer},

{movement}.

{note}

You have {left} left.

{business}""",
)
EXPIRING = Kind(
    code="credits_expiring",
    name="Credits expiring soon",
    about="A week before credits expire, once for each last good day.",
    placeholders={"credits": _CREDITS, "day": "3 August", **_LEFT},
    subject="{credits}, good through {day} only",
    text="""Hello {customer},

{day} is the last good day of {credits} of yours with {business}. What is left of them after that day expires.

In all you have {left}: {shop}

{business}""",
)
RUN_LOW = Kind(
    code="credits_low",
    name="Credits running low",
    about=f"When a use by hand or a purchase leaves {LOW} or none; at most once in {QUIET.days} days for each type of credit. For what "
    "triggers and automations use, add a trigger on credits that run low.",
    placeholders={"left": "1 coaching session"},
    subject="You have {left} left",
    text="""Hello {customer},

After your last use you have {left} left with {business}.

To get more: {shop}

{business}""",
)
ALL = [ISSUED, USED, EXPIRING, RUN_LOW]


def tell(*, account: Account, entry_id: int) -> None:
    """Tell the customer of one issue or use, and of a low balance that the use left. What was wholly reversed since is not told."""
    contact, line = line_of(account, entry_id)
    if line.given_back and line.given_back == -line.amount:
        return
    if line.source != RECEIPTED:
        (_issued if line.kind == "issue" else _used)(account, contact, line)
    if line.kind == "consume" and line.balance_after - line.amount > LOW >= line.balance_after:
        _run_low(account, contact, line)


def remind(*, account: Account, limit: int) -> int:
    """Tell customers whose credits end within a week, up to `limit` wallets and days; how many letters that were."""
    found = ending(account, limit=limit)
    for one in found:
        letters.send(
            account=account,
            contact=one.contact,
            kind=EXPIRING.code,
            values={
                "credits": quantity(one.amount, one.credit_type),
                "day": day(one.last_good_day, today=today(account)),
                "left": _left(one.free, one.credit_type),
            },
            source=OF_TYPE,
            source_id=str(one.credit_type.public_id),
            once=ending_once(one.wallet_id, one.last_good_day),
        )
    return len(found)


def _issued(account: Account, contact: Contact, line: Line) -> None:
    until = line.lots[0][0].last_good_day if line.lots else None
    _send(
        account,
        contact,
        ISSUED,
        line,
        credits=quantity(line.amount, line.credit_type),
        until=good(until, today=today(account), never="never expiring"),
        note=_note(line),
        left=_left(line.balance_after, line.credit_type),
    )


def _used(account: Account, contact: Contact, line: Line) -> None:
    _send(
        account,
        contact,
        USED,
        line,
        credits=quantity(-line.amount, line.credit_type),
        movement=capital(sentence(movement(line, today=today(account), by=False))),
        note=_note(line),
        left=_left(line.balance_after, line.credit_type),
    )


def _run_low(account: Account, contact: Contact, line: Line) -> None:
    """Unless they were told of the same wallet lately: their row is locked, or of two uses at once each might find that nobody was."""
    Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    of_wallet = {"source": OF_TYPE, "source_id": str(line.credit_type.public_id)}
    if Letter.objects.filter(contact=contact, kind=RUN_LOW.code, created_at__gt=now() - QUIET, **of_wallet).exists():
        return
    letters.send(
        account=account,
        contact=contact,
        kind=RUN_LOW.code,
        values={"left": _left(line.balance_after, line.credit_type)},
        once=f"{RUN_LOW.code}:{line.key}",
        **of_wallet,
    )


def _left(amount: int, credit_type: CreditType) -> str:
    """ "2 coaching sessions", "no coaching sessions"."""
    return quantity(amount, credit_type) if amount else f"no {credit_type.plural}"


def _note(line: Line) -> str:
    return line.note if line.note_for_customer else ""


def _send(account: Account, contact: Contact, kind: Kind, line: Line, **values: str) -> None:
    letters.send(
        account=account,
        contact=contact,
        kind=kind.code,
        values=values,
        source="entry",
        source_id=str(line.key),
        once=f"{kind.code}:{line.key}",
    )
