"""Settings → Storefront: logo, colour, and the domain of a shop's own."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from simplero.lib import hosts
from simplero.outbox.models import Event
from simplero.pictures.models import Picture
from simplero.team import tasks
from simplero.tenancy.models import Account, Domain
from simplero.tenancy.scope import now, scope
from tests import nameserver

PAGE = "/a/acme/settings/storefront/"
HOST = "shop.acme.example"


@pytest.fixture
def names(settings):
    with nameserver.running() as server:
        settings.DNS_SERVER = server.address
        yield server


@pytest.fixture
def admin(acme):
    client = Client()
    client.force_login(acme.admin)
    return client


@pytest.fixture
def stranger(zen):
    client = Client()
    client.force_login(zen.owner)
    return client


def picture(colour=(20, 60, 90), kind="PNG"):
    out = BytesIO()
    Image.new("RGB", (60, 20), colour).save(out, kind)
    return SimpleUploadedFile("logo.png", out.getvalue(), "image/png")


def account():
    return Account.objects.get(slug="acme")


def pictures(world):
    with scope(world.account, read_only=True):
        return list(Picture.objects.values_list("public_id", flat=True))


def events(world):
    with scope(world.account, read_only=True):
        return list(Event.objects.order_by("pk").values_list("kind", "body"))


def test_a_colour_of_ones_own(acme, admin):
    assert admin.post(PAGE, {"own_colour": "on", "colour": "#2F6B4F"}).status_code == 303
    assert account().colour == "#2f6b4f"
    assert events(acme) == [("storefront.dressed", {"changed": ["colour"]})]
    assert admin.post(PAGE, {"own_colour": "on", "colour": "#2f6b4f"}).status_code == 303
    assert len(events(acme)) == 1  # nothing changed, nothing told
    assert admin.post(PAGE, {"colour": "#2f6b4f"}).status_code == 303
    assert account().colour == ""


@pytest.mark.parametrize("colour", ["", "red", "#fff", "#12345g", "#123456;}", "var(--x)", "#1234567"])
def test_what_is_no_colour_is_refused(acme, admin, colour):
    assert admin.post(PAGE, {"own_colour": "on", "colour": colour}).status_code == 422
    assert account().colour == ""
    assert events(acme) == []


def test_a_logo_takes_the_place_of_the_one_before(acme, zen, admin):
    admin.post(PAGE, {"logo": picture()})
    first = account().logo
    page = Client().get("/s/acme/nowhere-at-all").status_code, Client().get(f"/s/acme/pictures/{first}")
    assert page[0] == 404
    assert page[1]["Content-Type"] == "image/webp"
    admin.post(PAGE, {"logo": picture((200, 0, 0))})
    second = account().logo
    assert pictures(acme) == [second] != [first]
    assert Client().get(f"/s/acme/pictures/{first}").status_code == 404
    admin.post(PAGE, {})
    assert account().logo == second  # none chosen leaves it
    admin.post(PAGE, {"without_logo": "on"})
    assert account().logo is None
    assert pictures(acme) == pictures(zen) == []


def test_what_is_no_picture_is_refused(acme, admin):
    response = admin.post(PAGE, {"logo": SimpleUploadedFile("x.png", b"<svg onload=alert(1)>", "image/png")})
    assert response.status_code == 422
    assert "Choose a JPEG, PNG" in response.content.decode()
    assert account().logo is None
    assert pictures(acme) == []


def test_an_upload_too_large_for_any_form_is_not_read(acme, admin, monkeypatch):
    monkeypatch.setattr("simplero.web.uploads.MOST", 1000)
    for client, url in ((Client(), "/s/acme/sign-in/"), (admin, PAGE)):
        assert client.post(url, {"logo": SimpleUploadedFile("x.png", b"x" * 2000)}).status_code in {400, 413}
    assert account().logo is None


def test_other_fields_are_not_smuggled_in(acme, admin):
    admin.post(PAGE, {"name": "x", "slug": "x", "currency": "USD", "logo": "5", "second_factor_required": "on"})
    kept = account()
    assert (kept.name, kept.currency, kept.second_factor_required) == ("Acme", "EUR", False)


# The domain.


def add(client, host=HOST, slug="acme"):
    response = client.post(f"/a/{slug}/settings/storefront/domains/add", {"host": host})
    return response, Domain.objects.filter(account__slug=slug).order_by("pk").last()


def check(client, domain, slug="acme"):
    client.post(f"/a/{slug}/settings/storefront/domains/{domain.public_id}/check")
    domain.refresh_from_db()
    return " ".join(str(message) for message in client.get(f"/a/{slug}/settings/storefront/").context["messages"])


def is_served(host=HOST):
    return Client(headers={"host": host}).get("/colour.css").status_code == 200


def test_a_domain_is_proven_by_its_record(acme, admin, names):
    response, domain = add(admin)
    assert response.status_code == 303
    page = admin.get(PAGE).content.decode()
    for words in (f"_simplero.{HOST}", domain.token, "CNAME", "testserver", "Not proven yet"):
        assert words in page
    assert not is_served()
    assert "no TXT record" in check(admin, domain)
    assert not is_served()
    names.records[f"_simplero.{HOST}"] = ["something else", domain.token]
    assert "is yours" in check(admin, domain)
    assert domain.verified_at is not None
    assert is_served()
    assert is_served(HOST.upper())
    assert is_served(f"{HOST}:8443")
    assert [kind for kind, _ in events(acme)] == ["domain.claimed", "domain.proven"]


@pytest.mark.parametrize(
    ("record", "said"), [(["x"], "something else"), ([], "no TXT record"), (None, "no TXT record")]
)
def test_another_record_proves_nothing(acme, admin, names, record, said):
    _, domain = add(admin)
    if record is not None:
        names.records[f"_simplero.{HOST}"] = record
    assert said in check(admin, domain)
    assert domain.verified_at is None


def test_part_of_the_token_proves_nothing(acme, admin, names):
    _, domain = add(admin)
    names.records[f"_simplero.{HOST}"] = [domain.token[:-1], f"{domain.token}x", domain.token.lower()]
    check(admin, domain)
    assert domain.verified_at is None


@pytest.mark.parametrize("trouble", ["silent", "broken"])
def test_name_servers_that_do_not_answer_prove_nothing(acme, admin, names, trouble, monkeypatch):
    monkeypatch.setattr(hosts, "PATIENCE", 0.3)
    _, domain = add(admin)
    names.records[f"_simplero.{HOST}"] = [domain.token]
    setattr(names, trouble, True)
    assert "did not answer" in check(admin, domain)
    assert domain.verified_at is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Shop.Acme.Example", HOST),
        (" https://shop.acme.example/products?x=1 ", HOST),
        ("shop.acme.example.", HOST),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_a_host_is_kept_in_one_spelling(acme, admin, typed, kept):
    _, domain = add(admin, typed)
    assert domain.host == kept
    add(admin, typed)
    assert Domain.objects.count() == 1


@pytest.mark.parametrize(
    "typed",
    ["", "shop", "localhost", "127.0.0.1", "[::1]", "a b.example", "shop_x.example", "-a.example", "a..example", "*.example.com", "x" * 64 + ".example", "a." * 130 + "example", "shop.example/evil", "shop.example:80", "testserver"],
)  # fmt: skip
def test_what_is_no_host_of_theirs_is_refused(acme, admin, typed):
    response, domain = add(admin, typed)
    assert response.status_code in {409, 422}
    assert domain is None
    assert events(acme) == []


def test_our_own_host_is_nobodys(acme, admin, settings):
    settings.OWN_HOSTS = ["testserver", "credits.example.com"]
    response, domain = add(admin, "credits.example.com")
    assert response.status_code == 409
    assert domain is None


def test_not_more_than_five(acme, admin):
    for number in range(5):
        add(admin, f"shop{number}.acme.example")
    response, _ = add(admin, "one-more.acme.example")
    assert response.status_code == 409
    assert Domain.objects.count() == 5


def test_a_claim_keeps_nobody_out(acme, zen, admin, stranger, names):
    _, squatted = add(admin)
    _, domain = add(stranger, slug="zen")
    assert squatted.token != domain.token
    names.records[f"_simplero.{HOST}"] = [domain.token]
    assert "is yours" in check(stranger, domain, "zen")
    assert "something else" in check(admin, squatted)
    assert squatted.verified_at is None


def test_a_proven_host_goes_over_when_the_record_has(acme, zen, admin, stranger, names):
    _, old = add(admin)
    _, new = add(stranger, slug="zen")
    names.records[f"_simplero.{HOST}"] = [old.token]
    check(admin, old)
    names.records[f"_simplero.{HOST}"] = [old.token, new.token]
    assert "still there" in check(stranger, new, "zen")
    old.refresh_from_db()
    assert (old.verified_at is None, new.verified_at) == (False, None)
    names.records[f"_simplero.{HOST}"] = [new.token]
    assert "is yours" in check(stranger, new, "zen")
    old.refresh_from_db()
    assert (old.verified_at, new.verified_at is None) == (None, False)


def test_a_domain_is_given_up_a_week_after_its_record_is_gone(acme, admin, names, at, monkeypatch):
    """A name that still points here while somebody else may have it now: without the record it is nobody's."""
    monkeypatch.setattr(tasks.check_domain, "delay", tasks.check_domain)
    _, domain = add(admin)
    names.records[f"_simplero.{HOST}"] = [domain.token]
    check(admin, domain)
    with scope(acme.account):
        began = now()
    del names.records[f"_simplero.{HOST}"]
    for days, served in [(1, True), (4, True), (7.9, True), (8.1, False)]:
        at(began + timedelta(days=days))
        tasks.check_every_domain.run()  # two of them may be of one day, whose turn is taken once
        assert is_served() is served
        if served:
            assert "Record missing" in admin.get(PAGE).content.decode()
    assert [kind for kind, _ in events(acme)] == ["domain.claimed", "domain.proven", "domain.released"]
    names.records[f"_simplero.{HOST}"] = [domain.token]
    tasks.check_every_domain()
    assert not is_served()  # proven again by somebody who asks for it
    check(admin, domain)
    assert is_served()


def test_a_record_that_comes_back_in_time_keeps_it(acme, admin, names, at, monkeypatch):
    monkeypatch.setattr(tasks.check_domain, "delay", tasks.check_domain)
    monkeypatch.setattr(hosts, "PATIENCE", 0.3)
    _, domain = add(admin)
    names.records[f"_simplero.{HOST}"] = [domain.token]
    check(admin, domain)
    with scope(acme.account):
        began = now()
    for days, broken in [(1, True), (6, True), (7, False), (9, True), (15, True)]:
        at(began + timedelta(days=days))
        names.broken = broken
        tasks.check_every_domain()
        assert is_served()


def test_removed_it_is_gone_at_once(acme, admin, names):
    _, domain = add(admin)
    names.records[f"_simplero.{HOST}"] = [domain.token]
    check(admin, domain)
    remove = f"/a/acme/settings/storefront/domains/{domain.public_id}/remove"
    assert admin.post(remove).status_code == 303
    assert not is_served()
    assert admin.post(remove).status_code == 404
    tasks.check_domain(domain_id=domain.pk)  # a job that was on its way


def test_a_strangers_domain_is_not_there(acme, zen, admin, stranger, names):
    _, domain = add(admin)
    names.records[f"_simplero.{HOST}"] = [domain.token]
    for verb in ("check", "remove"):
        for slug in ("acme", "zen"):
            url = f"/a/{slug}/settings/storefront/domains/{domain.public_id}/{verb}"
            assert stranger.post(url).status_code == 404
    domain.refresh_from_db()
    assert domain.verified_at is None
    assert names.asked == []


def test_assistants_have_nothing_to_do_here(acme):
    client = Client()
    client.force_login(acme.assistant)
    assert client.get(PAGE).status_code == 404
    assert add(client)[1] is None
