"""A browser in which somebody of acme is signed in, in front of the contacts, and a worker that takes jobs on."""

import html
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from contacts.models import Contact
from credits import queries
from credits.models import Entry
from simplero.bulk.models import Bulk, Row
from simplero.outbox import relay as relaying
from simplero.tenancy.scope import today
from tests import factories
from tests.factories import inside

HERE = "/a/acme/contacts/"


@dataclass
class Desk:
    client: Client
    world: Any

    def get(self, path: str = "", **more: Any) -> Any:
        return self.client.get(path if path.startswith("/") else HERE + path, **more)

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        return self.client.post(path if path.startswith("/") else HERE + path, data or {}, **more)

    def htmx(self, path: str, data: dict[str, Any] | None = None) -> Any:
        ask = self.post if data is not None else self.get
        return ask(path, *([data] if data is not None else []), headers={"HX-Request": "true"})

    def new(self, do: str, whom: Iterable[Contact] | None = None, **filter_: Any) -> str:
        """The address of the form for these contacts, or for all that match."""
        chosen = {"contact": [one.public_id for one in whom]} if whom is not None else {"all": 1, **filter_}
        return f"{HERE}bulk/new?{urlencode({'do': do, **chosen}, doseq=True)}"

    def start(self, do: str, whom: Iterable[Contact] | None = None, *, expected: int, **data: Any) -> Any:
        """The answer to the form as it is sent from its preview."""
        return self.post(self.new(do, whom), {"key": uuid.uuid4(), "start": 1, "expected": expected, **data})

    def used(self, whom: Iterable[Contact] | None = None, *, expected: int, amount: int = 1, **data: Any) -> Bulk:
        """A job that consumes, started by its form."""
        answer = self.start("consume", whom, expected=expected, **consuming(self.world, amount, **data))
        assert answer.status_code == 303, text(answer)
        return job(self.world)


def consuming(world: Any, amount: int = 1, **more: Any) -> dict[str, Any]:
    with inside(world):
        credit_type = str(queries.types(world.account).get(pk=world.session.pk).public_id)
        day = today(world.account).isoformat()
    return {"credit_type": credit_type, "amount": amount, "service_date": day, **more}


def people(world: Any, *held: int, first: int = 0) -> list[Contact]:
    """A contact for each number, holding so many sessions; named so that they stand in this order."""
    made = []
    for number, amount in enumerate(held, start=first):
        one = factories.contact(world, f"Person {number:03}", email=f"p{number}@{world.slug}.example")
        if amount:
            factories.issue(world, amount, to=one)
        with inside(world):
            one.refresh_from_db()
        made.append(one)
    return made


def work() -> int:
    """What the workers do now: all jobs that are due."""
    return relaying.relay()


def job(world: Any) -> Bulk:
    """The newest job, as it is now."""
    with inside(world):
        return Bulk.objects.select_related("credit_type", "tag").order_by("-pk")[0]


def outcomes(world: Any) -> list[tuple[str, str]]:
    """Name and outcome of each row of the newest job, in order."""
    with inside(world):
        rows = Row.objects.filter(bulk=job(world)).order_by("pk")
        return [(row.contact.name, f"{row.outcome} {row.reason}".strip()) for row in rows.select_related("contact")]


def undone(world: Any) -> list[tuple[str, str, int | None]]:
    with inside(world):
        rows = Row.objects.filter(bulk=job(world), outcome="done").order_by("pk").select_related("contact")
        return [(row.contact.name, row.undone, row.back) for row in rows]


def free(world: Any, contacts: Iterable[Contact]) -> list[int]:
    with inside(world):
        ids = [one.pk for one in contacts]
        held = queries.free_of_type(world.account, world.session.pk, ids)
        return [held.get(pk, 0) for pk in ids]


def entries(world: Any, source: str = "bulk") -> int:
    with inside(world):
        return Entry.objects.filter(source=source).count()


def text(answer: Any) -> str:
    """What a page says, blanks made single, entities undone."""
    bare = re.sub(r"<(script|style|template|svg)\b.*?</\1>", " ", answer.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", bare)).split())
