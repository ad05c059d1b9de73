"""Who may see a page of a storefront. The decorator opens the shop's scope around the view and its rendering.

A customer is whoever's browser holds the token of a session of this shop. Being signed in as staff, or to another shop, is nothing
here.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers, patch_cache_control
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from contacts import signin
from contacts.models import Contact, CustomerSession
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account
from simplero.tenancy.scope import ScopeError, scope
from simplero.tenancy.shops import account_of, on_own_domain
from simplero.web.access import SAFE, View
from simplero.web.again import answered

# How long browsers keep our cookies.
LIVES = {"visitor": timedelta(days=365), "customer": signin.LONGEST, "asked": signin.LIVES}


class Shop:
    """A visit to a storefront: `request.shop`.

    `contact` is None for somebody who has not signed in. `visitor` is a secret of the browser's own, made when it is first asked
    for, so that who only looks around gets no cookie.
    """

    def __init__(self, request: HttpRequest, account: Account) -> None:
        self.account = account
        self.contact: Contact | None = None
        self.session: CustomerSession | None = None
        self.seen_long_ago = False
        self._request = request
        self._visitor = request.COOKIES.get(self.cookie("visitor"), "")
        self._keep: dict[str, str] = {}  # cookies to set ("": to delete) with the answer

    @property
    def actor(self) -> Actor:
        return Actor("contact", self.contact.pk if self.contact else None)

    @property
    def visitor(self) -> str:
        if not signin.is_secret(self._visitor):
            self._visitor = signin.secret()
            self.keep("visitor", self._visitor)
        return self._visitor

    @property
    def visitor_digest(self) -> str:
        return signin.digest("visitor", self.visitor)

    def cookie(self, kind: str) -> str:
        """The name of a cookie. Shops on our hosts share them, so there each has names of its own."""
        name = kind if on_own_domain(self._request) else f"{kind}-{self.account.slug}"
        return f"__Host-{name}" if settings.SECURE else name

    def recognise(self) -> None:
        """Find out, inside the scope, who this browser is."""
        token = self._request.COOKIES.get(self.cookie("customer"), "")
        self.session = signin.find_session(self.account, token) if signin.is_secret(token) else None
        if self.session is not None:
            self.contact = self.session.contact
            self.seen_long_ago = signin.is_seen_long_ago(self.session)

    def sign_in(self, contact: Contact) -> None:
        """Make this browser `contact`'s, by a token it has not had before; inside a scope that may write."""
        if self.session is not None:
            signin.end_session(account=self.account, session=self.session)
        self.keep("customer", signin.begin_session(account=self.account, contact=contact))
        self.contact = contact

    def forget(self) -> None:
        """Take the session's cookie from this browser."""
        self.keep("customer", "")
        self.contact = self.session = None

    def keep(self, kind: str, value: str) -> None:
        """Have the browser keep a cookie of one of the kinds in LIVES; "" takes it away."""
        self._keep[kind] = value

    def leave(self, response: HttpResponseBase) -> None:
        """Send along the cookies, and say who may keep the page: nobody what is a customer's own."""
        for kind, value in self._keep.items():
            if value:
                response.set_cookie(
                    self.cookie(kind),
                    value,
                    max_age=LIVES[kind],
                    secure=settings.SECURE,
                    httponly=True,
                    samesite="Lax",
                )
            else:
                response.delete_cookie(self.cookie(kind), samesite="Lax")
                if settings.SECURE:  # a __Host- cookie is only overwritten by a secure one
                    response.cookies[self.cookie(kind)]["secure"] = True


class ShopRequest(HttpRequest):
    """A request to a storefront, annotated by `customer`."""

    htmx: HtmxDetails
    shop: Shop


def customer(*, signed_in: bool = False, scoped: bool = True) -> Callable[[View], View]:
    """Let anybody see a page of the shop in the address, or with `signed_in` its customers only; others are asked to sign in.

    The view is called without the shop's slug, inside its scope (read-only for safe methods), with `request.shop`. With
    `scoped=False` no scope is open: for views that talk to others and open short ones of their own.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: ShopRequest, *args: Any, shop: str = "", **kwargs: Any) -> HttpResponseBase:
            account = account_of(request, shop)
            safe = request.method in SAFE

            def attempt() -> HttpResponseBase:
                request.shop = Shop(request, account)
                try:
                    return answer(request, args, kwargs)
                except Http404:
                    return nothing_here(request)

            # A view without a scope has told somebody outside already.
            response = answered(request, attempt) if scoped else attempt()
            visit = request.shop
            visit.leave(response)
            if signed_in or visit.contact is not None or not safe:
                add_never_cache_headers(response)
            elif not response.has_header("Cache-Control"):
                patch_cache_control(response, private=True, no_cache=True)
            if visit.session is not None and visit.seen_long_ago:
                with scope(account):
                    signin.note_seen(account=account, session=visit.session)
            return response

        def answer(request: ShopRequest, args: Any, kwargs: Any) -> HttpResponseBase:
            with scope(request.shop.account, read_only=request.method in SAFE or not scoped):
                request.shop.recognise()
                if signed_in and request.shop.contact is None:
                    return to_sign_in(request)
                if scoped:
                    return _rendered(view(request, *args, **kwargs))
            return view(request, *args, **kwargs)

        guarded.customer = "signed in" if signed_in else "anybody"  # type: ignore[attr-defined]  # the route matrix reads it
        return guarded

    return decorate


def _rendered(response: HttpResponseBase) -> HttpResponseBase:
    if getattr(response, "streaming", False):
        raise ScopeError("a streaming response would read after its scope has closed")
    if hasattr(response, "render"):
        response.render()
    return response


def nothing_here(request: ShopRequest) -> HttpResponse:
    """What is not there, said in the shop's own clothes."""
    return TemplateResponse(request, "shop/not_here.html", status=404).render()


def to_sign_in(request: ShopRequest) -> HttpResponse:
    """To this shop's sign-in page and back; what was about to be sent is typed again, or was kept by its page's address."""
    if request.htmx:
        back = request.htmx.current_url_abs_path or ""
        return HttpResponseClientRedirect(sign_in_url(request, back))
    back = request.get_full_path() if request.method in SAFE else ""
    return HttpResponse(status=303, headers={"Location": sign_in_url(request, back)})


def sign_in_url(request: ShopRequest, back: str) -> str:
    """The address of the sign-in page that leads to `back`, a path of this shop, afterwards."""
    return shop_url(request, "sign-in") + (f"?{urlencode({'next': back})}" if back else "")


def shop_url(request: HttpRequest, name: str, *args: object) -> str:
    """The path of a page of the shop this request is in, wherever the shop stands: under its slug or on a domain of its own."""
    if on_own_domain(request):
        return reverse(name, urlconf="simplero.storefront", args=args)
    return reverse(f"shop:{name}", urlconf="simplero.urls", args=[request.shop.account.slug, *args])  # type: ignore[attr-defined]
