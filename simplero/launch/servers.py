"""What the embedded servers have in common: a folder that is theirs alone, a free port, a log, an end."""

import contextlib
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, ClassVar, Self

from simplero.launch.errors import LaunchError
from simplero.launch.locks import FileLock
from simplero.launch.processes import command_line, free_port, kill_group

LOG_LIMIT = 5_000_000
"""Bytes after which a server's log is begun anew at the next start."""

READY_WITHIN = 60.0
"""Seconds; recovery after kill -9 with a full write-ahead log is the slow case."""

FORMER_ENDS_WITHIN = 15.0
"""Seconds a server left over by a killed launcher gets for shutting down."""


class PortTaken(Exception):
    """Somebody took the free port between our looking and the server's binding it."""


class StillInUse(Exception):
    """What a killed predecessor left in memory is not gone yet."""


class Server(ABC):
    """A server process on 127.0.0.1 that lives in `folder` and no longer than this object's process.

    Start it from the main thread: the kernel ends it when the thread that started it ends.
    """

    name: ClassVar[str]

    stop_signals: Sequence[tuple[signal.Signals, float]]
    """Signals to try in turn, each with the seconds it gets. SIGKILL follows the last."""

    def __init__(self, folder: Path | str, *, durable: bool = True) -> None:
        self.folder = Path(folder).resolve()
        self.durable = durable
        self.log = self.folder / f"{self.name}.log"
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._lock = FileLock(self.folder / "lock")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until connections are accepted.

        Raises LaunchError (missing binaries, unwritable folder, failed start) and AlreadyRunning (folder in use).
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o711)
            self._lock.acquire(str(os.getpid()))
        except OSError as error:
            raise LaunchError(f"Cannot write to {self.folder}: {error.strerror}.") from error
        try:
            self._end_former()
            self._prepare()
            self._launch()
            self._furnish()
        except BaseException as error:
            self.stop()
            if isinstance(error, OSError):
                raise LaunchError(f"Cannot start {self.name} in {self.folder}: {error}.") from error
            raise

    def stop(self) -> None:
        """Stop it if it runs, and let the folder go."""
        if self.process is not None:
            for stop_signal, grace in self.stop_signals:
                if self.process.poll() is not None:
                    break
                self.process.send_signal(stop_signal)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(grace)
            kill_group(self.process)
            self.process.wait()
            self.process = None
        self._lock.release()

    def tail(self, lines: int = 5) -> str:
        """The end of the log."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, self.log.stat().st_size - 4000))
                return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    @abstractmethod
    def _prepare(self) -> None:
        """Find the binaries and lay out the folder."""

    @abstractmethod
    def _spawn(self, log: BinaryIO) -> subprocess.Popen[bytes]:
        """Start the process on `self.port`."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether the process started by us accepts connections."""

    @abstractmethod
    def _former_pid(self) -> int | None:
        """The process that the folder names as its server, dead or alive."""

    @abstractmethod
    def _arguments(self) -> str:
        """What stands in the command line of this folder's server and of no other."""

    @abstractmethod
    def _why_it_ended(self, said: str) -> Exception:
        """What stopped a server that ended while starting, read from what it said."""

    def _furnish(self) -> None:  # noqa: B027, most servers need nothing
        """Put in place what must exist before anybody else connects."""

    def _serves_this_folder(self, pid: int) -> bool:
        # Whole words: the folder beside ours may begin with the same letters.
        return f" {self._arguments()} " in command_line(pid) + " "

    def _end_former(self) -> None:
        """Stop a server whose launcher was killed. The lock is ours, so nobody is using it."""
        pid = self._former_pid()
        if pid is None or not self._serves_this_folder(pid):
            return
        deadline = time.monotonic() + FORMER_ENDS_WITHIN
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, self.stop_signals[0][0])
            while time.monotonic() < deadline:
                if not self._serves_this_folder(pid):
                    return
                time.sleep(0.02)
            raise LaunchError(
                f"A {self.name} of an earlier run (process {pid}) still uses {self.folder} and does not stop: end it first."
            )

    def _launch(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while True:
            self.port = free_port()
            try:
                self._try_port(deadline)
                return
            except PortTaken:
                continue
            except StillInUse:
                if time.monotonic() > deadline:
                    raise LaunchError(f"Processes of an earlier {self.name} still use {self.folder}.") from None
                time.sleep(0.1)

    def _try_port(self, deadline: float) -> None:
        fresh = self.log.exists() and self.log.stat().st_size > LOG_LIMIT
        with self.log.open("wb" if fresh else "ab") as log:
            before = log.tell()
            self.process = self._spawn(log)
        while not self._is_ready():
            if self.process.poll() is not None:
                with self.log.open("rb") as log:
                    log.seek(before)
                    said = log.read().decode(errors="replace")
                self.process = None
                raise self._why_it_ended(said)
            if time.monotonic() > deadline:
                raise LaunchError(
                    f"{self.name} was not ready within {READY_WITHIN:.0f} seconds; its log is {self.log}."
                )
            time.sleep(0.01)
