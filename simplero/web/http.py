"""The request as staff views see it, and the answers they give."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.template.response import TemplateResponse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account, Membership, User

AGAINST_A_RULE, BAD_INPUT = 409, 422
"""The status of a page whose form a rule has refused, and of one whose form was filled in wrongly."""


class StaffRequest(HttpRequest):
    """A request inside an account's scope, annotated by `simplero.web.access.staff`."""

    htmx: HtmxDetails
    user: User
    account: Account
    membership: Membership
    actor: Actor


def see_other(request: HttpRequest, to: object, *args: object, **kwargs: object) -> HttpResponse:
    """The answer to a change: go and look at the new state. `to` is anything `resolve_url` takes.

    303, so that a browser asks with GET; to htmx a redirect of the whole page, since its fragment (a dialog) is done.
    """
    url = resolve_url(to, *args, **kwargs)  # type: ignore[arg-type]
    if htmx := cast(StaffRequest, request).htmx:
        response = HttpResponseClientRedirect(url)
        page, place, _ = url.partition("#")
        if place and page == (htmx.current_url_abs_path or "").partition("#")[0]:
            response["HX-Refresh"] = "true"  # a browser only scrolls to another place of the page that it shows
        return response
    return HttpResponse(status=303, headers={"Location": url})


def page_or_fragment(
    request: HttpRequest, *, page: str, fragment: str, context: dict[str, object], status: int = 200
) -> TemplateResponse:
    """One address, two clothes: the whole page, or for htmx the fragment that the page includes, with the same context."""
    htmx = cast(StaffRequest, request).htmx
    bare = bool(htmx) and not htmx.boosted and not htmx.history_restore_request
    response = TemplateResponse(request, fragment if bare else page, context, status=status)
    response["Vary"] = "HX-Request"
    return response
