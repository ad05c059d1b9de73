"""One process to a folder."""

import fcntl
import os
from pathlib import Path
from typing import Self

from simplero.launch.errors import AlreadyRunning


class FileLock:
    """An flock on a file, held until `release` or the end of this process, however it ends.

    Children do not inherit it (Python opens files close-on-exec), so a killed launcher never leaves it locked.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.left_behind = ""
        """The note of a holder that was killed before it could take it away."""
        self._descriptor: int | None = None

    def acquire(self, note: str = "") -> Self:
        """Take the lock and leave `note` for whoever finds it taken. Raises AlreadyRunning with the holder's note."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 4096).decode(errors="replace")
            os.close(descriptor)
            raise AlreadyRunning(f"Another process is using {self.path.parent}.", note=holder) from None
        self._descriptor = descriptor
        self.left_behind = os.read(descriptor, 4096).decode(errors="replace")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, note.encode(), 0)
        return self

    def release(self) -> None:
        """Let go; harmless when nothing is held."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None
