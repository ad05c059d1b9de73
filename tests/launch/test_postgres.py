"""A cluster of our own: made, stopped, killed, found again."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psycopg
import pytest

from simplero.launch.errors import AlreadyRunning, LaunchError
from simplero.launch.postgres import EmbeddedPostgres, binaries_version, find_binaries

ROOT = Path(__file__).resolve().parents[2]


def rows(url: str, query: str) -> list[tuple]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query)
        return cursor.fetchall() if cursor.description else []


def test_committed_rows_outlive_stop_and_kill(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        rows(server.owner_url, "CREATE TABLE kept AS SELECT 1 AS number")

    killed = EmbeddedPostgres(folder)
    killed.start()
    rows(killed.owner_url, "INSERT INTO kept VALUES (2)")
    killed.process.kill()
    killed.stop()

    with EmbeddedPostgres(folder) as server:
        assert rows(server.owner_url, "SELECT number FROM kept ORDER BY number") == [(1,), (2,)]


def test_application_is_neither_owner_nor_superuser(cluster: Path) -> None:
    with EmbeddedPostgres(cluster, durable=False) as server:
        rights = "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        assert rows(server.app_url, rights) == [("simplero_app", False, False, False, False)]
        assert rows(server.owner_url, rights) == [("simplero_owner", False, False, True, False)]
        assert rows(server.owner_url, "SELECT pg_has_role('simplero_app', 'simplero_owner', 'MEMBER')") == [(False,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(server.app_url, "CREATE TABLE mine (id int)")
        nameless = server.superuser_url.replace(server.superuser_url.split(":")[2].split("@")[0], "guessed")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(nameless)


def test_a_folder_has_one_server(cluster: Path) -> None:
    with EmbeddedPostgres(cluster, durable=False) as server:
        with pytest.raises(AlreadyRunning) as refused:
            EmbeddedPostgres(cluster, durable=False).start()
        assert refused.value.note == str(os.getpid())
        assert rows(server.app_url, "SELECT 1") == [(1,)]


def test_number_of_a_dead_server_now_worn_by_a_stranger(cluster: Path) -> None:
    with EmbeddedPostgres(cluster, durable=False):
        pid_file = (cluster / "data" / "postmaster.pid").read_text().splitlines()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (cluster / "data" / "postmaster.pid").write_text("\n".join([str(stranger.pid), *pid_file[1:]]) + "\n")
        with EmbeddedPostgres(cluster, durable=False) as server:
            assert rows(server.app_url, "SELECT 1") == [(1,)]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_launcher_killed_takes_its_server_along(cluster: Path, soon, gone) -> None:
    script = f"""
        import time
        from simplero.launch.postgres import EmbeddedPostgres
        server = EmbeddedPostgres({str(cluster)!r})
        server.start()
        print(server.process.pid, flush=True)
        time.sleep(60)
    """
    launcher = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    pid = int(launcher.stdout.readline())
    launcher.kill()
    launcher.wait()
    launcher.stdout.close()
    with EmbeddedPostgres(cluster) as server:  # at once: it waits for the old one's shutdown
        assert rows(server.app_url, "SELECT 1") == [(1,)]
        assert soon(lambda: gone(pid))


def test_server_left_over_is_stopped_first(cluster: Path, gone, monkeypatch: pytest.MonkeyPatch) -> None:
    left_over = EmbeddedPostgres(cluster)
    left_over.start()
    left_over._lock.release()  # what the end of its launcher does, where the kernel tells no children
    with EmbeddedPostgres(cluster) as server:
        assert rows(server.app_url, "SELECT 1") == [(1,)]
        assert gone(left_over.process.pid)
    assert left_over.process.wait(20) == 0


def test_pg_bindir_swaps_the_binaries(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = sorted(Path("/usr/lib/postgresql").glob("1[5-9]/bin/initdb"))
    if not installed:
        pytest.skip("no Postgres of the system in /usr/lib/postgresql")
    bindir = installed[0].parent
    monkeypatch.setenv("PG_BINDIR", str(bindir))
    with EmbeddedPostgres(folder, durable=False) as server:
        (version,) = rows(server.app_url, "SHOW server_version_num")[0]
        assert int(version) // 10000 == binaries_version(bindir)


def test_pg_bindir_without_a_postgres(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BINDIR", str(tmp_path))
    with pytest.raises(LaunchError, match=r"^PG_BINDIR is .*, and there is no postgres and initdb in that folder\.$"):
        EmbeddedPostgres(folder).start()


def test_binaries_that_do_not_run(tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("no program")
    with pytest.raises(LaunchError, match="does not run on this machine"):
        binaries_version(tmp_path)


def test_binaries_too_old(tmp_path: Path) -> None:
    program = tmp_path / "postgres"
    program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 13.4'\n")
    program.chmod(0o755)
    with pytest.raises(LaunchError, match=r"holds Postgres 13; this needs 15 or newer\.$"):
        binaries_version(tmp_path)


def test_data_of_another_version(folder: Path) -> None:
    data = folder / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("13\n")
    (folder / "passwords.json").write_text("{}")
    with pytest.raises(LaunchError, match="was made by Postgres 13, and the binaries in .* are Postgres"):
        EmbeddedPostgres(folder, bindir=find_binaries()).start()


def test_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LaunchError, match=r"^Cannot write to .*/file/server: Not a directory\.$"):
        EmbeddedPostgres(tmp_path / "file" / "server").start()


def test_start_that_fails_leaves_nothing_running(cluster: Path) -> None:
    with EmbeddedPostgres(cluster, durable=False):
        pass
    (cluster / "data" / "pg_hba.conf").write_text("nonsense\n")
    broken = EmbeddedPostgres(cluster, durable=False)
    with pytest.raises(LaunchError, match="ended while starting: could not load"):
        broken.start()
    assert broken.process is None
    assert broken.stop_signals[0][0] is signal.SIGQUIT
    with pytest.raises(LaunchError, match="ended while starting"):  # and not AlreadyRunning
        EmbeddedPostgres(cluster, durable=False).start()
