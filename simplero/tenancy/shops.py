"""Which account's storefront a request is for: by the slug in its path on our own hosts, by its host on a domain of the shop's own."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest

from .models import Account, Domain


def account_of(request: HttpRequest, slug: str) -> Account:
    """The account whose shop is asked for; on its own domain `slug` is empty. Raises Http404 where there is none."""
    account = on_own_domain(request)
    if account is not None:
        return account
    found = Account.objects.filter(slug=slug).first() if slug else None
    if found is None:
        raise Http404
    return found


def on_own_domain(request: Any) -> Account | None:
    """The account at whose own domain this request arrived, as `simplero.web.hosts` has noted; None on our hosts."""
    account: Account | None = getattr(request, "domain_account", None)
    return account


def address(account: Account) -> str:
    """Where the shop stands, for a letter that no request asks for: on its own domain if it has one; it ends in a slash."""
    domain = Domain.objects.filter(account=account, verified_at__isnull=False).order_by("verified_at", "pk").first()
    return f"https://{domain.host}/" if domain else f"{settings.SITE_URL}/s/{account.slug}/"
