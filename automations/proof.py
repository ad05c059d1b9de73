"""The proof that runs, what they did, and the ledger tell the same story, by `invariants.sql`: part of every proof of a ledger."""

from pathlib import Path
from typing import Any

from django.db import connection

from credits.proof import Damage
from simplero.tenancy.scope import require

INVARIANTS = Path(__file__).with_name("invariants.sql").read_text()


def verify(account: Any) -> list[Damage]:
    """What is wrong with the runs of `account`, whose scope is open; nothing is changed. An empty list is the proof."""
    require(account)
    with connection.cursor() as cursor:
        cursor.execute(INVARIANTS)
        return [Damage(*row) for row in cursor.fetchall()]
