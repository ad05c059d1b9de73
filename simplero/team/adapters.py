"""allauth in our words and by our rules."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from typing import Any, ClassVar

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.messages import ERROR
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from simplero.mail.backend import confidential

# Told of what somebody did to their own sign-in; they hold nothing that lets anybody in.
NOTES = frozenset(
    [
        "password_changed",
        "password_reset",
        "password_set",
        "email_changed",
        "email_confirm",
        "email_deleted",
        "unknown_account",
        "totp_activated",
        "totp_deactivated",
        "recovery_codes_generated",
    ]
)


class AccountAdapter(DefaultAccountAdapter):
    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "The email address or the password is not right.",
        "too_many_login_attempts": "Too many attempts from here. Wait 15 minutes, or reset your password.",
        "incorrect_password": "The password is not right.",
        "enter_current_password": "This is not your current password.",
        "email_taken": "Somebody signs in with this address already.",
    }

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Attempts are counted by address and origin together: guessing from elsewhere must not lock the owner out."""
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{self.get_client_ip(request)}"

    def is_safe_url(self, url: str) -> bool:
        """Only pages of this host are gone on to after signing in, whatever else ALLOWED_HOSTS names."""
        return url.startswith("/") and not url.startswith(("//", "/\\")) and super().is_safe_url(url)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Whether the address is theirs from now on; not if somebody began to sign in with it since it was asked for."""
        try:
            with transaction.atomic():
                return super().confirm_email(request, email_address)
        except IntegrityError:
            self.add_message(request, ERROR, message=f"Somebody else signs in with {email_address.email} meanwhile.")
            return False

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        message = super().render_mail(template_prefix, email, context, headers)
        if template_prefix.rsplit("/", 1)[-1] not in NOTES:
            message.extra_headers.update(confidential(_link_lives(template_prefix)))
        return message


def _link_lives(template_prefix: str) -> timedelta:
    """How long the link in a mail of allauth's works; for one not known here the shorter, so that it is erased early."""
    if "email_confirmation" in template_prefix:
        return timedelta(days=app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS)
    return timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of second factors are stored encrypted: a stolen database alone signs nobody in."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is not right, or was used already.",
        "unverified_email": "Confirm your email address first: the link is in the mail you got when you signed up.",
    }

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> MultiFernet:
    """Encrypts with SECRET_KEY; what was encrypted with a key in SECRET_KEY_FALLBACKS can still be read."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(urlsafe_b64encode(sha256(b"second factor:" + key.encode()).digest())) for key in keys])
