import hashlib
import re
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.db import connections, transaction
from django.db.models.signals import post_migrate

LEDGER = Path(__file__).with_name("ledger.sql")


class CreditsConfig(AppConfig):
    name = "credits"

    def ready(self) -> None:
        from contacts import forgetting, joining
        from contacts.letters import register as register_letter
        from simplero.outbox.handlers import register

        from . import erasing, handlers, letters, merging

        forgetting.register("credits", erasing.forget)
        joining.register("credits", preview=merging.preview, join=merging.join, part=merging.part)
        register("credits.expire", handlers.expire)
        register("credits.expiring", handlers.expiring)
        register("credits.moved", handlers.moved)
        register(merging.GATHER, handlers.gather)
        for kind in letters.ALL:
            register_letter(kind)
        post_migrate.connect(install_ledger, sender=self)


def install_ledger(*, using: str, **_: Any) -> None:
    """Put the posting functions in the database, where their text is not the one that is there; all of them or none.

    Not a migration: one that ran today's text would break as soon as a later migration adds what that text needs, and a
    frozen copy in each migration would leave nobody knowing which one is true.
    """
    text = LEDGER.read_text()
    digest = hashlib.sha256(text.encode()).hexdigest()
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT obj_description(to_regtype('credits_origin')::oid, 'pg_type')")
        if cursor.fetchone() == (digest,):
            return
        for statement in re.split(r"\n(?=DROP TYPE|CREATE TYPE|CREATE OR REPLACE FUNCTION)", text):
            cursor.execute(statement)
        cursor.execute(f"COMMENT ON TYPE credits_origin IS '{digest}'")
