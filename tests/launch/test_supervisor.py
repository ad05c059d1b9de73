"""Processes started in order, watched, stopped in reverse, and none left behind."""

import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A child says its own number and its own child's, then waits; `trap` decides how it takes TERM.
FAMILY = "sleep 60 & echo family $$ $!; wait"


@contextmanager
def supervising(body: str) -> Iterator[subprocess.Popen[str]]:
    """A process that supervises what `body` starts."""
    script = f"""
        import os, signal, sys
        from simplero.launch.errors import LaunchError
        from simplero.launch.supervisor import StopAsked, Supervisor
        ENV, CWD, GRACE = dict(os.environ), os.getcwd(), [(signal.SIGTERM, 5)]
        def start(name, script, grace=GRACE):
            supervisor.start(name, ["sh", "-c", script], env=ENV, cwd=CWD, grace=grace)
        try:
            with Supervisor() as supervisor:
{textwrap.indent(textwrap.dedent(body), " " * 16)}
                print("all started", flush=True)
                supervisor.wait()
        except StopAsked:
            sys.exit(0)
        except LaunchError as error:
            print(error, flush=True)
            sys.exit(1)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def lines_until(process: subprocess.Popen[str], pattern: str, times: int = 1) -> list[str]:
    lines: list[str] = []
    while sum(bool(re.search(pattern, line)) for line in lines) < times:
        line = process.stdout.readline()
        assert line, f"ended before saying {pattern}: {lines}"
        lines.append(line.rstrip())
    return lines


def family(lines: list[str]) -> list[int]:
    return [int(number) for line in lines if "family" in line for number in re.findall(r"\d+", line)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_killed_supervisor_leaves_no_children(soon, gone) -> None:
    # `exec` wants no grandchildren: those of Celery and gunicorn watch their parents themselves.
    steady, deaf = "echo number $$; exec sleep 60", "trap '' TERM INT HUP; echo number $$; exec sleep 60"
    with supervising(f"start('steady', {steady!r}); start('deaf', {deaf!r})") as process:
        pids = [int(line.split()[-1]) for line in lines_until(process, "number", 2) if "number" in line]
        assert not any(map(gone, pids))
        process.kill()
        assert soon(lambda: all(map(gone, pids)))


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stops_in_reverse_with_grandchildren(asked: signal.Signals, soon, gone) -> None:
    with supervising(f"for name in ('one', 'two', 'three'): start(name, {FAMILY!r})") as process:
        pids = family(lines_until(process, "family", 3))
        assert len(pids) == 6
        process.send_signal(asked)
        said = process.stdout.read()
        assert re.findall(r"stopped (\w+)", said) == ["three", "two", "one"]
        assert process.wait(20) == 0
        assert soon(lambda: all(map(gone, pids)))


def test_child_that_takes_no_hint_is_killed_after_its_grace() -> None:
    deaf = "trap : TERM; echo deaf; while :; do sleep 60 & wait; done"
    with supervising(f"start('deaf', {deaf!r}, [(signal.SIGTERM, 0.3)])") as process:
        lines_until(process, "│ deaf")
        process.send_signal(signal.SIGTERM)
        assert "stopped deaf" in process.stdout.read()
        assert process.wait(20) == 0


def test_last_words_are_heard() -> None:
    polite = "trap 'echo finishing; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    with supervising(f"start('polite', {polite!r})") as process:
        lines_until(process, "│ up")
        process.send_signal(signal.SIGTERM)
        said = process.stdout.read()
        assert re.search(r"polite +│ finishing\n(.*\n)*.*stopped polite \(\d\.\d s, exit code 0\)", said)


def test_one_that_ends_by_itself_stops_the_rest(gone) -> None:
    with supervising(f"start('steady', {FAMILY!r}); start('frail', 'sleep 0.3; echo goodbye; exit 7')") as process:
        said = process.stdout.read().splitlines()
        assert process.wait(20) == 1
        assert any(re.search(r"frail +│ goodbye", line) for line in said)
        assert said[-1] == "frail ended by itself (exit code 7), so everything stops."
        assert all(map(gone, family(said)))


def test_command_that_fails_stops_the_start() -> None:
    body = "supervisor.run('migrate', ['sh', '-c', 'echo no such column; exit 3'], env=ENV, cwd=CWD)"
    with supervising(body) as process:
        said = process.stdout.read()
        assert process.wait(20) == 1
        assert "│ no such column" in said
        assert said.endswith("migrate failed (exit code 3); what it said stands above.\n")


def test_command_gives_back_its_lines() -> None:
    body = """
        lines = supervisor.run('demo', ['sh', '-c', 'echo one; printf two'], env=ENV, cwd=CWD, silent=True)
        print("lines", lines, flush=True)
    """
    with supervising(body) as process:
        assert lines_until(process, "all started")[-2:] == ["lines ['one', 'two']", "all started"]


def test_program_that_is_not_there() -> None:
    with supervising("supervisor.start('web', ['/no/such/program'], env=ENV, cwd=CWD, grace=GRACE)") as process:
        assert process.stdout.read().startswith("Cannot start web: ")
        assert process.wait(20) == 1


def test_stop_asked_during_a_command() -> None:
    with supervising("supervisor.run('migrate', ['sh', '-c', 'echo at work; sleep 60'], env=ENV, cwd=CWD)") as process:
        lines_until(process, "at work")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_lost_terminal_is_a_request_to_stop() -> None:
    with supervising("start('talker', 'while :; do echo talk; sleep 0.05; done')") as process:
        lines_until(process, "all started")
        process.stdout.close()
        assert process.wait(20) == 0
