import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError
from django.test import Client

from simplero.mail.models import Message
from simplero.outbox.models import Event
from simplero.team import errors, services
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Account, Membership, User
from simplero.tenancy.scope import scope
from tests.conftest import PASSWORD
from tests.team.steps import in_threads

ANSWERS = {
    "name": "Ada Berg",
    "email": "Ada@Berg.example",
    "password1": PASSWORD,
    "account_name": "Berg & Søn",
    "time_zone": "Europe/Oslo",
    "currency": "NOK",
}


def sign_up(client, **changed):
    return client.post("/accounts/signup/", {**ANSWERS, **changed})


def test_makes_person_and_business_and_signs_in(client, db, link):
    assert client.get("/accounts/signup/").status_code == 200
    assert sign_up(client).status_code == 302
    membership = Membership.objects.select_related("user", "account").get()
    account = membership.account
    assert (membership.role, membership.user.email, membership.user.name) == ("owner", "ada@berg.example", "Ada Berg")
    assert (account.name, account.slug, account.time_zone, account.currency) == (
        "Berg & Søn",
        "berg-son",
        "Europe/Oslo",
        "NOK",
    )
    assert client.get("/").url == "/a/berg-son/"
    with scope(account, read_only=True):
        opened = Event.objects.get()
    assert (opened.kind, opened.actor_id) == ("account.opened", membership.user_id)
    assert not EmailAddress.objects.get().verified
    path = link("ada@berg.example")
    assert client.get(path).status_code == 200
    assert not EmailAddress.objects.get().verified, "opening the link is not confirming"
    client.post(path)
    assert EmailAddress.objects.get().verified


@pytest.mark.parametrize("missing", ANSWERS)
def test_every_answer_is_needed(client, db, missing):
    answer = sign_up(client, **{missing: ""})
    assert answer.context["form"].errors.keys() == {missing}
    assert not User.objects.exists()
    assert not Account.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("currency", "XXX"),
        ("currency", "DEM"),
        ("password1", "short"),
        ("password1", "password12"),
        ("email", "ada"),
        ("account_name", "x" * 121),
    ],
)
def test_wrong_answers_are_refused(client, db, field, value):
    assert field in sign_up(client, **{field: value}).context["form"].errors
    assert not User.objects.exists()


def test_nothing_is_guessed(client, db):
    form = client.get("/accounts/signup/").context["form"]
    assert not form["time_zone"].value()
    assert not form["currency"].value()


def test_fields_nobody_asked_for_change_nothing(client, acme):
    sign_up(client, role="assistant", slug="acme", account="1", is_active="", is_superuser="on", user="1")
    membership = Membership.objects.get(user__email="ada@berg.example")
    assert (membership.role, membership.account.slug) == ("owner", "berg-son")


def test_a_known_address_is_told_to_sign_in(client, acme):
    answer = sign_up(client, email="OWNER@acme.example")
    assert "Sign in instead" in str(answer.context["form"].errors) or "already" in str(answer.context["form"].errors)
    assert User.objects.count() == 3
    assert Account.objects.count() == 1


def test_the_same_name_gets_the_next_address(db):
    slugs = []
    for number in range(4):
        client = Client()
        sign_up(client, email=f"p{number}@x.example", account_name="Studio")
        slugs.append(Membership.objects.get(user__email=f"p{number}@x.example").account.slug)
    assert slugs == ["studio", "studio-2", "studio-3", "studio-4"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Admin", "admin-2"), ("new", "new-2"), ("日本", "account"), ("!!!", "account"), ("A  b\r\nBcc: c", "a-b-bcc-c")],
)
def test_addresses_are_readable_and_not_ours(client, db, name, slug):
    sign_up(client, account_name=name)
    account = Account.objects.get()
    assert account.slug in (slug, f"{slug}-2")
    assert "\n" not in account.name
    assert account.slug not in services.RESERVED_SLUGS


@pytest.mark.django_db(transaction=True)
def test_two_businesses_of_one_name_at_once():
    def one(number):
        account_id = services.next_account_id()
        with scope(account_id):
            return services.sign_up(
                account_id=account_id,
                email=f"p{number}@x.example",
                password=PASSWORD,
                name="P",
                account_name="Studio",
                time_zone="UTC",
                currency="EUR",
            )[1].slug

    slugs = in_threads(*[lambda number=number: one(number) for number in range(6)])
    assert sorted(slugs) == ["studio", "studio-2", "studio-3", "studio-4", "studio-5", "studio-6"]


@pytest.mark.django_db(transaction=True)
def test_one_address_twice_at_once_makes_one_person_and_one_business():
    answers = in_threads(*[lambda: sign_up(Client()) for _ in range(2)])
    assert {answer.status_code for answer in answers} <= {200, 302}
    assert User.objects.count() == 1
    assert Account.objects.count() == 1
    assert Membership.objects.count() == 1


def test_a_second_business_of_the_same_person(client, acme):
    client.force_login(acme.assistant)
    values = {"account_name": "Side", "time_zone": "UTC", "currency": "EUR"}
    assert client.get("/me/new/").status_code == 200
    assert client.post("/me/new/", {**values, "currency": ""}).status_code == 422
    answer = client.post("/me/new/", values)
    assert (answer.status_code, answer["Location"]) == (303, "/a/side/")
    assert Membership.objects.get(account__slug="side").user == acme.assistant


def test_no_mail_can_be_smuggled_into(client, db):
    sign_up(client, name="Ada\r\nBcc: x@evil.example", email="ada@berg.example")
    for message in Message.objects.all():
        assert message.to == ["ada@berg.example"]
        assert "\n" not in message.subject


SIDE = {"account_name": "Side", "time_zone": "UTC", "currency": "EUR"}


def test_one_form_opens_one_business(client, acme):
    client.force_login(acme.assistant)
    key = client.get("/me/new/").context["form"]["key"].value()
    answers = [client.post("/me/new/", {**SIDE, "key": key}) for _ in range(2)]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(303, "/a/side/")] * 2
    assert Account.objects.count() == 2
    changed = client.post("/me/new/", {**SIDE, "account_name": "Other", "key": key})
    assert changed.status_code == 409
    assert "Reload the page to open another business" in changed.text
    another = client.get("/me/new/").context["form"]["key"].value()
    assert client.post("/me/new/", {**SIDE, "key": another})["Location"] == "/a/side-2/"


def test_somebody_elses_form_tells_nothing(client, acme, zen):
    client.force_login(acme.assistant)
    key = client.get("/me/new/").context["form"]["key"].value()
    client.post("/me/new/", {**SIDE, "key": key})
    client.force_login(zen.assistant)
    answer = client.post("/me/new/", {**SIDE, "key": key})
    assert answer.status_code == 409
    assert "/a/side/" not in answer.text
    assert not Membership.objects.filter(user=zen.assistant).exclude(account=zen.account).exists()


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_twice_at_once_opens_one_business(acme):
    def click():
        client = Client()
        client.force_login(acme.owner)
        return client.post("/me/new/", {**SIDE, "key": "7d3e4ad1-54c5-4b4c-8f59-2c1d0d1f5a11"})["Location"]

    assert in_threads(click, click) == ["/a/side/"] * 2
    assert Account.objects.count() == 2


def test_the_sign_up_form_sent_again_signs_in_to_the_same(db):
    key = Client().get("/accounts/signup/").context["form"]["key"].value()
    for client in (Client(), Client()):
        assert sign_up(client, key=key).status_code == 302
        assert client.get("/").url == "/a/berg-son/"
    assert User.objects.count() == Account.objects.count() == 1
    assert Message.objects.count() == 1
    for changed in (
        {"password1": "another battery staple"},
        {"key": ""},
        {"key": "7d3e4ad1-54c5-4b4c-8f59-2c1d0d1f5a11"},
    ):
        client = Client()
        assert sign_up(client, **{"key": key, **changed}).status_code == 200
        assert client.get("/me/").status_code == 302


def test_only_a_taken_address_is_tried_anew(acme):
    """Another conflict used to be tried again for ever."""
    with scope(acme.account), pytest.raises(IntegrityError):
        services.open_account(
            account_id=acme.account.pk, owner=acme.owner, name="Again", time_zone="UTC", currency="EUR"
        )


UNFIT = ["\u202egnihcaoC", "a\x07b", "\u200b", "\u2066x"]


@pytest.mark.parametrize("name", UNFIT)
def test_names_that_mislead_are_refused(client, acme, name):
    for field in ("name", "account_name"):
        assert field in sign_up(Client(), **{field: name}).context["form"].errors
    client.force_login(acme.owner)
    assert client.post("/me/new/", {**SIDE, "account_name": name}).status_code == 422
    assert client.post("/a/acme/settings/account/", {"name": name}).status_code == 422
    with scope(acme.account), pytest.raises(errors.UnfitName):
        services.rename_account(account=acme.account, name=name, actor=Actor("user", acme.owner.pk))
    assert Account.objects.get().name == "Acme"
    assert User.objects.count() == 3


def test_names_are_kept_in_one_spelling(client, db):
    sign_up(client, name=" Zoe\u0308  Berg ", account_name="Cafe\u0301")
    membership = Membership.objects.select_related("user", "account").get()
    assert (membership.user.name, membership.account.name) == ("Zo\u00eb Berg", "Caf\u00e9")
