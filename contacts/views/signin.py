"""Signing in to a storefront by mail: ask with an address, then the link in the mail or the code from it.

A link that is opened only shows a button: programs that look into mails use nothing up.
"""

from typing import cast
from urllib.parse import unquote, urlencode

from allauth.account.adapter import get_adapter
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from contacts import signin
from contacts.errors import TooOften
from contacts.forms import CodeForm, SignInForm
from simplero.web.http import see_other

from .customers import ShopRequest, customer, shop_url

ASKED = "shop.asked"  # salt of the cookie that holds what this browser asked with


@require_http_methods(["GET", "HEAD", "POST"])
@customer()
def ask(request: ShopRequest) -> HttpResponse:
    """Asks for the address. The answer is the same whether somebody has it or not."""
    if request.shop.contact is not None:
        return go_on(request, within(request, request.GET.get("next", "")))
    form, status = SignInForm(request.POST or None, initial={"next": request.GET.get("next", "")}), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                signin.ask(
                    account=request.shop.account,
                    email=form.cleaned_data["email"],
                    origin=get_adapter(request).get_client_ip(request),
                    visitor_digest=request.shop.visitor_digest,
                    next=within(request, form.cleaned_data["next"]),
                    link_to=link_to(request),
                )
            except TooOften as refusal:
                form.add_error("email", refusal.wording)
                status = 429
            else:
                request.shop.keep("asked", signing.dumps(form.cleaned_data, salt=ASKED))
                return see_other(request, shop_url(request, "sign-in-code"))
    return TemplateResponse(request, "shop/sign_in.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
@customer()
def code(request: ShopRequest) -> HttpResponse:
    """Takes the code from the mail, in the browser that asked for it."""
    if request.shop.contact is not None:
        return go_on(request, "")
    form, status = CodeForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            found = signin.try_code(
                account=request.shop.account,
                code=form.cleaned_data["code"],
                visitor_digest=request.shop.visitor_digest,
            )
            if found is not None:
                return enter(request, found)
            form.add_error("code", "This is not the code of a mail you asked for here in the last ten minutes.")
            status = 409
    waiting = signin.is_waiting(request.shop.account, request.shop.visitor_digest)
    context = {"form": form, "asked": asked(request), "waiting": waiting}
    return TemplateResponse(request, "shop/sign_in_code.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("token")
@customer()
def link(request: ShopRequest) -> HttpResponse:
    """The page behind the link: a button that signs in. In another browser it says where the link works, and uses nothing up."""
    account, here = request.shop.account, request.shop.visitor_digest
    token = request.POST.get("token", "") if request.method == "POST" else request.GET.get("token", "")
    if request.method == "POST":
        found = signin.use_link(account=account, token=token, visitor_digest=here)
        if found is not None:
            return enter(request, found)
    wish = signin.by_link(account, token)
    at_home = wish is not None and signin.is_of(wish, here)
    if wish is None or (at_home and request.method == "POST"):  # gone; or the address is no customer's any more
        if request.shop.contact is not None:  # the click came twice, and the first one signed in
            return go_on(request, "")
        return TemplateResponse(request, "shop/sign_in_gone.html", status=404)
    context = {"token": token, "at_home": at_home}
    return TemplateResponse(request, "shop/sign_in_link.html", context, status=200 if at_home else 409)


def enter(request: ShopRequest, found: signin.SignedIn) -> HttpResponse:
    """Make this browser the customer's. What it held before opens nothing any more."""
    request.shop.sign_in(found.contact)
    request.shop.keep("asked", "")
    rotate_token(request)
    return go_on(request, found.next)


def go_on(request: ShopRequest, path: str) -> HttpResponse:
    """To `path`, relative to the shop, or to the customer's account."""
    return see_other(request, shop_url(request, "catalogue") + path if path else shop_url(request, "account"))


def asked(request: ShopRequest) -> dict[str, str]:
    """What this browser has asked with, to be shown and sent again; nothing when that is too long ago."""
    try:
        kept = request.COOKIES.get(request.shop.cookie("asked"), "")
        return cast(dict[str, str], signing.loads(kept, salt=ASKED, max_age=signin.LIVES))
    except signing.BadSignature:
        return {}


def link_to(request: ShopRequest) -> signin.LinkTo:
    """From a token to its absolute address, on the host this request came to, which `simplero.web.hosts` has checked.

    The token stands in the query, because access logs keep paths.
    """
    path = shop_url(request, "sign-in-link")
    return lambda token: request.build_absolute_uri(f"{path}?{urlencode({'token': token})}")


def within(request: HttpRequest, url: str) -> str:
    """The page of this shop that `url` names, relative to the shop's own address; "" for anything else.

    Another shop on the same host is elsewhere too, however the way there is written.
    """
    base = shop_url(request, "catalogue")
    if not url.startswith(base) or not url_has_allowed_host_and_scheme(url, allowed_hosts=None):
        return ""
    path = unquote(url.partition("?")[0].partition("#")[0])
    if "\\" in path or "//" in path or ".." in path.split("/") or any(ord(letter) < 33 for letter in url):
        return ""
    if len(url) - len(base) > signin.LONGEST_NEXT:
        return ""
    return url[len(base) :]
