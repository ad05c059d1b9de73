"""Whole storefront purchases paid with credits, through the application's own request handler, in a small shop and in a large one;
and what the least of views does: one row, in one transaction, with no middleware before it and with ours."""

import random
import re
import uuid
from dataclasses import dataclass
from html import unescape
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from bench.world import ORIGIN
from contacts import signin
from contacts.models import Contact, CustomerSession
from credits import ledger
from credits.ledger import Row
from credits.models import CreditType
from products.models import Kind, Price, PriceKind, Product, Status
from products.services.ordering import Quote
from simplero.outbox.models import Job
from simplero.tenancy.models import Account
from simplero.tenancy.scope import now, scope

HELD = 10_000
"""Credits of each customer: more than are used up."""


@dataclass(frozen=True)
class Shop:
    """A storefront whose customers are all signed in; one of its products is bought, the others stand beside it."""

    account: Account
    product: Product
    price: Price
    first: int  # customers have consecutive ids
    last: int

    @classmethod
    def make(cls, name: str, *, customers: int, products: int) -> "Shop":
        slug = name.lower().replace(" ", "-")
        account = Account.objects.create(name=name, slug=slug, time_zone="Europe/Copenhagen", currency="EUR")
        with scope(account):
            session = CreditType.objects.create(account=account, name="session", plural="sessions", name_key="session")
            shelf = [
                Product(
                    account=account,
                    name=f"Workshop {number}",
                    slug=f"workshop-{number}",
                    kind=Kind.SERVICE,
                    status=Status.LIVE,
                    position=number,
                )
                for number in range(products)
            ]
            Product.objects.bulk_create(shelf, batch_size=2_000)
            tags = [
                Price(account=account, product=product, kind=PriceKind.CREDIT, amount=1, credit_type=session)
                for product in shelf
            ]
            Price.objects.bulk_create(tags, batch_size=2_000)
            people = [
                Contact(account=account, name=f"Customer {number}", name_key=f"customer {number}")
                for number in range(customers)
            ]
            ids = [contact.pk for contact in Contact.objects.bulk_create(people, batch_size=5_000)]
        for start in range(0, len(ids), 5_000):
            rows = [Row(contact, session.pk, HELD, uuid.uuid4()) for contact in ids[start : start + 5_000]]
            with scope(account):
                ledger.issue_many(account=account, rows=rows, expiry="1 year", origin=ORIGIN)
                CustomerSession.objects.bulk_create(
                    CustomerSession(
                        account=account,
                        contact_id=row.contact_id,
                        token_digest=signin.digest("session", token(row.contact_id)),
                        created_at=now(),
                        seen_at=now(),
                    )
                    for row in rows
                )
        bought = products // 2
        with scope(account):
            product = Product.objects.get(slug=f"workshop-{bought}")
            price = Price.objects.get(product=product)
        connection.close()  # the clients are forked from this process
        return cls(account, product, price, ids[0], ids[-1])


def token(contact_id: int) -> str:
    """A customer's session token: of the right shape, and known to whoever measures."""
    return f"bench{contact_id:0{signin.SECRET - 5}d}"


class Buyer:
    """Posts order forms as customers would, each one's own."""

    def __init__(self) -> None:
        self.http = Client()

    def buy(self, shop: Shop) -> None:
        """One purchase for one credit, by a customer drawn by lot. Raises AssertionError when it is not made."""
        contact = random.randint(shop.first, shop.last)
        slug = shop.account.slug
        for kind in ("customer", "visitor"):
            name = f"{kind}-{slug}"
            self.http.cookies[f"__Host-{name}" if settings.SECURE else name] = token(contact)
        quote = Quote(
            account_id=shop.account.pk,
            product_id=shop.product.pk,
            price_id=shop.price.pk,
            quantity=1,
            total=1,
            currency="",
            contact_id=contact,
            key=str(uuid.uuid4()),
        )
        sent = {"price": str(shop.price.public_id), "quantity": "1", "order": quote.sealed()}
        answer = self.http.post(f"/s/{slug}/p/{shop.product.slug}/order", sent, secure=True)
        assert answer.status_code == 303, f"answered {answer.status_code}: {complaints(answer)}"
        assert "/account/purchases/" in answer["Location"], f"led to {answer['Location']}"

    def least(self) -> None:
        """What `least` does, asked for under LEAST or LEAST_OURS. Raises AssertionError when it is not done."""
        answer = self.http.post("/", {"number": "1"}, secure=True)
        assert answer.status_code == 204, f"answered {answer.status_code}: {complaints(answer)}"


COMPLAINTS = re.compile(r'<(\w+)[^>]*(?:class="field__errors"|role="alert")[^>]*>(.*?)</\1>', re.DOTALL)


def complaints(answer: Any) -> str:
    """What a page says is wrong, in its words; of one that does not say, how it begins."""
    page = answer.content.decode(errors="replace")
    found = [found[2] for found in COMPLAINTS.finditer(page)] or [page]
    words = (" ".join(unescape(re.sub(r"<[^>]*>", " ", part)).split()) for part in found)
    return " ".join(words)[:300]


@csrf_exempt
def least(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        Job.objects.create(account_id=0, kind="bench", subject=random.getrandbits(60), due="9999-01-01T00:00:00Z")
    return HttpResponse(status=204)


urlpatterns = [path("", least)]

LEAST: dict[str, Any] = {"ROOT_URLCONF": "bench.shop", "MIDDLEWARE": []}
LEAST_OURS: dict[str, Any] = {"ROOT_URLCONF": "bench.shop"}
"""Settings under which `Buyer.least` is answered: by the view alone, and behind all that stands before a page of ours."""
