"""Settings → Renewals: what an account wants done when a renewal cannot be charged."""

from collections.abc import Sequence

from django.db import transaction

from products.events import RetryRuleChanged
from products.models import SalesSettings
from products.purchases import RETRY_AFTER, sales_settings
from simplero.outbox import outbox
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import require


@transaction.atomic
def keep_retry_rule(*, account: Account, retry_after: Sequence[int], give_up_after: int, actor: Actor) -> SalesSettings:
    """Try a failed renewal again after these days, then wait `give_up_after` days for another way to pay. Failures from now on
    go by it; a retry that stands already stays. What is that already changes nothing."""
    SalesSettings.objects.get_or_create(account_id=require(account), defaults={"retry_after": RETRY_AFTER})
    rule = SalesSettings.objects.select_for_update(of=("self",)).get(account_id=account.pk)
    if (rule.retry_after, rule.give_up_after) == (list(retry_after), give_up_after):
        return rule
    rule.retry_after, rule.give_up_after = list(retry_after), give_up_after
    rule.save(update_fields=["retry_after", "give_up_after"])
    outbox.record(account=account, fact=RetryRuleChanged(tuple(retry_after), give_up_after), actor=actor)
    return rule


__all__ = ["keep_retry_rule", "sales_settings"]
