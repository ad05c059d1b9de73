"""Celery is a nudge: what is due stands in Postgres, and losing Redis loses nothing.

The settings answer the broker's documented ways to fail: a Redis message is delivered again after `visibility_timeout`
even while its first copy still runs, so that timeout stands in all three places and above every task's limit; a child
killed by a signal is acknowledged unless `task_reject_on_worker_lost`; a prefetched message waits for its hoarder.
"""

import os
from datetime import UTC, datetime
from typing import Any

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simplero.settings")

VISIBILITY_TIMEOUT = 900  # seconds
LONGEST_DELAY = 60  # seconds; a longer wait is a row with a due time


class DelayTooLong(ValueError):
    """A task was published to wait longer than a broker can be trusted with."""


class PromptCelery(Celery):
    """Refuses to publish a task that is to wait beyond a minute: past the visibility timeout it would run again and again.

    Not a receiver of `before_task_publish`: Celery logs what a receiver raises and publishes all the same.
    """

    def send_task(
        self,
        name: str,
        args: Any = None,
        kwargs: Any = None,
        countdown: float | None = None,
        eta: datetime | None = None,
        **options: Any,
    ) -> Any:
        """Publish a task. Raises DelayTooLong when it is to start later than in LONGEST_DELAY."""
        wait = countdown or 0
        if eta is not None:
            wait = (eta - datetime.now(eta.tzinfo or UTC).replace(tzinfo=eta.tzinfo)).total_seconds()
        if wait > LONGEST_DELAY:
            raise DelayTooLong(f"{name} would wait {wait:.0f} s in the broker: write a job with a due time instead")
        return super().send_task(name, args, kwargs, countdown, eta, **options)


app = PromptCelery("simplero")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=300,
    task_soft_time_limit=240,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": VISIBILITY_TIMEOUT},
    result_backend_transport_options={"visibility_timeout": VISIBILITY_TIMEOUT},
    visibility_timeout=VISIBILITY_TIMEOUT,
    beat_schedule={
        "relay": {"task": "simplero.outbox.tasks.relay", "schedule": 5.0, "options": {"expires": 5.0}},
        "send mail": {"task": "simplero.mail.tasks.send_waiting", "schedule": 5.0, "options": {"expires": 5.0}},
        "sweep sign-ins": {"task": "contacts.tasks.sweep_every_account", "schedule": 24 * 3600.0},
        "check domains": {"task": "simplero.team.tasks.check_every_domain", "schedule": 24 * 3600.0},
        "verify ledgers": {"task": "credits.tasks.verify_every_account", "schedule": 3600.0},
    },
)
app.autodiscover_tasks()
