"""The one way in which we call addresses that our customers type in. What they type must not make us call ourselves (SSRF).

Only https, only port 443, and only hosts all of whose addresses are public. The name is looked up once per call and exactly what was
looked up is called, with the certificate of the name: a name server that says something else the second time is not asked a second
time. Redirects are not followed and no proxy is taken from the environment. A call takes at most SECONDS in all, from looking up
the name to the last byte, and no more than MOST bytes of the answer are read, as they are: compressed ones are not unpacked.

The rules are those of the OWASP SSRF prevention cheat sheet; which addresses are public stands in IANA's special-purpose registries.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Event, Thread
from urllib.parse import quote, urlsplit

import certifi
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from . import hosts
from .refusals import Unacceptable

SECONDS = 5.0
MOST = 64 * 1024  # bytes
LONGEST = 500  # characters of an address
HTTPS = 443
TRIED = 3  # addresses of one host

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
LookUp = Callable[[str, float], list[str]]
"""From a host name and how many seconds there are to its addresses. Raises hosts.Unanswered."""

_UNICAST = ipaddress.IPv6Network("2000::/3")  # all of IPv6 that has been given out
_DOCUMENTED = ipaddress.IPv6Network("3fff::/20")  # for examples (RFC 9637), which Python 3.11 does not know yet
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")  # NAT64: the last four bytes are an IPv4 address
_FURTHER = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24")))  # protocol assignments; 6to4 relays
_KEPT = "/:@!$&'()*+,;=~-._%?"  # of what is typed after the host


class Failed(Exception):
    """Nothing was heard. `wording` says why, for whoever typed the address in; `passing`, that it says nothing of the address."""

    def __init__(self, wording: str, *, passing: bool = False) -> None:
        super().__init__(wording)
        self.wording, self.passing = wording, passing


class Forbidden(Failed):
    """The host leads to where nobody may send us."""


@dataclass(frozen=True, slots=True)
class Address:
    """An https address as it is called: `target` is the path and the query."""

    host: str
    target: str = "/"
    port: int = HTTPS
    scheme: str = "https"

    @property
    def place(self) -> str:
        """The host, with its port where that is not the usual one: what the Host header says."""
        return self.host if (self.scheme, self.port) == ("https", HTTPS) else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.place}{self.target}"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes  # the first MOST bytes, and no more than came in time
    took: float  # seconds


def is_public(address: IPAddress) -> bool:
    """Whether anybody on the internet can reach this: not private, shared (100.64/10), link-local, loopback, multicast or reserved,
    and, for IPv6, not another one in disguise."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and not any(address in net for net in _FURTHER)
    if address in _TRANSLATED:
        return is_public(ipaddress.IPv4Address(address.packed[-4:]))
    return (
        address in _UNICAST
        and address not in _DOCUMENTED
        and address.is_global
        and address.sixtofour is None
        and address.teredo is None
    )


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """The certificate authorities that calls to payment providers trust too."""
    return ssl.create_default_context(cafile=certifi.where())


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls addresses under the rules above; another one in tests differs in what it is given here.

    `trials` are hosts of a developer's own, "host:port" to the address to call them at: whatever address that is, and by plain http.
    """

    look_up: LookUp = field(default=lambda name, patience: hosts.addresses(name, patience=patience))
    may_reach: Callable[[IPAddress], bool] = is_public
    port: int = HTTPS
    trust: Callable[[], ssl.SSLContext] = _trust
    trials: Mapping[str, str] = field(default_factory=dict)
    seconds: float = SECONDS

    def read(self, text: str, *, field: str | None = None) -> Address:
        """The address that somebody typed. Raises Unacceptable about `field`, in words for them."""
        text = text.strip()
        if len(text) > LONGEST:
            raise Unacceptable(f"An address can be at most {LONGEST} characters long.", field=field)
        try:
            at = urlsplit(text)
            port = at.port
        except ValueError:
            raise Unacceptable("This is not an address that can be called.", field=field) from None
        if f"{at.hostname}:{port}" in self.trials and at.scheme == "http":
            return Address(at.hostname or "", _target(at.path, at.query), port or 80, "http")
        if at.scheme != "https" or not text.lower().startswith("https://"):
            raise Unacceptable(
                "Type an address that begins with https://, so that nobody on the way can read or change what is sent.",
                field=field,
            )
        if "@" in at.netloc:
            raise Unacceptable("Leave out the name and password before the @.", field=field)
        if port not in (None, self.port) or at.netloc.endswith(":"):
            raise Unacceptable(
                f"Leave out the port: only {self.port}, the usual one for https, is called.", field=field
            )
        if "\\" in text or any(letter.isspace() or not letter.isprintable() for letter in text):
            raise Unacceptable("An address has no blanks or backslashes in it.", field=field)
        try:
            host = hosts.hostname(at.hostname or "")
        except Unacceptable:
            raise Unacceptable(
                "Name the host, as in https://hooks.example.com/credits. Numbers are not called.", field=field
            ) from None
        return Address(host, _target(at.path, at.query), self.port)

    def find(self, address: Address, *, patience: float | None = None) -> list[str]:
        """Where `address` leads. Raises Failed, and Forbidden when only one of the places is not public."""
        if trial := self.trials.get(f"{address.host}:{address.port}"):
            return [trial]
        try:
            found = self.look_up(address.host, self.seconds if patience is None else patience)
        except hosts.Unanswered:
            raise Failed(f"No name server could say where {address.host} is.", passing=True) from None
        if not found:
            raise Failed(f"There is no host {address.host}.")
        if not all(self._may_reach(place) for place in found):
            raise Forbidden(f"{address.host} leads into a private network, which is not called.")
        return found

    def _may_reach(self, place: str) -> bool:
        try:
            return self.may_reach(ipaddress.ip_address(place))
        except ValueError:
            return False

    def post(self, address: Address, *, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post `body` to `address`. An answer is whatever the other end says, redirects and errors too. Raises Failed."""
        began = time.monotonic()
        places = self.find(address)
        for at, place in enumerate(places[:TRIED], start=1):
            left = began + self.seconds - time.monotonic()
            try:
                status, said = self._post_to(place, address, body, headers, left)
                return Answer(status, said, time.monotonic() - began)
            except _NotReached as error:
                if at == len(places[:TRIED]) or time.monotonic() > began + self.seconds:
                    raise Failed(error.wording) from None
        raise AssertionError("there was at least one place")

    def _post_to(
        self, place: str, address: Address, body: bytes, headers: Mapping[str, str], left: float
    ) -> tuple[int, bytes]:
        connection = self._connection(place, address, max(left, 0.001))
        with _Watch(connection, left) as watch:
            try:
                connection.connect()
                watch.hold()
            except ssl.SSLCertVerificationError as error:
                raise Failed(f"The certificate of {address.host} is not good: {error.verify_message}.") from None
            except (ssl.SSLError, urllib3.exceptions.SSLError):
                raise Failed(f"No secure connection to {address.host} could be made.") from None
            except (OSError, urllib3.exceptions.HTTPError) as error:
                refused = isinstance(error, urllib3.exceptions.NewConnectionError)  # of the timeouts' family there
                slow = watch.is_over or (
                    isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError) and not refused
                )
                words = f"did not answer within {self.seconds:g} seconds" if slow else "could not be connected to"
                raise _NotReached(f"{address.host} {words}.") from None
            try:
                connection.request("POST", address.target, body, {**headers, "Host": address.place, **_PLAIN}, preload_content=False)  # fmt: skip
                answer = connection.getresponse()
            except (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError) as error:
                if watch.is_over or isinstance(error, TimeoutError):
                    raise Failed(f"{address.host} did not answer within {self.seconds:g} seconds.") from None
                raise Failed(f"{address.host} ended the connection without an answer.") from None
            if watch.is_over:  # cut among the headers, which reads like their end
                raise Failed(f"{address.host} did not answer within {self.seconds:g} seconds.")
            return answer.status, _some(answer)

    def _connection(self, place: str, address: Address, left: float) -> HTTPConnection:
        if address.scheme == "http":
            return HTTPConnection(place, address.port, timeout=left)
        return HTTPSConnection(
            place, address.port, timeout=left, ssl_context=self.trust(), server_hostname=address.host
        )


_PLAIN = {"Accept-Encoding": "identity", "Connection": "close", "User-Agent": "Simplero-Credits/1"}


class _NotReached(Failed):
    """There was no connection: another address of the host may have one."""


def _target(path: str, query: str) -> str:
    return quote(path or "/", safe=_KEPT) + (f"?{quote(query, safe=_KEPT)}" if query else "")


def _some(answer: urllib3.BaseHTTPResponse) -> bytes:
    """The beginning of the answer's body. The other end has said what it has to say, so one that comes to no end is still an answer."""
    said = b""
    with suppress(OSError, http.client.HTTPException, urllib3.exceptions.HTTPError):
        while len(said) < MOST and (more := answer.read1(MOST - len(said), decode_content=False)):
            said += more
    return said


class _Watch:
    """Cuts a connection when its time is over: a socket's own timeout begins anew with every byte."""

    def __init__(self, connection: HTTPConnection, seconds: float) -> None:
        self.is_over = False
        self._connection, self._seconds = connection, seconds
        self._held: socket.socket | None = None
        self._done = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._connection.close()

    def hold(self) -> None:
        """Know the socket from now on: with the answer it goes from the connection to the answer."""
        self._held = self._connection.sock

    def _watch(self) -> None:
        if self._done.wait(self._seconds):
            return
        self.is_over = True
        while not self._done.wait(0.05):  # again: while the handshake lasts, the socket is between two hands
            if (held := self._held or self._connection.sock) is not None:
                with suppress(OSError):
                    socket.socket.shutdown(held, socket.SHUT_RDWR)
