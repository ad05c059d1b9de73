"""A browser in which an admin of acme is signed in, in front of Marketing → Triggers; zen is there to leak."""

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from triggers.models import Trigger

HERE = "/a/acme/marketing/triggers/"


@dataclass
class Desk:
    client: Client
    world: Any

    def get(self, path: str = "", **more: Any) -> Any:
        return self.client.get(path if path.startswith("/") else HERE + path, **more)

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        url = path if path.startswith("/") else HERE + path
        return self.client.post(url, {"key": str(uuid.uuid4()), **(data or {})}, **more)


@pytest.fixture
def desk(acme, zen):
    client = Client()
    client.force_login(acme.admin)
    return Desk(client, acme)


def at(trigger: Trigger, path: str = "") -> str:
    return f"{HERE}{trigger.public_id}/{path}"
