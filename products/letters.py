"""The letters about purchases: the receipt, what is still to be paid, a payment that failed, and a subscription that ended so."""

from contacts import letters
from contacts.letters import Kind
from credits import queries as credits
from credits.wording import quantity
from simplero.lib.lists import listed
from simplero.lib.moments import day
from simplero.lib.money import reading
from simplero.tenancy import shops
from simplero.tenancy.models import Account
from simplero.tenancy.scope import today

from . import states
from .gateways import accounts
from .models import Payment, Purchase
from .queries.offering import every
from .wording import what

SOURCE = "purchase"

RECEIPT = Kind(
    code="receipt",
    name="Receipt",
    about="When a purchase is paid, with money or credits, and at each renewal. It says what was issued.",
    placeholders={
        "product": "Pack of 5",
        "price": "€425.00",
        "credits": "You got 5 coaching sessions.",
        "link": "https://shop.example/account/purchases/…",
    },
    subject="Your receipt: {product}",
    text="""Hello {customer},

Thank you. This is your receipt from {business}.

{product}: {price}

{credits}

Your purchase, with its receipt to print: {link}""",
)
ASKED = Kind(
    code="payment_asked",
    name="How to pay",
    about="When something was bought that is paid by invoice or transfer, and at each of its renewals.",
    placeholders={
        "product": "Pack of 5",
        "price": "€425.00",
        "instructions": "Transfer it to account 1234 567890.",
        "reference": "13746ED3",
        "link": "https://shop.example/account/purchases/…",
    },
    subject="How to pay: {product}",
    text="""Hello {customer},

Thank you for your order at {business}.

{product}: {price}

{instructions}

Name this order: {reference}

As soon as your payment is there, you can use what you bought: {link}""",
)
FAILED = Kind(
    code="payment_failed",
    name="Payment failed",
    about="When the charge for a renewal fails. It is tried again by the rule under Settings → Renewals.",
    placeholders={
        "product": "Monthly four",
        "price": "€240.00 a month",
        "reason": "The card ending in 4242 was declined.",
        "next": "We'll try again on 3 March.",
        "link": "https://shop.example/account/purchases/…",
    },
    subject="Your payment for {product} failed",
    text="""Hello {customer},

We could not take the payment for {product} ({price}).

{reason}

You can give another card here: {link}

{next} Nothing of what you have is lost.""",
)
ENDED = Kind(
    code="subscription_ended",
    name="Subscription ended",
    about="When a renewal could not be charged in time and the subscription is given up.",
    placeholders={
        "product": "Monthly four",
        "price": "€240.00 a month",
        "link": "https://shop.example/account/purchases/…",
    },
    subject="Your subscription has ended: {product}",
    text="""Hello {customer},

We could not take the payment for {product} ({price}), so it does not renew any more.

What you have stays yours, for as long as it is good: {link}

You are welcome to subscribe again at any time.""",
)
ALL = [RECEIPT, ASKED, FAILED, ENDED]


def receipt(*, account: Account, purchase: Purchase, number: int = 1) -> None:
    """For a period that was paid, or for a purchase that asked for no money."""
    _send(account, purchase, RECEIPT, f"receipt:{purchase.public_id}:{number}", credits=_issued(account, purchase))


def payment_asked(*, account: Account, purchase: Purchase, payment: Payment) -> None:
    """For a payment that the customer makes outside."""
    said = accounts.instructions(account) or "We'll tell you how to pay."
    _send(account, purchase, ASKED, f"asked:{payment.public_id}", instructions=said)


def payment_failed(*, account: Account, purchase: Purchase, payment: Payment, reason: str) -> None:
    """For a charge that failed, each attempt its own."""
    _send(account, purchase, FAILED, f"failed:{payment.public_id}", reason=reason, next=_next(account, purchase))


def subscription_ended(*, account: Account, purchase: Purchase) -> None:
    """For a subscription that was given up, its renewal not paid in time."""
    _send(account, purchase, ENDED, f"ended:{purchase.public_id}:{purchase.periods}")


def _next(account: Account, purchase: Purchase) -> str:
    """What follows a charge that failed: another try, or the day by which another card is needed."""
    if purchase.retry_at is None or purchase.state not in states.RENEWING:
        return "You can give another card at any time."
    on = day(purchase.retry_at.astimezone(account.zone).date(), today=today(account))
    if purchase.state == states.State.DELINQUENT:
        return f"Give another card by {on}, or it ends."
    return f"We'll try again on {on}."


def _send(account: Account, purchase: Purchase, kind: Kind, once: str, **values: str) -> None:
    letters.send(
        account=account,
        contact=purchase.contact,
        kind=kind.code,
        values={
            "product": named(purchase),
            "price": price_of(purchase),
            "reference": purchase.reference,
            "link": f"{shops.address(account)}account/purchases/{purchase.public_id}/",
            **values,
        },
        source=SOURCE,
        source_id=str(purchase.public_id),
        once=once,
    )


def named(purchase: Purchase) -> str:
    """ "Pack of 5", "Pack of 5 × 2"."""
    return what(purchase.product_name, purchase.quantity)


def price_of(purchase: Purchase) -> str:
    """What a period of it costs: "€425.00", "€40.00 a month", "3 coaching sessions", "free"."""
    if purchase.credit_type is not None:
        return quantity(purchase.total, purchase.credit_type)
    if not purchase.currency:
        return "free"
    return f"{reading(purchase.total, purchase.currency)}{every(purchase.every, purchase.period)}"


def _issued(account: Account, purchase: Purchase) -> str:
    """What a period issues, in a sentence: "You got 5 coaching sessions."; nothing where it issues nothing."""
    if not purchase.issues:
        return ""
    types = {one.pk: one for archived in (False, True) for one in credits.types(account, archived=archived)}
    said = [quantity(row["amount"], types[row["credit_type"]]) for row in purchase.issues]
    return f"You got {listed(said)}."
