"""What `make run` refuses, in one sentence and without a traceback."""

import socket
import sys
from pathlib import Path
from threading import Timer

import pytest

from simplero.launch import __main__ as start
from simplero.launch import addresses
from simplero.launch.locks import FileLock
from simplero.launch.processes import free_port


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for data that is not this checkout's own, and an environment that names no servers."""
    monkeypatch.setattr(start, "VAR", tmp_path / "var")
    monkeypatch.setattr(sys, "argv", ["simplero.launch"])
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "PG_BINDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORT", str(free_port()))
    return tmp_path


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    assert start.main() == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("simplero: ")
    assert "\n" not in said
    return said.removeprefix("simplero: ")


def test_second_start_says_where_the_first_runs(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "var").mkdir()
    first = FileLock(checkout / "var" / "lock").acquire("http://127.0.0.1:8123 (process 77)")
    said = refusal(capsys)
    assert said.startswith("Simplero Credits already runs from this folder, at http://127.0.0.1:8123 (process 77)")
    first.release()


def test_port_taken(checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        assert refusal(capsys).startswith(f"Port {port} is taken by another program")
    assert not (checkout / "var" / "postgres").exists()


def test_port_a_killed_run_is_about_to_leave(checkout: Path) -> None:
    (checkout / "var").mkdir()
    (checkout / "var" / "lock").write_text("http://127.0.0.1:8123 (process 77)")
    lock = FileLock(checkout / "var" / "lock").acquire("ours")
    assert lock.left_behind == "http://127.0.0.1:8123 (process 77)"
    lock.release()
    assert FileLock(checkout / "var" / "lock").acquire().left_behind == ""

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    Timer(0.3, listener.close).start()
    addresses.refuse_taken(port, patience=5)
    assert listener.fileno() == -1


def test_folder_that_cannot_be_written(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "var").touch()  # works for root too, whom no permission stops
    assert refusal(capsys).startswith(f"Cannot write to {checkout / 'var'}, where the data is kept: ")


def test_one_database_address_alone(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@127.0.0.1/simplero")
    assert refusal(capsys).startswith("DATABASE_URL is given without DATABASE_OWNER_URL")


def test_lock_is_free_after_a_refusal(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://owner@127.0.0.1/simplero")
    assert refusal(capsys) == refusal(capsys)


def test_children_never_see_the_owners_address(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / "var").mkdir()
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://owner@127.0.0.1/simplero")
    env = start.environment("postgresql://app@127.0.0.1/simplero", "redis://127.0.0.1/0", 8123)
    assert "DATABASE_OWNER_URL" not in env
    assert env["DATABASE_URL"] == "postgresql://app@127.0.0.1/simplero"
    again = start.environment("postgresql://app@127.0.0.1/simplero", "redis://127.0.0.1/0", 8123)
    assert env["SECRET_KEY"] == again["SECRET_KEY"]
    assert (checkout / "var" / "secret_key").stat().st_mode & 0o077 == 0
