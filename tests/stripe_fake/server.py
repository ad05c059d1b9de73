"""The fake over HTTP."""

import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .fake import Stripe


def _nested(pairs: list[tuple[str, str]]) -> dict:
    """What a form said with names such as line_items[0][price_data][currency]."""
    tree: dict = {}
    for name, value in pairs:
        *way, last = re.findall(r"[^\[\]]+", name)
        at = tree
        for step in way:
            at = at.setdefault(step, {})
        at[last] = value
    return _lists(tree)


def _lists(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    if tree and all(name.isdigit() for name in tree):
        return [_lists(tree[name]) for name in sorted(tree, key=int)]
    return {name: _lists(value) for name, value in tree.items()}


def serve(fake: Stripe) -> tuple[str, Callable[[], None]]:
    """Start `fake` on a free port; its address, and what ends it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer("GET", urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._answer("POST", self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())

        def _answer(self, method: str, query: str) -> None:
            path = urlsplit(self.path).path.removeprefix("/v1/")
            key = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            params = _nested(parse_qsl(query, keep_blank_values=True))
            once = self.headers.get("Idempotency-Key") or ""
            status, said, replayed = fake.answer(method, path, params, key, once)
            time.sleep(fake.slow)
            if fake.lost:
                fake.lost -= 1
                self.close_connection = True
                return
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Request-Id", "req_fake")
            if replayed:
                self.send_header("Idempotent-Replayed", "true")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def end() -> None:
        server.shutdown()
        server.server_close()

    return f"http://127.0.0.1:{server.server_port}", end
