"""The regular care of runs. Jobs take them on in time; this finds one whose job was lost, should that ever happen."""

import logging
from typing import Any

from celery import shared_task

from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope

from . import runs

logger = logging.getLogger(__name__)


@shared_task(once_per=300)
def sweep_every_account(**_: Any) -> None:
    """See to it that what should have been taken on a minute ago is taken on."""
    for account in Account.objects.order_by("pk").iterator():
        try:
            with scope(account):
                late = runs.pick_up(account)
        except Exception:
            logger.exception("the runs of account %d cannot be looked at", account.pk)
            continue
        if late:
            logger.warning("%d runs of account %d had been left behind", late, account.pk)
