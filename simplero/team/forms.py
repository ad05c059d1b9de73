"""Forms of the entrance (allauth's, in our words) and of the settings pages."""

import uuid
from typing import Any

from allauth.account import forms as entrance
from allauth.mfa.base import forms as second_factor
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.totp.internal.auth import TOTP
from django import forms
from django.contrib.auth import password_validation
from django.http import HttpRequest

from simplero.lib.places import currencies, time_zones
from simplero.lib.refusals import Refusal
from simplero.tenancy.models import Account, User
from simplero.tenancy.roles import ADMIN, ASSISTANT, OWNER, ROLES
from simplero.tenancy.scope import scope
from simplero.web.forms import seen_field

from . import names, queries, services
from .errors import UnfitName

# What each role is for, beside its name.
ROLE_CHOICES = [
    (ASSISTANT, f"{ROLES[ASSISTANT]}: contacts, and consuming credits"),
    (ADMIN, f"{ROLES[ADMIN]}: everything but members"),
    (OWNER, f"{ROLES[OWNER]}: everything"),
]


def say(form: forms.BaseForm, name: str, label: str, help_text: str = "") -> None:
    """Put our words on a field that allauth made; its placeholders only repeat the label."""
    field = form.fields[name]
    field.label, field.help_text = label, help_text
    field.widget.attrs.pop("placeholder", None)


class SignInForm(entrance.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say(self, "login", "Email")
        say(self, "password", "Password")


class NameField(forms.CharField):
    """A name of a person or a business, made fit to keep."""

    def __init__(self, *, what: str, **kwargs: Any) -> None:
        super().__init__(strip=False, error_messages={"required": f"{what} is missing."}, **kwargs)
        self.what = what
        self.validators = []

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        if not text.strip():
            return ""
        try:
            return names.cleaned(text, what=self.what)
        except UnfitName as refusal:
            raise forms.ValidationError(refusal.wording) from None


class KeyField(forms.UUIDField):
    """A key made when the form was rendered: sent twice, the form is done once. A spoiled one is as good as none."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False, initial=uuid.uuid4)

    def clean(self, value: Any) -> uuid.UUID | None:
        try:
            return super().clean(value)
        except forms.ValidationError:
            return None


class BusinessForm(forms.Form):
    """What a new account needs. Nothing is guessed: a wrong time zone would let credits expire on the wrong day."""

    key = KeyField()
    account_name = NameField(
        label="Business name",
        what="The business name",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=lambda: [("", "Choose a time zone"), *time_zones().items()],
        help_text="Credits expire at midnight here.",
    )
    currency = forms.ChoiceField(label="Currency", choices=lambda: [("", "Choose a currency"), *currencies()])


class SignUpForm(BusinessForm, entrance.SignupForm):
    """A person and their business at once. Sent again by the same person, it signs them in to what it opened before."""

    name = NameField(label="Your name", what="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ["name", "email", "password1", "account_name", "time_zone", "currency"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say(self, "email", "Email")
        say(self, "password1", "Password", PASSWORD_HELP)

    def validate_unique_email(self, value: str) -> str:
        """Notes whether the address is taken; `clean` decides, when it is known who asks."""
        try:
            return super().validate_unique_email(value)
        except forms.ValidationError:
            self.account_already_exists = True
            return value

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.account_already_exists and self.opened_before() is None:
            # Signing up signs in at once, so whether an address is known shows in any case: say it plainly.
            self.add_error("email", "Somebody signs in with this address already. Sign in instead.")
        return self.cleaned_data

    def opened_before(self) -> User | None:
        """Who signed up by this very form, if it is they who send it again."""
        answers = self.cleaned_data
        if not answers.get("email") or not answers.get("password1"):
            return None
        return queries.signed_up_with(answers.get("key"), answers["email"], answers["password1"])

    def save(self, request: HttpRequest) -> User:
        if self.account_already_exists and (person := self.opened_before()):
            return person
        account_id = services.next_account_id()
        with scope(account_id):
            user, _ = services.sign_up(
                account_id=account_id,
                email=self.cleaned_data["email"],
                password=self.cleaned_data["password1"],
                name=self.cleaned_data["name"],
                account_name=self.cleaned_data["account_name"],
                time_zone=self.cleaned_data["time_zone"],
                currency=self.cleaned_data["currency"],
                form=self.cleaned_data["key"],
            )
        return user

    def try_save(self, request: HttpRequest) -> tuple[User, None]:
        return self.save(request), None


PASSWORD_HELP = "At least 10 characters. A few unrelated words are easy to keep and hard to guess."  # noqa: S105


class ResetForm(entrance.ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say(self, "email", "Email")


class NewPasswordForm(entrance.ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say(self, "password1", "New password", PASSWORD_HELP)
        say(self, "password2", "New password again")


class ChangePasswordForm(entrance.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say(self, "oldpassword", "Current password")
        say(self, "password1", "New password", PASSWORD_HELP)
        say(self, "password2", "New password again")


class ChangeEmailForm(entrance.AddEmailForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say(self, "email", "New email")

    def clean_email(self) -> str:
        email = super().clean_email()
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError("Somebody signs in with this address already.")
        return email


class PasswordAgainForm(entrance.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say(self, "password", "Password")


def say_code(form: forms.BaseForm, help_text: str) -> None:
    say(form, "code", "Code", help_text)
    form.fields["code"].widget.attrs.update(inputmode="numeric", autocapitalize="off", spellcheck="false")


class CodeForm(second_factor.AuthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say_code(self, "Six digits from your app, or one of your recovery codes.")
        self.fields["code"].widget.attrs["autofocus"] = True


class CodeAgainForm(second_factor.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say_code(self, "Six digits from your app, or one of your recovery codes.")


class ActivateForm(totp.ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say_code(self, "The six digits your app shows now.")

    def clean_code(self) -> str:
        code = super().clean_code()
        # allauth lets the code that switched the app on sign in once more: every code is for one use.
        TOTP(Authenticator(user=self.user))._mark_code_used(code)
        return code


class JoinForm(forms.Form):
    """Somebody invited who is new here."""

    name = NameField(label="Your name", what="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=PASSWORD_HELP,
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if password := cleaned.get("password"):
            person = User(email=self.email, name=cleaned.get("name", ""))
            try:
                password_validation.validate_password(password, person)
            except forms.ValidationError as weak:
                self.add_error("password", weak)
        return cleaned


class InviteForm(forms.Form):
    key = KeyField()
    email = forms.EmailField(label="Email", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label="Role", choices=ROLE_CHOICES, initial=ASSISTANT, widget=forms.RadioSelect)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label="Role", choices=ROLE_CHOICES, widget=forms.RadioSelect)


class AccountForm(forms.Form):
    name = NameField(
        label="Business name", what="The business name", help_text="Staff see it in the menu and in invitations."
    )


class CurrencyForm(forms.Form):
    currency = forms.ChoiceField(
        label="Currency",
        choices=currencies,
        help_text="Of your prices. It is fixed as soon as there is a price in money.",
    )


class ZoneForm(forms.Form):
    time_zone = forms.ChoiceField(
        label="New time zone",
        choices=lambda: list(time_zones().items()),
        error_messages={"invalid_choice": "Choose a time zone from the list.", "required": "Choose a time zone."},
    )


class RezoneForm(ZoneForm):
    """Confirms a change of the time zone as it was shown."""

    seen = seen_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].widget = forms.HiddenInput()


class StorefrontForm(forms.Form):
    """How an account's shop looks. A browser's colour field always has a colour, so a box says whether it counts."""

    logo = forms.FileField(
        label="Logo",
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}),
        help_text="JPEG, PNG, WebP or GIF, at most 8 MB. Without one your name stands there.",
    )
    without_logo = forms.BooleanField(label="Show no logo", required=False)
    own_colour = forms.BooleanField(label="Use a colour of our own", required=False)
    colour = forms.CharField(
        label="Colour",
        required=False,
        widget=forms.TextInput(attrs={"type": "color"}),
        help_text="For buttons, links and numbers. We lighten or darken it wherever it could not be read.",
    )

    @classmethod
    def of(cls, account: Account) -> "StorefrontForm":
        return cls(initial={"own_colour": bool(account.colour), "colour": account.colour or "#2f6b4f"})

    def clean_colour(self) -> str:
        colour = self.cleaned_data["colour"].strip().lower()
        if self.cleaned_data["own_colour"] and not colour:
            raise forms.ValidationError("Choose a colour.")
        return colour

    def chosen_colour(self) -> str:
        """The colour to keep: "" for the house's own."""
        return self.cleaned_data["colour"] if self.cleaned_data["own_colour"] else ""


class DomainForm(forms.Form):
    host = forms.CharField(
        label="Your domain",
        max_length=300,
        widget=forms.TextInput(
            attrs={"placeholder": "shop.example.com", "autocomplete": "off", "inputmode": "url", "spellcheck": "false"}
        ),
        help_text="A host name that is yours, such as shop.example.com.",
    )


class SendAgainForm(forms.Form):
    key = KeyField()


class SecurityForm(forms.Form):
    second_factor_required = forms.BooleanField(
        label="Require a second factor of owners and admins",
        required=False,
        help_text="Whoever has none is led to set it up before any page of this account opens.",
    )


def refuse(form: forms.BaseForm, refusal: Refusal) -> None:
    """Say the refusal at the field it is about, or above the form."""
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal.wording)
