"""A shop with something in it: plain functions that arrange products, prices and orders through the services we ship."""

import uuid
from typing import Any

from contacts.directory import Details
from contacts.models import Contact
from products.models import GatewayAccount, Payment, PaymentState, Price, PriceKind, Product, Purchase, PurchaseEntry
from products.queries import catalogue, offering
from products.services import catalogue as selling
from products.services import ordering, payments, refunds
from simplero.outbox.relay import relay
from simplero.tenancy.actors import Actor
from tests import factories
from tests.factories import inside

CUSTOMER = Actor("contact", None)


def product(world: Any, name: str = "Pack", *, kind: str = "credit", live: bool = True, **more: Any) -> Product:
    """A live product: of credits of the world's session type unless `kind` says otherwise."""
    of = {"credit_type": more.pop("credit_type", None) or world.session} if kind == "credit" else {}
    columns = {name: more.pop(name) for name in ("minimum", "maximum", "expiry") if name in more}
    with inside(world):
        made = selling.add_product(account=world.account, kind=kind, name=name, actor=world.actor, **of, **more)
        if live or columns:
            Product.objects.filter(pk=made.pk).update(**({"status": "live"} if live else {}), **columns)
        return catalogue.get_product(world.account, made.public_id)


def price(world: Any, of: Product, amount: int = 0, kind: str = "single", **terms: Any) -> Price:
    """A price of `amount` minor units of one unit, or of so many credits."""
    with inside(world):
        return selling.add_price(
            account=world.account, product=of, terms=selling.Terms(kind, amount, **terms), actor=world.actor
        )


def takes_money(world: Any, *gateways: str) -> None:
    """Let the shop be paid by these gateways, "test" and "outside" unless said otherwise."""
    with inside(world):
        for gateway in gateways or ("test", "outside"):
            GatewayAccount.objects.create(account_id=world.account.pk, gateway=gateway, enabled=True)


def order(
    world: Any,
    of: Product,
    at: Price,
    quantity: int = 1,
    *,
    by: Contact | None = None,
    email: str = "",
    gateway: str = "",
    visitor: str = "",
) -> Purchase:
    """What the order form does: look at the quote, then send it."""
    with inside(world):
        choices = offering.choices(world.account, of, contact=by, quantity=quantity)
        choice = next(c for c in choices if any(v.price.pk == at.pk for v in c.tiers))
        seal = ordering.quote(
            account=world.account, product=of, choice=choice, contact=by, visitor_digest=visitor
        ).sealed()
        return ordering.order(
            account=world.account,
            product=of,
            price=choice.price.public_id,
            quantity=quantity,
            seal=seal,
            contact=by,
            details=Details(name="Newly Here", email=email) if email else None,
            gateway=gateway or ("test" if choice.price.kind in offering.MONEY else ""),
            visitor_digest=visitor,
            actor=Actor("contact", by.pk if by else None),
        )


def payment(world: Any, purchase: Purchase, number: int = 1) -> Payment:
    """The newest payment of a period."""
    with inside(world):
        return Payment.objects.filter(purchase=purchase, number=number).order_by("-attempt")[0]


def pay(world: Any, purchase: Purchase, card: str = "4242") -> None:
    """The customer gives a test card whose number ends in `card` to the page of the first payment."""
    due = payment(world, purchase)
    with inside(world):
        Payment.objects.filter(pk=due.pk).update(checkout_ref=f"test_paid_{card}_{due.public_id.hex}")
    payments.look(account=world.account, payment_id=due.pk)


def bought(world: Any, of: Product, at: Price, quantity: int = 1, *, by: Contact, card: str = "4242") -> Purchase:
    """Ordered and paid with a test card."""
    purchase = order(world, of, at, quantity, by=by, visitor=uuid.uuid4().hex)
    pay(world, purchase, card)
    return fresh(world, purchase)


def fresh(world: Any, purchase: Purchase) -> Purchase:
    with inside(world):
        return Purchase.objects.select_related("contact", "product", "price").get(pk=purchase.pk)


def entries(world: Any, purchase: Purchase) -> list[tuple[int, str, int]]:
    """Period, verb and amount of each movement that a purchase made."""
    with inside(world):
        rows = PurchaseEntry.objects.filter(purchase=purchase).order_by("number", "pk")
        return list(rows.values_list("number", "verb", "amount"))


def paid(world: Any, purchase: Purchase) -> list[tuple[int, str]]:
    with inside(world):
        rows = Payment.objects.filter(purchase=purchase).order_by("number", "attempt")
        return list(rows.values_list("number", "state"))


__all__ = ["refunds", "PaymentState", "PriceKind", "factories", "relay"]
