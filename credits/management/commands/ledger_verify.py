from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from credits import proof
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope


class Command(BaseCommand):
    help = "Re-add every ledger, or that of one account, from its whole history; name what is wrong and exit 1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", metavar="SLUG", help="only this account")

    def handle(self, *args: Any, account: str | None = None, **options: Any) -> None:
        accounts = Account.objects.order_by("pk")
        if account is not None:
            accounts = accounts.filter(slug=account)
            if not accounts:
                raise CommandError(f"There is no account “{account}”.")
        damaged = []
        total = {"wallets": 0, "lots": 0, "entries": 0}
        for one in accounts:
            with scope(one, read_only=True):
                found = proof.verify(one)
                for what, count in proof.size(one).items():
                    total[what] += count
            for damage in found:
                self.stdout.write(damage.sentence(one))
            if found:
                damaged.append(one.slug)
        checked = ", ".join(f"{count:,} {what}" for what, count in total.items())
        if damaged:
            raise CommandError(f"The ledger is damaged in: {', '.join(damaged)}. Checked {checked}.")
        self.stdout.write(f"Every ledger adds up: {len(accounts):,} accounts, {checked}.")
