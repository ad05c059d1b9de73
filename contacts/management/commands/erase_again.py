"""Erase again whom an older backup has brought back, from a list that `erasures` printed. Safe to run twice."""

import json
import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contacts import queries, services
from contacts.models import Contact
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope


class Command(BaseCommand):
    help = "Erase the people of a list made by `erasures` who are here under their names. Subscriptions of theirs end."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="JSON lines, as `erasures` prints them")

    def handle(self, *args: Any, **options: Any) -> None:
        again = before = unknown = 0
        with open(options["file"], encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    said = json.loads(line)
                    slug, public_id = said["account"], uuid.UUID(said["contact"])
                except (ValueError, KeyError, TypeError):
                    raise CommandError(f"Line {number} is not one that `erasures` prints.") from None
                erased = self._erase(slug, public_id)
                again, before, unknown = (
                    again + (erased is True),
                    before + (erased is False),
                    unknown + (erased is None),
                )
        self.stdout.write(f"{again} erased again, {before} erased before, {unknown} not here.")

    def _erase(self, slug: str, public_id: uuid.UUID) -> bool | None:
        """None for somebody whom the backup does not have."""
        account = Account.objects.filter(slug=slug).first()
        if account is None:
            return None
        with scope(account):
            try:
                contact = queries.any_contact(account, public_id)
            except Contact.DoesNotExist:
                return None
            return services.erase_again(account=account, contact=contact)
