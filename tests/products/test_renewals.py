"""Subscriptions: each period is charged when it begins and its credits issued with it, once, whenever a worker comes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from contacts.models import Letter
from products.gateways.gateway import Word
from products.models import GatewayAccount, SalesSettings
from products.services import payments, renewals
from simplero.mail.models import Message
from simplero.outbox.models import Job
from simplero.outbox.relay import relay
from tests import factories
from tests.assertions import figures, nothing_moved
from tests.factories import inside

from . import shop

HOME = ZoneInfo("Europe/Copenhagen")
START = datetime(2027, 1, 31, 9, 30, tzinfo=HOME)


@pytest.fixture(autouse=True)
def _demo(settings):
    settings.DEMO = True


@pytest.fixture
def monthly(acme):
    """Four sessions a month for €60 each."""
    shop.takes_money(acme)
    made = shop.product(acme, "Monthly four", included=4)
    return made, shop.price(acme, made, 6_000, "recurring", every=1, period="months")


@pytest.fixture
def subscribed(acme, monthly, at):
    """Ann's subscription since 31 January 2027, paid with a card that works; `card` of another test's choice."""

    def begin(card: str = "4242"):
        at(START)
        return shop.bought(acme, *monthly, by=acme.contact, card=card)

    return begin


def issued_on(world):
    """The day of each lot's issue, and how many."""
    with inside(world):
        return [(lot.issued_at.astimezone(HOME).date(), lot.amount) for lot in factories.lots(world)]


def letters(world, kind):
    with inside(world):
        return Letter.objects.filter(kind=kind).count()


def test_a_year_later_there_are_exactly_the_right_lots(acme, subscribed, at):
    purchase = subscribed()
    day = START
    while day < START + timedelta(days=365):
        day += timedelta(days=1)
        at(day)
        relay()
    lasts = [(2, 28), (3, 31), (4, 30), (5, 31), (6, 30), (7, 31), (8, 31), (9, 30), (10, 31), (11, 30), (12, 31)]
    days = [date(2027, 1, 31), *(date(2027, month, last) for month, last in lasts), date(2028, 1, 31)]
    assert issued_on(acme) == [(day, 4) for day in days]
    assert shop.paid(acme, purchase) == [(number, "paid") for number in range(1, 14)]
    assert letters(acme, "receipt") == 13
    assert shop.fresh(acme, purchase).renews_at == datetime(2028, 2, 29, 9, 30, tzinfo=HOME)


def test_a_worker_that_was_away_catches_up_period_by_period(acme, subscribed, at):
    purchase = subscribed()
    at(START + timedelta(days=95))
    relay()
    assert shop.entries(acme, purchase) == [(number, "issue", 4) for number in (1, 2, 3, 4)]


@pytest.mark.parametrize("times", [1, 2, 5])
def test_run_twice_it_is_once(acme, subscribed, at, times):
    purchase = subscribed()
    at(START + timedelta(days=28))
    for _ in range(times):
        renewals.renew(account_id=acme.account.pk, subject=purchase.pk)
    assert shop.entries(acme, purchase) == [(1, "issue", 4), (2, "issue", 4)]
    assert figures(acme).free == 8


def test_nothing_is_due_before_its_time(acme, subscribed, at):
    purchase = subscribed()
    at(datetime(2027, 2, 28, 9, 29, 59, tzinfo=HOME))
    with nothing_moved():
        renewals.renew(account_id=acme.account.pk, subject=purchase.pk)
    assert shop.entries(acme, purchase) == [(1, "issue", 4)]


def test_a_declined_card_is_retried_by_the_rule_then_delinquent_then_failed(acme, subscribed, at):
    purchase = subscribed(card="0341")
    due = datetime(2027, 2, 28, 9, 30, tzinfo=HOME)
    seen = {}
    for days in range(0, 30):
        at(due + timedelta(days=days))
        relay()
        found = shop.fresh(acme, purchase)
        seen[days] = (found.state, found.failures)
    assert [seen[day] for day in (0, 1, 3, 4)] == [("active", 1), ("active", 2), ("active", 3), ("active", 3)]
    assert seen[5] == ("delinquent", 4)
    assert seen[18] == ("delinquent", 4)
    assert seen[19] == ("failed", 4)
    assert letters(acme, "payment_failed") == 4
    assert shop.entries(acme, purchase) == [(1, "issue", 4)]
    assert figures(acme).free == 4
    assert shop.fresh(acme, purchase).renews_at is None


def test_the_account_has_its_own_rule(acme, subscribed, at):
    with inside(acme):
        SalesSettings.objects.create(account_id=acme.account.pk, retry_after=[2], give_up_after=3)
    purchase = subscribed(card="0341")
    due = datetime(2027, 2, 28, 9, 30, tzinfo=HOME)
    states = []
    for days in range(0, 7):
        at(due + timedelta(days=days))
        relay()
        states.append(shop.fresh(acme, purchase).state)
    assert states == ["active", "active", "delinquent", "delinquent", "delinquent", "failed", "failed"]


def test_another_card_pays_at_once(acme, subscribed, at):
    purchase = subscribed(card="0341")
    due = datetime(2027, 2, 28, 9, 30, tzinfo=HOME)
    for days in (0, 1, 3, 5):
        at(due + timedelta(days=days))
        relay()
    assert shop.fresh(acme, purchase).state == "delinquent"
    given = payments.card_changed(
        account=acme.account,
        purchase_id=purchase.pk,
        checkout_ref=f"test_given_4242_{purchase.public_id.hex}",
        actor=shop.CUSTOMER,
    )
    assert given
    relay()
    found = shop.fresh(acme, purchase)
    assert (found.state, found.failures, found.card_label) == ("active", 0, "Test card ending in 4242")
    assert found.renews_at == datetime(2027, 3, 31, 9, 30, tzinfo=HOME)
    assert shop.entries(acme, purchase) == [(1, "issue", 4), (2, "issue", 4)]


def test_asked_to_try_again_a_bad_card_fails_again_and_nothing_else(acme, subscribed, at):
    purchase = subscribed(card="0341")
    due = datetime(2027, 2, 28, 9, 30, tzinfo=HOME)
    for days in (0, 1, 3, 5):
        at(due + timedelta(days=days))
        relay()
    before = shop.fresh(acme, purchase).retry_at
    with inside(acme):
        renewals.charge_now(account=acme.account, purchase=purchase, actor=acme.actor)
    relay()
    found = shop.fresh(acme, purchase)
    assert (found.state, found.failures, found.retry_at) == ("delinquent", 5, before)


def test_stopped_it_ends_with_the_period_that_is_paid(acme, subscribed, at):
    purchase = subscribed()
    with inside(acme):
        renewals.stop(account=acme.account, purchase=purchase, actor=shop.CUSTOMER)
    at(START + timedelta(days=27))
    relay()
    assert shop.fresh(acme, purchase).state == "active"
    at(START + timedelta(days=28))
    relay()
    found = shop.fresh(acme, purchase)
    assert (found.state, found.renews_at) == ("expired", None)
    assert shop.entries(acme, purchase) == [(1, "issue", 4)]
    assert figures(acme).free == 4


def test_resumed_in_time_it_goes_on(acme, subscribed, at):
    purchase = subscribed()
    with inside(acme):
        renewals.stop(account=acme.account, purchase=purchase, actor=shop.CUSTOMER)
        renewals.resume(account=acme.account, purchase=purchase, actor=shop.CUSTOMER)
    at(START + timedelta(days=28))
    relay()
    assert shop.entries(acme, purchase) == [(1, "issue", 4), (2, "issue", 4)]


def test_a_renewal_paid_outside_waits_for_staff(acme, monthly, at):
    at(START)
    made, price = monthly
    with inside(acme):
        purchase = shop.ordering.add(
            account=acme.account,
            contact=acme.contact,
            product=made,
            price=price,
            quantity=1,
            key=made.public_id,
            gateway="outside",
            actor=acme.actor,
        )
        payments.mark_paid(account=acme.account, purchase=purchase, actor=acme.actor)
    at(START + timedelta(days=28))
    relay()
    assert shop.paid(acme, purchase) == [(1, "paid"), (2, "pending")]
    assert shop.entries(acme, purchase) == [(1, "issue", 4)]
    at(START + timedelta(days=34))
    relay()
    assert shop.fresh(acme, purchase).state == "delinquent"
    with inside(acme):
        payments.mark_paid(account=acme.account, purchase=purchase, actor=acme.actor)
    assert shop.fresh(acme, purchase).state == "active"
    assert shop.entries(acme, purchase) == [(1, "issue", 4), (2, "issue", 4)]


def test_what_it_issues_is_what_it_said_when_it_was_bought(acme, monthly, subscribed, at):
    purchase = subscribed()
    made, _ = monthly
    with inside(acme):
        shop.Product.objects.filter(pk=made.pk).update(included=40, expiry="1 days")
    at(START + timedelta(days=28))
    relay()
    assert shop.entries(acme, purchase) == [(1, "issue", 4), (2, "issue", 4)]


def test_due_times_are_rows(acme, subscribed):
    purchase = subscribed()
    job = Job.objects.get(kind="products.renew")
    assert (job.subject, job.due) == (purchase.pk, datetime(2027, 2, 28, 8, 30, tzinfo=UTC))


def test_a_payment_of_a_cancelled_subscription_is_issued_all_the_same(acme, subscribed, at):
    """The charge was under way while somebody cancelled: it was taken, so its credits are there; it stays cancelled."""
    purchase = subscribed()
    at(START + timedelta(days=28))
    with inside(acme):
        due = renewals.due(acme.account, purchase.pk, asked=False)
        shop.refunds.cancel(account=acme.account, purchase=purchase, actor=acme.actor)
        payments.settle(account=acme.account, payment_id=due.pk, word=Word("paid", charge_ref="test_charge_x"))
    assert shop.fresh(acme, purchase).state == "cancelled"
    assert figures(acme).free == 8


def test_keys_that_are_not_good_are_the_business_s_affair(acme, subscribed, at):
    """No customer is asked for another card because an owner rolled a key; the rule goes on, and an end comes."""
    purchase = subscribed()
    with inside(acme):
        GatewayAccount.objects.filter(gateway="test").update(sealed=b"\x01 sealed by somebody else entirely")
    states = []
    for days in (0, 1, 3, 5, 20):
        at(datetime(2027, 2, 28, 9, 30, tzinfo=HOME) + timedelta(days=days))
        relay()
        states.append((shop.fresh(acme, purchase).state, shop.fresh(acme, purchase).failures))
    assert states == [("active", 1), ("active", 2), ("active", 3), ("delinquent", 4), ("failed", 4)]
    assert (letters(acme, "payment_failed"), letters(acme, "subscription_ended")) == (0, 1)
    assert Job.objects.filter(kind__startswith="products.re").count() == 0


def test_after_an_outage_a_failed_charge_has_all_its_retries(acme, subscribed, at):
    purchase = subscribed(card="0341")
    late = datetime(2027, 3, 9, 9, 30, tzinfo=HOME)
    at(late)
    relay()
    found = shop.fresh(acme, purchase)
    assert (found.state, found.failures, found.retry_at) == ("active", 1, late + timedelta(days=1))


def test_stopped_when_the_renewal_is_overdue_it_ends_at_once(acme, subscribed, at):
    purchase = subscribed(card="0341")
    at(datetime(2027, 3, 2, 12, tzinfo=HOME))
    relay()
    with inside(acme):
        renewals.stop(account=acme.account, purchase=purchase, actor=shop.CUSTOMER)
    found = shop.fresh(acme, purchase)
    assert (found.state, found.renews_at) == ("expired", None)
    assert (1, "paid") in shop.paid(acme, purchase)
    assert not [number for number, state in shop.paid(acme, purchase) if state == "pending"]


def test_the_letter_says_what_comes_next(acme, subscribed, at):
    acme.contact = factories.contact(acme, "Ann Lee", email="ann@example.com")
    purchase = subscribed(card="0341")
    said = []
    for days in (0, 5, 19):
        at(datetime(2027, 2, 28, 9, 30, tzinfo=HOME) + timedelta(days=days))
        relay()
        with inside(acme):
            newest = Letter.objects.filter(source_id=str(purchase.public_id)).latest("pk")
            said.append(Message.objects.get(public_id=newest.message).text)
    assert "We'll try again on 1 March" in said[0]
    assert "Give another card by 19 March, or it ends" in said[1]
    assert "does not renew any more" in said[2]


def test_a_payment_nobody_tells_of_is_looked_after(acme, at):
    """The customer paid and closed the tab, and no message ever comes."""
    at(START)
    shop.takes_money(acme)
    made = shop.product(acme, "Pack", included=5)
    purchase = shop.order(acme, made, shop.price(acme, made, 100), by=acme.contact)
    due = shop.payment(acme, purchase)
    page = payments.begin(
        account=acme.account,
        payment_id=due.pk,
        return_url="https://shop.example/paid",
        cancel_url="https://shop.example/",
    )
    assert "test-pay" in page
    with inside(acme):
        payments.checked_out(
            account=acme.account, payment_id=due.pk, checkout_ref=f"test_paid_4242_{due.public_id.hex}"
        )
    at(START + timedelta(minutes=11))
    relay()
    assert shop.fresh(acme, purchase).state == "active"
    assert figures(acme).free == 5


def test_a_page_that_is_never_paid_is_looked_after_for_days_and_then_no_more(acme, at):
    at(START)
    shop.takes_money(acme)
    made = shop.product(acme, "Pack", included=5)
    purchase = shop.order(acme, made, shop.price(acme, made, 100), by=acme.contact)
    due = shop.payment(acme, purchase)
    payments.begin(account=acme.account, payment_id=due.pk, return_url="https://s.example/", cancel_url="")
    for hours in (1, 5, 30, 80, 120):
        at(START + timedelta(hours=hours))
        relay()
    assert not Job.objects.filter(kind=payments.LOOK).exists()
    assert shop.fresh(acme, purchase).state == "new"
