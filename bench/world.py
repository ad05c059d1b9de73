"""The two accounts that are measured on, filled through the ledger itself."""

import itertools
import uuid
from dataclasses import dataclass

import psycopg
from django.db import connection

from bench import finding
from bench.sizes import Many, Size
from contacts.models import Contact
from credits import ledger
from credits.ledger import Origin, Row
from credits.models import CreditType, Wallet
from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope

ORIGIN = Origin(SYSTEM, "bench")
MOST = 1_000_000
"""The most that one issue may hold."""

HOLDERS = 20_000
"""Wallets of the grown account that uses are spread over."""


@dataclass(frozen=True)
class World:
    """An account, `contacts` customers with consecutive ids, and one more contact whose wallet everybody wants."""

    account: Account
    session: CreditType  # used one at a time, by anybody
    group: CreditType  # used and issued in batches
    first: int
    last: int
    hot: int
    first_wallet: int
    hot_wallet: int

    @classmethod
    def make(cls, name: str, size: Size) -> "World":
        """Two lots in each wallet: one that expires, drawn from first, and one that never does."""
        account = Account.objects.create(name=name, slug=name.lower(), time_zone="Europe/Copenhagen", currency="EUR")
        with scope(account):
            types = [
                CreditType.objects.create(account=account, name=word, plural=word + "s", name_key=word)
                for word in ("session", "group")
            ]
            rows = [
                Contact(account=account, name=f"Customer {number}", name_key=f"customer {number}")
                for number in range(size.contacts + 1)
            ]
            ids = [contact.pk for contact in Contact.objects.bulk_create(rows, batch_size=5_000)]
            assert ids == list(range(ids[0], ids[0] + len(ids)))
            *spread, hot = ids
        for credit_type, expiry in itertools.product(types, ["1 year", "never"]):
            amounts = [(contact, 1_000) for contact in spread] + [(hot, MOST)]
            for start in range(0, len(amounts), 5_000):
                chunk = amounts[start : start + 5_000]
                batch = [Row(contact, credit_type.pk, amount, uuid.uuid4()) for contact, amount in chunk]
                with scope(account):
                    answers = ledger.issue_many(account=account, rows=batch, expiry=expiry, origin=ORIGIN)
                assert {answer.outcome for answer in answers} == {"posted"}
        with scope(account):
            wallets = dict(
                Wallet.objects.filter(credit_type=types[0]).order_by("contact_id").values_list("contact_id", "pk")
            )
        first_wallet = wallets[spread[0]]
        assert list(wallets.values()) == list(range(first_wallet, first_wallet + len(ids)))
        connection.close()  # the clients are forked from this process
        return cls(account, *types, spread[0], spread[-1], hot, first_wallet, wallets[hot])


@dataclass(frozen=True)
class Grown:
    """An account with a long history: many contacts with many entries each, of whom `holders` have the longest of one type."""

    account: Account
    credit_type: CreditType
    holders: list[int]

    @classmethod
    def make(cls, superuser: psycopg.Connection, size: Many) -> "Grown":
        account = finding.build(superuser, size, name="Grown")
        with scope(account, read_only=True):
            most = Wallet.objects.filter(credit_type__name="Consultation").order_by("-seq", "pk")[:HOLDERS]
            holders, of = [wallet.contact_id for wallet in most], CreditType.objects.get(name="Consultation")
        for start in range(0, len(holders), 5_000):  # so that none of them runs dry
            rows = [Row(contact, of.pk, 1_000, uuid.uuid4()) for contact in holders[start : start + 5_000]]
            with scope(account):
                answers = ledger.issue_many(account=account, rows=rows, expiry="never", origin=ORIGIN)
            assert {answer.outcome for answer in answers} == {"posted"}
        connection.close()
        return cls(account, of, holders)
