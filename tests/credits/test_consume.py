"""Using: the lot that ends soonest pays first, all or nothing."""

from datetime import UTC, date, datetime

import pytest

from credits import errors
from credits.models import Allocation
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import figures, refused, sql

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def paid(world, use):
    """What the use took, by lot amount, in the order in which it was drawn."""
    with scope(world.account):
        return list(Allocation.objects.filter(entry_id=use.id).order_by("pk").values_list("lot__amount", "amount"))


def test_takes_one_and_tells(acme):
    factories.issue(acme, 5)
    use = factories.consume(acme, 1, note="Monday")
    assert (use.kind, use.amount, use.balance_after, use.seq) == ("consume", -1, 4, 2)
    with scope(acme.account):
        [(body,)] = sql(
            "SELECT body ->> 'amount' FROM outbox_event WHERE account_id = %s AND kind = 'credits.consumed'",
            acme.account.pk,
        )
    assert body == "-1"
    assert figures(acme).used == 1


def test_order_of_lots(acme, at):
    at(NOON)
    for amount, expiry in ((11, "never"), (12, "2026-05-01"), (13, "2026-04-01"), (14, "2026-04-01"), (15, "never")):
        factories.issue(acme, amount, expiry=expiry)
    use = factories.consume(acme, 13 + 14 + 12 + 11 + 1)
    assert paid(acme, use) == [(13, -13), (14, -14), (12, -12), (11, -11), (15, -1)]
    assert factories.wallet(acme).balance == 14


def test_a_part_of_a_lot(acme):
    factories.issue(acme, 5)
    factories.consume(acme, 2)
    assert paid(acme, factories.consume(acme, 3)) == [(5, -3)]
    assert [lot.open for lot in factories.lots(acme)] == [False]


@pytest.mark.parametrize("held", [0, 4])
def test_all_or_nothing(acme, held):
    assert acme.contact
    assert acme.session
    if held:
        factories.issue(acme, held)
    with refused(errors.InsufficientCredits, free=held, asked=5):
        factories.consume(acme, 5)


@pytest.mark.parametrize("amount", [0, -3, 1_000_001])
def test_refuses_amounts_out_of_range(acme, amount):
    factories.issue(acme, 5)
    with refused(errors.AmountOutOfRange):
        factories.consume(acme, amount)


def test_credits_of_another_type_do_not_pay(acme):
    massage = factories.credit_type(acme, "massage")
    factories.issue(acme, 5)
    with refused(errors.InsufficientCredits, free=0, asked=1):
        factories.consume(acme, 1, of=massage)


def test_writes_overdue_expiries_first_as_earlier_entries(acme, at):
    at(NOON)
    factories.issue(acme, 3, expiry="2026-03-04")
    factories.issue(acme, 2, expiry="2026-03-05")
    factories.issue(acme, 5)
    at(datetime(2026, 3, 20, 12, tzinfo=UTC))
    factories.consume(acme, 1)
    assert factories.activity(acme) == [
        ("issue", 3, 3),
        ("issue", 2, 5),
        ("issue", 5, 10),
        ("expire", -3, 7),
        ("expire", -2, 5),
        ("consume", -1, 4),
    ]


def test_a_refusal_writes_no_expiry(acme, at):
    at(NOON)
    factories.issue(acme, 3, expiry="2026-03-04")
    at(datetime(2026, 3, 20, 12, tzinfo=UTC))
    with refused(errors.InsufficientCredits, free=0, asked=1):
        factories.consume(acme, 1)
    assert figures(acme).expired == 3


def test_the_day_of_service_is_kept_apart_from_the_day_of_record(acme, at):
    at(NOON)
    factories.issue(acme, 3)
    at(datetime(2026, 3, 20, 12, tzinfo=UTC))
    use = factories.consume(acme, 1, on=date(2026, 3, 10))
    with scope(acme.account):
        [(day, at_, recorded)] = sql(
            "SELECT service_date, happened_at, recorded_at FROM credits_entry WHERE account_id = %s AND id = %s",
            acme.account.pk,
            use.id,
        )
    assert (day, at_.date(), recorded.date()) == (date(2026, 3, 10), date(2026, 3, 20), date(2026, 3, 20))
