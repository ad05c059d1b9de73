"""Who may see a view. The decorator opens the account's scope around the view and its rendering."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.cache import add_never_cache_headers
from django_htmx.http import HttpResponseClientRedirect

from simplero.tenancy import roles
from simplero.tenancy.actors import Actor
from simplero.tenancy.database import connection
from simplero.tenancy.deeds import Deed, doing
from simplero.tenancy.models import Membership
from simplero.tenancy.scope import ScopeError, scope

from .again import answered
from .http import see_other

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

View = Callable[..., HttpResponseBase]


def staff(*, can: str) -> Callable[[View], View]:
    """Let in members of the account in the address whose role allows `can`; to everybody else the page does not exist.

    The view is called without the slug, inside the account's scope (read-only for safe methods), with `request.account`,
    `.membership` and `.actor`. An unknown account, a foreign one and a forbidden page are the same 404. A streaming
    response is refused with ScopeError: it would read after the scope has closed; use `staff_stream`. What the database rolls back
    to let another transaction pass is done again from the beginning: a view leaves nothing outside of the database.
    """
    if can not in roles.PERMISSIONS:
        raise KeyError(can)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            def attempt() -> HttpResponseBase:
                if elsewhere := let_in(request, slug, can):
                    return elsewhere
                read_only = request.method in SAFE
                with doing(deed := deed_of(request)), scope(request.account, read_only=read_only):  # type: ignore[attr-defined]
                    response = view(request, *args, **kwargs)
                    if getattr(response, "streaming", False):
                        raise ScopeError("a streaming response would read after its scope has closed")
                    if hasattr(response, "render"):
                        response.render()
                return private(response, deed)

            return answered(request, attempt)

        guarded.can = can  # type: ignore[attr-defined]  # the route matrix reads it
        return guarded

    return decorate


def staff_outside(*, can: str) -> Callable[[View], View]:
    """As `staff`, for views that ask a provider: the view runs outside any scope, and opens short ones around what it asks.

    What it renders must have been read by then. Raises ScopeError where a scope is open: it would be held for seconds.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if connection.account_id is not None:
                raise ScopeError("a view that asks a provider was called inside a scope")
            if elsewhere := let_in(request, slug, can):
                return elsewhere
            with doing(deed := deed_of(request)):
                response = view(request, *args, **kwargs)
                if hasattr(response, "render"):
                    response.render()
            return private(response, deed)

        guarded.can = can  # type: ignore[attr-defined]
        return guarded

    if can not in roles.PERMISSIONS:
        raise KeyError(can)
    return decorate


def staff_stream(*, can: str) -> Callable[[View], View]:
    """As `staff`, for downloads: the view runs outside any scope and its generator opens one of its own."""
    return staff_outside(can=can)


def let_in(request: HttpRequest, slug: str, can: str) -> HttpResponse | None:
    """Annotate `request` with the account at `slug` and the member's place in it; an answer is the way to what they must do first.

    Raises Http404 for anybody who is not a member with a role that allows `can`.
    """
    if not request.user.is_authenticated:
        return to_sign_in(request)
    membership = (
        Membership.objects.select_related("account").filter(user_id=request.user.pk or 0, account__slug=slug).first()
    )
    if membership is None or not roles.allows(membership.role, can):
        raise Http404
    request.account = membership.account  # type: ignore[attr-defined]
    request.membership = membership  # type: ignore[attr-defined]
    request.actor = Actor("user", request.user.pk)  # type: ignore[attr-defined]
    return to_second_factor(request) if lacks_second_factor(request) else None


def private(response: HttpResponseBase, deed: Deed) -> HttpResponseBase:
    """`response` as no cache may keep it, with the id under which the audit log has what was done."""
    add_never_cache_headers(response)
    response.headers["X-Request-Id"] = str(deed.id)
    return response


def deed_of(request: HttpRequest) -> Deed:
    """What the person who asks, a member or about to be one, is going to do, and from where."""
    user = Actor("user", request.user.pk) if request.user.is_authenticated else None
    return Deed(actor=user, address=address(request))


def address(request: HttpRequest) -> str:
    """The IP address of whoever asks, found as it is for the limits on attempts (BEHIND_PROXY); "" where it cannot be known."""
    try:
        return get_adapter(request).get_client_ip(request)
    except (PermissionDenied, ImproperlyConfigured):
        return ""


def lacks_second_factor(request: HttpRequest) -> bool:
    """Whether the account wants a second factor of this member, who has none.

    Owners and admins issue and withdraw credits, so a stolen password of theirs is worth most. An account turns this on itself,
    and it is off at first: see `simplero.team.services.require_second_factor`.
    """
    membership: Membership = request.membership  # type: ignore[attr-defined]
    if not membership.account.second_factor_required or membership.role not in (roles.OWNER, roles.ADMIN):
        return False
    mine = Authenticator.objects.filter(user_id=membership.user_id, type=Authenticator.Type.TOTP)
    return not mine.exists()


def to_second_factor(request: HttpRequest) -> HttpResponse:
    """To the page where one's own second factor is set up, with the reason."""
    name = request.account.name  # type: ignore[attr-defined]
    messages.warning(request, f"{name} asks its owners and admins for a second factor. Set yours up to go on.")
    response = see_other(request, "mfa_index")
    add_never_cache_headers(response)
    return response


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back; htmx asked for a fragment, so its whole page goes."""
    htmx = getattr(request, "htmx", None)
    if htmx:
        response = redirect_to_login(htmx.current_url_abs_path or "/", resolve_url("account_login"))
        return HttpResponseClientRedirect(response.url)
    return redirect_to_login(request.get_full_path() if request.method in SAFE else "/")
