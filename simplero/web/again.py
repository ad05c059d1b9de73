"""Answering a request once more from its beginning, where the database has rolled the first attempt back."""

from collections.abc import Callable

from django.contrib.messages.storage import default_storage
from django.http import HttpRequest, HttpResponseBase

from simplero.tenancy.trouble import repeated


def answered(request: HttpRequest, attempt: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """What `attempt` answers; it opens its own scope and may be called several times, see `simplero.tenancy.trouble.repeated`."""
    return repeated(attempt, before_again=lambda: _forget(request))


def _forget(request: HttpRequest) -> None:
    """Take back what the attempt left in the request: files read to their end, and words for the next page."""
    for name in request.FILES:
        for file in request.FILES.getlist(name):
            file.seek(0)
    if hasattr(request, "_messages"):
        request._messages = default_storage(request)
