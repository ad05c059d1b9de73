"""A small name server on this machine: TXT, A and AAAA records out of dictionaries, by UDP."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer:
    """`records` are the texts and `addresses` the addresses by name; a name in neither does not exist. While `silent` it says nothing, while `broken` that it failed."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.addresses: dict[str, list[str]] = {}
        self.silent = self.broken = False
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))

    @property
    def address(self) -> str:
        return "{}:{}".format(*self._socket.getsockname())

    def serve(self) -> None:
        while True:
            packet, client = self._socket.recvfrom(4096)
            if not packet:
                return
            if not self.silent:
                self._socket.sendto(self._answer(packet), client)

    def _answer(self, packet: bytes) -> bytes:
        query = dns.message.from_wire(packet)
        [question] = query.question
        name = question.name.to_text(omit_final_dot=True).lower()
        self.asked.append(name)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if self.broken:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.records | self.addresses:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif said := self._said(name, dns.rdatatype.to_text(question.rdtype)):
            response.answer.append(dns.rrset.from_text(question.name, 60, "IN", question.rdtype, *said))
        return response.to_wire()

    def _said(self, name: str, kind: str) -> list[str]:
        if kind == "TXT":
            return [f'"{text}"' for text in self.records.get(name, ())]
        if kind in ("A", "AAAA"):
            return [address for address in self.addresses.get(name, ()) if (":" in address) == (kind == "AAAA")]
        return []

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bell:
            bell.sendto(b"", self._socket.getsockname())


@contextmanager
def running() -> Iterator[NameServer]:
    server = NameServer()
    thread = Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
        server._socket.close()
