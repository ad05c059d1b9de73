"""Addresses of contacts who are not there any more: those of somebody merged lead on, to those of somebody erased nothing can be sent."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from contacts.errors import Gone, Merged
from simplero.web.access import SAFE
from simplero.web.http import AGAINST_A_RULE, StaffRequest, page_or_fragment, see_other


class Signposts:
    """Middleware that answers what a staff view raised about a contact who was merged or erased, whose transaction is undone by then."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        account = getattr(request, "account", None)
        if account is None or not isinstance(exception, Gone):
            return None
        staff = cast(StaffRequest, request)
        merged = isinstance(exception, Merged)
        goes_on = exception.into_id if isinstance(exception, Merged) else exception.public_id
        if merged and request.method in SAFE:
            messages.info(request, exception.notice)  # type: ignore[attr-defined]
            return see_other(staff, request.path.replace(str(exception.public_id), str(goes_on)))
        context: dict[str, object] = {
            "gone": exception,
            "merged": merged,
            "back": reverse("contacts:contact", args=[account.slug, goes_on]),
        }
        return page_or_fragment(
            staff,
            page="contacts/gone.html",
            fragment="contacts/_gone.html",
            context=context,
            status=AGAINST_A_RULE,
        )
