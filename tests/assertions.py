"""What tests say of a ledger: that it is proven, that it refused, that nothing moved, who holds how much."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from contacts.models import Contact
from credits import proof, queries
from credits.models import CreditType
from credits.queries import Figures
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope

from .factories import inside

MOVES = (
    *("credits_wallet", "credits_entry", "credits_lot", "credits_allocation", "credits_entrynote"),
    *("outbox_event", "contacts_letter"),
    *("products_product", "products_productcredit", "products_price"),
    *("products_purchase", "products_purchaseentry", "products_payment", "products_refund"),
    *("automations_flow", "automations_version", "automations_run", "automations_visit", "automations_start"),
    *("automations_endpoint", "automations_call", "triggers_trigger", "triggers_hookcall"),
    *("outbox_listener", "outbox_delivery"),
    *("bulk_bulk", "bulk_row", "bulk_roster", "bulk_place"),
)


def proven(*, besides: str = "") -> None:
    """Every ledger in the database adds up; an invariant may be left out."""
    damages = []
    for account in Account.objects.order_by("pk"):
        with scope(account):
            if _holds_anything():
                found = proof.verify(account)
                damages += [damage.sentence(account) for damage in found if damage.invariant != besides]
    assert not damages, "\n".join(damages)


def _holds_anything() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT EXISTS (SELECT FROM credits_wallet WHERE account_id = current_setting('app.account_id')::bigint)
                   OR EXISTS (SELECT FROM products_purchase WHERE account_id = current_setting('app.account_id')::bigint)
                   OR EXISTS (SELECT FROM automations_run WHERE account_id = current_setting('app.account_id')::bigint)"""
        )
        return bool(cursor.fetchone()[0])


@contextmanager
def refused(error: type[Exception], **numbers: Any) -> Iterator[None]:
    """The block is refused with `error`, whose attributes are `numbers`, and nothing has moved."""
    with nothing_moved(), pytest.raises(error) as caught:
        yield
    told = {name: getattr(caught.value, name) for name in numbers}
    assert told == numbers


@contextmanager
def nothing_moved() -> Iterator[None]:
    """No wallet, lot, entry, note, event or job, no product, price, purchase or payment, no trigger, automation or run is other than before: of the open account,
    or of all where none is open."""
    before = _rows()
    yield
    assert _rows() == before


def _rows() -> dict[Any, str]:
    found: dict[Any, str] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT md5(string_agg(j::text, ' ' ORDER BY j.id)) FROM outbox_job j")
        found["outbox_job"] = cursor.fetchone()[0]
    if connection.account_id is not None:
        return found | _rows_of(connection.account_id)
    for account in Account.objects.order_by("pk"):
        with scope(account):
            found |= _rows_of(account.pk)
    return found


def _rows_of(account_id: int) -> dict[Any, str]:
    found = {}
    with connection.cursor() as cursor:
        for table in MOVES:
            cursor.execute(
                f"SELECT md5(string_agg(t::text, ' ' ORDER BY t.id)) FROM {table} t WHERE t.account_id = %s",
                [account_id],
            )
            found[account_id, table] = cursor.fetchone()[0]
    return found


def figures(world: Any, *, to: Contact | None = None, of: CreditType | None = None) -> Figures:
    """The numbers of one wallet, by the clock."""
    with inside(world):
        sections = queries.section(world.account, to or world.contact)
        wanted = of or world.session
        return next((s.figures for s in sections if s.credit_type.pk == wanted.pk), Figures())


def sql(text: str, *arguments: Any) -> Any:
    """The rows of a statement, or how many it changed; in a savepoint, so that a refused one leaves the transaction usable."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(text, arguments or None)
        return cursor.fetchall() if cursor.description else cursor.rowcount
