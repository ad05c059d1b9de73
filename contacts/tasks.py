"""The daily care of what has ended by itself: wishes to sign in and customers' sessions. Safe to run twice."""

from typing import Any

from celery import shared_task

from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope

from . import services, signin


@shared_task(once_per=24 * 3600)
def sweep_every_account(**_: Any) -> None:
    """One short transaction for each account."""
    for account_id in Account.objects.order_by("pk").values_list("pk", flat=True):
        with scope(account_id):
            signin.sweep(account_id)
            services.forget_details(account_id)
