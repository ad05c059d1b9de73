"""The servers and processes of a run, each of which can be killed and started again where it was."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from simplero.launch.postgres import SUPERUSER, EmbeddedPostgres
from simplero.launch.processes import free_port, kill_group, spawn
from simplero.launch.redis import EmbeddedRedis
from simplero.launch.servers import Server

ROOT = Path(__file__).resolve().parents[2]


class _Steady(Server):
    """Comes back on the port it had, as a server does whose address stands in everybody's settings."""

    def _launch(self) -> None:
        if self.port:
            self._try_port(time.monotonic() + 60)
        else:
            super()._launch()

    def kill(self) -> None:
        """As if the power went: no process of it is left, nothing was said."""
        if self.process is not None:
            kill_group(self.process)
            self.process.wait()
            self.process = None
        self._lock.release()


class Postgres(_Steady, EmbeddedPostgres):
    """Writes to disk and waits for it, so that what was answered is there after a crash."""

    def crash(self) -> None:
        """What `pg_ctl stop -m immediate` does: every backend ends where it is, and nothing is written any more."""
        assert self.process is not None
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)
        self.kill()

    @property
    def everything_url(self) -> str:
        """The superuser's address, of the application's database."""
        return self._url(SUPERUSER)

    @contextlib.contextmanager
    def superuser(self) -> Iterator[psycopg.Connection[Any]]:
        """Whom nothing stops, in the application's database; each statement is a transaction."""
        with psycopg.connect(self.everything_url, autocommit=True) as connection:
            yield connection

    def analyze(self) -> None:
        """Count what is there, as autovacuum does within a minute: a proof is then planned for it."""
        with self.superuser() as connection:
            connection.execute("ANALYZE")


class Redis(_Steady, EmbeddedRedis):
    def _prepare(self) -> None:
        known = self._password
        super()._prepare()
        self._password = known or self._password

    def lose_everything(self) -> None:
        """Kill it, and let what it had written be gone too."""
        self.kill()
        shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)


class Process:
    """One of ours, with the children it makes; its output goes to a file of its own."""

    def __init__(self, name: str, argv: list[str], folder: Path, **environment: str) -> None:
        self.name, self.argv, self.environment = name, argv, environment
        self.log = folder / f"{name}.log"
        self.bullets = folder / f"{name}.bullets"
        self.bullets.mkdir(exist_ok=True)
        self.process: subprocess.Popen[bytes] | None = None
        self.kills = 0

    def start(self) -> None:
        given = {**os.environ, **self.environment, "FAULT_BULLETS": str(self.bullets), "PYTHONUNBUFFERED": "1"}
        given.pop("DATABASE_OWNER_URL", None)
        with self.log.open("ab") as log:
            self.process = spawn([sys.executable, *self.argv], env=given, cwd=ROOT, stdout=log.fileno())

    def kill(self) -> None:
        """It and all its children, at once."""
        assert self.process is not None
        kill_group(self.process)
        self.process.wait()
        self.process = None
        self.kills += 1

    def stop(self) -> None:
        for bullet in self.bullets.iterdir():
            bullet.unlink()
        if self.process is not None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
            kill_group(self.process)
            self.process.wait()
            self.process = None

    def leave(self, within: float = 40) -> float:
        """Ask it to go and let it end what it is at; how many seconds that took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.terminate()
        self.process.wait(within)
        kill_group(self.process)
        self.process = None
        return time.monotonic() - began

    def children(self) -> list[int]:
        assert self.process is not None
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def load(self, point: str) -> None:
        """Let the next child that comes to this point die there."""
        (self.bullets / point).touch()

    def fired(self, point: str) -> bool:
        """Whether somebody died there."""
        return not (self.bullets / point).exists()

    def kill_at(self, point: str, *, within: float = 20) -> bool:
        """Let one child die at this point; False where nobody came by."""
        self.load(point)
        if soon(lambda: self.fired(point), within):
            self.kills += 1
            return True
        (self.bullets / point).unlink(missing_ok=True)
        return False

    def kill_a_child(self, rng: Any) -> None:
        """Whatever it is doing."""
        if children := self.children():
            os.kill(rng.choice(children), signal.SIGKILL)
            self.kills += 1

    def said(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""


def web(folder: Path, port: int, name: str = "web", **environment: str) -> Process:
    argv = [
        *("-m", "gunicorn", "tests.faults.application:application", f"--bind=127.0.0.1:{port}", "--preload"),
        *("--worker-class=gthread", "--workers=2", "--threads=8", "--no-control-socket", "--log-level=warning"),
    ]
    return Process(name, argv, folder, **environment)


def worker(folder: Path, name: str = "worker", *, children: int = 2, **environment: str) -> Process:
    argv = [
        *("-W", "ignore:You're running the worker", "-m", "celery", "--quiet", "-A", "tests.faults.worker", "worker"),
        *(
            "--loglevel=WARNING",
            f"--concurrency={children}",
            "--without-gossip",
            "--without-mingle",
            f"--hostname={name}@%h",
        ),
    ]
    return Process(name, argv, folder, **environment)


def beat(folder: Path, name: str = "beat") -> Process:
    argv = [
        *("-m", "celery", "--quiet", "-A", "tests.faults.worker", "beat", "--loglevel=WARNING", "--pidfile="),
        f"--schedule={folder / name}-schedule",
    ]
    return Process(name, argv, folder)


def soon(happened: Callable[[], Any], within: float = 30, *, every: float = 0.02) -> bool:
    """Whether something comes true within so many seconds."""
    deadline = time.monotonic() + within
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """manage.py, in a process of its own."""
    given = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=given, capture_output=True, text=True, check=False
    )


class Stage:
    """Everything of a run. The servers are started once; the processes when they are first needed."""

    _this_run: "Stage"

    @classmethod
    def prepare(cls, folder: Path, postgres: Postgres, redis: Redis) -> None:
        """What the tests of this run will find."""
        cls._this_run = cls(folder, postgres, redis)

    @classmethod
    def of_this_run(cls) -> "Stage":
        return cls._this_run

    def __init__(self, folder: Path, postgres: Postgres, redis: Redis) -> None:
        self.folder, self.postgres, self.redis = folder, postgres, redis
        self.turns = folder / "turns.log"
        self.turns.touch()
        os.environ["FAULT_TURNS"] = str(self.turns)
        self.port = free_port()
        self.web = web(folder, self.port)
        self.worker = worker(folder)
        self.beat = beat(folder)

    def serve(self) -> None:
        """See to it that the web server answers."""
        from .clients import answers  # after Django's settings

        if self.web.process is None:
            self.web.start()
        assert soon(lambda: answers(self.port), 60), self.web.said()

    def work(self, worker: Process | None = None) -> None:
        """See to it that scheduler and worker, ours or another one, run and have begun to work."""
        mark = self.turns.stat().st_size
        for one in (worker or self.worker, self.beat):
            if one.process is None:
                one.start()
        assert soon(lambda: "turn " in self.turns.read_text()[mark:], 60), self.worker.said()

    def rest(self) -> None:
        """No worker and no scheduler."""
        self.beat.stop()
        self.worker.stop()

    def end(self) -> None:
        for one in (self.web, self.beat, self.worker):
            one.stop()
