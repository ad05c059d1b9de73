"""Plain functions that arrange a world through the services we ship. `world` is what `make_account` returns.

Each opens the account's scope unless the test stands in it already.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db import connection

import contacts.services
from contacts.directory import Details
from contacts.models import Contact
from credits import services
from credits.ledger import Origin, Posting
from credits.models import CreditType, Entry, Lot, Wallet
from simplero.tenancy.actors import Actor
from simplero.tenancy.scope import scope

STAFF = Origin(Actor("user", 1), "staff")
"""For tests that post through the ledger itself."""


@contextmanager
def inside(world: Any) -> Iterator[None]:
    if connection.account_id == world.account.pk:
        yield
    else:
        with scope(world.account):
            yield


def contact(world: Any, name: str = "Ben Ito", *, email: str = "") -> Contact:
    with inside(world):
        details = Details(name=name, email=email)
        return contacts.services.add_contact(account=world.account, details=details, actor=world.actor)


def credit_type(world: Any, name: str, *, expires_after: int | None = None, unit: str = "") -> CreditType:
    with inside(world):
        return services.add_type(
            account=world.account,
            name=name,
            plural=f"{name}s",
            expires_after=expires_after,
            expires_unit=unit,
            actor=world.actor,
        )


def issue(
    world: Any, amount: int = 5, *, to: Contact | None = None, of: CreditType | None = None, **more: Any
) -> Posting:
    with inside(world):
        return services.issue(
            account=world.account,
            contact=to or world.contact,
            credit_type=of or world.session,
            amount=amount,
            **{"key": uuid.uuid4(), "actor": world.actor, **more},
        )


def consume(
    world: Any,
    amount: int = 1,
    *,
    on: date | None = None,
    to: Contact | None = None,
    of: CreditType | None = None,
    **more: Any,
) -> Posting:
    with inside(world):
        return services.consume(
            account=world.account,
            contact=to or world.contact,
            credit_type=of or world.session,
            amount=amount,
            service_date=on,
            **{"key": uuid.uuid4(), "actor": world.actor, **more},
        )


def reverse(world: Any, use: Posting, amount: int, **more: Any) -> Posting:
    with inside(world):
        return services.reverse(
            account=world.account,
            use=use.key,
            amount=amount,
            **{"key": uuid.uuid4(), "reason": "not delivered", "actor": world.actor, **more},
        )


def withdraw(world: Any, lot: Lot, amount: int, **more: Any) -> Posting:
    with inside(world):
        return services.withdraw(
            account=world.account,
            lot=lot.public_id,
            amount=amount,
            **{"key": uuid.uuid4(), "reason": "a mistake", "actor": world.actor, **more},
        )


def redate(world: Any, lot: Lot, day: date | None, **more: Any) -> Posting:
    with inside(world):
        return services.redate(
            account=world.account,
            lot=lot.public_id,
            last_good_day=day,
            **{"key": uuid.uuid4(), "reason": "holidays", "actor": world.actor, **more},
        )


def sweep(world: Any) -> int:
    """Write all overdue expiries; how many."""
    with inside(world):
        return services.expire_due(account=world.account)


def lot_of(world: Any, posting: Posting) -> Lot:
    """The lot that an issue opened, as it is now."""
    with inside(world):
        return Lot.objects.get(entry_id=posting.id)


def lots(world: Any) -> list[Lot]:
    with inside(world):
        return list(Lot.objects.order_by("pk"))


def wallet(world: Any, *, to: Contact | None = None, of: CreditType | None = None) -> Wallet:
    with inside(world):
        return Wallet.objects.get(contact=to or world.contact, credit_type=of or world.session)


def activity(world: Any) -> list[tuple[str, int, int]]:
    """Kind, amount and balance after, of every entry of every wallet, wallet by wallet in order."""
    with inside(world):
        return list(Entry.objects.order_by("wallet", "seq").values_list("kind", "amount", "balance_after"))
