"""Signing in by mail: one use, ten minutes, one browser, and nothing that tells strangers who is a customer."""

import re
import time
from dataclasses import replace
from datetime import timedelta
from statistics import median
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from contacts import services as contacts
from contacts.directory import Details
from contacts.models import CustomerSession, Letter, SignIn
from contacts.tasks import sweep_every_account
from simplero.mail.models import Message
from simplero.tenancy.scope import now, scope
from tests import factories

ASK = "/s/acme/sign-in/"
CODE = "/s/acme/sign-in/code/"
ANN = "ann.lee@example.com"


@pytest.fixture
def ann(acme):
    return factories.contact(acme, "Ann Lee", email=ANN)


def ask(browser, email=ANN, url=ASK, **more):
    return browser.post(url, {"email": email, **more})


def link():
    """The path of the link in the newest mail."""
    url = urlsplit(re.search(r"http://\S+", Message.objects.latest("pk").text)[0])
    return f"{url.path}?{url.query}"


def code():
    return re.search(r"\b(\d{3} \d{3})\b", Message.objects.latest("pk").text)[1]


def press(browser, path):
    """The button on the page behind a link."""
    return browser.post(path.partition("?")[0], {"token": parse_qs(path.partition("?")[2])["token"][0]})


def is_in(browser, slug="acme"):
    return browser.get(f"/s/{slug}/account/").status_code == 200


def rows(world, model):
    with scope(world.account, read_only=True):
        return model.objects.count()


def test_by_the_link(acme, ann):
    browser = Client()
    assert "ann.lee" not in browser.get(ASK).content.decode()
    response = ask(browser)
    assert (response.status_code, response["Location"]) == (303, CODE)
    assert response.cookies["visitor-acme"]["httponly"]
    assert response.cookies["visitor-acme"]["samesite"] == "Lax"
    assert ANN in browser.get(CODE).content.decode()
    assert not is_in(browser)
    page = browser.get(link())
    assert page.status_code == 200
    assert "no-cache" in page["Cache-Control"]
    response = press(browser, link())
    assert (response.status_code, response["Location"]) == (303, "/s/acme/account/")
    assert is_in(browser)
    assert "no-store" in response["Cache-Control"]


def test_by_the_code(acme, ann):
    browser = Client()
    ask(browser)
    response = browser.post(CODE, {"code": f" {code()} "})
    assert (response.status_code, response["Location"]) == (303, "/s/acme/account/")
    assert is_in(browser)


def test_the_mail_is_a_secret_letter_to_the_customer(acme, ann):
    ask(Client())
    message = Message.objects.get()
    assert (message.to, message.confidential) == ([ANN], True)
    assert "Acme" in message.subject
    with scope(acme.account, read_only=True):
        wish, letter = SignIn.objects.get(), Letter.objects.get()
    assert (letter.kind, letter.contact_id, letter.message) == ("sign_in", ann.pk, message.public_id)
    stored = str({**wish.__dict__, **letter.__dict__})
    for secret in (code(), code().replace(" ", ""), parse_qs(urlsplit(link()).query)["token"][0], ANN, "127.0.0.1"):
        assert secret not in stored


def test_opening_the_link_uses_nothing_up(acme, ann):
    browser = Client()
    ask(browser)
    for scanner in (Client(), browser):
        for verb in ("get", "head", "options"):
            getattr(scanner, verb)(link())
    assert rows(acme, CustomerSession) == 0
    assert press(browser, link()).status_code == 303
    assert is_in(browser)


def test_the_link_works_once(acme, ann):
    browser = Client()
    ask(browser)
    press(browser, link())
    browser.post("/s/acme/sign-out/")
    assert press(browser, link()).status_code == 404
    assert browser.get(link()).status_code == 404
    assert browser.post(CODE, {"code": code()}).status_code == 409
    assert not is_in(browser)


def test_another_browser_is_told_where_the_link_works(acme, ann):
    browser, other = Client(), Client()
    ask(browser)
    page = other.get(link())
    assert page.status_code == 409
    assert "in the browser where you asked, or type the code" in page.content.decode()
    assert press(other, link()).status_code == 409
    assert other.post(CODE, {"code": code()}).status_code == 409  # the code belongs to the browser too
    assert not is_in(other)
    assert rows(acme, CustomerSession) == 0
    press(browser, link())
    assert is_in(browser)


def test_ten_minutes(acme, ann, at):
    browser = Client()
    ask(browser)
    with scope(acme.account, read_only=True):
        asked = SignIn.objects.get().created_at
    at(asked + timedelta(minutes=10, seconds=1))
    assert press(browser, link()).status_code == 404
    assert browser.post(CODE, {"code": code()}).status_code == 409
    assert not is_in(browser)
    at(asked + timedelta(minutes=9, seconds=59))
    assert press(browser, link()).status_code == 303


def test_five_wrong_codes_end_it(acme, ann):
    browser = Client()
    ask(browser)
    right = code().replace(" ", "")
    wrong = f"{(int(right) + 1) % 10**6:06}"
    for _ in range(4):
        assert browser.post(CODE, {"code": wrong}).status_code == 409
    other = Client()
    ask(other)  # somebody else's wrong codes are not counted here
    assert other.post(CODE, {"code": code()}).status_code == 303
    assert browser.post(CODE, {"code": wrong}).status_code == 409
    page = browser.post(CODE, {"code": right})
    assert page.status_code == 409
    assert "too many wrong codes" in page.content.decode()
    assert not is_in(browser)


def test_four_wrong_codes_do_not(acme, ann):
    browser = Client()
    ask(browser)
    for _ in range(4):
        browser.post(CODE, {"code": "not a code"})
    assert browser.post(CODE, {"code": code()}).status_code == 303


def test_the_sixth_mail_in_an_hour_is_not_sent(acme, zen, ann, at):
    factories.contact(zen, "Ann Lee", email=ANN)
    with scope(acme.account):
        began = now()
    for minutes in range(5):
        at(began + timedelta(minutes=minutes))
        assert ask(Client(), email=ANN.upper()).status_code == 303
    response = ask(Client())
    assert response.status_code == 429
    assert "wait an hour" in response.content.decode()
    assert (Message.objects.count(), rows(acme, SignIn), rows(acme, Letter)) == (5, 5, 5)
    assert ask(Client(), url="/s/zen/sign-in/").status_code == 303  # another shop has counted nothing
    at(began + timedelta(minutes=61))
    assert ask(Client()).status_code == 303


def test_an_unknown_address_is_limited_alike(acme, ann):
    for _ in range(5):
        assert ask(Client(), email="nobody@example.com").status_code == 303
    assert ask(Client(), email="nobody@example.com").status_code == 429
    assert ask(Client()).status_code == 303


@pytest.mark.parametrize("email", [ANN, "nobody@example.com"])
def test_nobody_keeps_another_from_signing_in(acme, ann, email):
    """Whoever asks in somebody's name uses up their own share; twenty in all, known address or not."""
    for _ in range(5):
        assert ask(Client(REMOTE_ADDR="192.0.2.1"), email=email).status_code == 303
    assert ask(Client(REMOTE_ADDR="192.0.2.1"), email=email).status_code == 429
    here = Client(REMOTE_ADDR="192.0.2.2")
    assert ask(here, email=email).status_code == 303
    if email == ANN:
        assert here.post(CODE, {"code": code()}).status_code == 303
    for number in range(14):
        assert ask(Client(REMOTE_ADDR=f"198.51.100.{number}"), email=email).status_code == 303
    assert ask(Client(REMOTE_ADDR="203.0.113.1"), email=email).status_code == 429
    assert rows(acme, SignIn) == 20


def test_a_browser_that_moves_about_is_one(acme, ann):
    browser = Client()
    for number in range(5):
        assert ask(browser).status_code == 303
        browser.defaults["REMOTE_ADDR"] = f"198.51.100.{number}"
    browser.defaults["REMOTE_ADDR"] = "203.0.113.1"
    assert ask(browser).status_code == 429
    assert rows(acme, SignIn) == 5


@pytest.mark.parametrize("proxies", [0, 1])
def test_forged_proxy_headers_do_not_move_the_limit(acme, ann, settings, monkeypatch, proxies):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    monkeypatch.setattr("contacts.signin.PER_ORIGIN", 3)

    def from_there(number):
        forged = f"203.0.113.{number}, 198.51.100.7" if proxies else f"203.0.113.{number}"
        headers = {
            "X-Forwarded-For": forged,
            "X-Real-IP": f"203.0.113.{number}",
            "Forwarded": f"for=203.0.113.{number}",
        }
        return Client(headers=headers).post(ASK, {"email": f"{number}@example.com"}).status_code

    assert [from_there(number) for number in range(4)] == [303, 303, 303, 429]
    elsewhere = {"headers": {"X-Forwarded-For": "192.0.2.1"}} if proxies else {"REMOTE_ADDR": "192.0.2.1"}
    assert Client(**elsewhere).post(ASK, {"email": "5@example.com"}).status_code == 303


def test_known_and_unknown_get_the_same_answer(acme, ann):
    pages = {}
    for email in (ANN, "nob.ody@example.com"):
        browser = Client()
        response = ask(browser, email=email)
        page = browser.get(CODE)
        wrong = browser.post(CODE, {"code": "1"})
        pages[email] = [
            response.status_code,
            response["Location"],
            sorted(response.cookies),
            page.status_code,
            *[
                re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")\w+', "", answer.content.decode()).replace(
                    email, "…"
                )
                for answer in (page, wrong)
            ],
        ]
    assert pages[ANN] == pages["nob.ody@example.com"]
    assert (Message.objects.count(), rows(acme, Letter)) == (1, 1)


def test_known_and_unknown_take_as_long(acme, zen):
    """Medians of a hundred each, in turn, so that whatever else the machine does falls on both."""
    for number in range(100):
        factories.contact(acme, f"Known {number}", email=f"known{number}@example.com")
    browser, took = Client(), {"known": [], "unknown": []}
    browser.get(ASK)
    for number in range(100):
        for kind in took:
            before = time.perf_counter()
            response = browser.post(
                ASK, {"email": f"{kind}{number}@example.com"}, REMOTE_ADDR=f"10.0.{number // 20}.{len(kind)}"
            )
            took[kind].append(time.perf_counter() - before)
            assert response.status_code == 303
    assert Message.objects.count() == 100
    assert abs(median(took["known"]) - median(took["unknown"])) < 0.020


def test_a_letter_to_nobody_leaves_nothing(acme, ann):
    ask(Client(), email="nobody@example.com")
    assert (Message.objects.count(), rows(acme, Letter), rows(acme, SignIn)) == (0, 0, 1)
    with scope(acme.account, read_only=True):
        assert SignIn.objects.get().contact_id is None


def test_an_address_of_the_other_shop_is_unknown_here(acme, zen, ann):
    assert ask(Client(), url="/s/zen/sign-in/").status_code == 303
    assert Message.objects.count() == 0


def test_a_link_of_one_shop_is_nothing_in_the_other(acme, zen, ann):
    browser = Client()
    ask(browser)
    there = link().replace("/s/acme/", "/s/zen/")
    browser.cookies["visitor-zen"] = browser.cookies["visitor-acme"].value
    assert browser.get(there).status_code == 404
    assert press(browser, there).status_code == 404
    assert browser.post("/s/zen/sign-in/code/", {"code": code()}).status_code == 409
    assert not is_in(browser, "zen")


def edit(world, contact, **changed):
    with scope(world.account):
        contact.refresh_from_db()
        details = Details.of(contact)
        contacts.edit_contact(
            account=world.account,
            contact=contact,
            details=replace(details, **changed),
            seen=details.seal,
            actor=world.actor,
        )


def test_a_changed_address_makes_old_links_useless(acme, ann):
    browser = Client()
    ask(browser)
    edit(acme, ann, email="new@example.com")
    assert press(browser, link()).status_code == 404
    assert browser.post(CODE, {"code": code()}).status_code == 409
    assert not is_in(browser)


def test_a_changed_address_signs_out_whoever_came_by_the_old_one(acme, ann):
    browser = Client()
    ask(browser)
    browser.post(CODE, {"code": code()})
    edit(acme, ann, phone="+45 12 34 56 78")
    assert is_in(browser)
    edit(acme, ann, email="new@example.com")
    assert not is_in(browser)


def test_signing_in_changes_the_token(acme, ann):
    browser = Client()
    browser.cookies["customer-acme"] = "a" * 43  # planted by somebody who knows it
    ask(browser)
    browser.post(CODE, {"code": code()})
    first = browser.cookies["customer-acme"].value
    assert first != "a" * 43
    csrf = browser.cookies["csrf"].value
    ask(browser := Client())
    browser.get(CODE)
    browser.post(CODE, {"code": code()})
    assert browser.cookies["customer-acme"].value != first
    assert browser.cookies["csrf"].value != csrf


@pytest.mark.parametrize("path", ["p/pack/?quantity=3&price=1", "account/credits/", "p/a%20b/#prices"])
def test_one_goes_on_where_one_was(acme, ann, path):
    browser = Client()
    page = browser.get(ASK, {"next": f"/s/acme/{path}"})
    ask(browser, next=page.context["form"]["next"].value())
    assert browser.post(CODE, {"code": code()})["Location"] == f"/s/acme/{path}"


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example/s/acme/",
        "/\\evil.example",
        "/s/acme/\\..\\..\\evil",
        "javascript:alert(1)",
        "/accounts/logout/",
        "/s/zen/",
        "/s/acme",
        "/s/acmezen/",
        "/s/acme/../zen/",
        "/s/acme/%2e%2e/zen/",
        "/s/acme/%2E./%2e./accounts/logout/",
        "/s/acme//evil.example",
        "/s/acme/\r\nSet-Cookie: a=b",
        "/s/acme/" + "x" * 501,
        "p/pack/",
        "http://testserver/s/acme/",
    ],
)
def test_one_goes_on_nowhere_else(acme, zen, ann, path):
    browser = Client()
    ask(browser, next=path)
    assert browser.post(CODE, {"code": code()})["Location"] == "/s/acme/account/"
    response = browser.get(ASK, {"next": path})
    assert (response.status_code, response["Location"]) == (303, "/s/acme/account/")


@pytest.mark.parametrize(
    "email", ["", "ann", "a@b", "ann@example.com\r\nBcc: eve@example.com", "x" * 250 + "@example.com"]
)
def test_what_is_no_address_is_said_to_be_none(acme, ann, email):
    assert ask(Client(), email=email).status_code == 422
    assert (Message.objects.count(), rows(acme, SignIn)) == (0, 0)


def test_without_the_form_of_this_page_nothing_happens(acme, ann):
    browser = Client(enforce_csrf_checks=True)
    assert ask(browser).status_code == 403
    assert rows(acme, SignIn) == 0


def test_what_is_old_is_swept(acme, zen, ann, at):
    browser = Client()
    ask(browser)
    browser.post(CODE, {"code": code()})
    with scope(acme.account):
        began = now()
    sweep_every_account()
    assert (rows(acme, SignIn), rows(acme, CustomerSession)) == (1, 1)
    at(began + timedelta(days=2))
    sweep_every_account()
    assert (rows(acme, SignIn), rows(acme, CustomerSession)) == (0, 1)
    at(began + timedelta(days=31))
    sweep_every_account()
    assert rows(acme, CustomerSession) == 0
