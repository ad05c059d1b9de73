import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from simplero.launch.postgres import EmbeddedPostgres


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a server may live: in a path with a space, as any checkout may."""
    return tmp_path / "with a space" / "server"


@pytest.fixture(scope="session")
def _pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("launch") / "pattern"
    with EmbeddedPostgres(folder, durable=False) as server:
        server.stop_signals = [(signal.SIGINT, 20)]  # a proper shutdown, for nothing to be recovered in the copies
    return folder


@pytest.fixture
def cluster(folder: Path, _pattern: Path) -> Path:
    """The folder with a cluster in it, copied, which takes a fifth of making one."""
    shutil.copytree(_pattern, folder)
    return folder


@pytest.fixture
def soon() -> Callable[[Callable[[], bool]], bool]:
    """Whether something comes true within a patient while."""

    def wait(happened: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + 20
        while not happened():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    return wait


@pytest.fixture
def gone() -> Callable[[int], bool]:
    """Whether a process has ended. One that only waits for its parent to notice has."""

    def ask(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return False

    return ask
