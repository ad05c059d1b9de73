"""Placing an order, from the storefront or by staff: the purchase, its new customer and its credits in one transaction."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db import IntegrityError, transaction

from contacts import directory
from contacts.directory import Details, constraint
from contacts.errors import EmailTaken
from contacts.models import Contact
from credits.errors import InsufficientCredits
from products import letters, purchases
from products.errors import NotOffered, OrderChanged, OrderReused, SignInFirst
from products.gateways import accounts, outside
from products.models import Price, PriceKind, Product, Purchase, State
from products.queries import offering
from products.queries.catalogue import way
from products.queries.offering import MONEY, Choice
from simplero.lib.keys import derive_key
from simplero.lib.refusals import Refusal
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require

from . import payments

STOREFRONT, STAFF = "storefront", "staff"

_SALT = "products.order"

GONE = "This price is no longer offered. Nothing was bought: choose another one."

CHANGED = "The order has changed since its total was shown. Nothing was bought: look at it once more."


@dataclass(frozen=True, slots=True)
class Quote:
    """What the order form showed: what, for whom, at which price, and the key of the order. It travels signed, so an order is
    either this or refused."""

    account_id: int
    product_id: int
    price_id: int
    quantity: int
    total: int
    currency: str
    contact_id: int | None
    key: str

    def sealed(self) -> str:
        return signing.dumps([getattr(self, name) for name in self.__slots__], salt=_SALT, compress=True)


def quote(*, account: Account, product: Product, choice: Choice, contact: Contact | None, visitor_digest: str) -> Quote:
    """What an order form shows of `choice`. Its key is the browser's next order of this product: open twice, it is one order."""
    return Quote(
        account_id=require(account),
        product_id=product.pk,
        price_id=choice.price.pk,
        quantity=choice.quantity,
        total=choice.total,
        currency=choice.price.currency,
        contact_id=contact.pk if contact else None,
        key=str(_order_key(product, visitor_digest)),
    )


def _order_key(product: Product, visitor_digest: str) -> uuid.UUID:
    ordered = Purchase.objects.filter(visitor_digest=visitor_digest, product=product).count() if visitor_digest else 0
    return derive_key("order", visitor_digest or uuid.uuid4(), product.public_id, ordered)


def _unsealed(seal: str) -> Quote:
    try:
        return Quote(*signing.loads(seal, salt=_SALT))
    except (signing.BadSignature, TypeError, ValueError):
        raise OrderChanged("This order form is not whole. Look at the order once more, then send it again.") from None


def order(
    *,
    account: Account,
    product: Product,
    price: uuid.UUID,
    quantity: int,
    seal: str,
    contact: Contact | None,
    details: Details | None = None,
    gateway: str = "",
    visitor_digest: str = "",
    actor: Actor,
) -> Purchase:
    """Place what a storefront's order form shows: `seal` is its Quote, and what is sent must be what it says.

    `price` names a way to pay by any of its tiers; the quantity picks the one that applies. `contact` is the signed-in customer.
    Without one `details` make a new contact; of a known address nothing of theirs is shown or used, and the order is theirs. Sent
    again, it is the same purchase.

    Raises OrderChanged, OrderReused, NotOffered, SignInFirst, InsufficientCredits, Unacceptable.
    """
    shown = _unsealed(seal)
    sent = (account.pk, product.pk, quantity, contact.pk if contact else None)
    if sent != (shown.account_id, shown.product_id, shown.quantity, shown.contact_id):
        raise OrderChanged(CHANGED)

    def make(key: uuid.UUID) -> Purchase:
        choice = _choice(account, product, price, quantity, contact, you=True)
        if choice.price.pk != shown.price_id or price not in _names(choice):
            raise OrderChanged(CHANGED)
        if (choice.total, choice.price.currency) != (shown.total, shown.currency):
            raise OrderChanged(
                "The price has changed since this page was opened. Nothing was bought: look at the new total."
            )
        return _make(
            account=account,
            product=product,
            choice=choice,
            contact=contact or _customer(account, details, actor),
            key=key,
            gateway=gateway,
            source=STOREFRONT,
            visitor_digest=visitor_digest,
            actor=actor,
        )

    def same(known: Purchase) -> bool:
        agreed = (known.quantity, known.product_id) == (quantity, product.pk) and gateway in (known.gateway, "")
        if contact is not None:
            whose = known.contact_id == contact.pk
        else:
            whose = details is None or directory.by_email(account, details.email) == known.contact
        return agreed and whose and _is_a_tier(price, known.price)

    return _once(account, uuid.UUID(shown.key), same, make)


def _names(choice: Choice) -> set[uuid.UUID]:
    """What an order form may call this way to pay: the tier that applies, or the one it begins with."""
    switched_on = [verdict.price for verdict in choice.tiers if verdict.price.enabled]
    return {choice.price.public_id, *(price.public_id for price in switched_on[:1])}


def _is_a_tier(price: uuid.UUID, of: Price) -> bool:
    """Whether `price` names the way to pay that `of` is a tier of."""
    if price == of.public_id:
        return True
    other = Price.objects.filter(product=of.product_id, public_id=price).first()
    return other is not None and way(other) == way(of)


def _once(
    account: Account, key: uuid.UUID, same: Callable[[Purchase], bool], make: Callable[[uuid.UUID], Purchase]
) -> Purchase:
    """The purchase of `key`, made all or nothing unless it is there.

    Raises OrderReused where the key stands for a purchase that is not the `same`, and what `make` raises.
    """

    def known() -> Purchase | None:
        found = Purchase.objects.filter(account_id=require(account), key=key).select_related("price", "contact").first()
        if found is not None and not same(found):
            raise OrderReused
        return found

    if there := known():
        return there
    try:
        with transaction.atomic():
            return make(key)
    except (IntegrityError, Refusal) as error:
        # The same order at the same moment: the other one was first, and may have left too little for a second.
        there = known()
        if there is None or (isinstance(error, IntegrityError) and constraint(error) != "purchase_once"):
            raise
        return there


def _customer(account: Account, details: Details | None, actor: Actor) -> Contact:
    """The contact of an order by somebody who is not signed in: a known address's own, or a new one. Raises SignInFirst."""
    if details is None:
        raise SignInFirst
    address = directory.cleaned("email", details.email)
    known = directory.by_email(account, address)
    if known is None:
        try:
            known = directory.create(account=account, details=details, actor=actor)
        except EmailTaken:  # an order at the same moment, likely this one sent twice, made the contact
            known = directory.by_email(account, address)
            if known is None:
                raise
            return known
        known.refresh_from_db(fields=["public_id"])
    return known


def add(
    *,
    account: Account,
    contact: Contact,
    product: Product,
    price: Price,
    quantity: int,
    key: uuid.UUID,
    gateway: str = "",
    paid: bool = False,
    actor: Actor,
) -> Purchase:
    """A purchase by hand for `contact`: paid with credits, free, or with money to be marked as paid (gateway "outside").

    `paid`: the money is there already, so it begins at once, and nobody is told how to pay.

    Raises NotOffered, InsufficientCredits, OrderReused.
    """

    def make(derived: uuid.UUID) -> Purchase:
        choice = _choice(account, product, price.public_id, quantity, contact, by_staff=True)
        if choice.price.pk != price.pk:
            raise OrderChanged(f"For this quantity another price applies: {offering.each(choice.price, product)}.")
        purchase = _make(
            account=account,
            product=product,
            choice=choice,
            contact=contact,
            key=derived,
            gateway=gateway,
            source=STAFF,
            tell=not paid,
            actor=actor,
        )
        if paid and purchase.state == State.NEW:
            purchase = payments.mark_paid(account=account, purchase=purchase, actor=actor)
        return purchase

    def same(known: Purchase) -> bool:
        return (known.price_id, known.quantity, known.contact_id) == (price.pk, quantity, contact.pk)

    return _once(account, derive_key("staff.purchase", key), same, make)


def _choice(
    account: Account,
    product: Product,
    price: uuid.UUID,
    quantity: int,
    contact: Contact | None,
    *,
    you: bool = False,
    by_staff: bool = False,
) -> Choice:
    """The way to pay of which `price` is a tier, at the tier that `quantity` reaches.

    Raises NotOffered, OrderChanged, SignInFirst.
    """
    found = offering.choices(
        account, product, contact=contact, quantity=quantity, you=you, by_staff=by_staff, counting=False
    )
    choice = next((one for one in found if any(tier.price.public_id == price for tier in one.tiers)), None)
    if choice is None:
        raise NotOffered(GONE, reason="retired")
    verdict = choice.verdict
    match verdict.reason:
        case "":
            return choice
        case offering.BELOW:
            raise OrderChanged(f"{verdict.sentence} Nothing was bought: look at the new total.")
        case offering.SIGNED_OUT:
            raise SignInFirst
        case "few" | "many":
            raise NotOffered(verdict.sentence, reason=verdict.reason)
        case _:  # the business's own affair
            raise NotOffered(GONE if you else verdict.sentence, reason=verdict.reason)


def _make(
    *,
    account: Account,
    product: Product,
    choice: Choice,
    gateway: str,
    tell: bool = True,
    actor: Actor,
    **more: Any,
) -> Purchase:
    """Write the purchase, and begin it unless it waits for money; then `tell` the customer how to pay it outside.

    Raises NotOffered for a way to pay that is not there, InsufficientCredits.
    """
    asks = choice.price.kind in MONEY
    if asks and gateway not in _usable(account, choice.price, more["source"]):
        raise NotOffered("Choose how to pay.", reason="no_gateway", field="gateway")
    try:
        purchase = purchases.create(
            account=account, product=product, choice=choice, gateway=gateway, actor=actor, **more
        )
    except InsufficientCredits as refusal:
        refusal.unit = choice.price.credit_type
        raise
    if asks and tell and gateway == outside.code:
        letters.payment_asked(account=account, purchase=purchase, payment=purchases.payment_due(purchase))
    return purchase


def _usable(account: Account, price: Price, source: str) -> set[str]:
    """The gateways by which `price` may be paid; of a purchase by hand staff say that it was."""
    if source == STAFF:
        return {outside.code}
    return {way.code for way in accounts.ways(account, recurring=price.kind == PriceKind.RECURRING)}
