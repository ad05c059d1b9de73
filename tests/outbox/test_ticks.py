"""Scheduled tasks: each turn once, by the database's clock, whoever sends it; and how Celery is told to behave."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from celery import shared_task

from simplero.celery import VISIBILITY_TIMEOUT, app
from simplero.outbox import ticks
from simplero.outbox.models import Tick

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def test_a_turn_is_taken_once(at):
    at(NOON + timedelta(seconds=7))
    assert ticks.take("care", every=5)
    assert not ticks.take("care", every=5)
    assert ticks.take("other care", every=5)
    at(NOON + timedelta(seconds=9.9))
    assert not ticks.take("care", every=5)
    at(NOON + timedelta(seconds=10))
    assert ticks.take("care", every=5)
    assert set(Tick.objects.filter(schedule="care").values_list("due", flat=True)) == {
        NOON + timedelta(seconds=5),
        NOON + timedelta(seconds=10),
    }


def test_turns_of_long_ago_are_forgotten(at):
    for hours in (0, 1, 24, 26):
        at(NOON + timedelta(hours=hours))
        ticks.take("care", every=3600)
        ticks.take("daily care", every=24 * 3600)
    assert Tick.objects.filter(schedule="care").count() == 2
    assert Tick.objects.filter(schedule="daily care").count() == 2


def test_a_task_does_its_turn_once(at):
    done = []

    @shared_task(name="tests.care", once_per=60)
    def care(**_):
        done.append(1)

    try:
        at(NOON)
        for _ in range(3):
            app.tasks["tests.care"]()
        at(NOON + timedelta(minutes=1))
        app.tasks["tests.care"].apply()
        assert len(done) == 2
    finally:
        app.tasks.unregister("tests.care")


def test_every_schedule_has_turns_and_asks_often_enough():
    app.loader.import_default_modules()
    for name, entry in app.conf.beat_schedule.items():
        task = app.tasks[entry["task"]]
        assert task.once_per, f"{name} would run once for each scheduler"
        assert entry["schedule"] <= min(task.once_per, 300)
        assert "expires" not in entry.get("options", {}), f"a worker whose clock is ahead would drop every {name}"


def test_what_is_done_is_acknowledged_late_and_handed_out_again_in_time():
    conf = app.conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_cancel_long_running_tasks_on_connection_loss
    assert conf.worker_prefetch_multiplier == 1
    assert conf.task_ignore_result
    assert conf.broker_connection_max_retries is None
    assert (conf.task_soft_time_limit, conf.task_time_limit) == (240, 300)
    assert conf.task_time_limit < VISIBILITY_TIMEOUT
    for where in (conf.broker_transport_options, conf.result_backend_transport_options):
        assert where["visibility_timeout"] == VISIBILITY_TIMEOUT
    assert conf.visibility_timeout == VISIBILITY_TIMEOUT


@pytest.mark.parametrize(("demo", "wait", "idle"), [("0", 30, True), ("1", 1, False)])
def test_a_worker_that_is_told_to_go_ends_what_it_is_at(demo, wait, idle):
    """In production; on somebody's own machine Ctrl-C is to take no longer than ten seconds."""
    asked = "from simplero.celery import app; print(app.conf.worker_soft_shutdown_timeout, app.conf.worker_enable_soft_shutdown_on_idle)"
    environment = {**os.environ, "DEMO": demo, "SITE_URL": "https://credits.example"}
    said = subprocess.run(
        [sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True, timeout=30
    )
    assert said.stdout.split() == [f"{wait}.0", str(idle)]


def test_a_broker_that_is_lost_does_not_end_its_worker():
    """Kombu closes the connection first, then the channel, which still has something to put back."""
    connection = app.connection_for_read()
    channel = connection.default_channel
    channel.queue_declare("lost")
    channel.basic_publish(channel.prepare_message("nudge"), "", "lost")
    message = channel.basic_get("lost")
    assert message is not None
    connection.collect()
    with pytest.raises(connection.connection_errors):
        message.ack()
    connection.close()
