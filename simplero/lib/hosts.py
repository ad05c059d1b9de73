"""Host names as people type them, where they lead, and the text records that say whose they are."""

import re
import socket
from urllib.parse import urlsplit

import dns.exception
import dns.resolver
import idna

from .refusals import Unacceptable

LONGEST = 243  # characters: one of our labels goes before it in the record's name, which may have 253
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
_NUMBER = re.compile(r"[0-9]+\Z|0x[0-9a-f]*\Z")  # what makes readers of addresses take the whole for an IPv4 address
PATIENCE = 5.0  # seconds for all name servers together


class Unanswered(Exception):
    """No name server could say whether there is a record."""


def hostname(text: str, *, field: str | None = None) -> str:
    """A full host name in lower case and ASCII, from what was typed or pasted. Raises Unacceptable."""
    typed = text.strip()
    name = (urlsplit(typed).hostname or "") if "://" in typed else typed.rstrip("/")
    if not name.isascii():
        try:  # as browsers read it: Unicode TS 46
            name = idna.encode(name.rstrip("."), uts46=True, std3_rules=True).decode("ascii")
        except UnicodeError:
            name = ""
    name = name.rstrip(".").lower()
    labels = name.split(".")
    if len(name) > LONGEST or len(labels) < 2 or not all(map(_LABEL.match, labels)) or _NUMBER.match(labels[-1]):
        raise Unacceptable("Type a host name such as shop.example.com.", field=field)
    return name


def text_records(name: str, *, server: str = "") -> list[str]:
    """The TXT records of `name`, as `server` ("address:port") or the system's own name servers know them; none for a name that
    does not exist. Raises Unanswered."""
    try:
        answer = _resolver(server, PATIENCE).resolve(f"{name}.", "TXT", search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError):
        raise Unanswered(name) from None
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


def addresses(name: str, *, server: str = "", patience: float = PATIENCE) -> list[str]:
    """Where `name` leads: its IPv4 addresses, then its IPv6 ones; none for a name that does not exist. Asked of name servers alone,
    not of this machine's own files. Raises Unanswered after `patience` seconds."""
    try:
        answers = _resolver(server, patience).resolve_name(f"{name}.", search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError):
        raise Unanswered(name) from None
    return [*answers.addresses(socket.AF_INET), *answers.addresses(socket.AF_INET6)]


def _resolver(server: str, patience: float) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=not server)
    if server:
        address, _, port = server.rpartition(":")
        resolver.nameservers, resolver.port = [address], int(port)
    resolver.lifetime = patience
    return resolver
