"""Buying: what is ordered is paid and issued together, at the price that was shown, once."""

import uuid

import pytest
from django.db import ProgrammingError, transaction

from contacts.directory import Details
from contacts.models import Contact
from credits.errors import InsufficientCredits
from products import errors
from products.gateways.gateway import Word
from products.models import Payment, Price, Purchase
from products.services import ordering, payments
from tests import factories
from tests.assertions import figures, nothing_moved, refused
from tests.factories import inside

from . import shop


@pytest.fixture(autouse=True)
def _demo(settings):
    settings.DEMO = True


@pytest.fixture
def pack(acme):
    """A pack of sessions: €100 each, from 5 €85."""
    shop.takes_money(acme)
    made = shop.product(acme, "Coaching")
    shop.price(acme, made, 10_000)
    shop.price(acme, made, 8_500, minimum=5)
    return made


def prices(world, product):
    with inside(world):
        return list(Price.objects.filter(product=product).order_by("minimum"))


def test_a_price_in_money_is_paid_then_issued(acme, zen, pack):
    single, _ = prices(acme, pack)
    purchase = shop.order(acme, pack, single, 4, by=acme.contact)
    assert (purchase.state, purchase.total, purchase.currency) == ("new", 40_000, "EUR")
    assert figures(acme).free == 0
    shop.pay(acme, purchase)
    assert shop.fresh(acme, purchase).state == "active"
    assert figures(acme).free == 4
    assert shop.entries(acme, purchase) == [(1, "issue", 4)]


def test_the_highest_tier_reached_applies(acme, pack):
    """product.md: 4 → $400, 5 → $425."""
    single, tier = prices(acme, pack)
    purchase = shop.bought(acme, pack, tier, 5, by=acme.contact)
    assert (purchase.total, purchase.price_id) == (42_500, tier.pk)
    assert figures(acme).free == 5


def test_a_price_in_credits_takes_and_issues_in_one(acme):
    yoga = factories.credit_type(acme, "class")
    made = shop.product(acme, "Workshop", kind="service")
    with inside(acme):
        shop.selling.include_credits(account=acme.account, product=made, credit_type=yoga, amount=2, actor=acme.actor)
    at = shop.price(acme, made, 3, "credit", credit_type=acme.session)
    factories.issue(acme, 5)
    purchase = shop.order(acme, made, at, by=acme.contact)
    assert purchase.state == "active"
    assert figures(acme).free == 2
    assert figures(acme, of=yoga).free == 2
    assert shop.entries(acme, purchase) == [(1, "consume", 3), (1, "issue", 2)]


def test_short_of_credits_nothing_happens(acme):
    made = shop.product(acme, "Workshop", kind="service")
    at = shop.price(acme, made, 3, "credit", credit_type=acme.session)
    factories.issue(acme, 3)
    with inside(acme):
        choice = shop.offering.choices(acme.account, made, contact=acme.contact, quantity=1)[0]
        seal = ordering.quote(
            account=acme.account, product=made, choice=choice, contact=acme.contact, visitor_digest="x"
        ).sealed()
    factories.consume(acme, 2)
    with refused(InsufficientCredits, free=1, asked=3), inside(acme):
        ordering.order(
            account=acme.account,
            product=made,
            price=at.public_id,
            quantity=1,
            seal=seal,
            contact=acme.contact,
            visitor_digest="x",
            actor=shop.CUSTOMER,
        )
    with inside(acme):
        assert not Purchase.objects.exists()


def test_the_same_order_is_one_purchase(acme):
    made = shop.product(acme, "Workshop", kind="service")
    at = shop.price(acme, made, 2, "credit", credit_type=acme.session)
    factories.issue(acme, 5)
    with inside(acme):
        choice = shop.offering.choices(acme.account, made, contact=acme.contact, quantity=1)[0]
        seal = ordering.quote(
            account=acme.account, product=made, choice=choice, contact=acme.contact, visitor_digest="x"
        ).sealed()
    send = {
        "account": acme.account,
        "product": made,
        "price": at.public_id,
        "quantity": 1,
        "seal": seal,
        "contact": acme.contact,
        "visitor_digest": "x",
        "actor": shop.CUSTOMER,
    }
    with inside(acme):
        first = ordering.order(**send)
    with nothing_moved(), inside(acme):
        assert ordering.order(**send) == first
    assert figures(acme).free == 3


@pytest.mark.parametrize("changed", ["quantity", "price", "product", "contact", "seal"])
def test_what_is_sent_is_what_was_shown(acme, pack, changed):
    """T10: price and credits are decided here."""
    single, tier = prices(acme, pack)
    other = shop.product(acme, "Other")
    shop.price(acme, other, 100)
    with inside(acme):
        choice = shop.offering.choices(acme.account, pack, contact=acme.contact, quantity=4)[0]
        seal = ordering.quote(
            account=acme.account, product=pack, choice=choice, contact=acme.contact, visitor_digest="x"
        ).sealed()
    send = {
        "account": acme.account,
        "product": pack,
        "price": single.public_id,
        "quantity": 4,
        "seal": seal,
        "contact": acme.contact,
        "gateway": "test",
        "visitor_digest": "x",
        "actor": shop.CUSTOMER,
    }
    send[changed] = {
        "quantity": 5,
        "price": tier.public_id,
        "product": other,
        "contact": factories.contact(acme, "Ben"),
        "seal": seal[:-2] + "xx",
    }[changed]
    with refused(errors.OrderChanged), inside(acme):
        ordering.order(**send)
    with inside(acme):
        assert not Purchase.objects.exists()


def test_a_price_changed_meanwhile_is_shown_again(acme, pack):
    single, _ = prices(acme, pack)
    with inside(acme):
        choice = shop.offering.choices(acme.account, pack, contact=acme.contact, quantity=1)[0]
        seal = ordering.quote(
            account=acme.account, product=pack, choice=choice, contact=acme.contact, visitor_digest="x"
        ).sealed()
        Price.objects.filter(pk=single.pk).update(enabled=False)
    with refused(errors.NotOffered), inside(acme):
        ordering.order(
            account=acme.account,
            product=pack,
            price=single.public_id,
            quantity=1,
            seal=seal,
            contact=acme.contact,
            gateway="test",
            visitor_digest="x",
            actor=shop.CUSTOMER,
        )


def test_a_new_address_makes_the_contact_and_a_known_one_is_theirs(acme, pack):
    single, _ = prices(acme, pack)
    known = factories.contact(acme, "Known", email="known@example.com")
    new = shop.order(acme, pack, single, email="new@example.com", visitor="a")
    assert new.contact.email == "new@example.com"
    old = shop.order(acme, pack, single, email="KNOWN@example.com", visitor="b")
    assert old.contact_id == known.pk
    with inside(acme):
        assert Contact.objects.get(pk=known.pk).name == "Known"


def test_signed_out_nobody_uses_credits(acme):
    made = shop.product(acme, "Workshop", kind="service")
    at = shop.price(acme, made, 1, "credit", credit_type=acme.session)
    factories.contact(acme, "Rich", email="rich@example.com")
    with refused(errors.SignInFirst):
        shop.order(acme, made, at, email="rich@example.com")


@pytest.mark.parametrize("times", [1, 5])
def test_paid_often_is_issued_once(acme, pack, times):
    single, _ = prices(acme, pack)
    purchase = shop.order(acme, pack, single, 2, by=acme.contact)
    for _ in range(times):
        shop.pay(acme, purchase)
    assert figures(acme).free == 2
    assert shop.entries(acme, purchase) == [(1, "issue", 2)]


def test_paid_after_it_failed_or_was_cancelled_is_still_issued(acme, pack):
    single, _ = prices(acme, pack)
    purchase = shop.order(acme, pack, single, 2, by=acme.contact)
    due = shop.payment(acme, purchase)
    with inside(acme):
        payments.settle(account=acme.account, payment_id=due.pk, word=Word("failed", reason="The page was closed."))
    assert shop.fresh(acme, purchase).state == "failed"
    with inside(acme):
        payments.settle(account=acme.account, payment_id=due.pk, word=Word("paid"))
    assert shop.fresh(acme, purchase).state == "active"
    assert figures(acme).free == 2


def test_an_archived_type_is_still_owed_to_who_paid(acme, pack):
    single, _ = prices(acme, pack)
    purchase = shop.order(acme, pack, single, 2, by=acme.contact)
    with inside(acme):
        factories.services.archive_type(account=acme.account, credit_type=acme.session, actor=acme.actor)
    shop.pay(acme, purchase)
    assert figures(acme).free == 2
    with inside(acme):
        again = shop.catalogue.get_product(acme.account, pack.public_id)
    with refused(errors.NotOffered, reason="archived_type"):
        shop.order(acme, again, single, 2, by=acme.contact, visitor="again")


def test_marked_as_paid_by_staff(acme, pack):
    single, _ = prices(acme, pack)
    with inside(acme):
        purchase = ordering.add(
            account=acme.account,
            contact=acme.contact,
            product=pack,
            price=single,
            quantity=3,
            key=uuid.uuid4(),
            gateway="outside",
            actor=acme.actor,
        )
        assert purchase.state == "new"
        payments.mark_paid(account=acme.account, purchase=purchase, actor=acme.actor)
    with refused(errors.PaymentRefused), inside(acme):
        payments.mark_paid(account=acme.account, purchase=purchase, actor=acme.actor)
    assert figures(acme).free == 3


def test_the_database_refuses_a_changed_agreement(acme, pack):
    single, _ = prices(acme, pack)
    shop.order(acme, pack, single, by=acme.contact)
    with inside(acme):
        for rows, change in (
            (Price.objects, {"amount": 1}),
            (Purchase.objects, {"total": 1}),
            (Purchase.objects, {"quantity": 1}),
            (Payment.objects, {"amount": 1}),
        ):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                rows.update(**change)


def test_a_price_is_offered_only_by_the_ways_it_can_be_paid(acme):
    """Invoices pay once; they renew nothing."""
    shop.takes_money(acme, "outside")
    made = shop.product(acme, "Coaching")
    shop.price(acme, made, 10_000)
    shop.price(acme, made, 4_000, "recurring", every=1, period="months")
    with inside(acme):
        found = shop.offering.choices(acme.account, made, contact=acme.contact, quantity=1)
    assert [(choice.price.kind, choice.verdict.reason) for choice in found] == [
        ("single", ""),
        ("recurring", "no_gateway"),
    ]


def test_an_unpaid_order_is_asked_for_again_and_a_paid_one_is_not(acme, pack):
    single, _ = prices(acme, pack)
    purchase = shop.order(acme, pack, single, by=acme.contact)
    first = shop.payment(acme, purchase)
    with inside(acme):
        assert payments.ask_again(account=acme.account, purchase=purchase) == first
        payments.settle(account=acme.account, payment_id=first.pk, word=Word("failed", reason="The page was closed."))
        second = payments.ask_again(account=acme.account, purchase=purchase)
        assert (second.number, second.attempt, second.state) == (1, 2, "pending")
    shop.pay(acme, purchase)
    with refused(errors.PaymentRefused), inside(acme):
        payments.ask_again(account=acme.account, purchase=purchase)
    assert figures(acme).free == 1


@pytest.mark.parametrize("other", [{"email": "right@example.com"}, {"gateway": "outside"}])
def test_a_corrected_order_is_not_taken_for_the_one_before(acme, pack, other):
    """Back to the form, another address or another way to pay: nobody's correction is dropped without a word."""
    single, _ = prices(acme, pack)
    with inside(acme):
        choice = shop.offering.choices(acme.account, pack, contact=None, quantity=1)[0]
        seal = ordering.quote(
            account=acme.account, product=pack, choice=choice, contact=None, visitor_digest="x"
        ).sealed()

    def send(email="typo@example.com", gateway="test"):
        with inside(acme):
            return ordering.order(
                account=acme.account,
                product=pack,
                price=single.public_id,
                quantity=1,
                seal=seal,
                contact=None,
                details=Details(name="Newly Here", email=email),
                gateway=gateway,
                visitor_digest="x",
                actor=shop.CUSTOMER,
            )

    first = send()
    assert send() == first
    with refused(errors.OrderReused):
        send(**other)
