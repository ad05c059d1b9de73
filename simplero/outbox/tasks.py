from typing import Any

from celery import shared_task

from . import relay as relaying
from .handlers import CALLS


@shared_task(name="simplero.outbox.tasks.relay", once_per=5)
def relay(**_: Any) -> None:
    relaying.relay()


@shared_task(name="simplero.outbox.tasks.relay_calls", once_per=5)
def relay_calls(**_: Any) -> None:
    relaying.relay(queue=CALLS)
