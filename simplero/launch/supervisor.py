"""Several processes in one terminal: started in order, watched, stopped in reverse.

One thread and one loop: children are started from the main thread because the kernel ties their lives to it.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from simplero.launch.errors import LaunchError
from simplero.launch.processes import kill_group, spawn
from simplero.launch.servers import Server

STOPPED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

HURRY_AFTER = 1.0
"""Seconds after the first request to stop in which a second one counts as its echo: a terminal signals make and us,
and make passes its own on."""

COLOURS = {"launch": "1", "postgres": "34", "redis": "31", "migrate": "90", "beat": "35", "worker": "33", "web": "32"}

LONGEST_LINE = 20_000
"""Bytes after which a line is shown without its end."""

KEPT_LINES = 200
"""How much of a child's latest output is remembered."""

Grace = Sequence[tuple[signal.Signals, float]]
"""Signals to try in turn, each with the seconds it gets. SIGKILL follows the last."""


class StopAsked(Exception):
    """Somebody asked us to stop while we were starting."""


@dataclass
class Child:
    """A process whose output stands in ours, line by line, behind its name."""

    name: str
    process: subprocess.Popen[bytes]
    grace: Grace
    silent: bool = False
    pending: bytes = field(default=b"", repr=False)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES), repr=False)


class Supervisor:
    """Starts and watches children and servers. Use it as a context manager: leaving it stops everything."""

    def __init__(self, *, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._colour = self._out.isatty() and "NO_COLOR" not in os.environ
        self._running: list[Child | Server] = []
        self._selector = selectors.DefaultSelector()
        self._asked_at: float | None = None
        self._hurry = False

    def __enter__(self) -> "Supervisor":
        self._wakeup, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(self._wakeup, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._selector.register(self._wakeup, selectors.EVENT_READ)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # wakes the loop
        for asked in STOPPED_BY:
            # What nohup asks for stands; a shell's script, though, ignores INT in all it starts in the background.
            if asked is not signal.SIGHUP or signal.getsignal(asked) is not signal.SIG_IGN:
                signal.signal(asked, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        signal.set_wakeup_fd(-1)

    @property
    def asked_to_stop(self) -> bool:
        """Whether INT, TERM or HUP came."""
        return self._asked_at is not None

    def _ask(self, *_: object) -> None:
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
        elif now - self._asked_at > HURRY_AFTER:
            self._hurry = True

    def say(self, name: str, line: str) -> None:
        """Print a line behind a name. Losing the terminal is a request to stop, not an error."""
        prefix = f"{name:<8} │ "
        if self._colour:
            prefix = f"\033[{COLOURS.get(name, '36')}m{prefix}\033[0m"
        self.show(prefix + line)

    def show(self, text: str) -> None:
        """Print as it stands."""
        try:
            print(text, file=self._out, flush=True)
        except OSError:
            self._ask()
            # What is buffered would fail once more at exit, and turn a proper end into an error.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())

    def serve(self, server: Server) -> None:
        """Start an embedded server. Raises LaunchError."""
        self._leave_if_asked()
        began = time.monotonic()
        server.start()
        self._running.append(server)
        self.say(
            server.name, f"ready on port {server.port} after {time.monotonic() - began:.1f} s, log in {server.log}"
        )

    def run(
        self, name: str, argv: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, silent: bool = False
    ) -> list[str]:
        """Run a command to its end and give back the lines it printed. Raises LaunchError when it fails.

        A `silent` one's lines are shown only when it fails.
        """
        child = self.start(name, argv, env=env, cwd=cwd, grace=[(signal.SIGTERM, 3)], announced=False, silent=silent)
        began = time.monotonic()
        while child.process.poll() is None:
            self._pump(1.0)
            self._leave_if_asked()
        self._drain(child)
        self._running.remove(child)
        kill_group(child.process)
        if child.process.returncode != 0:
            for line in child.lines if silent else []:
                self.say(name, line)
            raise LaunchError(f"{name} failed ({_manner(child.process.returncode)}); what it said stands above.")
        self.say(name, f"done after {time.monotonic() - began:.1f} s")
        return list(child.lines)

    def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path,
        grace: Grace,
        announced: bool = True,
        silent: bool = False,
    ) -> Child:
        """Start a process that is to run until we stop. Raises LaunchError when there is no such program."""
        self._leave_if_asked()
        reading, writing = os.pipe()
        try:
            process = spawn(argv, env=env, cwd=cwd, stdout=writing)
        except OSError as error:
            os.close(reading)
            raise LaunchError(f"Cannot start {name}: {error}.") from error
        finally:
            os.close(writing)
        child = Child(name, process, grace, silent)
        os.set_blocking(reading, False)
        self._selector.register(reading, selectors.EVENT_READ, child)
        self._running.append(child)
        if announced:
            self.say("launch", f"started {name} (process {process.pid})")
        return child

    def wait(self, *, until: Callable[[], bool] = lambda: False, timeout: float | None = None) -> bool:
        """Pass output on until `until()` holds. False when `timeout` seconds went by first.

        Raises StopAsked when somebody asks us to stop and LaunchError when a process ends by itself.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not until():
            self._pump(0.1 if timeout is not None else 5.0)
            self._leave_if_asked()
            for one in self._running:
                if one.process is not None and one.process.poll() is not None:
                    if isinstance(one, Child):
                        self._drain(one)
                        last = ""
                    else:
                        last = f" The end of its log:\n{one.tail()}"
                    raise LaunchError(
                        f"{one.name} ended by itself ({_manner(one.process.returncode)}), so everything stops.{last}"
                    )
            if deadline is not None and time.monotonic() > deadline:
                return False
        return True

    def stop(self) -> None:
        """Stop everything in reverse order, each with its own grace."""
        while self._running:
            one = self._running[-1]
            began = time.monotonic()
            if isinstance(one, Server):
                one.stop()
                manner = ""
            else:
                self._stop_child(one)
                manner = f", {_manner(one.process.returncode)}"
            self._running.pop()
            self.say("launch", f"stopped {one.name} ({time.monotonic() - began:.1f} s{manner})")

    def _stop_child(self, child: Child) -> None:
        for stop_signal, grace in child.grace:
            if child.process.poll() is None and not self._hurry:
                child.process.send_signal(stop_signal)
                deadline = time.monotonic() + grace
                while child.process.poll() is None and time.monotonic() < deadline and not self._hurry:
                    self._pump(0.2)
        kill_group(child.process)
        child.process.wait()
        self._drain(child)

    def _leave_if_asked(self) -> None:
        if self.asked_to_stop:
            raise StopAsked

    def _pump(self, timeout: float) -> None:
        """Wait for output, a signal or the end of a child, at most `timeout` seconds, and print what came."""
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wakeup, 4096)
            else:
                self._read(key.fd, key.data)

    def _read(self, descriptor: int, child: Child) -> bool:
        """Print one portion of output; False at its end or when there is none right now."""
        try:
            part = os.read(descriptor, 65536)
        except BlockingIOError:
            return False
        if not part:
            self._selector.unregister(descriptor)
            os.close(descriptor)
        *whole, child.pending = (child.pending + part).split(b"\n")
        if child.pending and (not part or len(child.pending) > LONGEST_LINE):
            whole.append(child.pending)
            child.pending = b""
        for raw in whole:
            line = raw.decode(errors="replace").rstrip()
            child.lines.append(line)
            if not child.silent:
                self.say(child.name, line)
        return bool(part)

    def _drain(self, child: Child) -> None:
        """Print what a child that has ended left in its pipe."""
        for key in list(self._selector.get_map().values()):
            if key.data is child:
                descriptor = int(key.fd)
                while self._read(descriptor, child):
                    pass
                if descriptor in self._selector.get_map():  # a grandchild holds the other end
                    self._selector.unregister(descriptor)
                    os.close(descriptor)


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _manner(returncode: int | None) -> str:
    if returncode is None or returncode >= 0:
        return f"exit code {returncode}"
    return signal.Signals(-returncode).name
