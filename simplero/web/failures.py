"""What is answered when a page breaks: 503 and when to ask again where the database is to blame, 500 where we are."""

import sys

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.cache import add_never_cache_headers
from django.views import defaults

from simplero.tenancy import trouble

from .access import SAFE

WAIT = 5
"""Seconds after which one may ask again: a database that was restarted is back by then."""


def broken(request: HttpRequest) -> HttpResponse:
    """Called by Django while it handles what a view or a middleware raised."""
    error = sys.exception()
    if error is None or not _database_is_to_blame(request, error):
        return defaults.server_error(request)
    in_doubt = trouble.is_lost(error) or trouble.code(error).startswith("57P")
    page = loader.get_template("503.html").render(
        {"in_doubt": in_doubt}
    )  # without context processors, which would ask the database
    response = HttpResponse(page, status=503, headers={"Retry-After": str(WAIT)})
    add_never_cache_headers(response)
    return response


def _database_is_to_blame(request: HttpRequest, error: BaseException) -> bool:
    if (
        trouble.code(error) == trouble.READ_ONLY and request.method in SAFE
    ):  # or it is a page of ours that writes where it must not
        try:
            return trouble.is_read_only()
        except Error:
            return True
    return trouble.is_ill(error) or trouble.is_lost(error) or trouble.crossed(error)
