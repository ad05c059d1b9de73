"""A browser in which somebody of the account is signed in, in front of automations."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.test import Client


@dataclass
class Desk:
    client: Client
    slug: str
    went_to: str = ""

    def url(self, path: str) -> str:
        return path if path.startswith("/") else f"/a/{self.slug}/marketing/{path}"

    def get(self, path: str = "", **more: Any) -> Any:
        return self.client.get(self.url(path), **more)

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        return self.client.post(self.url(path), {"key": str(uuid4()), **(data or {})}, **more)

    def do(self, path: str, data: dict[str, Any] | None = None) -> Any:
        """Post a change, and look at the page that it leads to."""
        answer = self.post(path, data)
        assert answer.status_code == 303, answer.content.decode()
        self.went_to = answer["Location"]
        return self.get(self.went_to)

    def htmx(self, path: str) -> Any:
        return self.get(path, headers={"HX-Request": "true"})


def at(world: Any, role: str = "owner") -> Desk:
    client = Client()
    client.force_login(getattr(world, role), backend="allauth.account.auth_backends.AuthenticationBackend")
    return Desk(client, world.slug)


def words(answer: Any) -> str:
    """What a page says, without its markup."""
    page = re.sub(r"(?s)<(script|style|svg|nav|header)\b.*?</\1>", " ", answer.content.decode())
    return " ".join(re.sub(r"<[^>]+>", " ", page).split()).replace("&#x27;", "'")


def told(answer: Any) -> list[str]:
    """The messages of the page that a change led to."""
    return [str(message) for message in answer.context["messages"]]
