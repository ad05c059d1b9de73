"""The daily look at whether shops' domains are still theirs. Safe to run twice."""

from typing import Any

from celery import shared_task

from simplero.tenancy.actors import SYSTEM
from simplero.tenancy.models import Domain
from simplero.tenancy.scope import scope

from . import domains, errors


@shared_task(once_per=24 * 3600)
def check_every_domain(**_: Any) -> None:
    """Ask after each proven domain in a task of its own: slow name servers hold up no other."""
    for domain_id in Domain.objects.filter(verified_at__isnull=False).order_by("pk").values_list("pk", flat=True):
        check_domain.delay(domain_id=domain_id)


@shared_task
def check_domain(*, domain_id: int, **_: Any) -> None:
    domain = Domain.objects.select_related("account").filter(pk=domain_id).first()
    if domain is None:
        return
    found = domains.records(domain)
    with scope(domain.account):
        try:
            domains.settle(account=domain.account, domain=domain, records=found, actor=SYSTEM)
        except (
            errors.DomainGone,
            errors.HostTaken,
        ):  # removed, or gone over to somebody, while the name servers were asked
            return
