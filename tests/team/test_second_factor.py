import re
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.contrib.messages.storage.cookie import CookieStorage
from django.test import Client, RequestFactory

from simplero.outbox.models import Event
from simplero.tenancy.models import Account
from simplero.tenancy.scope import scope
from simplero.web.access import staff_stream
from tests.conftest import PASSWORD
from tests.team.steps import NEW_PASSWORD, ask_for_reset, follow_reset


def code_for(secret, steps=0):
    return auth.format_hotp_value(auth.hotp_value(secret, int(time.time()) // 30 + steps))


def confirm(client):
    """Whoever changes how they sign in is asked for their password again."""
    return client.post("/accounts/reauthenticate/", {"password": PASSWORD})


@pytest.fixture
def next_step(monkeypatch):
    """Let the time step pass, so that the next code is a new one."""
    offset = 0

    def pass_one():
        nonlocal offset
        offset += 30
        monkeypatch.setattr(auth.time, "time", lambda real=time.time, offset=offset: real() + offset)

    return pass_one


@pytest.fixture
def secret(acme, sign_in):
    """The owner of acme has switched the second step on, through the pages; this is their app's key."""
    EmailAddress.objects.create(user=acme.owner, email=acme.owner.email, primary=True, verified=True)
    client = Client()
    sign_in(client, "owner@acme.example")
    confirm(client)
    page = client.get("/accounts/2fa/totp/activate/")
    key = page.context["form"].secret
    assert "data:image/svg+xml" in page.text
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code_for(key)})
    assert answer.url == "/accounts/2fa/recovery-codes/"
    return key


def give(client, code):
    return client.post("/accounts/2fa/authenticate/", {"code": code})


def is_in(client):
    return client.get("/me/").status_code == 200


def test_needs_a_confirmed_address(client, acme, sign_in):
    """Else somebody could sign up with another person's address and keep them out for good."""
    EmailAddress.objects.create(user=acme.owner, email=acme.owner.email, primary=True, verified=False)
    sign_in(client, "owner@acme.example")
    assert client.get("/accounts/2fa/totp/activate/").url == "/accounts/2fa/"
    assert "Confirm your email address first" in client.get("/accounts/2fa/").text


def test_is_asked_for_after_the_password(client, secret, sign_in, next_step):
    assert sign_in(client, "owner@acme.example").url == "/accounts/2fa/authenticate/"
    assert not is_in(client)
    assert client.get("/accounts/2fa/authenticate/").status_code == 200
    next_step()
    assert give(client, code_for(secret)).status_code == 302
    assert is_in(client)


def test_a_wrong_code_lets_nobody_in(client, secret, sign_in):
    sign_in(client, "owner@acme.example")
    assert "not right, or was used already" in give(client, "000000").text
    assert not is_in(client)


def test_a_code_is_for_one_use(secret, sign_in, next_step):
    next_step()
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client, "owner@acme.example")
    code = code_for(secret)
    give(first, code)
    assert "not right, or was used already" in give(second, code).text
    assert is_in(first)
    assert not is_in(second)


def test_the_code_that_switched_it_on_is_used_up(client, secret, sign_in):
    sign_in(client, "owner@acme.example")
    give(client, code_for(secret))
    assert not is_in(client)


def test_codes_cannot_be_guessed_at_leisure(client, secret, sign_in, next_step):
    sign_in(client, "owner@acme.example")
    for _ in range(10):
        give(client, "000000")
    next_step()
    assert "Too many attempts" in give(client, code_for(secret)).text
    assert not is_in(client)


def test_a_recovery_code_is_for_one_use(acme, secret, sign_in):
    codes = Authenticator.objects.get(user=acme.owner, type="recovery_codes").wrap().get_unused_codes()
    assert len(codes) == 10
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client, "owner@acme.example")
        give(client, codes[0])
    assert is_in(first)
    assert not is_in(second)


def test_a_reset_password_does_not_skip_it(client, secret, sign_in, link):
    ask_for_reset(client, "owner@acme.example")
    follow_reset(client, link("owner@acme.example"))
    assert not is_in(client)
    assert sign_in(client, "owner@acme.example", NEW_PASSWORD).url == "/accounts/2fa/authenticate/"
    assert not is_in(client)


def test_its_secrets_are_stored_encrypted(acme, secret):
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not re.search(r"'(secret|seed)': '[A-Z2-7]{32}'", stored)


def test_turning_it_off_asks_who_one_is(secret, sign_in, next_step):
    next_step()
    client = Client()
    sign_in(client, "owner@acme.example")
    give(client, code_for(secret))
    assert client.get("/accounts/2fa/").status_code == 200
    answer = client.post("/accounts/2fa/totp/deactivate/")
    assert "reauthenticate" in answer.url
    assert client.get(answer.url).status_code == 200
    assert client.get("/accounts/2fa/reauthenticate/").status_code == 200
    assert Authenticator.objects.filter(type="totp").exists()
    confirm(client)
    assert client.get("/accounts/2fa/totp/deactivate/").status_code == 200
    client.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()


def test_every_page_of_it_renders(secret, sign_in, next_step, client):
    next_step()
    sign_in(client, "owner@acme.example")
    give(client, code_for(secret))
    confirm(client)
    for path in (
        "2fa/",
        "2fa/recovery-codes/",
        "2fa/recovery-codes/generate/",
        "2fa/recovery-codes/download/",
        "sessions/",
    ):
        assert client.get(f"/accounts/{path}").status_code == 200, path
    assert client.post("/accounts/2fa/recovery-codes/generate/").status_code == 302


SECURITY = "/a/acme/settings/account/security/"


def require(client):
    return client.post(SECURITY, {"second_factor_required": "on"})


def has_factor(user):
    Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})


def changes(world):
    with scope(world.account):
        return list(Event.objects.filter(kind="account.security_changed").values_list("body", flat=True))


def test_is_not_required_until_an_owner_says_so(client, acme):
    for role in ("owner", "admin", "assistant"):
        client.force_login(getattr(acme, role))
        assert client.get("/a/acme/contacts/").status_code == 200
    client.force_login(acme.admin)
    assert "A second factor is not required" in client.get("/a/acme/settings/account/").text
    assert require(client).status_code == 404
    client.force_login(acme.assistant)
    assert require(client).status_code == 404


def test_whoever_has_none_cannot_require_one(client, acme):
    client.force_login(acme.owner)
    answer = require(client)
    assert answer.status_code == 409
    assert "Set up two-step sign-in for yourself first" in answer.text
    acme.account.refresh_from_db()
    assert not acme.account.second_factor_required
    assert changes(acme) == []


@pytest.mark.parametrize("htmx", [False, True])
def test_required_it_comes_before_any_page_of_the_account(client, acme, zen, htmx):
    has_factor(acme.owner)
    client.force_login(acme.owner)
    for _ in range(2):
        assert require(client).status_code == 303
    assert changes(acme) == [{"second_factor_required": True}]
    assert client.get("/a/acme/contacts/").status_code == 200

    headers = {"HX-Request": "true"} if htmx else {}
    admin = Client()
    admin.force_login(acme.admin)
    for path in ("/a/acme/contacts/", "/a/acme/settings/account/", "/a/acme/", "/a/acme/contacts/add"):
        for method in (admin.get, admin.post):
            answer = method(path, headers=headers)
            if answer.status_code == 405:
                continue
            assert answer.headers.get("HX-Redirect", answer.headers.get("Location")) == "/accounts/2fa/", path
            assert "no-store" in answer["Cache-Control"]
    assert admin.get("/a/acme/settings/members/").status_code == 404, "what is not theirs still does not exist"
    assert "Acme asks its owners and admins for a second factor" in admin.get("/accounts/2fa/").text
    assert admin.get("/me/").status_code == 200
    assistant = Client()
    assistant.force_login(acme.assistant)
    assert assistant.get("/a/acme/contacts/").status_code == 200
    elsewhere = Client()
    elsewhere.force_login(zen.admin)
    assert elsewhere.get("/a/zen/contacts/").status_code == 200

    has_factor(acme.admin)
    assert admin.get("/a/acme/contacts/").status_code == 200
    assert client.post(SECURITY, {}).status_code == 303
    assert changes(acme) == [{"second_factor_required": True}, {"second_factor_required": False}]
    Authenticator.objects.filter(user=acme.admin).delete()
    assert admin.get("/a/acme/contacts/").status_code == 200


def test_recovery_codes_alone_are_no_second_factor(client, acme):
    Account.objects.update(second_factor_required=True)
    Authenticator.objects.create(user=acme.admin, type="recovery_codes", data={})
    client.force_login(acme.admin)
    assert client.get("/a/acme/contacts/")["Location"] == "/accounts/2fa/"


def test_what_is_downloaded_is_behind_it_too(acme):
    """`staff_stream` has its own way in."""
    Account.objects.update(second_factor_required=True)

    @staff_stream(can="contacts")
    def download(request):
        raise AssertionError("let in")

    request = RequestFactory().get("/")
    request.user, request.htmx, request._messages = acme.admin, False, CookieStorage(request)
    assert download(request, "acme")["Location"] == "/accounts/2fa/"
