"""The migrations are run once for a whole run: each worker's database is a copy of one that has them."""

import fcntl
import os
from pathlib import Path

from django.core.management import call_command
from django.db import connection


def use() -> None:
    """Let the database that is made for these tests be a copy of the server's own, which whoever comes first migrates.

    Nothing where somebody else's servers are used: their database is not ours to migrate.
    """
    folder = os.environ.get("TEST_TEMPLATE_FOLDER")
    if not folder:
        return
    done = Path(folder) / "migrated"
    with (Path(folder) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            call_command("migrate", verbosity=0)
            connection.close()
            done.touch()
    connection.settings_dict["TEST"]["TEMPLATE"] = connection.settings_dict["NAME"]
