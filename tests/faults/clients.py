"""Members of staff who use credits through the form, each with a key, and ask again with it until they are told that it is done."""

import http.client
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client
from django.urls import reverse

from simplero.tenancy.scope import scope, today
from tests import factories
from tests.conftest import World

CSRF = "f" * 32

PATIENCE = 60
"""Seconds after which a client gives up asking for one use."""


def answers(port: int) -> bool:
    """Whether the web server is ready for work."""
    return get(port, "/healthz") == 200


def get(port: int, path: str, *, within: float = 5, **headers: str) -> int:
    """The status of an answer; 0 for none."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=within)
    try:
        line.request("GET", path, headers=headers)
        return line.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        line.close()


@dataclass
class Told:
    """What the clients of a test were told: the keys that were acknowledged, how often they asked again, how long it took."""

    keys: list[uuid.UUID] = field(default_factory=list)
    again: int = 0
    slowest: float = 0.0
    odd: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)  # 0: no answer


class Desk:
    """Clients of one member of staff who use single credits of one contact."""

    def __init__(self, port: int, world: World, *, credits: int) -> None:
        self.port, self.world, self.told = port, world, Told()
        factories.issue(world, credits, expiry="never")
        self.sign_in()
        self.path = reverse("credits:consume", args=[world.slug, world.contact.public_id])
        with scope(world.account):
            day = today(world.account).isoformat()
        self.form = {"credit_type": str(world.session.public_id), "amount": "1", "service_date": day, "note": ""}

    def sign_in(self) -> None:
        browser = Client()
        browser.force_login(self.world.owner)
        self.cookies = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}; {settings.CSRF_COOKIE_NAME}={CSRF}"

    def ask(self, key: uuid.UUID) -> int:
        """Post the form once; the status of the answer. Raises OSError and HTTPException where there is none."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        body = urlencode({**self.form, "key": str(key), "csrfmiddlewaretoken": CSRF})
        headers = {"Cookie": self.cookies, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            line.request("POST", self.path, body, headers)
            answer = line.getresponse()
            answer.read()
            return answer.status
        finally:
            line.close()

    def look(self) -> int:
        """The status of the contact's page."""
        page = reverse("contacts:contact", args=[self.world.slug, self.world.contact.public_id])
        return get(self.port, page, within=20, Cookie=self.cookies)

    def use(self, key: uuid.UUID | None = None) -> None:
        """Use one credit, and ask again with the same key until that is acknowledged."""
        key, deadline = key or uuid.uuid4(), time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            began = time.monotonic()
            try:
                status = self.ask(key)
            except (OSError, http.client.HTTPException):
                status = 0
            self.told.statuses[status] += 1
            self.told.slowest = max(self.told.slowest, time.monotonic() - began)
            if status == 303:
                self.told.keys.append(key)
                return
            if 0 < status < 500:
                self.told.odd.append(f"{status} for {key}")
                return
            self.told.again += 1
            time.sleep(0.1)
        self.told.odd.append(f"nobody answered for {key}")

    def hurry(self, uses: int, *, clients: int = 4) -> "Load":
        """Let `clients` work on `uses` together, beginning now."""
        return Load(self, uses, clients)


class Load:
    """Clients at work, in threads; leave the block when they are done."""

    def __init__(self, desk: Desk, uses: int, clients: int) -> None:
        self.desk, self.left, self.lock = desk, uses, threading.Lock()
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(clients)]

    def _work(self) -> None:
        while True:
            with self.lock:
                if self.left <= 0:
                    return
                self.left -= 1
            self.desk.use()

    @property
    def busy(self) -> bool:
        return any(thread.is_alive() for thread in self.threads)

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        if kind is not None:
            self.left = 0
        for thread in self.threads:
            thread.join(PATIENCE + 30)
        assert not self.busy, "a client hangs"
