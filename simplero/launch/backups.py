"""`make backup` and `make restore`: the commands of the same names, on the embedded database where the environment names no other."""

import os
import subprocess
import sys

from simplero.launch.__main__ import ROOT, VAR, environment
from simplero.launch.errors import AlreadyRunning, LaunchError
from simplero.launch.postgres import DATABASE, EmbeddedPostgres


def main(arguments: list[str]) -> int:
    """`backup …` or `restore …`, with what manage.py takes."""
    command = arguments[0] if arguments else ""
    if command not in ("backup", "restore"):
        print("simplero: backup or restore?", file=sys.stderr)
        return 2
    if os.environ.get("DATABASE_URL"):
        return _manage(arguments, {**os.environ})
    postgres = EmbeddedPostgres(VAR / "postgres")
    try:
        if command == "backup" and not postgres.data.exists():
            raise LaunchError(f"There is no database in {postgres.folder} yet: `make run` makes one.")
        try:
            postgres.start()
        except AlreadyRunning as running:
            if command == "restore":
                raise LaunchError("Simplero Credits runs from this folder: stop it first.") from running
            postgres.meet()
        given = environment(postgres.app_url, os.environ.get("REDIS_URL", ""), 8000)
        superuser = postgres.superuser_url.rpartition("/")[0] + f"/{DATABASE}"
        return _manage(arguments, given | {"DATABASE_OWNER_URL": postgres.owner_url, "BACKUP_DATABASE_URL": superuser})
    except LaunchError as error:
        print(f"simplero: {error}", file=sys.stderr)
        return 1
    finally:
        postgres.stop()


def _manage(arguments: list[str], environment: dict[str, str]) -> int:
    return subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
