"""Which hosts are answered, and that a domain of a shop's own is that shop and nothing else."""

import re

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from contacts import signin
from simplero.mail.models import Message
from simplero.tenancy.models import Domain
from simplero.tenancy.scope import scope
from tests import factories

HOST = "shop.acme.example"


@pytest.fixture
def domain(acme, zen):
    Domain.objects.create(account=zen.account, host="zen.example", token="t", verified_at=timezone.now())
    Domain.objects.create(account=zen.account, host="claimed.example", token="t")
    return Domain.objects.create(account=acme.account, host=HOST, token="t", verified_at=timezone.now())


def at(host, **more):
    return Client(headers={"host": host, **more})


@pytest.mark.parametrize(
    "host",
    ["evil.example", "claimed.example", "sub.shop.acme.example", "acme.example", "shop.acme.example.evil.example", "xshop.acme.example", "testserver.evil.example", "evil.testserver", "169.254.169.254", "", "a b", "shop.acme.example/x", "shop.acme.example@evil.example", "*"],
)  # fmt: skip
def test_any_other_host_is_refused(domain, host):
    for path in ("/", "/healthz", "/accounts/login/", "/s/acme/"):
        assert at(host).get(path).status_code == 400


def test_django_alone_would_let_them_pass(domain, settings):
    """What the middleware is for: without it the settings refuse nobody."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != "simplero.web.hosts.Hosts"]
    assert at("evil.example").get("/accounts/login/").status_code == 200


def test_the_check_stands_before_everything_else(settings):
    assert settings.MIDDLEWARE[0] == "simplero.web.hosts.Hosts"


def test_proxy_headers_name_no_host(domain):
    response = at("testserver", **{"X-Forwarded-Host": HOST}).get("/colour.css")
    assert response.status_code == 404
    assert at("evil.example", **{"X-Forwarded-Host": "testserver"}).get("/healthz").status_code == 400


def test_our_own_hosts_are_exact(settings, db):
    settings.OWN_HOSTS = ["credits.example.com"]
    for host, status in [
        ("credits.example.com", 200),
        ("CREDITS.example.com:8000", 200),
        ("x.credits.example.com", 400),
    ]:
        assert at(host).get("/accounts/login/").status_code == status


def test_on_its_own_domain_there_is_the_shop_and_nothing_else(domain, acme, zen):
    shop = at(HOST)
    page = shop.get("/sign-in/")
    assert page.status_code == 200
    assert "Acme" in page.content.decode()
    assert "/s/acme" not in page.content.decode()
    for path in (
        "/accounts/login/",
        "/a/acme/contacts/",
        "/me/",
        "/outbox/",
        "/healthz",
        "/s/acme/",
        "/s/zen/",
        "/styleguide/",
    ):
        response = shop.get(path)
        assert response.status_code == 404
        assert "Acme" in response.content.decode()
    assert "Zen" in at("zen.example").get("/sign-in/").content.decode()


def test_being_staff_is_nothing_there(domain, acme):
    shop = at(HOST)
    shop.force_login(acme.owner)
    response = shop.get("/account/")
    assert (response.status_code, response["Location"]) == (303, "/sign-in/?next=%2Faccount%2F")


def test_one_signs_in_there(domain, acme):
    factories.contact(acme, "Ann Lee", email="ann@example.com")
    shop = Client(enforce_csrf_checks=True, headers={"host": HOST})

    def post(path, **data):
        return shop.post(path, {**data, "csrfmiddlewaretoken": shop.cookies["csrf"].value})

    shop.get("/sign-in/", {"next": "/account/credits/"})
    assert post("/sign-in/", email="ann@example.com", next="/account/credits/")["Location"] == "/sign-in/code/"
    text = Message.objects.get().text
    assert f"http://{HOST}/sign-in/link/?token=" in text
    shop.get("/sign-in/code/")
    response = post("/sign-in/code/", code=re.search(r"\d{3} \d{3}", text)[0])
    assert response["Location"] == "/account/credits/"
    assert shop.cookies["customer"]["path"] == "/"
    assert not shop.cookies["customer"]["domain"]
    assert shop.get("/account/").status_code == 200
    response = post("/sign-out/")
    assert response["Location"] == "/"
    assert shop.get("/account/").status_code == 303


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/\\evil.example", "https://evil.example/", "/../x", "http://shop.acme.example/"]
)
def test_one_goes_on_nowhere_else(domain, acme, path):
    shop = at(HOST)
    with scope(acme.account):
        shop.cookies["customer"] = signin.begin_session(account=acme.account, contact=acme.contact)
    assert shop.get("/sign-in/", {"next": path})["Location"] == "/account/"
    assert shop.get("/sign-in/", {"next": "/p/pack/?quantity=2"})["Location"] == "/p/pack/?quantity=2"


def test_a_session_of_one_shop_is_nothing_in_the_other(domain, acme, zen):
    with scope(acme.account):
        token = signin.begin_session(account=acme.account, contact=acme.contact)
    there = at("zen.example")
    there.cookies["customer"] = token
    assert there.get("/account/").status_code == 303


def test_a_form_of_another_site_is_refused(domain, acme):
    shop = Client(enforce_csrf_checks=True, headers={"host": HOST, "origin": "https://evil.example"})
    shop.get("/sign-in/")
    data = {"email": "ann@example.com", "csrfmiddlewaretoken": shop.cookies["csrf"].value}
    assert shop.post("/sign-in/", data).status_code == 403
    data["csrfmiddlewaretoken"] = shop.cookies["csrf"].value
    assert shop.post("/sign-in/", data, headers={"origin": f"http://{HOST}"}).status_code == 303


def test_behind_tls_cookies_are_bound_to_the_host(domain, acme, settings):
    settings.SECURE = True
    for client, path, names in [
        (at(HOST), "/sign-in/", {"__Host-visitor", "__Host-asked"}),
        (Client(), "/s/acme/sign-in/", {"__Host-visitor-acme", "__Host-asked-acme"}),
    ]:
        response = client.post(path, {"email": "ann@example.com"}, secure=True)
        assert names <= set(response.cookies)
        for name in names:
            cookie = response.cookies[name]
            assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (
                True,
                True,
                "Lax",
                "/",
                "",
            )


def test_what_else_stands_under_their_domain_is_not_ours_to_decide(domain, settings):
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS, settings.SECURE_HSTS_PRELOAD = (
        1000,
        True,
        True,
    )
    assert at(HOST).get("/sign-in/", secure=True)["Strict-Transport-Security"] == "max-age=1000"
    ours = at("testserver").get("/accounts/login/", secure=True)["Strict-Transport-Security"]
    assert ours == "max-age=1000; includeSubDomains; preload"


def test_looking_for_a_host_costs_one_query(domain, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert at("evil.example").get("/").status_code == 400
    with django_assert_num_queries(1):
        assert at(HOST).get("/colour.css").status_code == 200


def test_the_system_check_has_nothing_to_say(db, capsys):
    call_command("check", fail_level="WARNING")
    assert "no issues" in capsys.readouterr().out
