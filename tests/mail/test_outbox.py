import pytest
from django.core.mail import EmailMessage

from simplero.mail.models import Message


@pytest.fixture(autouse=True)
def _mail_as_rows(settings):
    settings.EMAIL_BACKEND = "simplero.mail.backend.RowsBackend"


def write(subject, text):
    EmailMessage(subject, text, to=["a@b.example"]).send()
    return Message.objects.latest("id")


def test_lists_the_newest_first(client, db):
    assert "Nothing has been written yet" in client.get("/outbox/").text
    write("Older", "one")
    write("Newer", "two")
    page = client.get("/outbox/")
    assert page.text.index("Newer") < page.text.index("Older")
    assert "a@b.example" in page.text
    assert "no-store" in page["Cache-Control"]


def test_links_can_be_followed(client, db):
    message = write("Join", "Follow\nhttp://testserver/invitations/abc-_D/\nnow")
    page = client.get(f"/outbox/{message.public_id}/")
    assert '<a href="http://testserver/invitations/abc-_D/"' in page.text


def test_nothing_in_a_message_is_run(client, db):
    message = write("<script>alert(1)</script>", "<img src=x onerror=alert(1)> javascript:alert(1)")
    for path in ("/outbox/", f"/outbox/{message.public_id}/"):
        page = client.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript' not in page


def test_erased_and_failed_messages_say_so(client, db, settings):
    message = write("Join", "")
    Message.objects.update(confidential=True, state="sent")
    assert "erased when it was sent" in client.get(f"/outbox/{message.public_id}/").text
    Message.objects.update(state="late")
    assert "erased when its time had passed" in client.get(f"/outbox/{message.public_id}/").text
    assert "Expired" in client.get("/outbox/").text
    Message.objects.update(state="failed", error="SMTPDataError: no", attempts=5)
    assert "SMTPDataError: no" in client.get(f"/outbox/{message.public_id}/").text


def test_does_not_exist_where_mail_is_real(client, acme, settings):
    message = write("Join", "secret")
    settings.DEBUG = settings.DEMO = False
    client.force_login(acme.owner)
    for path in ("/outbox/", f"/outbox/{message.public_id}/"):
        assert client.get(path).status_code == 404


def test_only_reads(client, db):
    message = write("Join", "secret")
    for path in ("/outbox/", f"/outbox/{message.public_id}/"):
        assert client.post(path).status_code == 405
        assert client.delete(path).status_code == 405
