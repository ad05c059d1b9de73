"""The server that takes our mail, from `EMAIL_URL`."""

from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends.smtp import EmailBackend

PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


def server() -> EmailBackend | None:
    """A connection to the configured server, not yet open; None when none is configured. Raises ImproperlyConfigured."""
    if not settings.EMAIL_URL:
        return None
    at = urlsplit(settings.EMAIL_URL)
    if at.scheme not in PORTS or not at.hostname:
        raise ImproperlyConfigured(
            "EMAIL_URL is smtp://, smtp+tls:// (STARTTLS) or smtps://, then user:password@host:port"
        )
    return EmailBackend(
        host=at.hostname,
        port=at.port or PORTS[at.scheme],
        username=unquote(at.username or ""),
        password=unquote(at.password or ""),
        use_tls=at.scheme == "smtp+tls",
        use_ssl=at.scheme == "smtps",
        timeout=settings.EMAIL_TIMEOUT,
    )
