"""Another account's rows: raw SQL neither sees nor touches them, whatever the code above forgot (T1, T2)."""

import uuid

import pytest
from django.db import DataError, IntegrityError, ProgrammingError, transaction
from django.db.models import Count

from contacts.models import Contact
from credits import errors, ledger
from credits.models import CreditType, Entry, Lot, Wallet
from simplero.outbox.models import Event
from simplero.tenancy.scope import ScopeError, scope
from tests import factories
from tests.assertions import nothing_moved, refused, sql
from tests.sql_guard import tenant_tables, unguarded

TABLES = sorted(
    {
        "credits_wallet",
        "credits_entry",
        "credits_lot",
        "credits_allocation",
        "credits_credittype",
        "credits_entrynote",
        "contacts_contact",
        "outbox_event",
    }
)


@pytest.fixture
def both(acme, zen):
    """The same history in two accounts."""
    for world in (acme, zen):
        factories.issue(world, 5, note="welcome")
        factories.consume(world, 1)
    return acme, zen


@pytest.mark.parametrize("table", TABLES)
def test_raw_sql_sees_only_the_open_account(both, table):
    with unguarded():
        for world in (*both, both[0]):
            with scope(world.account):
                owners = sql(f"SELECT DISTINCT account_id FROM {table}")
                assert owners == [(world.account.pk,)]
                other = both[0] if world is both[1] else both[1]
                assert sql(f"SELECT count(*) FROM {table} WHERE account_id = %s", other.account.pk) == [(0,)]


@pytest.mark.parametrize("table", sorted(tenant_tables()))
def test_without_a_scope_every_table_is_loud(both, table):
    with unguarded(), pytest.raises(DataError, match="no_scope_is_open"):
        sql(f"SELECT count(*) FROM {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE contacts_contact SET name = 'x' WHERE id = %(contact)s",
        "UPDATE contacts_contact SET name = 'x' WHERE account_id = %(account)s",
        "UPDATE credits_wallet SET moved_at = now() WHERE id = %(wallet)s",
        "UPDATE credits_lot SET remaining = 0, open = false WHERE wallet_id = %(wallet)s",
        "UPDATE credits_credittype SET name = 'x' WHERE account_id = %(account)s OR true AND id = %(type)s",
        "DELETE FROM credits_entrynote WHERE account_id = %(account)s",
        "DELETE FROM contacts_contactword WHERE contact_id = %(contact)s",
    ],
)
def test_raw_sql_changes_nothing_of_another(both, statement):
    acme, zen = both
    theirs = {
        "contact": zen.contact.pk,
        "account": zen.account.pk,
        "wallet": factories.wallet(zen).pk,
        "type": zen.session.pk,
    }
    with nothing_moved(), unguarded(), scope(acme.account):
        assert sql(statement % {name: int(value) for name, value in theirs.items()}) == 0


def test_rows_cannot_be_written_for_another_nor_moved_to_them(both):
    acme, zen = both
    with scope(acme.account), unguarded():
        with pytest.raises(ProgrammingError, match="row-level security"):
            sql(
                "INSERT INTO contacts_contact (account_id, name, name_key, email, email_key, phone, company) VALUES (%s, 'spy', 'spy', '', '', '', '')",
                zen.account.pk,
            )
        with pytest.raises(ProgrammingError, match="row-level security"):
            sql("UPDATE contacts_contact SET account_id = %s", zen.account.pk)


def test_references_cannot_cross(both):
    acme, zen = both
    with scope(acme.account), pytest.raises(IntegrityError, match="foreign key"):
        sql(
            "INSERT INTO credits_wallet (account_id, contact_id, credit_type_id, moved_at) VALUES (%s, %s, %s, now())",
            *(acme.account.pk, zen.contact.pk, acme.session.pk),
        )


def test_the_orm_joins_inside_the_account(both):
    """Ids may be the same in two accounts; joins go by both columns."""
    acme, _ = both
    with scope(acme.account):
        assert list(Contact.objects.annotate(n=Count("wallet")).values_list("n", flat=True)) == [1]
        [wallet] = Wallet.objects.select_related("contact", "credit_type").select_for_update(of=("self",))
        assert wallet.contact == acme.contact
        for model in (Contact, CreditType, Entry, Lot, Event):
            assert {row.account_id for row in model.objects.all()} == {acme.account.pk}


def test_the_orm_refuses_without_a_scope(both):
    for model in (Contact, CreditType, Wallet, Entry, Lot, Event):
        with pytest.raises(ScopeError, match=model.__name__):
            model.objects.count()


def test_a_lazy_queryset_that_outlives_its_scope_is_loud(both):
    with scope(both[0].account):
        wallets = Wallet.objects.all()
    with pytest.raises(DataError, match="no_scope_is_open"), transaction.atomic():
        list(wallets)


def test_the_ledger_refuses_in_the_wrong_scope(both):
    acme, zen = both
    row = {
        "contact_id": acme.contact.pk,
        "credit_type_id": acme.session.pk,
        "amount": 1,
        "key": uuid.uuid4(),
        "origin": factories.STAFF,
    }
    with nothing_moved(), scope(zen.account), pytest.raises(ScopeError):
        ledger.consume(account=acme.account, **row)
    with nothing_moved(), pytest.raises(ScopeError):
        ledger.consume(account=acme.account, **row)


def test_wallets_and_lots_of_another_do_not_exist(both):
    """Their ids, asked for inside our own scope, are simply not there (T7 by another's id)."""
    acme, zen = both
    lot = factories.lots(zen)[0].public_id
    use = factories.consume(zen, 1).key
    base = {"account": acme.account, "amount": 1, "key": uuid.uuid4(), "origin": factories.STAFF}
    with refused(errors.NotHere), scope(acme.account):
        ledger.withdraw(lot=lot, **base)
    with refused(errors.NotHere), scope(acme.account):
        ledger.reverse(use=use, **base)
    with refused(errors.InsufficientCredits, free=0, asked=1), scope(acme.account):
        ledger.consume(contact_id=zen.contact.pk, credit_type_id=zen.session.pk, **base)
    with nothing_moved(), scope(acme.account), pytest.raises(IntegrityError, match="foreign key"):
        ledger.issue(contact_id=zen.contact.pk, credit_type_id=acme.session.pk, **base)


def test_deleting_takes_one_statement_that_names_the_account(both, django_assert_num_queries):
    acme, zen = both
    with scope(acme.account):
        spare = factories.credit_type(acme, "spare")
        with django_assert_num_queries(1) as caught:
            assert spare.delete()[0] == 1
        assert '"account_id" =' in caught[0]["sql"]
        assert CreditType.objects.filter(name="spare").delete()[0] == 0
