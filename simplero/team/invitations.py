"""The page behind an invitation's link. A mail scanner that opens it changes nothing: GET shows, POST accepts."""

from urllib.parse import urlencode

from allauth.account.utils import perform_login
from allauth.decorators import rate_limit
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from simplero.lib.refusals import Refusal
from simplero.tenancy.deeds import doing
from simplero.tenancy.models import User
from simplero.tenancy.scope import scope
from simplero.web.access import deed_of
from simplero.web.http import see_other

from . import errors, queries, services
from .forms import JoinForm, refuse
from .models import Invitation


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@never_cache
@rate_limit(action="invitation")
def invitation(request: HttpRequest) -> HttpResponse:
    """Signed in: accept. Signing in elsewhere already: sign in first. New: choose a name and a password."""
    token = request.GET.get("token", "")
    try:
        offer = queries.invitation(token)
        if request.user.is_authenticated:
            return _accept(request, offer, token)
        if User.objects.filter(email=offer.email).exists():
            return _show(request, offer, step="sign_in")
        return _join(request, offer, token)
    except errors.InvitationGone:
        place = queries.place_taken(token) if request.method == "POST" else None
        if place and (not request.user.is_authenticated or request.user.pk == place.user_id):
            # The click came twice, and the first one took the place: on to the account, which asks who comes.
            return see_other(request, "pages:dashboard", place.account.slug)
        return TemplateResponse(request, "team/invitation_gone.html", status=404)


def _accept(request: HttpRequest, offer: Invitation, token: str) -> HttpResponse:
    if offer.email != request.user.email:  # type: ignore[union-attr]
        return _show(request, offer, step="somebody_else", status=200 if request.method != "POST" else 409)
    if request.method != "POST":
        return _show(request, offer, step="accept")
    with doing(deed_of(request)), scope(offer.account):
        services.accept(account=offer.account, token=token, user=request.user)  # type: ignore[arg-type]
    messages.success(request, f"Welcome to {offer.account.name}.")
    return see_other(request, "pages:dashboard", offer.account.slug)


def _join(request: HttpRequest, offer: Invitation, token: str) -> HttpResponse:
    form, status = JoinForm(request.POST or None, email=offer.email), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                with doing(deed_of(request)), scope(offer.account):
                    user = services.join(account=offer.account, token=token, **form.cleaned_data)
            except errors.InvitationGone:
                raise
            except Refusal as refusal:
                refuse(form, refusal)
                status = 409
            else:
                return perform_login(request, user, redirect_url=resolve_url("pages:dashboard", offer.account.slug))
    return _show(request, offer, step="join", status=status, form=form)


def _show(
    request: HttpRequest, offer: Invitation, *, step: str, status: int = 200, form: JoinForm | None = None
) -> HttpResponse:
    context = {"invitation": offer, "role": offer.role_name, "step": step, "form": form}
    return TemplateResponse(request, "team/invitation_show.html", context, status=status)


def invitation_link(request: HttpRequest) -> services.LinkTo:
    """From a token to its absolute address, on the host this request came to (ALLOWED_HOSTS has checked it).

    The token stands in the query, because access logs keep paths.
    """
    return lambda token: request.build_absolute_uri(f"{reverse('invitation')}?{urlencode({'token': token})}")
