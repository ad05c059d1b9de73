from django.test import Client

from simplero.mail.models import Message
from tests.conftest import PASSWORD
from tests.team.steps import NEW_PASSWORD, ask_for_reset, follow_reset


def test_by_the_link_in_the_mail(client, acme, sign_in, link):
    elsewhere = Client()
    sign_in(elsewhere, "owner@acme.example")
    assert ask_for_reset(client, "owner@acme.example").url == "/accounts/password/reset/done/"
    path = link("owner@acme.example")
    assert follow_reset(client, path).status_code == 302
    assert client.get("/me/").status_code == 302, "a new password does not sign in"
    assert elsewhere.get("/me/").status_code == 302, "sessions under the old one are over"
    sign_in(client, "owner@acme.example")
    assert client.get("/me/").status_code == 302
    sign_in(client, "owner@acme.example", NEW_PASSWORD)
    assert client.get("/me/").status_code == 200


def test_the_link_works_once(client, acme, link):
    ask_for_reset(client, "owner@acme.example")
    path = link("owner@acme.example")
    follow_reset(client, path)
    page = Client().get(path, follow=True)
    assert "This link no longer works" in page.text


def test_the_link_lives_ten_minutes(client, acme, link, settings):
    ask_for_reset(client, "owner@acme.example")
    assert settings.PASSWORD_RESET_TIMEOUT == 600
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "This link no longer works" in client.get(link("owner@acme.example"), follow=True).text


def test_opening_the_link_changes_nothing(client, acme, link, sign_in):
    ask_for_reset(client, "owner@acme.example")
    Client().get(link("owner@acme.example"), follow=True)
    sign_in(client, "owner@acme.example", PASSWORD)
    assert client.get("/me/").status_code == 200


def test_an_unknown_address_gets_the_same_answer(client, acme):
    known, unknown = ask_for_reset(client, "owner@acme.example"), ask_for_reset(client, "nobody@acme.example")
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    told = Message.objects.get(to=["nobody@acme.example"])
    assert "http" not in told.text


def test_the_mail_is_erased_once_sent(client, acme):
    ask_for_reset(client, "owner@acme.example")
    assert Message.objects.get().confidential


def test_a_weak_password_is_refused(client, acme, link, sign_in):
    ask_for_reset(client, "owner@acme.example")
    answer = follow_reset(client, link("owner@acme.example"), "password12")
    assert "too common" in answer.text
    sign_in(client, "owner@acme.example", "password12")
    assert client.get("/me/").status_code == 302


def test_not_more_than_five_mails_to_one_address(client, acme):
    for _ in range(5):
        assert ask_for_reset(client, "owner@acme.example").status_code == 302
    assert ask_for_reset(client, "owner@acme.example").status_code in (200, 429)
    assert Message.objects.count() == 5
