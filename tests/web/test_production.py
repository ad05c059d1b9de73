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


@pytest.mark.parametrize(("demo", "there"), [("0", "404"), ("1", "200")])
def test_style_guide_and_outbox_are_not_there(demo, there):
    environment = {**os.environ, "DEBUG": "0", "DEMO": demo, "SECRET_KEY": "x" * 50, "REDIS_URL": ""}
    environment |= {
        "DJANGO_SETTINGS_MODULE": "simplero.settings",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    }
    asked = subprocess.run(
        [sys.executable, "-c", ASK], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True
    )
    answers = dict(line.split() for line in asked.stdout.splitlines())
    assert answers["/healthz"] == "200", asked.stderr
    assert answers["/styleguide/"] == answers["/styleguide/contact/"] == there
    assert answers["/outbox/"] == ("404" if demo == "0" else "500"), "the demo's reads the database, which is not here"
