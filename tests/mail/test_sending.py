import logging
import socketserver
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import BadHeaderError, EmailMessage, EmailMultiAlternatives, mail_admins, send_mail
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from simplero.mail import services, smtp, tasks
from simplero.mail.backend import CONFIDENTIAL, UnsupportedMessage, confidential
from simplero.mail.models import Message


@pytest.fixture(autouse=True)
def _mail_as_rows(settings):
    settings.EMAIL_BACKEND = "simplero.mail.backend.RowsBackend"


class Session(socketserver.StreamRequestHandler):
    """Just enough SMTP to take a message, or to refuse it."""

    def handle(self):
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "DATA":
                self.say("354 go on")
                lines = []
                while (part := self.rfile.readline().decode()) != ".\r\n":
                    lines.append(part)
                self.server.taken.append("".join(lines))
                self.say(self.server.verdict)
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def say(self, words):
        self.wfile.write(f"{words}\r\n".encode())


@pytest.fixture
def server(settings):
    """A mail server on this machine; `taken` is what it got, `verdict` its answer."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as running:
        running.daemon_threads = True
        running.taken, running.verdict = [], "250 kept"
        threading.Thread(target=running.serve_forever, daemon=True).start()
        settings.EMAIL_URL = f"smtp://127.0.0.1:{running.server_address[1]}"
        yield running
        running.shutdown()


def write(subject="Hello", **more):
    EmailMultiAlternatives(subject=subject, body="Good day\n.\nEnd", to=["a@b.example"], **more).send()


def test_is_a_row_of_the_senders_transaction(db):
    with transaction.atomic():
        write()
        assert Message.objects.get().state == "waiting"
        transaction.set_rollback(True)
    assert not Message.objects.exists()


def test_goes_to_the_server(db, server):
    write()
    tasks.send_waiting()
    assert "Subject: Hello" in server.taken[0]
    assert "To: a@b.example" in server.taken[0]
    message = Message.objects.get()
    assert (message.state, message.attempts, message.error) == ("sent", 1, "")
    assert message.sent_at
    assert message.text
    tasks.send_waiting()
    assert len(server.taken) == 1


def test_with_html(db, server):
    message = EmailMultiAlternatives("Hello", "plain", to=["a@b.example"], reply_to=["c@d.example"])
    message.attach_alternative("<p>rich</p>", "text/html")
    message.send()
    assert services.send_waiting() == 1
    for part in ("plain", "<p>rich</p>", "Reply-To: c@d.example"):
        assert part in server.taken[0]


def test_a_link_that_lets_somebody_in_is_erased_once_sent(db, server):
    EmailMessage("Join", "secret-link", to=["a@b.example"], headers=confidential(timedelta(hours=1))).send()
    services.send_waiting()
    assert "secret-link" in server.taken[0]
    assert CONFIDENTIAL not in server.taken[0]
    assert "secret-link" not in str(Message.objects.values().get())


def write_secret(useful_for=timedelta(hours=3)):
    message = EmailMultiAlternatives("Join", "secret-link", to=["a@b.example"], headers=confidential(useful_for))
    message.attach_alternative("<a>secret-link</a>", "text/html")
    message.send()


def test_a_link_that_lets_somebody_in_is_erased_when_sending_is_given_up(db, server):
    server.verdict = "451 no"
    write_secret()
    write()
    Message.objects.update(attempts=4)
    services.send_waiting()
    secret, other = Message.objects.order_by("id")
    assert (secret.state, secret.text, secret.html) == ("failed", "", "")
    assert (other.state, other.text) == ("failed", "Good day\n.\nEnd"), "what holds no secret can be read and sent anew"


def test_or_when_the_worker_died_in_the_last_attempt(db, server):
    write_secret()
    Message.objects.update(attempts=5, due=Now())
    services.send_waiting()
    assert "secret-link" not in str(Message.objects.values().get())


@pytest.mark.parametrize("with_server", [True, False])
def test_or_when_its_time_has_passed_and_then_it_is_not_sent(db, server, settings, with_server):
    settings.EMAIL_URL = settings.EMAIL_URL if with_server else ""
    write_secret()
    Message.objects.update(useful_until=Now() - timedelta(seconds=1))
    assert services.send_waiting() == 0
    message = Message.objects.get()
    assert (message.state, message.text, message.html) == ("late", "", "")
    assert server.taken == []


def test_until_then_it_can_be_read_where_there_is_no_server(db, settings):
    settings.EMAIL_URL = ""
    write_secret()
    services.send_waiting()
    message = Message.objects.get()
    assert (message.state, message.text) == ("waiting", "secret-link")
    assert timedelta(hours=2, minutes=59) < message.useful_until - message.created_at <= timedelta(hours=3)


def test_no_ended_message_may_keep_its_secret(db):
    write_secret()
    with pytest.raises(IntegrityError):
        Message.objects.update(state="sent")


def test_without_a_server_they_stay(db, settings):
    settings.EMAIL_URL = ""
    write()
    assert services.send_waiting() == 0
    message = Message.objects.get()
    assert (message.state, message.attempts) == ("waiting", 0)


def make_due():
    Message.objects.update(due=Now())


def test_five_attempts_with_growing_waits_then_failed(db, server, caplog):
    server.verdict = "451 canary-of-the-server a@b.example"
    write()
    waits = []
    for attempt in range(1, 6):
        assert services.send_waiting() == 0
        message = Message.objects.get()
        assert message.attempts == attempt
        waits.append(round((message.due - message.created_at).total_seconds() / 60))
        if attempt < 5:
            assert message.state == "waiting"
            assert services.send_waiting() == 0
            assert Message.objects.get().attempts == attempt, "not before it is due"
            make_due()
    assert waits[:4] == [1, 5, 30, 120]
    assert message.state == "failed"
    assert "canary-of-the-server" in message.error
    assert len(server.taken) == 5
    make_due()
    services.send_waiting()
    assert len(server.taken) == 5
    assert "canary" not in caplog.text
    assert "a@b.example" not in caplog.text


def test_no_server_answering_is_a_failed_attempt(db, settings):
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    write()
    assert services.send_waiting() == 0
    assert Message.objects.get().attempts == 1


def test_one_bad_message_does_not_hold_up_the_others(db, server):
    write("first")
    write("second")
    Message.objects.filter(subject="first").update(subject="first\r\nBcc: x@y.example")
    assert services.send_waiting() == 1
    assert Message.objects.get(subject="second").state == "sent"
    assert "x@y.example" not in "".join(server.taken)


def test_killed_in_the_middle_is_tried_again_after_the_lease(db, server, monkeypatch):
    write("first")
    write("second")

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(services, "_attempt", die)
        with pytest.raises(Killed):
            services.send_waiting()
    assert services.send_waiting() == 1, "the one behind it waits for no lease"
    first = Message.objects.get(subject="first")
    assert timedelta(seconds=50) < first.due - first.created_at < timedelta(seconds=70)
    make_due()
    assert services.send_waiting() == 1


def test_killed_in_the_last_attempt_counts_as_failed(db, server):
    write()
    Message.objects.update(attempts=5, due=Now())
    assert services.send_waiting() == 0
    assert Message.objects.get().state == "failed"
    assert server.taken == []


@pytest.mark.django_db(transaction=True)
def test_workers_share_the_work(server):
    for number in range(12):
        write(f"message {number}")
    together = threading.Barrier(3)

    def work():
        together.wait()
        try:
            return services.send_waiting()
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        sent = sum(pool.map(lambda _: work(), range(3)))
    assert sent == 12
    assert len(server.taken) == 12, "none twice"


BREAKS = ["\r\nBcc: x@evil.example", "\nBcc: x@evil.example", "\rBcc: x@evil.example", "\r\n\r\nbody", "\n "]


@pytest.mark.parametrize("bad", BREAKS)
def test_no_header_can_be_smuggled_in(db, bad):
    with pytest.raises(BadHeaderError):
        write(f"Hello{bad}")
    with pytest.raises((BadHeaderError, ValueError)):
        write(headers={"X-Note": f"a{bad}"})
    with pytest.raises((BadHeaderError, ValueError)):
        send_mail("Hello", "text", None, [f"a@b.example{bad}"])
    with pytest.raises((BadHeaderError, ValueError)):
        write(from_email=f"Us <us@b.example>{bad}")
    assert not Message.objects.exists()


def test_what_a_row_cannot_keep_is_refused(db):
    with pytest.raises(UnsupportedMessage):
        EmailMessage("a", "b", to=["a@b.example"], bcc=["c@d.example"]).send()


def test_errors_told_to_operators_are_rows_too(db, settings):
    settings.ADMINS = [("Operator", "ops@b.example")]
    mail_admins("It broke", "trace")
    assert Message.objects.get().to == ["ops@b.example"]


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://mail.example", 25, False, False),
        ("smtp+tls://u%40x:p%2Fw@mail.example", 587, True, False),
        ("smtps://u:p@mail.example:4465", 4465, False, True),
    ],
)
def test_addresses_of_servers(settings, url, port, tls, ssl):
    settings.EMAIL_URL = url
    server = smtp.server()
    assert (server.host, server.port, server.use_tls, server.use_ssl) == ("mail.example", port, tls, ssl)
    if tls:
        assert (server.username, server.password) == ("u@x", "p/w")


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://"])
def test_nonsense_for_a_server_is_said_so_without_repeating_it(settings, url):
    settings.EMAIL_URL = url
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL is smtp://"):
        smtp.server()


def test_passwords_stay_out_of_the_log(db, settings, caplog):
    caplog.set_level(logging.DEBUG)
    settings.EMAIL_URL = "smtp+tls://user:canary-password@127.0.0.1:1"
    write()
    services.send_waiting()
    assert "canary-password" not in caplog.text
    assert "canary-password" not in str(Message.objects.values().get())
