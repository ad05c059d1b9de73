from typing import Any

from celery import shared_task

from . import services


@shared_task(name="simplero.mail.tasks.send_waiting", once_per=5)
def send_waiting(**_: Any) -> None:
    services.send_waiting()
