"""Where one arrives after signing in, and an account's members and roles."""

from typing import cast
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from simplero.lib.refusals import Refusal
from simplero.tenancy.deeds import doing
from simplero.tenancy.models import Membership
from simplero.tenancy.roles import PERMISSIONS, ROLES, allows
from simplero.tenancy.scope import scope
from simplero.web.access import deed_of, staff
from simplero.web.http import StaffRequest, page_or_fragment, see_other

from . import queries, services
from .errors import MemberGone
from .forms import BusinessForm, InviteForm, RoleForm, SendAgainForm, refuse
from .invitations import invitation_link
from .models import Invitation


@require_safe
@login_required
@never_cache
def landing(request: StaffRequest) -> HttpResponse:
    """Straight into the only account one has; otherwise to the list."""
    places = list(queries.accounts_of(request.user)[:2])
    if len(places) == 1:
        return redirect("pages:dashboard", places[0].account.slug)
    return redirect("accounts")


@require_safe
@login_required
@never_cache
def accounts(request: StaffRequest) -> HttpResponse:
    return TemplateResponse(request, "team/accounts_list.html", {"places": queries.accounts_of(request.user)})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def account_new(request: StaffRequest) -> HttpResponse:
    """Another business of a person who is here already."""
    form = BusinessForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        account_id = services.next_account_id()
        try:
            with doing(deed_of(request)), scope(account_id):
                account = services.open_account(
                    account_id=account_id,
                    owner=request.user,
                    name=form.cleaned_data["account_name"],
                    time_zone=form.cleaned_data["time_zone"],
                    currency=form.cleaned_data["currency"],
                    form=form.cleaned_data["key"],
                )
        except Refusal as refusal:
            refuse(form, refusal)
            status = 409
        else:
            return see_other(request, "pages:dashboard", account.slug)
    return page_or_fragment(
        request,
        page="team/account_new.html",
        fragment="team/_account_new.html",
        context={"form": form, "back": reverse("accounts")},
        status=status,
    )


# Settings → Roles.


@require_safe
@staff(can="settings")
def roles(request: StaffRequest) -> HttpResponse:
    table = [
        (each.wording, [(name, allows(role, each.code)) for role, name in ROLES.items()])
        for each in PERMISSIONS.values()
    ]
    return TemplateResponse(request, "team/roles_list.html", {"roles": ROLES.values(), "table": table})


# Settings → Members.


@require_safe
@staff(can="members")
def members(request: StaffRequest) -> HttpResponse:
    context = {
        "members": queries.members(request.account),
        "invitations": queries.invitations(request.account),
        "send_again": SendAgainForm(auto_id=False),
    }
    return TemplateResponse(request, "team/members_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(can="members")
def invite(request: StaffRequest) -> HttpResponse:
    form, status = InviteForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                invitation = services.invite(
                    account=request.account,
                    email=form.cleaned_data["email"],
                    role=form.cleaned_data["role"],
                    link_to=invitation_link(request),
                    actor=request.actor,
                    form=form.cleaned_data["key"],
                )
            except Refusal as refusal:
                refuse(form, refusal)
                status = 409
            else:
                messages.success(request, f"Invitation sent to {invitation.email}.")
                return to_members(request)
    return dialog(request, "invite", {"form": form}, status)


@require_POST
@staff(can="members")
def invitation_resend(request: StaffRequest, invitation: UUID) -> HttpResponse:
    row = get_object_or_404(Invitation, account=request.account, public_id=invitation)
    form = SendAgainForm(request.POST)
    form.full_clean()
    try:
        services.resend(
            account=request.account,
            invitation=row,
            link_to=invitation_link(request),
            actor=request.actor,
            form=form.cleaned_data["key"],
        )
    except Refusal as refusal:
        messages.warning(request, refusal.wording)
    else:
        messages.success(request, f"Invitation sent to {row.email} again. The earlier link no longer works.")
    return to_members(request)


@require_POST
@staff(can="members")
def invitation_revoke(request: StaffRequest, invitation: UUID) -> HttpResponse:
    row = get_object_or_404(Invitation, account=request.account, public_id=invitation)
    try:
        services.revoke(account=request.account, invitation=row, actor=request.actor)
    except Refusal as refusal:
        messages.warning(request, refusal.wording)
    else:
        messages.success(request, f"The invitation to {row.email} is withdrawn.")
    return to_members(request)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(can="members")
def member_role(request: StaffRequest, member: UUID) -> HttpResponse:
    if queries.was_member(request.account, member):
        return removed_already(request)
    place = member_or_404(request, member)
    form, status = RoleForm(request.POST or None, initial={"role": place.role}), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                services.change_role(
                    account=request.account, membership=place, role=form.cleaned_data["role"], actor=request.actor
                )
            except Refusal as refusal:
                refuse(form, refusal)
                status = 409
            else:
                messages.success(request, f"{place.user.name} is now {ROLES[form.cleaned_data['role']]}.")
                return to_members_or_out(request, place)
    return dialog(request, "member_role", {"form": form, "member": place}, status)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(can="members")
def member_remove(request: StaffRequest, member: UUID) -> HttpResponse:
    if queries.was_member(request.account, member):
        return removed_already(request)
    place = member_or_404(request, member)
    refused, status = "", 200
    if request.method == "POST":
        try:
            services.remove(account=request.account, membership=place, actor=request.actor)
        except MemberGone:  # by a click at the same moment
            return removed_already(request)
        except Refusal as refusal:
            refused, status = refusal.wording, 409
        else:
            messages.success(request, f"{place.user.name} was removed from {request.account.name}.")
            return to_members_or_out(request, place)
    return dialog(request, "member_remove", {"member": place, "refused": refused}, status)


@require_safe
@staff(can="members")
def member_sessions(request: StaffRequest, member: UUID) -> HttpResponse:
    """Where a member is signed in; one's own sessions have a page of their own."""
    if queries.was_member(request.account, member):
        return removed_already(request)
    place = member_or_404(request, member)
    if place.user_id == request.user.pk:
        return redirect("usersessions_list")
    context = {"member": place, "sessions": queries.sessions(place.user)}
    return TemplateResponse(request, "team/member_sessions.html", context)


@require_POST
@staff(can="members")
def member_sign_out(request: StaffRequest, member: UUID) -> HttpResponse:
    if queries.was_member(request.account, member):
        return removed_already(request)
    place = member_or_404(request, member)
    if place.user_id == request.user.pk:
        return see_other(request, "usersessions_list")
    try:
        ended = services.sign_out(account=request.account, membership=place, actor=request.actor)
    except MemberGone:  # by a click at the same moment
        return removed_already(request)
    name = place.user.name
    messages.success(request, f"{name} is signed out." if ended else f"{name} was not signed in anywhere.")
    return see_other(request, "team:member_sessions", request.account.slug, member)


def member_or_404(request: StaffRequest, member: UUID) -> Membership:
    return get_object_or_404(queries.members(request.account), public_id=member)


def removed_already(request: StaffRequest) -> HttpResponse:
    messages.info(request, "This person was removed already.")
    return to_members(request)


def dialog(request: HttpRequest, name: str, context: dict[str, object], status: int) -> HttpResponse:
    back = reverse("team:members", args=[cast(StaffRequest, request).account.slug])
    return page_or_fragment(
        request,
        page="team/dialog.html",
        fragment=f"team/_{name}.html",
        context={**context, "back": back, "fragment": f"team/_{name}.html"},
        status=status,
    )


def to_members(request: StaffRequest) -> HttpResponse:
    return see_other(request, "team:members", request.account.slug)


def to_members_or_out(request: StaffRequest, place: Membership) -> HttpResponse:
    """Somebody who changed or removed themselves may not see the list any more."""
    return see_other(request, "landing") if place.user_id == request.user.pk else to_members(request)


@require_POST
@login_required
def sign_out_everywhere(request: StaffRequest) -> HttpResponse:
    """Ends every session of this person, this one too."""
    for session in UserSession.objects.filter(user=request.user):
        session.end()
    logout(request)
    return see_other(request, "account_login")
