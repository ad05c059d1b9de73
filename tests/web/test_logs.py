"""What is written down of requests: never a key that lets somebody in, never whose data."""

import json
import logging
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.urls import reverse

from simplero.launch.__main__ import ACCESS_LOG
from simplero.launch.processes import free_port
from simplero.lib.redaction import redacted
from simplero.mail.models import Message

RESET, CONFIRMATION, INVITATION = "7-d3bsk2-0123456789abcdef", "Mw:1abcDE:canary-Signature_x", "canary-token"
SIGN_IN = "canary-of-a-customer"


def addresses():
    """Each kind of link that mail carries, with the key in it."""
    uid, _, key = RESET.partition("-")
    return {
        reverse("account_reset_password_from_key", args=[uid, key]): RESET,
        reverse("account_confirm_email", args=[CONFIRMATION]): CONFIRMATION,
        f"{reverse('invitation')}?token={INVITATION}": INVITATION,
        f"{reverse('shop:sign-in-link', args=['acme'])}?token={SIGN_IN}": SIGN_IN,
    }


def test_keys_are_left_out_and_the_rest_stays():
    for address, key in addresses().items():
        assert key not in redacted(f"Not Found: {address}")
    kept = "/a/acme/contacts/0b1f/credits/?page=2"
    assert redacted(f"Not Found: {kept}") == f"Not Found: {kept}"
    assert redacted("/accounts/password/reset/done/") == "/accounts/password/reset/done/"


def test_the_line_gunicorn_writes():
    port = free_port()
    command = ["-m", "gunicorn", "wsgiref.simple_server:demo_app", f"--bind=127.0.0.1:{port}", "--no-control-socket"]
    with subprocess.Popen(
        [sys.executable, *command, *ACCESS_LOG], cwd=settings.BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        try:
            for address in ["/healthz", *addresses()]:
                ask(f"http://127.0.0.1:{port}{address}")
        finally:
            server.terminate()
        said = server.stdout.read().decode()
    lines = re.findall(r"^GET (\S+) 200 \d+ ms$", said, re.MULTILINE)
    assert lines == [
        "/healthz",
        "/accounts/password/reset/key/[key]",
        "/accounts/confirm-email/[key]",
        "/invitations/",
        "/s/acme/sign-in/link/",
    ]
    assert not any(key in said for key in addresses().values())


def ask(address):
    deadline = time.monotonic() + 20
    while True:
        try:
            with urlopen(address, timeout=5) as answer:
                return answer.read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_the_image_logs_as_make_run_does():
    dockerfile = Path(settings.BASE_DIR, "Dockerfile").read_text()
    command = json.loads(re.search(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE).group(1))
    assert set(ACCESS_LOG) <= set(command)


def test_django_logs_paths_without_keys(client, db, caplog):
    """A filter of the handlers, so what they write is looked at and not what they are given."""
    console = logging.getLogger("django").handlers[0]
    for address, key in addresses().items():
        record = logging.LogRecord("django.request", 30, "", 0, "Not Found: %s", (address,), None)
        assert console.filter(record)
        assert key not in console.format(record)


@pytest.fixture
def broken(client, settings, monkeypatch):
    """A client for whom one page breaks, and operators who want to know."""
    settings.EMAIL_BACKEND = "simplero.mail.backend.RowsBackend"
    settings.ADMINS = [("Operator", "ops@b.example")]
    monkeypatch.setattr("simplero.web.health.JsonResponse", None)
    client.raise_request_exception = False
    return client


def test_operators_are_told_where_it_broke_and_nothing_else(broken, db):
    answer = broken.get("/healthz?token=canary-query", headers={"cookie": "session=canary-cookie", "referer": "canary"})
    assert answer.status_code == 500
    told = Message.objects.get()
    assert told.to == ["ops@b.example"]
    assert "Internal Server Error: /healthz" in told.subject
    assert "TypeError" in told.text
    assert "health.py" in told.text
    assert told.html == ""
    assert "Traceback" not in told.text, "the words of an error stay in the log"
    for secret in ("canary", settings.SECRET_KEY, "COOKIES", "SETTINGS", "META"):
        assert secret not in f"{told.subject} {told.text}"


def test_the_words_of_an_error_are_not_told(broken, db, monkeypatch):
    def refuse(*_):
        try:
            raise ValueError("Key (email)=(canary@b.example) already exists")
        except ValueError as error:
            raise RuntimeError("canary") from error

    monkeypatch.setattr("simplero.web.health.JsonResponse", refuse)
    broken.get("/healthz")
    told = Message.objects.get().text
    assert "RuntimeError" in told
    assert "ValueError" in told
    assert "canary@" not in told.replace('raise ValueError("Key (email)=(canary@b.example) already exists")', "")


def test_strangers_cannot_have_mail_written(broken, db):
    assert broken.get("/no/such/page").status_code == 404
    assert broken.get("/accounts/login/", headers={"host": "evil.example"}).status_code == 400
    assert not Message.objects.exists()


def test_in_development_nobody_is_told(broken, db, settings):
    settings.DEBUG = True
    assert broken.get("/healthz").status_code == 500
    assert not Message.objects.exists()


class NoDatabase(BaseEmailBackend):
    def send_messages(self, email_messages):
        raise OSError("no database")


def test_a_mail_that_cannot_be_written_does_not_take_the_page_with_it(broken, db, settings, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    settings.EMAIL_BACKEND = f"{__name__}.NoDatabase"
    answer = broken.get("/healthz")
    assert answer.status_code == 500
    assert "<!doctype html>" in answer.text
