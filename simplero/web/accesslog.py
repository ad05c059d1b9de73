"""gunicorn's access log without the keys that stand in addresses. Named by `--logger-class`."""

from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from simplero.lib.redaction import redacted


class AccessLogger(Logger):
    def atoms(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> dict[str, Any]:
        """What a log format can name: addresses redacted, queries and the addresses that led here left out."""
        path = redacted(environ.get("PATH_INFO", ""))
        line = f"{environ['REQUEST_METHOD']} {path} {environ['SERVER_PROTOCOL']}"
        return super().atoms(resp, req, environ, request_time) | {"U": path, "r": line, "q": "-", "f": "-"}
