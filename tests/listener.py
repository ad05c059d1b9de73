"""The other end of a call: an https server on this machine, its certificate from an authority of its own."""

import socket
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Behaviour = Callable[[socket.socket], None]
"""What is said to a request that has been read."""


@lru_cache
def _authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    return key, _certificate("Authority of the tests", key, key, "Authority of the tests", ca=True)


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey, issuer: str, *, ca: bool = False
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(by, hashes.SHA256())


@lru_cache
def trust() -> ssl.SSLContext:
    """Trusts the tests' authority and nobody else."""
    _, root = _authority()
    return ssl.create_default_context(cadata=root.public_bytes(serialization.Encoding.PEM).decode())


@lru_cache
def _identity(name: str) -> ssl.SSLContext:
    """A server's proof that it is `name`."""
    by, root = _authority()
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(name, key, by, root.subject.rfc4514_string().removeprefix("CN="))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "server.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context.load_cert_chain(path)
    return context


def says(status: str = "200 OK", body: bytes = b"", **headers: str) -> Behaviour:
    """Answers with `status`; a header's name is written with underscores."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return lambda connection: connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def drips(beginning: bytes, *, every: float = 0.05) -> Behaviour:
    """A byte at a time, without an end."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(beginning)
        while True:
            connection.sendall(b"x")
            time.sleep(every)

    return drip


def pours(beginning: bytes) -> Behaviour:
    """As fast as it can, without an end."""

    def pour(connection: socket.socket) -> None:
        connection.sendall(beginning)
        while True:
            connection.sendall(b"x" * 65536)

    return pour


def hangs(_: socket.socket) -> None:
    time.sleep(30)


@dataclass(frozen=True)
class Heard:
    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    server_name: str | None  # that the handshake asked for


class Listener:
    """Hears calls at `port` of 127.0.0.1 and does `behave` to each."""

    def __init__(self, name: str, *, plain: bool = False) -> None:
        self.name, self.plain = name, plain
        self.heard: list[Heard] = []
        self.connected = 0
        self.behave: Behaviour = says()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connected += 1
            Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        asked: list[str | None] = []
        with suppress(OSError, ValueError), connection:
            talking = connection
            if not self.plain:
                context = _identity(self.name)
                context.sni_callback = lambda _socket, name, _context: asked.append(name)
                talking = context.wrap_socket(connection, server_side=True)
            with talking:
                self.heard.append(_read(talking, asked))
                self.behave(talking)

    def stop(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def _read(connection: socket.socket, asked: list[str | None]) -> Heard:
    with connection.makefile("rb") as stream:
        method, target, _ = stream.readline().decode().split(" ")
        headers = {}
        while line := stream.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
    return Heard(method, target, headers, body, asked[0] if asked else None)


@contextmanager
def listening(name: str = "hooks.example.com", *, plain: bool = False) -> Iterator[Listener]:
    listener = Listener(name, plain=plain)
    Thread(target=listener.serve, daemon=True).start()
    try:
        yield listener
    finally:
        listener.stop()
