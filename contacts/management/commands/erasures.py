"""Print who has been erased, one JSON object a line: what `erase_again` needs after an older backup was restored."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from contacts.models import Erasure
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope


class Command(BaseCommand):
    help = "Print who has been erased, as JSON lines: account, contact and when. Ids only."

    def handle(self, *args: Any, **options: Any) -> None:
        for account in Account.objects.order_by("pk"):
            with scope(account, read_only=True):
                for erasure in Erasure.objects.select_related("contact").order_by("pk"):
                    line = {
                        "account": account.slug,
                        "contact": str(erasure.contact.public_id),
                        "at": erasure.at.isoformat(),
                    }
                    self.stdout.write(json.dumps(line))
