from typing import Any

from celery import shared_task

from . import relay as relaying


@shared_task(name="simplero.outbox.tasks.relay", once_per=5)
def relay(**_: Any) -> None:
    relaying.relay()
