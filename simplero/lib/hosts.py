"""Host names as people type them, and the text records that say whose they are."""

import re
from urllib.parse import urlsplit

import dns.exception
import dns.resolver

from .refusals import Unacceptable

LONGEST = 243  # characters: one of our labels goes before it in the record's name, which may have 253
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
PATIENCE = 5.0  # seconds for all name servers together


class Unanswered(Exception):
    """No name server could say whether there is a record."""


def hostname(text: str, *, field: str | None = None) -> str:
    """A full host name in lower case and ASCII, from what was typed or pasted. Raises Unacceptable."""
    typed = text.strip()
    name = (urlsplit(typed).hostname or "") if "://" in typed else typed.rstrip("/")
    try:
        name = name.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        name = ""
    labels = name.split(".")
    if len(name) > LONGEST or len(labels) < 2 or not all(map(_LABEL.match, labels)) or labels[-1].isdigit():
        raise Unacceptable("Type a host name such as shop.example.com.", field=field)
    return name


def text_records(name: str, *, server: str = "") -> list[str]:
    """The TXT records of `name`, as `server` ("address:port") or the system's own name servers know them; none for a name that
    does not exist. Raises Unanswered."""
    resolver = dns.resolver.Resolver(configure=not server)
    if server:
        address, _, port = server.rpartition(":")
        resolver.nameservers, resolver.port = [address], int(port)
    resolver.lifetime = PATIENCE
    try:
        answer = resolver.resolve(f"{name}.", "TXT", search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError):
        raise Unanswered(name) from None
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
