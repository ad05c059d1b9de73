import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact
from tests import factories

NOON = datetime(2026, 11, 14, 11, 0, tzinfo=UTC)  # in Copenhagen noon, in Los Angeles the night before


@dataclass
class Desk:
    """A browser in which somebody of acme is signed in, in front of Ann's credits."""

    client: Client
    world: Any

    @property
    def contact(self) -> Contact:
        return self.world.contact

    def page(self, contact: Contact | None = None) -> str:
        return f"/a/{self.world.slug}/contacts/{(contact or self.contact).public_id}/"

    def at(self, path: str, contact: Contact | None = None) -> str:
        """An address below the contact's credits: at("uses/…/undo")."""
        return f"{self.page(contact)}credits/{path}"

    def get(self, url: str, **more: Any) -> Any:
        return self.client.get(url, **more)

    def post(self, url: str, data: dict[str, Any], **more: Any) -> Any:
        return self.client.post(url, {"key": str(uuid4()), **data}, **more)

    def htmx(self, url: str, data: dict[str, Any] | None = None) -> Any:
        header = {"HX-Request": "true"}
        return self.client.get(url, headers=header) if data is None else self.post(url, data, headers=header)

    def confirmed(self, answer: Any) -> str:
        """The contact page that a change leads to, as text."""
        assert answer.status_code == 303, answer.content.decode()
        assert answer["Location"].startswith(self.page() + "?done=")
        return text(self.get(answer["Location"]))


def text(answer: Any) -> str:
    """What a page says, blanks made single, entities undone."""

    assert answer.status_code < 500
    bare = re.sub(r"<(script|style|template|svg)\b.*?</\1>", " ", answer.content.decode(), flags=re.DOTALL)
    bare = re.sub(r"<[^>]+>", " ", bare)
    return re.sub(r"\s+([.,:])", r"\1", " ".join(html.unescape(bare).split()))


@pytest.fixture
def admin(acme, zen, at) -> Desk:
    at(NOON)
    client = Client()
    client.force_login(acme.admin)
    return Desk(client, acme)


@pytest.fixture
def assistant(acme, zen, at) -> Desk:
    at(NOON)
    client = Client()
    client.force_login(acme.assistant)
    return Desk(client, acme)


@pytest.fixture
def abroad(zen) -> Any:
    """Zen with a contact who holds five, two of them used: what must not leak."""
    factories.issue(zen, 5)
    zen.use = factories.consume(zen, 2)
    [zen.lot] = factories.lots(zen)
    return zen


@contextmanager
def counted() -> Iterator[list[str]]:
    """The SQL of the block; list it when a comparison fails."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield found
    found += [query["sql"] for query in captured.captured_queries]


def assert_same_cost(few: list[str], many: list[str]) -> None:
    assert 0 < len(few) == len(many), "\n".join(["FEW", *few, "MANY", *many])


def some_uuid() -> UUID:
    return uuid4()
