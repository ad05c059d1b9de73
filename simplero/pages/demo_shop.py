"""The storefronts of the demo: what the two businesses sell, and how their customers have bought it."""

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.db.models import Q

from contacts.models import Contact
from credits.errors import InsufficientCredits
from products import purchases
from products.gateways import outside, test
from products.gateways.gateway import Word
from products.models import GatewayAccount, Kind, PriceKind, Product, Purchase, RefundWay
from products.queries.catalogue import get_product
from products.services import catalogue, ordering, payments, refunds, renewals
from products.services.catalogue import Details, Terms
from products.states import RENEWING
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now

from . import demo_pictures
from .demo_pictures import NORTHERN, SALTWATER, Colours


@dataclass(frozen=True)
class Offer:
    """A product of the demo. Credit types are called by their name; `terms` are (kind, amount, more)."""

    name: str
    kind: str
    picture: str
    summary: str
    description: str
    terms: tuple[tuple[str, int, Mapping[str, Any]], ...]
    of: str = ""
    extra: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    live: bool = True


@dataclass(frozen=True)
class Front:
    """A storefront: its colour, its pictures' colours, how to pay outside, and its offers, the ones bought most first."""

    colour: str
    pictures: Colours
    instructions: str
    offers: tuple[Offer, ...]


SINGLE, RECURRING, CREDIT, FREE = PriceKind.SINGLE, PriceKind.RECURRING, PriceKind.CREDIT, PriceKind.FREE
MONTHLY = {"every": 1, "period": "months"}

FRONTS = {
    "northlight-coaching": Front(
        "#2f5d50",
        NORTHERN,
        "Transfer the amount to Northlight Coaching, account 5301 0001 234567, and name your order. We write to you when it is there.",
        (
            Offer(
                "Coaching sessions",
                Kind.CREDIT,
                "hills",
                "One hour each, as many as you like.",
                "Bring what keeps you awake. We work for **one hour**, online or in Vesterbro, and you leave with a next step.\n\n"
                "- Use them when you need them, for six months\n- Move a session up to a day before\n- From five on they cost less",
                ((SINGLE, 14_000, {}), (SINGLE, 12_000, {"minimum": 5}), (SINGLE, 10_500, {"minimum": 10})),
                of="coaching session",
                details={"maximum": 30},
            ),
            Offer(
                "Monthly four",
                Kind.CREDIT,
                "path",
                "Four coaching sessions every month.",
                "A steady rhythm for a year of change: **four sessions a month**, for less than you would pay one by one. "
                "Stop whenever you like; what you have stays yours.",
                ((RECURRING, 11_000, MONTHLY),),
                of="coaching session",
                details={"included": 4},
            ),
            Offer(
                "Difficult conversations",
                Kind.SERVICE,
                "talk",
                "A Friday workshop for eight people.",
                "You bring a conversation you have been putting off. By the afternoon you have had it three times, with people "
                "who were not afraid to be difficult.",
                ((SINGLE, 18_000, {}), (CREDIT, 1, {"credit_type": "workshop seat"})),
                details={"maximum": 4},
            ),
            Offer(
                "Leadership retreat",
                Kind.SERVICE,
                "arches",
                "Two days by the sea, in a small group.",
                "Two days in Tisvilde to look at how you lead, and at what you would like to stop doing. Bed, board and a "
                "strategy call afterwards are included.",
                ((SINGLE, 69_000, {}), (CREDIT, 3, {"credit_type": "coaching session"})),
                extra={"strategy call": 1},
            ),
            Offer(
                "Three strategy calls",
                Kind.CREDIT,
                "circle",
                "Twenty minutes, when something cannot wait.",
                "For the offer on the table, the mail you should not send yet, the meeting tomorrow.",
                ((SINGLE, 4_500, {}),),
                of="strategy call",
                details={"included": 3, "expiry": "3 months"},
            ),
            Offer(
                "The first hundred days",
                Kind.OTHER,
                "leaf",
                "A course in twelve letters, with two calls.",
                "A letter a week for your first weeks in a new role, and **two strategy calls** for when the letters are not enough.",
                ((SINGLE, 24_000, {}),),
                extra={"strategy call": 2},
            ),
            Offer(
                "Team half-day, spring",
                Kind.SERVICE,
                "waves",
                "Not announced yet.",
                "",
                ((SINGLE, 180_000, {}),),
                live=False,
            ),
        ),
    ),
    "saltwater-yoga": Front(
        "#c2553a",
        SALTWATER,
        "Pay at the desk or send it by check. Your classes are there as soon as we have it.",
        (
            Offer(
                "Class pack",
                Kind.CREDIT,
                "waves",
                "For every class on the timetable.",
                "Come when the tide is right. A class is a class: early flow, slow Sunday or yin.\n\n"
                "- Good for three months\n- Cancel two hours before and it comes back",
                ((SINGLE, 2_400, {}), (SINGLE, 2_000, {"minimum": 5}), (SINGLE, 1_700, {"minimum": 10})),
                of="class",
                details={"maximum": 50},
            ),
            Offer(
                "Eight a month",
                Kind.CREDIT,
                "stones",
                "Eight classes, every month.",
                "Twice a week, at the best price we have. **Stop any time.**",
                ((RECURRING, 1_600, MONTHLY),),
                of="class",
                details={"included": 8},
            ),
            Offer(
                "Private session",
                Kind.CREDIT,
                "leaf",
                "One to one, in the studio or at home.",
                "For shoulders with a history, and for headstands that almost work.",
                ((SINGLE, 11_000, {}), (SINGLE, 9_500, {"minimum": 3})),
                of="private session",
            ),
            Offer(
                "Bring somebody",
                Kind.CREDIT,
                "circle",
                "A guest pass, for three of your classes.",
                "A sister visiting, a friend who has always wanted to. They need nothing but clothes that stretch.",
                ((SINGLE, 1_800, {}), (CREDIT, 3, {"credit_type": "class"})),
                of="guest pass",
            ),
            Offer(
                "Full-moon evening",
                Kind.SERVICE,
                "arches",
                "Slow yoga, soup, and the roof.",
                "Two hours on the roof, whatever the weather thinks of it. Soup afterwards.",
                ((SINGLE, 3_800, {}), (CREDIT, 2, {"credit_type": "class"})),
                details={"maximum": 4},
            ),
            Offer(
                "First class",
                Kind.SERVICE,
                "hills",
                "Your first class is on us.",
                "Come and see whether you like us. A mat and tea are there.",
                ((FREE, 0, {}),),
                details={"maximum": 1},
            ),
        ),
    ),
}


class Shop:
    """An account's storefront, opened with the types of credit that it has; its customers buy at the ledger's clock."""

    def __init__(self, *, account: Account, types: Mapping[str, Any], owner: Actor, chance: random.Random) -> None:
        self.account, self.types, self.owner, self.chance = account, types, owner, chance
        self.front = FRONTS[account.slug]
        self.products: dict[str, Product] = {}
        self.packs: dict[str, list[Offer]] = {}
        self.workshops: dict[str, list[Offer]] = {}

    def open(self) -> None:
        """Put everything in the shop, and let it be paid for."""
        Account.objects.filter(pk=self.account.pk).update(colour=self.front.colour)
        for gateway in (test.code, outside.code):
            instructions = self.front.instructions if gateway == outside.code else ""
            GatewayAccount.objects.create(
                account_id=self.account.pk, gateway=gateway, enabled=True, instructions=instructions
            )
        for offer in self.front.offers:
            self.products[offer.name] = self._add(offer)
            if offer.live and offer.of:
                self.packs.setdefault(offer.of, []).append(offer)
            for kind, _, more in offer.terms:
                if offer.live and kind == CREDIT:
                    self.workshops.setdefault(more["credit_type"], []).append(offer)

    def _add(self, offer: Offer) -> Product:
        made = partial(catalogue.add_product, account=self.account, kind=offer.kind, name=offer.name, actor=self.owner)
        product = made(credit_type=self.types[offer.of] if offer.of else None, included=offer.details.get("included"))
        written = Details.of(product)
        details = replace(written, summary=offer.summary, description=offer.description, **offer.details)
        catalogue.edit_product(
            account=self.account, product=product, details=details, seen=written.seal, actor=self.owner
        )
        drawn = demo_pictures.picture(offer.picture, self.front.pictures)
        catalogue.show_picture(account=self.account, product=product, file=drawn, actor=self.owner)
        for name, amount in offer.extra.items():
            catalogue.include_credits(
                account=self.account, product=product, credit_type=self.types[name], amount=amount, actor=self.owner
            )
        for kind, amount, more in offer.terms:
            terms = {**more, "credit_type": self.types[more["credit_type"]]} if "credit_type" in more else more
            catalogue.add_price(
                account=self.account, product=product, terms=Terms(kind, amount, **terms), actor=self.owner
            )
        if offer.live:
            catalogue.publish(account=self.account, product=product, actor=self.owner)
        return get_product(self.account, product.public_id)

    def sells(self, credit_type: str) -> bool:
        return credit_type in self.packs

    def buy(self, contact: Contact, credit_type: str, amount: int) -> None:
        """Buy a pack of about `amount` credits and pay it; sometimes it is never paid, and sometimes given back."""
        offer = self.chance.choices(self.packs[credit_type], weights=range(len(self.packs[credit_type]), 0, -1))[0]
        quantity = 1 if offer.details.get("included") else amount
        purchase = self._order(contact, offer, quantity)
        if purchase is None or self.chance.random() < 0.06:
            return
        payment = purchases.payment_due(purchases.lock(account=self.account, purchase_id=purchase.pk))
        card = self.chance.choice(("4242", "3155"))
        word = Word(
            "paid",
            charge_ref=f"test_charge_{card}_{payment.public_id.hex}",
            payer_ref=f"test_payer_{payment.public_id.hex}",
            card_ref=f"test_card_{card}",
            card_label=f"Test card ending in {card}",
        )
        payments.settle(account=self.account, payment_id=payment.pk, word=word)
        if self.chance.random() < 0.05:
            refunds.ask(
                account=self.account,
                purchase=purchase,
                amount=payment.amount,
                way=RefundWay.OUTSIDE,
                withdraw=True,
                key=uuid.uuid4(),
                note="Moved away",
                actor=self.owner,
            )

    def spend(self, contact: Contact, credit_type: str) -> bool:
        """Book something that can be had for credits of this type; False when there is nothing, or too few."""
        offers = self.workshops.get(credit_type)
        if not offers:
            return False
        try:
            return self._order(contact, self.chance.choice(offers), 1, by=CREDIT) is not None
        except InsufficientCredits:
            return False

    def _order(self, contact: Contact, offer: Offer, quantity: int, *, by: str = "") -> Purchase | None:
        product = self.products[offer.name]
        found = ordering.offering.choices(self.account, product, contact=contact, quantity=quantity)
        choice = next((one for one in found if one.offered and (not by or one.price.kind == by)), None)
        if choice is None:
            return None
        visitor = uuid.uuid4().hex
        seal = ordering.quote(
            account=self.account, product=product, choice=choice, contact=contact, visitor_digest=visitor
        ).sealed()
        return ordering.order(
            account=self.account,
            product=product,
            price=choice.price.public_id,
            quantity=quantity,
            seal=seal,
            contact=contact,
            gateway=test.code if choice.price.currency else "",
            visitor_digest=visitor,
            actor=Actor("contact", contact.pk),
        )

    def renew(self) -> None:
        """Charge what is due of subscriptions, as a worker would have; a few cards are declined for a while."""
        waiting = Q(retry_at=None) | Q(retry_at__lte=now())
        due = Purchase.objects.filter(waiting, renews_at__lte=now(), state__in=RENEWING)
        for purchase_id in due.values_list("pk", flat=True):
            payment = renewals.due(self.account, purchase_id, asked=False)
            if payment is None:
                continue
            word = Word("paid", charge_ref=f"test_charge_4242_{payment.public_id.hex}")
            if self.chance.random() < 0.08:
                word = Word("failed", reason="The card ending in 4242 was declined.")
            payments.settle(account=self.account, payment_id=payment.pk, word=word)
