"""Staff pages of a large account, as whole requests: under row-level security as they are answered, and by a role that it does not bind.

And how long the application takes to start.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse

from contacts.models import Contact
from simplero.tenancy.models import Account, Membership, User
from simplero.tenancy.roles import OWNER
from simplero.tenancy.scope import scope

GOAL = 5.0
"""Milliseconds that a page's slowest query may take, at the 95th percentile (the ledger's goals, at ten million entries)."""

PLAIN_FILES = {
    **settings.STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
"""Pages name static files, and none have been collected."""


@dataclass
class Page:
    """What a page's requests took, in milliseconds: whole, and each query's share of them."""

    whole: list[float] = field(default_factory=list)
    queries: list[list[float]] = field(default_factory=list)  # by their place in the page

    def add(self, whole: float, queries: Sequence[float]) -> None:
        self.whole.append(whole)
        while len(self.queries) < len(queries):
            self.queries.append([])
        for place, taken in zip(self.queries, queries, strict=False):
            place.append(taken)

    @property
    def slowest_p95(self) -> float:
        return max(p95(place) for place in self.queries)


@dataclass(frozen=True)
class Pages:
    """By page: as the application's role, and as one that row-level security does not bind."""

    bound: dict[str, Page]
    free: dict[str, Page]


def p95(values: Sequence[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


@override_settings(STORAGES=PLAIN_FILES)
def measure(account: Account, *, superuser: str, times: int) -> Pages:
    """Ask for pages of the contact list, for the page and the activity of `times` contacts, and for the dashboard, by both roles in turn. Raises AssertionError
    for an answer that is not the page."""
    client = _staff(account)
    with scope(account, read_only=True):
        step = max(1, Contact.objects.count() // times)
        people = list(Contact.objects.order_by("pk").values_list("public_id", flat=True)[::step][:times])
    at = account.slug
    urls: dict[str, Callable[[Any], str]] = {
        "contact list": lambda person: f"{reverse('contacts:list', args=[at])}?after={person}",
        "contact page": lambda person: reverse("contacts:contact", args=[at, person]),
        "credit activity": lambda person: reverse("credits:activity", args=[at, person]),
        "dashboard": lambda person: reverse("pages:dashboard", args=[at]),
    }
    pages = Pages({name: Page() for name in urls}, {name: Page() for name in urls})
    for name, url in urls.items():
        for bound in (True, False):  # plans, templates and pages of the database are fetched before it counts
            with _role("" if bound else superuser):
                for person in people[:3]:
                    _ask(client, url(person))
        for first in range(0, len(people), 10):
            for bound in (True, False):
                with _role("" if bound else superuser):
                    _ask(client, url(people[first]))  # a connection of its own has plans to make
                    for person in people[first : first + 10]:
                        (pages.bound if bound else pages.free)[name].add(*_ask(client, url(person)))
    return pages


def start_up(times: int) -> tuple[float, float]:
    """Seconds from nothing to an application that can answer, and those of Python with bare Django among them; medians."""

    def timed(program: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)
        return time.perf_counter() - began

    ours = "from simplero.wsgi import application; from django.urls import resolve; resolve('/healthz')"
    turns = [(timed(ours), timed("import django.core.handlers.wsgi")) for _ in range(times)]
    return sorted(ours for ours, _ in turns)[times // 2], sorted(bare for _, bare in turns)[times // 2]


def _staff(account: Account) -> Client:
    user = User.objects.create_user(f"owner@{account.slug}.example", name="Owner")
    Membership.objects.create(account=account, user=user, role=OWNER)
    client = Client()
    client.force_login(user)
    return client


def _ask(client: Client, url: str) -> tuple[float, list[float]]:
    taken: list[float] = []

    def clocked(execute: Callable[..., Any], *args: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*args)
        finally:
            taken.append(1000 * (time.perf_counter() - began))

    with connection.execute_wrapper(clocked):
        began = time.perf_counter()
        answer = client.get(url, secure=True)
        whole = 1000 * (time.perf_counter() - began)
    assert answer.status_code == 200, f"{url} answered {answer.status_code}"
    return whole, taken


@contextmanager
def _role(url: str) -> Iterator[None]:
    """Django's connection is this address's role for a while; "": the application's own."""
    if not url:
        yield
        return
    at, app = urlsplit(url), connection.settings_dict
    connection.close()
    connection.settings_dict = {**app, "USER": at.username, "PASSWORD": at.password or ""}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = app
