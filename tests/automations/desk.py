"""A browser in which somebody of acme is signed in, in front of Marketing → Automations."""

from dataclasses import dataclass
from typing import Any

from django.test import Client

from automations.models import Flow, Version
from automations.services import flows as services
from tests.factories import inside

HERE = "/a/acme/marketing/automations/"


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


def at(flow: Flow, path: str = "steps") -> str:
    return f"{HERE}{flow.public_id}/{path}"


def fresh(world: Any, flow: Flow) -> Flow:
    with inside(world):
        return Flow.objects.get(pk=flow.pk)


def seen(world: Any, flow: Flow) -> str:
    """What a form that is opened now carries."""
    with inside(world):
        return services.seen_of(flow)


def steps(world: Any, flow: Flow) -> list[dict[str, Any]]:
    """As the builder shows them."""
    with inside(world):
        return list(services.steps_of(flow))


def versions(world: Any, flow: Flow) -> list[Version]:
    with inside(world):
        return list(Version.objects.filter(flow=flow).order_by("number"))


def flows(world: Any) -> list[Flow]:
    with inside(world):
        return list(Flow.objects.order_by("pk"))
