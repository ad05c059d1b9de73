"""Which host a request may name: our own, exactly as ALLOWED_HOSTS in the environment has them, or one that a shop has proven.

Django's own check compares with a list in the settings, and the shops' hosts are rows: so the settings let it pass everything, and
this middleware, before any other, refuses whatever is neither (400, as Django does).
"""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase
from django.http.request import split_domain_port, validate_host

from simplero.tenancy.models import Domain


class Hosts:
    """Middleware: on a shop's own domain there is the shop and nothing else of ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        host = named(request)
        if is_ours(host):
            return self.get_response(request)
        domain = Domain.objects.select_related("account").filter(host=host, verified_at__isnull=False).first()
        if domain is None:
            raise DisallowedHost(f"Invalid HTTP_HOST header: {host!r} is neither ours nor a shop's.")
        request.domain_account = domain.account  # type: ignore[attr-defined]
        request.urlconf = "simplero.storefront"
        response = self.get_response(request)
        if response.has_header("Strict-Transport-Security"):
            # What else stands under their domain is not ours to decide about.
            response["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
        return response


def named(request: HttpRequest) -> str:
    """The host a request is for, without a port, in lower case. Raises DisallowedHost for what is no host name."""
    return split_domain_port(request.get_host())[0]


def is_ours(host: str) -> bool:
    """Whether `host` is one of those that ALLOWED_HOSTS in the environment names."""
    return validate_host(host, settings.OWN_HOSTS)
