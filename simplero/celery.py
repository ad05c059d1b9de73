"""Celery is a nudge: what is due stands in Postgres, and losing Redis loses nothing.

The settings answer the broker's documented ways to fail: a Redis message is delivered again after `visibility_timeout`
even while its first copy still runs, so that timeout stands in all three places and above every task's limit; a child
killed by a signal is acknowledged unless `task_reject_on_worker_lost`; a prefetched message waits for its hoarder; a worker
that is told to go leaves what it is at unacknowledged unless it may end it first. No message expires: the instant would be the
scheduler's clock's, and a worker whose clock is wrong would throw everything away. Old ones cost next to nothing, since a
scheduled task does its turn once (`once_per`), which is also why schedulers may ask more often than a turn takes.
"""

import os
from datetime import UTC, datetime
from typing import Any

from celery import Celery, Task
from django.conf import settings

from simplero.outbox import ticks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simplero.settings")

VISIBILITY_TIMEOUT = 900  # seconds
ASKED_EVERY = 300.0  # seconds; a scheduler that was away brings hourly and daily turns soon after it is back
LONGEST_DELAY = 60  # seconds; a longer wait is a row with a due time


class DelayTooLong(ValueError):
    """A task was published to wait longer than a broker can be trusted with."""


class TurnTask(Task):
    """A task with `once_per`, in seconds, runs once in each such stretch of the database's clock, whoever sends it."""

    once_per: int | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do the task's work, or nothing when this turn is taken."""
        if self.once_per is not None and not ticks.take(self.name, every=self.once_per):
            return None
        return super().__call__(*args, **kwargs)


class PromptCelery(Celery):
    """Refuses to publish a task that is to wait beyond a minute: past the visibility timeout it would run again and again.

    Not a receiver of `before_task_publish`: Celery logs what a receiver raises and publishes all the same.
    """

    task_cls = TurnTask

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
    broker_transport="simplero.broker:Transport" if settings.REDIS_URL else None,
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=300,
    task_soft_time_limit=240,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    # How long a worker that is told to go may take for what it is at: docker-compose.yml sends it a SIGTERM that means this.
    worker_soft_shutdown_timeout=30.0 if settings.SECURE else 1.0,
    worker_enable_soft_shutdown_on_idle=settings.SECURE,  # else what it has just fetched waits for the visibility timeout
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # for as long as it takes
    broker_transport_options={"visibility_timeout": VISIBILITY_TIMEOUT, "socket_connect_timeout": 2},
    result_backend_transport_options={"visibility_timeout": VISIBILITY_TIMEOUT},
    visibility_timeout=VISIBILITY_TIMEOUT,
    beat_schedule={
        "relay": {"task": "simplero.outbox.tasks.relay", "schedule": 5.0},
        "relay calls": {"task": "simplero.outbox.tasks.relay_calls", "schedule": 5.0},
        "send mail": {"task": "simplero.mail.tasks.send_waiting", "schedule": 5.0},
        "sweep sign-ins": {"task": "contacts.tasks.sweep_every_account", "schedule": ASKED_EVERY},
        "check domains": {"task": "simplero.team.tasks.check_every_domain", "schedule": ASKED_EVERY},
        "sweep runs": {"task": "automations.tasks.sweep_every_account", "schedule": ASKED_EVERY},
        "verify ledgers": {"task": "credits.tasks.verify_every_account", "schedule": ASKED_EVERY},
        "tally credits": {"task": "credits.tasks.tally_every_account", "schedule": 120.0},
    },
)
app.autodiscover_tasks()
