"""Seconds of processor time, from the kernel's own accounts. Without /proc (outside Linux) the server's are not known."""

import os
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")


class ServerClock:
    """What the connections of one Postgres have used.

    Living backends, and through their parent those that have ended. Not counted: checkpointer, WAL writer and the like, whose
    work falls on whoever runs when they wake; autovacuum is off meanwhile.
    """

    def __init__(self, postmaster: int) -> None:
        self.postmaster = postmaster
        self.known = Path(f"/proc/{postmaster}/task").exists()

    def read(self) -> float:
        """Seconds since the server started."""
        if not self.known:
            return 0.0
        *_, ended_user, ended_system = self._times(self.postmaster)
        ticks = ended_user + ended_system
        for task in Path(f"/proc/{self.postmaster}/task").iterdir():
            for child in (task / "children").read_text().split():
                if self._serves_a_client(child):
                    user, system, *_ = self._times(int(child))
                    ticks += user + system
        return ticks * TICK

    @staticmethod
    def _serves_a_client(pid: str) -> bool:
        title = Path(f"/proc/{pid}/cmdline").read_bytes()
        return not title or b"127.0.0.1(" in title  # it has no title once it has ended and waits for its parent

    @staticmethod
    def _times(pid: int) -> list[int]:
        """utime, stime, cutime, cstime of proc(5)."""
        stat = Path(f"/proc/{pid}/stat").read_text()
        return [int(field) for field in stat.rpartition(")")[2].split()[11:15]]
