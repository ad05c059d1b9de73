"""How long a sign-in lasts: twelve hours without a request, fourteen days in all."""

import time
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.contrib.auth import logout
from django.db import Error, transaction
from django.http import HttpRequest, HttpResponseBase

from simplero.tenancy.trouble import is_ill

IDLE = 12 * 3600  # seconds
LONGEST = 14 * 24 * 3600  # seconds
FRESH = 5 * 60  # seconds; noting every single request would write a row for each

BEGAN, SEEN = "signed_in_at", "seen_at"  # in the session, seconds since 1970


class SessionLimits:
    """Middleware: ends a sign-in that is too old or was idle too long, and notes where and when it was last used."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.session.session_key and request.user.is_authenticated:
            now = time.time()
            began, seen = request.session.get(BEGAN, now), request.session.get(SEEN, now)
            if now - began > LONGEST or now - seen > IDLE:
                UserSession.objects.filter(session_key=request.session.session_key).delete()
                logout(request)
        response = self.get_response(request)
        # After the view, so that the request that signs in is the first one counted.
        if request.session.session_key and request.user.is_authenticated:
            _note(request)
        return response


def _note(request: HttpRequest) -> None:
    now = time.time()
    if now - request.session.get(SEEN, 0) >= FRESH:
        try:
            with transaction.atomic():
                UserSession.objects.create_from_request(request)
        except Error as error:
            if is_ill(error):
                return  # a database that takes no changes takes no page away; the next request is noted
            raise
        request.session[SEEN] = now
    request.session.setdefault(BEGAN, now)
