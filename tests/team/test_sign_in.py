import statistics
import time

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from simplero.mail.models import Message
from simplero.tenancy.models import Membership
from simplero.web import sessions
from tests.conftest import PASSWORD

PRIVATE = "/a/acme/settings/members/"


def is_in(client):
    return client.get("/me/").status_code == 200


def test_leads_straight_into_the_only_account(client, acme, sign_in):
    answer = sign_in(client, "owner@acme.example")
    assert answer.status_code == 302
    assert answer.url == "/"
    assert client.get("/").url == "/a/acme/"
    assert "First steps" in client.get("/a/acme/").text


def test_several_accounts_are_listed_and_switched_between(client, acme, zen, sign_in):
    Membership.objects.create(user=acme.owner, account=zen.account, role="assistant")
    sign_in(client, "owner@acme.example")
    assert client.get("/").url == "/me/"
    page = client.get("/me/").text
    assert "/a/acme/" in page
    assert "/a/zen/" in page
    switcher = client.get(PRIVATE).text
    assert 'href="/a/zen/"' in switcher
    assert client.get("/a/zen/").status_code == 200


def test_nobody_yet_anywhere_is_told_so(client, acme, sign_in):
    Membership.objects.filter(user=acme.owner).delete()
    sign_in(client, "owner@acme.example")
    assert client.get("/").url == "/me/"
    assert "not a member of any account" in client.get("/me/").text


def test_wrong_password_and_unknown_address_read_the_same(client, acme, sign_in):
    wrong = sign_in(client, "owner@acme.example", "wrong")
    unknown = sign_in(Client(), "nobody@acme.example", "wrong")
    assert wrong.status_code == unknown.status_code
    sentence = "The email address or the password is not right."
    for answer in (wrong, unknown):
        assert answer.context["form"].non_field_errors() == [sentence]
    assert not is_in(client)


def test_wrong_password_and_unknown_address_take_the_same_time(acme, settings, sign_in):
    settings.ACCOUNT_RATE_LIMITS = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    acme.owner.set_password(PASSWORD)
    acme.owner.save()

    def median(email):
        taken = []
        for _ in range(5):
            began = time.perf_counter()
            sign_in(Client(), email, "wrong")
            taken.append(time.perf_counter() - began)
        return statistics.median(taken)

    median("warm@up.example")
    known, unknown = median("owner@acme.example"), median("nobody@acme.example")
    # Hashing takes some hundred milliseconds; skipping it for one of them would show as a multiple.
    assert 0.5 < known / unknown < 2


def test_guessing_is_stopped_for_the_guesser_alone(acme, sign_in):
    guesser, owner = Client(REMOTE_ADDR="203.0.113.9"), Client(REMOTE_ADDR="198.51.100.7")
    for _ in range(10):
        assert "not right" in sign_in(guesser, "owner@acme.example", "wrong").text
    assert "Too many attempts" in sign_in(guesser, "owner@acme.example", "wrong").text
    # Even the right password is not looked at from there any more ...
    assert "Too many attempts" in sign_in(guesser, "owner@acme.example").text
    assert not is_in(guesser)
    # ... while its owner comes in from elsewhere.
    sign_in(owner, "owner@acme.example")
    assert is_in(owner)


def test_many_addresses_from_one_place_are_stopped_too(acme, sign_in, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": "50/15m/ip,10/15m/key"}
    guesser = Client(REMOTE_ADDR="203.0.113.9")
    for number in range(50):
        assert "not right" in sign_in(guesser, f"p{number}@acme.example", "wrong").text
    assert "Too many attempts" in sign_in(guesser, "another@acme.example", "wrong").text


def test_a_forged_origin_does_not_open_a_new_count(acme, sign_in):
    for number in range(10):
        sign_in(Client(headers={"X-Forwarded-For": f"192.0.2.{number}"}), "owner@acme.example", "wrong")
    forged = Client(headers={"X-Forwarded-For": "192.0.2.99"})
    assert "Too many attempts" in sign_in(forged, "owner@acme.example").text


@pytest.mark.parametrize(
    "there",
    [
        "//evil.example/",
        "https://evil.example/",
        "http://testserver.evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "https:evil.example",
        "http://localhost/elsewhere",
    ],
)
def test_goes_on_to_pages_of_ours_only(client, acme, sign_in, there):
    assert sign_in(client, "owner@acme.example", next=there).url == "/"


def test_goes_on_to_the_page_one_wanted(client, acme, sign_in):
    wanted = client.get(PRIVATE)
    assert wanted.url == f"/accounts/login/?next={PRIVATE}"
    assert sign_in(client, "owner@acme.example", next=PRIVATE).url == PRIVATE


def test_changes_the_session_and_the_old_one_is_dead(client, acme, sign_in):
    client.get("/accounts/login/")
    client.session["planted"] = "yes"
    planted = client.session
    planted["x"] = 1
    planted.save()
    client.cookies["session"] = before = planted.session_key
    sign_in(client, "owner@acme.example")
    assert client.session.session_key != before
    thief = Client()
    thief.cookies["session"] = before
    assert not is_in(thief)


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/logout/",
        "/accounts/password/reset/",
        "/accounts/password/change/",
        "/accounts/email/",
        "/accounts/sessions/",
        "/accounts/sessions/end/",
        "/accounts/2fa/totp/activate/",
        "/a/acme/settings/members/invite/",
        "/a/acme/settings/account/",
        "/me/new/",
    ],
)
def test_no_change_without_a_csrf_token(acme, path):
    client = Client(enforce_csrf_checks=True)
    if path not in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        client.force_login(acme.owner)
    assert client.post(path, {}).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "3rdparty/",
        "3rdparty/login/cancelled/",
        "login/code/",
        "login/code/confirm/",
        "password/set/",
        "phone/verify/",
        "signup/passkey/",
        "2fa/webauthn/",
        "2fa/webauthn/login/",
        "2fa/trust/",
        "social/login/error/",
    ],
)
def test_pages_not_used_do_not_exist(client, acme, path):
    assert client.get(f"/accounts/{path}").status_code == 404
    client.force_login(acme.owner)
    assert client.get(f"/accounts/{path}").status_code == 404


def test_ends_after_twelve_hours_without_use(client, acme, sign_in, monkeypatch):
    sign_in(client, "owner@acme.example")
    now = time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now + 11 * 3600)
    assert is_in(client)
    monkeypatch.setattr(sessions.time, "time", lambda: now + 22 * 3600)
    assert is_in(client)
    monkeypatch.setattr(sessions.time, "time", lambda: now + 35 * 3600)
    assert not is_in(client)
    assert not UserSession.objects.exists()


def test_ends_after_fourteen_days_however_busy(client, acme, sign_in, monkeypatch):
    sign_in(client, "owner@acme.example")
    now = time.time()
    for hours in range(0, 14 * 24, 8):
        monkeypatch.setattr(sessions.time, "time", lambda hours=hours: now + hours * 3600)
        assert is_in(client)
    monkeypatch.setattr(sessions.time, "time", lambda: now + 14 * 24 * 3600 + 60)
    assert not is_in(client)


def test_signing_out_everywhere_ends_every_session(acme, zen, sign_in):
    here, there, other = Client(), Client(), Client()
    for client in (here, there):
        sign_in(client, "owner@acme.example")
    sign_in(other, "owner@zen.example")
    assert here.get("/accounts/sessions/").context["session_count"] == 2
    assert here.post("/accounts/sessions/end/").status_code == 303
    assert not is_in(here)
    assert not is_in(there)
    assert is_in(other)


def test_signing_out_elsewhere_keeps_this_session(acme, sign_in):
    here, there = Client(), Client()
    for client in (here, there):
        sign_in(client, "owner@acme.example")
    here.post("/accounts/sessions/")
    assert is_in(here)
    assert not is_in(there)


def test_changing_the_password_ends_the_other_sessions(acme, sign_in):
    here, there = Client(), Client()
    for client in (here, there):
        sign_in(client, "owner@acme.example")
    new = "another battery staple"
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert is_in(here)
    assert not is_in(there)
    assert Message.objects.filter(to=["owner@acme.example"], confidential=False).exists()
    sign_in(there, "owner@acme.example")
    assert not is_in(there)
    sign_in(there, "owner@acme.example", new)
    assert is_in(there)


def test_signing_out(client, acme, sign_in):
    sign_in(client, "owner@acme.example")
    assert client.get("/accounts/logout/").status_code == 200
    assert is_in(client)
    client.post("/accounts/logout/")
    assert not is_in(client)
