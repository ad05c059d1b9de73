import re
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.test import Client

from simplero.mail.models import Message
from simplero.team import services
from simplero.team.models import Invitation
from simplero.tenancy.actors import Actor
from simplero.tenancy.models import Membership
from simplero.tenancy.scope import scope
from tests.team.steps import INVITE, MEMBERS, everything, facts, in_threads, place


def test_invitation_from_the_form_to_the_first_page(client, acme, link):
    client.force_login(acme.owner)
    assert client.get(INVITE).status_code == 200
    answer = client.post(INVITE, {"email": "New@Person.example", "role": "admin"})
    assert (answer.status_code, answer["Location"]) == (303, MEMBERS)
    page = client.get(MEMBERS)
    assert "new@person.example" in page.text
    assert "Invitation sent to new@person.example." in page.text

    path = link("new@person.example")
    token = path.split("=")[1]
    assert len(token) >= 43
    stored = str(Invitation.objects.values().get())
    assert token not in stored
    assert Message.objects.get().confidential

    visitor = Client()
    page = visitor.get(path)
    assert "Join Acme" in page.text
    assert Invitation.objects.exists(), "looking is not accepting"
    assert visitor.head(path).status_code == 200
    assert visitor.post(path, {"name": "", "password": "tooshort"}).status_code == 422
    answer = visitor.post(path, {"name": "Nia Person", "password": "correct horse battery"})
    assert answer.url == "/a/acme/"
    assert visitor.get("/a/acme/settings/account/").status_code == 200
    assert visitor.get(MEMBERS).status_code == 404
    joined = Membership.objects.select_related("user").get(user__email="new@person.example")
    assert (joined.role, joined.user.name) == ("admin", "Nia Person")
    assert facts(acme.account) == ["member.invited", "member.joined"]
    assert Client().get(path).status_code == 404, "one use"


def test_somebody_with_a_sign_in_accepts_after_signing_in(client, acme, zen, sign_in, link):
    client.force_login(acme.owner)
    client.post(INVITE, {"email": "owner@zen.example", "role": "assistant"})
    path = link("owner@zen.example")
    visitor = Client()
    page = visitor.get(path)
    assert f"/accounts/login/?next={quote(path)}" in page.text
    assert visitor.post(path, {"name": "X", "password": "correct horse battery"}).status_code == 200
    assert not Membership.objects.filter(user=zen.owner, account=acme.account).exists()
    assert sign_in(visitor, "owner@zen.example", next=path).url == path
    assert "Accept the invitation" in visitor.get(path).text
    answer = visitor.post(path)
    assert (answer.status_code, answer["Location"]) == (303, "/a/acme/")
    assert place(zen.owner, acme.account).role == "assistant"
    assert place(zen.owner, zen.account).role == "owner"
    again = visitor.post(path)
    assert (again.status_code, again["Location"]) == (303, "/a/acme/"), "a second click lands where the first did"
    assert visitor.get(path).status_code == 404
    other = Client()
    other.force_login(zen.assistant)
    assert other.post(path).status_code == 404
    assert facts(acme.account) == ["member.invited", "member.joined"]


def test_somebody_else_cannot_accept(client, acme, zen, link):
    client.force_login(acme.owner)
    client.post(INVITE, {"email": "new@person.example", "role": "owner"})
    other = Client()
    other.force_login(zen.assistant)
    path = link("new@person.example")
    assert "You are signed in as assistant@zen.example" in other.get(path).text
    before = everything()
    assert other.post(path).status_code == 409
    assert everything() == before


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "é", "...", "a\x00"])
def test_unknown_links(client, acme, token):
    assert client.get("/invitations/", {"token": token}).status_code == 404


def test_expired_revoked_and_replaced_links_read_the_same(client, acme, link):
    client.force_login(acme.owner)
    visitor = Client()

    def send(email):
        client.post(INVITE, {"email": email, "role": "assistant"})
        return link(email), Invitation.objects.get(email=email)

    replaced, invitation = send("a@x.example")
    assert client.post(f"/a/acme/settings/invitations/{invitation.public_id}/resend/").status_code == 303
    assert visitor.get(link("a@x.example")).status_code == 200
    revoked, invitation = send("b@x.example")
    assert client.post(f"/a/acme/settings/invitations/{invitation.public_id}/revoke/").status_code == 303
    expired, invitation = send("c@x.example")
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=invitation.created_at)
    assert "Expired" in client.get(MEMBERS).text
    before = everything()
    for path in (replaced, revoked, expired):
        for answer in (visitor.get(path), visitor.post(path, {"name": "N", "password": "correct horse battery"})):
            assert answer.status_code == 404
            assert "This invitation cannot be used" in answer.text
    assert everything() == before
    # Sent again, an expired one is good for another week.
    client.post(f"/a/acme/settings/invitations/{invitation.public_id}/resend/")
    assert visitor.get(link("c@x.example")).status_code == 200


def test_one_form_sent_twice_invites_once_and_says_the_same(client, acme):
    client.force_login(acme.owner)
    key = client.get(INVITE).context["form"]["key"].value()
    values = {"email": "new@person.example", "role": "assistant", "key": key}
    for email in ("new@person.example", "NEW@person.example"):
        answer = client.post(INVITE, {**values, "email": email})
        assert (answer.status_code, answer["Location"]) == (303, MEMBERS)
        assert "Invitation sent to new@person.example." in client.get(MEMBERS).text
    assert Message.objects.count() == Invitation.objects.count() == 1
    assert facts(acme.account) == ["member.invited"]
    # Back, and changed: another wish, which is said to be refused.
    assert client.post(INVITE, {**values, "role": "owner"}).status_code == 409
    assert client.post(INVITE, {**values, "email": "other@person.example"}).status_code == 303


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_twice_at_once_invites_once(acme):
    values = {"email": "new@person.example", "role": "assistant", "key": str(uuid4())}

    def click():
        client = Client()
        client.force_login(acme.owner)
        return client.post(INVITE, values).status_code

    assert in_threads(click, click) == [303, 303]
    assert Message.objects.count() == 1
    assert facts(acme.account) == ["member.invited"]


def test_sent_again_twice_by_one_click_is_one_mail_whose_link_works(client, acme, link):
    client.force_login(acme.owner)
    client.post(INVITE, {"email": "new@person.example", "role": "assistant"})
    path = f"/a/acme/settings/invitations/{Invitation.objects.get().public_id}/resend/"
    key = client.get(MEMBERS).context["send_again"]["key"].value()
    for _ in range(2):
        assert client.post(path, {"key": key}).status_code == 303
        assert "Invitation sent to new@person.example again." in client.get(MEMBERS).text
    assert Message.objects.count() == 2
    assert facts(acme.account) == ["member.invited"] * 2
    assert Client().get(link("new@person.example")).status_code == 200
    assert f'value="{key}"' not in client.get(MEMBERS).text, "the next click is another wish"
    client.post(path, {"key": str(uuid4())})
    assert Message.objects.count() == 3


def test_a_form_sent_again_after_its_invitation_was_withdrawn_invites_anew(client, acme):
    client.force_login(acme.owner)
    values = {"email": "new@person.example", "role": "assistant", "key": str(uuid4())}
    client.post(INVITE, values)
    client.post(f"/a/acme/settings/invitations/{Invitation.objects.get().public_id}/revoke/")
    client.post(INVITE, values)
    assert "new@person.example</th>" in re.sub(r"<small>.*?</small>", "", client.get(MEMBERS).text)


def test_withdrawn_twice_lands_on_the_list(client, acme, zen, invited):
    client.force_login(acme.owner)
    invitation = Invitation.objects.get(account=acme.account)
    base = f"/a/acme/settings/invitations/{invitation.public_id}"
    assert client.post(f"{base}/revoke/").status_code == 303
    for path in (f"{base}/revoke/", f"{base}/resend/"):
        assert client.post(path, {"key": str(uuid4())}).status_code == 303
        assert "This invitation was used or withdrawn meanwhile." in client.get(MEMBERS).text
    assert facts(acme.account) == ["member.invited", "member.invitation_revoked"]
    assert invitation.email not in client.get(MEMBERS).text
    # Invited anew, and what has ended is forgotten a day later.
    assert client.post(INVITE, {"email": invitation.email, "role": "admin"}).status_code == 303
    Invitation.objects.filter(pk=invitation.pk).update(ended_at=Now() - services.KEPT)
    client.post(INVITE, {"email": "other@person.example", "role": "admin"})
    assert not Invitation.objects.filter(pk=invitation.pk).exists()


def test_two_forms_invite_once(client, acme):
    client.force_login(acme.owner)
    values = {"email": "new@person.example", "role": "assistant"}
    assert client.post(INVITE, values).status_code == 303
    before = everything()
    second = client.post(INVITE, {**values, "email": "NEW@person.example"})
    assert second.status_code == 409
    assert "has an invitation already" in second.text
    assert everything() == before
    assert facts(acme.account) == ["member.invited"]


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"email": "admin@acme.example", "role": "owner"}, 409),
        ({"email": "nonsense", "role": "owner"}, 422),
        ({"email": "a@b.example\r\nBcc: c@d.example", "role": "owner"}, 422),
        ({"email": "a@b.example", "role": "root"}, 422),
        ({"email": "a@b.example"}, 422),
        ({}, 422),
    ],
)
def test_invitations_that_are_refused(client, acme, values, status):
    client.force_login(acme.owner)
    before = everything()
    assert client.post(INVITE, values).status_code == status
    assert everything() == before
    assert facts(acme.account) == []


def test_open_invitations_are_limited(client, acme, monkeypatch):
    monkeypatch.setattr(services, "MOST_INVITATIONS", 2)
    client.force_login(acme.owner)
    statuses = [client.post(INVITE, {"email": f"p{n}@x.example", "role": "admin"}).status_code for n in range(3)]
    assert statuses == [303, 303, 409]


def test_a_business_name_with_a_line_break_stays_one_line(client, acme):
    client.force_login(acme.owner)
    client.post("/a/acme/settings/account/", {"name": "Acme\r\nBcc: x@evil.example"})
    client.post(INVITE, {"email": "new@person.example", "role": "admin"})
    message = Message.objects.get()
    assert message.subject == "Join Acme Bcc: x@evil.example on Simplero Credits"
    assert message.to == ["new@person.example"]


@pytest.mark.django_db(transaction=True)
def test_one_link_used_by_two_at_once_makes_one_member(acme, link):
    client = Client()
    client.force_login(acme.owner)
    client.post(INVITE, {"email": "new@person.example", "role": "admin"})
    path = link("new@person.example")
    values = {"name": "N", "password": "correct horse battery"}
    answers = in_threads(*[lambda: Client().post(path, values).status_code for _ in range(2)])
    assert sorted(answers) in ([302, 303], [200, 302])
    assert Membership.objects.filter(user__email="new@person.example").count() == 1
    assert facts(acme.account) == ["member.invited", "member.joined"]


def test_mail_and_invitation_are_written_together(acme):
    """A change that does not come to pass leaves no mail behind."""
    with scope(acme.account):
        services.invite(
            account=acme.account,
            email="n@x.example",
            role="admin",
            link_to=lambda token: token,
            actor=Actor("user", acme.owner.pk),
        )
        assert Message.objects.count() == 1
        transaction.set_rollback(True)
    assert not Message.objects.exists()
    assert not Invitation.objects.exists()
