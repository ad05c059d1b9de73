"""The pages of allauth that we use, under /accounts/, by the names allauth knows them by; its others do not exist here."""

from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.usersessions import views as sessions
from django.http import HttpResponse
from django.urls import URLPattern, path, re_path
from django.views.decorators.cache import never_cache

from simplero.lib.refusals import Refusal

from .forms import SignUpForm, refuse
from .views import sign_out_everywhere


class SignUp(account.SignupView):
    def form_valid(self, form: SignUpForm) -> HttpResponse:
        try:
            return super().form_valid(form)
        except Refusal as refusal:  # somebody took the address since the form was checked
            form.account_already_exists = True
            if form.opened_before():
                return super().form_valid(form)
            refuse(form, refusal)
            return self.form_invalid(form)


PAGES = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("signup/", SignUp.as_view(), name="account_signup"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("email/", account.email, name="account_email"),
    path("confirm-email/", account.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)/$", account.confirm_email, name="account_confirm_email"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/reset/key/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("2fa/", second_factor.index, name="mfa_index"),
    path("2fa/authenticate/", second_factor.authenticate, name="mfa_authenticate"),
    path("2fa/reauthenticate/", second_factor.reauthenticate, name="mfa_reauthenticate"),
    path("2fa/totp/activate/", totp.activate_totp, name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("2fa/recovery-codes/generate/", recovery.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("2fa/recovery-codes/download/", recovery.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("sessions/end/", sign_out_everywhere, name="sign_out_everywhere"),
    path("sessions/", sessions.list_usersessions, name="usersessions_list"),
]


def _kept_nowhere(page: URLPattern) -> URLPattern:
    """Recovery codes and addresses must not stay in a browser's or a proxy's cache; allauth leaves that open on most of its pages."""
    page.callback = never_cache(page.callback)
    return page


urlpatterns = [_kept_nowhere(page) for page in PAGES]
