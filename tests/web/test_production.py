"""What development and the demo have and production must not."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

ASK = """
import django; django.setup()
from django.conf import settings
from django.test import Client
settings.SECURE_SSL_REDIRECT = False
settings.OWN_HOSTS = ["testserver"]
settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
for path in ("/styleguide/", "/styleguide/contact/", "/outbox/", "/healthz"):
    print(path, Client(raise_request_exception=False).get(path).status_code)
"""


def environment(**more):
    """What production's processes are started with, and nothing of ours."""
    return {
        **os.environ,
        "DEBUG": "0",
        "DEMO": "0",
        "SECRET_KEY": "x" * 50,
        "SITE_URL": "https://credits.example",
        "REDIS_URL": "",
        "DJANGO_SETTINGS_MODULE": "simplero.settings",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        **more,
    }


def started(code, **more):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, env=environment(**more), capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("demo", "url", "wording"),
    [
        ("0", "", "SITE_URL, our own address such as https://credits.example, is missing"),
        ("0", "credits.example", "SITE_URL, our own address"),
        ("0", "https://credits.example/", "https://credits.example\n"),
        ("1", "", "http://localhost:8000\n"),
    ],
)
def test_without_its_address_it_does_not_start(demo, url, wording):
    """Or every link in a mail would lead nowhere."""
    code = "from django.conf import settings; print(settings.SITE_URL)"
    asked = started(code, DEMO=demo, SITE_URL=url)
    assert wording in asked.stdout + asked.stderr


@pytest.mark.parametrize(("demo", "there"), [("0", "404"), ("1", "200")])
def test_style_guide_and_outbox_are_not_there(demo, there):
    asked = started(ASK, DEMO=demo)
    answers = dict(line.split() for line in asked.stdout.splitlines())
    assert answers["/healthz"] == "200", asked.stderr
    assert answers["/styleguide/"] == answers["/styleguide/contact/"] == there
    assert answers["/outbox/"] == ("404" if demo == "0" else "503"), "the demo's reads the database, which is not here"
