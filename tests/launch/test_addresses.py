"""Addresses in the environment: each fault is one sentence that names the variable and keeps the password."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from simplero.launch import addresses
from simplero.launch.errors import LaunchError
from simplero.launch.postgres import EmbeddedPostgres
from simplero.launch.processes import free_port


@pytest.fixture(scope="module")
def server(_pattern: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(_pattern, durable=False) as server:
        yield server
        with psycopg.connect(server.superuser_url, autocommit=True) as connection:
            connection.execute("DROP ROLE IF EXISTS too_wide")
        server.stop_signals = [(signal.SIGINT, 20)]


def refusal(environ: dict[str, str]) -> str:
    with pytest.raises(LaunchError) as refused:
        addresses.databases(environ)
    said = str(refused.value)
    assert "\n" not in said
    return said


def test_both_addresses(server: EmbeddedPostgres) -> None:
    both = {"DATABASE_URL": server.app_url, "DATABASE_OWNER_URL": server.owner_url}
    assert addresses.databases(both) == addresses.DatabaseAddresses(app=server.app_url, owner=server.owner_url)


def test_no_address() -> None:
    assert addresses.databases({}) is None
    assert addresses.redis({}) is None


def test_one_address_alone_names_the_other() -> None:
    assert refusal({"DATABASE_URL": "postgresql://app@host/name"}).startswith(
        "DATABASE_URL is given without DATABASE_OWNER_URL"
    )
    assert refusal({"DATABASE_OWNER_URL": "postgresql://owner@host/name"}).startswith(
        "DATABASE_OWNER_URL is given without DATABASE_URL"
    )


def test_nobody_listens() -> None:
    port = free_port()
    url = f"postgresql://role:kept-quiet@127.0.0.1:{port}/name"
    said = refusal({"DATABASE_URL": url, "DATABASE_OWNER_URL": url})
    assert said == f"Cannot use the database DATABASE_OWNER_URL names, 127.0.0.1:{port}/name: Connection refused."


def test_wrong_password(server: EmbeddedPostgres) -> None:
    wrong = f"postgresql://simplero_app:kept-quiet@127.0.0.1:{server.port}/simplero"
    said = refusal({"DATABASE_URL": wrong, "DATABASE_OWNER_URL": server.owner_url})
    assert said.endswith('/simplero: password authentication failed for user "simplero_app".')


def test_no_address_at_all(server: EmbeddedPostgres) -> None:
    said = refusal({"DATABASE_URL": server.app_url, "DATABASE_OWNER_URL": "localhost"})
    assert said.startswith("DATABASE_OWNER_URL is no address")


def test_application_as_superuser(server: EmbeddedPostgres) -> None:
    said = refusal({"DATABASE_URL": server.superuser_url, "DATABASE_OWNER_URL": server.owner_url})
    assert said.startswith("The role postgres of DATABASE_URL passes row-level security")


def test_application_as_owner(server: EmbeddedPostgres) -> None:
    said = refusal({"DATABASE_URL": server.owner_url, "DATABASE_OWNER_URL": server.owner_url})
    assert said.startswith("DATABASE_URL and DATABASE_OWNER_URL both sign in as simplero_owner")


def test_application_as_member_of_the_owner(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE too_wide LOGIN PASSWORD 'secret' IN ROLE simplero_owner")
    url = f"postgresql://too_wide:secret@127.0.0.1:{server.port}/simplero"
    said = refusal({"DATABASE_URL": url, "DATABASE_OWNER_URL": server.owner_url})
    assert said.startswith("The role too_wide of DATABASE_URL is a member of simplero_owner")


def test_owner_that_may_not_create(server: EmbeddedPostgres) -> None:
    said = refusal({"DATABASE_URL": server.app_url, "DATABASE_OWNER_URL": server.app_url})
    assert said == "The role simplero_app of DATABASE_OWNER_URL may not create tables in the schema public."


def test_redis_nobody_listens() -> None:
    port = free_port()
    with pytest.raises(LaunchError, match=f"^Cannot reach the Redis REDIS_URL names, 127.0.0.1:{port}: "):
        addresses.redis({"REDIS_URL": f"redis://:kept-quiet@127.0.0.1:{port}/0"})


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "redis://host:port"])
def test_redis_no_address(url: str) -> None:
    with pytest.raises(LaunchError, match="^REDIS_URL is no address"):
        addresses.redis({"REDIS_URL": url})


def test_port() -> None:
    assert addresses.port({}) == 8000
    assert addresses.port({"PORT": ""}) == 8000
    assert addresses.port({"PORT": "65535"}) == 65535


@pytest.mark.parametrize("given", ["0", "65536", "-1", "http", "80.5", "\N{SUPERSCRIPT TWO}"])
def test_port_that_is_none(given: str) -> None:
    with pytest.raises(LaunchError, match=r"^PORT is .*; it has to be a number from 1 to 65535\.$"):
        addresses.port({"PORT": given})


def test_port_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(LaunchError, match=f"^Port {port} is taken by another program"):
            addresses.refuse_taken(port)
    addresses.refuse_taken(port)
