"""A customer's own profile in a storefront, and the way out."""

from dataclasses import replace

from django.contrib import messages
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_POST

from contacts import services, signin
from contacts.directory import Details
from contacts.forms import ProfileForm
from simplero.lib.refusals import Stale
from simplero.web.http import see_other

from .customers import ShopRequest, customer, shop_url


@require_http_methods(["GET", "HEAD", "POST"])
@customer(signed_in=True)
def profile(request: ShopRequest) -> HttpResponse:
    """Name and phone. The address is how they sign in, so the business changes it, once it knows who asks."""
    contact = request.shop.contact
    assert contact is not None
    form, status = ProfileForm.of(contact), 200
    if request.method == "POST":
        form, status = ProfileForm(request.POST), 422
        if form.is_valid():
            details = replace(Details.of(contact), name=form.cleaned_data["name"], phone=form.cleaned_data["phone"])
            try:
                services.edit_contact(
                    account=request.shop.account,
                    contact=contact,
                    details=details,
                    seen=form.cleaned_data["seen"],
                    actor=request.shop.actor,
                )
            except Stale:  # in words of ours: what staff wrote about a customer is not for the customer to read
                contact.refresh_from_db()
                form.add_error(
                    None, "Your profile was changed in between. What you typed is here; save again to keep it."
                )
                form.look_again(contact)
                status = 409
            else:
                messages.success(request, "Your profile is saved.")
                return see_other(request, shop_url(request, "profile"))
    return TemplateResponse(request, "shop/profile.html", {"form": form, "contact": contact}, status=status)


@require_POST
@customer()
def sign_out(request: ShopRequest) -> HttpResponse:
    """Out of this browser; somebody who is out already is not asked to sign in first."""
    if request.shop.session is not None:
        signin.end_session(account=request.shop.account, session=request.shop.session)
        messages.success(request, "You are signed out.")
    request.shop.forget()
    return see_other(request, shop_url(request, "catalogue"))


@require_POST
@customer()
def sign_out_everywhere(request: ShopRequest) -> HttpResponse:
    """Out of every browser, this one too."""
    if request.shop.contact is not None:
        signin.end_sessions(account=request.shop.account, contact=request.shop.contact)
        messages.success(request, "You are signed out everywhere.")
    request.shop.forget()
    return see_other(request, shop_url(request, "catalogue"))
