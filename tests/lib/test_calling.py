"""Calls to addresses that customers type in do not reach ourselves, do not last and do not fill us (T12)."""

import ipaddress
import socket
import time

import pytest

from simplero.lib import calling, hosts
from simplero.lib.calling import Caller, Failed, Forbidden, is_public
from simplero.lib.refusals import Unacceptable
from tests import listener, nameserver
from tests.listener import drips, listening, pours, says

HERE = "127.0.0.1"
METADATA = "169.254.169.254"

PRIVATE = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.1.2.3", METADATA),
    *("172.16.0.1", "172.31.255.254", "192.0.0.1", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1"),
    *("198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "224.0.1.1", "239.1.1.1", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "::10.0.0.1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8"),
    *("64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "3fff::1"),
    *("2002:0a00:0001::", "2002:7f00:0001::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "ff0e::1"),
    *("5f00::1", "4000::1"),
]
PUBLIC = [
    "8.8.8.8",
    "93.184.216.34",
    "1.1.1.1",
    "100.63.0.1",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "64:ff9b::8.8.8.8",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_not_public(address):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address):
    assert is_public(ipaddress.ip_address(address))


# What may be typed.

CALLER = Caller()


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("https://hooks.example.com", "https://hooks.example.com/"),
        (" HTTPS://Hooks.Example.com./a?b=c&d=%20 ", "https://hooks.example.com/a?b=c&d=%20"),
        ("https://hooks.example.com:443/a", "https://hooks.example.com/a"),
        ("https://hooks.example.com/a#part", "https://hooks.example.com/a"),
        ("https://hooks.example.com?a=/b", "https://hooks.example.com/?a=/b"),
        ("https://hooks.example.com/ä/ö?ü=1", "https://hooks.example.com/%C3%A4/%C3%B6?%C3%BC=1"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://faß.example/", "https://xn--fa-hia.example/"),  # as browsers read it, not as "fass"
        ("https://ｈooks．example。com/", "https://hooks.example.com/"),
        ("https://10.0.0.1.nip.io/", "https://10.0.0.1.nip.io/"),  # a host like any other, until it is looked up
    ],
)
def test_an_address(typed, read):
    address = CALLER.read(typed)
    assert str(address) == read
    assert CALLER.read(read) == address


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "begins with https://"),
        ("hooks.example.com", "begins with https://"),
        ("http://hooks.example.com/", "begins with https://"),
        ("https:hooks.example.com", "begins with https://"),
        ("https:/hooks.example.com", "begins with https://"),
        ("ftp://hooks.example.com/", "begins with https://"),
        ("file:///etc/passwd", "begins with https://"),
        ("gopher://hooks.example.com/", "begins with https://"),
        ("//hooks.example.com/", "begins with https://"),
        ("https://user@hooks.example.com/", "before the @"),
        ("https://user:secret@hooks.example.com/", "before the @"),
        ("https://hooks.example.com@10.0.0.1/", "before the @"),
        ("https://@hooks.example.com/", "before the @"),
        ("https://hooks.example.com:80/", "only 443"),
        ("https://hooks.example.com:8443/", "only 443"),
        ("https://hooks.example.com:22/", "only 443"),
        ("https://hooks.example.com:0/", "only 443"),
        ("https://hooks.example.com:/", "only 443"),
        ("https://hooks.example.com:99999/", "not an address"),
        ("https://hooks.example.com:port/", "not an address"),
        ("https://[::1/", "not an address"),
        ("https://hooks.example.com\\@10.0.0.1/", "before the @"),
        ("https://hooks.example.com\\.evil.example/", "backslashes"),
        ("https://hooks.example.com/a b", "blanks"),
        ("https://hooks.example.com/a\r\nHost: 10.0.0.1", "blanks"),
        ("https://hooks.example.com/\x00", "blanks"),
        ("https://hooks.example.com/\u202e", "blanks"),
        ("https:///path", "Name the host"),
        ("https://127.0.0.1/", "Numbers are not called"),
        ("https://127.1/", "Numbers are not called"),
        ("https://2130706433/", "Numbers are not called"),
        ("https://0x7f000001/", "Numbers are not called"),
        ("https://0x7f.0x0.0x0.0x1/", "Numbers are not called"),
        ("https://0177.0.0.01/", "Numbers are not called"),
        ("https://017700000001/", "Numbers are not called"),
        ("https://127.0.0.0x1/", "Numbers are not called"),
        ("https://127.0.0.0x/", "Numbers are not called"),
        ("https://8.8.8.8/", "Numbers are not called"),
        ("https://１２７.０.０.１/", "Numbers are not called"),
        ("https://①②⑦.0.0.①/", "Numbers are not called"),
        ("https://[::1]/", "Numbers are not called"),
        ("https://[::ffff:10.0.0.1]/", "Numbers are not called"),
        ("https://[fe80::1%25eth0]/", "Name the host"),
        ("https://localhost/", "Name the host"),
        ("https://intranet/", "Name the host"),
        ("https://-a.example/", "Name the host"),
        ("https://a_b.example/", "Name the host"),
        ("https://a..example/", "Name the host"),
        (f"https://{'a' * 64}.example/", "Name the host"),
        (f"https://hooks.example.com/{'a' * 500}", "at most 500"),
    ],
)
def test_what_is_not_called(typed, words):
    with pytest.raises(Unacceptable, match=words) as caught:
        CALLER.read(typed, field="url")
    assert caught.value.field == "url"


# Where it leads.


class Resolver:
    """Says something else each time it is asked, the last for ever after."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, name, patience):
        self.asked.append(name)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def caller(port, *answers, **more):
    """A caller to whom this machine is the public internet, and everything else is not."""
    more = {"may_reach": lambda address: str(address) == HERE, "trust": listener.trust, **more}
    return Caller(look_up=Resolver(*(answers or ([HERE],))), port=port, **more)


def call(who, url="https://hooks.example.com/in?x=1", body=b'{"a": 1}'):
    return who.post(who.read(url), body=body, headers={"webhook-id": "7"})


@pytest.fixture
def server():
    with listening() as started:
        yield started


def test_a_call_gets_through(server):
    server.behave = says("201 Created", b"thanks")
    answer = call(caller(server.port), f"https://hooks.example.com:{server.port}/in?x=1")
    assert (answer.status, answer.body) == (201, b"thanks")
    assert 0 < answer.took < calling.SECONDS
    [heard] = server.heard
    assert (heard.method, heard.target, heard.body) == ("POST", "/in?x=1", b'{"a": 1}')
    assert heard.server_name == "hooks.example.com", "the handshake names the host, not its address"
    assert heard.headers["host"] == f"hooks.example.com:{server.port}"
    assert heard.headers["webhook-id"] == "7"
    assert heard.headers["accept-encoding"] == "identity"


def test_the_usual_port_is_not_in_the_host_header():
    assert CALLER.read("https://hooks.example.com/").place == "hooks.example.com"


@pytest.mark.parametrize("private", ["10.0.0.1", METADATA, "::ffff:10.0.0.1", "fd00::1", "not an address"])
@pytest.mark.parametrize("beside", [[], [HERE]])
def test_a_name_that_leads_inside_is_not_called(server, private, beside):
    """10.0.0.1.nip.io and the like; one private address among public ones is enough."""
    with pytest.raises(Forbidden, match="private network"):
        call(caller(server.port, [*beside, private]))
    assert server.connected == 0


@pytest.mark.parametrize("address", PRIVATE)
def test_the_rule_that_is_used_where_nothing_is_given(address):
    with pytest.raises(Forbidden):
        call(Caller(look_up=Resolver([address])), "https://hooks.example.com/")


def test_a_name_server_is_asked_once_so_that_it_cannot_say_something_else(server):
    who = caller(server.port, [HERE], ["127.0.0.2"])
    assert call(who).status == 200
    assert who.look_up.asked == ["hooks.example.com"]
    with pytest.raises(Forbidden):
        call(who)
    assert len(server.heard) == 1


def test_a_name_that_does_not_exist(server):
    with pytest.raises(Failed, match="There is no host hooks.example.com"):
        call(caller(server.port, []))


def test_names_are_looked_up_at_name_servers():
    with nameserver.running() as names:
        names.addresses["hooks.example.com"] = ["127.0.0.1", "10.0.0.7", "::1"]
        found = hosts.addresses("hooks.example.com", server=names.address)
        assert sorted(found[:2]) == ["10.0.0.7", "127.0.0.1"]
        assert found[2:] == ["::1"]
        assert hosts.addresses("localhost", server=names.address) == [], "not this machine's own file"
        names.silent = True
        began = time.monotonic()
        with pytest.raises(hosts.Unanswered):
            hosts.addresses("hooks.example.com", server=names.address, patience=0.3)
        assert time.monotonic() - began < 1


def test_who_cannot_prove_its_name_is_told_nothing():
    with listening("other.example.com") as server:
        with pytest.raises(Failed, match="certificate of hooks.example.com is not good"):
            call(caller(server.port))
        assert server.heard == []


def test_an_authority_we_do_not_know(server):
    with pytest.raises(Failed, match="certificate of hooks.example.com is not good"):
        call(caller(server.port, trust=Caller().trust))
    assert server.heard == []


def test_who_speaks_no_tls():
    with listening(plain=True) as server, pytest.raises(Failed, match="No secure connection"):
        call(caller(server.port))


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"])  # fmt: skip
@pytest.mark.parametrize("to", [f"http://{METADATA}/latest/meta-data", "https://other.example.com/"])
def test_a_redirect_is_an_answer_and_nothing_else(server, status, to):
    server.behave = says(status, Location=to)
    who = caller(server.port)
    assert call(who).status == int(status[:3])
    assert (server.connected, len(who.look_up.asked)) == (1, 1)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_no_proxy_of_the_environment(server, monkeypatch, variable):
    with listening(plain=True) as proxy:
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        assert call(caller(server.port)).status == 200
        assert proxy.connected == 0


def test_nobody_there(server):
    server.stop()
    with pytest.raises(Failed, match="could not be connected to"):
        call(caller(server.port))


def test_the_next_address_when_there_is_nobody_at_the_first(server):
    who = caller(server.port, ["127.0.0.3", HERE], may_reach=lambda address: address.is_loopback)
    assert call(who).status == 200


# How long, and how much.

SOON = 0.6


@pytest.mark.parametrize(
    "behave",
    [
        listener.hangs,
        drips(b""),
        drips(b"HTTP/1.1 200 OK\r\nX-Header: "),
        drips(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 "),
    ],
    ids=["nothing", "no status line", "headers without an end", "first to be continued"],
)
def test_what_takes_too_long_is_ended(server, behave):
    server.behave = behave
    began = time.monotonic()
    with pytest.raises(Failed, match=f"did not answer within {SOON:g} seconds"):
        call(caller(server.port, seconds=SOON))
    assert SOON <= time.monotonic() - began < SOON + 0.5


def test_a_handshake_without_an_end():
    with socket.create_server((HERE, 0)) as deaf:
        began = time.monotonic()
        with pytest.raises(Failed):
            call(caller(deaf.getsockname()[1], seconds=SOON))
        assert time.monotonic() - began < SOON + 0.5


def test_looking_up_counts_too(server):
    server.behave = listener.hangs

    def slow(name, patience):
        assert patience <= SOON
        time.sleep(SOON / 2)
        return [HERE]

    began = time.monotonic()
    with pytest.raises(Failed, match="did not answer"):
        call(Caller(look_up=slow, may_reach=lambda _: True, trust=listener.trust, port=server.port, seconds=SOON))
    assert time.monotonic() - began < SOON + 0.4


@pytest.mark.parametrize(
    "beginning",
    [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"],
    ids=["no length", "a great length", "packed"],
)  # fmt: skip
def test_no_more_is_read_than_fits(server, beginning):
    server.behave = pours(beginning)
    began = time.monotonic()
    answer = call(caller(server.port))
    assert (answer.status, answer.body) == (200, b"x" * calling.MOST)
    assert time.monotonic() - began < 2


def test_an_answer_without_an_end_is_one_all_the_same(server):
    """The other end has taken the call: made again, it would be taken twice."""
    server.behave = drips(b"HTTP/1.1 202 Accepted\r\n\r\n")
    answer = call(caller(server.port, seconds=SOON))
    assert answer.status == 202
    assert 0 < len(answer.body) < 100
    assert SOON <= answer.took < SOON + 0.5


def test_headers_without_number(server):
    server.behave = says(**{f"X{number}": "x" for number in range(500)})
    with pytest.raises(Failed, match="without an answer"):
        call(caller(server.port))


def test_what_is_no_http(server):
    server.behave = lambda connection: connection.sendall(b"220 smtp.example.com ESMTP\r\n")
    with pytest.raises(Failed, match="without an answer"):
        call(caller(server.port))


def test_a_host_of_the_developers_own():
    with listening(plain=True) as server:
        who = Caller(trials={f"stub.example:{server.port}": HERE})
        assert call(who, f"http://stub.example:{server.port}/in").status == 200
        for other in (f"http://other.example:{server.port}/", f"http://stub.example:{server.port + 1}/"):
            with pytest.raises(Unacceptable):
                who.read(other)
