"""The worker and its scheduler, in a hurry, with points at which they die and steps that no automation offers."""

import os

from celery import signals

from simplero.celery import TurnTask, app
from tests.faults import failpoints
from tests.faults.turns import note

VISIBILITY = int(os.environ.get("FAULT_VISIBILITY", 2))  # seconds: what takes longer is handed out again while it runs
app.conf.update(
    broker_transport_options={
        **app.conf.broker_transport_options,
        **{"visibility_timeout": VISIBILITY, "unacked_restore_interval": 1, "unacked_restore_throttle": 1},
    },
    visibility_timeout=VISIBILITY,
)
app.conf.beat_schedule["relay"]["schedule"] = 1.0
app.conf.imports = (*app.conf.imports, "tests.faults.steps")  # once Django is ready
failpoints.install(lock="FROM outbox_job WHERE id = ", entry="credits_consume")


@signals.task_prerun.connect(weak=False)
def _begins(task_id: str, task: TurnTask, **_: object) -> None:
    note(f"message {task.name} {task_id} {os.environ.get('FAULT_SKEW', '')}")


@signals.task_postrun.connect(weak=False)
def _ends(**_: object) -> None:
    failpoints.point("before_ack")
